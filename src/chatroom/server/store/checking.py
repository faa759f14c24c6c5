"""Whether a log is as it should be: the file whole, every room without a gap, every nonce used once.

Looks at everything there is and changes nothing. It takes some ten seconds for a million entries, so it is
for the commands of an operator, never for a server at work. Read next: `copies.py`.
"""

import sqlite3
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Final

from chatroom.protocol.errors import ProtocolError
from chatroom.protocol.frames import FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES
from chatroom.server.hub.ports import StorageError
from chatroom.server.store.disk_faults import words_for
from chatroom.server.store.frames import entry_of
from chatroom.server.store.nonce_keys import author_and_nonce, cut_nonces, nonce_key
from chatroom.server.store.nonce_runs import Stretch, read_row, stretch_around
from chatroom.server.store.refusals import SERVER, SERVER_HANDLE
from chatroom.server.store.schema import ROOM_SHIFT, seq_of
from chatroom.server.store.transactions import roll_back

MOST_FAULTS: Final = 100
"""Where there are more, the others say nothing new."""

_ENTRIES: Final = "SELECT id, author, kind, frame FROM entries ORDER BY id"

_BEYOND: Final = {
    "a read marker": "SELECT room, seq FROM reads",
    "a mention": "SELECT room, seq FROM mentions",
    "the mark of what is searchable": "SELECT room, seq FROM words_done",
    "the mark of indexed nonces": "SELECT room, seq FROM nonces_done",
}
"""What names a seq of a room: none may be greater than the head."""

_LOST_NONCES: Final = """
    SELECT nonces.entry FROM nonces LEFT JOIN entries ON entries.id = nonces.entry WHERE entries.id IS NULL"""

_RUNS: Final = "SELECT author, first, nonces, entries FROM nonce_runs ORDER BY author, first"

_LOST_MEMBERS: Final = """
    SELECT room, account FROM members
    WHERE room NOT IN (SELECT id FROM rooms) OR account NOT IN (SELECT id FROM accounts)"""

_LOST_INVITATIONS: Final = """
    SELECT room, account FROM invitations
    WHERE room NOT IN (SELECT id FROM rooms) OR account NOT IN (SELECT id FROM accounts)
        OR inviter NOT IN (SELECT id FROM accounts)"""


def find_faults(connection: sqlite3.Connection) -> list[str]:
    """Return what is wrong with the log, one line each, `MOST_FAULTS` at most; empty when nothing is.

    What another program commits meanwhile is not looked at. Raises no sqlite3.Error: that is a fault too.
    """
    faults: list[str] = []
    try:
        connection.execute("BEGIN")
        faults.extend(islice(_faults(connection), MOST_FAULTS))  # keeps those before an error
    except sqlite3.Error as error:
        faults.append(words_for(error))
    finally:
        roll_back(connection)
    return faults


def _faults(connection: sqlite3.Connection) -> Iterator[str]:
    damage = [str(line) for (line,) in connection.execute(f"PRAGMA quick_check({MOST_FAULTS})")]
    if damage != ["ok"]:
        yield from (f"the file is damaged: {' '.join(line.split())}" for line in damage)
        return
    heads = dict.fromkeys((room for (room,) in connection.execute("SELECT id FROM rooms ORDER BY id")), 0)
    yield from _faults_of_entries(connection, heads)
    yield from (f"room {room}: has no entry" for room, head in heads.items() if head == 0)
    for what, query in _BEYOND.items():
        for room, seq in connection.execute(query):
            if seq > heads.get(room, 0):
                yield f"room {room}: {what} says {seq}, the last entry is {heads.get(room, 0)}"
    for (entry,) in connection.execute(_LOST_NONCES):
        yield f"{_place(entry)}: is not there, but its nonce is known"
    if _has_runs(connection):
        yield from _faults_of_runs(connection, heads)
    for room, account in connection.execute(_LOST_MEMBERS):
        yield f"room {room}: account {account} is a member, but one of the two does not exist"
    for room, account in connection.execute(_LOST_INVITATIONS):
        yield f"room {room}: account {account} is invited, but one of them, or who invited, does not exist"


def _faults_of_entries(connection: sqlite3.Connection, heads: dict[int, int]) -> Iterator[str]:
    """Look at every entry, in order; what is the head of its room is left in `heads`."""
    handles = dict(connection.execute("SELECT id, handle FROM accounts").fetchall())
    handles[SERVER] = SERVER_HANDLE
    nonces = _Nonces(connection)
    newest_at = 0
    for entry, author, kind, frame in connection.execute(_ENTRIES):
        room, seq = entry >> ROOM_SHIFT, seq_of(entry)
        head = heads.get(room)
        if head is None:
            yield f"{_place(entry)}: there is no such room"
            continue
        if seq != head + 1:
            yield f"room {room}: entries {head + 1} to {seq - 1} are missing"
        heads[room] = seq
        newest_at = newest_at if head else 0
        try:
            at, nonce = _read(frame, entry, handles.get(author), kind)
        except (ProtocolError, StorageError, ValueError) as error:
            yield f"{_place(entry)}: {error}"
            continue
        if at < newest_at:
            yield f"{_place(entry)}: is older than the one before"
        newest_at = max(at, newest_at)
        if nonce:
            yield from nonces.faults(entry, nonce_key(author, nonce))


def _read(frame: object, entry: int, handle: str | None, kind: int) -> tuple[int, bytes]:
    """Return time and nonce of a stored frame. Raises ValueError, or what decoding raises, where it is not
    the one that belongs there.
    """
    if not isinstance(frame, bytes) or len(list(FrameDecoder(FRAME_BYTES).feed(frame))) != 1:
        raise ValueError("is not one whole frame")
    read = entry_of(frame)
    if (read.room, read.seq) != (entry >> ROOM_SHIFT, seq_of(entry)):
        raise ValueError(f"holds the entry {read.seq} of room {read.room}")
    if (read.author, read.kind) != (handle, kind):
        raise ValueError("author or kind are not those of its row")
    return read.at, read.nonce


def _has_runs(connection: sqlite3.Connection) -> bool:
    """Whether it is no older log, in which each nonce is in the index."""
    (count,) = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'nonce_runs'").fetchone()
    return bool(count)


def _faults_of_runs(connection: sqlite3.Connection, heads: dict[int, int]) -> Iterator[str]:
    """Look at every row of nonces that rise."""
    author_before, before = None, b""
    for author, first, nonces, entries in connection.execute(_RUNS):
        try:
            run = read_row(nonces, entries)
        except ValueError as error:
            yield f"nonces of account {author}: {error}"
            continue
        each = cut_nonces(nonces)
        if author != author_before:
            author_before, before = author, b""
        if first != each[0] or not all(one < next_one for one, next_one in pairwise([before, *each])):
            yield f"nonces of account {author} are not in order"
        before = each[-1]
        for entry in run.entries:
            if not 0 < seq_of(entry) <= heads.get(entry >> ROOM_SHIFT, 0):
                yield f"{_place(entry)}: is not there, but its nonce is known"


class _Nonces:
    """Which entry each nonce belongs to: what runs and index say, and what they do not say yet."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._cursor = connection.cursor()
        self._done: dict[int, int] = dict(connection.execute("SELECT room, seq FROM nonces_done").fetchall())
        self._later: dict[bytes, int] = {}
        self._has_runs = _has_runs(connection)
        self._greatest: dict[int, bytes] = {}
        self._greatest_before = b""
        if self._has_runs:
            self._greatest.update(connection.execute("SELECT author, greatest FROM nonce_authors"))
            before = connection.execute("SELECT value FROM meta WHERE name = 'greatest_nonce'").fetchone()
            self._greatest_before = before[0] if before else b""
        self._near: dict[int, Stretch] = {}
        """The run of each author that was looked at last."""

    def faults(self, entry: int, key: bytes) -> Iterator[str]:
        """Take the nonce of an entry."""
        row = self._cursor.execute("SELECT entry FROM nonces WHERE key = ?", (key,)).fetchone()
        author, nonce = author_and_nonce(key)
        in_run = self._in_runs(author, nonce) if self._has_runs else None
        on_disk = [place for place in (in_run, row and int(row[0])) if place is not None]
        for known in on_disk or [self._later.setdefault(key, entry)]:
            if known != entry:
                yield f"{_place(entry)}: its nonce is that of {_place(known)}"
                return
        if on_disk and self._has_runs and nonce > self._greatest.get(author, self._greatest_before):
            yield f"{_place(entry)}: its nonce is greater than the greatest of its author"
        if not on_disk and seq_of(entry) <= self._done.get(entry >> ROOM_SHIFT, 0):
            yield f"{_place(entry)}: its nonce is not in the index"

    def _in_runs(self, author: int, nonce: bytes) -> int | None:
        """Return the row id of the entry with this nonce, where it is in a run that can be read."""
        near = self._near.get(author)
        if near is None or not near.start <= nonce < near.until:
            try:
                near = self._near[author] = stretch_around(self._cursor, author, nonce)
            except StorageError:
                return None  # that is told of the row
        return near.run.find(nonce)


def _place(entry: int) -> str:
    return f"room {entry >> ROOM_SHIFT} entry {seq_of(entry)}"
