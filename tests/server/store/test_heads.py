"""Heads in memory are those of the disk, whatever became of a transaction."""

from chatroom.server.store.heads import Heads
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story


def test_a_head_is_read_from_the_newest_entry_of_its_room(disk: Story) -> None:
    ana = disk.account("ana")
    for name in ("one", "two", "three"):
        disk.room(name, ana)
    disk.post(2, ana, "hello")
    assert isinstance(disk.log, SqliteLog)
    heads = Heads(disk.log._connection.cursor())
    found = [heads.get(room) for room in (1, 2, 3)]
    assert [head and head.seq for head in found] == [2, 3, 2]
    assert found[1] is not None
    assert found[1].at == disk.now_ms
    assert heads.get(4) is heads.get(0) is None


def test_a_forgotten_head_is_read_again(disk: Story) -> None:
    disk.account("ana")
    disk.room("one", 1)
    assert isinstance(disk.log, SqliteLog)
    heads = Heads(disk.log._connection.cursor())
    head = heads.get(1)
    assert head is not None
    head.seq = 99
    assert heads.get(1) is head
    heads.forget(1)
    again = heads.get(1)
    assert again is not None
    assert again.seq == 2
    heads.forget(7)


def test_a_new_room_begins_before_its_first_entry(disk: Story) -> None:
    assert isinstance(disk.log, SqliteLog)
    heads = Heads(disk.log._connection.cursor())
    assert heads.begin(5).seq == 0
    assert heads.get(5) is not None
