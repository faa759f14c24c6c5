from chatroom.client.commands.actions import Action, Context
from chatroom.client.viewmodel.effects import Copy, OpenLink, ScrollTo, ScrollToEnd
from support.screen_world import Seat
from support.tiny_server import TinyServer

TEXT = "see https://a.b/1\nand https://c.d\nthree\nfour"


def talk() -> TinyServer:
    server = TinyServer()
    server.room("lobby").members.append("alice")
    for author, text in (("bob", "one"), ("carl", TEXT), ("bob", "last")):
        server.say(author, text)
    return server


def chosen(seat: Seat) -> str:
    view = seat.model.transcript()
    key = seat.model.selected_key
    assert key is not None
    return view.row(view.index_of(key)).lines[0][0][1]


def test_the_lowest_message_in_view_is_chosen_first() -> None:
    seat = Seat(talk()).look().press(Action.SELECT)
    assert chosen(seat) == "last"
    assert seat.model.selected_key is not None
    assert seat.did(ScrollTo(seat.model.selected_key))
    seat.press(Action.SELECT_LEAVE).look(0, 2, is_at_end=False).press(Action.SELECT)
    assert chosen(seat) == "one"


def test_one_moves_among_messages_and_leaves_below_the_last() -> None:
    seat = Seat(talk()).look().press(Action.SELECT, Action.SELECT_UP)
    assert chosen(seat).startswith("see")
    seat.press(Action.SELECT_FIRST)
    assert chosen(seat) == "one"
    seat.press(Action.SELECT_UP)
    assert chosen(seat) == "one"
    seat.press(Action.SELECT_LAST, Action.SELECT_DOWN)
    assert seat.model.selected_key is None
    assert seat.model.context is Context.MAIN
    assert seat.did(ScrollToEnd())


def test_the_text_is_copied_as_it_was_written() -> None:
    seat = Seat(talk()).look().press(Action.SELECT, Action.SELECT_UP, Action.SELECT_COPY)
    assert seat.did(Copy(TEXT))
    assert seat.toast() == "copied"
    assert seat.model.context is Context.MAIN


def test_a_message_is_quoted_above_what_is_being_written() -> None:
    seat = Seat(talk()).look().type("yes").press(Action.SELECT, Action.SELECT_UP, Action.SELECT_QUOTE)
    assert seat.text() == "> see https://a.b/1\n> and https://c.d\n> three\n> …\n@carl yes"
    assert seat.model.composer().cursor == len(seat.text())


def test_ones_own_message_is_quoted_without_an_address() -> None:
    seat = Seat(talk()).send("mine").look().press(Action.SELECT, Action.SELECT_QUOTE)
    assert seat.text() == "> mine\n"


def test_links_are_opened_one_after_the_other() -> None:
    seat = Seat(talk()).look().press(Action.SELECT, Action.SELECT_UP)
    seat.press(Action.SELECT_LINK, Action.SELECT_LINK, Action.SELECT_LINK)
    opened = [effect.url for effect in seat.effects if isinstance(effect, OpenLink)]
    assert opened == ["https://a.b/1", "https://c.d", "https://a.b/1"]
    seat.press(Action.SELECT_DOWN, Action.SELECT_LINK)
    assert seat.toast() == "there is no link in this message"


def test_a_message_that_waits_can_be_chosen_too() -> None:
    seat = Seat(talk()).drop().send("waiting").look().press(Action.SELECT, Action.SELECT_COPY)
    assert seat.did(Copy("waiting"))


def test_a_click_chooses_a_message_and_nothing_else() -> None:
    seat = Seat(talk()).look()
    notes = [index for index, row in enumerate(seat.rows()) if row.kind.value == "note"]
    seat.model.select_row(notes[0], seat.now)
    assert seat.model.selected_key is None
    seat.model.select_row(len(seat.rows()) - 1, seat.now)
    assert chosen(seat) == "last"


def test_a_click_on_a_gap_loads_it() -> None:
    server = talk()
    seat = Seat(server, skip_over=10, follow_backlog=5).drop()
    for number in range(300):
        server.say("bob", f"m{number}")
    seat.connect()
    index = next(index for index, row in enumerate(seat.rows()) if "not loaded" in row.lines[0][0][1])
    before = len(seat.rows())
    seat.model.select_row(index, seat.now)
    seat.settle()
    assert len(seat.rows()) > before


def test_there_may_be_nothing_to_choose() -> None:
    seat = Seat().look().press(Action.SELECT)
    assert (seat.model.context, seat.toast()) == (Context.MAIN, "no message here")


def test_another_room_ends_the_choice() -> None:
    server = talk()
    server.make_room("dev").members.append("alice")
    seat = Seat(server).look().press(Action.SELECT)
    seat.open("#dev")
    assert seat.model.context is Context.MAIN
