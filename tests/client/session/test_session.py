import pytest

from chatroom.client.session.events import RequestRefused, State
from chatroom.client.session.session import TextRefused
from chatroom.client.session.wire import DEAD_S, SILENCE_S
from chatroom.protocol.codec import encode
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.frames import encode_frame
from chatroom.protocol.packets import Ping, Presence
from support.session_world import Desk
from support.tiny_server import TinyServer


def online() -> tuple[TinyServer, Desk]:
    server = TinyServer()
    return server, Desk(server).online()


# -- the owner's side -------------------------------------------------------------------------------------


def test_a_session_that_was_never_connected_waits_for_nothing() -> None:
    session = Desk(TinyServer()).session
    assert session.state is State.OFFLINE
    assert session.next_tick() == float("inf")
    assert session.data_to_send() == b""
    assert session.rooms == {}
    session.tick(5.0)
    session.receive(b"junk", 5.0, 0)
    assert session.must_close is None


def test_a_server_that_says_nothing_is_given_up() -> None:
    desk = Desk(TinyServer())
    desk.connect()
    assert desk.session.next_tick() == desk.now + 20
    desk.session.tick(desk.now + 20)
    assert desk.session.must_close == "the server does not answer"
    assert desk.session.next_tick() == float("inf")


def test_a_half_open_connection_is_noticed_within_45_seconds() -> None:
    _, desk = online()
    assert desk.session.next_tick() == desk.now + SILENCE_S
    desk.now += SILENCE_S
    desk.session.tick(desk.now)
    assert desk.connection is not None
    desk.up()
    assert isinstance(desk.connection.requests[-1], Ping)
    desk.session.tick(desk.now + DEAD_S - SILENCE_S)
    assert desk.session.must_close == "the server no longer answers"


def test_an_answered_ping_keeps_the_connection() -> None:
    _, desk = online()
    for _ in range(5):
        desk.wait(SILENCE_S)
    assert desk.session.state is State.ONLINE


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff" * 40,
        bytes(100),
        encode_frame(0x4002, b"\xc1"),
        encode_frame(0x0010, b"\x90"),
        encode(Ping(1))[:-1] + b"x",
    ],
    ids=["http", "huge length", "zeros", "no packet", "a request", "bad checksum"],
)
def test_bytes_that_are_no_packets_end_the_connection_with_a_reason(data: bytes) -> None:
    _, desk = online()
    desk.session.receive(data, desk.now, 0)
    assert desk.session.must_close is not None
    assert desk.session.must_close.startswith("the server broke the protocol: ")
    assert desk.session.must_close.isprintable()
    desk.session.receive(encode(Ping(1)), desk.now, 0)
    assert desk.session.data_to_send() == b""


def test_the_reason_of_a_lost_connection_is_kept_for_the_user() -> None:
    _, desk = online()
    desk.drop("cable pulled")
    assert desk.session.state is State.OFFLINE
    assert desk.session.must_close is None


# -- posting ----------------------------------------------------------------------------------------------


def test_posting_returns_when_the_message_is_on_disk() -> None:
    _, desk = online()
    nonce = desk.session.post(1, "  hi\x1b[1m\t \n\n", now_ms=77)
    (kept,) = desk.file.kept.values()
    assert (kept.nonce, kept.room, kept.text, kept.manner, kept.at, kept.title) == (
        nonce,
        1,
        "  hi[1m",
        0,
        77,
        "#lobby",
    )


def test_many_posts_are_one_write() -> None:
    server, desk = online()
    nonces = desk.session.post_many(1, ["one", "two", "three"], now_ms=1)
    assert desk.file.writes == 1
    assert len(set(nonces)) == 3
    desk.settle()
    assert server.texts() == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the message is empty"),
        ("\u200b \n", "the message is empty"),
        ("x" * 16_385, "the message is longer than 16384 bytes"),
        ("x\n" * 400 + "x", "the message has more than 400 lines"),
    ],
)
def test_a_text_that_may_not_be_posted_is_refused_with_a_reason(text: str, words: str) -> None:
    _, desk = online()
    with pytest.raises(TextRefused, match=words):
        desk.session.post(1, text)
    assert desk.file.kept == {}


def test_of_many_texts_all_are_taken_or_none() -> None:
    _, desk = online()
    with pytest.raises(TextRefused):
        desk.session.post_many(1, ["good", ""])
    assert desk.session.waiting_count == 0
    assert desk.file.kept == {}


def test_a_room_one_is_not_in_takes_no_text() -> None:
    _, desk = online()
    with pytest.raises(TextRefused, match="not in that room"):
        desk.session.post(7, "hi")


def test_a_full_disk_here_leaves_the_text_with_its_author() -> None:
    _, desk = online()
    desk.file.fault = "no space left for the outbox"
    with pytest.raises(TextRefused, match="no space left for the outbox"):
        desk.session.post(1, "hi")
    assert desk.session.waiting_count == 0
    assert desk.session.data_to_send() == b""


def test_long_queues_go_out_as_answers_come_in() -> None:
    server, desk = online()
    desk.drop()
    desk.session.post_many(1, [str(number) for number in range(2_000)])
    desk.connect()
    desk.down()
    desk.up()
    desk.down()
    assert len(desk.session.data_to_send()) < 64 * 1024
    desk.drop()
    desk.online()
    assert server.texts() == [str(number) for number in range(2_000)]
    assert desk.session.waiting_count == 0


# -- what is refused here, before any byte travels -----------------------------------------------------------


@pytest.mark.parametrize(
    ("request_name", "code"),
    [
        ("join", ErrorCode.BAD_NAME),
        ("msg", ErrorCode.BAD_HANDLE),
        ("invite", ErrorCode.BAD_HANDLE),
        ("topic", ErrorCode.BAD_TEXT),
        ("search", ErrorCode.BAD_QUERY),
    ],
)
def test_nonsense_is_refused_without_asking_the_server(request_name: str, code: ErrorCode) -> None:
    _, desk = online()
    session = desk.session
    match request_name:
        case "join":
            session.ask.join("no such/name", create=True)
        case "msg":
            session.ask.open_direct("No\x1bBody!")
        case "invite":
            session.ask.invite(1, "")
        case "topic":
            session.ask.set_topic(1, "x" * 301)
        case "search":
            session.ask.search("apple", author="n o")
    desk.settle()
    assert [(event.request, event.code) for event in desk.got(RequestRefused)] == [(request_name, code)]
    assert all(event.text.isprintable() for event in desk.got(RequestRefused))
    assert desk.connection is not None
    assert len(desk.connection.requests) == 2  # Login, Follow


def test_what_needs_a_connection_is_refused_offline() -> None:
    _, desk = online()
    desk.drop()
    session = desk.session
    session.ask.join("dev", create=False)
    session.ask.open_direct("bob")
    session.ask.leave(1)
    session.ask.set_topic(1, "t")
    session.ask.invite(1, "bob")
    session.ask.list_rooms()
    session.ask.search("x")
    session.ask.load_older(1)
    session.ask.follow(1)
    session.ask.set_presence(Presence.OFFLINE)
    desk.settle()
    assert [event.request for event in desk.got(RequestRefused)] == [
        "join",
        "msg",
        "leave",
        "topic",
        "invite",
        "list",
        "search",
    ]
    assert {event.text for event in desk.got(RequestRefused)} == {"not connected"}
    assert session.my_presence is Presence.ONLINE
