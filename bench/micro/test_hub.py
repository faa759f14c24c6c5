"""The hub on both logs: decode, think, commit, apply, write. Prints posts a second."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.micro.room import BusyRoom
from chatroom.server.hub.ports import Log
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

MEMBERS = 100
ROUNDS = 200

LOGS: dict[str, Callable[[Path], Log]] = {
    "memory": lambda _directory: MemoryLog(),
    "sqlite": lambda directory: SqliteLog(directory / "chatroom.db"),
}


@pytest.mark.parametrize("posts", [1, 16, 256])
@pytest.mark.parametrize("log_name", LOGS)
def test_posts_through_the_hub(
    benchmark: "BenchmarkFixture", tmp_path: Path, log_name: str, posts: int
) -> None:
    room = BusyRoom(LOGS[log_name](tmp_path), MEMBERS)
    benchmark.pedantic(
        room.run_pass, setup=lambda: ((room.frames(posts),), {}), rounds=ROUNDS, warmup_rounds=5
    )
    assert all(sink.taken_bytes for sink in room.sinks)
    if benchmark.stats is not None:
        per_s = posts / benchmark.stats.stats.median
        print(f"\n{log_name}, {posts} posts a pass, {MEMBERS} members: {per_s:,.0f} posts a second")
