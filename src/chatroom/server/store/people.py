"""People: changes about codes, devices and addresses, which concern no room, and what proves that those
without entries are on disk.

Read next: `codes.py`, `devices.py`, `moderation.py`.
"""

import sqlite3
from typing import assert_never

from chatroom.server.hub.ports import (
    AddAccount,
    AddCode,
    AddDevice,
    BarAddress,
    Committed,
    Failed,
    RevokeDevice,
)
from chatroom.server.store.codes import insert_code
from chatroom.server.store.devices import add_device, revoke_device
from chatroom.server.store.drafts import Proof
from chatroom.server.store.moderation import bar_address


def store_about_people(
    cursor: sqlite3.Cursor, change: AddCode | AddDevice | RevokeDevice | BarAddress, now_ms: int
) -> Committed | Failed:
    """Store one such change within the transaction of the caller."""
    match change:
        case AddCode():
            return insert_code(cursor, change, now_ms)
        case AddDevice():
            return add_device(cursor, change, now_ms)
        case RevokeDevice():
            return revoke_device(cursor, change, now_ms)
        case BarAddress():
            return bar_address(cursor, change, now_ms)
        case _:
            assert_never(change)


def proof_of(
    change: AddAccount | AddCode | AddDevice | RevokeDevice | BarAddress, former: Proof | None
) -> Proof | None:
    """Return what proves that a draft with this change as its newest is on disk; `former` did, without it.

    A newer proof is the better one: the next link code of an account takes the place of the one before. But
    the key that is taken away may have been away, and added in this draft: so any other proof is preferred.
    A device is proved by the code it cost, which is used up for ever. To bar an address or to move a read
    marker (`markers.py`) needs no proof: done once more, it changes nothing and is answered alike.
    """
    match change:
        case AddAccount():
            return "SELECT 1 FROM accounts WHERE handle = ?", (change.handle,)
        case AddCode():
            return "SELECT 1 FROM codes WHERE hash = ?", (change.hash,)
        case AddDevice():
            return "SELECT 1 FROM codes WHERE hash = ? AND used_at IS NOT NULL", (change.code,)
        case RevokeDevice():
            revoked = "SELECT 1 FROM devices WHERE public_key = ? AND revoked_at IS NOT NULL"
            return former or (revoked, (change.public_key,))
        case BarAddress():
            return former
        case _:
            assert_never(change)
