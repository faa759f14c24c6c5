"""Whatever a server sends as a name, a text or an error, nothing in it reaches a terminal that a terminal
obeys or a reader cannot see.

The programs run on terminals of their own; looked at is every byte they wrote, and the log.
"""

import json
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.client.headless.headless import Exit
from chatroom.net.keys import verify
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import (
    Created,
    EntryKind,
    Invited,
    Manner,
    Moderated,
    Posted,
    TopicSet,
    encode_body,
    encode_entry,
)
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Closing, Refused
from support.screen_client import ENTER, ESCAPE, client, command
from support.terminal import Terminal
from support.tiny_host import TinyHost, in_host, tiny_host_in_thread
from support.tiny_server import TinyServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ptys are POSIX")

SEEN = "obey me"
HOSTILE = (
    "obey\x1b[2J\x1b]0;owned\x07\x1b]52;c;aGk=\x1b\\\x1b]8;;http://x\x07\x1bP+q\x1b\\\x9b31m\x9d0;x\x9c\x08\x7f"
    "\r\u202e\u2066\u200e\u061c\u200b\ufeff\u2060\u00ad\u200d\u200c\ufe0f\U000e0041\U000e007f\u2028"
    "\u034f\x00 me"
)
NAME = "a\x1b[2J\x9b\u202e\u200b\u200d\U000e0041"
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
SELECTORS = re.compile("[\u034f\u115f\u1160\u3164\uffa0\ufe00-\ufe0f]")

# What the full screen itself says to a terminal: CSI, title, notification, links that are shown as they are.
OWN_SEQUENCES = re.compile(
    r"\x1b\[[0-9;?>$]*[ -/]?[@-~]|\x1b\](?:[029]|777|8;);[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\)"
    r"|\x1b[()][0AB]|[\x07\x0e\x0f]"
)


def hidden_in(text: str) -> list[str]:
    """Return what a terminal obeys, or nobody sees, of what a program wrote; line ends are the terminal's."""
    rest = text.replace("\r\n", "\n")
    return [
        ascii(char)
        for char in rest
        if char != "\n" and (unicodedata.category(char) in HIDDEN or SELECTORS.match(char))
    ]


@pytest.fixture
def server() -> TinyServer:
    server = TinyServer("lobby", "dev")
    server.verify = verify
    server.name = HOSTILE[:64]
    server.welcome = HOSTILE
    server.no_room = HOSTILE
    lobby = server.room("lobby")
    lobby.topic = HOSTILE
    lobby.members += [NAME, "b\u202ebob"]
    server.make_room(NAME, members=("alice",))
    server.say("bob", HOSTILE)
    server.say("bob", f"{HOSTILE}\n{HOSTILE}")
    server.say(NAME, "by nobody")
    server.say("bob\u200d", "by nobody")
    server.add(lobby, "bob", Posted(HOSTILE, Manner.ACTION))
    server.add(lobby, "bob", TopicSet(HOSTILE))
    server.add(lobby, "bob", Created(NAME, 0))
    server.add(lobby, "bob", Invited(NAME))
    server.add(lobby, "bob", Moderated("carol", 0, HOSTILE), kind=EntryKind.MUTED)
    server.add(lobby, "bob", Moderated(NAME, 0, HOSTILE), kind=EntryKind.BANNED)
    lobby.frames.append(
        encode_entry(1, lobby.head + 1, server.now, NAME, b"", 777, encode_body(Posted(HOSTILE)))
    )
    return server


@pytest.fixture
def host(server: TinyServer) -> Iterator[TinyHost]:
    with tiny_host_in_thread(server) as host:
        yield host


def script(tmp_path: Path, host: TinyHost, name: str, *arguments: str) -> Terminal:
    who = ["--to", f"tcp://127.0.0.1:{host.port}", "--handle", "alice"]
    argv = command(tmp_path, "alice", *who, *arguments, program=("-m", "chatroom", name))
    return Terminal(argv, cols=200, rows=60)


def written(terminal: Terminal) -> str:
    return terminal.raw.decode()


# -- for scripts -------------------------------------------------------------------------------------------


def test_tail_writes_nothing_hidden(tmp_path: Path, host: TinyHost) -> None:
    with script(tmp_path, host, "tail", "lobby", "--since", "0", "--no-follow") as terminal:
        assert terminal.wait_end() == Exit.DONE
        assert hidden_in(written(terminal)) == []
        assert written(terminal).count("obey") >= 5
        assert "-- ? unknown-777" in written(terminal)


def test_tail_as_json_writes_nothing_hidden_and_no_escape_of_it(tmp_path: Path, host: TinyHost) -> None:
    with script(tmp_path, host, "tail", "lobby", "--since", "0", "--no-follow", "--json") as terminal:
        assert terminal.wait_end() == Exit.DONE
        assert hidden_in(written(terminal)) == []
        records = [json.loads(line) for line in written(terminal).splitlines()]
        assert len(records) >= 12
        for record in records:
            for value in record.values():
                assert hidden_in(str(value)) == []


@pytest.mark.parametrize("name", ["send", "tail"])
def test_a_room_that_is_refused_with_a_hostile_text_is_one_clean_line(
    tmp_path: Path, host: TinyHost, name: str
) -> None:
    with script(tmp_path, host, name, "nowhere", *(["hello"] if name == "send" else [])) as terminal:
        assert terminal.wait_end() == Exit.REFUSED
        assert hidden_in(written(terminal)) == []
        assert written(terminal).startswith("chatroom: nowhere: obey")
        assert written(terminal).count("\n") == 1


def test_a_message_that_is_refused_with_a_hostile_text_is_one_clean_line(
    tmp_path: Path, server: TinyServer, host: TinyHost
) -> None:
    server.refuse = lambda post: Refused(post.id, ErrorCode.NOT_ALLOWED, HOSTILE)
    with script(tmp_path, host, "send", "lobby", "hello") as terminal:
        assert terminal.wait_end() == Exit.REFUSED
        assert hidden_in(written(terminal)) == []
        assert written(terminal).startswith("chatroom: refused: obey")
        assert written(terminal).count("\n") == 1


def test_a_message_that_is_put_off_with_a_hostile_text_is_told_cleanly(
    tmp_path: Path, server: TinyServer, host: TinyHost
) -> None:
    server.refuse = lambda post: Refused(post.id, ErrorCode.STORAGE, HOSTILE, 100)
    with script(tmp_path, host, "send", "--timeout", "1.5", "lobby", "hello") as terminal:
        assert terminal.wait_end() == Exit.UNREACHABLE
        assert hidden_in(written(terminal)) == []
        assert "cannot store messages now (obey" in written(terminal)


@pytest.mark.parametrize("code", [ErrorCode.SHUTDOWN, ErrorCode.BANNED, ErrorCode.INTERNAL])
def test_a_connection_that_is_closed_with_a_hostile_text_is_told_cleanly(
    tmp_path: Path, server: TinyServer, host: TinyHost, code: ErrorCode
) -> None:
    with script(tmp_path, host, "tail", "lobby", "--limit", "1000") as terminal:
        terminal.wait_text("unknown-777")
        in_host(host, lambda: host.links[0].stream.send(encode(Closing(code, HOSTILE))))
        terminal.wait_text("obey")
        terminal.wait(lambda: written(terminal).rstrip().endswith(("me", "online again")), "what was said")
        assert hidden_in(written(terminal)) == []


# -- the full screen ---------------------------------------------------------------------------------------


def test_the_full_screen_says_to_the_terminal_only_what_is_its_own(
    tmp_path: Path, server: TinyServer, host: TinyHost
) -> None:
    server.refuse = lambda post: Refused(post.id, ErrorCode.NOT_ALLOWED, HOSTILE)
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "client.toml").write_text('[look]\nemoji = "always"\n')  # asks the terminal nothing
    with client(tmp_path, "alice", f"tcp://127.0.0.1:{host.port}", cols=120, rows=40) as terminal:
        terminal.wait_text("online")
        terminal.wait_text("obey")
        terminal.send(ENTER)
        terminal.send("hello")
        terminal.wait(lambda: "hello" in terminal.text, "what was typed")
        terminal.send(ENTER)
        for words in ("/topic", "/rooms", "/devices", "/search obey"):
            terminal.send(words)
            terminal.wait_text(words)
            terminal.send(ENTER)
            terminal.wait(lambda words=words: f"❯ {words}" not in terminal.text, "it to be done")
            terminal.settle()
            while "╭─" in terminal.text:
                terminal.send(ESCAPE)
                terminal.settle(0.3)
        in_host(host, lambda: host.say("bob", f"@alice {HOSTILE}"))
        terminal.settle()
        in_host(host, lambda: host.links[0].stream.send(encode(Closing(ErrorCode.SHUTDOWN, HOSTILE))))
        terminal.settle()
        terminal.send("/quit")
        terminal.wait_text("/quit")
        terminal.send(ENTER)
        assert terminal.wait_end() == 0
        raw = written(terminal)
        assert hidden_in(OWN_SEQUENCES.sub("", raw).replace("\r", "")) == []
        assert "obey[2J]0;owned" in raw
        assert "obey\x1b[2J" not in raw
        assert not re.search(r"\x1b\](?:52;|0;owned)|\x1bP", raw)
        log = tmp_path / "alice" / "data" / "chatroom.log"
        assert hidden_in(log.read_text()) == []


CRASHING = f"""
import sys
from chatroom.client.viewmodel.screen import ScreenModel
def crash(*_):
    raise RuntimeError({HOSTILE!a})
ScreenModel.composer_edited = crash
from chatroom.cli.client import main
sys.exit(main())
"""


def test_an_error_that_quotes_a_hostile_text_is_escaped_in_the_log(tmp_path: Path, host: TinyHost) -> None:
    join = f"tcp://127.0.0.1:{host.port}"
    with client(tmp_path, "alice", join, program=("-c", CRASHING)) as terminal:
        terminal.wait_text("online")
        terminal.send(ENTER + "x")
        assert terminal.wait_end() == Exit.FAILED
    log = (tmp_path / "alice" / "data" / "chatroom.log").read_text()
    assert "RuntimeError: obey\\x1b[2J" in log
    assert hidden_in(log) == []
