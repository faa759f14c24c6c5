"""Disks that are full, fail, are locked, or hold yesterday's backup: the rows D1, D2, D3 and D5.

The server is the unmodified one; the disk is a small tmpfs where we are root, else a limit on the size of
its files that is put on it from outside. Read next: `kills.py`.
"""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from support.server_process import ServerProcess
from torture.checker import check_files
from torture.history import History
from torture.kills import UNLIMITED
from torture.programs import WAIT_S, Person, Watcher, Writer, note_log, wait_until
from torture.report import Row

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

TMPFS_KB: Final = 3_000
QUIET_S: Final = 1.0
REFUSED: Final = "cannot store messages now"


@dataclass
class Scene:
    """A server with a sender and a reader at work."""

    server: ServerProcess
    history: History
    directory: Path
    writer: Writer
    watcher: Watcher
    faults: list[str]


@contextlib.contextmanager
def scene(row: Row, prepare: Callable[[ServerProcess], None] = lambda _server: None) -> Iterator[Scene]:
    """A scene; at its end everything is sent, and the checker judges into `row`."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        history = History(directory / "history.jsonl")
        server = ServerProcess(directory, UNLIMITED)
        prepare(server)
        server.start()
        try:
            watcher = Watcher(Person(directory, server.join, "carol"), history)
            writer = Writer(Person(directory, server.join, "ann"), history, most_unanswered=50)
            wait_until(lambda: writer.told > 20 and watcher.shown, "nothing is sent")
            yield Scene(server, history, directory, writer, watcher, row.faults)
            complaint = writer.finish()
            if complaint and REFUSED not in complaint:
                row.faults.append(complaint)
            watcher.finish(note_log(Person(directory, server.join, "judge"), history))
            if "Traceback" in server.log():
                row.faults.append("the server wrote a traceback")
        except (TimeoutError, subprocess.SubprocessError) as error:
            row.faults.append(repr(error))
        finally:
            server.kill()
            history.close()
        row.verdict = check_files([history.path])


def _stops_and_goes_on(scene: Scene, begin: Callable[[], None], end: Callable[[], None]) -> None:
    """Take the disk away: nothing is acknowledged or shown, history works; give it back: all goes on."""
    begin()
    before = -1
    while before != scene.writer.told:  # until the last that found a place is acknowledged
        before = scene.writer.told
        time.sleep(QUIET_S)
    shown = scene.watcher.shown
    if len(Person(scene.directory, scene.server.join, "carol").entries("lobby")) < shown:
        scene.faults.append("history does not work while the disk is full")
    time.sleep(QUIET_S)
    if scene.writer.told != before or scene.watcher.shown != shown:
        scene.faults.append("something was acknowledged while the disk was full")
    if scene.watcher.process.poll() is not None or scene.writer.process.poll() is not None:
        scene.faults.append("somebody was cut off by the full disk")
    end()
    began = time.monotonic()
    wait_until(lambda: scene.writer.told > before, "the service does not go on by itself")
    if time.monotonic() - began > 35:
        scene.faults.append(f"it went on only after {time.monotonic() - began:.0f} s")


def disk_full(times: int) -> Row:
    """D1: a tmpfs that somebody else fills, and empties again."""
    row = Row("D1 disk full and back (tmpfs)", times)
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("mount") is None:
        return Row(row.what, 0, skipped="only root can mount a small disk")
    with tempfile.TemporaryDirectory() as disk:
        command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_KB}k", "tmpfs", disk]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode:
            return Row(row.what, 0, skipped=f"a small disk cannot be mounted: {mounted.stderr.strip()}")
        filler = Path(disk) / "filler"

        def prepare(server: ServerProcess) -> None:
            server.data_dir = Path(disk) / "data"

        try:
            with scene(row, prepare) as now:
                for _ in range(times):
                    _stops_and_goes_on(now, lambda: _fill(filler), filler.unlink)
        finally:
            subprocess.run(["umount", "-l", disk], check=False)
    return row


def _fill(path: Path) -> None:
    """Write until the disk takes no more."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


def write_errors(times: int) -> Row:
    """D2: writes fail, because files may not grow beyond a limit that is put on the running server."""
    row = Row("D2 write errors and back (RLIMIT_FSIZE)", times)
    if resource is None or not hasattr(resource, "prlimit"):
        return Row(row.what, 0, skipped="a limit cannot be put on another process here")
    with scene(row) as now:
        pid, limit = now.server.pid, resource.RLIMIT_FSIZE
        hard = resource.prlimit(pid, limit)[1]
        for _ in range(times):
            begin = lambda: resource.prlimit(pid, limit, (8_192, hard))  # noqa: E731
            _stops_and_goes_on(now, begin, lambda: resource.prlimit(pid, limit, (hard, hard)))
    return row


def locked(times: int) -> Row:
    """D3: another program holds the write lock of the database."""
    row = Row("D3 database locked by another program", times)
    with scene(row) as now:
        other = sqlite3.connect(now.server.data_dir / "chatroom.db", isolation_level=None)
        for _ in range(times):
            _stops_and_goes_on(
                now, lambda: other.execute("BEGIN IMMEDIATE"), lambda: other.execute("ROLLBACK")
            )
        other.close()
    return row


def restored() -> Row:
    """D5: an older copy of the database is put back. A reader that had seen more says so and ends."""
    row = Row("D5 an older database is put back", 1)
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        history = History(directory / "history.jsonl")
        server = ServerProcess(directory, UNLIMITED)
        server.start()
        ann = Person(directory, server.join, "ann")
        Writer(ann, history, name="old", count=5).finish()
        server.stop()
        backup = directory / "backup.db"
        shutil.copy(server.data_dir / "chatroom.db", backup)
        server.start()
        shown = directory / "shown.txt"
        with shown.open("wb") as output:
            reader = subprocess.Popen(
                Person(directory, server.join, "carol").command("tail", "--since", "0", "lobby"),
                stdout=output,
                stderr=subprocess.PIPE,
                text=True,
            )
        try:
            Writer(ann, history, name="new", count=50).finish()
            wait_until(lambda: b"new 49" in shown.read_bytes(), "the reader has not seen what will be gone")
            server.stop()
            for file in server.data_dir.glob("chatroom.db*"):
                file.unlink()
            shutil.copy(backup, server.data_dir / "chatroom.db")
            server.start()
            _, said = reader.communicate(timeout=WAIT_S)
            says = [line for line in said.splitlines() if "restored" in line]
            row.remarks = f"the reader says: {''.join(says[:1]).removeprefix('chatroom: ')}"
            if reader.returncode != 4 or "restored" not in said:
                row.faults.append(f"exit code {reader.returncode}, {said!r}")
        finally:
            reader.kill()
            server.kill()
            history.close()
    return row


def disks(times: int) -> list[Row]:
    """All of them, at a time: they are servers of their own, and wait most of the time."""
    jobs = [partial(disk_full, times), partial(write_errors, times), partial(locked, times), restored]
    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(lambda job: job(), jobs))
