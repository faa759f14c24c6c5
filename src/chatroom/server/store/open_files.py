"""The files of an open database, and whether they are still where they were.

A program goes on writing to a file that was removed, and what it writes is gone with the program. So the log
looks now and then whether somebody removed or replaced one. Read next: `sqlite.py`.
"""

from pathlib import Path
from typing import Final

BESIDE: Final = ("-wal", "-shm")
"""The endings of the files that SQLite keeps beside a database in use."""


class OpenFiles:
    """The database at `path` and the files beside it, as they are now; the database is in use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = [path.with_name(path.name + ending) for ending in BESIDE]
        self._known = {file: _identity(file) for file in (path, *self._beside)}

    def has_database(self) -> bool:
        """Whether the database itself is still there."""
        return _identity(self._path) == self._known[self._path]

    def has_beside(self) -> bool:
        """Whether the files beside it are still there."""
        return all(_identity(file) == self._known[file] for file in self._beside)

    def has_write_ahead_log(self) -> bool:
        """Whether that one of them is still there."""
        return _identity(self._beside[0]) == self._known[self._beside[0]]


def _identity(file: Path) -> tuple[int, int] | None:
    """Return what tells a file from another of its name; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
