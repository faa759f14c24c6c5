import datetime as dt
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from chatroom.client.connection.connection import READ_BUDGET_BYTES, Connection
from chatroom.client.connection.identity import RisingNonces
from chatroom.client.connection.trust import KnownServers
from chatroom.client.session.events import State, StateChanged
from chatroom.client.session.session import Session
from chatroom.client.session.wire import SILENCE_S
from chatroom.config.lock import DirectoryLock
from chatroom.net.address import JoinAddress
from chatroom.net.connector import Backoff
from chatroom.net.keys import ServerKey, load_or_create_server_key
from chatroom.net.loop import Loop
from chatroom.protocol.codec import encode
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Closing
from support.patience import PATIENCE_S, wait_until
from support.session_world import ListOutbox
from support.tiny_host import TinyHost, run_until
from support.tiny_server import FakeSigner, TinyServer

OTHER_PIN = "z" * 24


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> ServerKey:
    return load_or_create_server_key(tmp_path_factory.mktemp("key"), ["localhost"])


class Client:
    """A session on a connection, and how often it said that something changed."""

    def __init__(self, loop: Loop, address: JoinAddress, tmp_path: Path, *, accept_new: bool = False) -> None:
        self.loop = loop
        self.known = KnownServers(tmp_path / "known_servers.toml")
        self.changes = 0
        self.session = Session(
            "alice", FakeSigner("alice"), ListOutbox(), session_id=bytes(16), new_nonce=RisingNonces()
        )
        self.connection = Connection(
            loop,
            self.session,
            address,
            self.known,
            on_change=self._changed,
            accept_new=accept_new,
            backoff=Backoff(first_s=0.01, limit_s=0.05, random=Random(1)),
        )

    def _changed(self) -> None:
        self.changes += 1

    @property
    def state(self) -> State:
        return self.session.state

    def start(self) -> "Client":
        self.connection.start()
        return self

    def online(self) -> "Client":
        self.start()
        run_until(self.loop, lambda: self.state is State.ONLINE)
        return self


@pytest.fixture
def host(loop: Loop) -> Iterator[TinyHost]:
    host = TinyHost(loop, TinyServer())
    yield host
    host.close()


@pytest.fixture
def tls_host(loop: Loop, key: ServerKey) -> Iterator[TinyHost]:
    host = TinyHost(loop, TinyServer(), key)
    yield host
    host.close()


@pytest.fixture
def client(loop: Loop, host: TinyHost, tmp_path: Path) -> Iterator[Client]:
    client = Client(loop, JoinAddress("127.0.0.1", host.port, tls=False), tmp_path)
    yield client
    client.connection.close()


def test_it_connects_logs_in_and_posts(loop: Loop, host: TinyHost, client: Client) -> None:
    client.online()
    client.session.post(1, "hello")
    client.connection.send()
    run_until(loop, lambda: client.session.waiting_count == 0)
    assert host.server.texts() == ["hello"]
    assert client.changes > 0


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_pass_reads_a_little_so_that_keys_come_between(
    loop: Loop, key: ServerKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_tls: bool
) -> None:
    server = TinyServer()
    host = TinyHost(loop, server, key if is_tls else None)
    client = Client(loop, JoinAddress("127.0.0.1", host.port, tls=is_tls), tmp_path, accept_new=True).online()
    reads: list[int] = []
    receive = client.session.receive
    monkeypatch.setattr(
        client.session, "receive", lambda data, *now: reads.append(len(data)) or receive(data, *now)
    )
    for number in range(3000):
        server.say("flood", f"message {number}")
    server.flush()
    for link in host.links:
        link.send()
    passes = []
    while client.session.timeline(1).cursor < server.room("lobby").head:
        before = len(reads)
        loop.run_once(1.0)
        passes.append(len(reads) - before)
    assert max(reads) <= READ_BUDGET_BYTES
    assert max(passes[1:]) == 1
    client.connection.close()
    host.close()


def test_the_owner_is_never_called_from_within_its_own_call(loop: Loop, client: Client) -> None:
    client.online()
    before = client.changes
    client.session.post(1, "hello")
    client.connection.send()
    client.connection.send()
    assert client.changes == before


def test_a_cut_connection_comes_back_with_what_was_missed(loop: Loop, host: TinyHost, client: Client) -> None:
    client.online()
    host.cut()
    host.say("bob", "missed")
    run_until(loop, lambda: client.state is State.OFFLINE)
    assert client.connection.next_attempt_at is not None
    run_until(loop, lambda: client.state is State.ONLINE and client.session.timeline(1).cursor == 3)
    assert client.connection.next_attempt_at is None


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def dying(
    loop: Loop, key: ServerKey, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Client, TinyHost]]:
    """A client that is in, and a server that `die_unread` ends."""
    host = TinyHost(loop, TinyServer(), key if request.param else None)
    address = JoinAddress("127.0.0.1", host.port, tls=request.param)
    client = Client(loop, address, tmp_path, accept_new=True).online()
    yield client, host
    client.connection.close()
    host.close()


def die_unread(client: Client, host: TinyHost) -> None:
    """The server ends with a message unread, so that its end is a reset, and the client, which reads nothing
    meanwhile, finds that it cannot send.
    """
    client.session.post(1, "unread")
    client.connection.send()
    host.kill()

    def send_more() -> None:
        client.session.post(1, "too late")
        client.connection.send()

    wait_until(lambda: client.state is State.OFFLINE, between=send_more)


def test_what_was_acknowledged_before_a_send_failed_is_heard(
    loop: Loop, dying: tuple[Client, TinyHost]
) -> None:
    client, host = dying
    client.session.post(1, "stored")
    client.connection.send()
    wait_until(host.server.texts, between=host.links[0]._readable)
    die_unread(client, host)
    assert client.session.stored_count == 1
    assert "stored" not in [waiting.text for waiting in client.session.waiting(1)]


def test_why_a_server_ends_the_connection_is_heard_also_where_a_send_fails_first(
    loop: Loop, dying: tuple[Client, TinyHost]
) -> None:
    client, host = dying
    host.links[0].stream.send(encode(Closing(ErrorCode.SUPERSEDED, "a newer connection")))
    die_unread(client, host)
    assert client.connection.is_over
    reasons = [event.reason for event in client.session.take_events() if isinstance(event, StateChanged)]
    assert "a newer connection" in reasons[-1]


def test_a_server_that_is_gone_is_tried_until_it_is_back(loop: Loop, host: TinyHost, client: Client) -> None:
    client.online()
    host.kill()
    client.session.post(1, "while it is gone")
    client.connection.send()
    run_until(loop, lambda: client.changes > 12)
    assert client.session.waiting_count == 1
    host.listen()
    run_until(loop, lambda: client.session.waiting_count == 0)
    assert host.server.texts() == ["while it is gone"]


def test_the_next_attempt_can_be_made_at_once(loop: Loop, host: TinyHost, tmp_path: Path) -> None:
    client = Client(loop, JoinAddress("127.0.0.1", host.port, tls=False), tmp_path)
    client.connection._backoff = Backoff(first_s=1000, limit_s=1000)
    client.online()
    host.cut()
    run_until(loop, lambda: client.connection.next_attempt_at is not None)
    client.connection.retry_now()
    assert client.connection.next_attempt_at is None
    run_until(loop, lambda: client.state is State.ONLINE)
    client.connection.close()


@pytest.fixture
def waits(client: Client) -> list[float]:
    """How long the client would have waited before each attempt; it does not."""
    waits: list[float] = []

    class Noting(Backoff):
        def next_delay(self) -> float:
            waits.append(super().next_delay())
            return 0.0

    client.connection._backoff = Noting(first_s=1, limit_s=1000)
    return waits


def test_a_server_that_ends_every_connection_over_a_message_is_tried_less_and_less_often(
    loop: Loop, host: TinyHost, client: Client, waits: list[float]
) -> None:
    client.online()
    for count in (1, 2):
        host.cut()
        run_until(loop, lambda count=count: len(waits) == count and client.state is State.ONLINE)  # type: ignore[misc]
    assert max(waits) <= 1.0  # nothing waited: the server did all it was asked
    host.server.refuse = lambda post: host.cut()  # type: ignore[func-returns-value]
    client.session.post(1, "poison")
    client.connection.send()
    run_until(loop, lambda: len(waits) >= 6)
    assert waits[5] > 4.0


def test_a_server_that_breaks_the_protocol_on_every_connection_is_tried_less_and_less_often(
    loop: Loop, host: TinyHost, client: Client, waits: list[float]
) -> None:
    client.online()
    for count in range(1, 6):
        host.links[0].stream.send(bytes(9) + b"bad")
        run_until(loop, lambda count=count: len(waits) == count and client.state is State.ONLINE)  # type: ignore[misc]
    assert waits[4] > 4.0


def test_the_time_a_server_asks_for_is_kept(loop: Loop, host: TinyHost, client: Client) -> None:
    client.online()
    host.links[0].stream.send(encode(Closing(ErrorCode.SHUTDOWN, "back soon", 30_000)))
    run_until(loop, lambda: client.connection.next_attempt_at is not None)
    assert client.connection.next_attempt_at is not None
    assert 15 < client.connection.next_attempt_at - loop.now() <= 30.1


def test_after_a_refusal_for_good_there_is_no_further_attempt(
    loop: Loop, host: TinyHost, client: Client
) -> None:
    client.online()
    host.links[0].stream.send(encode(Closing(ErrorCode.SUPERSEDED, "a newer connection")))
    run_until(loop, lambda: client.connection.is_over)
    assert client.state is State.OFFLINE
    assert client.connection.next_attempt_at is None
    accepted = host.accepted
    loop.run_once(0.1)
    assert host.accepted == accepted


def test_a_silent_server_is_noticed_by_the_clock(loop: Loop, host: TinyHost, client: Client) -> None:
    client.online()
    assert client.connection._tick is not None
    assert 0 < client.connection._tick.when - loop.now() <= SILENCE_S
    client.session._wire._heard_at -= 100
    client.connection._on_tick()
    run_until(loop, lambda: client.connection.next_attempt_at is not None or client.state is State.ONLINE)
    assert host.accepted >= 1


def test_bytes_that_are_no_packets_cut_the_connection(loop: Loop, host: TinyHost, client: Client) -> None:
    client.online()
    host.links[0].stream.send(b"\xff" * 50)
    run_until(loop, lambda: host.accepted == 2)
    run_until(loop, lambda: client.state is State.ONLINE)


def test_a_long_answer_arrives_whole(loop: Loop, host: TinyHost, client: Client) -> None:
    for number in range(300):
        host.server.say("bob", f"{number} " + "x" * 5_000)
    client.online()
    run_until(loop, lambda: client.session.timeline(1).cursor == 302)


def test_who_closed_the_connection_hears_nothing_more_of_it(loop: Loop, client: Client) -> None:
    client.online()
    client.session.post(1, "hello")
    client.connection.send()
    client.connection.close()
    before = client.changes
    client.connection.send()
    for _ in range(3):
        loop.run_once(0.02)
    assert client.changes == before


# -- trust ------------------------------------------------------------------------------------------------


MakeClient = Callable[..., Client]


@pytest.fixture
def tls_client(loop: Loop, tls_host: TinyHost, tmp_path: Path) -> Iterator[MakeClient]:
    """Make clients of the TLS server; they are closed at the end."""
    made: list[Client] = []

    def make(pin: str | None = None, *, accept_new: bool = False) -> Client:
        address = JoinAddress("127.0.0.1", tls_host.port, pin=pin)
        made.append(Client(loop, address, tmp_path, accept_new=accept_new))
        return made[-1]

    yield make
    for client in made:
        client.connection.close()


def test_a_right_pin_needs_no_question_and_is_remembered(
    loop: Loop, tls_host: TinyHost, key: ServerKey, tls_client: MakeClient
) -> None:
    client = tls_client(key.pin).online()
    assert client.known.pin_of(client.connection.address) == key.pin
    tls_client().online()


def test_a_long_answer_arrives_whole_over_tls_too(
    loop: Loop, tls_host: TinyHost, key: ServerKey, tls_client: MakeClient
) -> None:
    for number in range(300):
        tls_host.server.say("bob", f"{number} " + "x" * 5_000)
    client = tls_client(key.pin).online()
    run_until(loop, lambda: client.session.timeline(1).cursor == 302)
    client.connection.close()


def test_an_unknown_server_is_asked_about_once(
    loop: Loop, tls_host: TinyHost, key: ServerKey, tls_client: MakeClient
) -> None:
    client = tls_client().start()
    run_until(loop, lambda: client.connection.question is not None)
    question = client.connection.question
    assert question is not None
    assert question.pin == key.pin
    assert client.state is State.OFFLINE
    assert client.connection.next_attempt_at is None
    assert tls_host.server.connections == [] or not tls_host.server.connections[0].requests
    client.connection.answer(True)
    run_until(loop, lambda: client.state is State.ONLINE)
    assert client.connection.question is None
    client.connection.close()
    assert tls_client().online().connection.question is None


def test_a_server_that_is_not_trusted_is_left_alone(
    loop: Loop, tls_host: TinyHost, tls_client: MakeClient
) -> None:
    client = tls_client().start()
    run_until(loop, lambda: client.connection.question is not None)
    client.connection.answer(False)
    assert client.connection.is_over
    assert client.known.all() == []
    client.connection.answer(True)
    assert client.known.all() == []


def test_who_accepts_new_servers_is_not_asked(
    loop: Loop, tls_host: TinyHost, key: ServerKey, tls_client: MakeClient
) -> None:
    client = tls_client(accept_new=True).online()
    assert client.known.pin_of(client.connection.address) == key.pin
    client.connection.close()


@pytest.mark.parametrize("how", ["pin", "answer"])
def test_a_list_of_known_servers_in_use_holds_up_the_connection_and_not_the_loop(
    loop: Loop,
    tls_host: TinyHost,
    key: ServerKey,
    tls_client: MakeClient,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chatroom.client.connection.trust.LOCK_WAIT_S", PATIENCE_S)
    client = tls_client(key.pin if how == "pin" else None)
    reasons: list[str] = []
    with DirectoryLock.acquire(client.known.path.with_suffix(".lock")):
        client.start()
        if how == "answer":
            run_until(loop, lambda: client.connection.question is not None)
            client.connection.answer(True)
        started = time.monotonic()
        while "another process" not in "".join(reasons):
            loop.run_once(0.02)
            reasons += [e.reason for e in client.session.take_events() if isinstance(e, StateChanged)]
        assert time.monotonic() - started < PATIENCE_S / 2
        assert not client.connection.is_over
    run_until(loop, lambda: client.state is State.ONLINE)
    assert client.connection.question is None
    assert client.known.pin_of(client.connection.address) == key.pin


@pytest.mark.parametrize("where", ["in the join string", "in the file"])
def test_a_server_with_another_key_gets_not_one_byte(
    loop: Loop, tls_host: TinyHost, key: ServerKey, tls_client: MakeClient, where: str
) -> None:
    client = tls_client(OTHER_PIN if "join" in where else None, accept_new=True)
    if "file" in where:
        client.known.remember(client.connection.address, OTHER_PIN, dt.datetime.now(dt.UTC))
    client.start()
    run_until(loop, lambda: client.connection.is_over)
    refusal = client.connection.refusal
    assert refusal is not None
    assert (refusal.expected, refusal.seen) == (OTHER_PIN, key.pin)
    assert all(not connection.requests for connection in tls_host.server.connections)
    assert client.connection.next_attempt_at is None


def test_a_list_of_known_servers_that_is_not_right_stops_everything(
    loop: Loop, tls_host: TinyHost, tls_client: MakeClient
) -> None:
    client = tls_client(accept_new=True)
    client.known.path.write_text("junk")
    if os.name == "posix":
        client.known.path.chmod(0o600)
    client.start()
    run_until(loop, lambda: client.connection.is_over)
    assert "known_servers.toml" in client.connection.fault


def test_a_server_that_does_not_speak_tls_is_tried_again(loop: Loop, host: TinyHost, tmp_path: Path) -> None:
    client = Client(loop, JoinAddress("127.0.0.1", host.port), tmp_path).start()
    run_until(loop, lambda: host.accepted >= 2)
    assert client.state is not State.ONLINE
    client.connection.close()
