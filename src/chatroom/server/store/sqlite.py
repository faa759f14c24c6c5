"""The log on disk: one SQLite database behind the port of the hub.

This class holds the parts together and turns their errors into the port's; what they do stands in
`writer.py`, `reading.py`, `search.py` and `indexer.py`. One connection, one thread, one writer. Read
next: `schema.py`.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from chatroom.protocol.limits import PAGE_BYTES
from chatroom.server.hub.ports import Change, Failed, Hits, Outcome, StorageError, Unread
from chatroom.server.hub.records import CodeRecord, DeviceRecord, Snapshot
from chatroom.server.store import refusals
from chatroom.server.store.codes import find_code
from chatroom.server.store.database import StoreError, open_database
from chatroom.server.store.devices import list_devices
from chatroom.server.store.disk_faults import trouble, words_for
from chatroom.server.store.heads import Heads
from chatroom.server.store.indexer import Indexer
from chatroom.server.store.moderation import forget_addresses
from chatroom.server.store.nonce_keys import nonce_key
from chatroom.server.store.nonces import Nonces
from chatroom.server.store.open_files import OpenFiles
from chatroom.server.store.reading import read_after, read_before, read_snapshot, read_unread
from chatroom.server.store.schema import ROOM_SHIFT, seq_of
from chatroom.server.store.search import newest_below, search
from chatroom.server.store.standing import Standing, count_start, read_standing
from chatroom.server.store.writer import Writer

logger: Final = logging.getLogger("chatroom.server")

SEARCH_S: Final = 0.008
"""Time limit of finding, looked at between steps of up to 6 ms; what was found is read in half as much again.
The server stands still meanwhile, 18 ms at most.
"""

IDLE_CHECKPOINT: Final = 1_000
"""Changed rows after which an idle server moves the write-ahead log to the database, so that a busy one
need not.
"""

LEAVE_S: Final = 10.0
"""How long it is tried, at the end, to move what a removed write-ahead log holds to the database."""


class SqliteLog:
    """A `Log` in the file at `path`, which is made if there is none.

    Raises StoreError, with one line that names the file, when it cannot be opened. `search_s` is the
    time limit of a search. An operation that the disk refuses changes nothing and works again when the
    disk does.
    """

    def __init__(self, path: Path, search_s: float = SEARCH_S) -> None:
        self._path = path
        self._search_s = search_s
        self._outcomes: list[Outcome] = []
        self._refusal: Failed | None = None
        """Why nothing is stored at the moment: what was stored now might not be there later."""
        self._use(_open_parts(path))

    def _use(self, parts: "_Parts") -> None:
        (
            self._connection,
            self._opened,
            self._heads,
            self._nonces,
            self._indexer,
            self._writer,
            self._files,
        ) = parts
        self._checkpointed = 0
        self._is_open = True

    @property
    def log_id(self) -> bytes:
        """As `Log.log_id`."""
        return self._opened.log_id

    @property
    def standing(self) -> Standing:
        """Where the log stands: what was surely committed, and nothing else."""
        opened = self._opened
        return Standing(opened.log_id, opened.starts, opened.entries + self._writer.entries)

    def begin(self, *, renews: bool) -> None:
        """Count one more start of a server; where the log `renews`, it has a new id from then on. Addresses
        that bar nobody any more are forgotten.

        To be called before anybody is served. Raises StorageError when the disk refuses.
        """
        try:
            forget_addresses(self._connection.cursor(), time.time_ns() // 1_000_000)
            count_start(self._connection, renews=renews)
            self._opened = read_standing(self._connection)
        except sqlite3.Error as error:
            raise StorageError(trouble(error)) from None
        self._writer.entries = 0

    def load(self) -> Snapshot:
        """As `Log.load`."""
        with _reading():
            self._writer.finish()
            return read_snapshot(self._connection)

    def submit(self, changes: Sequence[Change], now_ms: int) -> None:
        """As `Log.submit`; every outcome is there when it returns. Raises StorageError, and answers nothing,
        where it cannot find out what is stored: that is known when `load` returns.
        """
        if self._refusal is not None:
            self._outcomes += [self._refusal] * len(changes)
        elif changes:
            self._outcomes += self._writer.store(changes, now_ms)

    def outcomes(self) -> list[Outcome]:
        """As `Log.outcomes`."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def after(self, room: int, seq: int, limit: int, budget_bytes: int) -> list[bytes]:
        """As `Log.after`."""
        with _reading():
            return read_after(self._connection, room, seq, limit, budget_bytes)

    def before(self, room: int, seq: int, floor: int, limit: int, budget_bytes: int) -> list[bytes]:
        """As `Log.before`."""
        with _reading():
            return read_before(self._connection, room, seq, floor, limit, budget_bytes)

    def find_post(self, author: int, nonce: bytes) -> bytes | None:
        """See `Log.find_post`."""
        with _reading():
            if self._connection.in_transaction:  # of what was not stored
                self._writer.finish()
            entry = self._nonces.recent(nonce_key(author, nonce)) or self._nonces.on_disk(author, nonce)
            if entry is None:
                return None
            frames = read_after(self._connection, entry >> ROOM_SHIFT, seq_of(entry) - 1, 1, PAGE_BYTES)
        return frames[0] if frames else None  # none: its nonce is still to be taken back

    def unread(self, account: int, heads: Mapping[int, int]) -> dict[int, Unread]:
        """As `Log.unread`."""
        with _reading():
            return read_unread(self._connection, account, heads)

    def search(self, query: str, rooms: Sequence[int], author: int, before: int, limit: int) -> Hits:
        """As `Log.search`; `unindexed` counts entries of all kinds that were not looked at yet."""
        below = newest_below(self._indexer.newest, before)
        with _reading():
            hits = search(self._connection, query, rooms, author, below, limit, self._search_s)
            heads = ((room, self._heads.get(room)) for room in rooms)
            unindexed = sum(head.seq - self._indexer.done(room) for room, head in heads if head is not None)
        return Hits(hits.frames, hits.next, unindexed)

    def find_code(self, code: bytes) -> CodeRecord | None:
        """As `Log.find_code`; it sees what another program has added."""
        with _reading():
            return find_code(self._connection.cursor(), code)

    def devices(self, account: int) -> list[DeviceRecord]:
        """As `Log.devices`."""
        with _reading():
            return list_devices(self._connection.cursor(), account)

    def index(self, budget_s: float) -> bool:
        """As `Log.index`; it does the other work that can wait too."""
        stop_at = time.monotonic() + budget_s
        try:
            self._look_after_files()
            self._indexer.note(self._writer.take_fresh())
            while self._has_work():
                if self._indexer.is_done:
                    self._nonces.index_slice()
                else:
                    self._indexer.write_batch()
                if time.monotonic() >= stop_at:
                    return self._has_work()
            self._checkpoint()
        except sqlite3.Error as error:
            raise StorageError(trouble(error)) from None
        return False

    def _look_after_files(self) -> None:
        """Take back what could not be taken back. Write everything to the database, and open it again, when
        somebody removed a file beside it.

        Nothing is stored until that is done, nor where the database itself is not the one that was opened.
        """
        if self._is_open:
            self._writer.finish()
        if not self._files.has_database():
            self._refuse(refusals.LOG_IS_LOST)
        if not self._is_open or not self._files.has_beside():
            self._refusal = refusals.LOG_IS_HELD
            if self._is_open and self._move_to_database():
                raise StorageError(refusals.LOG_IS_HELD.text)
            self._open_again()
        self._refusal = None

    def _refuse(self, refusal: Failed) -> NoReturn:
        """Store nothing from now on, and raise StorageError with the reason."""
        self._refusal = refusal
        raise StorageError(refusal.text)

    def _move_to_database(self) -> bool:
        """Move all of the write-ahead log to the database; return whether another program is in the way.

        Where a file was removed, the file of that name now may be another program's, and is not truncated.
        """
        how = "TRUNCATE" if self._files.has_beside() else "RESTART"
        is_busy, _, _ = self._connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
        return bool(is_busy)

    def _open_again(self) -> None:
        """Open the database anew. Raises StorageError where it cannot be, or is not what was open: it has
        to hold everything that was told as stored.
        """
        self._is_open = False
        self._connection.close()
        try:
            parts = _open_parts(self._path)
        except StoreError as error:
            raise StorageError(str(error)) from None
        found, expected = parts.opened, self.standing
        if found.log_id != expected.log_id or found.entries < expected.entries:
            parts.connection.close()
            self._refuse(refusals.LOG_IS_LOST)
        self._use(parts)

    def _has_work(self) -> bool:
        return not self._indexer.is_done or self._nonces.is_due(idle=True)

    def _checkpoint(self) -> None:
        """Move the write-ahead log to the database when it has grown enough to be worth it."""
        changes = self._connection.total_changes
        if changes - self._checkpointed >= IDLE_CHECKPOINT:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._checkpointed = changes

    def close(self) -> None:
        """As `Log.close`. What can wait, and was left, is done when the log is opened again.

        What is in a write-ahead log that somebody removed goes with this process. So where another program
        keeps it from the database, that is waited for, `LEAVE_S` at most.
        """
        give_up_at = time.monotonic() + LEAVE_S
        try:
            if self._is_open:
                self._writer.finish()
                while self._move_to_database() and not self._files.has_write_ahead_log():
                    if time.monotonic() > give_up_at:
                        raise StorageError("another program reads it")
        except (sqlite3.Error, StorageError, MemoryError) as error:
            if not self._files.has_write_ahead_log():
                lost = "messages may be lost, the write-ahead log was removed and"
                logger.warning(
                    "%s: %s cannot be moved to the database: %s", self._path, lost, words_for(error)
                )
        self._connection.close()


class _Parts(NamedTuple):
    """A database that was opened, and what is made of it."""

    connection: sqlite3.Connection
    opened: Standing
    heads: Heads
    nonces: Nonces
    indexer: Indexer
    writer: Writer
    files: OpenFiles


def _open_parts(path: Path) -> _Parts:
    """Open the database and make all that works on it. Raises StoreError as `SqliteLog` does."""
    connection = open_database(path)
    try:
        cursor = connection.cursor()
        opened = read_standing(connection)
        heads, nonces, indexer = Heads(cursor), Nonces(cursor), Indexer(cursor)
        nonces.load()
        indexer.load()
        handles = dict(cursor.execute("SELECT id, handle FROM accounts").fetchall())
        handles[refusals.SERVER] = refusals.SERVER_HANDLE
        writer = Writer(cursor, heads, nonces, handles)
        return _Parts(connection, opened, heads, nonces, indexer, writer, OpenFiles(path))
    except (sqlite3.Error, StorageError) as error:
        connection.close()
        raise StoreError(f"{path}: {words_for(error)}") from None
    except BaseException:
        connection.close()
        raise


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(trouble(error)) from None
