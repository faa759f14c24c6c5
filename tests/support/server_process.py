"""A real `chatroom-server` process on a port of its own, with its own data directory.

`ServerProcess` starts it and waits until it is ready; it can be killed and started again on the same data
and port.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path

from support.patience import PATIENCE_S, busy_s, fair_s
from support.ports import held_port

Settings = Mapping[str, Mapping[str, object]]


FROM_SOURCE = f"""
import sys
sys.path.append({str(Path(__file__).parents[1])!r})
from support.compiled import import_source
import_source()
"""
"""What is altered is the source: in what was compiled, functions and constants have grown together."""
RUN = "import sys; from chatroom.cli.server import main; sys.exit(main())"


class ServerProcess:
    """One server; `settings` are the sections of its settings file, `altered` is Python to run before it."""

    def __init__(
        self, directory: Path, settings: Settings | None = None, *, tls: bool = False, altered: str = ""
    ) -> None:
        self.directory = directory
        self.data_dir = directory / "server-data"
        self.log_path = directory / "server.log"
        self.tls = tls
        hold = contextlib.ExitStack()
        self.port = hold.enter_context(held_port())
        weakref.finalize(self, hold.close)
        self.join = ""
        self.output: list[str] = []
        self.process: subprocess.Popen[str] | None = None
        program = ["-c", f"{FROM_SOURCE}{altered}\n{RUN}"] if altered else ["-m", "chatroom.cli.server"]
        self.program = [sys.executable, *program]
        self.config = directory / "server.toml"
        self.config.touch(mode=0o600)  # it may hold a password
        self.config.write_text("".join(_sections(settings or {})), encoding="utf-8")

    def start(self) -> None:
        """Start it and return when it has said that it is ready; on the same port each time."""
        command = [*self.program, "-c", str(self.config), "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--data-dir", str(self.data_dir)]
        if not self.tls:
            command.append("--no-tls")
        self.output = []
        with self.log_path.open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        watchdog = threading.Timer(PATIENCE_S, self.process.kill)
        watchdog.start()
        try:
            assert self.process.stdout is not None
            for line in self.process.stdout:
                self.output.append(line.rstrip("\n"))
                if line.startswith("join "):
                    break
            else:
                raise AssertionError(f"the server did not start: {self.log_path.read_text()}")
        finally:
            watchdog.cancel()
        self.join = self.output[-1].removeprefix("join ")

    def owner_code(self) -> str:
        """The code for the first owner, which stands after the other lines of a first start."""
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline().rstrip("\n")
        self.output.append(line)
        assert line.startswith("owner "), line
        return line.removeprefix("owner ")

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self.process is not None
        return self.process.pid

    def busy_s(self) -> float:
        """`patience.busy_s` of it."""
        return busy_s(self.pid)

    def fair_s(self) -> float:
        """`patience.fair_s` of it."""
        return fair_s(self.pid)

    def kill(self) -> None:
        """End it at once, as a power button would."""
        self.end_by(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        return self.end_by(signal.SIGTERM)

    def log(self) -> str:
        """What it wrote to standard error so far."""
        return self.log_path.read_text()

    def end_by(self, number: int) -> int:
        """Send it a signal that ends it, and return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        code = self.process.wait(PATIENCE_S)
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.output += self.process.stdout.read().splitlines()
            self.process.stdout.close()
        return code


@contextlib.contextmanager
def running_server(
    directory: Path, settings: Settings | None = None, *, tls: bool = False, altered: str = ""
) -> Iterator[ServerProcess]:
    """A server for the time of a `with`; killed at the end if it still runs."""
    server = ServerProcess(directory, settings, tls=tls, altered=altered)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _sections(settings: Settings) -> Iterator[str]:
    for section, values in settings.items():
        yield f"[{section}]\n"
        for key, value in values.items():
            shown = str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
            yield f"{key} = {shown}\n"
