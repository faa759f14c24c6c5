"""The service with real sockets: what errors that nobody has foreseen may cost."""

import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import ClassVar, TypeVar

import pytest

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Closing, Cursor, Follow, Ping, Pong, Post, Refused, Search
from chatroom.protocol.requests import Incoming
from chatroom.server.hub.context import Proposal
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import Link, Outcome, StorageError
from chatroom.server.hub.state import Peer
from support.patience import wait_until
from support.raw_client import Ended, RawClient, raw_client
from support.service_thread import ServiceThread, running_service

Key = TypeVar("Key")

BURST = 210
"""More posts than an account may send at once."""


class ShakyHub(Hub):
    """Raises in each method that `faults` names, as often as it says."""

    error: Callable[[str], Exception] = RuntimeError
    faults: ClassVar[dict[str, int]] = {}

    def _shake(self, name: str) -> None:
        if self.faults.get(name):
            self.faults[name] -= 1
            raise type(self).error(f"{name} is shaky")

    def connect(
        self, link: Link, address: str, key_hash: bytes, challenge: bytes, opened_at: float | None = None
    ) -> Peer:
        self._shake("connect")
        return super().connect(link, address, key_hash, challenge, opened_at)

    def disconnect(self, peer: Peer) -> None:
        self._shake("disconnect")
        super().disconnect(peer)

    def receive(self, peer: Peer, packet: Incoming) -> int:
        if isinstance(packet, Search):
            self._shake("receive")
        return super().receive(peer, packet)

    def decide(self, proposal: Proposal, outcome: Outcome) -> None:
        self._shake("decide")
        super().decide(proposal, outcome)

    def close(self, peer: Peer, code: ErrorCode, text: str) -> None:
        self._shake("close")
        super().close(peer, code, text)

    def wait_s(self, now: float) -> float | None:
        self._shake("wait_s")
        return super().wait_s(now)

    def write(self) -> None:
        self._shake("write")
        super().write()

    def reload(self) -> None:
        self._shake("reload")
        super().reload()

    def tick(self) -> None:
        self._shake("tick")
        super().tick()


class ForgetfulHub(ShakyHub):
    """Has no memory left where it is shaky."""

    error = MemoryError


def shake(host: ServiceThread, **faults: int) -> None:
    assert isinstance(host.hub, ShakyHub)
    type(host.hub).faults = faults


def hears(client: RawClient, token: int) -> None:
    client.send(Ping(token))
    client.wait_for(lambda packet: isinstance(packet, Pong) and packet.token == token)


@pytest.mark.parametrize("hub_class", [ShakyHub, ForgetfulHub])
@pytest.mark.parametrize("name", ["wait_s", "write", "tick"])
def test_an_error_that_is_nobodys_fault_costs_nobody_the_connection(
    name: str, hub_class: type[ShakyHub], caplog: pytest.LogCaptureFixture
) -> None:
    with running_service(hub_class) as host, raw_client(host.port) as ana:
        lobby = ana.enter("ana")
        shake(host, **{name: 2})
        said = count()

        def say_on() -> None:
            text = f"still here {next(said)}"
            ana.post(lobby, text)
            ana.wait_for_text(text)

        wait_until(lambda: hub_class.faults == {name: 0}, between=say_on)
        say_on()
    assert f"{name} is shaky" in caplog.text


@pytest.mark.parametrize("hub_class", [ShakyHub, ForgetfulHub])
def test_who_cannot_even_be_told_of_a_mistake_is_ended(hub_class: type[ShakyHub]) -> None:
    with running_service(hub_class) as host, raw_client(host.port) as ana, raw_client(host.port) as bob:
        lobby = ana.enter("ana")
        bob.enter("bob")
        shake(host, decide=1, close=1)
        ana.post(lobby, "what becomes of this?")
        with pytest.raises(Ended):
            ana.wait_for(Closing)
        hears(bob, 7)


@pytest.mark.parametrize("error", [MemoryError, StorageError])
def test_while_the_state_cannot_be_taken_from_the_log_posts_are_refused_and_all_else_goes_on(
    error: type[Exception], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShakyHub, "error", error)
    with running_service(ShakyHub) as host, raw_client(host.port) as ana:
        lobby = ana.enter("ana")
        shake(host, reload=1)
        post = Post(1_000, lobby, bytes(15) + b"1", "too early")
        with host.resting():
            host.hub._lose_track()
            ana.send(post)
        refused = ana.wait_for(lambda packet: isinstance(packet, Refused))
        assert isinstance(refused, Refused)
        assert refused.code == ErrorCode.STORAGE
        wait_until(lambda: not host.hub.is_behind, between=partial(hears, ana, 7))
        ana.send(post)
        ana.wait_for_text("too early")
    told = [record for record in caplog.records if "from the log" in record.message]
    assert [record.exc_info is None for record in told] == [error is StorageError]


def test_who_may_have_been_sent_a_part_is_ended_and_has_everything_once_when_it_comes_back() -> None:
    with (
        running_service(Hub) as host,
        raw_client(host.port) as ana,
        raw_client(host.port) as bob,
        raw_client(host.port) as eve,
    ):
        lobby = ana.enter("ana")
        bob.enter("bob")
        eve.enter("eve")
        ana.post(lobby, "all are here")
        for client in (ana, bob, eve):
            client.wait_for_text("all are here")
        delivery = host.hub._context.delivery
        broadcast = delivery._push_to_all

        def half(pushes: dict[Key, Callable[[bytes], int]], data: bytes) -> list[tuple[Key, int]]:
            delivery._push_to_all = broadcast
            next(iter(pushes.values()))(data[: len(data) // 2])
            raise MemoryError

        delivery._push_to_all = half
        ana.post(lobby, "half of this was sent")
        for client in (ana, bob, eve):
            with pytest.raises(Ended):
                client.wait_for_text("half of this was sent")
        with raw_client(host.port, bob.key) as again:
            again.enter("bob", follow=False)
            again.send(Follow(9, [Cursor(lobby, 0)]))
            again.post(lobby, "back again")
            again.wait_for_text("back again")
            assert again.texts() == ["all are here", "half of this was sent", "back again"]


@pytest.mark.parametrize("hub_class", [ShakyHub, ForgetfulHub])
def test_an_error_in_the_service_of_one_peer_costs_that_peer_alone(
    hub_class: type[Hub], caplog: pytest.LogCaptureFixture
) -> None:
    with running_service(hub_class) as host, raw_client(host.port) as ana, raw_client(host.port) as bob:
        ana.enter("ana")
        bob.enter("bob")
        shake(host, receive=1)
        bob.send(Search(9, "anything at all"))
        closing = bob.wait_for(Closing)
        assert isinstance(closing, Closing)
        assert closing.code == ErrorCode.INTERNAL
        with pytest.raises(Ended):
            bob.wait_for(Pong)
        hears(ana, 1)
    assert "receive is shaky" in caplog.text


def test_a_peer_that_cannot_even_be_told_is_ended_all_the_same() -> None:
    with running_service(ShakyHub) as host, raw_client(host.port) as ana, raw_client(host.port) as bob:
        ana.enter("ana")
        bob.enter("bob")
        shake(host, receive=1, close=1)
        bob.send(Search(9, "anything at all"))
        with pytest.raises(Ended):
            bob.wait_for(Pong)
        assert ShakyHub.faults == {"receive": 0, "close": 0}
        hears(ana, 1)


def test_an_error_at_the_door_costs_the_newcomer_alone(caplog: pytest.LogCaptureFixture) -> None:
    with running_service(ShakyHub) as host, raw_client(host.port) as ana:
        ana.enter("ana")
        shake(host, connect=1)
        with raw_client(host.port) as bob, pytest.raises(Ended):
            bob.wait_for(Pong)
        with raw_client(host.port) as bob:
            bob.enter("bob")
        hears(ana, 1)
    assert "connect is shaky" in caplog.text


def test_an_error_in_a_goodbye_leaves_no_connection_behind(caplog: pytest.LogCaptureFixture) -> None:
    with running_service(ShakyHub) as host, raw_client(host.port) as ana:
        ana.enter("ana")
        shake(host, disconnect=1)
        with raw_client(host.port) as bob:
            bob.enter("bob")
        wait_until(lambda: host.accepted[-1].fileno() < 0)
        hears(ana, 1)
    assert "disconnect is shaky" in caplog.text


def test_an_error_in_a_timer_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with running_service() as host, raw_client(host.port) as ana:
        ana.enter("ana")
        host.call(lambda: host.loop.call_later(0, lambda: int("no number")))
        hears(ana, 1)
    assert "ValueError" in caplog.text


def test_an_error_that_comes_again_and_again_neither_fills_the_log_nor_takes_the_processor(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running_service(ShakyHub) as host, raw_client(host.port) as ana:
        ana.enter("ana")
        shake(host, write=1_000_000)
        ana.send(Ping(1))
        began, used_s = time.monotonic(), -time.process_time()
        time.sleep(2.2)
        used_s += time.process_time()
        shake(host, write=0)
        ana.wait_for(Pong)
        took_s = time.monotonic() - began
        told = [record for record in caplog.records if "writing failed" in record.getMessage()]
        assert 2 <= len(told) <= 2 + took_s
        assert "more like it before" in told[-1].getMessage()
        assert used_s < 0.7


def test_a_message_has_the_time_at_which_it_came_although_somebody_was_looked_after_before() -> None:
    with running_service() as host, raw_client(host.port) as bob:
        lobby = bob.enter("bob")
        for number in range(6):  # a timer that happens to run hides what is looked for
            with raw_client(host.port) as ana:
                ana.enter(f"ana{number}")
                for post in range(BURST):
                    ana.post(lobby, f"{number}.{post}")
                ana.wait_for_text(f"{number}.{BURST - 1}")
                time.sleep(
                    0.07 + 0.02 * number
                )  # she is paused, and has nothing more to say when she is heard again
                before_ms = time.time_ns() // 1_000_000
                bob.post(lobby, f"at last {number}")
                assert bob.wait_for_text(f"at last {number}").at >= before_ms
