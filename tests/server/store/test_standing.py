"""Where a log stands is what was committed: it only grows, and survives a new connection."""

import sqlite3
from pathlib import Path

import pytest

from chatroom.server.hub.ports import Failed, StorageError
from chatroom.server.store.sqlite import SqliteLog
from chatroom.server.store.standing import Standing, read_standing
from support.story import Story, new_account


def on_disk(path: Path) -> Standing:
    """Return where the log stands for somebody who sees only what was committed."""
    connection = sqlite3.connect(path)
    try:
        return read_standing(connection)
    finally:
        connection.close()


def log_of(story: Story) -> SqliteLog:
    assert isinstance(story.log, SqliteLog)
    return story.log


def test_a_new_log_has_no_entries_and_was_never_served(disk: Story, path: Path) -> None:
    assert log_of(disk).standing == Standing(disk.log.log_id, 0, 0) == on_disk(path)


def test_after_every_pass_it_is_what_was_committed(disk: Story, path: Path) -> None:
    ana = disk.account("ana")
    rooms = [disk.room(name, ana) for name in ("garden", "kitchen")]
    once = disk.message(rooms[0], ana, "once")
    nowhere = disk.message(77, ana, "nowhere")
    passes = [
        [once],
        [once],
        [disk.message(rooms[1], ana, f"message {number}") for number in range(20)],
        [once, nowhere, disk.message(rooms[0], ana, "after a refusal")],
        [new_account("bob")],
        [nowhere],
    ]
    seen = [log_of(disk).standing.entries]
    for changes in passes:
        disk.submit(*changes)
        assert log_of(disk).standing == on_disk(path)
        seen.append(log_of(disk).standing.entries)
    assert seen == [4, 5, 5, 25, 26, 26, 26]


def test_what_was_not_stored_is_not_counted(disk: Story, path: Path) -> None:
    room = disk.room("garden", disk.account("ana"))
    before = log_of(disk).standing
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert isinstance(disk.one(disk.message(room, 1, "the file is locked")), Failed)
    with pytest.raises(StorageError, match="locked"):
        log_of(disk).begin(renews=True)
    other.execute("ROLLBACK")
    other.close()
    assert log_of(disk).standing == before == on_disk(path)


def test_a_log_opened_again_stands_where_it_stood(disk: Story, path: Path) -> None:
    disk.room("garden", disk.account("ana"))
    log_of(disk).begin(renews=False)
    disk.post(1, 1, "hello")
    standing = log_of(disk).standing
    disk.log.close()
    log = SqliteLog(path)
    assert log.standing == standing
    log.close()


def test_starts_are_counted_and_the_id_stays_unless_it_is_renewed(disk: Story, path: Path) -> None:
    log = log_of(disk)
    disk.room("garden", disk.account("ana"))
    first = log.log_id
    for starts in (1, 2):
        log.begin(renews=False)
        assert log.standing == Standing(first, starts, 2) == on_disk(path)
    log.begin(renews=True)
    assert log.log_id != first
    assert log.standing == Standing(log.log_id, 3, 2) == on_disk(path)
    disk.post(1, 1, "hello")
    assert log.standing == Standing(log.log_id, 3, 3) == on_disk(path)


def test_entries_that_were_removed_still_count(disk: Story, path: Path) -> None:
    room = disk.room("garden", disk.account("ana"))
    for number in range(10):
        disk.post(room, 1, f"message {number}")
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM entries WHERE id & 255 < 8")
    connection.commit()
    connection.close()
    assert on_disk(path).entries == 12
