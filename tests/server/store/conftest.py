"""The logs that the tests of the store run on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story


@pytest.fixture(params=["memory", "sqlite"])
def story(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Story]:
    """An empty log of each kind: what a test says of it holds for both."""
    log = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "log.db", search_s=5)
    yield Story(log)
    log.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of this test lies, or will."""
    return tmp_path / "log.db"


@pytest.fixture
def disk(path: Path) -> Iterator[Story]:
    """An empty log on disk."""
    log = SqliteLog(path, search_s=5)
    yield Story(log)
    log.close()
