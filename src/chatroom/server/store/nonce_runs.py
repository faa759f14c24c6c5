"""Runs: nonces of one author that rise, and where the entry of each stands.

Most clients make their nonces rise with time. Those of one author then lie in order by themselves: nothing
has to be sorted, and one is found by halving, in memory as on disk, where 256 of them are one row. Read next:
`held_nonces.py`, `nonces.py`.
"""

import sqlite3
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final, NamedTuple

from chatroom.protocol.limits import NONCE_BYTES
from chatroom.server.hub.ports import StorageError

ROW_NONCES: Final = 256
"""So many are one row at most: 6 KB."""

ENTRY_BYTES: Final = 8
"""A row id in a row."""

# A row that was written before, by a commit of which nobody knew what became, is the same row.
_ADD: Final = "INSERT OR IGNORE INTO nonce_runs (author, first, nonces, entries) VALUES (?, ?, ?, ?)"
_FIND: Final = """
    SELECT nonces, entries FROM nonce_runs WHERE author = ? AND first <= ? ORDER BY first DESC LIMIT 1"""
_NEXT: Final = """
    SELECT CAST(first AS BLOB) FROM nonce_runs WHERE author = ? AND first > ? ORDER BY first LIMIT 1"""
_LAST: Final = "SELECT CAST(nonces AS BLOB) FROM nonce_runs WHERE author = ? ORDER BY first DESC LIMIT 1"


class Run:
    """Nonces of one author, each greater than the one before, and row ids of their entries: 24 bytes each."""

    __slots__ = ("entries", "nonces")

    def __init__(self, nonces: bytes | bytearray = b"", entries: Iterable[int] = ()) -> None:
        self.nonces = bytearray(nonces)
        self.entries = array("q", entries)

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, nonces: bytes, entries: list[int]) -> None:
        """Take more, greater than all that are here. `drop` them after an error: it may have some."""
        self.nonces += nonces
        self.entries.fromlist(entries)  # a third of what `extend` takes, which does not ask how many they are

    def drop(self, nonces: bytes) -> None:
        """Let go of these if they were taken last, also in part. After an error, do it again."""
        if self.nonces.endswith(nonces):
            del self.nonces[-len(nonces) :]
        del self.entries[len(self.nonces) // NONCE_BYTES :]

    def find(self, nonce: bytes) -> int | None:
        """Return the row id of the entry with this nonce."""
        place = bisect_left(range(len(self)), nonce, key=self.nonce_at)
        return self.entries[place] if place < len(self) and self.nonce_at(place) == nonce else None

    def nonce_at(self, place: int) -> bytes:
        """Return one nonce; a place below 0 counts from the end."""
        start = place % len(self) * NONCE_BYTES
        return bytes(self.nonces[start : start + NONCE_BYTES])

    def part(self, start: int, stop: int) -> "Run":
        """Return those from one place to another."""
        return Run(self.nonces[start * NONCE_BYTES : stop * NONCE_BYTES], self.entries[start:stop])


# -- on disk -----------------------------------------------------------------------------------------------


def write_rows(cursor: sqlite3.Cursor, rows: Iterable[tuple[int, Run]]) -> None:
    """Write one row for each author and run, which holds `ROW_NONCES` at most."""
    cursor.executemany(_ADD, [(author, run.nonce_at(0), run.nonces, _on_disk(run)) for author, run in rows])


def _on_disk(run: Run) -> bytes:
    places = run.entries
    if sys.byteorder == "little":
        places = places[:]
        places.byteswap()
    return places.tobytes()


def read_row(nonces: object, entries: object) -> Run:
    """Return the run in these columns of a row. Raises ValueError where they cannot be one."""
    if isinstance(nonces, bytes) and isinstance(entries, bytes):
        count = len(nonces) // NONCE_BYTES
        if count and (len(nonces), len(entries)) == (count * NONCE_BYTES, count * ENTRY_BYTES):
            places = array("q", entries)
            if sys.byteorder == "little":
                places.byteswap()
            return Run(nonces, places)
    raise ValueError("no nonces, or not as many as entries")


class Stretch(NamedTuple):
    """Nonces of one author from `start` on and below `until`: no row but that of `run`, if any, holds one."""

    start: bytes
    until: bytes
    run: Run


def stretch_around(cursor: sqlite3.Cursor, author: int, nonce: bytes) -> Stretch:
    """Return what the rows say of this nonce and others near it; behind the last row, of its own nonces only:
    another may follow. Raises StorageError for a row that cannot be read.
    """
    row = cursor.execute(_FIND, (author, nonce)).fetchone()
    try:
        run = Run() if row is None else read_row(*row)
    except ValueError:
        raise StorageError(f"the nonces of account {author} cannot be read") from None
    after = cursor.execute(_NEXT, (author, nonce)).fetchone()
    start, last = (run.nonce_at(0), run.nonce_at(-1)) if run else (b"", b"")
    return Stretch(start, last + b"\0" if after is None else after[0], run)


def greatest_in_rows(cursor: sqlite3.Cursor, author: int) -> bytes:
    """Return the greatest nonce that a row of this author holds, empty where there is none."""
    row = cursor.execute(_LAST, (author,)).fetchone()
    return b"" if row is None else row[0][-NONCE_BYTES:]
