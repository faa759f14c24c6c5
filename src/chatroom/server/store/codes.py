"""Codes on disk: made, looked at, and used up in the transaction of what they buy.

Whether a code is good is found out before anything is written for it; marking it as used is the last step,
and no other writer comes between. Read next: `devices.py`, `creation.py`.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddCode, Committed, Failed
from chatroom.server.hub.records import CodeKind, CodeRecord
from chatroom.server.store import refusals
from chatroom.server.store.database import StoreError, open_database
from chatroom.server.store.disk_faults import words_for
from chatroom.server.store.transactions import transaction

PATIENCE_S: Final = 5.0
"""How long a program that only adds codes waits for a server that is writing."""

_FIND: Final = "SELECT kind, role, account, expires_at, used_at FROM codes WHERE hash = ?"

_DROP_VOID: Final = """
    DELETE FROM codes WHERE kind = ? AND used_at IS NULL AND (account = ? OR expires_at <= ?)"""
"""Link codes that the new one replaces, and those that have expired: there is one of each account at most."""


def insert_code(cursor: sqlite3.Cursor, change: AddCode, now_ms: int) -> Committed | Failed:
    """Write a code, within the caller's transaction."""
    if find_code(cursor, change.hash) is not None:
        return refusals.CODE_KNOWN
    if change.kind is CodeKind.LINK:
        if not cursor.execute("SELECT 1 FROM accounts WHERE id = ?", (change.account,)).fetchone():
            return refusals.NO_SUCH_ACCOUNT
        cursor.execute(_DROP_VOID, (CodeKind.LINK, change.account, now_ms))
    row = (change.hash, change.kind, change.role, change.account, now_ms, change.expires_at)
    cursor.execute(
        "INSERT INTO codes (hash, kind, role, account, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)", row
    )
    return Committed(0, ())


def find_code(cursor: sqlite3.Cursor, code: bytes) -> CodeRecord | None:
    """Return the code with this SHA-256."""
    row = cursor.execute(_FIND, (code,)).fetchone()
    if row is None:
        return None
    kind, role, account, expires_at, used_at = row
    return CodeRecord(CodeKind(kind), Role(role), account, expires_at, used_at is not None)


def code_fault(found: CodeRecord | None, kind: CodeKind, account: int, now_ms: int) -> Failed | None:
    """Return why the code that was found does not buy this now, or None. `account` is whose link code it has
    to be, 0 for any other kind.
    """
    if found is None or found.kind is not kind or found.account != account:
        return refusals.NO_SUCH_CODE
    if found.is_used:
        return refusals.CODE_USED
    return refusals.CODE_EXPIRED if found.expires_at <= now_ms else None


def use_code(cursor: sqlite3.Cursor, code: bytes, account: int, now_ms: int) -> None:
    """Mark a code, which was found good in this transaction, as used by the account."""
    cursor.execute("UPDATE codes SET used_at = ?, used_by = ? WHERE hash = ?", (now_ms, account, code))


def has_unused_owner_code(connection: sqlite3.Connection) -> bool:
    """Whether somebody may still claim the role of owner."""
    query = "SELECT 1 FROM codes WHERE kind = ? AND used_at IS NULL LIMIT 1"
    return connection.execute(query, (CodeKind.OWNER,)).fetchone() is not None


def store_codes(path: Path, codes: Sequence[AddCode], now_ms: int) -> None:
    """Add codes to the log at `path`, which a server may be using, or which is made if there is none.

    All of them are on disk when it returns; raises StoreError, and none is.
    """
    connection = open_database(path, PATIENCE_S)
    try:
        with transaction(connection.cursor()):
            cursor = connection.cursor()
            for code in codes:
                outcome = insert_code(cursor, code, now_ms)
                if isinstance(outcome, Failed):
                    raise StoreError(f"{path}: {outcome.text}")
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {words_for(error)}") from None
    finally:
        connection.close()
