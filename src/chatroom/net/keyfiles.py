"""Small secret files: read with their permissions checked, written whole or not at all.

Bytes only; `keys.py` knows what they mean. Everything that can be wrong with such a file comes out as a
`KeyFileError` that names it.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path

MAX_FILE_BYTES = 1024 * 1024  # a wrong path must not read a disk image into memory
OTHERS_MASK = 0o077
# The flags of an exclusive new file; O_BINARY exists, and matters, on Windows only.
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class KeyFileError(Exception):
    """A key or certificate file cannot be used. The text is one line that names the file."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


def read_file(path: Path, *, is_secret: bool) -> bytes | None:
    """What is in the file; None when there is none.

    A secret that its group or others may touch is refused, as ssh does. Windows has no such bits: there the
    folder's access list protects the file, and nothing is checked.
    """
    try:
        status = path.stat()  # follows links: certbot and others keep links to the current files
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileError(path, "is not a file")
        if is_secret and os.name == "posix" and status.st_mode & OTHERS_MASK:
            mode = stat.S_IMODE(status.st_mode)
            raise KeyFileError(path, f"others may read this key (mode {mode:04o}); run chmod 600 on it")
        if status.st_size > MAX_FILE_BYTES:
            raise KeyFileError(path, f"has {status.st_size} bytes, too many for a key or certificate")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, "read", error) from error


def write_new(path: Path, data: bytes) -> None:
    """Make the file, with mode 0600 and its folder with 0700, if there is none; else leave it as it is.

    Of two processes that do so at once one wins, and neither ever sees half a file.
    """
    try:
        draft = _write_draft(path, data)
        try:
            with contextlib.suppress(FileExistsError):
                _give_name(draft, path)
            _sync_folder(path.parent)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(path, "made", error) from error


def replace(path: Path, data: bytes) -> None:
    """Put a new file in the place of the old one, in one step."""
    try:
        _write_draft(path, data).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, "replaced", error) from error


def _write_draft(path: Path, data: bytes) -> Path:
    """A complete file beside `path`, on disk, under a name that nobody else uses."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, _NEW_FILE, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft


def _give_name(draft: Path, path: Path) -> None:
    """Name the draft `path` unless that name is taken: FileExistsError then."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links; there the last of two writers wins
        if path.exists():
            raise FileExistsError(path) from None
        draft.rename(path)


def _sync_folder(folder: Path) -> None:
    """Have the new name survive a loss of power. Only POSIX can open a folder for that."""
    if os.name == "posix":
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _unusable(path: Path, verb: str, error: OSError) -> KeyFileError:
    return KeyFileError(path, f"cannot be {verb}: {error.strerror or error}")
