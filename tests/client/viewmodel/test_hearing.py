import pytest

from chatroom.client.commands.actions import Action
from chatroom.client.session.events import LoginRefused
from chatroom.client.viewmodel.effects import Bell
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import MarkRead
from support.screen_world import Seat, plain
from support.tiny_server import TinyServer


def campus() -> TinyServer:
    server = TinyServer("lobby", "dev")
    for name in ("lobby", "dev"):
        server.room(name).members += ["alice", "bob"]
        server.say("bob", f"old in {name}", name)
    return server


def read(seat: Seat, room: str = "lobby") -> bool:
    """Whether the server knows that all of a room was read."""
    seat.wait(2)
    place = seat.server.room(room)
    return seat.server.read.get(("alice", place.number), 0) == place.head


def news(seat: Seat) -> list[str]:
    """Return what stands below the line of new messages."""
    picture = seat.picture()
    return picture[picture.index("-- new --") + 1 :] if "-- new --" in picture else []


# -- what counts as read ---------------------------------------------------------------------------------


def test_a_room_is_read_when_its_end_is_in_view() -> None:
    seat = Seat(campus())
    assert not read(seat)
    seat.look()
    assert read(seat)
    assert not read(seat, "dev")


def test_a_room_is_not_read_while_its_end_is_out_of_view() -> None:
    seat = Seat(campus()).look(0, 1, is_at_end=False)
    assert not read(seat)


def test_a_room_is_not_read_while_nobody_looks() -> None:
    seat = Seat(campus())
    seat.model.focus_changed(False, seat.now)
    assert not read(seat.look())
    seat.model.focus_changed(True, seat.now)
    assert read(seat)


def test_what_comes_into_view_is_read_and_what_comes_elsewhere_is_not() -> None:
    seat = Seat(campus()).look()
    seat.server.say("bob", "hi")
    seat.server.say("bob", "hi", "dev")
    seat.settle()
    assert read(seat)
    assert not read(seat, "dev")
    assert [row.unread for row in seat.model.sidebar()] == [0, 2]


def test_a_busy_room_does_not_send_a_marker_for_every_message() -> None:
    seat = Seat(campus()).look()
    for number in range(50):
        seat.server.say("bob", f"m{number}")
        seat.settle()
    assert seat.desk.connection is not None
    assert len(seat.desk.connection.asked(MarkRead)) == 1
    assert read(seat)


# -- the line of new messages ----------------------------------------------------------------------------


def test_the_line_stands_where_the_room_was_read_to_for_the_whole_visit() -> None:
    seat = Seat(campus()).look()
    seat.open("#dev").look()
    seat.server.say("bob", "new 1")
    seat.server.say("bob", "new 2")
    seat.settle()
    seat.open("#lobby").look()
    below = news(seat)
    assert [text.split("|")[1] for text in below] == ["new 1", "new 2"]
    seat.server.say("bob", "newer")
    seat.settle().look().wait(5)
    assert news(seat)[: len(below)] == below
    seat.open("#dev").look()
    seat.open("#lobby").look()
    assert news(seat) == []


def test_escape_removes_the_line() -> None:
    seat = Seat(campus()).look()
    seat.open("#dev").look()
    assert len(news(seat)) == 1
    seat.press(Action.ESCAPE)
    assert news(seat) == []


def test_what_comes_while_nobody_looks_is_below_the_line() -> None:
    seat = Seat(campus()).look()
    seat.press(Action.ESCAPE)
    seat.model.focus_changed(False, seat.now)
    seat.server.say("bob", "while away")
    seat.settle()
    assert [text.split("|")[1] for text in news(seat)] == ["while away"]
    seat.model.focus_changed(True, seat.now)
    assert len(news(seat.look())) == 1


# -- scrolling -------------------------------------------------------------------------------------------


def test_what_comes_below_a_view_that_was_scrolled_up_is_counted() -> None:
    seat = Seat(campus()).look()
    end = seat.model.transcript().length - 1
    seat.look(0, end - 1, is_at_end=False)
    assert seat.model.status(seat.now).scrolled == "↓ scrolled"
    seat.server.say("bob", "1")
    seat.server.say("bob", "2")
    seat.settle()
    assert seat.model.status(seat.now).scrolled == "↓ 2 new"
    seat.look(0, end, is_at_end=False)
    assert seat.model.status(seat.now).scrolled == "↓ 2 new"
    seat.look()
    assert seat.model.status(seat.now).scrolled == ""


def test_older_messages_are_loaded_when_the_top_is_in_view() -> None:
    server = campus()
    for number in range(300):
        server.say("bob", f"m{number}")
    seat = Seat(server, follow_backlog=50)
    before = seat.model.transcript().length
    seat.look(10, 40, is_at_end=False)
    assert seat.model.transcript().length == before
    seat.look(0, 30, is_at_end=False)
    assert seat.model.transcript().length == before + 200


def test_a_page_that_could_not_be_asked_for_is_asked_for_when_we_are_back() -> None:
    server = campus()
    for number in range(300):
        server.say("bob", f"m{number}")
    seat = Seat(server, follow_backlog=50).drop()
    before = seat.model.transcript().length
    seat.look(0, 30, is_at_end=False)
    assert seat.model.transcript().length == before
    seat.connect()
    assert seat.model.transcript().length == before + 200


# -- what calls for attention ----------------------------------------------------------------------------


def test_a_mention_rings_when_nobody_looks() -> None:
    seat = Seat(campus()).look()
    seat.model.focus_changed(False, seat.now)
    seat.server.say("bob", "alice: hi")
    seat.settle()
    assert seat.effects.count(Bell()) == 1


def test_a_mention_elsewhere_is_said_to_somebody_who_looks() -> None:
    seat = Seat(campus()).look()
    seat.model.focus_changed(True, seat.now)
    seat.server.say("bob", "alice: hi\nthere", "dev")
    seat.settle()
    assert (seat.toast(), seat.did(Bell())) == ("bob in #dev: alice: hi there", False)


def test_talk_elsewhere_and_what_is_ignored_is_not_said() -> None:
    seat = Seat(campus()).look().send("/ignore eve").wait(10)
    seat.server.say("bob", "hi", "dev")
    seat.server.say("eve", "alice: hi", "dev")
    seat.settle()
    assert (seat.toast(), seat.did(Bell())) == ("", False)


# -- the connection --------------------------------------------------------------------------------------


def test_a_login_that_was_refused_says_why_for_good() -> None:
    seat = Seat(online=False)
    seat.model.handle_event(LoginRefused(ErrorCode.HANDLE_TAKEN, "alice is taken"), seat.now)
    assert seat.toast() == "alice is taken"
    assert seat.wait(60).model.status(seat.now).retry == "not trying again: alice is taken"


def test_a_ban_is_an_alarm_that_no_letter_closes() -> None:
    seat = Seat(campus()).type("half a tho")
    seat.model.handle_event(LoginRefused(ErrorCode.BANNED, "banned by radia: flooding"), seat.now)
    dialog = seat.dialog()
    assert (dialog.title, dialog.is_alarm) == ("You are banned", True)
    assert plain(dialog.text[0]) == "banned by radia: flooding"
    for letter in "ught":
        assert seat.model.dialog_letter(letter, seat.now) == []
    assert seat.model.dialog is not None
    seat.press(Action.DIALOG_ACCEPT)
    assert seat.model.dialog is None
    assert seat.text() == "half a tho"


def test_a_handle_that_is_taken_is_asked_about_anew_and_no_alarm() -> None:
    seat = Seat(online=False)
    seat.model.handle_event(LoginRefused(ErrorCode.HANDLE_TAKEN, "alice is taken"), seat.now)
    assert seat.model.dialog is None


@pytest.mark.parametrize("reason", ["connection refused"])
def test_the_same_failure_is_said_once(reason: str) -> None:
    seat = Seat(online=False)
    for _ in range(2):
        seat.desk.session.connecting()
        seat.desk.session.connection_lost(reason, seat.desk.now)
        seat.settle()
    assert seat.toast() == reason
    seat.wait(10)
    seat.desk.session.connection_lost(reason, seat.desk.now)
    assert seat.settle().toast() == ""


def test_why_there_was_no_connection_is_no_news_once_there_is_one() -> None:
    seat = Seat(campus()).drop("refused: nothing listens there")
    assert seat.toast() == "refused: nothing listens there"
    seat.connect()
    assert seat.toast() == ""
    seat.drop("gone").model.note("something else", seat.now)
    seat.connect()
    assert seat.toast() == "something else"
