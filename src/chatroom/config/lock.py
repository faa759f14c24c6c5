"""One process at a time in a data directory.

The operating system holds the lock for the process, so that it ends with the process however that ends. What
is in the directory is nobody's business here. Read next: `paths.py`.
"""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from filelock import FileLock, Timeout

from chatroom.config.private_files import make_private_directory

_LOCK_NAME: Final = "lock"

_LOOK_EVERY_S: Final = 0.01


class AlreadyLocked(Exception):  # noqa: N818 - said as it is: `except AlreadyLocked`
    """Another process uses the directory; `str()` is one line that names it."""

    def __init__(self, directory: Path) -> None:
        """Make the error of `directory`."""
        super().__init__(f"{directory} is in use by another process")
        self.directory = directory


class DirectoryLock:
    """The lock of one directory while it is held: made by `acquire`, given up by `release` or the end of
    `with`.

    The file `lock` in the directory stays behind; it is the lock's place, not the lock.
    """

    def __init__(self, directory: Path, lock: FileLock) -> None:
        """Hold a lock that was acquired; use `DirectoryLock.acquire`."""
        self.directory = directory
        self._lock = lock

    @classmethod
    def acquire(cls, directory: Path, wait_s: float = 0.0) -> Self:
        """Return the lock of a directory, made for its owner only if it is missing, after at most `wait_s`.

        Raises AlreadyLocked where another process (or another part of this one) holds it still, OSError where
        the directory cannot be made or is not writable.
        """
        make_private_directory(directory)
        lock = FileLock(directory / _LOCK_NAME, timeout=wait_s, thread_local=False, mode=0o600)
        try:
            lock.acquire(poll_interval=_LOOK_EVERY_S)
        except Timeout:
            raise AlreadyLocked(directory) from None
        return cls(directory, lock)

    def release(self) -> None:
        """Give the lock up; doing so twice is harmless."""
        self._lock.release(force=True)

    def __enter__(self) -> Self:
        """Return the lock itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the lock up."""
        self.release()
