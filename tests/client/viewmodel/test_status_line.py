import pytest

from chatroom.client.commands.actions import Context
from chatroom.client.commands.keymap import Keymap
from chatroom.client.session.events import State
from chatroom.client.viewmodel.link import Link
from chatroom.client.viewmodel.status_line import (
    connection_text,
    header_line,
    hints,
    retry_text,
    scrolled_text,
    waiting_text,
)
from chatroom.protocol.packets import Presence


@pytest.mark.parametrize(
    ("state", "presence", "text"),
    [
        (State.ONLINE, Presence.ONLINE, "● online"),
        (State.ONLINE, Presence.AWAY, "◐ away"),
        (State.CONNECTING, Presence.ONLINE, "◌ connecting 0:42"),
        (State.OFFLINE, Presence.ONLINE, "○ offline 0:42"),
    ],
)
def test_the_line_always_says_whether_we_are_online(state: State, presence: Presence, text: str) -> None:
    assert connection_text(state, presence, Link(changed_at=100.0), 142.5)[0] == text


def test_the_line_says_how_many_messages_wait() -> None:
    assert (waiting_text(0), waiting_text(2)) == ("all sent", "2 waiting")


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (Link(retry_at=104.0), "next attempt in 4 s"),
        (Link(retry_at=103.2), "next attempt in 4 s"),
        (Link(retry_at=99.0), "next attempt in 0 s"),
        (Link(), ""),
        (Link(is_final=True, reason="handle is taken"), "not trying again: handle is taken"),
        (Link(is_final=True), "not trying again"),
    ],
)
def test_the_line_says_when_the_next_attempt_comes(link: Link, text: str) -> None:
    assert retry_text(State.OFFLINE, link, 100.0) == text
    assert retry_text(State.ONLINE, link, 100.0) == ""


def test_the_line_says_what_came_below_a_view_that_was_scrolled_up() -> None:
    assert [scrolled_text(True, 5), scrolled_text(False, 5), scrolled_text(False, 0)] == [
        "",
        "↓ 5 new",
        "↓ scrolled",
    ]


def test_the_hint_names_four_keys_as_they_are_now() -> None:
    assert hints(Context.MAIN, Keymap()) == (
        ("F1", "help"),
        ("Ctrl-G", "go to"),
        ("Alt-1…9", "rooms"),
        ("PgUp", "scroll"),
    )
    mine = Keymap({"help": ["F5"], "switch_room": []})
    assert hints(Context.MAIN, mine)[:2] == (("F5", "help"), ("Alt-1…9", "rooms"))


def test_the_header_says_whether_others_can_read_the_connection() -> None:
    link = Link("chat.example.org", is_online=True)
    tls = header_line(None, Presence.OFFLINE, link, "cs101")
    assert (tls.right, tls.is_linked) == ("● TLS  chat.example.org", True)
    plain = header_line(None, Presence.OFFLINE, Link("127.0.0.1:4567", is_tls=False, is_online=True), "")
    assert (plain.right, plain.title, plain.is_private_link) == ("○ plain  127.0.0.1:4567", "chatroom", False)


def test_the_header_shows_no_link_while_there_is_none() -> None:
    line = header_line(None, Presence.OFFLINE, Link("chat.example.org"), "cs101")
    assert (line.right, line.is_linked) == ("○ TLS  chat.example.org", False)
