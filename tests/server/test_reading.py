"""Reading, with real sockets: what a stranger may make the server hold, and whose turn it is."""

import array
import dataclasses
import fcntl
import ssl
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chatroom.net.keys import ServerKey, load_or_create_server_key
from chatroom.net.tls import RECORD_BYTES, server_context
from chatroom.protocol.codec import encode
from chatroom.protocol.frames import encode_frame
from chatroom.protocol.packets import Hello, ListRooms, Packet, Ping, Pong, Post, RoomList
from chatroom.protocol.posts import POSTS
from chatroom.protocol.requests import Incoming
from chatroom.server.connection import Connection
from chatroom.server.hub.context import HubSettings
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import Log, Verify
from chatroom.server.hub.state import Peer
from chatroom.server.reading import PASS_POSTS, STRANGER_BYTES, Reading
from support.patience import wait_until
from support.raw_client import RawClient, raw_client
from support.service_thread import ServiceThread, running_service

SENT_BYTES = 40_000
OVERHEAD_BYTES = 22
"""What TLS 1.3 adds to a record."""


@pytest.fixture
def key(tmp_path: Path) -> ServerKey:
    return load_or_create_server_key(tmp_path, ["localhost"])


def unread_bytes(host: ServiceThread) -> int:
    """How much the kernel holds that the server has not read, of all its connections."""
    answer = array.array("i", [0])
    total = 0
    for sock in host.accepted:
        fcntl.ioctl(sock, termios.FIONREAD, answer)
        total += answer[0]
    return total


def wait_until_arrived(host: ServiceThread, size_bytes: int) -> None:
    """Wait until the kernel holds this much for the server, which rests."""
    wait_until(lambda: unread_bytes(host) >= size_bytes, "not everything arrived")


def read_of(host: ServiceThread, client: RawClient, data: bytes, piece_bytes: int) -> int:
    """How much of `data` the server reads of a stranger that is paused, as bytes on the wire."""
    client.wait_for(Hello)
    pieces = [data[start : start + piece_bytes] for start in range(0, len(data), piece_bytes)]
    on_the_wire = len(data)
    if isinstance(client.socket, ssl.SSLSocket):
        on_the_wire += OVERHEAD_BYTES * len(pieces)
    with host.resting():
        for piece in pieces:
            client.socket.sendall(piece)
        wait_until_arrived(host, on_the_wire)
    client.wait_for(Pong)
    time.sleep(0.2)  # what else it would read it reads at once; the next Ping is heard after a second
    return on_the_wire - unread_bytes(host)


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


class CountingHub(Hub):
    """A hub that notes in which pass it hears a request.

    Noted where it happens: between an answer and the moment at which a test sees it, the service may go
    through any number of passes.
    """

    def __init__(self, settings: HubSettings, log: Log, verify: Verify) -> None:
        super().__init__(settings, log, verify)
        self.passes = 0
        self.heard: list[tuple[int, Incoming]] = []

    def begin_pass(self, now: float, now_ms: int) -> None:
        self.passes += 1
        super().begin_pass(now, now_ms)

    def receive(self, peer: Peer, packet: Incoming) -> int:
        self.heard.append((self.passes, packet))
        return super().receive(peer, packet)

    def passes_of(self, kind: type[Packet]) -> list[int]:
        """The passes in which packets of this kind were heard."""
        return [number for number, packet in self.heard if isinstance(packet, kind)]


def test_packets_that_may_be_ignored_are_paid_for_like_pings() -> None:
    ignorable = encode_frame(0x9999, b"\xc0")
    with (
        running_service(CountingHub) as host,
        raw_client(host.port) as ana,
        raw_client(host.port) as bob,
    ):
        assert isinstance(host.hub, CountingHub)
        ana.enter("ana")
        bob.enter("bob")
        begun = time.monotonic()
        ana.socket.sendall(ignorable * 2_500)  # 200 at once, 20 a second; each costs a tenth
        ana.send(Ping(1))
        bob.send(Ping(2))
        bob.wait_for(Pong)
        ana.wait_for(Pong)
        assert time.monotonic() - begun > 1.0
        assert [packet.token for _, packet in host.hub.heard if isinstance(packet, Ping)] == [2, 1]


def test_the_connections_of_one_account_share_what_it_may_ask_for_in_a_pass() -> None:
    """What they ask for at once fills twenty passes for that account, and one for all others."""
    lists, ping = b"".join(encode(ListRooms(number)) for number in range(10, 20)), encode(Ping(1))
    with running_service(CountingHub) as host, ExitStack() as stack:
        assert isinstance(host.hub, CountingHub)
        many = [stack.enter_context(raw_client(host.port)) for _ in range(10)]
        for client in many:
            client.key = many[0].key
            client.enter("ana")
        bob = stack.enter_context(raw_client(host.port))
        bob.enter("bob")
        host.call(lambda: None)  # whatever they said so far is heard
        with host.resting():
            for client in many:
                client.socket.sendall(lists)
            bob.socket.sendall(ping)
            wait_until_arrived(host, len(lists) * len(many) + len(ping))
        bob.wait_for(Pong)
        for client in many:
            client.wait_for(lambda packet: isinstance(packet, RoomList) and packet.id == 19)
        listed, answered = host.hub.passes_of(ListRooms), host.hub.passes_of(Ping)
        assert len(listed) == 100
        assert answered[0] - listed[0] <= 1
        assert listed[-1] - listed[0] >= 15


class InterruptedHub(CountingHub):
    """A hub that does something in the middle of its work: when it hears a list asked for the 200th time."""

    def __init__(self, settings: HubSettings, log: Log, verify: Verify) -> None:
        super().__init__(settings, log, verify)
        self.interrupt: Callable[[], None] = lambda: None

    def receive(self, peer: Peer, packet: Incoming) -> int:
        effort = super().receive(peer, packet)
        if isinstance(packet, ListRooms) and len(self.passes_of(ListRooms)) == 200:
            self.interrupt()
        return effort


def passes_waited_by_bob(question: Ping | ListRooms, *, asks_with_the_others: bool) -> int:
    """How many passes it takes until bob is heard, whose question comes last of all, or amid twenty passes of
    work: forty accounts ask for ten lists each.
    """
    lists = b"".join(encode(ListRooms(number)) for number in range(10, 20))
    asked: list[int] = []
    with running_service(InterruptedHub) as host, ExitStack() as stack:
        hub = host.hub
        assert isinstance(hub, InterruptedHub)
        crowd = [stack.enter_context(raw_client(host.port)) for _ in range(40)]
        for number, client in enumerate(crowd):
            client.enter(f"ana-{number}")
        bob = stack.enter_context(raw_client(host.port))
        bob.enter("bob")

        def ask() -> None:
            asked.append(hub.passes)
            bob.socket.sendall(encode(question))

        host.call(lambda: None)
        with host.resting():
            for client in crowd:
                client.socket.sendall(lists)
            if asks_with_the_others:
                wait_until_arrived(host, len(lists) * len(crowd))
                ask()
            else:
                hub.interrupt = ask
            wait_until_arrived(host, len(lists) * len(crowd) + len(encode(question)) * asks_with_the_others)
        for client in crowd:
            client.wait_for(lambda packet: isinstance(packet, RoomList) and packet.id == 19)
        bob.wait_for(lambda packet: isinstance(packet, Pong | RoomList))
        listed = hub.passes_of(ListRooms)
        assert len(set(listed)) >= 20
        return next(number for number, packet in hub.heard if packet == question) - max(asked[0], listed[0])


def test_what_people_write_does_not_wait_behind_what_others_look_up() -> None:
    assert passes_waited_by_bob(Ping(77), asks_with_the_others=True) == 0


def test_who_asked_for_little_is_served_before_those_who_asked_for_much() -> None:
    assert passes_waited_by_bob(ListRooms(77), asks_with_the_others=False) <= 2


@pytest.mark.parametrize("text", ["plain", "schön"])
def test_a_pass_takes_so_many_messages_and_who_writes_one_is_heard_before_who_writes_many(text: str) -> None:
    """Twenty accounts send 100 messages each; bob's one comes last of all."""
    with running_service(CountingHub) as host, ExitStack() as stack:
        hub = host.hub
        assert isinstance(hub, CountingHub)
        crowd = [stack.enter_context(raw_client(host.port)) for _ in range(20)]
        rooms = [client.enter(f"ana-{number}", follow=False) for number, client in enumerate(crowd)]
        bob = stack.enter_context(raw_client(host.port))
        bob.enter("bob")
        many = [
            b"".join(
                encode(Post(10, room, (place << 8 | number).to_bytes(16), text)) for number in range(100)
            )
            for place, room in enumerate(rooms)
        ]
        one = encode(Post(10, rooms[0], b"bob" + bytes(13), "bob"))
        host.call(lambda: None)
        with host.resting():
            for client, messages in zip(crowd, many, strict=True):
                client.socket.sendall(messages)
            wait_until_arrived(host, sum(map(len, many)))
            bob.socket.sendall(one)
            wait_until_arrived(host, sum(map(len, many)) + len(one))
        bob.wait_for_text("bob")
        wait_until(lambda: sum(messages_of(hub).values()) == 2_001, "not everything was heard")
        taken = messages_of(hub)
        assert max(taken.values()) < PASS_POSTS + 16
        assert sum(count for number, count in taken.items() if number < bobs_pass(hub)) <= PASS_POSTS + 16


class StrictHub(CountingHub):
    """A hub in which everybody has to wait after each message."""

    def __init__(self, settings: HubSettings, log: Log, verify: Verify) -> None:
        super().__init__(dataclasses.replace(settings, post_burst=1.0), log, verify)


def test_a_pass_is_full_also_of_messages_after_each_of_which_its_sender_has_to_wait() -> None:
    """Seventy accounts that have used up what they may write at once send sixteen messages each."""
    with running_service(StrictHub) as host, ExitStack() as stack:
        hub = host.hub
        assert isinstance(hub, CountingHub)
        crowd = [stack.enter_context(raw_client(host.port)) for _ in range(70)]
        rooms = [client.enter(f"ana-{number}", follow=False) for number, client in enumerate(crowd)]
        many = [
            b"".join(encode(Post(10, room, (place << 8 | number).to_bytes(16), "x")) for number in range(16))
            for place, room in enumerate(rooms)
        ]
        host.call(lambda: None)
        with host.resting():
            for client, messages in zip(crowd, many, strict=True):
                client.socket.sendall(messages)
            wait_until_arrived(host, sum(map(len, many)))
        wait_until(lambda: sum(messages_of(hub).values()) == 70 * 16, "not everything was heard")
        assert max(messages_of(hub).values()) < PASS_POSTS + 16


def test_nobody_who_waits_is_called_in_a_pass_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty accounts send 100 messages each: twelve passes and one call for each of them would do, and one
    more where a pass is full before their turn comes.
    """
    calls: list[None] = []
    handle = Reading._handle_packets

    def counted(reading: Reading, connection: Connection, packets: Iterator[Incoming]) -> None:
        calls.append(None)
        handle(reading, connection, packets)

    with running_service(CountingHub) as host, ExitStack() as stack:
        hub = host.hub
        assert isinstance(hub, CountingHub)
        crowd = [stack.enter_context(raw_client(host.port)) for _ in range(60)]
        rooms = [client.enter(f"ana-{number}", follow=False) for number, client in enumerate(crowd)]
        host.call(lambda: None)
        monkeypatch.setattr(Reading, "_handle_packets", counted)
        with host.resting():
            for place, client in enumerate(crowd):
                posts = [Post(9, rooms[0], (place << 8 | number).to_bytes(16), "x") for number in range(100)]
                client.socket.sendall(b"".join(map(encode, posts)))
            time.sleep(0.1)
        wait_until(lambda: sum(messages_of(hub).values()) == 6_000, "not everything was heard")
        taken = messages_of(hub)
        assert max(taken) - min(taken) < 16
        assert len(calls) < 2.5 * len(crowd)


def messages_of(hub: CountingHub) -> dict[int, int]:
    """How many messages were heard, by the pass."""
    taken: dict[int, int] = {}
    for number, packet in list(hub.heard):
        if isinstance(packet, (Post, *POSTS)):
            taken[number] = taken.get(number, 0) + (1 if isinstance(packet, Post) else len(packet))
    return taken


def bobs_pass(hub: CountingHub) -> int:
    """The pass in which bob was heard."""
    for number, packet in hub.heard:
        if isinstance(packet, POSTS) and packet.nonces().startswith(b"bob"):
            return number
    raise AssertionError("bob was not heard")
