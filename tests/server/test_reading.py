"""Reading, with real sockets: what a stranger may make the server hold, and whose turn it is."""

import array
import fcntl
import socket
import ssl
import sys
import termios
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from chatroom.net.keys import ServerKey, load_or_create_server_key
from chatroom.net.tls import RECORD_BYTES, server_context
from chatroom.protocol.codec import encode
from chatroom.protocol.frames import encode_frame
from chatroom.protocol.packets import Hello, ListRooms, Ping, Pong, RoomList
from chatroom.server.hub.hub import Hub
from chatroom.server.reading import STRANGER_BYTES
from support.raw_client import RawClient, raw_client
from support.service_thread import ServiceThread, running_service

SENT_BYTES = 40_000
OVERHEAD_BYTES = 22
"""What TLS 1.3 adds to a record."""


@pytest.fixture
def key(tmp_path: Path) -> ServerKey:
    return load_or_create_server_key(tmp_path, ["localhost"])


def unread_bytes(sock: socket.socket) -> int:
    """How much the kernel holds that the server has not read."""
    answer = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, answer)
    return answer[0]


def read_of(host: ServiceThread, client: RawClient, data: bytes, piece_bytes: int) -> int:
    """How much of `data` the server reads of a stranger that is paused, as bytes on the wire."""
    client.wait_for(Hello)
    pieces = [data[start : start + piece_bytes] for start in range(0, len(data), piece_bytes)]
    rests, all_sent = threading.Event(), threading.Event()
    host.loop.call_from_thread(rests.set)
    host.loop.call_from_thread(lambda: all_sent.wait(5))  # everything is there when it looks
    assert rests.wait(5)
    for piece in pieces:
        client.socket.sendall(piece)
    all_sent.set()
    client.wait_for(Pong)
    time.sleep(0.2)  # half of the pause after one Ping
    on_the_wire = len(data)
    if isinstance(client.socket, ssl.SSLSocket):
        on_the_wire += OVERHEAD_BYTES * len(pieces)
    return on_the_wire - unread_bytes(host.accepted[-1])


PINGS = encode(Ping(1)) * (SENT_BYTES // len(encode(Ping(1))))


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what was not read")
def test_of_a_stranger_no_more_than_a_login_is_read_ahead() -> None:
    with running_service() as host, raw_client(host.port) as stranger:
        assert read_of(host, stranger, PINGS, SENT_BYTES) <= STRANGER_BYTES


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what was not read")
@pytest.mark.parametrize(
    ("piece_bytes", "most_bytes"), [(500, STRANGER_BYTES), (RECORD_BYTES, 2**14 + 5_000)]
)
def test_of_a_stranger_no_more_than_a_record_of_tls_is_read_ahead(
    key: ServerKey, piece_bytes: int, most_bytes: int
) -> None:
    tls = server_context(key.cert_path, key.key_path)
    with (
        running_service(tls=tls, key_hash=key.spki_hash) as host,
        raw_client(host.port, tls=True) as stranger,
    ):
        assert read_of(host, stranger, PINGS, piece_bytes) <= most_bytes


def test_who_has_logged_in_may_send_much_at_once() -> None:
    with running_service() as host, raw_client(host.port) as ana:
        ana.enter("ana")
        ana.socket.sendall(PINGS)
        for _ in range(len(PINGS) // len(encode(Ping(1)))):
            ana.wait_for(Pong)


def test_packets_that_may_be_ignored_are_paid_for_like_pings() -> None:
    ignorable = encode_frame(0x9999, b"\xc0")
    with running_service() as host, raw_client(host.port) as ana, raw_client(host.port) as bob:
        ana.enter("ana")
        bob.enter("bob")
        ana.socket.sendall(ignorable * 2_500)  # 200 at once, 20 a second; each costs a tenth
        ana.send(Ping(1))
        begun = time.monotonic()
        bob.send(Ping(2))
        bob.wait_for(Pong)
        assert time.monotonic() - begun < 0.5
        ana.wait_for(Pong)
        assert time.monotonic() - begun > 1.0


class CountingHub(Hub):
    """A hub that counts passes."""

    passes = 0

    def begin_pass(self, now: float, now_ms: int) -> None:
        self.passes += 1
        super().begin_pass(now, now_ms)


def test_the_connections_of_one_account_share_what_it_may_ask_for_in_a_pass() -> None:
    """What they ask for at once fills twenty passes for that account, and one for all others."""
    with running_service(CountingHub) as host, ExitStack() as stack:
        assert isinstance(host.hub, CountingHub)
        many = [stack.enter_context(raw_client(host.port)) for _ in range(10)]
        for client in many:
            client.key = many[0].key
            client.enter("ana")
        bob = stack.enter_context(raw_client(host.port))
        bob.enter("bob")
        ready = threading.Event()
        host.loop.call_from_thread(lambda: ready.wait(5))
        for client in many:
            client.socket.sendall(b"".join(encode(ListRooms(number)) for number in range(10, 20)))
        bob.send(Ping(1))
        ready.set()
        before = host.hub.passes
        bob.wait_for(Pong)
        assert host.hub.passes - before <= 4
        for client in many:
            client.wait_for(lambda packet: isinstance(packet, RoomList) and packet.id == 19)
        assert host.hub.passes - before >= 15
