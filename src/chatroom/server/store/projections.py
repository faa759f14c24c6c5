"""Projections: what an entry changes besides the log of its room, by its kind.

The member list, the topic and the invitations of a room, bans, mutes and roles are the fold of the log
(hub/fold.py does the same in memory); they are written in the transaction of the entry, so they are never
ahead of it or behind. A kind that is not in the table changes nothing. What the fold could not take is
refused here, where the order of two changes of one pass is known. Read next: `writer.py`.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from chatroom.protocol.entries import EntryKind, Invited, TopicSet
from chatroom.server.hub.ports import Failed, Logged
from chatroom.server.hub.records import CodeKind
from chatroom.server.store import moderation, refusals
from chatroom.server.store.codes import code_fault, find_code, use_code
from chatroom.server.store.frames import body_of

Projection = Callable[[sqlite3.Cursor, Logged], Failed | None]


def join(cursor: sqlite3.Cursor, entry: Logged) -> Failed | None:
    """The author becomes a member, unless kicked for longer, and needs no invitation any more."""
    place = entry.room, entry.author
    if moderation.is_kicked(cursor, entry):
        return refusals.STILL_KICKED
    if not cursor.execute("INSERT OR IGNORE INTO members VALUES (?, ?)", place).rowcount:
        return refusals.MEMBER_ALREADY
    cursor.execute("DELETE FROM invitations WHERE room = ? AND account = ?", place)
    cursor.execute("DELETE FROM kicks WHERE room = ? AND account = ?", place)
    return None


def leave(cursor: sqlite3.Cursor, entry: Logged) -> Failed | None:
    """The author is no member any more."""
    place = entry.room, entry.author
    left = cursor.execute("DELETE FROM members WHERE room = ? AND account = ?", place).rowcount
    return None if left else refusals.NOT_A_MEMBER


def invite(cursor: sqlite3.Cursor, entry: Logged) -> Failed | None:
    """The account named in the body may join; the last invitation counts."""
    body = body_of(entry.frame)
    handle = body.handle if isinstance(body, Invited) else ""
    found = cursor.execute("SELECT id FROM accounts WHERE handle = ?", (handle,)).fetchone()
    if found is None:
        return refusals.NO_SUCH_ACCOUNT
    place = entry.room, found[0]
    if cursor.execute("SELECT 1 FROM members WHERE room = ? AND account = ?", place).fetchone():
        return refusals.MEMBER_ALREADY
    cursor.execute("INSERT OR REPLACE INTO invitations VALUES (?, ?, ?)", (*place, entry.author))
    return None


def decline(cursor: sqlite3.Cursor, entry: Logged) -> Failed | None:
    """The author has no invitation any more."""
    place = entry.room, entry.author
    had = cursor.execute("DELETE FROM invitations WHERE room = ? AND account = ?", place).rowcount
    return None if had else refusals.NOT_A_MEMBER


def set_topic(cursor: sqlite3.Cursor, entry: Logged) -> Failed | None:
    """The body is the topic."""
    body = body_of(entry.frame)
    if isinstance(body, TopicSet):
        cursor.execute("UPDATE rooms SET topic = ? WHERE id = ?", (body.text, entry.room))
    return None


PROJECTIONS: Final[dict[int, Projection]] = {
    EntryKind.JOINED: join,
    EntryKind.LEFT: leave,
    EntryKind.INVITED: invite,
    EntryKind.DECLINED: decline,
    EntryKind.TOPIC_SET: set_topic,
    **dict.fromkeys(moderation.KINDS, moderation.moderate),
}
"""Kind of entry: what it changes, in the transaction of the caller, or why the entry may not be stored."""


def project(cursor: sqlite3.Cursor, entry: Logged, code: bytes, now_ms: int) -> Failed | None:
    """Write what follows from an entry of such a kind, at the cost of its one-time code if it has one."""
    fault = code_fault(find_code(cursor, code), CodeKind.OWNER, 0, now_ms) if code else None
    fault = fault or PROJECTIONS[entry.kind](cursor, entry)
    if fault is None and code:
        use_code(cursor, code, entry.author, now_ms)
    return fault
