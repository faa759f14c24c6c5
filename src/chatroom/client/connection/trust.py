"""Whom this client believes: the servers it knows, each by the pin of its key, and what to say to a stranger.

The rule is that of ssh: a pin in the join string must match; a known server must show the key it had; an
unknown one is the user's to judge, once. A changed key is refused, and nothing but `chatroom trust --replace`
changes that. The file is the program's, one table a server, replaced whole. Read next: `connection.py`.
"""

import datetime as dt
import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatroom.config.lock import AlreadyLocked, DirectoryLock
from chatroom.config.paths import ClientPaths
from chatroom.config.private_files import replace_private_file
from chatroom.net.address import JoinAddress, format_address
from chatroom.net.pins import normalise_pin

KNOWN_SERVERS_FILE: Final = "known_servers.toml"

MAX_BYTES: Final = 4 * 1024 * 1024
"""Longest file that is read: some forty thousand servers."""

LOCK_WAIT_S: Final = 1.0
"""Another process holds the file for the time of one small write."""

_HEAD: Final = "# Written by chatroom: the servers it knows, and the pin of each one's key.\n"
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class KnownServersError(Exception):
    """The file of known servers cannot be used; the text is one line that names it."""


class KnownServersBusyError(KnownServersError):
    """Another process is writing to the file: try again."""


@dataclass(frozen=True, slots=True)
class TrustQuestion:
    """A server nobody has vouched for: is this the pin it should have?"""

    server: str
    pin: str


@dataclass(frozen=True, slots=True)
class TrustRefused:
    """A server that does not show the key it should. `expected` is empty where a known server came without
    any.
    """

    server: str
    expected: str
    seen: str
    is_from_join: bool

    def __str__(self) -> str:
        """Return one line for the user, both pins in it."""
        seen = f"it shows {self.seen}" if self.seen else "it is asked for without TLS"
        whose = "the join string says" if self.is_from_join else "it had"
        hint = "" if self.is_from_join else f"; if that is right: chatroom trust --replace {self.server}"
        return f"{self.server} is not the server it should be: {whose} {self.expected}, {seen}{hint}"


@dataclass(frozen=True, slots=True)
class KnownServer:
    """One known server: `host:port`, its pin, and when it was first seen."""

    server: str
    pin: str
    first_seen: dt.datetime


class KnownServers:
    """The known servers in a file. It is read anew for every question: other processes write to it too."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, paths: ClientPaths) -> "KnownServers":
        """Return the known servers of a client."""
        return cls(paths.data / KNOWN_SERVERS_FILE)

    def judge(self, address: JoinAddress, seen: str) -> TrustQuestion | TrustRefused | None:
        """Return None where a server that shows the pin `seen` may be trusted ("" stands for no TLS).

        Raises KnownServersError.
        """
        server = format_address(address.host, address.port)
        if address.pin is not None and address.pin != seen:
            return TrustRefused(server, address.pin, seen, is_from_join=True)
        known = self.pin_of(address)
        if known is not None and known != seen:
            return TrustRefused(server, known, seen, is_from_join=False)
        is_vouched_for = known is not None or address.pin is not None or not address.tls
        return None if is_vouched_for else TrustQuestion(server, seen)

    def pin_of(self, address: JoinAddress) -> str | None:
        """Return the pin of a known server, else None. Raises KnownServersError."""
        server = format_address(address.host, address.port)
        return next((known.pin for known in self.all() if known.server == server), None)

    def all(self) -> list[KnownServer]:
        """Return all known servers, as they stand in the file. Raises KnownServersError."""
        try:
            if not self.path.exists():
                return []
            if os.name == "posix" and self.path.stat().st_mode & _OTHERS_MAY_WRITE:
                raise KnownServersError(f"{self.path}: others may write to it; run chmod 600 on it")
            with self.path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise KnownServersError(f"{self.path} cannot be read: {error.strerror}") from error
        if len(data) > MAX_BYTES:
            raise KnownServersError(f"{self.path} is longer than {MAX_BYTES} bytes")
        try:
            return _parse(tomllib.loads(data.decode()))
        except (ValueError, TypeError, RecursionError) as error:
            raise KnownServersError(f"{self.path} is not right: {error}") from error

    def remember(self, address: JoinAddress, pin: str, now: dt.datetime, wait_s: float | None = None) -> None:
        """Know a server by this pin from now on; `now`: when it was first seen.

        `wait_s` is how long to wait for another process that writes, `LOCK_WAIT_S` by default. Raises
        KnownServersError.
        """
        server = format_address(address.host, address.port)
        self._change(server, KnownServer(server, pin, now), LOCK_WAIT_S if wait_s is None else wait_s)

    def forget(self, address: JoinAddress) -> None:
        """Know a server no longer. Raises KnownServersError."""
        self._change(format_address(address.host, address.port), None, LOCK_WAIT_S)

    def _change(self, server: str, entry: KnownServer | None, wait_s: float) -> None:
        """Read, change and replace the file, one process at a time."""
        try:
            with DirectoryLock.acquire(self.path.with_suffix(".lock"), wait_s):
                others = [known for known in self.all() if known.server != server]
                replace_private_file(self.path, _text(others if entry is None else [*others, entry]))
        except AlreadyLocked:
            raise KnownServersBusyError(f"{self.path} is being written by another process") from None
        except OSError as error:
            raise KnownServersError(f"{self.path} cannot be written: {error.strerror}") from error


def _parse(tables: dict[str, object]) -> list[KnownServer]:
    """Return the servers of a file. Raises ValueError or TypeError for what this program does not write."""
    rows = tables.get("server", [])
    if not isinstance(rows, list):
        raise TypeError("server is not a list of tables")
    found: dict[str, KnownServer] = {}
    for number, row in enumerate(rows, 1):
        server, pin, seen = (row.get(key) if isinstance(row, dict) else None for key in _KEYS)
        if not isinstance(server, str) or not isinstance(pin, str) or not isinstance(seen, dt.datetime):
            raise TypeError(f"server {number} has no address, pin and first_seen")
        if server in found:
            raise ValueError(f"{server!a} stands in it twice")
        found[server] = KnownServer(server, normalise_pin(pin), seen)
    return list(found.values())


_KEYS: Final = ("address", "pin", "first_seen")


def _text(servers: list[KnownServer]) -> bytes:
    """Return the file. An address holds nothing that would need quoting in TOML, nor does a pin."""
    rows = [
        f'\n[[server]]\naddress = "{known.server}"\npin = "{known.pin}"\n'
        f"first_seen = {known.first_seen.astimezone(dt.UTC).isoformat(timespec='seconds')}\n"
        for known in servers
    ]
    return (_HEAD + "".join(rows)).encode("ascii")
