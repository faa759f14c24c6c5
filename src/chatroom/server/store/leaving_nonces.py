"""Leaving nonces: those that were held in memory and are on their way to disk, slice by slice.

Until all of them are there each is still found here. Read next: `nonces.py`.
"""

import sqlite3
from itertools import chain
from typing import Final, NamedTuple

from chatroom.protocol.limits import NONCE_BYTES
from chatroom.server.store.held_nonces import HeldNonces
from chatroom.server.store.nonce_runs import ROW_NONCES, Run, write_rows
from chatroom.server.store.rows import Value, insert_rows
from chatroom.server.store.schema import ROOM_SHIFT, seq_of

_ADD: Final = "INSERT OR IGNORE INTO nonces"
_MARK: Final = "INSERT OR REPLACE INTO nonces_done VALUES (?, ?)"


class Left(NamedTuple):
    """What is still to be written: rows of runs, keys, and how many nonces both are."""

    rows: int
    keys: int
    nonces: int


class LeavingNonces:
    """Writes nonces in slices: each within the transaction of the caller, who says when that was committed.

    Whatever fails, they are as they were before the slice, and it is written again.
    """

    __slots__ = ("_left_after", "_queue", "_rows", "held", "left")

    def __init__(self) -> None:
        self.held = HeldNonces()
        self.left = Left(0, 0, 0)
        self._left_after: Left | None = None
        self._rows: list[tuple[int, int]] = []
        """Rows of runs to be: author, and place of the first nonce. They are taken from the end."""
        self._queue: list[bytes] = []
        """Keys for the index, in falling order, likewise."""

    def begin(self, held: HeldNonces) -> None:
        """All of these leave memory; nothing was left of those before."""
        queue = sorted(held.apart, reverse=True)
        rows = [
            (author, place)
            for author in sorted(held.runs, reverse=True)
            for place in reversed(range(0, len(held.runs[author]), ROW_NONCES))
        ]
        left = Left(len(rows), len(queue), len(queue) + sum(map(len, held.runs.values())))
        self.held = held
        self._queue = queue
        self._rows = rows
        self.left = left

    def write_slice(self, cursor: sqlite3.Cursor, most: int) -> set[int]:
        """Write about so many, rows first; return whose they are. With the last, note that all are there."""
        left_rows, left_keys, nonces = self.left
        authors: set[int] = set()
        rows: list[tuple[int, Run]] = []
        while left_rows and most > 0:
            left_rows -= 1
            author, place = self._rows[left_rows]
            row = self.held.runs[author].part(place, place + ROW_NONCES)
            rows.append((author, row))
            authors.add(author)
            most -= len(row)
            nonces -= len(row)
        write_rows(cursor, rows)
        if not rows:
            keys = self._queue[max(0, left_keys - most) : left_keys]
            values: list[Value] = [b""] * (2 * len(keys))
            values[0::2] = map(bytearray, keys)
            values[1::2] = map(self.held.apart.__getitem__, keys)
            insert_rows(cursor, _ADD, 2, values)
            authors = {int.from_bytes(author, "big") for author in {key[NONCE_BYTES:] for key in keys}}
            left_keys -= len(keys)
            nonces -= len(keys)
        if not left_rows and not left_keys:
            cursor.executemany(_MARK, self._reached().items())
        self._left_after = Left(left_rows, left_keys, nonces)
        return authors

    def wrote_slice(self) -> None:
        """The transaction with the last slice is on disk. It needs no memory: what is stored stays so."""
        if self._left_after is not None:
            self.left = self._left_after
            self._left_after = None
            if not self.left.rows and not self.left.keys:
                self.held.clear()
                self._rows.clear()
                self._queue.clear()

    def drop_slice(self) -> None:
        """That transaction was taken back."""
        self._left_after = None

    def _reached(self) -> dict[int, int]:
        """Return, for each room, the newest seq whose nonce is leaving memory: the disk has all up to there,
        in runs and in the index.
        """
        newest: dict[int, int] = {}
        in_runs = chain.from_iterable(run.entries for run in self.held.runs.values())
        for entry in chain(self.held.apart.values(), in_runs):
            room = entry >> ROOM_SHIFT
            if entry > newest.get(room, 0):
                newest[room] = entry
        return {room: seq_of(entry) for room, entry in newest.items()}
