"""Which log a server had when a program of this client last was there, kept on disk beside the outbox.

A file for each of the full screen, `send` and `tail`, because each has its own reader who wants to hear it
when the server was restored. Read next: `outbox_file.py`, and `chatroom.client.session.door`, which compares.
"""

import logging
from pathlib import Path
from typing import Final

from chatroom.client.connection.outbox_file import outbox_place
from chatroom.config.paths import ClientPaths
from chatroom.config.private_files import make_private_directory, replace_private_file
from chatroom.net.address import JoinAddress
from chatroom.protocol.limits import LOG_ID_BYTES

_LOG: Final = logging.getLogger(__name__)


class DiskLogMark:
    """The mark in the file at `path`: the id of a log in hexadecimal."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, paths: ClientPaths, handle: str, address: JoinAddress, program: str) -> "DiskLogMark":
        """Return the mark of one program ("screen", "send", "tail") for a handle on a server."""
        return cls(outbox_place(paths, handle, address) / f"log-seen-by-{program}")

    def load(self) -> bytes:
        """Return the id of the log; empty where there is no file, or none that says one."""
        try:
            with self.path.open("rb") as file:
                log_id = bytes.fromhex(file.read(2 * LOG_ID_BYTES + 2).decode("ascii"))
        except FileNotFoundError:
            return b""
        except (OSError, ValueError) as error:
            _LOG.warning("%s cannot be read: %s", self.path, error)
            return b""
        return log_id if len(log_id) == LOG_ID_BYTES else b""

    def keep(self, log_id: bytes) -> None:
        """Remember this one, for its owner only. A failure is logged and no more."""
        try:
            make_private_directory(self.path.parent)
            replace_private_file(self.path, log_id.hex().encode("ascii") + b"\n")
        except OSError as error:
            _LOG.warning("%s cannot be written: %s", self.path, error)
