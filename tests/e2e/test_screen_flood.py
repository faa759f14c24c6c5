"""The full-screen client under a flood and before a hostile server."""

import os
import time
from pathlib import Path

import pytest

from chatroom.net.keys import verify
from support.screen_client import PAGE_UP, client
from support.terminal import FRAME_BEGINS, Terminal
from support.tiny_host import TinyHost, in_host, tiny_host_in_thread
from support.tiny_server import TinyServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ptys are POSIX")

KEY_S = 0.05
"""How long the client may be busy after a key until it is on the screen: 2 ms, and 40 between two frames."""

FRAMES_A_SECOND = 25


def online(terminal: Terminal) -> Terminal:
    terminal.wait(lambda: "● online" in terminal.text, "to be online")
    return terminal


def alice(directory: Path, host: TinyHost) -> Terminal:
    return client(directory, "alice", f"tcp://127.0.0.1:{host.port}")


class Flood:
    """Posts without end in the thread of a host, so many a second."""

    def __init__(self, host: TinyHost, per_s: int) -> None:
        self.host = host
        self.per_s = per_s
        self.sent = 0
        self.is_on = True
        host.loop.call_from_thread(self._pour)

    def _pour(self) -> None:
        if not self.is_on:
            return
        for _ in range(self.per_s // 100):
            self.sent += 1
            self.host.server.say("flood", f"message {self.sent} of a flood that does not want to end")
        self.host.server.flush()
        for link in self.host.links:
            link.send()
        self.host.loop.call_later(0.01, self._pour)


def a_server() -> TinyServer:
    server = TinyServer()
    server.verify = verify  # the client comes with a real key
    return server


def frames_a_second(terminal: Terminal) -> float:
    before, began = terminal.raw.count(FRAME_BEGINS), time.monotonic()
    terminal.wait(lambda: terminal.raw.count(FRAME_BEGINS) >= before + 15, "fifteen frames")
    return 15 / (time.monotonic() - began)


def test_a_key_is_seen_at_once_and_frames_are_paced_while_messages_pour_in(tmp_path: Path) -> None:
    with tiny_host_in_thread(a_server()) as host, alice(tmp_path, host) as terminal:
        online(terminal)
        flood = Flood(host, per_s=1000)
        terminal.wait(lambda: "message 5" in terminal.text, "the flood to begin")
        rates = [frames_a_second(terminal) for _ in range(3)]
        assert min(rates) <= FRAMES_A_SECOND + 2, "what piles up while this test waits is drawn in no time"
        assert max(rates) >= 1, "one in three seconds where frames wait for a moment without messages"
        waits = []
        typed = ""
        for char in "typing goes on":
            typed += char
            began = terminal.busy_s()
            terminal.send(char)
            terminal.wait_text(f" ❯ {typed}".rstrip())
            waits.append(terminal.busy_s() - began)
        flood.is_on = False
        assert sorted(waits)[len(waits) // 2] < KEY_S
        assert sorted(waits)[-2] < KEY_S * 2


def test_scrolled_up_nothing_moves_while_messages_pour_in(tmp_path: Path) -> None:
    server = a_server()
    for number in range(100):
        server.say("ada", f"before {number}")
    with (
        tiny_host_in_thread(server) as host,
        alice(tmp_path, host) as terminal,
    ):
        online(terminal)
        terminal.wait_text("before 99")
        terminal.send(PAGE_UP)
        terminal.wait(lambda: "before 99" not in terminal.text, "the page to turn")
        terminal.settle()
        seen = [line[21:80] for line in terminal.lines[1:-3]]
        flood = Flood(host, per_s=500)
        terminal.wait(lambda: "↓" in terminal.lines[-3] and "new" in terminal.lines[-3], "news below")
        flood.is_on = False
        assert [line[21:80] for line in terminal.lines[1:-3]] == seen


HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07",
    "\x9b31mred\x9c \x90q\x9c",
    "ab\u202ecd\u202c \u2066x\u2069",
    "tag\U000e0041\U000e007f \u200bzero\ufeff",
    "\r\nnew\x08\x08line\x00",
    "https://example.org/\x1b]8;;evil\x07",
)


def test_nothing_a_hostile_server_says_reaches_the_terminal_but_as_text(tmp_path: Path) -> None:
    server = a_server()
    server.make_room("ev\x1b[31mil\u202e", members=("alice",))
    server.room("lobby").topic = "topic\x1b]0;owned\x07\u202e"
    for text in HOSTILE:
        server.say("mal\x1b[5mlory", text)
        server.say("mallory", text)
    with (
        tiny_host_in_thread(server) as host,
        alice(tmp_path, host) as terminal,
    ):
        terminal.wait(lambda: "● online" in terminal.text or "offline" in terminal.text, "an answer")
        terminal.settle(0.3)
        in_host(host, lambda: [host.say("mallory", text) for text in (*HOSTILE, "the end of it")] and None)
        terminal.wait_text("the end of it")
        terminal.settle()
        assert terminal.process.poll() is None
        raw = bytes(terminal.raw)
        assert b"owned\x07" not in raw
        assert b"\x1b]52" not in raw
        assert b"\x1b[31m" not in raw
        assert b"\x1b]8;;evil" not in raw
        for char in "\u202e\u202c\u2066\u2069\u200b\ufeff\U000e0041\x9b\x9c\x90":
            assert char.encode() not in raw, ascii(char)
