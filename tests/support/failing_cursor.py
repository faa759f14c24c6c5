"""A cursor that fails once at a statement, before or behind what the database does, as disk or memory may."""

import sqlite3
from collections.abc import Sequence


class FailingCursor:
    """A real cursor, but for the first statement that begins so: that raises."""

    def __init__(
        self, cursor: sqlite3.Cursor, statement: str, error: BaseException, *, is_done: bool = False
    ) -> None:
        self.connection = cursor.connection
        self.executemany = cursor.executemany
        self.has_failed = False
        self._cursor = cursor
        self._statement = statement
        self._error = error
        self._is_done = is_done

    @property
    def lastrowid(self) -> int | None:
        """As `sqlite3.Cursor.lastrowid`."""
        return self._cursor.lastrowid

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """As `sqlite3.Cursor.execute`."""
        fails = not self.has_failed and statement.startswith(self._statement)
        self.has_failed |= fails
        if fails and not self._is_done:
            raise self._error
        found = self._cursor.execute(statement, values)  # type: ignore[arg-type]
        if fails:
            raise self._error
        return found
