"""Everything that a peer may take its time for has an end, and a server that ticks finds it in time."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.frames import HEADER
from chatroom.protocol.limits import LOGIN_FRAME_BYTES
from chatroom.protocol.packets import Closing, Following, Hello
from support.raw_client import raw_client
from support.server_process import ServerProcess, running_server

LOGIN_S = 1.0
GONE_S = 1.5
STALLED_S = 0.7
TICK_S = 1.0
"""How often a server looks at its deadlines."""
SLACK_S = 0.5
"""A busy machine."""

HALF_A_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    limits = {
        "login_timeout_s": LOGIN_S,
        "ping_s": 0.5,
        "gone_s": GONE_S,
        "stalled_reader_s": STALLED_S,
        "posts_per_s": 100_000.0,
        "post_burst": 100_000,
    }
    with running_server(tmp_path_factory.mktemp("server"), {"limits": limits}, tls=True) as server:
        yield server


@contextlib.contextmanager
def ends_after(limit_s: float) -> Iterator[None]:
    """What is done within takes until the deadline: not less, and no more than a tick beyond it."""
    began = time.monotonic()
    yield
    took_s = time.monotonic() - began
    assert limit_s - 0.1 <= took_s <= limit_s + TICK_S + SLACK_S


@pytest.mark.parametrize("said", [b"", HALF_A_HELLO])
def test_a_handshake_that_does_not_end_is_ended(server: ServerProcess, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as stranger, ends_after(LOGIN_S):
        stranger.sendall(said)
        assert stranger.recv(1) == b""


def test_a_login_that_does_not_come_is_not_waited_for(server: ServerProcess) -> None:
    with raw_client(server.port, tls=True) as stranger, ends_after(LOGIN_S):
        stranger.wait_for(Hello)
        closing = stranger.wait_for(Closing)
        assert isinstance(closing, Closing)
        assert closing.code == ErrorCode.TOO_SLOW


def test_a_login_that_comes_byte_by_byte_is_not_waited_for(server: ServerProcess) -> None:
    with raw_client(server.port, tls=True) as stranger, ends_after(LOGIN_S):
        stranger.wait_for(Hello)
        stranger.socket.settimeout(0.1)
        stranger.socket.sendall(HEADER.pack(LOGIN_FRAME_BYTES, 1, 0, 0))
        while not stranger.received or not isinstance(closing := stranger.received[-1], Closing):
            stranger.socket.sendall(b"\0")
            with contextlib.suppress(TimeoutError):
                stranger.read_more()
        assert closing.code == ErrorCode.TOO_SLOW


def test_a_member_who_says_nothing_any_more_is_gone(server: ServerProcess) -> None:
    with raw_client(server.port, tls=True) as ana:
        ana.enter("ana")
        ana.wait_for(Following)
        with ends_after(GONE_S):
            closing = ana.wait_for(Closing)
            assert isinstance(closing, Closing)
            assert closing.code == ErrorCode.TOO_SLOW


def test_a_reader_who_takes_nothing_any_more_is_closed(server: ServerProcess) -> None:
    with raw_client(server.port, tls=True) as bob, raw_client(server.port, tls=True) as stopped:
        stopped.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        lobby = bob.enter("bob", follow=False)
        stopped.enter("stopped")
        stopped.wait_for(Following)
        with ends_after(STALLED_S):
            while "took nothing" not in server.log():
                bob.post(lobby, "x" * 16_000)
                time.sleep(0.01)
