"""What moderators did, in SQL: kicks, bans, mutes, roles, each in the transaction of its entry.

Read next: `moderation_rules.py` for who may do it to whom, `projections.py` for the table.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from chatroom.protocol.entries import EntryKind, Moderated, read_body
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import BarAddress, Committed, Failed, Logged
from chatroom.server.store import refusals
from chatroom.server.store.frames import entry_of
from chatroom.server.store.moderation_rules import (
    PLACES,
    Standing,
    author_fault,
    moderation_fault,
    standing_of_server,
)

Effect = Callable[[sqlite3.Cursor, Logged, Moderated, int], Failed | None]
"""What is written for (entry, body, number of the account)."""

DAY_MS: Final = 86_400_000

_STANDING: Final = """
    SELECT accounts.id, role, bans.until, muted_until
    FROM accounts LEFT JOIN bans ON bans.account = accounts.id WHERE {} = ?"""
_BY_NUMBER: Final = _STANDING.format("accounts.id")
_BY_HANDLE: Final = _STANDING.format("handle")

_WHERE_FREE: Final = """
    {what} WHERE NOT EXISTS (SELECT 1 FROM bans WHERE bans.account = {account} AND until > :at)
        AND NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.id = {account} AND muted_until > :at)
        AND NOT EXISTS (SELECT 1 FROM kicks WHERE kicks.account = {account} AND until > :at)"""
"""What holds where nothing stands against an account at a time."""

_IS_FREE: Final = _WHERE_FREE.format(what="SELECT 1", account=":account")
_FORGET: Final = _WHERE_FREE.format(what="DELETE FROM barred", account="barred.account")


def moderate(cursor: sqlite3.Cursor, entry: Logged) -> Failed | None:
    """Carry out what the entry says, or return why it may not be."""
    decoded = entry_of(entry.frame)
    body = read_body(decoded)
    if not isinstance(body, Moderated):
        return refusals.NO_SUCH_ACCOUNT
    author = standing_of_server(entry.kind, entry.author)
    author = author or _standing(cursor, _BY_NUMBER, entry.author, decoded.at)
    target = _standing(cursor, _BY_HANDLE, body.handle, decoded.at)
    fault = moderation_fault(entry.kind, body, author, target, _owners(cursor))
    if fault is not None or target is None:
        return fault
    fault = _EFFECTS[entry.kind](cursor, entry, body, target.number)
    if fault is None and _is_free(cursor, target.number, decoded.at):
        cursor.execute("DELETE FROM barred WHERE account = ?", (target.number,))
    return fault


def bar_address(cursor: sqlite3.Cursor, change: BarAddress, now_ms: int) -> Committed | Failed:
    """Write from where new accounts share what stands against this one."""
    if _is_free(cursor, change.account, now_ms):
        return refusals.NOTHING_STANDS
    known = cursor.execute("SELECT origin FROM barred WHERE account = ?", (change.account,)).fetchall()
    if (change.origin,) not in known:
        if len(known) >= PLACES:
            return refusals.TOO_MANY_PLACES
        cursor.execute("INSERT INTO barred VALUES (?, ?)", (change.origin, change.account))
    return Committed(0, ())


def forget_addresses(cursor: sqlite3.Cursor, now_ms: int) -> None:
    """Forget where accounts came from against which nothing stands since a day: the clock may be wrong."""
    cursor.execute(_FORGET, {"at": now_ms - DAY_MS})


def judge_author(cursor: sqlite3.Cursor, author: int, kind: int, room: int, at: int) -> Failed | None:
    """Return why the account may not be the author of such an entry as it stands now, or None."""
    query = "SELECT 1 FROM members WHERE room = ? AND account = ?"
    is_member = cursor.execute(query, (room, author)).fetchone() is not None
    return author_fault(kind, _standing(cursor, _BY_NUMBER, author, at), is_member=is_member)


def is_kicked(cursor: sqlite3.Cursor, entry: Logged) -> bool:
    """Whether the author of the entry was kicked from its room and may not come back yet."""
    query = "SELECT until FROM kicks WHERE room = ? AND account = ?"
    found = cursor.execute(query, (entry.room, entry.author)).fetchone()
    return found is not None and found[0] > entry_of(entry.frame).at


def _standing(cursor: sqlite3.Cursor, query: str, who: int | str, at: int) -> Standing | None:
    found = cursor.execute(query, (who,)).fetchone()
    if found is None:
        return None
    number, role, banned_until, muted_until = found
    return Standing(number, role, is_banned=(banned_until or 0) > at, is_muted=muted_until > at)


def _owners(cursor: sqlite3.Cursor) -> int:
    (count,) = cursor.execute("SELECT count(*) FROM accounts WHERE role = ?", (Role.OWNER,)).fetchone()
    return int(count)


def _is_free(cursor: sqlite3.Cursor, account: int, at: int) -> bool:
    return cursor.execute(_IS_FREE, {"at": at, "account": account}).fetchone() is not None


def _kick(cursor: sqlite3.Cursor, entry: Logged, body: Moderated, target: int) -> Failed | None:
    place = entry.room, target
    was_member = cursor.execute("DELETE FROM members WHERE room = ? AND account = ?", place).rowcount
    if not was_member and not body.until:
        return refusals.NOBODY_TO_KICK
    if body.until:
        cursor.execute("INSERT OR REPLACE INTO kicks VALUES (?, ?, ?)", (*place, body.until))
    return None


def _ban(cursor: sqlite3.Cursor, entry: Logged, body: Moderated, target: int) -> None:
    row = (target, body.ends_at, entry.author, body.reason)
    cursor.execute("INSERT OR REPLACE INTO bans VALUES (?, ?, ?, ?)", row)


def _unban(cursor: sqlite3.Cursor, _entry: Logged, _body: Moderated, target: int) -> None:
    cursor.execute("DELETE FROM bans WHERE account = ?", (target,))


def _mute(cursor: sqlite3.Cursor, _entry: Logged, body: Moderated, target: int) -> None:
    cursor.execute("UPDATE accounts SET muted_until = ? WHERE id = ?", (body.ends_at, target))


def _unmute(cursor: sqlite3.Cursor, _entry: Logged, _body: Moderated, target: int) -> None:
    cursor.execute("UPDATE accounts SET muted_until = 0 WHERE id = ?", (target,))


def _set_role(cursor: sqlite3.Cursor, entry: Logged, body: Moderated, target: int) -> None:
    cursor.execute("UPDATE accounts SET role = ? WHERE id = ?", (body.role, target))
    if body.role == Role.OWNER:
        _unmute(cursor, entry, body, target)  # nobody else could


_EFFECTS: Final[dict[int, Effect]] = {
    EntryKind.KICKED: _kick,
    EntryKind.BANNED: _ban,
    EntryKind.UNBANNED: _unban,
    EntryKind.MUTED: _mute,
    EntryKind.UNMUTED: _unmute,
    EntryKind.ROLE_SET: _set_role,
}

KINDS: Final = tuple(_EFFECTS)
"""The kinds of entry that `moderate` carries out."""
