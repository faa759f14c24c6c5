"""Opening the database file: what is refused before anything is touched, and the settings that make it
durable.

A commit is on disk when it returns: WAL with `synchronous=FULL`, set here and read back. Nothing here
knows what the tables mean. Read next: `schema.py`, `sqlite.py`.
"""

import sqlite3
import struct
from pathlib import Path
from typing import Final

from chatroom.server.store.disk_faults import words_for
from chatroom.server.store.schema import APPLICATION_ID, VERSION, migrate

BUSY_S: Final = 0.05
"""How long a statement waits for a lock that another program holds: the server stands still meanwhile."""

FULL: Final = 2
"""What `PRAGMA synchronous` answers for FULL."""

CHECKPOINT_PAGES: Final = 1_000
"""Pages in the write-ahead log before a commit moves them to the database: 4 MB, at most about 8 ms.
Fewer cost more moves of the same page (16 messages in 53 us of CPU at 300, 42 us at 1,000), more cost
nothing less.
"""

CACHE_KIB: Final = 8_192

_HEADER: Final = struct.Struct(">16s44xI4xI28x")
"""First 100 bytes of an SQLite database: magic, `user_version` at 60, `application_id` at 68."""

_MAGIC: Final = b"SQLite format 3\0"


class StoreError(Exception):
    """The log cannot be opened; the text is one line that names the file."""


def open_database(path: Path, busy_s: float = BUSY_S) -> sqlite3.Connection:
    """Return a connection to the log at `path`, made if there is none, at the version of this program. Its
    statements wait `busy_s` for a lock.

    Raises StoreError, having touched nothing, for what is not a log of ours, a log of a newer program,
    a damaged file, a missing or forbidden folder, and a file that another program has locked.
    """
    is_new = _look_at(path)
    connection: sqlite3.Connection | None = None
    try:
        if is_new:
            path.touch(mode=0o600)  # messages are private; SQLite gives its other files the same mode
        connection = _connect(path, busy_s)
        _prepare(connection, path)
        migrate(connection)
        _make_durable(connection, path)
    except (sqlite3.Error, OSError) as error:
        if connection is not None:
            connection.close()
        raise StoreError(f"{path}: {words_for(error)}") from None
    except StoreError:
        if connection is not None:
            connection.close()
        raise
    return connection


def open_existing(path: Path, busy_s: float) -> sqlite3.Connection:
    """Return a connection to the log at `path` as it is: never made, nor brought to another version.

    A server may be using it. Raises StoreError as `open_database` does, and where there is none.
    """
    return _open_as_it_is(path, busy_s, "?mode=rw")


def open_unchanged(path: Path, busy_s: float) -> sqlite3.Connection:
    """Return a connection that reads the log at `path` and leaves no trace beside it: a backup, which may
    lie where nothing can be written. Raises StoreError as `open_existing` does.

    Where SQLite left a file beside it, what stands there belongs to it.
    """
    has_more = any(path.with_name(path.name + ending).exists() for ending in ("-wal", "-journal"))
    return _open_as_it_is(path, busy_s, "?mode=ro" if has_more else "?mode=ro&immutable=1")


def _open_as_it_is(path: Path, busy_s: float, how: str) -> sqlite3.Connection:
    if _look_at(path) or not path.stat().st_size:
        raise StoreError(f"{path}: there is no log")
    try:
        connection = _connect(path, busy_s, how)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {words_for(error)}") from None
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _check_version(path, version)
        if not version:
            raise StoreError(f"{path}: there is no log")
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{path}: {words_for(error)}") from None
    except StoreError:
        connection.close()
        raise
    return connection


def _look_at(path: Path) -> bool:
    """Return whether the log is to be made. Raises StoreError for anything that cannot be one; reads
    only.
    """
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise StoreError(f"{path}: the folder does not exist") from None
        return True
    except IsADirectoryError:
        raise StoreError(f"{path}: is a folder, not a file") from None
    except OSError as error:
        if path.is_dir():  # where opening a folder is forbidden rather than impossible
            raise StoreError(f"{path}: is a folder, not a file") from None
        raise StoreError(f"{path}: {words_for(error)}") from None
    if not header:
        return False
    if len(header) < _HEADER.size:
        raise StoreError(f"{path}: is not a chatroom log")
    magic, version, application = _HEADER.unpack(header)
    if magic != _MAGIC or application != APPLICATION_ID:
        raise StoreError(f"{path}: is not a chatroom log")
    _check_version(path, version)
    return False


def _check_version(path: Path, version: int) -> None:
    if version > VERSION:
        raise StoreError(
            f"{path}: was written by a newer program (format {version}; this one knows up to {VERSION})"
        )


def _connect(path: Path, busy_s: float, how: str = "?mode=rw") -> sqlite3.Connection:
    return sqlite3.connect(
        path.absolute().as_uri() + how,
        uri=True,
        timeout=busy_s,
        isolation_level=None,
        cached_statements=256,
    )


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Find out, before anything is written, whether the file can be read and written and is not too new."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    _check_version(path, version)
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")


def _make_durable(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: through the cache of the disk, as elsewhere
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    if mode != "wal" or synchronous != FULL:
        raise StoreError(f"{path}: cannot be kept safely here (journal {mode}, synchronous {synchronous})")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
