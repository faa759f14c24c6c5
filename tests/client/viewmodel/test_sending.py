import pytest

from chatroom.client.commands.actions import Action
from chatroom.client.session.events import PostRefused
from chatroom.client.viewmodel.effects import ScrollToEnd
from chatroom.client.viewmodel.rows import RowKind
from chatroom.client.viewmodel.sending import text_excess
from chatroom.protocol.entries import Manner, Posted, RoomKind, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TEXT_BYTES, TEXT_LINES
from chatroom.protocol.packets import Refused
from support.screen_world import Seat
from support.tiny_server import TinyServer, entry_of


def test_enter_posts_the_text_and_empties_the_composer() -> None:
    seat = Seat().send("hello")
    assert seat.server.texts() == ["hello"]
    assert seat.text() == ""
    assert seat.did(ScrollToEnd())
    assert "alice  |hello" in seat.picture()[-1]


def test_nothing_is_posted_when_nothing_is_typed() -> None:
    seat = Seat().send("").send(" \n ")
    assert seat.server.texts() == []


def test_a_message_waits_with_a_mark_while_there_is_no_connection_and_is_sent_later() -> None:
    seat = Seat().drop()
    seat.send("hello").send("again")
    assert [(row.kind, row.mark) for row in seat.rows()[-2:]] == [(RowKind.WAITING, "…")] * 2
    assert seat.model.status(seat.now).waiting == "2 waiting"
    seat.connect()
    assert seat.server.texts() == ["hello", "again"]
    assert seat.rows()[-1].kind is RowKind.MESSAGE
    assert seat.model.status(seat.now).waiting == "all sent"


def test_an_action_is_posted_as_one() -> None:
    seat = Seat().send("/me waves")
    entry = entry_of(seat.server.room("lobby").frames[-1])
    assert read_body(entry) == Posted("waves", Manner.ACTION)
    assert seat.rows()[-1].kind is RowKind.ACTION


def test_an_unknown_command_stays_in_the_composer_and_is_never_posted() -> None:
    seat = Seat().send("/pasword hunter2")
    assert seat.server.texts() == []
    assert seat.text() == "/pasword hunter2"
    assert seat.toast().startswith("there is no command /pasword")


@pytest.mark.parametrize(("typed", "text"), [("//usr/bin", "/usr/bin"), (" /usr/bin", "/usr/bin")])
def test_a_text_may_begin_with_a_slash(typed: str, text: str) -> None:
    assert Seat().send(typed).server.texts() == [text]


def test_a_text_that_is_too_long_says_by_how_much_and_stays() -> None:
    seat = Seat().send("x" * (TEXT_BYTES + 7))
    assert "too long by 7 bytes" in seat.toast()
    assert len(seat.text()) == TEXT_BYTES + 7
    assert (
        text_excess("é" * TEXT_BYTES) == f"too long by {TEXT_BYTES} bytes: a message has {TEXT_BYTES} at most"
    )
    assert (
        text_excess("x\n" * (TEXT_LINES + 2) + "x")
        == f"too long by 3 lines: a message has {TEXT_LINES} at most"
    )
    assert text_excess("fine") is None


def test_a_full_disk_is_said_and_the_text_stays() -> None:
    seat = Seat()
    seat.desk.file.fault = "the disk is full"
    seat.send("hello")
    assert (seat.text(), seat.toast()) == ("hello", "the disk is full")


def test_a_message_the_server_refuses_comes_back() -> None:
    server = TinyServer()
    server.refuse = lambda post: Refused(post.id, ErrorCode.NOT_ALLOWED, "you are muted")
    seat = Seat(server).send("hello")
    assert seat.text() == "hello"
    assert seat.toast() == "not stored: you are muted — the text is in the composer again"
    seat.type("other").press(Action.SEND)
    assert seat.text() == "other"


def test_a_refused_message_does_not_replace_what_is_being_written() -> None:
    seat = Seat().type("writing")
    seat.model.handle_event(PostRefused(1, b"", "hello", ErrorCode.NOT_ALLOWED, "no"), seat.now)
    assert seat.text() == "writing"
    assert seat.toast() == "not stored: no — the text comes back with ↑"
    seat.press(Action.OLDER_INPUT)
    assert seat.text() == "hello"
    seat.press(Action.NEWER_INPUT)
    assert seat.text() == "writing"


def test_a_refused_message_of_a_room_that_is_gone_goes_into_no_other_room() -> None:
    seat = Seat()
    seat.model.handle_event(PostRefused(99, b"", "secret", ErrorCode.NOT_ALLOWED, "no"), seat.now)
    assert (seat.text(), seat.toast()) == ("", "not stored: no — the text comes back with ↑")
    assert seat.press(Action.OLDER_INPUT).text() == "secret"


# -- direct messages -------------------------------------------------------------------------------------


def test_a_first_message_to_somebody_opens_the_room_and_is_posted_there() -> None:
    seat = Seat().send("/msg bob hi there")
    assert seat.title() == "@bob"
    assert seat.text() == ""
    assert seat.server.texts("") == ["hi there"]
    assert seat.server.texts("lobby") == []


def test_a_message_to_somebody_known_waits_like_any_other() -> None:
    server = TinyServer()
    server.room("lobby").members.append("alice")
    server.make_room("", RoomKind.DIRECT, ("alice", "bob"))
    seat = Seat(server).drop()
    seat.send("/msg @Bob hi")
    assert seat.title() == "@bob"
    assert seat.rows()[-1].kind is RowKind.WAITING
    assert seat.model.memory().drafts == {}


def test_a_first_message_that_cannot_be_sent_comes_back() -> None:
    seat = Seat().drop()
    seat.send("/msg bob hi there")
    assert seat.title() == "#lobby"
    assert (seat.text(), seat.toast()) == ("/msg bob hi there", "/msg: not connected")


def test_a_first_message_to_nobody_never_becomes_one_to_the_room() -> None:
    seat = Seat()
    seat.server.unknown = {"nosuch"}
    seat.send("/msg nosuch hi").press(Action.SEND)
    assert seat.text() == "/msg nosuch hi"
    assert seat.server.texts("lobby") == []


@pytest.mark.parametrize(
    ("typed", "toast"), [("/msg alice hi", "alice: that is you"), ("/msg b! hi", "b!: a handle has")]
)
def test_a_message_to_nobody_stays_in_the_composer(typed: str, toast: str) -> None:
    seat = Seat().send(typed)
    assert seat.text() == typed
    assert seat.toast().startswith(toast)


def test_a_query_opens_the_room_and_posts_nothing() -> None:
    seat = Seat().send("/query bob")
    assert seat.title() == "@bob"
    assert seat.server.texts("") == []


def test_a_command_that_opens_another_room_is_no_draft_of_the_one_left() -> None:
    server = TinyServer("lobby", "dev")
    server.room("dev").members.append("alice")
    seat = Seat(server).send("/w dev")
    assert seat.title() == "#dev"
    seat.press(Action.PREVIOUS_ROOM)
    assert (seat.title(), seat.text()) == ("#lobby", "")
