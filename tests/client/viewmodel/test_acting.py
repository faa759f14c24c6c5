import pytest

from chatroom.client.commands.actions import ACTIONS, ROW_OF, Action, Context, Owner
from chatroom.client.viewmodel.dialogs import DialogKind
from chatroom.client.viewmodel.effects import OnScreen, OpenEditor, Quit
from chatroom.client.viewmodel.screen import ScreenSettings
from chatroom.protocol.limits import TEXT_BYTES
from support.screen_world import Seat
from support.tiny_server import TinyServer

LINES = "\n".join(f"line {number}" for number in range(12))


@pytest.mark.parametrize("action", [row.action for row in ACTIONS], ids=[row.action.value for row in ACTIONS])
def test_every_action_can_be_performed_in_any_state(action: Action) -> None:
    """With and without a room, a dialog, a chosen message, a text."""
    seats = [Seat(online=False), Seat(), Seat().send("hi").look(), Seat().type("typed")]
    seats.append(Seat().send("hi").look().press(Action.SELECT))
    seats += [
        Seat().press(dialog)
        for dialog in (Action.HELP, Action.SWITCH_ROOM, Action.SEARCH, Action.SEARCH_INPUT)
    ]
    for seat in seats:
        seat.press(action)
        handed = OnScreen(action) in seat.effects
        if ROW_OF[action].owner is Owner.SCREEN:
            assert handed
        else:
            assert not handed or ROW_OF[action].context is Context.DIALOG


# -- pasting ---------------------------------------------------------------------------------------------


def test_a_short_paste_goes_in_at_the_cursor() -> None:
    seat = Seat().type("ab", cursor=1)
    seat.model.pasted("1\t2\r\n3", seat.now)
    assert seat.text() == "a1    2\n3b"
    assert seat.model.composer().cursor == 9


def test_a_long_paste_asks_and_is_sent_as_one_message() -> None:
    seat = Seat().type("look: ")
    seat.model.pasted(LINES, seat.now)
    dialog = seat.dialog()
    assert (dialog.kind, dialog.title) == (DialogKind.PASTE, "Paste of 12 lines")
    assert dialog.text[-1][0][1] == "… and 6 lines more"
    assert [choice.letter for choice in dialog.choices] == ["s", "c", "e", "n"]
    seat.press(Action.DIALOG_ACCEPT)
    assert seat.server.texts() == [f"look: {LINES}"]
    assert seat.text() == ""


def test_a_paste_is_sent_as_code_on_lines_of_its_own() -> None:
    seat = Seat().type("look:")
    seat.model.pasted(LINES, seat.now)
    seat.model.dialog_letter("C", seat.now)
    seat.settle()
    assert seat.server.texts() == [f"look:\n```\n{LINES}\n```"]


def test_a_paste_can_be_edited_first_or_left() -> None:
    seat = Seat()
    seat.model.pasted(LINES, seat.now)
    seat.press(Action.DIALOG_RIGHT, Action.DIALOG_RIGHT, Action.DIALOG_ACCEPT)
    assert seat.text() == LINES
    seat.press(Action.INTERRUPT)
    seat.model.pasted(LINES, seat.now)
    seat.press(Action.DIALOG_CANCEL)
    assert (seat.text(), seat.server.texts()) == ("", [])


def test_a_paste_behind_a_command_is_not_posted_to_the_room() -> None:
    seat = Seat().type("/pasword ")
    seat.model.pasted(LINES, seat.now)
    seat.press(Action.DIALOG_ACCEPT)
    assert seat.server.texts() == []
    assert seat.text() == f"/pasword {LINES}"


def test_code_is_not_wrapped_twice() -> None:
    seat = Seat()
    seat.model.pasted(f"```\n{LINES}\n```", seat.now)
    assert [choice.letter for choice in seat.dialog().choices] == ["s", "e", "n"]


def test_a_paste_that_is_too_long_says_by_how_much() -> None:
    seat = Seat().type("abc")
    seat.model.pasted("x" * TEXT_BYTES, seat.now)
    assert seat.toast().startswith("not pasted: too long by 3 bytes")
    assert seat.text() == "abc"


def test_a_paste_of_which_only_a_part_came_is_refused_with_its_whole_size() -> None:
    seat = Seat()
    seat.model.pasted("x" * 10, seat.now, cut_bytes=TEXT_BYTES)
    assert (seat.text(), seat.toast()) == (
        "",
        f"not pasted: too long by 10 bytes: a message has {TEXT_BYTES} at most",
    )


def test_how_many_lines_ask_is_a_setting() -> None:
    seat = Seat(settings=ScreenSettings(paste_lines=20))
    seat.model.pasted(LINES, seat.now)
    assert seat.model.dialog is None


def test_an_empty_paste_is_nothing() -> None:
    seat = Seat()
    seat.model.pasted("\x00\x1b", seat.now)
    assert (seat.text(), seat.toast()) == ("", "")


# -- leaving ---------------------------------------------------------------------------------------------


def test_ctrl_c_clears_the_text_and_keeps_it_for_later() -> None:
    seat = Seat().type("half a").press(Action.INTERRUPT)
    assert seat.text() == ""
    seat.press(Action.OLDER_INPUT)
    assert seat.text() == "half a"


def test_ctrl_c_twice_with_nothing_typed_asks_whether_to_quit() -> None:
    seat = Seat().press(Action.INTERRUPT)
    assert (seat.toast(), seat.model.dialog) == ("Ctrl-C again quits", None)
    seat.press(Action.INTERRUPT)
    assert seat.dialog().kind is DialogKind.QUIT
    seat.press(Action.DIALOG_ACCEPT)
    assert seat.did(Quit())


def test_ctrl_c_after_a_while_begins_anew() -> None:
    seat = Seat().press(Action.INTERRUPT).wait(10).press(Action.INTERRUPT)
    assert seat.model.dialog is None


def test_ctrl_c_after_something_else_was_done_begins_anew() -> None:
    seat = Seat().press(Action.INTERRUPT).send("hi").press(Action.INTERRUPT)
    assert (seat.toast(), seat.model.dialog) == ("Ctrl-C again quits", None)
    seat.type("a").type("").press(Action.INTERRUPT)
    assert seat.model.dialog is None
    seat.press(Action.INTERRUPT)
    assert seat.dialog().kind is DialogKind.QUIT


def test_an_answer_is_seen_though_an_error_stood_there() -> None:
    seat = Seat().send("hi").look().press(Action.ROOM_9)
    assert seat.toast() == "there is no room 9"
    seat.press(Action.SELECT, Action.SELECT_COPY)
    assert seat.toast() == "copied"


def test_the_question_says_what_waits() -> None:
    seat = Seat().drop().send("one").press(Action.INTERRUPT, Action.INTERRUPT)
    assert seat.dialog().text[0][0][1].startswith("1 message waits to be stored")
    seat.model.dialog_letter("n", seat.now)
    assert not seat.did(Quit())


def test_escape_never_loses_text() -> None:
    seat = Seat().type("half a").press(Action.ESCAPE, Action.ESCAPE)
    assert seat.text() == "half a"


# -- texts from before, rooms ----------------------------------------------------------------------------


def test_texts_sent_before_are_searched_from_what_is_typed() -> None:
    seat = Seat().send("make the tea").send("drink the coffee").type("tea").press(Action.SEARCH_INPUT)
    assert seat.dialog().fields[0].text == "tea"
    assert seat.choices() == [">make the tea"]
    seat.press(Action.DIALOG_ACCEPT)
    assert seat.text() == "make the tea"
    seat.press(Action.OLDER_INPUT)
    assert seat.text() == "tea"


def test_the_editor_outside_gets_the_text() -> None:
    assert Seat().type("half a").press(Action.EDIT_OUTSIDE).did(OpenEditor("half a"))


def test_a_room_is_found_by_some_letters() -> None:
    server = TinyServer("lobby", "dev", "release-planning")
    for name in ("dev", "release-planning"):
        server.room(name).members.append("alice")
    seat = Seat(server).press(Action.SWITCH_ROOM)
    assert seat.choices() == [">#dev", "#release-planning", "#lobby"]
    seat.query("rp").press(Action.DIALOG_ACCEPT)
    assert seat.title() == "#release-planning"


def test_the_switcher_joins_and_writes_to_what_is_not_there_yet() -> None:
    seat = Seat().press(Action.SWITCH_ROOM).query("lab").press(Action.DIALOG_ACCEPT)
    assert seat.title() == "#lab"
    seat.press(Action.SWITCH_ROOM).query("@bob").press(Action.DIALOG_ACCEPT)
    assert seat.title() == "@bob"
    seat.press(Action.SWITCH_ROOM).query("no!").press(Action.DIALOG_ACCEPT)
    assert seat.dialog().kind is DialogKind.SWITCHER


def test_a_row_of_a_list_can_be_clicked() -> None:
    server = TinyServer("lobby", "dev")
    server.room("dev").members.append("alice")
    seat = Seat(server).press(Action.SWITCH_ROOM)
    seat.model.dialog_picked(0, seat.now)
    assert seat.title() == "#dev"
