"""The text index keeps up in small steps and is exact whatever happens between two of them."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from chatroom.server.hub.ports import StorageError
from chatroom.server.store import indexer
from chatroom.server.store.indexer import block_of
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story, joined, left


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches and blocks, so that few messages make many."""
    monkeypatch.setattr(indexer, "BATCH", 4)
    monkeypatch.setattr(indexer, "BLOCK", 10)


@pytest.fixture
def rooms(disk: Story) -> Story:
    """Three rooms, with 45 messages in turn, one of them every second a second apart."""
    disk.account("ana")
    disk.account("bob")
    for name in ("one", "two", "three"):
        disk.room(name, 1)
    for n in range(15):
        disk.submit(*(disk.message(room, 1, f"word {n}") for room in (1, 2, 3)))
        disk.submit(joined(1, 2), left(1, 2))
    return disk


def documents(log: SqliteLog) -> list[tuple[int, int]]:
    """Return (room, seq) of all documents in order."""
    rows = log._connection.execute("SELECT id, entry FROM documents ORDER BY id").fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    return [(entry >> 40, entry & (2**40 - 1)) for _, entry in rows]


def messages(story: Story) -> list[tuple[int, int]]:
    """Return (room, seq) of all messages in the order of time, rooms and seqs."""
    entries = [entry for room in (1, 2, 3) for entry in story.entries(room) if entry.kind == 1]
    return [(entry.room, entry.seq) for entry in sorted(entries, key=lambda entry: (entry.at, entry.room))]


@pytest.mark.usefixtures("small")
def test_messages_become_documents_in_the_order_of_time_over_all_rooms(rooms: Story) -> None:
    rooms.index()
    assert isinstance(rooms.log, SqliteLog)
    assert documents(rooms.log) == messages(rooms)
    assert len(rooms.found("word", [1, 2, 3])) == 45


@pytest.mark.usefixtures("small")
def test_indexing_goes_on_where_it_was_killed(rooms: Story, path: Path, tmp_path: Path) -> None:
    assert isinstance(rooms.log, SqliteLog)
    expected = messages(rooms)
    copies = 0
    has_more = True
    while has_more:
        has_more = rooms.log.index(0)
        copy = tmp_path / f"copy{copies}"
        copy.mkdir()
        for file in path.parent.glob("log.db*"):
            shutil.copy(file, copy)
        log = SqliteLog(copy / "log.db", search_s=5)
        again = Story(log)
        assert len(documents(log)) <= len(expected)
        again.index()
        assert documents(log) == expected
        assert len(again.found("word", [1, 2, 3])) == 45
        log.close()
        copies += 1
    assert copies > 10


@pytest.mark.usefixtures("small")
def test_a_search_says_how_much_is_not_indexed_yet(rooms: Story) -> None:
    assert rooms.log.search("word", [1, 2, 3], 0, 0, 50).frames == []
    assert rooms.log.search("word", [2, 3], 0, 0, 50).unindexed == 2 * (15 + 2)
    before = rooms.log.search("word", [1, 2, 3], 0, 0, 50).unindexed
    rooms.log.index(0)
    hits = rooms.log.search("word", [1, 2, 3], 0, 0, 50)
    assert 0 < hits.unindexed < before
    rooms.index()
    assert rooms.log.search("word", [1, 2, 3], 0, 0, 50).unindexed == 0


@pytest.mark.usefixtures("small")
def test_each_call_takes_a_step_and_says_whether_there_is_more(rooms: Story) -> None:
    answers = [rooms.log.index(0) for _ in range(200)]
    assert answers[0] is True
    assert answers[-1] is False
    assert answers == sorted(answers, reverse=True)
    rooms.post(2, 1, "late")
    assert rooms.found("late", [2]) == ["late"]


@pytest.mark.usefixtures("small")
def test_after_a_full_disk_indexing_goes_on(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    connection = rooms.log._connection
    rooms.log.index(0)
    connection.execute("PRAGMA query_only = ON")
    for _ in range(3):
        with pytest.raises(StorageError):
            rooms.log.index(0)
    connection.execute("PRAGMA query_only = OFF")
    rooms.index()
    assert documents(rooms.log) == messages(rooms)


def test_a_long_message_does_not_make_a_step_long(disk: Story) -> None:
    disk.account("ana")
    disk.room("one", 1)
    disk.submit(*(disk.message(1, 1, "word " * 3_000) for _ in range(12)))
    assert isinstance(disk.log, SqliteLog)
    steps = [len(documents(disk.log))]
    while disk.log.index(0):
        steps.append(len(documents(disk.log)))
    assert max(after - before for before, after in pairwise(steps)) <= 2


@pytest.mark.usefixtures("small")
def test_many_waiting_rooms_are_read_a_little_at_a_time(disk: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexer, "_READ_AT_ONCE", 8)
    disk.account("ana")
    rooms = [disk.room(f"room{n}", 1) for n in range(20)]
    for _ in range(3):
        disk.submit(*(disk.message(room, 1, "word") for room in rooms))
    assert isinstance(disk.log, SqliteLog)
    while disk.log.index(0):
        held = sum(map(len, disk.log._indexer._read.values()))
        assert held <= len(rooms) + 8
    assert len(disk.found("word", rooms)) == 50


def test_documents_are_numbered_from_one_and_blocks_from_nought() -> None:
    block = indexer.BLOCK
    assert [block_of(number) for number in (0, 1, block, block + 1, 2 * block)] == [-1, 0, 0, 1, 1]
