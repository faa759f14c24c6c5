"""Files that belong to one person: whole or not there, and readable by nobody else.

Bytes only; what they mean is known by `state.py` and by whoever keeps keys. On Windows, where permissions are
not bits, a file is as private as the directory of its user. Read next: `state.py`.
"""

import os
import secrets
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600
_OWNER_ONLY_DIRECTORY: Final = 0o700


def make_private_directory(path: Path) -> None:
    """Make a directory, and those above it, for its owner only; one that exists is left as it is. Raises
    OSError.
    """
    path.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)


def replace_private_file(path: Path, data: bytes, *, is_flushed: bool = True) -> None:
    """Put `data` at `path`: after a crash at any moment there is the old file or the new one, never a part.

    The new file is on disk when this returns. Unless `is_flushed`: then nothing waits for the disk, and after
    a power loss the file may be as it was, or empty. A symbolic link at `path` is replaced, not followed.
    Raises OSError, and then the old file stands.
    """
    fresh = _write_beside(path, data, is_flushed=is_flushed)
    try:
        fresh.replace(path)
    except OSError:
        fresh.unlink()
        raise
    if is_flushed:
        _flush_directory(path.parent)


def create_private_file(path: Path, data: bytes) -> None:
    """Put `data` at `path` where there is nothing yet, whole or not at all.

    Raises FileExistsError where anything stands at `path` (it is not touched), or another OSError.
    """
    fresh = _write_beside(path, data)
    try:
        _name_exclusively(fresh, path, data)
    finally:
        fresh.unlink(missing_ok=True)
    _flush_directory(path.parent)


def _name_exclusively(fresh: Path, path: Path, data: bytes) -> None:
    """Give the file `fresh` the name `path`, unless that name is taken."""
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: not atomic, but still exclusive
        _write_new(path, data)


def _write_beside(path: Path, data: bytes, *, is_flushed: bool = True) -> Path:
    """Write `data` to a new file in the directory of `path`, flush it to disk, and return where it is."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _write_new(fresh, data, is_flushed=is_flushed)
    return fresh


def _write_new(path: Path, data: bytes, *, is_flushed: bool = True) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags, _OWNER_ONLY), "wb") as file:
            file.write(data)
            file.flush()
            if is_flushed:
                os.fsync(file.fileno())
    except FileExistsError:
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _flush_directory(path: Path) -> None:
    """Make a new name in a directory durable, on systems where a directory can be opened for that."""
    if os.name != "posix":
        return
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    except OSError:  # some network file systems refuse; the file itself has been flushed
        pass
    finally:
        os.close(directory)
