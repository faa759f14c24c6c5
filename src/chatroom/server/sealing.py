"""The seal: a small file beside the database that remembers where the log stood, so that an older copy put
in its place is noticed.

Such a copy would give seqs a second time that clients know already, so it gets a new log id, which tells
them that their history is to be fetched anew. The seal claims only what was on disk before it was written:
after a crash or a loss of power the log is where the seal says or further, and nothing is said. Read next:
`store/standing.py`.
"""

import contextlib
import logging
import threading
import tomllib
from pathlib import Path
from typing import Final

from chatroom.config.private_files import replace_private_file
from chatroom.net.loop import Loop, Timer
from chatroom.server.hub.ports import StorageError
from chatroom.server.store.database import StoreError
from chatroom.server.store.sqlite import SqliteLog
from chatroom.server.store.standing import Standing

logger: Final = logging.getLogger("chatroom.server")

SEAL: Final = "chatroom.seal"
"""Name of the seal in the data directory."""

EVERY_S: Final = 5.0
"""How often it is written while entries come. An older copy is missed only if it was made after the last
time before a crash, during the same run.
"""

JOIN_S: Final = 3.0
"""How long a stopping server waits for a seal that is being written."""

_FORM: Final = """\
# Where the log in chatroom.db stood when chatroom-server last looked. Leave it where it is: it tells when an
# older copy of the database was put back.
log_id = "{log_id}"
starts = {starts}
entries = {entries}
"""


def read_seal(path: Path) -> Standing | None:
    """Return what the seal says; None when there is none, or it cannot be understood. Raises OSError."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        return Standing(bytes.fromhex(said["log_id"]), int(said["starts"]), int(said["entries"]))
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def write_seal(path: Path, standing: Standing) -> None:
    """Let the seal say this; it is on disk when this returns. Raises OSError, and then the old one stands."""
    text = _FORM.format(log_id=standing.log_id.hex(), starts=standing.starts, entries=standing.entries)
    replace_private_file(path, text.encode())


def suspicion(seal: Standing | None, found: Standing) -> str:
    """Return why the log that was found is not the one that was sealed, or is an older copy of it; empty
    where it is the one.

    A log that was never served needs no seal.
    """
    if seal is None:
        return f"there is no {SEAL} beside it that can be read" if found.starts else ""
    if seal.log_id != found.log_id:
        return "another log was here"
    if found.entries < seal.entries:
        return f"it has {found.entries} entries, and {seal.entries} had been stored"
    if found.starts < seal.starts:
        return f"it was served {found.starts} times, and the one before {seal.starts} times"
    return ""


class Sealing:
    """Looks at the seal of a log when a server starts, and keeps it true while it runs."""

    def __init__(self, log: SqliteLog, path: Path) -> None:
        self._log = log
        self._path = path
        self._sealed: Standing | None = None
        self._is_failing = False
        self._thread: threading.Thread | None = None
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Renew the log's id where it is an older copy; count this start. Before anybody is served.

        Raises StoreError or OSError only where an older copy would be served as if it were the log. In any
        other trouble the seal stays behind, which is safe, and that is logged.
        """
        self._tidy()
        seal = self._sealed = read_seal(self._path)
        reason = suspicion(seal, self._log.standing)
        if reason:
            self._renew(reason)
            return
        if seal is None and not self._write(self._log.standing):
            return  # a log that was served without a seal would be taken for an older copy
        try:
            self._log.begin(renews=False)
        except StorageError as error:
            logger.warning("this start cannot be counted: %s", error)
            return
        self._write(self._log.standing)

    def _tidy(self) -> None:
        """Remove what a server that was killed while it wrote its seal has left."""
        for left in self._path.parent.glob(f".{self._path.name}.*"):
            with contextlib.suppress(OSError):
                left.unlink()

    def _renew(self, reason: str) -> None:
        try:
            self._log.begin(renews=True)
        except StorageError as error:
            raise StoreError(f"an older copy of the log was put back ({reason}): {error}") from None
        write_seal(self._path, self._log.standing)
        self._sealed = self._log.standing
        logger.warning(
            "the database is an older copy: %s; it gets a new log id, so that clients fetch all anew", reason
        )

    def run(self, loop: Loop) -> None:
        """Keep the seal true from now on, in a thread of its own: flushing a file takes its time."""
        self._timer = loop.call_later(EVERY_S, lambda: self._look(loop))

    def _look(self, loop: Loop) -> None:
        self._timer = loop.call_later(EVERY_S, lambda: self._look(loop))
        standing = self._log.standing
        if standing == self._sealed or (self._thread is not None and self._thread.is_alive()):
            return
        thread = threading.Thread(target=self._write, args=(standing,), name="seal", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has no thread to give at the moment
            return
        self._thread = thread

    def stop(self) -> None:
        """Write the seal a last time; the log is still open."""
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.join(JOIN_S)
            if self._thread.is_alive():
                return
        if self._log.standing != self._sealed:
            self._write(self._log.standing)

    def _write(self, standing: Standing) -> bool:
        """Write the seal; where that fails, say so once until it works again."""
        try:
            write_seal(self._path, standing)
        except OSError as error:
            if not self._is_failing:
                logger.warning("%s cannot be written: %s", self._path, error.strerror or error)
            self._is_failing = True
            return False
        self._sealed = standing
        self._is_failing = False
        return True
