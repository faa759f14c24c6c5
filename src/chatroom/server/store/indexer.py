"""The text index: stored messages made searchable, a few at a time, when the server has nothing better
to do.

A message becomes a document: a number that rises with time over all rooms, mapped to its entry in
`documents`, and its words in the FTS5 table of its number's block. How far each room was indexed stands
in `words_done` and moves in the same transaction, so a kill in the middle neither skips a message nor
indexes it twice. Read next: `search.py`.
"""

import sqlite3
from collections import deque
from heapq import heappop, heappush, heapreplace
from typing import Final, NamedTuple

from chatroom.protocol.entries import EntryKind, Posted, read_body
from chatroom.protocol.limits import SEQ_MAX
from chatroom.server.store.frames import entry_of
from chatroom.server.store.schema import ROOM_SHIFT, entry_id, seq_of
from chatroom.server.store.transactions import transaction
from chatroom.server.store.words import cut_words

BLOCK: Final = 1 << 17
"""Documents in one FTS5 table. It bounds what FTS5 does without asking whether it takes too long (two
words that never meet: 8 ms) and how much it merges at once.
"""

BATCH: Final = 64
"""Most messages indexed in one transaction: 12 us each, 18 us with 16 at a time, 10 us with 256."""

BATCH_CHARS: Final = 16_384
"""Most characters indexed in one transaction, or one message: about 5 ms."""

PAGE_BYTES: Final = 1_000
"""Size of the nodes of FTS5 (`pgsz`): it merges 64 of them at once, in at most 15 ms against 45 ms with
the 4,050 it would take.
"""

_READ_AT_ONCE: Final = 1_024

_STANDING: Final = """
    SELECT rooms.id, ifnull(words_done.seq, 0),
        (SELECT max(id) FROM entries WHERE id BETWEEN rooms.id << 40 AND (rooms.id << 40) + ?)
    FROM rooms LEFT JOIN words_done ON room = rooms.id"""

_MAKE_BLOCK: Final = """
    CREATE VIRTUAL TABLE words_N USING fts5(words, place, content = '', columnsize = 0, tokenize = 'ascii')"""
_SET_PAGE: Final = "INSERT INTO words_N (words_N, rank) VALUES ('pgsz', ?)"
_ADD_WORDS: Final = "INSERT INTO words_N (rowid, words, place) VALUES (?, ?, ?)"


class Unindexed(NamedTuple):
    """One entry to look at; `text` is None where there is nothing to search for, and `at` is 0 then."""

    entry: int
    at: int
    author: int
    text: str | None


class Indexer:
    """Makes the messages of one database searchable, in the order of their time."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._done: dict[int, int] = {}
        self._waiting: list[tuple[int, int]] = []
        """A heap of (time, room): no unindexed message of the room is older."""
        self._rooms: set[int] = set()
        self._read: dict[int, deque[Unindexed]] = {}
        self._newest = 0
        self._is_stale = True

    def load(self) -> None:
        """Find out what is indexed and what waits: at the beginning, and again after an error."""
        cursor = self._cursor
        (self._newest,) = cursor.execute("SELECT ifnull(max(id), 0) FROM documents").fetchone()
        rows = cursor.execute(_STANDING, (SEQ_MAX,)).fetchall()
        self._done = {room: done for room, done, _ in rows}
        self._rooms = {room for room, done, newest in rows if newest is not None and seq_of(newest) > done}
        self._waiting = [(0, room) for room in self._rooms]
        self._read.clear()
        self._is_stale = False

    @property
    def newest(self) -> int:
        """The number of the newest document."""
        return self._newest

    @property
    def is_done(self) -> bool:
        """Whether every entry noted was looked at."""
        return not self._waiting and not self._is_stale

    def done(self, room: int) -> int:
        """Return the seq up to which a room is searchable."""
        return self._done.get(room, 0)

    def note(self, rooms: dict[int, int]) -> None:
        """These rooms have new entries; beside each the time of the first of them."""
        for room, at in rooms.items():
            if room not in self._rooms:
                self._rooms.add(room)
                heappush(self._waiting, (at, room))

    def write_batch(self) -> None:
        """Index the next messages in a transaction of its own."""
        if self._is_stale:
            self.load()
        self._is_stale = True  # until all went well
        batch = self._next_batch()
        if batch:
            self._write(batch)
        self._is_stale = False

    def _write(self, batch: list[Unindexed]) -> None:
        done: dict[int, int] = {}
        words: list[tuple[int, str, str]] = []
        documents: list[tuple[int, int, int]] = []
        number = self._newest
        for item in batch:
            room = item.entry >> ROOM_SHIFT
            done[room] = seq_of(item.entry)
            if item.text is not None:
                number += 1
                words.append((number, " ".join(cut_words(item.text)), f"r{room} a{item.author}"))
                documents.append((number, item.entry, item.author))
        cursor = self._cursor
        with transaction(cursor):
            if words:
                self._write_words(words)
                cursor.executemany("INSERT INTO documents VALUES (?, ?, ?)", documents)
            cursor.executemany("INSERT OR REPLACE INTO words_done VALUES (?, ?)", done.items())
        self._newest = number
        self._done.update(done)

    def _write_words(self, rows: list[tuple[int, str, str]]) -> None:
        """Add rows to the tables of their blocks, and make a table with the first row of its block."""
        while rows:
            block = block_of(rows[0][0])
            here = [row for row in rows if block_of(row[0]) == block]
            if rows[0][0] == block * BLOCK + 1:
                create_block(self._cursor, block)
            self._cursor.executemany(in_block(_ADD_WORDS, block), here)
            rows = rows[len(here) :]

    # -- what comes next -----------------------------------------------------------------------------------

    def _next_batch(self) -> list[Unindexed]:
        """Take the oldest unindexed entries over all rooms."""
        batch: list[Unindexed] = []
        chars = 0
        while self._waiting and len(batch) < BATCH and chars < BATCH_CHARS:
            at, room = self._waiting[0]
            read = self._read.get(room) or self._read_on(room, batch)
            if not read:
                heappop(self._waiting)
                self._rooms.discard(room)
                self._read.pop(room, None)
            elif read[0].at > at:
                heapreplace(self._waiting, (read[0].at, room))
            else:
                item = read.popleft()
                batch.append(item)
                chars += len(item.text or "")
        return batch

    def _read_on(self, room: int, batch: list[Unindexed]) -> deque[Unindexed]:
        """Read the next entries of a room, fewer at a time where many rooms wait."""
        taken = [seq_of(item.entry) for item in batch if item.entry >> ROOM_SHIFT == room]
        after = taken[-1] if taken else self.done(room)
        rows = self._cursor.execute(
            """SELECT id, author, CASE kind WHEN ? THEN frame END FROM entries
            WHERE id > ? AND id <= ? ORDER BY id LIMIT ?""",
            (
                EntryKind.POSTED,
                entry_id(room, after),
                entry_id(room, SEQ_MAX),
                min(max(_READ_AT_ONCE // len(self._waiting), 1), BATCH),
            ),
        )
        self._read[room] = read = deque(_unindexed(*row) for row in rows)
        return read


def _unindexed(entry: int, author: int, frame: bytes | None) -> Unindexed:
    if frame is None:
        return Unindexed(entry, 0, author, None)
    read = entry_of(frame)
    body = read_body(read)
    return Unindexed(entry, read.at, author, body.text if isinstance(body, Posted) else None)


def block_of(document: int) -> int:
    """Return the block of a document: they are numbered from 1."""
    return (document - 1) // BLOCK


def create_block(cursor: sqlite3.Cursor, block: int) -> None:
    """Make the table for the words of a block.

    It keeps neither the texts (`content`) nor their lengths (`columnsize`). The words were cut by
    `words.py`, so the plainest tokenizer leaves them as they are. `place` holds room and author, so
    that a search in a small room does not have to go through everything; what may be read is decided
    elsewhere (`search.py`).
    """
    cursor.execute(in_block(_MAKE_BLOCK, block))
    cursor.execute(in_block(_SET_PAGE, block), (PAGE_BYTES,))


def in_block(statement: str, block: int) -> str:
    """Return a statement about `words_N` for the table of one block."""
    return statement.replace("words_N", f"words_{block}")
