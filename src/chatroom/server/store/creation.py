"""How accounts and rooms come to be: their rows, or why they may not be.

Run within the transaction of the writer. Read next: `writer.py`.
"""

import sqlite3
from typing import Final

from chatroom.protocol.entries import Created, EntryKind, Joined, Moderated, RoomKind, encode_body
from chatroom.protocol.limits import ROOM_MAX, TIME_MAX
from chatroom.protocol.names import skeleton
from chatroom.server.hub.ports import AddAccount, AddEntry, AddRoom, Committed, Failed
from chatroom.server.hub.records import CodeKind
from chatroom.server.store import refusals
from chatroom.server.store.codes import code_fault, find_code, use_code
from chatroom.server.store.moderation import judge_author

MUTED_WITH_ADDRESS: Final = "new from where somebody muted was"
"""Why the server mutes a new account."""


def insert_account(cursor: sqlite3.Cursor, change: AddAccount, now_ms: int) -> Committed | Failed:
    """Write an account and its first device, without its entries, at the cost of its invite code if there is
    one.
    """
    bones = skeleton(change.handle)
    like = cursor.execute("SELECT handle FROM accounts WHERE skeleton = ?", (bones,)).fetchone()
    if like is not None:
        return refusals.HANDLE_TAKEN if like[0] == change.handle else refusals.LOOKS_ALIKE
    if cursor.execute("SELECT 1 FROM devices WHERE public_key = ?", (change.public_key,)).fetchone():
        return refusals.KEY_TAKEN
    if change.code:
        fault = code_fault(find_code(cursor, change.code), CodeKind.INVITE, 0, now_ms)
        if fault is not None:
            return fault
    cursor.execute(
        "INSERT INTO accounts (handle, skeleton, role, created_at) VALUES (?, ?, ?, ?)",
        (change.handle, bones, change.role, now_ms),
    )
    number = cursor.lastrowid
    assert number is not None
    cursor.execute(
        "INSERT INTO devices (public_key, account, name, added_at) VALUES (?, ?, ?, ?)",
        (change.public_key, number, change.device, now_ms),
    )
    kicks = [(room, number, until) for room, until in change.kicked]
    cursor.executemany("INSERT INTO kicks VALUES (?, ?, ?)", kicks)
    if change.code:
        use_code(cursor, change.code, number, now_ms)
    return Committed(number, ())


def insert_room(cursor: sqlite3.Cursor, change: AddRoom, judged_at: int | None) -> Committed | Failed:
    """Write a room, without its entries; the direct room of a pair that has one is that one. Where a time is
    given, the creator is judged by how it stands then.
    """
    members = change.members
    if len(set(members)) != len(members):
        return refusals.MEMBER_ALREADY
    name: str | None = change.name
    pair: tuple[int | None, ...] = (None, None)
    if change.kind is RoomKind.DIRECT:
        if len(members) != 2:
            return refusals.NOT_A_PAIR
        name, pair = None, tuple(sorted(members))
        there = cursor.execute("SELECT id FROM rooms WHERE one = ? AND other = ?", pair).fetchone()
        if there is not None:
            return Committed(there[0], ())
    elif cursor.execute("SELECT 1 FROM rooms WHERE name = ?", (name,)).fetchone():
        return refusals.NAME_TAKEN
    if judged_at is not None and members:
        fault = judge_author(cursor, members[0], EntryKind.CREATED, 0, judged_at)
        if fault is not None:
            return fault
    (newest,) = cursor.execute("SELECT max(id) FROM rooms").fetchone()
    if newest == ROOM_MAX:
        return refusals.TOO_MANY_ROOMS
    row = (name, change.kind, *pair)
    cursor.execute("INSERT INTO rooms (name, kind, one, other) VALUES (?, ?, ?, ?)", row)
    assert cursor.lastrowid is not None
    return Committed(cursor.lastrowid, ())


def rooms_of_account(change: AddAccount) -> set[int]:
    """Return the rooms in whose logs a new account begins."""
    return {*change.rooms, change.muted_in} if change.muted_until else set(change.rooms)


def entries_of_account(number: int, change: AddAccount) -> list[AddEntry]:
    """Return the entries a new account begins with: JOINED in each of its rooms, and MUTED if it is."""
    joined = encode_body(Joined())
    entries = [AddEntry(room, number, EntryKind.JOINED, joined) for room in dict.fromkeys(change.rooms)]
    if change.muted_until:
        until = change.muted_until if change.muted_until < TIME_MAX else 0
        muted = encode_body(Moderated(change.handle, until, MUTED_WITH_ADDRESS))
        entries.append(AddEntry(change.muted_in, refusals.SERVER, EntryKind.MUTED, muted))
    return entries


def entries_of_room(number: int, change: AddRoom) -> list[AddEntry]:
    """Return the entries a new room begins with: CREATED, then JOINED by each member."""
    creator = change.members[0] if change.members else refusals.SERVER
    created = encode_body(Created(change.name, change.kind))
    joined = encode_body(Joined())
    return [
        AddEntry(number, creator, EntryKind.CREATED, created),
        *(AddEntry(number, member, EntryKind.JOINED, joined) for member in change.members),
    ]
