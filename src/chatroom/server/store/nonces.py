"""Nonces: where the entry of each (author, nonce) stands, for ever and exactly, and off the path of a
commit.

An index of random nonces would cost a commit more than everything else: one page per message (64
messages in 1,070 us of CPU, in 250 us without). So the newest nonces are kept in memory and written to
the index later, thousands at a time in the order of the index, when the server is idle or when they
become too many. Nothing is at risk meanwhile: the nonce stands in the entry, and what the index lacks
is read from the entries when the log is opened. Read next: `writer.py`.
"""

import sqlite3
from typing import Final

from chatroom.protocol.limits import NONCE_BYTES, SEQ_MAX
from chatroom.protocol.posts import Posts
from chatroom.server.store.frames import entry_of
from chatroom.server.store.nonce_keys import NonceKeys, nonce_key
from chatroom.server.store.rows import Value, insert_rows
from chatroom.server.store.schema import ROOM_SHIFT, entry_id, seq_of
from chatroom.server.store.transactions import transaction

IDLE_NONCES: Final = 2_048
"""So many wait before an idle server indexes them: together they cost an eighth of what they cost one
by one.
"""

MOST_NONCES: Final = 32_768
"""So many are kept by a busy server: about 6 MB of memory, 9 ms to sort, 60 ms when the log is opened.
Beside a million random ones in the index, one more costs 7 us; 12 us if half as many were kept, and no less
if twice as many were.
"""

SLICE: Final = 256
"""So many, or as many as are too many, are written with one commit: 1 ms, 4 ms where each meets its own
page.
"""

_ADD: Final = "INSERT OR IGNORE INTO nonces"
_DONE: Final = "SELECT rooms.id, ifnull(seq, 0) FROM rooms LEFT JOIN nonces_done ON room = rooms.id"
_TAIL: Final = "SELECT id, author, frame FROM entries WHERE id > ? AND id <= ?"
_MARK: Final = "INSERT OR REPLACE INTO nonces_done VALUES (?, ?)"


class Nonces:
    """All nonces of one database: those in memory by `recent`, those on disk by `stored`."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._recent = NonceKeys()
        self._leaving: dict[bytes, int] = {}
        self._queue: list[bytes] = []
        """What is left of `_leaving`, in falling order: taken from the end."""
        self.highest = b""
        """No key in the index is greater (it may hold none so great): such is not looked for there."""
        self._greatest: dict[int, bytes] = {}
        """The greatest nonce of each author that was asked about since the log was opened."""
        self._greatest_before = b""
        """No nonce that was stored before is greater."""

    def load(self) -> None:
        """Read what the index lacks: the nonces of the entries after `nonces_done`."""
        (highest,) = self._cursor.execute("SELECT max(key) FROM nonces").fetchone()
        self.highest = self._greatest_before = highest or b""
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

    def note_if_rising(self, author: int, posts: Posts) -> bool:
        """Whether this is true of each of these, and each is greater than the one before."""
        if not posts.rise_above(self._greatest.get(author, self._greatest_before)):
            return False
        self._greatest[author] = posts.nonces()[-NONCE_BYTES:]
        return True

    def recent(self, key: bytes) -> int | None:
        """Return the row id of the entry with this key, if it is one of those kept in memory."""
        return self._recent.get(key) or self._leaving.get(key)

    def stored(self, key: bytes) -> int | None:
        """Return the row id of the entry with this key, if the index has it."""
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
            return bool(self._queue) or len(self._recent) >= IDLE_NONCES
        return len(self._recent) + len(self._queue) >= MOST_NONCES

    def index_slice(self) -> None:
        """Index some nonces in a transaction of its own."""
        with transaction(self._cursor):
            count = self.write_slice()
        self.wrote_slice(count)

    def write_slice(self) -> int:
        """Index some nonces, within the transaction of the caller; return how many, for `wrote_slice`."""
        if not self._queue:
            leaving = self._recent.entries()
            queue = sorted(leaving, reverse=True)
            self.highest = max([self.highest, *queue[:1]])
            self._leaving, self._queue, self._recent = leaving, queue, NonceKeys()
        too_many = len(self._recent) + len(self._queue) - MOST_NONCES
        keys = self._queue[-max(SLICE, too_many) :]
        values: list[Value] = [b""] * (2 * len(keys))
        values[0::2] = map(bytearray, keys)
        values[1::2] = map(self._leaving.__getitem__, keys)
        insert_rows(self._cursor, _ADD, 2, values)
        if len(keys) == len(self._queue):
            self._cursor.executemany(_MARK, self._reached().items())
        return len(keys)

    def wrote_slice(self, count: int) -> None:
        """The transaction with that slice is on disk."""
        del self._queue[-count:]
        if not self._queue:
            self._leaving = {}

    def _reached(self) -> dict[int, int]:
        """Return, for each room, the newest seq whose nonce is leaving memory: the index holds all up
        to there.
        """
        reached: dict[int, int] = {}
        for entry in self._leaving.values():
            room, seq = entry >> ROOM_SHIFT, seq_of(entry)
            if seq > reached.get(room, 0):
                reached[room] = seq
        return reached
