"""Connections that say nothing, or never finish what they began: the server is rid of them in time."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.protocol.codec import encode
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Closing, Ping, Post, ServerPacket
from support.patience import PATIENCE_S
from support.raw_client import Ended, RawClient, raw_client
from support.server_process import ServerProcess, running_server

LOGIN_S = 1.0
GONE_S = 2.0
GRACE_S = 15.0
"""How much later than its deadline a connection may end. Two seconds are the server's own: it looks at
deadlines once a second, and gives the reason a second to arrive. The others are for a machine that is busy: a
server that forgets a deadline, or has it put off by what drips in, does not end the connection by then.
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path, {"limits": {"login_timeout_s": LOGIN_S}}) as server:
        yield server


@pytest.fixture
def pinging_server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path, {"limits": {"ping_s": 1.0, "gone_s": GONE_S}}) as server:
        yield server


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path, {"limits": {"login_timeout_s": LOGIN_S}}, tls=True) as server:
        yield server


def end_of(client: RawClient, drip: bytes = b"") -> tuple[list[ServerPacket], float]:
    """What the server said until it ended the connection, and how long that took; `drip` is sent meanwhile, a
    byte each fifth of a second.
    """
    began = time.monotonic()
    client.socket.settimeout(0.2)
    while time.monotonic() - began < PATIENCE_S:
        try:
            client.read_more()
        except TimeoutError:
            if drip:
                client.socket.send(drip[:1])
                drip = drip[1:]
        except (Ended, OSError):
            return client.received, time.monotonic() - began
    raise AssertionError("the connection was not ended")


def is_told(packets: list[ServerPacket]) -> bool:
    return isinstance(packets[-1], Closing) and packets[-1].code == ErrorCode.TOO_SLOW


HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(40)
"""The beginning of a ClientHello of TLS."""


@pytest.mark.parametrize("begun", [b"", HALF_HELLO], ids=["silent", "half"])
def test_a_handshake_that_is_not_finished_is_ended_by_the_deadline(
    tls_server: ServerProcess, begun: bytes
) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", tls_server.port), timeout=PATIENCE_S) as half:
        half.sendall(begun)
        assert half.recv(1) == b""
        assert LOGIN_S - 0.1 < time.monotonic() - began < LOGIN_S + GRACE_S


def test_a_handshake_that_drips_is_ended_by_the_deadline(tls_server: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", tls_server.port), timeout=0.2) as half:
        began = time.monotonic()
        is_there = True
        while is_there and time.monotonic() - began < PATIENCE_S:
            try:
                half.send(HALF_HELLO[:1])
                is_there = half.recv(1) != b""
            except TimeoutError:
                continue
            except OSError:
                is_there = False
        assert time.monotonic() - began < LOGIN_S + GRACE_S


LOGIN_BEGUN = encode(Post(1, 1, bytes(16), "x" * 2_000))


@pytest.mark.parametrize(
    "begun", [b"", LOGIN_BEGUN[:7], LOGIN_BEGUN[:200]], ids=["silent", "header", "frame"]
)
def test_a_stranger_is_ended_by_the_deadline(server: ServerProcess, begun: bytes) -> None:
    with raw_client(server.port) as stranger:
        stranger.socket.sendall(begun)
        packets, took_s = end_of(stranger)
        assert is_told(packets)
        assert took_s < LOGIN_S + GRACE_S


def test_a_stranger_whose_login_drips_in_is_ended_by_the_deadline(server: ServerProcess) -> None:
    with raw_client(server.port) as stranger:
        packets, took_s = end_of(stranger, drip=LOGIN_BEGUN)
        assert is_told(packets)
        assert took_s < LOGIN_S + GRACE_S


@pytest.mark.parametrize(
    "begun", [b"", LOGIN_BEGUN[:7], LOGIN_BEGUN[:200]], ids=["silent", "header", "frame"]
)
def test_a_member_that_falls_silent_is_pinged_and_ended(pinging_server: ServerProcess, begun: bytes) -> None:
    with raw_client(pinging_server.port) as ana:
        began = time.monotonic()
        ana.enter("ana")
        ana.socket.sendall(begun)
        packets, took_s = end_of(ana)
        assert any(isinstance(packet, Ping) for packet in packets)
        assert is_told(packets)
        assert took_s < GONE_S + GRACE_S
        assert time.monotonic() - began > GONE_S


def test_a_frame_without_end_is_no_sign_of_life(pinging_server: ServerProcess) -> None:
    with raw_client(pinging_server.port) as ana:
        ana.enter("ana")
        packets, took_s = end_of(ana, drip=LOGIN_BEGUN)
        assert is_told(packets)
        assert took_s < GONE_S + GRACE_S
