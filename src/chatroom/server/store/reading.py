"""Reading: accounts and rooms at start, pages of history, unread counts.

Every read is bounded: by a number of rows and of bytes, and never by the size of the log. Read next:
`search.py`.
"""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from chatroom.protocol.entries import EntryKind, RoomKind
from chatroom.protocol.limits import SEQ_MAX, UNREAD_COUNT
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import StorageError, Unread
from chatroom.server.hub.records import AccountRecord, BanRecord, RoomRecord, Snapshot
from chatroom.server.store.codes import has_unused_owner_code
from chatroom.server.store.schema import entry_id, seq_of

SCAN_ENTRIES: Final = 10_000
"""Most entries looked at for one unread count, 1 ms: what is left over was not a message of another."""

COUNTING_S: Final = 0.015
"""CPU time for the counts of many rooms: of those that are left over, every entry counts as a message."""

COUNTED_ROOMS: Final = 8
"""Rooms between two looks at that clock, which takes 1 to 20 us."""

_HEADS: Final = """
    SELECT id, name, kind, topic,
        (SELECT min(id) FROM entries WHERE id BETWEEN rooms.id << 40 AND (rooms.id << 40) + :most),
        (SELECT max(id) FROM entries WHERE id BETWEEN rooms.id << 40 AND (rooms.id << 40) + :most),
        ifnull((SELECT author FROM entries WHERE id = (rooms.id << 40) + 1), 0)
    FROM rooms ORDER BY id"""
"""Three seeks per room."""

_ACCOUNTS: Final = """
    SELECT id, handle, role, muted_until, bans.until, bans.author, bans.reason
    FROM accounts LEFT JOIN bans ON bans.account = accounts.id ORDER BY id"""

_UNREAD: Final = """
    SELECT count(*) FROM (
        SELECT 1 FROM entries WHERE id > ? AND id <= ? AND kind = ? AND author <> ? LIMIT ?)"""

_MENTIONS: Final = """
    SELECT count(*) FROM (
        SELECT 1 FROM mentions WHERE account = ? AND room = ? AND seq > ? AND seq <= ? LIMIT ?)"""


def read_snapshot(connection: sqlite3.Connection) -> Snapshot:
    """Return all accounts and rooms."""
    keys: defaultdict[int, list[bytes]] = defaultdict(list)
    query = "SELECT account, public_key FROM devices WHERE revoked_at IS NULL ORDER BY added_at"
    for account, public_key in connection.execute(query):
        keys[account].append(public_key)
    accounts = tuple(
        AccountRecord(number, handle, Role(role), tuple(keys[number]), muted_until, _ban(*ban))
        for number, handle, role, muted_until, *ban in connection.execute(_ACCOUNTS)
    )
    members: defaultdict[int, list[int]] = defaultdict(list)
    for room, account in connection.execute("SELECT room, account FROM members ORDER BY room, account"):
        members[room].append(account)
    invited: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    query = "SELECT room, account, inviter FROM invitations ORDER BY room, account"
    for room, account, inviter in connection.execute(query):
        invited[room].append((account, inviter))
    kicked: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for room, account, until in connection.execute("SELECT room, account, until FROM kicks"):
        kicked[room].append((account, until))
    rooms = tuple(
        RoomRecord(
            number=number,
            name=name or "",
            kind=RoomKind(kind),
            topic=topic,
            first=seq_of(first),
            head=seq_of(head),
            members=tuple(members[number]),
            invited=tuple(invited[number]),
            kicked=tuple(kicked[number]),
            creator=creator,
        )
        for number, name, kind, topic, first, head, creator in connection.execute(_HEADS, {"most": SEQ_MAX})
    )
    barred = tuple(connection.execute("SELECT origin, account FROM barred ORDER BY origin, account"))
    return Snapshot(accounts, rooms, barred, has_unused_owner_code(connection))


def _ban(until: int | None, author: int, reason: str) -> BanRecord | None:
    return None if until is None else BanRecord(until, author, reason)


def read_frame(cursor: sqlite3.Cursor, entry: int) -> bytes:
    """Return the frame of the entry with this row id; StorageError where there is none."""
    found = cursor.execute("SELECT frame FROM entries WHERE id = ?", (entry,)).fetchone()
    if found is None:
        raise StorageError("the log lacks an entry whose nonce it knows")
    return bytes(found[0])


def read_after(
    connection: sqlite3.Connection, room: int, seq: int, limit: int, budget_bytes: int
) -> list[bytes]:
    """Return frames as `Log.after` does."""
    rows = connection.execute(
        "SELECT frame FROM entries WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        (entry_id(room, max(seq, 0)), entry_id(room, SEQ_MAX), max(limit, 0)),
    )
    return _page(rows, budget_bytes)


def read_before(
    connection: sqlite3.Connection, room: int, seq: int, floor: int, limit: int, budget_bytes: int
) -> list[bytes]:
    """Return frames as `Log.before` does."""
    rows = connection.execute(
        "SELECT frame FROM entries WHERE id > ? AND id < ? ORDER BY id DESC LIMIT ?",
        (entry_id(room, max(floor, 0)), entry_id(room, min(max(seq, 0), SEQ_MAX)), max(limit, 0)),
    )
    return _page(rows, budget_bytes)[::-1]


def _page(rows: Iterator[tuple[bytes]], budget_bytes: int) -> list[bytes]:
    """Take frames as long as they fit; one always does."""
    frames: list[bytes] = []
    for (frame,) in rows:
        budget_bytes -= len(frame)
        if budget_bytes < 0 and frames:
            break
        frames.append(frame)
    return frames


def read_unread(connection: sqlite3.Connection, account: int, heads: Mapping[int, int]) -> dict[int, Unread]:
    """Return marker and counts for each room: what was read up to its head costs no further look. Of very
    many rooms the later ones are not looked through.
    """
    query = "SELECT room, seq FROM reads WHERE account = ?"
    markers: dict[int, int] = dict(connection.execute(query, (account,)).fetchall())
    found: dict[int, Unread] = {}
    has_time = True
    ends_at = time.thread_time() + COUNTING_S if len(heads) >= COUNTED_ROOMS else 0.0
    for number, (room, head) in enumerate(heads.items(), start=1):
        read = markers.get(room, 0)
        unread = mentions = 0
        if read < head:
            count = min(head - read, SCAN_ENTRIES)
            if has_time:
                span = entry_id(room, read), entry_id(room, read + count)
                wanted = EntryKind.POSTED, account, UNREAD_COUNT
                (unread,) = connection.execute(_UNREAD, span + wanted).fetchone()
                (mentions,) = connection.execute(
                    _MENTIONS, (account, room, read, head, UNREAD_COUNT)
                ).fetchone()
            else:
                unread = min(count, UNREAD_COUNT)
        found[room] = Unread(read, unread, mentions)
        if number % COUNTED_ROOMS == 0:
            has_time = time.thread_time() < ends_at
    return found
