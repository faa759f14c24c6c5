from chatroom.client.commands.actions import Action
from chatroom.client.session.events import TimelineChanged
from chatroom.client.viewmodel.effects import ScrollTo
from chatroom.protocol.packets import History
from support.screen_world import Seat
from support.tiny_server import TinyServer


def history(before: int = 0, after: int = 300) -> tuple[TinyServer, int]:
    """A lobby with a needle between `before` and `after` other messages; its seq."""
    server = TinyServer("lobby", "dev")
    for name in ("lobby", "dev"):
        server.room(name).members.append("alice")
    for number in range(before):
        server.say("bob", f"old {number}")
    seq = server.say("bob", "the needle")
    for number in range(after):
        server.say("bob", f"hay {number}")
    return server, seq


def found(seat: Seat) -> bool:
    view, key = seat.model.transcript(), seat.model.selected_key
    return key is not None and view.row(view.index_of(key)).lines[0][0][1] == "the needle"


def test_a_message_that_is_here_is_shown_at_once() -> None:
    server, seq = history(after=3)
    seat = Seat(server).look()
    seat.send("/search needle").press(Action.DIALOG_ACCEPT)
    assert seat.model.dialog is None
    assert found(seat)
    assert seat.effects[-1] == ScrollTo((seq,))


def test_only_the_page_around_it_is_fetched() -> None:
    server, seq = history(before=500, after=9_000)
    seat = Seat(server, follow_backlog=50).look(20, 40)
    seat.open("#dev").send("/search needle")
    seat.model.perform(Action.DIALOG_ACCEPT, seat.now)
    for _ in range(9):
        seat.model.handle_event(TimelineChanged(1), seat.now)  # asks for nothing while a page is on its way
    seat.settle()
    assert seat.title() == "#lobby"
    assert found(seat)
    assert seat.effects[-1] == ScrollTo((seq,))
    assert seat.desk.connection is not None
    assert len(seat.desk.connection.asked(History)) == 1
    assert [text for text in seat.picture() if "not loaded" in text]


def test_a_page_that_was_on_its_way_is_waited_for() -> None:
    server, _ = history(before=500, after=900)
    seat = Seat(server, follow_backlog=50).look(20, 40).send("/search needle")
    seat.desk.session.ask.load_older(1)
    seat.press(Action.DIALOG_ACCEPT)
    assert found(seat)


def test_a_gap_on_the_way_is_filled_as_far_as_needed() -> None:
    server, _ = history(after=5)
    seat = Seat(server, skip_over=10, follow_backlog=5).drop()
    for number in range(900):
        server.say("bob", f"more {number}")
    server.say("bob", "a second needle")
    for number in range(300):
        server.say("bob", f"most {number}")
    seat.connect().look(20, 40)
    seat.send("/search second").press(Action.DIALOG_ACCEPT)
    assert seat.model.selected_key is not None
    assert any("not loaded" in text for text in seat.picture())


def test_a_jump_ends_when_one_goes_elsewhere() -> None:
    server, _ = history()
    seat = Seat(server, follow_backlog=50).look(20, 40)
    seat.send("/search needle")
    seat.effects += seat.model.perform(Action.DIALOG_ACCEPT, seat.now)
    seat.open("#dev").open("#lobby")
    assert not found(seat)


def test_a_message_that_cannot_be_fetched_is_said_to_be() -> None:
    server, _ = history()
    seat = Seat(server, follow_backlog=50).look(20, 40).send("/search needle").drop()
    seat.wait(30).press(Action.DIALOG_ACCEPT)
    assert seat.toast() == "that message cannot be shown in its place now"
