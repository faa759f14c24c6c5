"""The tables of a log on disk, as numbered steps, and the walk from one version to the next.

`PRAGMA user_version` holds how many steps a database has taken. A step that was released never changes;
a new idea is a new step at the end. Nothing else in the program creates or alters a table, but for the
parts of the text index (`indexer.py`). Read next: `database.py`.
"""

import secrets
import sqlite3
from typing import Final

from chatroom.protocol.limits import SEQ_MAX
from chatroom.server.store.transactions import transaction

APPLICATION_ID: Final = 0x43_68_52_6D
"""Marks a database file as one of ours (`PRAGMA application_id`): "ChRm"."""

LOG_ID_BYTES: Final = 16

ROOM_SHIFT: Final = 40
"""An entry's row id is `room << ROOM_SHIFT | seq`: a room's entries lie side by side, and a page of
history is one seek. It also makes the room of an entry readable in SQL.
"""

STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        # One value per name; `log_id` is made with the database and renewed when a backup is restored.
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        "INSERT INTO meta VALUES ('log_id', :log_id)",
        # People. `skeleton` keeps look-alikes out (protocol/names.py); a device is a key of an account.
        """CREATE TABLE accounts (
            id INTEGER PRIMARY KEY AUTOINCREMENT, handle TEXT NOT NULL UNIQUE, skeleton TEXT NOT NULL UNIQUE,
            role INTEGER NOT NULL, created_at INTEGER NOT NULL)""",
        """CREATE TABLE devices (
            public_key BLOB PRIMARY KEY, account INTEGER NOT NULL, name TEXT NOT NULL,
            added_at INTEGER NOT NULL, revoked_at INTEGER) WITHOUT ROWID""",
        # Rooms. A direct room has no name but a pair of accounts, the lesser number first.
        """CREATE TABLE rooms (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, kind INTEGER NOT NULL,
            topic TEXT NOT NULL DEFAULT '', one INTEGER, other INTEGER, UNIQUE (one, other))""",
        # The log itself: `frame` is what travels. Everything below follows from it.
        """CREATE TABLE entries (
            id INTEGER PRIMARY KEY, author INTEGER NOT NULL, kind INTEGER NOT NULL, frame BLOB NOT NULL)""",
        # Where each (nonce, author) stands, for entries up to `nonces_done`; later ones are kept in memory.
        "CREATE TABLE nonces (key BLOB PRIMARY KEY, entry INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE nonces_done (room INTEGER PRIMARY KEY, seq INTEGER NOT NULL)",
        # Rooms as they stand after their last entry (projections.py).
        """CREATE TABLE members (
            room INTEGER NOT NULL, account INTEGER NOT NULL, PRIMARY KEY (room, account)) WITHOUT ROWID""",
        """CREATE TABLE invitations (
            room INTEGER NOT NULL, account INTEGER NOT NULL, inviter INTEGER NOT NULL,
            PRIMARY KEY (room, account)) WITHOUT ROWID""",
        """CREATE TABLE mentions (
            account INTEGER NOT NULL, room INTEGER NOT NULL, seq INTEGER NOT NULL,
            PRIMARY KEY (account, room, seq)) WITHOUT ROWID""",
        """CREATE TABLE reads (
            account INTEGER NOT NULL, room INTEGER NOT NULL, seq INTEGER NOT NULL,
            PRIMARY KEY (account, room)) WITHOUT ROWID""",
        # Searchable messages, numbered in the order of time over all rooms; the words are in `words_N`
        # (search.py). All entries up to `words_done` were looked at.
        "CREATE TABLE documents (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, author INTEGER NOT NULL)",
        "CREATE TABLE words_done (room INTEGER PRIMARY KEY, seq INTEGER NOT NULL)",
    ),
    (
        # One-time codes by their SHA-256; `expires_at` is in the distant future where there is no end.
        """CREATE TABLE codes (
            hash BLOB PRIMARY KEY, kind INTEGER NOT NULL, role INTEGER NOT NULL, account INTEGER NOT NULL,
            made_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER, used_by INTEGER)
            WITHOUT ROWID""",
        "CREATE INDEX devices_of_account ON devices (account)",
        # What moderators did, as it stands after the last entry (moderation.py): 0 or the time of the end.
        "ALTER TABLE accounts ADD COLUMN muted_until INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE bans (
            account INTEGER PRIMARY KEY, until INTEGER NOT NULL, author INTEGER NOT NULL,
            reason TEXT NOT NULL)""",
        """CREATE TABLE kicks (
            room INTEGER NOT NULL, account INTEGER NOT NULL, until INTEGER NOT NULL,
            PRIMARY KEY (room, account)) WITHOUT ROWID""",
        # Where accounts came from against which something stands, while it does.
        """CREATE TABLE barred (
            origin TEXT NOT NULL, account INTEGER NOT NULL, PRIMARY KEY (origin, account)) WITHOUT ROWID""",
    ),
    (
        # A skeleton has `vv` and `rn` for `w` and `m`: the other way round `ww` and `vwv` had two skeletons.
        # Of handles that look alike and were let in so, one keeps its old skeleton, which no new one has.
        """UPDATE OR IGNORE accounts
            SET skeleton = replace(replace(skeleton, 'w', 'vv'), 'm', 'rn')""",
    ),
    (
        # Whether something stands against an account is asked with every act of moderation.
        "CREATE INDEX kicks_of_account ON kicks (account)",
        "CREATE INDEX barred_by_account ON barred (account)",
    ),
    (
        # Where each nonce stands that is not in `nonces`, for entries up to `nonces_done`: rising ones of an
        # author, 16 bytes each, and the row ids of their entries, 8 bytes each, most significant byte first
        # (nonce_runs.py).
        """CREATE TABLE nonce_runs (
            id INTEGER PRIMARY KEY, author INTEGER NOT NULL, first BLOB NOT NULL, nonces BLOB NOT NULL,
            entries BLOB NOT NULL, UNIQUE (author, first))""",
        # No nonce of the author up to `nonces_done` is greater; of who is not here, than that in `meta`.
        "CREATE TABLE nonce_authors (author INTEGER PRIMARY KEY, greatest BLOB NOT NULL)",
        "INSERT INTO meta SELECT 'greatest_nonce', ifnull(max(key), x'') FROM nonces",
    ),
)

VERSION: Final = len(STEPS)
"""The version of a database that this program reads and writes."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database, new or old, to `VERSION`: each step in a transaction of its own, whole or not
    at all.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    for number, step in enumerate(STEPS[version:], start=version + 1):
        with transaction(connection.cursor()):
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version >= number:  # another program took it in the meantime
                continue
            for statement in step:
                needed = {"log_id": secrets.token_bytes(LOG_ID_BYTES)} if ":log_id" in statement else {}
                connection.execute(statement, needed)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
    # The version shall stand in the file itself, where an older program finds it without touching anything.
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def read_log_id(connection: sqlite3.Connection) -> bytes:
    """Return the id of the log in this database."""
    (value,) = connection.execute("SELECT value FROM meta WHERE name = 'log_id'").fetchone()
    return bytes(value)


def renew_log_id(connection: sqlite3.Connection) -> bytes:
    """Give the log a new id and return it: what a restored backup needs, so that clients notice."""
    log_id = secrets.token_bytes(LOG_ID_BYTES)
    connection.execute("UPDATE meta SET value = ? WHERE name = 'log_id'", (log_id,))
    return log_id


def entry_id(room: int, seq: int) -> int:
    """Return the row id of an entry."""
    return room << ROOM_SHIFT | seq


def seq_of(entry: int) -> int:
    """Return the seq in a row id."""
    return entry & SEQ_MAX
