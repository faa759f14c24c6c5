"""The outbox on disk: posts survive the process that took them.

Every process of a user keeps a directory of its own, locked while it lives, below
`DATA/outbox/HANDLE@HOST_PORT/`; so a full-screen client and any number of `chatroom send` never write to one
file. A starting process takes over the directories whose owners are gone. Directories come and go under the
lock of the place above them, so that none is taken over while its owner is still making it. The file is
append-only, a record a line: checksum, JSON, newline; a line that is torn, by a crash or a full disk, ends
it. Adding flushes to the disk, removing does not: a post that comes back is sent again and stored once. Read
next: `chatroom.client.session.outbox`.
"""

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final
from zlib import crc32

from chatroom.client.session.ports import OutboxError, Waiting
from chatroom.config.lock import AlreadyLocked, DirectoryLock
from chatroom.config.paths import ClientPaths
from chatroom.config.private_files import replace_private_file
from chatroom.net.address import JoinAddress
from chatroom.protocol.limits import NONCE_BYTES

POSTS_FILE: Final = "posts"
LOCK_FILE: Final = "lock"

DEAD_BYTES: Final = 1024 * 1024
"""How much of the file may be posts that are stored and records of that, before it is written anew."""

PLACE_WAIT_S: Final = 10.0
"""Longest time others may need the place: each of them a few writes to the disk."""

_OWNER_ONLY: Final = 0o600


def outbox_place(paths: ClientPaths, handle: str, address: JoinAddress) -> Path:
    """Return the directory of what a handle keeps for the server at an address."""
    host = address.host.replace(":", "-")  # no colon may be in a file name of Windows
    return paths.data / "outbox" / f"{handle}@{host}_{address.port}"


class DiskOutbox:
    """The outbox of one handle on one server, as `ports.OutboxFile` wants it.

    Made by `open`. `add` may raise OutboxError with one line for the user, nothing else raises. `fault` says
    why what earlier runs left could not be taken over; it stays where it is.
    """

    def __init__(self, place: Path) -> None:
        """Use the outboxes below `place`; nothing is touched before `load` or `add`."""
        self.fault = ""
        self._place = place
        self._own = place / secrets.token_hex(8)
        self._lock: DirectoryLock | None = None
        self._file: BinaryIO | None = None
        self._end = 0
        self._live: dict[bytes, bytes] = {}
        self._live_bytes = 0

    @classmethod
    def open(cls, paths: ClientPaths, handle: str, address: JoinAddress) -> "DiskOutbox":
        """Return the outbox of a handle for the server at an address."""
        return cls(outbox_place(paths, handle, address))

    # -- what the session asks for ---------------------------------------------------------------------------

    def load(self) -> list[Waiting]:
        """Take over what processes that are gone have left: return it in the order posted.

        It stands in our own file, on disk, before the files it comes from are deleted.
        """
        if not self._others():
            return []
        try:
            with DirectoryLock.acquire(self._place, PLACE_WAIT_S):
                return self._take_over(list(self._orphans()))
        except (AlreadyLocked, OSError) as error:
            self.fault = f"what an earlier run has not sent cannot be taken over: {error}"
            return []

    def _take_over(self, orphans: Sequence[DirectoryLock]) -> list[Waiting]:
        """Take what waits in outboxes that are ours now, and delete them. The place is ours alone."""
        posts: dict[bytes, Waiting] = {}
        try:
            left = [_read(lock.directory / POSTS_FILE) for lock in orphans]
            for found in sorted(left, key=lambda found: found[0].nonce if found else b""):
                posts.update((post.nonce, post) for post in found)
            if posts:
                self._make_own()
                self.add(list(posts.values()))
        except (OSError, OutboxError) as error:
            for lock in orphans:
                lock.release()
            self.fault = f"what an earlier run has not sent cannot be taken over: {error}"
            return []
        for lock in orphans:
            _discard(lock)
        return list(posts.values())

    def add(self, posts: Sequence[Waiting]) -> None:
        """Append posts and flush them to the disk."""
        records = {post.nonce: _record(_fields(post)) for post in posts}
        data = b"".join(records.values())
        try:
            file = self._opened()
            self._append(file, data)
            os.fsync(file.fileno())
        except OSError as error:
            self._cut_back()
            raise OutboxError(f"the message cannot be kept in {self._place}: {error.strerror}") from error
        self._end += len(data)
        self._live |= records
        self._live_bytes += len(data)

    def remove(self, nonces: Sequence[bytes]) -> None:
        """Note that posts are stored. What cannot be noted is sent again by the next process: no harm."""
        gone = [self._live.pop(nonce) for nonce in nonces if nonce in self._live]
        self._live_bytes -= sum(map(len, gone))
        if self._file is None:
            return
        try:
            if not self._live:
                self._file.truncate(0)
                self._end = 0
            else:
                data = b"".join(_record({"stored": nonce.hex()}) for nonce in nonces)
                self._append(self._file, data)
                self._end += len(data)
                if self._end - self._live_bytes > max(DEAD_BYTES, self._live_bytes):
                    self._write_anew()
        except OSError:
            self._cut_back()

    def close(self) -> None:
        """Give the outbox up; what still waits is left to the next process."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self._lock is not None:
            if self._live:
                self._lock.release()
            else:
                self._discard_own(self._lock)
            self._lock = None

    # -- the file --------------------------------------------------------------------------------------------

    def _opened(self) -> BinaryIO:
        """Return our own file, made with the first post. Raises OSError."""
        if self._lock is None:
            try:
                with DirectoryLock.acquire(self._place, PLACE_WAIT_S):
                    self._make_own()
            except AlreadyLocked as error:
                raise OSError(0, str(error)) from error
        if self._file is None:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
            self._file = os.fdopen(os.open(self._own / POSTS_FILE, flags, _OWNER_ONLY), "r+b", buffering=0)
            _flush_directories(self._own, self._place, self._place.parent)
        return self._file

    def _make_own(self) -> None:
        """Make our own directory, locked. The place is ours alone. Raises OSError."""
        try:
            self._lock = self._lock or DirectoryLock.acquire(self._own)
        except AlreadyLocked as error:  # a random name: it cannot be
            raise OSError(0, str(error)) from error

    def _discard_own(self, own: DirectoryLock) -> None:
        """Delete our own directory, or leave it empty for others to delete."""
        try:
            with DirectoryLock.acquire(self._place, PLACE_WAIT_S):
                _discard(own)
        except (AlreadyLocked, OSError):
            own.release()

    def _append(self, file: BinaryIO, data: bytes) -> None:
        """Write at the end that is known to be good. Raises OSError when not all of it was taken."""
        file.seek(self._end)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]

    def _cut_back(self) -> None:
        """Take off what a failed write may have left; if even that fails, its checksum gives it away."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)

    def _write_anew(self) -> None:
        """Replace the file by one of what still waits."""
        assert self._file is not None
        self._file.close()
        self._file = None
        replace_private_file(self._own / POSTS_FILE, b"".join(self._live.values()))
        self._end = self._live_bytes
        self._opened()

    def _others(self) -> list[Path]:
        """Return the directories of other processes, those that live and those that are gone."""
        try:
            return sorted(path for path in self._place.iterdir() if path.is_dir() and path != self._own)
        except OSError:  # there is none yet, or it cannot be read: then nothing can be taken over
            return []

    def _orphans(self) -> Iterator[DirectoryLock]:
        """Yield the outboxes of processes that are gone, locked by us now. The place is ours alone."""
        for place in self._others():
            try:
                yield DirectoryLock.acquire(place)
            except (AlreadyLocked, OSError):
                continue


def _fields(post: Waiting) -> dict[str, str | int]:
    return {
        "nonce": post.nonce.hex(),
        "room": post.room,
        "title": post.title,
        "manner": post.manner,
        "at": post.at,
        "text": post.text,
    }


def _record(fields: dict[str, str | int]) -> bytes:
    data = json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return b"%08x %s\n" % (crc32(data), data)


def _read(path: Path) -> list[Waiting]:
    """Return what waits in a file, in the order posted, up to its first line that is not right."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    posts: dict[bytes, Waiting] = {}
    for line in data.splitlines(keepends=True):
        checksum, _, record = line.partition(b" ")
        if not record.endswith(b"\n") or checksum != b"%08x" % crc32(record[:-1]):
            break
        try:
            _apply(json.loads(record), posts)
        except (ValueError, TypeError, KeyError, RecursionError):  # right, but of another program
            continue
    return list(posts.values())


def _apply(fields: dict[str, object], posts: dict[bytes, Waiting]) -> None:
    """Do what one record says. Raises ValueError, TypeError or KeyError when it says nothing known."""
    stored = fields.get("stored")
    if isinstance(stored, str):
        posts.pop(bytes.fromhex(stored), None)
        return
    nonce, text, title = _string(fields["nonce"]), _string(fields["text"]), _string(fields["title"])
    room, manner, at = _number(fields["room"]), _number(fields["manner"]), _number(fields["at"])
    post = Waiting(bytes.fromhex(nonce), room, text, manner, at, title)
    if len(post.nonce) != NONCE_BYTES:
        raise ValueError("nonce")
    posts[post.nonce] = post


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _discard(lock: DirectoryLock) -> None:
    """Delete an outbox in which nothing waits, and give its lock up."""
    with contextlib.suppress(OSError):
        (lock.directory / POSTS_FILE).unlink(missing_ok=True)
    lock.release()
    with contextlib.suppress(OSError):  # somebody may be looking at it just now: then it stays, empty
        (lock.directory / LOCK_FILE).unlink(missing_ok=True)
        lock.directory.rmdir()


def _flush_directories(*paths: Path) -> None:
    """Make new names durable, on systems where a directory can be opened for that."""
    if os.name != "posix":
        return
    for path in paths:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        except OSError:  # some network file systems refuse; the file itself is flushed
            pass
        finally:
            os.close(directory)
