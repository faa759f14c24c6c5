"""Worlds, one of them with its log on disk, and a moderator."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatroom.protocol.packets import Role
from chatroom.server.store.sqlite import SqliteLog
from support.hub_world import Guest, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def mia(world: World) -> Guest:
    """A moderator."""
    return world.member("mia", role=Role.MODERATOR)


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
