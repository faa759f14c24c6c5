"""The log on disk, without a hub: commits, pages, unread counts."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.load.stamps import TEXT_BYTES
from chatroom.protocol.entries import EntryKind, Posted, RoomKind, encode_body
from chatroom.protocol.limits import PAGE_BYTES
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddAccount, AddEntry, AddRoom, Change, Committed
from chatroom.server.store.sqlite import SqliteLog

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

NOW_MS = 1_700_000_000_000
BODY = encode_body(Posted("x" * TEXT_BYTES))


class Store:
    """A log with one room and one author."""

    def __init__(self, path: Path) -> None:
        self.log = SqliteLog(path)
        self.log.submit(
            [AddAccount("alice", bytes(32), Role.MEMBER, ""), AddRoom("lobby", RoomKind.PUBLIC, ())], NOW_MS
        )
        numbers = [outcome.number for outcome in self.log.outcomes() if isinstance(outcome, Committed)]
        self.author, self.room = numbers
        self._nonces = count(1)

    def batch(self, size: int) -> list[Change]:
        """So many new messages."""
        return [self._entry() for _ in range(size)]

    def commit(self, batch: list[Change]) -> None:
        """Store them in one transaction."""
        self.log.submit(batch, NOW_MS)
        assert all(isinstance(outcome, Committed) for outcome in self.log.outcomes())

    def _entry(self) -> AddEntry:
        return AddEntry(
            self.room, self.author, EntryKind.POSTED, BODY, next(self._nonces).to_bytes(16, "big")
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "chatroom.db")
    yield made
    made.log.close()


@pytest.mark.parametrize("size", [1, 16, 256])
def test_commit(benchmark: "BenchmarkFixture", store: Store, size: int) -> None:
    benchmark.pedantic(store.commit, setup=lambda: ((store.batch(size),), {}), rounds=200, warmup_rounds=5)


def test_read_a_page(benchmark: "BenchmarkFixture", store: Store) -> None:
    for _ in range(20):
        store.commit(store.batch(500))
    frames = benchmark(store.log.before, store.room, 5_000, 0, 200, PAGE_BYTES)
    assert len(frames) == 200


def test_count_what_is_unread(benchmark: "BenchmarkFixture", store: Store) -> None:
    store.commit(store.batch(500))
    benchmark(store.log.unread, store.author, {store.room: 500})
