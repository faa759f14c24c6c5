"""Drafts: what a transaction of the writer has gathered before it is committed.

Read next: `writer.py`.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final, cast

from chatroom.server.hub.ports import Outcome
from chatroom.server.store.nonce_keys import NonceKeys
from chatroom.server.store.rows import Value, insert_rows

Row = tuple[int, int, int, bytearray]
"""A row of `entries`: author, row id, kind, frame."""

COLUMNS: Final = 4
"""How many values that is."""

Proof = tuple[str, tuple[Value, ...]]
"""A query and its values: it finds a row where a draft is on disk, and found none before."""

_ENTRY: Final = "SELECT 1 FROM entries WHERE id = ? AND frame = ?"

_ADD_NEW: Final = "INSERT OR ROLLBACK INTO entries (author, id, kind, frame)"
"""When a row cannot be there the whole transaction is over, which is what follows anyway. Without ROLLBACK a
statement of many rows has to be able to undo itself alone: SQLite then copies each page before it changes,
from 64 KiB on into a temporary file, which messages in six rooms already need; at 32 rooms a pass takes
1.2 ms of CPU in place of 0.8.
"""

_ADD_UNLESS_KNOWN: Final = """
    INSERT INTO entries (author, id, kind, frame)
    VALUES (CASE WHEN EXISTS (SELECT 1 FROM nonces WHERE key = ?) THEN NULL ELSE ? END, ?, ?, ?)"""
"""Looks up the nonce on the way, and fails (NOT NULL) where it is there: 0.7 us a message, a third of what a
statement of its own costs. As INSERT … SELECT … WHERE NOT EXISTS it takes 0.4 us more.
"""


class Draft:
    """What one transaction has gathered, and what is to be forgotten should it fail."""

    __slots__ = (
        "_frames",
        "accounts",
        "entries",
        "has_begun",
        "has_slice",
        "is_alone",
        "is_unsettled",
        "is_written",
        "keys",
        "looks_up",
        "mentions",
        "now_ms",
        "outcomes",
        "proof",
        "rooms",
        "values",
    )

    def __init__(self, now_ms: int, *, is_alone: bool = False, looks_up: bool = False) -> None:
        self.now_ms = now_ms
        """The time of its entries, if it is not before those in the log."""
        self.is_alone = is_alone
        """Whether it is to hold one change and nothing else."""
        self.looks_up = looks_up
        """Whether nonces are looked up in the index before rows are written, and not only by the statement
        that writes them.
        """
        self.is_unsettled = is_alone
        """Whether authors are judged again: a change before, here or in the pass, may have taken a right from
        somebody (`UNSETTLING`).
        """
        self.outcomes: list[Outcome] = []
        """What becomes of each change if this is committed."""
        self.entries = 0
        """How many entries there are."""
        self.values: list[Value] = []
        """The rows of `entries` to be, one behind the other."""
        self._frames: dict[int, bytearray] = {}
        self.keys = NonceKeys()
        self.mentions: list[tuple[int, int, int]] = []
        self.rooms: dict[int, int] = {}
        """Rooms that got entries, and the time of the first of them."""
        self.accounts: list[int] = []
        self.proof: Proof | None = None
        """What proves it where it has no entries. With neither, storing it again changes nothing."""
        self.has_begun = False
        self.has_slice = False
        """Whether nonces are written that were held in memory."""
        self.is_written = False
        """Whether the statement that commits was begun."""

    def add(self, author: int, entry: int, kind: int, frames: Sequence[bytearray]) -> None:
        """Take the rows of entries that follow each other, of which this is the row id of the first."""
        for row, frame in enumerate(frames, entry):
            self.values += (author, row, kind, frame)
        self.entries += len(frames)

    def frame_of(self, entry: int) -> bytes | None:
        """Return the frame of the entry with this row id, if it is one of them."""
        done = len(self._frames) * COLUMNS  # a pass may ask for thousands: each row is looked at once
        ids = cast(list[int], self.values[done + 1 :: COLUMNS])
        frames = cast(list[bytearray], self.values[done + 3 :: COLUMNS])
        self._frames.update(zip(ids, frames, strict=True))
        frame = self._frames.get(entry)
        return None if frame is None else bytes(frame)

    def write_rows(self, cursor: sqlite3.Cursor) -> bool:
        """Write the rows; False when one of them cannot be there: its nonce, or its place, is taken."""
        unsure = self.keys.unsure
        try:
            if unsure:
                cursor.executemany(_ADD_UNLESS_KNOWN, [(unsure.get(row[1]), *row) for row in self._rows()])
            else:
                insert_rows(cursor, _ADD_NEW, COLUMNS, self.values)
        except sqlite3.IntegrityError:
            return False
        return True

    def stands(self, cursor: sqlite3.Cursor) -> bool:
        """Whether it is on disk, though to commit it has failed. Raises what reading raises."""
        proof = (_ENTRY, (self.values[1], self.values[3])) if self.values else self.proof
        return self.is_written and proof is not None and cursor.execute(*proof).fetchone() is not None

    def _rows(self) -> list[Row]:
        """Return the rows one by one."""
        values = iter(self.values)
        return cast(list[Row], list(zip(values, values, values, values, strict=True)))
