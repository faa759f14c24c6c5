"""What only the log in memory does; all else is tested beside the log on disk."""

import pytest

from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.ports import Committed, Failed, StorageError
from chatroom.server.store.memory import MemoryLog
from support.story import Story


def test_a_log_in_memory_can_be_made_to_refuse() -> None:
    log = MemoryLog()
    story = Story(log)
    story.account("ana")
    story.room("garden", 1)
    log.fault = "the disk is full"
    assert story.one(story.message(1, 1, "no")) == Failed(ErrorCode.STORAGE, "the disk is full")
    with pytest.raises(StorageError, match="full"):
        log.load()
    with pytest.raises(StorageError, match="full"):
        log.after(1, 0, 10, 1_000)
    with pytest.raises(StorageError, match="full"):
        log.search("no", [1], 0, 0, 10)
    log.fault = ""
    assert isinstance(story.one(story.message(1, 1, "yes")), Committed)


def test_two_logs_have_two_ids() -> None:
    assert MemoryLog().log_id != MemoryLog().log_id
