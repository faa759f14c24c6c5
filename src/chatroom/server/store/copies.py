"""Copies of a log: a backup beside a server at work, and a backup put in the place of the log.

A backup is one file and whole, or it is not there. It has a log id of its own, and what is restored from it
has yet another from the moment it stands in its place: however it gets there, every client notices. The file
that tells other copies put back by hand is not known here (`chatroom.server.sealing`). Read next:
`checking.py`, `standing.py`.
"""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatroom.server.store.checking import find_faults
from chatroom.server.store.database import StoreError, open_database, open_existing, open_unchanged
from chatroom.server.store.disk_faults import words_for
from chatroom.server.store.schema import renew_log_id
from chatroom.server.store.standing import Standing, read_standing

PATIENCE_S: Final = 5.0
"""How long a copy waits for a lock that another program holds."""

STEP_PAGES: Final = 256
"""Pages copied at a time, 1 MB."""

FLUSH_STEPS: Final = 8
"""Steps after which the copy is flushed, so that the flushes of a server on the same disk do not have to wait
for all of it at the end.
"""

_NEW_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True, slots=True)
class Restored:
    """Where the restored log stands, and where the one before is kept: None when there was none."""

    standing: Standing
    kept: Path | None


def back_up(database: Path, target: Path) -> Standing:
    """Copy the log at `database`, as it stands when this begins, to a new file and return where that stands.

    Writers are not held up. Raises StoreError, and then there is no new file.
    """
    if os.path.lexists(target):
        raise StoreError(f"{target}: exists already")
    with contextlib.closing(open_existing(database, PATIENCE_S)) as source, _draft_of(target) as draft:
        _copy(source, draft)
        with contextlib.closing(_alone(draft)) as copy:
            damage = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise StoreError(f"{database}: is damaged and was not copied: {damage}")
            renew_log_id(copy)
            standing = read_standing(copy)
        _flush(draft)
        _name(draft, target)
        _flush_folder(target.parent)
    return standing


def restore(backup: Path, database: Path, kept_name: str) -> Restored:
    """Put a copy of `backup`, with a new log id, in the place of `database`, which no server uses.

    The log that was there becomes `kept_name` in the same folder. Raises StoreError, and then it stands
    where it stood.
    """
    kept = database.with_name(kept_name)
    if os.path.lexists(kept):
        raise StoreError(f"{kept}: exists already")
    with _draft_of(database) as draft:
        with contextlib.closing(open_unchanged(backup, PATIENCE_S)) as source:
            _copy(source, draft)
        with contextlib.closing(open_database(draft)) as log:
            faults = find_faults(log)
            if faults:
                raise StoreError(
                    f"{backup}: cannot be restored, {faults[0]} (`check` lists all that is wrong)"
                )
            renew_log_id(log)
            standing = read_standing(log)
            log.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        _flush(draft)
        is_kept = _set_aside(database, kept)
        draft.replace(database)
        _flush_folder(database.parent)
    return Restored(standing, kept if is_kept else None)


def _copy(source: sqlite3.Connection, draft: Path) -> None:
    """Copy a database, as it stands when this begins, into the file `draft`, step by step."""
    steps = 0

    def flush(_status: int, _left: int, _total: int) -> None:
        nonlocal steps
        steps += 1
        if steps % FLUSH_STEPS == 0:
            os.fsync(file)

    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it stands still for us
    file = os.open(draft, os.O_RDWR)
    try:
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as target:
            target.execute("PRAGMA journal_mode = OFF")  # a copy that fails is thrown away
            target.execute("PRAGMA synchronous = OFF")
            source.backup(target, pages=STEP_PAGES, progress=flush)
    finally:
        os.close(file)


def _alone(draft: Path) -> sqlite3.Connection:
    """Open a copy and make it a file that needs none beside it: to be read where nothing can be written."""
    connection = sqlite3.connect(draft, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    return connection


@contextlib.contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """Give a new file beside `target` under a name of its own, gone at the end if it still has that name.

    What the disk or SQLite refuse comes out as a StoreError that names the target.
    """
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        os.close(os.open(draft, _NEW_FILE, 0o600))
        yield draft
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target}: {words_for(error)}") from None
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                draft.with_name(draft.name + ending).unlink()


def _name(draft: Path, target: Path) -> None:
    """Give the draft the name `target`, or raise FileExistsError: of two programs one gets it."""
    os.close(os.open(target, _NEW_FILE, 0o600))
    try:
        draft.replace(target)
    except OSError:
        target.unlink()
        raise


def _set_aside(database: Path, kept: Path) -> bool:
    """Let what is at `database` have the other name too; return whether there was a log.

    Entries that stand in its write-ahead log only are moved into it before. Where that cannot be done, the
    write-ahead log is kept beside it; it must never meet the new database.
    """
    is_there = database.exists()
    if is_there:
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(database, isolation_level=None)) as former,
        ):
            former.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for ending in ("-wal", "-shm"):
        left = database.with_name(database.name + ending)
        if left.exists():
            left.replace(kept.with_name(kept.name + ending))
    if is_there:
        try:
            kept.hardlink_to(database)
        except OSError:  # a file system without links: for a moment there is no database
            database.rename(kept)
    return is_there


def _flush(file: Path) -> None:
    number = os.open(file, os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _flush_folder(folder: Path) -> None:
    """Make a new name durable, on systems where a folder can be opened for that."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some network file systems refuse
                os.fsync(number)
        finally:
            os.close(number)
