"""Drafts: what a transaction of the writer has gathered before it is committed.

Read next: `writer.py`.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

from chatroom.server.hub.ports import Outcome
from chatroom.server.store.nonce_keys import NonceKeys
from chatroom.server.store.rows import AT_ONCE, Value, insert_rows

Gathered = tuple[int, int, int, Sequence[bytearray]]
"""Entries that follow each other: author, row id of the first, kind, frames."""

_COLUMNS: Final = 4
"""Those of a row of `entries`: author, row id, kind, frame."""

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
        "_found",
        "_looked_at",
        "accounts",
        "entries",
        "gathered",
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
        self.gathered: list[Gathered] = []
        """The entries to be, in the order in which they came."""
        self._found: dict[int, bytearray] = {}
        self._looked_at = 0
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
        """Take entries that follow each other, of which this is the row id of the first."""
        self.gathered.append((author, entry, kind, frames))
        self.entries += len(frames)

    def frame_of(self, entry: int) -> bytes | None:
        """Return the frame of the entry with this row id, if it is one of them. Each is looked at once: a
        pass may ask for thousands.
        """
        while self._looked_at < len(self.gathered):
            _, first, _, frames = self.gathered[self._looked_at]
            self._found.update(enumerate(frames, first))
            self._looked_at += 1
        frame = self._found.get(entry)
        return None if frame is None else bytes(frame)

    @property
    def is_one_statement(self) -> bool:
        """Whether `write_rows` takes one statement: as many rows as `insert_rows` puts into one."""
        return self.entries == 1 or (self.entries <= AT_ONCE and not self.keys.unsure)

    def write_rows(self, cursor: sqlite3.Cursor) -> bool:
        """Write the rows; False when one of them cannot be there: its nonce, or its place, is taken."""
        unsure = self.keys.unsure
        values: list[Value] = []
        rows: list[tuple[Value | None, ...]] = []
        for author, first, kind, frames in self.gathered:
            for place, frame in enumerate(frames):
                if unsure:
                    rows.append((unsure.get(first + place), author, first + place, kind, frame))
                else:
                    values.append(author)  # compiled, half of what it takes to add a tuple of them
                    values.append(first + place)
                    values.append(kind)
                    values.append(frame)
        try:
            if unsure:
                cursor.executemany(_ADD_UNLESS_KNOWN, rows)
            else:
                insert_rows(cursor, _ADD_NEW, _COLUMNS, values)
        except sqlite3.IntegrityError:
            return False
        return True

    def stands(self, cursor: sqlite3.Cursor) -> bool:
        """Whether it is on disk, though to commit it has failed. Raises what reading raises."""
        proof = self.proof
        if self.gathered:
            _, entry, _, frames = self.gathered[0]
            proof = (_ENTRY, (entry, frames[0]))
        return self.is_written and proof is not None and cursor.execute(*proof).fetchone() is not None
