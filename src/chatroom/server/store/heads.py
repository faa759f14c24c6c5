"""Heads: the newest seq and time of each room, kept in memory and true to the disk.

A head is read from the disk when it is first needed, moved on by the writer, and forgotten when a
transaction fails, so that whatever happened to the transaction, the next seq follows the last stored
one. Read next: `writer.py`.
"""

import sqlite3

from chatroom.protocol.limits import SEQ_MAX
from chatroom.server.store.frames import entry_of
from chatroom.server.store.schema import entry_id, seq_of


class Head:
    """The newest entry of a room: its seq, and its time in milliseconds since 1970."""

    __slots__ = ("at", "seq")

    def __init__(self, seq: int, at: int) -> None:
        self.seq = seq
        self.at = at


class Heads:
    """The heads of all rooms of one database."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self._known: dict[int, Head] = {}

    def get(self, room: int) -> Head | None:
        """Return the head of a room to read or to move on, None when there is no such room.

        Raises sqlite3.Error when it has to be read and cannot be.
        """
        return self._known.get(room) or self._read(room)

    def _read(self, room: int) -> Head | None:
        row = self._cursor.execute(
            "SELECT id, frame FROM entries WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1",
            (entry_id(room, 1), entry_id(room, SEQ_MAX)),
        ).fetchone()
        if row is None:
            return None
        head = self._known[room] = Head(seq_of(row[0]), entry_of(row[1]).at)
        return head

    def begin(self, room: int) -> Head:
        """Return the head of a new room: no entry yet."""
        head = self._known[room] = Head(0, 0)
        return head

    def forget(self, room: int) -> None:
        """Let the head be read again when it is next needed."""
        self._known.pop(room, None)
