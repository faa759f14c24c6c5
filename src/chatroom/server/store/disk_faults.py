"""What the disk and the database may refuse, in words for people, and what follows for a change.

Read next: `writer.py`.
"""

import os
import sqlite3
from typing import Final

from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.ports import Failed, StorageError

_TEXTS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_READONLY: "the file may not be written",
    sqlite3.SQLITE_BUSY: "another program has locked the file",
    sqlite3.SQLITE_LOCKED: "another program has locked the file",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is damaged or not a chatroom log",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
    sqlite3.SQLITE_INTERRUPT: "it took too long",
}

FAULTS: Final = (sqlite3.Error, StorageError, OverflowError, UnicodeError, MemoryError)
"""What the storing of a change may raise: the disk, a value no column takes, or memory."""

_EVERYWHERE: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}


def words_for(error: Exception) -> str:
    """Return what is wrong, in a few words."""
    if isinstance(error, sqlite3.Error):
        return _TEXTS.get(primary_code(error), str(error))
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno).lower()
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    return str(error)


def primary_code(error: Exception) -> int:
    """Return the primary result code of SQLite, 0 when there is none (an error of the Python module)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def trouble(error: Exception) -> str:
    """Return one line for people about a storage error."""
    return f"the server cannot use its storage: {words_for(error)}"


def is_everywhere(error: Exception) -> bool:
    """Whether no change whatever can be stored at the moment, so that trying others only takes time."""
    return primary_code(error) in _EVERYWHERE


def not_stored(error: Exception) -> Failed:
    """Return the outcome of a change that could not be stored because of `error`.

    STORAGE asks the sender to try again later; a value that the database does not take will never be taken.
    """
    if primary_code(error) or isinstance(error, StorageError | MemoryError):
        return Failed(ErrorCode.STORAGE, f"the server cannot store this now: {words_for(error)}")
    return Failed(ErrorCode.INTERNAL, "the server cannot store this")
