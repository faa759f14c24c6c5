"""Devices on disk: the keys of accounts. One that was taken away stays known, so that nobody else gets it.

Run within the transaction of the writer. Read next: `codes.py`.
"""

import sqlite3

from chatroom.server.hub.ports import AddDevice, Committed, Failed, RevokeDevice
from chatroom.server.hub.records import CodeKind, DeviceRecord
from chatroom.server.store import refusals
from chatroom.server.store.codes import code_fault, find_code, use_code


def add_device(cursor: sqlite3.Cursor, change: AddDevice, now_ms: int) -> Committed | Failed:
    """Write one more key of an account, at the cost of its link code."""
    account, key = change.account, change.public_key
    if not cursor.execute("SELECT 1 FROM accounts WHERE id = ?", (account,)).fetchone():
        return refusals.NO_SUCH_ACCOUNT
    known = cursor.execute("SELECT account, revoked_at FROM devices WHERE public_key = ?", (key,)).fetchone()
    if known is not None and known[0] != account:
        return refusals.KEY_TAKEN
    if known is not None and known[1] is None:
        return refusals.KEY_IS_THERE
    fault = code_fault(find_code(cursor, change.code), CodeKind.LINK, account, now_ms)
    if fault is not None:
        return fault
    cursor.execute(
        "INSERT OR REPLACE INTO devices (public_key, account, name, added_at) VALUES (?, ?, ?, ?)",
        (key, account, change.name, now_ms),
    )
    use_code(cursor, change.code, account, now_ms)
    return Committed(0, ())


def revoke_device(cursor: sqlite3.Cursor, change: RevokeDevice, now_ms: int) -> Committed | Failed:
    """Mark a key as one that may log in no more, unless it is the last one."""
    keys = [device.public_key for device in list_devices(cursor, change.account)]
    if change.public_key not in keys:
        return refusals.NO_SUCH_KEY
    if len(keys) == 1:
        return refusals.LAST_KEY
    cursor.execute("UPDATE devices SET revoked_at = ? WHERE public_key = ?", (now_ms, change.public_key))
    return Committed(0, ())


def list_devices(cursor: sqlite3.Cursor, account: int) -> list[DeviceRecord]:
    """Return the keys that may log in to the account, the oldest first."""
    rows = cursor.execute(
        "SELECT public_key, name, added_at FROM devices WHERE account = ? AND revoked_at IS NULL"
        " ORDER BY added_at, public_key",
        (account,),
    )
    return [DeviceRecord(*row) for row in rows]
