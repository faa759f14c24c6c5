"""When a pass waits for the rest of a burst: the rule, and the service with real sockets."""

import contextlib
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from chatroom.protocol.packets import Ping, Pong
from chatroom.server.gathering import MOST_S, PART, Gathering
from chatroom.server.hub.context import Proposal
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import Outcome
from support.patience import wait_until
from support.raw_client import RawClient, raw_client
from support.service_thread import running_service


def test_nobody_waits_before_anything_was_stored() -> None:
    assert Gathering().pause_s(1) == 0


@pytest.mark.parametrize(("writers", "ready"), [(1, 1), (2, 1), (16, 12), (16, 16), (4, 3)])
def test_who_writes_alone_or_is_not_among_few_waits_for_nobody(writers: int, ready: int) -> None:
    gathering = Gathering()
    gathering.note(set(range(writers)), 0.004)
    assert gathering.pause_s(ready) == 0


@pytest.mark.parametrize(("writers", "ready"), [(3, 1), (16, 11), (64, 1)])
def test_few_after_many_wait_for_a_part_of_what_the_pass_before_took(writers: int, ready: int) -> None:
    gathering = Gathering()
    gathering.note(set(range(writers)), 0.004)
    assert gathering.pause_s(ready) == 0.004 * PART


def test_a_burst_that_came_in_two_parts_is_one() -> None:
    gathering = Gathering()
    gathering.note({"ana", "bob", "carl"}, 0.004)
    gathering.note({"dora", "eve"}, 0.002)
    assert gathering.pause_s(3) == 0.002 * PART
    gathering.note({"ana", "bob", "carl", "dora", "eve"}, 0.004)
    assert gathering.pause_s(4) == 0


def test_two_who_write_in_turn_wait_for_nobody() -> None:
    gathering = Gathering()
    for number in range(10):
        gathering.note({number % 2}, 0.004)
        assert gathering.pause_s(1) == 0


def test_who_wrote_two_passes_ago_is_forgotten() -> None:
    gathering = Gathering()
    gathering.note({"ana", "bob", "carl"}, 0.004)
    gathering.note({"ana"}, 0.004)
    gathering.note({"ana"}, 0.004)
    assert gathering.pause_s(1) == 0


def test_however_long_the_pass_before_took_the_pause_is_short() -> None:
    gathering = Gathering()
    gathering.note(set(range(64)), 30.0)
    assert gathering.pause_s(1) == MOST_S


def test_one_burst_is_reason_for_one_pause() -> None:
    gathering = Gathering()
    gathering.note(set(range(16)), 0.004)
    assert gathering.pause_s(1) > 0
    assert gathering.pause_s(1) == 0


class CountingHub(Hub):
    """Knows how many proposals each pass committed; may say that it has something to do."""

    commits: list[int]
    is_busy = False

    def wait_s(self, now: float) -> float | None:
        return 0.0 if self.is_busy else super().wait_s(now)

    def commit(self) -> list[tuple[Proposal, Outcome]]:
        decided = super().commit()
        if decided:
            self.commits.append(len(decided))
        return decided


@contextlib.contextmanager
def room_of(people: int) -> Iterator[tuple[int, list[RawClient], CountingHub, Callable[[], None]]]:
    """A lobby, its people, the hub, and what lets them all write in one pass."""
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(running_service(CountingHub))
        assert isinstance(host.hub, CountingHub)
        host.hub.commits = []
        clients = [stack.enter_context(raw_client(host.port)) for _ in range(people)]
        lobby, *_same = [client.enter(f"user{number}") for number, client in enumerate(clients)]

        bursts = count(1)

        def burst() -> None:
            text = f"burst {next(bursts)}"
            with host.resting():
                for client in clients:
                    client.post(lobby, text)
            wait_until(lambda: host.hub.commits[-1] == people)
            for client in clients:
                client.wait_for_text(text)

        yield lobby, clients, host.hub, burst


def test_who_writes_while_a_pass_waits_for_the_rest_of_a_burst_is_part_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with room_of(3) as (lobby, (ana, bob, eve), hub, burst):
        burst()
        assert hub.commits[-1] == 3
        paused: list[float] = []

        def sleep(pause_s: float) -> None:
            paused.append(pause_s)
            bob.post(lobby, "me too")
            eve.post(lobby, "and me")

        monkeypatch.setattr(time, "sleep", sleep)
        ana.post(lobby, "me")
        for text in ("me", "me too", "and me"):
            ana.wait_for_text(text)
        monkeypatch.undo()
        assert hub.commits[-1] == 3
        assert len(paused) == 1


def test_a_burst_that_does_not_come_again_is_forgotten_after_two_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with room_of(3) as (lobby, (ana, *_others), _hub, burst):
        burst()
        paused: list[float] = []
        monkeypatch.setattr(time, "sleep", paused.append)
        for token in range(5):
            ana.send(Ping(token))
            ana.wait_for(lambda packet, token=token: isinstance(packet, Pong) and packet.token == token)
        for number in range(5):
            ana.post(lobby, f"alone {number}")
            ana.wait_for_text(f"alone {number}")
        monkeypatch.undo()
        assert len(paused) == 2


def test_a_server_that_has_something_to_do_does_not_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    with room_of(3) as (lobby, (ana, *_others), hub, burst):
        burst()
        hub.is_busy = True
        ana.post(lobby, "now it is busy")
        ana.wait_for_text("now it is busy")
        burst()
        paused: list[float] = []
        monkeypatch.setattr(time, "sleep", paused.append)
        ana.post(lobby, "alone")
        ana.wait_for_text("alone")
        monkeypatch.undo()
        hub.is_busy = False
        assert paused == []
