"""People: changes about codes, devices and addresses, which concern no room.

Read next: `codes.py`, `devices.py`, `moderation.py`.
"""

import sqlite3
from typing import assert_never

from chatroom.server.hub.ports import AddCode, AddDevice, BarAddress, Committed, Failed, RevokeDevice
from chatroom.server.store.codes import insert_code
from chatroom.server.store.devices import add_device, revoke_device
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
