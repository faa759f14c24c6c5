import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.net import connector as connector_module
from chatroom.net.connector import NEXT_ADDRESS_S, Backoff, Connector
from chatroom.net.keys import ServerKey
from chatroom.net.listener import Listener
from chatroom.net.loop import Loop
from chatroom.net.stream import PlainStream, Stream, StreamClosed
from chatroom.net.tls import TlsStream, client_context, peer_pin
from support.patience import PATIENCE_S
from support.ports import held_port

RunUntil = Callable[[Callable[[], object]], None]


class Outcome:
    """What a connector has called, in order."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.reasons: list[str] = []

    def __len__(self) -> int:
        return len(self.streams) + len(self.reasons)

    def close(self) -> None:
        for stream in self.streams:
            stream.close()


@pytest.fixture
def outcome() -> Iterator[Outcome]:
    outcome = Outcome()
    yield outcome
    outcome.close()


@pytest.fixture
def connect(loop: Loop, outcome: Outcome) -> Callable[..., Connector]:
    def start(
        host: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> Connector:
        return Connector(
            loop, host, port, tls, server_name, outcome.streams.append, outcome.reasons.append, timeout_s
        )

    return start


Connect = Callable[..., Connector]


class PlainServer:
    """Accepts and greets."""

    def __init__(self, loop: Loop, host: str = "127.0.0.1", greeting: bytes = b"hello") -> None:
        self.streams: list[PlainStream] = []
        self.greeting = greeting
        self.listener = Listener(loop, host, 0, self.welcome)
        self.address = self.listener.address

    def welcome(self, sock: socket.socket, address: tuple[str, int]) -> None:
        stream = PlainStream(sock)
        if self.greeting:
            stream.send(self.greeting)
        self.streams.append(stream)

    def close(self) -> None:
        self.listener.close()
        for stream in self.streams:
            stream.close()


@pytest.fixture
def plain_server(loop: Loop) -> Iterator[PlainServer]:
    server = PlainServer(loop)
    yield server
    server.close()


class TlsServer(PlainServer):
    """Shakes hands and greets as soon as it can."""

    def __init__(self, loop: Loop, context: ssl.SSLContext) -> None:
        super().__init__(loop)
        self.loop = loop
        self.context = context
        self.failures: list[str] = []

    def welcome(self, sock: socket.socket, address: tuple[str, int]) -> None:
        stream = TlsStream(sock, self.context, server_side=True)
        self.streams.append(stream)

        def go_on() -> None:
            try:
                is_done = stream.handshake()
            except StreamClosed as closed:
                self.failures.append(closed.reason)
                self.loop.unwatch(stream)
            else:
                if is_done:
                    self.loop.unwatch(stream)
                    stream.send(self.greeting)

        self.loop.watch(stream, go_on)


@pytest.fixture
def tls_server(loop: Loop, server_tls: ssl.SSLContext) -> Iterator[TlsServer]:
    server = TlsServer(loop, server_tls)
    yield server
    server.close()


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port at which nothing listens."""
    with held_port() as port:
        yield port


@pytest.fixture
def silent_address() -> Iterator[tuple[str, int]]:
    """An address that answers nothing: a listener whose backlog is full drops every further connect."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listening.getsockname())
        fillers.append(filler)
    yield listening.getsockname()
    for sock in (listening, *fillers):
        sock.close()


@pytest.fixture
def resolve_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have names resolve to these addresses; literal ones resolve as ever."""
    real = socket.getaddrinfo

    def install(*addresses: tuple[str, int]) -> None:
        def look_up(host: str, port: int, **options: int) -> list[object]:
            if options.get("flags", 0) & socket.AI_NUMERICHOST:
                return real(host, port, **options)
            return [
                entry for ip, its_port in addresses for entry in real(ip, its_port, type=socket.SOCK_STREAM)
            ]

        monkeypatch.setattr(connector_module.socket, "getaddrinfo", look_up)

    return install


def _read(stream: Stream, loop: Loop, count: int) -> bytes:
    got = bytearray()
    deadline = time.monotonic() + PATIENCE_S
    while len(got) < count:
        assert time.monotonic() < deadline
        got += stream.read()
        loop.run_once(0.001)
    return bytes(got)


def test_a_plain_stream_is_given_for_a_literal_address(
    loop: Loop, run_until: RunUntil, connect: Connect, outcome: Outcome, plain_server: PlainServer
) -> None:
    connect(*plain_server.address)
    assert len(outcome) == 0, "no callback runs inside the constructor"
    run_until(lambda: len(outcome))
    assert isinstance(outcome.streams[0], PlainStream)
    assert _read(outcome.streams[0], loop, 5) == b"hello"


def test_a_name_is_resolved_in_a_thread(
    loop: Loop, run_until: RunUntil, connect: Connect, outcome: Outcome, plain_server: PlainServer
) -> None:
    connect("localhost", plain_server.address[1])
    run_until(lambda: len(outcome))
    assert _read(outcome.streams[0], loop, 5) == b"hello"


def test_an_ipv6_address_is_connected_to(
    loop: Loop, run_until: RunUntil, connect: Connect, outcome: Outcome
) -> None:
    try:
        server = PlainServer(loop, "::1")
    except OSError:
        pytest.skip("this machine has no IPv6 on its loopback")
    connect(*server.address)
    run_until(lambda: len(outcome))
    assert outcome.streams[0].peer_address == f"[::1]:{server.address[1]}"
    server.close()


def test_a_tls_stream_is_given_with_its_handshake_done(
    loop: Loop,
    run_until: RunUntil,
    connect: Connect,
    outcome: Outcome,
    tls_server: TlsServer,
    client_tls: ssl.SSLContext,
    server_key: ServerKey,
) -> None:
    connect(*tls_server.address, client_tls, "localhost")
    run_until(lambda: len(outcome))
    stream = outcome.streams[0]
    assert isinstance(stream, TlsStream)
    assert peer_pin(stream) == server_key.pin
    assert _read(stream, loop, 5) == b"hello"


@pytest.mark.parametrize(
    ("name", "is_accepted"), [("localhost", True), ("127.0.0.1", True), ("other.example", False)]
)
def test_a_certificate_is_checked_against_the_name_when_authorities_are_asked(
    name: str,
    is_accepted: bool,
    run_until: RunUntil,
    connect: Connect,
    outcome: Outcome,
    tls_server: TlsServer,
    server_key: ServerKey,
) -> None:
    context = client_context(verify_ca=True)
    context.load_verify_locations(server_key.cert_path)
    connect(*tls_server.address, context, name)
    run_until(lambda: len(outcome))
    assert bool(outcome.streams) is is_accepted
    assert is_accepted or "certificate is refused" in outcome.reasons[0]


def test_a_refused_connect_is_told_in_one_line(
    run_until: RunUntil, connect: Connect, outcome: Outcome, free_port: int
) -> None:
    connect("127.0.0.1", free_port)
    run_until(lambda: len(outcome))
    assert outcome.reasons == [f"127.0.0.1:{free_port}: refused: nothing listens there"]


def test_a_name_that_nobody_knows_is_told_in_one_line(
    run_until: RunUntil, connect: Connect, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(connector_module.socket, "getaddrinfo", unknown)
    connect("nowhere.example", 1)
    run_until(lambda: len(outcome))
    assert outcome.reasons == ["cannot find nowhere.example: name or service not known"]


def test_a_name_that_cannot_be_one_is_told_in_one_line(
    run_until: RunUntil, connect: Connect, outcome: Outcome
) -> None:
    connect("a" * 70 + ".example", 1)
    run_until(lambda: len(outcome))
    assert "not a host name" in outcome.reasons[0]


def test_a_refusing_first_address_costs_nothing(
    run_until: RunUntil,
    connect: Connect,
    outcome: Outcome,
    plain_server: PlainServer,
    free_port: int,
    resolve_to: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connector_module, "NEXT_ADDRESS_S", PATIENCE_S)
    resolve_to(("127.0.0.1", free_port), plain_server.address)
    start = time.monotonic()
    connect("two.example", 1)
    run_until(lambda: len(outcome))
    assert outcome.streams
    assert time.monotonic() - start < PATIENCE_S / 2


def test_a_silent_first_address_costs_a_quarter_of_a_second(
    run_until: RunUntil,
    connect: Connect,
    outcome: Outcome,
    plain_server: PlainServer,
    silent_address: tuple[str, int],
    resolve_to: Callable[..., None],
) -> None:
    resolve_to(silent_address, plain_server.address)
    start = time.monotonic()
    connector = connect("two.example", 1)
    run_until(lambda: len(outcome))
    assert outcome.streams[0].peer_address.endswith(str(plain_server.address[1]))
    assert NEXT_ADDRESS_S * 0.9 < time.monotonic() - start < PATIENCE_S / 2
    assert not connector._attempts, "those who lost are closed"


def test_when_all_addresses_refuse_one_reason_is_given(
    run_until: RunUntil, connect: Connect, outcome: Outcome, free_port: int, resolve_to: Callable[..., None]
) -> None:
    resolve_to(("127.0.0.1", free_port), ("127.0.0.2", free_port))
    connect("two.example", 1)
    run_until(lambda: len(outcome))
    assert len(outcome.reasons) == 1
    assert "refused" in outcome.reasons[0]


def test_a_silent_address_ends_at_the_deadline(
    run_until: RunUntil, connect: Connect, outcome: Outcome, silent_address: tuple[str, int]
) -> None:
    start = time.monotonic()
    connect(*silent_address, timeout_s=0.2)
    run_until(lambda: len(outcome))
    host, port = silent_address
    assert outcome.reasons == [f"no answer within 0.2 s while connecting to {host}:{port}"]
    assert 0.19 < time.monotonic() - start < PATIENCE_S / 2


def test_a_silent_handshake_ends_at_the_deadline(
    run_until: RunUntil, connect: Connect, outcome: Outcome, loop: Loop, client_tls: ssl.SSLContext
) -> None:
    server = PlainServer(loop, greeting=b"")
    connect(*server.address, client_tls, "localhost", timeout_s=0.2)
    run_until(lambda: len(outcome))
    assert "waiting for the TLS handshake" in outcome.reasons[0]
    assert server.streams[0].read()[:1] == b"\x16"
    with pytest.raises(StreamClosed):
        server.streams[0].read()
    server.close()


def test_a_lookup_that_hangs_ends_at_the_deadline_and_its_late_answer_is_ignored(
    loop: Loop,
    run_until: RunUntil,
    connect: Connect,
    outcome: Outcome,
    plain_server: PlainServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer, answered, real = threading.Event(), threading.Event(), socket.getaddrinfo

    def slow(host: str, port: int, **options: int) -> object:
        if host == "slow.example" and options.get("flags"):
            raise socket.gaierror(socket.EAI_NONAME, "not numeric")
        answer.wait(PATIENCE_S)
        return real("127.0.0.1", port, type=socket.SOCK_STREAM)

    monkeypatch.setattr(connector_module.socket, "getaddrinfo", slow)
    real_call = loop.call_from_thread
    monkeypatch.setattr(loop, "call_from_thread", lambda callback: (real_call(callback), answered.set()))
    connect("slow.example", plain_server.address[1], timeout_s=0.1)
    run_until(lambda: len(outcome))
    assert "looking up slow.example" in outcome.reasons[0]
    answer.set()
    assert answered.wait(PATIENCE_S)
    for _ in range(5):
        loop.run_once(0.01)
    assert len(outcome) == 1
    assert not plain_server.streams


def test_a_server_without_tls_is_recognised(
    run_until: RunUntil,
    connect: Connect,
    outcome: Outcome,
    plain_server: PlainServer,
    client_tls: ssl.SSLContext,
) -> None:
    connect(*plain_server.address, client_tls, "localhost")
    run_until(lambda: len(outcome))
    assert "does not speak TLS" in outcome.reasons[0]


def test_a_server_name_that_cannot_be_asked_for_is_a_failure(
    run_until: RunUntil,
    connect: Connect,
    outcome: Outcome,
    plain_server: PlainServer,
    client_tls: ssl.SSLContext,
) -> None:
    connect(*plain_server.address, client_tls, ".example")
    run_until(lambda: len(outcome))
    assert len(outcome.reasons) == 1


@pytest.mark.parametrize("passes", [0, 1, 2, 3])
def test_after_cancel_nothing_is_called(
    passes: int,
    loop: Loop,
    connect: Connect,
    outcome: Outcome,
    tls_server: TlsServer,
    client_tls: ssl.SSLContext,
) -> None:
    connector = connect(*tls_server.address, client_tls, "localhost")
    for _ in range(passes):
        loop.run_once(0.001)
    before = len(outcome)
    connector.cancel()
    connector.cancel()
    loop._timers.run_due(loop.now() + 2 * PATIENCE_S)
    for _ in range(3):
        loop.run_once(0.02)
    assert len(outcome) == before == 0


def test_a_cancelled_connector_leaves_no_descriptor_watched(
    loop: Loop, connect: Connect, silent_address: tuple[str, int]
) -> None:
    before = len(loop._watches)
    connector = connect(*silent_address)
    loop.run_once(0.01)
    assert len(loop._watches) == before + 1
    connector.cancel()
    assert len(loop._watches) == before


def test_a_connect_that_met_itself_is_a_refusal(loop: Loop) -> None:
    """A socket bound to the port that it connects to is connected to itself, with nobody listening."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        try:
            sock.connect(sock.getsockname())
        except OSError:
            pytest.skip("this system does not connect a socket to itself")
        assert connector_module._failure_of(sock) == "refused: nothing listens there"


def test_families_are_tried_in_turn(resolve_to: Callable[..., None]) -> None:
    resolve_to(("::1", 1), ("::2", 1), ("::1", 1), ("127.0.0.1", 1), ("127.0.0.2", 1), ("127.0.0.3", 1))
    found = [candidate.where for candidate in connector_module._resolve("many.example", 1, 0)]
    assert found == ["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1", "127.0.0.3:1"]


@given(st.integers(0, 2**32), st.floats(0.01, 10), st.floats(1, 100), st.integers(1, 60))
def test_every_delay_is_between_half_and_whole_of_a_doubling_bounded_step(
    seed: int, first_s: float, factor: float, count: int
) -> None:
    limit_s = first_s * factor
    backoff = Backoff(first_s, limit_s, Random(seed))
    for attempt in range(count):
        step_s = min(limit_s, first_s * 2**attempt)
        assert step_s * 0.499999 <= backoff.next_delay() <= step_s * 1.000001
    backoff.reset()
    assert backoff.next_delay() <= first_s


def test_the_usual_delays_go_from_a_fifth_of_a_second_to_half_a_minute() -> None:
    backoff = Backoff()
    delays = [backoff.next_delay() for _ in range(20)]
    assert 0.1 <= delays[0] <= 0.2
    assert all(15 <= delay <= 30 for delay in delays[8:])


def test_two_clients_that_lost_the_same_server_do_not_come_back_together() -> None:
    clients = [Backoff() for _ in range(200)]
    first = sorted(client.next_delay() for client in clients)
    assert first[-1] - first[0] > 0.05
    assert len(set(first)) == 200
