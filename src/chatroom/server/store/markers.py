"""Read markers: how far each account has read in each room. They only move forward.

Read next: `writer.py`; `reading.py` counts what is unread.
"""

import sqlite3
from typing import Final

from chatroom.server.hub.ports import SetRead

_SET: Final = """
    INSERT INTO reads VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq"""


def set_read(cursor: sqlite3.Cursor, change: SetRead) -> None:
    """Move a marker, unless it is there or beyond."""
    cursor.execute(_SET, (change.account, change.room, change.seq))
