"""Errors of the disk, in one line for people, and with the code that says whether to try again."""

import sqlite3

import pytest

from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.ports import StorageError
from chatroom.server.store.disk_faults import is_everywhere, not_stored, trouble, words_for


def fault(code: int) -> sqlite3.OperationalError:
    """Return an error of SQLite with an extended result code."""
    error = sqlite3.OperationalError("something\nof SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "words", "everywhere"),
    [
        (sqlite3.SQLITE_FULL, "full", False),
        (sqlite3.SQLITE_IOERR_WRITE, "reports an error", False),
        (sqlite3.SQLITE_IOERR_FSYNC, "reports an error", False),
        (sqlite3.SQLITE_BUSY, "locked", True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "locked", True),
        (sqlite3.SQLITE_READONLY_DBMOVED, "may not be written", True),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened", True),
        (sqlite3.SQLITE_CORRUPT_INDEX, "damaged", False),
        (sqlite3.SQLITE_NOMEM, "memory", False),
    ],
)
def test_a_disk_that_refuses_is_to_be_tried_again(code: int, words: str, everywhere: bool) -> None:
    failed = not_stored(fault(code))
    assert failed.code is ErrorCode.STORAGE
    assert words in failed.text
    assert "\n" not in failed.text
    assert words in trouble(fault(code))
    assert is_everywhere(fault(code)) is everywhere


@pytest.mark.parametrize("error", [MemoryError(), StorageError("damaged")])
def test_lack_of_memory_and_damage_are_to_be_tried_again(error: Exception) -> None:
    assert not_stored(error).code is ErrorCode.STORAGE


@pytest.mark.parametrize("text", ["", "of mmap"])
def test_only_a_lack_of_memory_is_called_one(text: str) -> None:
    assert words_for(MemoryError(text)) == "there is not enough memory"
    assert words_for(StorageError(text)) == text


@pytest.mark.parametrize(
    "error",
    [
        OverflowError("too large"),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no"),
        sqlite3.InterfaceError("no"),
    ],
)
def test_a_value_that_no_column_takes_is_not(error: Exception) -> None:
    failed = not_stored(error)
    assert failed.code is ErrorCode.INTERNAL
    assert "\n" not in failed.text
