"""Power losses of the unmodified server: what is on a disk that keeps only what was flushed.

strace records every write, flush and send of a server under load. For a power loss at any moment the files
are built anew from what had been flushed by then, with some of the later writes, perhaps torn; whatever had
been sent to anybody must be in them. The negative control does the same to a server whose commits are not
flushed, and must lose messages. Read next: `crash_points.py`.
"""

import random
import re
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatroom.server.store.sqlite import SqliteLog
from support.server_process import ServerProcess
from torture.checker import Verdict
from torture.crash_points import NORMAL, _altered
from torture.history import History
from torture.kills import UNLIMITED
from torture.programs import Person, Watcher, Writer, wait_until
from torture.report import Row

CALLS: Final = "pwrite64,ftruncate,fsync,fdatasync,unlink,sendto"
SECTOR: Final = 512
ROOM_SHIFT: Final = 40

_LINE: Final = re.compile(
    r"(?P<call>\w+)\((?:\d+<(?P<file>[^>]*)>)?(?:, )?(?:\"(?P<data>[^\"]*)\")?"
    r"(?P<rest>[^\"]*)\) += (?P<result>-?\d+)"
)
_TEXT: Final = re.compile(rb"ann \d+")


@dataclass(frozen=True)
class Step:
    """One system call: `call` on the file `name`, `data` at `offset` (of ftruncate: the size)."""

    call: str
    name: str
    data: bytes = b""
    offset: int = 0


def read_trace(path: Path) -> Iterator[Step]:
    """The steps of a trace that concern the database or go to clients."""
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            found = _LINE.match(line)
            if found is None or found["result"].startswith("-"):
                continue
            call, data = found["call"], _plain(found["data"] or "")
            name = Path(_plain(found["file"] or "").decode(errors="replace")).name
            numbers = [int(number) for number in re.findall(r"\d+", found["rest"])]
            match call:
                case "sendto":
                    yield Step(call, "", data[: int(found["result"])])
                case "pwrite64" if name.startswith("chatroom.db"):
                    yield Step(call, name, data, numbers[-1])
                case "ftruncate" if name.startswith("chatroom.db"):
                    yield Step(call, name, offset=numbers[0])
                case "fsync" | "fdatasync" if name.startswith("chatroom.db"):
                    yield Step("flush", name)
                case "unlink":
                    yield Step(call, Path(data.decode(errors="replace")).name)
                case _:
                    pass


def _plain(shown: str) -> bytes:
    return bytes.fromhex(shown.replace("\\x", ""))


class Disk:
    """The files as they are after a power loss: what was flushed, and by chance some of what was not."""

    def __init__(self, chance: random.Random) -> None:
        self.files: dict[str, bytearray] = {}
        self._pending: dict[str, list[Step]] = defaultdict(list)
        self._chance = chance

    def take(self, step: Step) -> None:
        if step.call == "flush":
            for pending in self._pending.pop(step.name, ()):
                self._apply(pending)
        elif step.call != "sendto":
            self._pending[step.name].append(step)

    def lose_power(self, kept_share: float) -> None:
        """Let a share of the writes that were not flushed have reached the disk, some of them in part."""
        for pending in self._pending.values():
            for step in pending:
                if self._chance.random() < kept_share:
                    torn = step.call == "pwrite64" and self._chance.random() < 0.2
                    keep = self._chance.randrange(0, len(step.data) + 1, SECTOR) if torn else len(step.data)
                    self._apply(Step(step.call, step.name, step.data[:keep], step.offset))

    def _apply(self, step: Step) -> None:
        if step.call == "unlink":
            self.files.pop(step.name, None)
            return
        file = self.files.setdefault(step.name, bytearray())
        if step.call == "ftruncate":
            del file[step.offset :]
            return
        file.extend(bytes(max(0, step.offset - len(file))))
        file[step.offset : step.offset + len(step.data)] = step.data


def lose_power(times: int) -> list[Row]:
    """Lose power at `times` moments, and the same with the negative control."""
    what = "power loss"
    if shutil.which("strace") is None:
        return [Row(what, 0, skipped="strace is not here")]
    row = Row(f"{what} of the unmodified server", times)
    row.verdict, told = _losses(NORMAL, times)
    row.remarks = f"{told:,} times a sent message was looked for"
    control = Row(f"{what} with synchronous=NORMAL (must lose)", times)
    verdict, told = _losses(_altered("synchronous-normal", 1), times)
    control.remarks = f"lost {len(verdict.lost):,} of {told:,}"
    control.verdict.messages = verdict.messages
    if not verdict.lost:
        control.faults.append("nothing was lost: the simulation proves nothing")
    return [row, control]


def _losses(program: list[str], times: int) -> tuple[Verdict, int]:
    with tempfile.TemporaryDirectory() as place:
        steps = list(read_trace(_record(Path(place), program, 6 * times)))
    sends = [index for index, step in enumerate(steps) if step.call == "sendto" and _TEXT.search(step.data)]
    chance = random.Random(5)
    moments = sorted(chance.sample(sends, min(len(sends), times // 2)))
    moments += sorted(chance.choices(range(sends[0], len(steps)), k=times - len(moments)))
    verdict, looked_for = Verdict(), 0
    for moment in moments:
        disk, told = Disk(chance), set[bytes]()
        for step in steps[: moment + 1]:
            disk.take(step)
            if step.call == "sendto":
                told.update(_TEXT.findall(step.data))
        disk.lose_power(chance.choice([0.0, 0.5, 0.9]))
        looked_for += len(told)
        _judge(disk, told, f"call {moment}", verdict)
    return verdict, looked_for


def _record(directory: Path, program: list[str], messages: int) -> Path:
    """Run a server under strace with a sender and a reader, until all is sent; it ends without a goodbye."""
    trace = directory / "trace.txt"
    history = History(directory / "history.jsonl")
    server = ServerProcess(directory, UNLIMITED)
    shown = ["-y", "-xx", "-s", "300000", "-e", f"trace={CALLS}"]
    server.program = ["strace", "-D", "-q", "-o", str(trace), *shown, *program]
    server.start()
    try:
        watcher = Watcher(Person(directory, server.join, "carol"), history)
        wait_until(lambda: watcher.shown, "the reader sees nothing")  # entering is an entry too
        Writer(Person(directory, server.join, "ann"), history, count=messages, most_unanswered=5).finish()
        watcher.kill()
    finally:
        server.kill()
    history.close()
    _wait_for_end(trace)
    return trace


def _wait_for_end(trace: Path) -> None:
    """The recorder outlives the server by a moment, and ends with `+++ killed by SIGKILL +++`."""
    wait_until(lambda: trace.read_bytes().endswith(b"+++\n"), "the end of the record")


def _judge(disk: Disk, told: set[bytes], name: str, verdict: Verdict) -> None:
    """Look at the files by plain SQL, then open them as the server does."""
    with tempfile.TemporaryDirectory() as place:
        for file, data in disk.files.items():
            if not file.endswith("-shm"):
                (Path(place) / file).write_bytes(data)
        path = Path(place) / "chatroom.db"
        connection = sqlite3.connect(path)
        try:
            (fine,) = connection.execute("PRAGMA integrity_check").fetchone()
            rows = connection.execute("SELECT id, frame FROM entries ORDER BY id").fetchall()
        except sqlite3.Error as error:
            verdict.lost.append(f"{name}: {error}")
            return
        finally:
            connection.close()
        texts = [text for _, frame in rows for text in _TEXT.findall(frame)]
        verdict.messages += len(texts)
        verdict.lost += [f"{name}: {text.decode()}" for text in sorted(told - set(texts))]
        if fine != "ok":
            verdict.lost.append(f"{name}: {fine}")
        if len(set(texts)) != len(texts):
            verdict.doubled.append(f"{name}: {len(texts) - len(set(texts))} messages are there twice")
        seqs = [row & ((1 << ROOM_SHIFT) - 1) for row, _ in rows if row >> ROOM_SHIFT == 1]
        if seqs != list(range(1, len(seqs) + 1)):
            verdict.lost.append(f"{name}: the log has holes")
        log = SqliteLog(path)
        if len(log.after(1, 0, 1 << 30, 1 << 30)) != len(seqs):
            verdict.lost.append(f"{name}: the server reads another log")
        log.close()
