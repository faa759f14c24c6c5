"""Worlds whose log is on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatroom.server.store.sqlite import SqliteLog
from support.hub_world import World


@pytest.fixture
def disk_world(tmp_path: Path) -> Iterator[Callable[[], World]]:
    """Start a server on one and the same database, each time after the end of the one before."""
    logs: list[SqliteLog] = []

    def start() -> World:
        for log in logs:
            log.close()
        logs[:] = [SqliteLog(tmp_path / "chatroom.db")]
        return World(logs[0])

    yield start
    for log in logs:
        log.close()
