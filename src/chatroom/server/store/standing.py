"""Where a log stands: numbers that only grow, by which an older copy of it is told from the log itself.

The entries are counted, and so are the starts of the server, for two copies may hold equally many. Both
numbers are read from what was committed. What is made of them is known by `chatroom.server.sealing`. Read
next: `sqlite.py`.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from chatroom.protocol.limits import SEQ_MAX
from chatroom.server.store.schema import read_log_id, renew_log_id
from chatroom.server.store.transactions import transaction

_ENTRIES: Final = """
    SELECT ifnull(sum(head & :most), 0) FROM (
        SELECT (SELECT max(id) FROM entries
            WHERE id BETWEEN rooms.id << 40 AND (rooms.id << 40) + :most) AS head
        FROM rooms)"""
"""The sum of the heads: it counts entries that were removed too. One seek per room."""

_STARTS: Final = "SELECT value FROM meta WHERE name = 'starts'"

_COUNT_START: Final = """
    INSERT INTO meta VALUES ('starts', 1) ON CONFLICT DO UPDATE SET value = value + 1"""


@dataclass(frozen=True, slots=True)
class Standing:
    """The id of a log, how many times a server began to serve it, and how many entries it was given."""

    log_id: bytes
    starts: int
    entries: int


def read_standing(connection: sqlite3.Connection) -> Standing:
    """Return where the log in this database stands. Raises sqlite3.Error."""
    row = connection.execute(_STARTS).fetchone()
    (entries,) = connection.execute(_ENTRIES, {"most": SEQ_MAX}).fetchone()
    return Standing(read_log_id(connection), 0 if row is None else int(row[0]), entries)


def count_start(connection: sqlite3.Connection, *, renews: bool) -> None:
    """Count one start more and, where the log `renews`, give it a new id in the same transaction. Raises
    sqlite3.Error, and then neither was done.
    """
    with transaction(connection.cursor()):
        connection.execute(_COUNT_START)
        if renews:
            renew_log_id(connection)
