"""Nonces: where the entry of each (author, nonce) stands, for ever and exactly, and off the path of a
commit.

An index of random nonces would cost a commit more than everything else: one page per message (64
messages in 1,070 us of CPU, in 250 us without). So the newest nonces are held in memory and written
later, thousands at a time, when the server is idle or when they become too many: those of an author
that rise as runs, all others to the index, in its order. Nothing is at risk meanwhile: the nonce stands
in the entry, and what is neither in a run nor in the index is read from the entries when the log is
opened. Read next: `held_nonces.py`, `writer.py`.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import Final, NamedTuple

from chatroom.protocol.limits import NONCE_BYTES, SEQ_MAX
from chatroom.protocol.posts import Posts
from chatroom.server.store.frames import entry_of
from chatroom.server.store.held_nonces import HeldNonces
from chatroom.server.store.nonce_keys import NonceKeys, apart, author_and_nonce, nonce_key
from chatroom.server.store.nonce_runs import (
    ROW_NONCES,
    Run,
    greatest_in_rows,
    run_in_rows,
    write_rows,
)
from chatroom.server.store.rows import Value, insert_rows
from chatroom.server.store.schema import ROOM_SHIFT, entry_id, seq_of
from chatroom.server.store.transactions import transaction

IDLE_NONCES: Final = 2_048
"""So many wait before an idle server indexes them: together they cost an eighth of what they cost one
by one.
"""

MOST_NONCES: Final = 32_768
"""So many are held by a busy server: 0.8 MB in runs; apart 6 MB, and 9 ms to sort; 60 ms when the log is
opened. Beside a million random ones in the index, one more costs 7 us; 12 us if half as many were held, and
no less if twice as many were.
"""

FEW: Final = 32
"""Fewer nonces of an author who makes no more runs are no run either: so its next ones are looked for in the
index alone.
"""

SLICE: Final = 256
"""So many, or as many as are too many, are written with one commit: 1 ms, 4 ms where each meets its own
page, much less in runs.
"""

_ADD: Final = "INSERT OR IGNORE INTO nonces"
_DONE: Final = "SELECT rooms.id, ifnull(seq, 0) FROM rooms LEFT JOIN nonces_done ON room = rooms.id"
_TAIL: Final = "SELECT id, author, frame FROM entries WHERE id > ? AND id <= ?"
_MARK: Final = "INSERT OR REPLACE INTO nonces_done VALUES (?, ?)"


class Slice(NamedTuple):
    """How much was written with one transaction: rows of runs, the nonces in them, keys in the index."""

    rows: int
    in_rows: int
    keys: int


class Nonces:
    """All nonces of one database: those in memory by `recent`, those on disk by `in_runs` and `stored`."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._recent = HeldNonces()
        self._leaving = HeldNonces()
        self._rows: list[tuple[int, int]] = []
        """Which rows of runs in `_leaving` are still to be written: author, and place of the first nonce, in
        falling order. They are taken from the end.
        """
        self._queue: list[bytes] = []
        """The keys of `_leaving` that are still to be written, likewise."""
        self._left = 0
        """How many nonces are still to be written, in rows and as keys."""
        self.highest = b""
        """No key in the index is greater (it may hold none so great): such is not looked for there."""
        self._highest_in_runs = b""
        """No nonce of a run on disk is greater."""
        self._greatest: dict[int, bytes] = {}
        """The greatest nonce of each author that was asked about since the log was opened."""
        self._greatest_before = b""
        """No nonce that was stored before is greater."""
        self._unordered: set[int] = set()
        """Authors of whom a new nonce was no greater than one before: no more runs are made of theirs."""

    def load(self) -> None:
        """Read what is on disk in entries alone: the nonces of those after `nonces_done`."""
        (highest,) = self._cursor.execute("SELECT max(key) FROM nonces").fetchone()
        self.highest = highest or b""
        self._highest_in_runs = greatest_in_rows(self._cursor)
        self._greatest_before = max(self.highest, self._highest_in_runs)
        for room, seq in self._cursor.execute(_DONE).fetchall():
            span = entry_id(room, seq), entry_id(room, SEQ_MAX)
            for entry, author, frame in self._cursor.execute(_TAIL, span):
                nonce = entry_of(frame).nonce
                if nonce:
                    self._recent.add(nonce_key(author, nonce), entry)
                    self._greatest_before = max(self._greatest_before, nonce)

    def note_if_greatest(self, author: int, nonce: bytes) -> bool:
        """Whether no nonce of the author that was asked about here before, nor any that was stored before the
        log was opened, is as great: then it is new, and is looked for nowhere. Where all clients make nonces
        that rise with time, that is every new one: a flood of 64 authors gets 8 % more for a CPU second.
        """
        if nonce <= self._greatest.get(author, self._greatest_before):
            return False
        self._greatest[author] = nonce
        return True

    def take_if_new(self, keys: NonceKeys, author: int, posts: Posts, entry: int) -> bool:
        """Whether that is true of each of these, in whatever order, and none of them is there twice: then
        `keys` takes them, for entries that follow each other from this one on.
        """
        greatest = self._greatest.get(author, self._greatest_before)
        nonces = posts.nonces()
        entries: Sequence[int] = range(entry, entry + len(posts))
        if not posts.rise_above(greatest):
            pairs = sorted(zip(apart(nonces), entries, strict=True))
            if pairs[0][0] <= greatest or any(one[0] == other[0] for one, other in pairwise(pairs)):
                return False
            nonces, entries = b"".join(nonce for nonce, _ in pairs), [place for _, place in pairs]
        self._greatest[author] = nonces[-NONCE_BYTES:]
        if author not in self._unordered:
            keys.add_run(author, nonces, entries)
        else:
            for nonce, place in zip(apart(nonces), entries, strict=True):
                keys.add(nonce_key(author, nonce), place)
        return True

    def note_unordered(self, authors: Iterable[int]) -> None:
        """New nonces of these authors were no greater than one before. As a rule it goes on so, and a run is
        no use where every nonce has to be looked for.
        """
        self._unordered.update(author for author in authors if author in self._greatest)

    def recent(self, key: bytes) -> int | None:
        """Return the row id of the entry with this key, if it is one of those held in memory."""
        recent, leaving = self._recent, self._leaving
        entry = recent.apart.get(key) or leaving.apart.get(key)
        if entry is None and (recent.runs or leaving.runs):
            author, nonce = author_and_nonce(key)
            entry = recent.find_in_run(author, nonce) or leaving.find_in_run(author, nonce)
        return entry

    def in_runs(self, key: bytes) -> int | None:
        """Return the row id of the entry with this key, if it is in a run on disk. Raises StorageError for a
        run that cannot be read.
        """
        if key[:NONCE_BYTES] > self._highest_in_runs:
            return None
        author, nonce = author_and_nonce(key)
        run = run_in_rows(self._cursor, author, nonce)
        return None if run is None else run.find(nonce)

    def stored(self, key: bytes) -> int | None:
        """Return the row id of the entry with this key, if it is in a run on disk, or in the index."""
        known = self.in_runs(key)
        if known is not None:
            return known
        row = self._cursor.execute("SELECT entry FROM nonces WHERE key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    def add(self, keys: NonceKeys) -> None:
        """Take the keys of entries that are about to be committed."""
        self._recent.add_all(keys)

    def forget(self, keys: NonceKeys) -> None:
        """They were not committed. Some of them may not be here."""
        self._recent.drop_all(keys)

    # -- indexing ------------------------------------------------------------------------------------------

    def is_due(self, *, idle: bool) -> bool:
        """Whether a slice should be written: by itself, or with the next commit of a busy server."""
        if idle:
            return self._left > 0 or len(self._recent) >= IDLE_NONCES
        recent = self._recent
        return len(recent.apart) + recent.in_runs + self._left >= MOST_NONCES

    def index_slice(self) -> None:
        """Write some nonces in a transaction of its own."""
        with transaction(self._cursor):
            written = self.write_slice()
        self.wrote_slice(written)

    def write_slice(self) -> Slice:
        """Write some nonces, within the transaction of the caller; return how much, for `wrote_slice`."""
        if not self._left:
            self._let_leave()
        most = max(SLICE, len(self._recent) + self._left - MOST_NONCES)
        rows = self._next_rows(most)
        keys = self._queue[-most:] if not rows else []
        if rows:
            write_rows(self._cursor, rows)
        else:
            values: list[Value] = [b""] * (2 * len(keys))
            values[0::2] = map(bytearray, keys)
            values[1::2] = map(self._leaving.apart.__getitem__, keys)
            insert_rows(self._cursor, _ADD, 2, values)
        written = Slice(len(rows), sum(len(run) for _, run in rows), len(keys))
        if written.in_rows + written.keys == self._left:
            self._cursor.executemany(_MARK, self._reached().items())
        return written

    def wrote_slice(self, written: Slice) -> None:
        """The transaction with that slice is on disk."""
        if written.rows:
            del self._rows[-written.rows :]
        if written.keys:
            del self._queue[-written.keys :]
        self._left -= written.in_rows + written.keys
        if not self._left:
            self._leaving = HeldNonces()

    def _let_leave(self) -> None:
        """All that are held now are to be written."""
        leaving, recent = self._recent, HeldNonces()
        for author in leaving.runs.keys() & self._unordered:
            if len(leaving.runs[author]) < FEW:
                leaving.set_apart(author)
        queue = sorted(leaving.apart, reverse=True)
        rows = [
            (author, place)
            for author in sorted(leaving.runs, reverse=True)
            for place in range(0, len(leaving.runs[author]), ROW_NONCES)
        ]
        last = max((bytes(run.nonces[-NONCE_BYTES:]) for run in leaving.runs.values()), default=b"")
        self.highest = max([self.highest, *queue[:1]])
        self._highest_in_runs = max(self._highest_in_runs, last)
        left = len(queue) + sum(map(len, leaving.runs.values()))
        self._leaving, self._queue, self._rows, self._recent, self._left = leaving, queue, rows, recent, left

    def _next_rows(self, most: int) -> list[tuple[int, Run]]:
        """Return author and run of the next rows, with about so many nonces."""
        rows: list[tuple[int, Run]] = []
        for author, place in reversed(self._rows):
            if most <= 0:
                break
            row = self._leaving.runs[author].part(place, place + ROW_NONCES)
            rows.append((author, row))
            most -= len(row)
        return rows

    def _reached(self) -> dict[int, int]:
        """Return, for each room, the newest seq whose nonce is leaving memory: the disk has all up to there,
        in runs and in the index.
        """
        leaving = self._leaving
        in_runs = chain.from_iterable(run.entries for run in leaving.runs.values())
        newest = {entry >> ROOM_SHIFT: entry for entry in sorted(chain(leaving.apart.values(), in_runs))}
        return {room: seq_of(entry) for room, entry in newest.items()}
