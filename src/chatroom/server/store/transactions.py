"""Transactions: whole or not at all, whatever is raised on the way.

Read next: `writer.py`.
"""

import contextlib
import sqlite3
from collections.abc import Iterator


@contextlib.contextmanager
def transaction(cursor: sqlite3.Cursor) -> Iterator[None]:
    """Commit what is done within, or take it back and raise what it raised."""
    cursor.execute("BEGIN IMMEDIATE")
    try:
        yield
        cursor.execute("COMMIT")
    except BaseException:
        roll_back(cursor.connection)
        raise


def roll_back(connection: sqlite3.Connection) -> None:
    """Take back an open transaction, if there is one. An error of the database is not raised: what made it
    fail is being told already.
    """
    if connection.in_transaction:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
