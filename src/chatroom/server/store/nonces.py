"""Nonces: where the entry of each (author, nonce) stands, for ever and exactly, and off the path of a
commit.

An index of random nonces would cost a commit more than everything else: one page per message (64
messages in 1,070 us of CPU, in 250 us without). So the newest nonces are held in memory and written
later, thousands at a time, when the server is idle or when they become too many: those of plain posts
that rise as runs, all others to the index, in its order. Nothing is at risk meanwhile: the nonce stands
in the entry, and what is neither in a run nor in the index is read from the entries when the log is
opened. Read next: `held_nonces.py`, `posting.py`.
"""

import sqlite3
from collections.abc import Mapping
from typing import Final

from chatroom.protocol.limits import NONCE_BYTES, SEQ_MAX
from chatroom.protocol.posts import Posts
from chatroom.server.store.frames import entry_of
from chatroom.server.store.held_nonces import HeldNonces
from chatroom.server.store.leaving_nonces import LeavingNonces
from chatroom.server.store.nonce_keys import NonceKeys, author_and_nonce, cut_nonces, nonce_key
from chatroom.server.store.nonce_runs import Stretch, greatest_in_rows, stretch_around
from chatroom.server.store.schema import entry_id
from chatroom.server.store.transactions import transaction

IDLE_NONCES: Final = 2_048
"""So many wait before an idle server writes them: together they cost an eighth of what they cost one
by one.
"""

MOST_NONCES: Final = 32_768
"""So many are held by a busy server: 0.8 MB in runs; apart 6 MB, and 9 ms to sort; 60 ms when the log is
opened. Beside a million random ones in the index, one more costs 7 us; 12 us if half as many were held, and
no less if twice as many were.
"""

SLICE: Final = 256
"""So many, or a fourth of what is too much, are written with one commit: 1 ms, 4 ms where each meets its own
page, much less in runs. After a crash in a flood twice `MOST_NONCES` may be held, and all at once took 30 ms.
"""

MOST_LATE: Final = 8
"""So many nonces of an author may be late before runs are no use for it."""

MOST_READ: Final = 256
"""Rows of runs that are kept when they were read: 6 KB each. Late nonces that follow each other, as those of
a clock that was set back, are looked for in the same row, or between the same two; to read it for each took
30 us a message.
"""

_DONE: Final = "SELECT rooms.id, ifnull(seq, 0) FROM rooms LEFT JOIN nonces_done ON room = rooms.id"
_TAIL: Final = "SELECT id, author, frame FROM entries WHERE id > ? AND id <= ?"
_NOTE: Final = "INSERT OR REPLACE INTO nonce_authors VALUES (?, ?)"


class Nonces:
    """All nonces of one database: those in memory by `recent`, those on disk by `on_disk`."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._recent = HeldNonces()
        self._leaving = LeavingNonces()
        self.highest = b""
        """No key in the index is greater (it may hold none so great): such is not looked for there."""
        self._greatest: dict[int, bytes] = {}
        """No nonce of the author that is stored, or may be, is greater."""
        self._greatest_before = b""
        """The same of authors who are not there."""
        self._greatest_in_runs: dict[int, bytes] = {}
        """No nonce of the author in a run on disk, or on its way there, is greater, where that was asked."""
        self._read: dict[int, Stretch] = {}
        """What was read last of the rows of each author. They do not overlap and never change; later ones
        are above all that are there.
        """
        self._late: dict[int, int] = {}
        """How many of the author's that are held were no greater than one before, though they were new."""
        self._unordered: set[int] = set()
        """Authors of whom most were, and who went on to have late ones among those held before: no runs are
        made of their next ones.
        """

    def load(self) -> None:
        """Read whose nonces are new, and what is on disk in entries alone: the nonces after `nonces_done`."""
        (highest,) = self._cursor.execute("SELECT max(key) FROM nonces").fetchone()
        self.highest = highest or b""
        (before,) = self._cursor.execute("SELECT value FROM meta WHERE name = 'greatest_nonce'").fetchone()
        self._greatest_before = before
        self._greatest.update(self._cursor.execute("SELECT author, greatest FROM nonce_authors"))
        for room, seq in self._cursor.execute(_DONE).fetchall():
            span = entry_id(room, seq), entry_id(room, SEQ_MAX)
            for entry, author, frame in self._cursor.execute(_TAIL, span):
                nonce = entry_of(frame).nonce
                if nonce:
                    self._recent.apart[nonce_key(author, nonce)] = entry
                    self._greatest[author] = max(self._greatest.get(author, before), nonce)

    # -- new ones ------------------------------------------------------------------------------------------

    def note_if_greatest(self, keys: NonceKeys, author: int, nonce: bytes) -> bool:
        """Whether no nonce of the author that was ever asked about is as great: then it is new, and is looked
        for nowhere. Where all clients make nonces that rise with time, that is every new one: a flood of 64
        authors gets 8 % more for a CPU second.
        """
        former = self._greatest.get(author)
        if nonce <= (self._greatest_before if former is None else former):
            return False
        keys.former.setdefault(author, former)
        self._greatest[author] = nonce
        return True

    def take_if_new(self, keys: NonceKeys, author: int, posts: Posts, entry: int, looks_up: bool) -> bool:
        """Whether each of these is new, but for the index where it is not to be looked up, and none is there
        twice: then `keys` takes them, for entries that follow each other from this one on.
        """
        former = self._greatest.get(author)
        greatest = self._greatest_before if former is None else former
        nonces = posts.nonces()
        is_ordered = author not in self._unordered
        if is_ordered and posts.rise_above(greatest):
            last = nonces[-NONCE_BYTES:]
            entries = [entry + place for place in range(len(posts))]  # to make a range costs 0.1 us more
            keys.add_run(author, nonces, entries)
        else:
            came = cut_nonces(nonces)
            in_order = sorted(came)
            if len(set(came)) < len(came):
                return False
            last = in_order[-1]
            if is_ordered and in_order[0] > greatest:
                keys.add_run(author, b"".join(in_order), [entry + came.index(nonce) for nonce in in_order])
            elif not self._take_apart(keys, author, came, entry, greatest, looks_up):
                return False
        if last > greatest:
            keys.former.setdefault(author, former)
            self._greatest[author] = last
        return True

    def _take_apart(
        self, keys: NonceKeys, author: int, came: list[bytes], entry: int, greatest: bytes, looks_up: bool
    ) -> bool:
        """As `take_if_new`, for nonces that make no run."""
        late = {
            nonce_key(author, nonce): place for place, nonce in enumerate(came, entry) if nonce <= greatest
        }
        if late and self._may_hold(keys, author, late, looks_up):
            return False
        keys.apart.update((nonce_key(author, nonce), place) for place, nonce in enumerate(came, entry))
        if late:
            keys.note_late(author, late, self.highest)
        return True

    def _may_hold(self, keys: NonceKeys, author: int, late: Mapping[bytes, int], looks_up: bool) -> bool:
        """Whether one of these keys of one author is, or may be, another entry's already."""
        held = self._recent, self._leaving.held
        for some in (keys, *held):
            if not some.apart.keys().isdisjoint(late):
                return True
        if keys.runs and author in keys.former and any(map(keys.get, late)):
            return True
        runs = [run for some in held if (run := some.runs.get(author))]
        look = self.on_disk if looks_up else self.in_runs
        for key in late:
            nonce = key[:NONCE_BYTES]
            if look(author, nonce) or (runs and any(run.find(nonce) for run in runs)):
                return True
        return False

    def note_late(self, late: Mapping[int, int]) -> None:
        """So many new nonces of these authors were no greater than one before. Where most are, a run is no
        use: every nonce has to be looked for.
        """
        for author, count in late.items():
            self._late[author] = count = self._late.get(author, 0) + count
            run = self._recent.runs.get(author)
            if count > max(MOST_LATE, 0 if run is None else len(run)):
                self._unordered.add(author)
                if run is not None:
                    self._recent.set_apart(author)

    # -- known ones ----------------------------------------------------------------------------------------

    def recent(self, key: bytes) -> int | None:
        """Return the row id of the entry with this key, if it is one of those held in memory."""
        recent, leaving = self._recent, self._leaving.held
        entry = recent.apart.get(key) or leaving.apart.get(key)
        if entry is None and (recent.runs or leaving.runs):
            author, nonce = author_and_nonce(key)
            entry = recent.find_in_run(author, nonce) or leaving.find_in_run(author, nonce)
        return entry

    def in_runs(self, author: int, nonce: bytes) -> int | None:
        """Return the row id of the entry with this nonce, if it is in a run on disk. Raises StorageError for
        a run that cannot be read.
        """
        greatest = self._greatest_in_runs.get(author)
        if greatest is None:
            greatest = self._greatest_in_runs[author] = greatest_in_rows(self._cursor, author)
        if nonce > greatest:
            return None
        near = self._read.get(author)
        if near is None or not near.start <= nonce < near.until:
            near = stretch_around(self._cursor, author, nonce)
            if len(self._read) >= MOST_READ:
                self._read.clear()
            self._read[author] = near
        return near.run.find(nonce)

    def on_disk(self, author: int, nonce: bytes) -> int | None:
        """Return the row id of the entry with this nonce, if it is in a run on disk, or in the index."""
        known = self.in_runs(author, nonce)
        if known is not None:
            return known
        key = nonce_key(author, nonce)
        row = self._cursor.execute("SELECT entry FROM nonces WHERE key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    # -- transactions --------------------------------------------------------------------------------------

    def add(self, keys: NonceKeys) -> None:
        """Take the keys of entries that are about to be committed."""
        self._recent.add_all(keys)

    def forget(self, keys: NonceKeys) -> None:
        """They were not committed. Some of them may not be here. After an error, do it again."""
        self._leaving.drop_slice()
        self._recent.drop_all(keys)
        for author, former in keys.former.items():
            if former is None:
                self._greatest.pop(author, None)
            else:
                self._greatest[author] = former

    # -- on their way to disk ------------------------------------------------------------------------------

    def is_due(self, *, idle: bool) -> bool:
        """Whether a slice should be written: by itself, or with the next commit of a busy server."""
        recent, left = self._recent, self._leaving.left.nonces
        count = len(recent.apart) + recent.in_runs
        if idle:
            return left > 0 or count >= IDLE_NONCES
        return count + left >= MOST_NONCES

    def index_slice(self) -> None:
        """Write some nonces in a transaction of its own. To be called when nothing is to be taken back."""
        try:
            with transaction(self._cursor):
                self.write_slice()
        except BaseException:
            self._leaving.drop_slice()
            raise
        self.wrote_slice()

    def write_slice(self) -> None:
        """Write some nonces, within the transaction of the caller, and the greatest of whose they are."""
        leaving = self._leaving
        leaving.wrote_slice()  # one that was committed, if that could not be said
        if not leaving.left.nonces:
            self._let_leave()
        too_many = len(self._recent) + leaving.left.nonces - MOST_NONCES
        authors = leaving.write_slice(self._cursor, max(SLICE, too_many // 4))
        greatest, before = self._greatest, self._greatest_before
        self._cursor.executemany(_NOTE, [(author, greatest.get(author, before)) for author in authors])

    def wrote_slice(self) -> None:
        """The transaction with that slice, if there was one, is on disk. It needs no memory."""
        self._leaving.wrote_slice()

    def _let_leave(self) -> None:
        """All that are held now are to be written."""
        held, recent = self._recent, HeldNonces()
        unordered = {author for author in self._unordered if self._late.get(author, 0) > MOST_LATE}
        highest = max(self.highest, max(held.apart, default=b""))
        for author, run in held.runs.items():
            if run:
                self._greatest_in_runs[author] = run.nonce_at(-1)
        self._leaving.begin(held)
        self.highest = highest
        self._recent = recent
        self._unordered = unordered
        self._late.clear()
