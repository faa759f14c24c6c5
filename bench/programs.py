"""Running programs: servers on one core, load generators on the other. Everything ends with its `with`.

Programs are ended by their own process id and no other. Read next: `contenders.py`.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from bench import build, machine
from bench.load.orders import Answer, Order, answer_decoder

READY_S: Final = 30.0
STOP_S: Final = 5.0


class StartError(RuntimeError):
    """A server did not get ready; the text says what it printed."""


@dataclass(frozen=True, slots=True)
class Started:
    """A server that accepts connections."""

    pid: int
    port: int
    ready_s: float
    """Seconds from starting the program until it was ready."""


def interrupt_on_terminate() -> None:
    """Let SIGTERM end the bench as Ctrl-C does, so that every `with` is left in order."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))


@contextlib.contextmanager
def fresh_directory() -> Iterator[Path]:
    """A directory on the disk of this repository (where a sync costs what it costs), deleted afterwards."""
    build.WORK.mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="run-", dir=build.WORK))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def process(
    command: list[str],
    log: Path,
    *,
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> "Iterator[subprocess.Popen[str]]":
    """A process for the time of a `with`: then asked to end, then made to."""
    with log.open("a") as file:
        out = file if stdout is None else stdout
        env = {**os.environ, **(environment or {})}
        child = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=file, text=True, env=env)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_S)
        if child.poll() is None:
            child.kill()
            child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


@contextlib.contextmanager
def announcing_server(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Started]:
    """A server that prints `listening HOST:PORT` when it is ready."""
    start = time.monotonic()
    with machine.on_core(machine.SERVER_CORE):
        running = process(command, log, stdout=subprocess.PIPE, environment=environment)
        child = running.__enter__()
    with contextlib.ExitStack() as stack:
        stack.push(running.__exit__)
        watchdog = threading.Timer(READY_S, child.kill)
        watchdog.start()
        try:
            assert child.stdout is not None
            found = re.match(r"listening .*:(\d+)", child.stdout.readline())
        finally:
            watchdog.cancel()
        if found is None:
            raise StartError(f"{command[0]} did not start: {log.read_text()[-2000:]}")
        yield Started(child.pid, int(found[1]), time.monotonic() - start)


@contextlib.contextmanager
def listening_server(
    command: list[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Started]:
    """A server that says nothing: it is ready when something accepts on its port."""
    start = time.monotonic()
    with machine.on_core(machine.SERVER_CORE):
        running = process(command, log, environment=environment)
        child = running.__enter__()
    with contextlib.ExitStack() as stack:
        stack.push(running.__exit__)
        while not _accepts(port):
            if child.poll() is not None or time.monotonic() - start > READY_S:
                raise StartError(f"{command[0]} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.01)  # nothing tells when another program listens
        yield Started(child.pid, port, time.monotonic() - start)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class LoadError(RuntimeError):
    """The load generator could not do what it was told."""


class LoadProcess:
    """A load generator."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child

    def ask(self, order: Order) -> Answer:
        """Have it carried out; return what came of it. Raises LoadError."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise LoadError("the load generator ended")
        answer = answer_decoder.decode(line)
        if answer.error:
            raise LoadError(answer.error)
        return answer


@contextlib.contextmanager
def load_process(log: Path) -> Iterator[LoadProcess]:
    """A load generator, on its core."""
    command = [sys.executable, "-m", "bench.load.process"]
    environment = {"PYTHONPATH": str(build.HERE.parent)}
    pipe = subprocess.PIPE
    with process(command, log, stdin=pipe, stdout=pipe, environment=environment) as child:
        yield LoadProcess(child)
