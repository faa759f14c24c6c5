"""Rows: many of them into one table, some at a time with one statement.

Read next: `writer.py`.
"""

import functools
import sqlite3
from typing import Final

AT_ONCE: Final = 32
"""Most rows of one statement, and of a pass that is nothing but one. With a statement for each, a row of
`entries` takes 0.9 us and one of `nonces` 1.9; so, 0.65 and 0.8, where all are of one room. With 64 rows it
would be 0.05 us less.
"""

Value = int | str | bytes | bytearray
"""sqlite3 takes a bytearray as it is; for `bytes` it looks for an adapter each time: 0.3 to 0.8 us a row."""


def insert_rows(cursor: sqlite3.Cursor, into: str, width: int, values: list[Value]) -> None:
    """Insert rows of so many columns, given one behind the other, in their order; `into` is the statement up
    to VALUES, with ROLLBACK or IGNORE for a row that cannot be there.
    """
    most = width * AT_ONCE
    start = 0
    while start < len(values):  # compiled, a `range` is an object to be made: 1 us of a pass in `chat`
        some = values[start : start + most]
        cursor.execute(_statement(into, width, len(some) // width), some)
        start += most


@functools.cache
def _statement(into: str, width: int, count: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{into} VALUES {', '.join([row] * count)}"
