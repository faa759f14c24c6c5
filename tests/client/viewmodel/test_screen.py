from chatroom.client.commands.actions import Action, Context
from chatroom.client.session.events import Noticed, Restored
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.dialogs import DialogKind, DialogOwner
from chatroom.client.viewmodel.effects import OnScreen, TrustAnswered
from chatroom.client.viewmodel.rows import MemberRow, Part, RowKind
from chatroom.client.viewmodel.screen import ScreenMemory
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.packets import Presence, PresenceChanged, PresenceOf
from support.screen_world import Seat
from support.tiny_server import TinyServer


def campus() -> TinyServer:
    """Three rooms and two people that alice shares; a message in each."""
    server = TinyServer("lobby", "dev", "lab")
    for name in ("lobby", "dev", "lab"):
        server.room(name).members += ["alice", "bob"]
    server.make_room("", RoomKind.DIRECT, ("alice", "bob"))
    server.say("alice", "hello", "")
    return server


def test_the_lobby_is_open_when_one_arrives() -> None:
    seat = Seat()
    assert (seat.title(), seat.model.room) == ("#lobby", 1)
    assert [row.title for row in seat.model.sidebar()] == ["#lobby"]
    assert seat.model.transcript().row(0).kind is RowKind.BEGINNING


def test_the_room_of_the_last_run_is_open_when_one_comes_back() -> None:
    seat = Seat(campus(), memory=ScreenMemory(last_room="#lab"))
    assert seat.title() == "#lab"
    assert seat.model.memory().last_room == "#lab"


def test_a_last_room_that_is_gone_gives_way_to_the_lobby() -> None:
    assert Seat(campus(), memory=ScreenMemory(last_room="#old")).title() == "#lobby"


def test_nothing_is_there_before_the_first_connection() -> None:
    seat = Seat(online=False)
    assert (seat.model.room, seat.model.transcript().length, seat.model.sidebar()) == (0, 0, [])
    assert not seat.model.composer().is_enabled
    assert seat.model.members().rows == ()
    assert seat.title() == "chatroom"
    seat.send("hello")
    assert (seat.text(), seat.toast()) == ("hello", "there is no room to write to yet")


def test_the_sidebar_shows_what_is_new_and_who_is_there() -> None:
    server = campus()
    seat = Seat(server)
    seat.look()
    server.say("bob", "hi", "dev")
    server.say("bob", "alice: look", "lab")
    seat.settle()
    rows = {row.title: row for row in seat.model.sidebar()}
    assert [(row.index, row.title) for row in rows.values()] == [
        (1, "#lobby"),
        (2, "#dev"),
        (3, "#lab"),
        (4, "@bob"),
    ]
    assert (rows["#dev"].unread, rows["#dev"].mentions) == (1, 0)
    assert (rows["#lab"].unread, rows["#lab"].mentions) == (1, 1)
    assert (rows["@bob"].is_direct, rows["@bob"].presence) == (True, "online")
    assert seat.model.status(seat.now).activity == "[!3 ·2]"


def test_a_room_with_something_typed_in_it_says_so() -> None:
    seat = Seat(campus())
    seat.type("half a").press(Action.NEXT_ROOM)
    rows = {row.title: row.has_draft for row in seat.model.sidebar()}
    assert rows == {"#lobby": True, "#dev": False, "#lab": False, "@bob": False}
    assert seat.model.memory().drafts == {"#lobby": "half a"}


def test_the_members_stand_beside_the_transcript() -> None:
    server = campus()
    server.presence["bob"] = Presence.AWAY
    seat = Seat(server)
    view = seat.model.members()
    assert view.title == "USERS 2"
    assert view.rows[0] == MemberRow("alice", Style.HANDLE_OWN, "online", "", is_me=True)
    assert (view.rows[1].handle, view.rows[1].presence) == ("bob", "away")
    seat.model.take_dirty()
    seat.desk.session.receive(
        encode(PresenceChanged([PresenceOf("bob", Presence.OFFLINE)])), seat.desk.now, 0
    )
    seat.settle()
    assert seat.model.members().rows[1].presence == "offline"
    assert {Part.MEMBERS, Part.SIDEBAR} <= seat.model.take_dirty()


def test_only_what_changed_is_to_be_drawn() -> None:
    server = campus()
    seat = Seat(server).look()
    assert seat.model.take_dirty()
    assert seat.model.take_dirty() == frozenset()
    server.say("bob", "hi")
    seat.settle()
    assert Part.TRANSCRIPT in seat.model.take_dirty()
    server.say("bob", "hi", "dev")
    seat.settle()
    assert Part.TRANSCRIPT not in seat.model.take_dirty()


def test_the_status_line_counts_down_and_says_how_long_we_are_offline() -> None:
    seat = Seat(campus())
    seat.model.link_changed("chat.example.org", True, None, seat.now)
    assert seat.model.status(seat.now).connection == "● online"
    seat.drop("connection reset")
    seat.model.link_changed("chat.example.org", True, seat.now.mono_s + 4, seat.now)
    status = seat.model.status(seat.now)
    assert (status.connection, status.retry) == ("○ offline 0:00", "next attempt in 4 s")
    assert status.toast == "connection reset"
    due = seat.model.next_tick(seat.now)
    assert due == seat.now.mono_s + 1
    seat.wait(2)
    assert Part.STATUS in seat.model.take_dirty()
    status = seat.model.status(seat.now)
    assert (status.connection, status.retry) == ("○ offline 0:02", "next attempt in 2 s")
    seat.desk.session.connecting()
    seat.settle()
    assert seat.model.status(seat.now).connection == "◌ connecting 0:02"
    seat.connect()
    assert seat.model.status(seat.now).connection == "● online"
    assert seat.model.header().right == "● TLS  chat.example.org"


def test_attempts_that_fail_do_not_begin_the_time_offline_anew() -> None:
    seat = Seat(campus()).drop("cut")
    seat.wait(30)
    seat.desk.session.connecting()
    seat.desk.session.connection_lost("refused", seat.desk.now)
    seat.settle()
    assert seat.model.status(seat.now).connection == "○ offline 0:30"


def test_time_is_asked_for_only_when_something_moves() -> None:
    seat = Seat(campus())
    assert seat.model.next_tick(seat.now) is None
    seat.model.note("hi", seat.now)
    due = seat.model.next_tick(seat.now)
    assert due is not None
    assert due > seat.now.mono_s
    assert seat.toast() == "hi"
    seat.wait(due - seat.now.mono_s)
    assert seat.toast() == ""
    assert seat.model.next_tick(seat.now) is None


def test_the_spinner_turns_while_a_page_is_on_its_way() -> None:
    server = campus()
    for number in range(300):
        server.say("bob", f"m{number}")
    seat = Seat(server, follow_backlog=100)
    seat.model.viewport_changed(0, 20, False, seat.now)
    row = seat.model.transcript().row(0)
    assert row.kind is RowKind.LOADING
    seat.desk.now += 0.2
    assert seat.model.next_tick(seat.now) == seat.now.mono_s
    seat.model.tick(seat.now)
    assert seat.model.transcript().row(0).mark != row.mark
    seat.settle()
    assert seat.model.transcript().length > 200


def test_a_key_of_the_screen_comes_back_to_it() -> None:
    seat = Seat().press(Action.TOGGLE_MEMBERS, Action.PAGE_DOWN)
    assert seat.effects[-2:] == [OnScreen(Action.TOGGLE_MEMBERS), OnScreen(Action.PAGE_DOWN)]


def test_the_context_follows_the_dialog_and_the_chosen_message() -> None:
    server = campus()
    server.say("bob", "hi")
    seat = Seat(server).look()
    assert seat.model.context is Context.MAIN
    seat.press(Action.SELECT)
    assert seat.model.context is Context.SELECT
    assert seat.model.status(seat.now).mode == "select"
    assert seat.model.status(seat.now).hint[0] == ("y", "copy")
    seat.press(Action.SELECT_LEAVE, Action.HELP)
    assert seat.model.context is Context.DIALOG
    seat.press(Action.DIALOG_CANCEL)
    assert seat.model.context is Context.MAIN


def test_a_server_is_trusted_or_not() -> None:
    seat = Seat(online=False)
    owner: DialogOwner = seat.model
    seat.model.ask_trust("chat.example.org", "k3f9", False, seat.now)
    assert seat.dialog().kind is DialogKind.TRUST
    assert owner.dialog_letter("y", seat.now) == [TrustAnswered("k3f9", is_accepted=True)]
    assert seat.model.dialog is None
    seat.model.ask_trust("chat.example.org", "k3f9", False, seat.now)
    assert seat.model.perform(Action.DIALOG_ACCEPT, seat.now) == [TrustAnswered("k3f9", is_accepted=False)]


def test_a_changed_key_can_only_be_refused() -> None:
    seat = Seat(online=False)
    seat.model.ask_trust("chat.example.org", "k3f9", True, seat.now)
    assert seat.dialog().is_alarm
    assert [choice.letter for choice in seat.dialog().choices] == ["n"]
    assert seat.model.dialog_letter("y", seat.now) == []
    assert seat.model.perform(Action.DIALOG_CANCEL, seat.now) == [TrustAnswered("k3f9", is_accepted=False)]


def test_a_welcome_of_several_lines_is_a_dialog_once_and_a_line_a_toast() -> None:
    seat = Seat()
    seat.model.handle_event(Noticed("be kind"), seat.now)
    assert seat.toast() == "be kind"
    seat.model.handle_event(Noticed("rules:\nbe kind"), seat.now)
    assert seat.choices() == ["rules:", "be kind"]
    seat.press(Action.DIALOG_ACCEPT)
    seat.model.handle_event(Noticed("rules:\nbe kind"), seat.now)
    assert seat.model.dialog is None


def test_a_restored_history_is_said_and_not_pushed_away_by_other_news() -> None:
    seat = Seat()
    seat.model.handle_event(Restored("the history of this server was restored"), seat.now)
    seat.model.handle_event(Noticed("be kind"), seat.now)
    assert seat.toast() == "the history of this server was restored"


def test_completion_offers_who_spoke_last_and_never_me() -> None:
    server = campus()
    server.say("bob", "hi")
    server.say("zoe", "ho")
    seat = Seat(server)
    assert [way.label for way in seat.model.completions("", 0)] == ["zoe", "bob"]
    assert [way.text for way in seat.model.completions("see #l", 6)] == ["see #lobby ", "see #lab "]


def test_an_editor_outside_gives_its_text_back() -> None:
    seat = Seat().type("half a")
    seat.model.editor_closed("whole\ntext\n", seat.now)
    assert seat.text() == "whole\ntext"
