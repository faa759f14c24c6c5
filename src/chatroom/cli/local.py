"""`python -m chatroom.cli.local`: chat on this machine with nothing set up; what `make chat` runs.

Starts a server on loopback unless the one of this directory runs, and opens a client joined to it. Everything
is kept below one directory (`.chat`): `server/` is the server's data, `NAME/` that of each handle, so that
two people at one machine are two accounts. The server stays when the client ends; `--stop` ends it. Read
next: `chatroom.cli.server`, `chatroom.cli.client`.
"""

import argparse
import getpass
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatroom.cli import client
from chatroom.config.client_file import create_client_settings
from chatroom.config.lock import AlreadyLocked, DirectoryLock
from chatroom.config.private_files import make_private_directory
from chatroom.net import address
from chatroom.protocol.names import fold_handle, handle_fault

PORT: Final = 4567
START_TIMEOUT_S: Final = 20.0
"""How long a server may take to be ready: making keys and a database takes about a second on a small
machine.
"""
STOP_TIMEOUT_S: Final = 8.0
"""How long it may take to end; it promises five seconds."""
_POLL_S: Final = 0.05

_SERVER: Final = "import sys; from chatroom.cli.server import main; sys.exit(main())"


class LocalServerError(Exception):
    """The server cannot be started or ended; `str()` is one line for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class LocalServer:
    """The server of one directory: its data and the traces by which it is found again."""

    directory: Path

    @property
    def data(self) -> Path:
        """Its data directory, locked while it runs."""
        return self.directory / "server"

    @property
    def announced(self) -> Path:
        """What it printed when it was ready, the join string in it."""
        return self.directory / "server.out"

    @property
    def log(self) -> Path:
        """Where it logs."""
        return self.directory / "server.log"

    @property
    def pid_file(self) -> Path:
        """The number of its process."""
        return self.directory / "server.pid"

    def join_string(self) -> str | None:
        """Return what a client joins, or None while no server of this directory answers.

        That something listens on the port is not enough: the lock of the data directory must be held too.
        """
        try:
            lines = self.announced.read_text(encoding="utf-8").splitlines()
        except OSError:
            return None
        joins = [line.removeprefix("join ") for line in lines if line.startswith("join ")]
        return joins[0] if joins and self.is_running() and _answers(joins[0]) else None

    def is_running(self) -> bool:
        """Whether a process holds the data directory."""
        if not self.data.is_dir():
            return False
        try:
            DirectoryLock.acquire(self.data).release()
        except AlreadyLocked:
            return True
        return False

    def ensure(self) -> str:
        """Return the join string of the running server, starting one if there is none.

        Of several callers at once, one starts it and the others wait. Raises LocalServerError.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            join = self.join_string()
            if join is not None:
                return join
            try:
                with DirectoryLock.acquire(self.directory / "starting"):
                    if not self.is_running():
                        return self._start_somewhere(deadline)
            except AlreadyLocked:
                pass
            time.sleep(_POLL_S)
        raise LocalServerError(f"the server does not answer; see {self.log}")

    def stop(self) -> bool:
        """End the server, as by Ctrl-C; return False when none runs. Raises LocalServerError."""
        if not self.is_running():
            return False
        try:
            os.kill(int(self.pid_file.read_text(encoding="ascii")), signal.SIGTERM)
        except (OSError, ValueError) as error:
            raise LocalServerError(f"{self.pid_file} does not name the server's process: {error}") from None
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while self.is_running():
            if time.monotonic() > deadline:
                raise LocalServerError(f"the server does not end; see {self.log}")
            time.sleep(_POLL_S)
        return True

    def _start_somewhere(self, deadline: float) -> str:
        """Start on the usual port, where clients know this server, or on a free one if another has that."""
        return self._start(PORT, deadline) or self._start(0, deadline) or self._refuse()

    def _start(self, port: int, deadline: float) -> str | None:
        """Start a server and wait until it is ready; return its join string, or None when it ended
        instead.
        """
        command = [sys.executable, "-c", _SERVER, "--host", "127.0.0.1", "--port", str(port)]
        with self.announced.open("wb") as announced, self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program, no shell
                [*command, "--data-dir", str(self.data)],
                stdin=subprocess.DEVNULL,
                stdout=announced,
                stderr=log,
                cwd=self.directory,  # a server.toml there counts, one in the checkout does not
                start_new_session=True,  # Ctrl-C in the client's terminal is not for the server
            )
        self.pid_file.write_text(str(process.pid), encoding="ascii")
        while process.poll() is None and time.monotonic() < deadline:
            join = self.join_string()
            if join is not None:
                return join
            time.sleep(_POLL_S)
        if process.poll() is None:
            process.kill()
            process.wait()
        return None

    def _refuse(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        raise LocalServerError(f"the server does not start: {lines[-1] if lines else 'it says nothing'}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Chat, or end the server; return the exit code of the client, or 1 where the server is the trouble."""
    flags = _parse(arguments)
    server = LocalServer(flags.directory.resolve())
    try:
        if flags.stop:
            print("stopped" if server.stop() else "no server runs here")
            return 0
        handle = flags.handle or own_handle()
        fault = handle_fault(fold_handle(handle))
        if fault is not None:
            print(f"{handle!r} cannot be a handle: {fault}", file=sys.stderr)
            return 2
        make_private_directory(server.directory)
        join = server.ensure()
    except (LocalServerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return _open_client(server, join, fold_handle(handle))


def own_handle() -> str:
    """Return a handle made of the login name: what may not be in a handle left out, reserved ones
    lengthened.
    """
    try:
        login = getpass.getuser()
    except (OSError, KeyError):  # nobody has the user's number
        login = ""
    kept = "".join(char for char in login.lower() if char.isascii() and (char.isalnum() or char in "_-"))
    kept = kept.lstrip("0123456789_-")[:20]
    return next(name for name in (kept, f"{kept}-1", "newcomer") if handle_fault(name) is None)


def _open_client(server: LocalServer, join: str, handle: str) -> int:
    own = server.directory / handle
    settings = own / "client.toml"
    create_client_settings(settings, handle)
    code = client.main([join, "--handle", handle, "--config", str(settings), "--data-dir", str(own)])
    if server.is_running():
        print(f"The server keeps running at {join}; `make stop` ends it.")
    return code


def _answers(join: str) -> bool:
    """Whether something accepts connections where a join string points to."""
    where = address.parse(join)
    try:
        socket.create_connection((where.host, where.port), timeout=1).close()
    except OSError:
        return False
    return True


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chatroom.cli.local", description="Chat on this machine, with a server of its own."
    )
    parser.add_argument(
        "--directory", metavar="DIR", type=Path, default=Path(".chat"), help="where all is kept"
    )
    parser.add_argument("--handle", metavar="H", help="who you are (default: your login name)")
    parser.add_argument("--stop", action="store_true", help="end the server of the directory")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
