"""Named crash points: the rows K1–K5 and C1–C4 of the failure matrix, each met for certain.

The programs die by SIGKILL inside `altered_server.py` and `altered_client.py`; where strace is there the
unmodified server is killed at every single system call by which it writes to the disk. Read next:
`kills.py`.
"""

import contextlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatroom.server.store.schema import APPLICATION_ID, STEPS
from support.server_process import ServerProcess, running_server
from torture.checker import Verdict, check_files
from torture.history import History
from torture.kills import STREAM, UNLIMITED, look_into, merged, stored_count
from torture.programs import Person, Watcher, Writer, note_log, wait_until
from torture.report import Row

NORMAL: Final = [sys.executable, "-m", "chatroom.cli.server"]
ON_THE_WAY_S: Final = 1.0
LATE_S: Final = 10.0
"""By then what a dead server had sent was read, on the busiest machine."""

DIES_S: Final = 20.0
JOINED: Final = ("joined", "ann")
HALF_AN_ACCOUNT: Final = """SELECT (SELECT count(*) FROM accounts WHERE handle = ?),
    (SELECT count(*) FROM members JOIN accounts ON account = id WHERE handle = ?)"""
DISK_CALLS: Final = "pwrite64,fdatasync,fsync,ftruncate,unlink"


@dataclass(frozen=True)
class Point:
    """A row of the matrix, the point's name, and whether messages are stored and unacknowledged there."""

    row: str
    name: str
    is_open: bool | None = None


SERVER_POINTS: Final = (
    Point("K1 server dies when it has read a message", "before-thinking", is_open=False),
    Point("K2 server dies inside the statement", "inside-the-statement", is_open=False),
    Point("K2 server dies before COMMIT", "before-the-commit", is_open=False),
    Point("K3 server dies after COMMIT, before any answer", "after-the-commit", is_open=True),
    Point("K4 server dies when only the author was told", "after-the-answer", is_open=False),
    Point("K4 server dies when one of two members was told", "after-one-send"),
    Point("K5 server dies between two writes of a checkpoint", "in-the-checkpoint", is_open=True),
    Point("K5 server dies in the drain of a shutdown", "in-the-drain"),
)
NEWCOMER: Final = Point("K2 server dies between an account and its first rooms", "inside-a-newcomer")
MAKING: Final = Point("K5 server dies while it makes its database", "in-the-migration")
UPGRADE: Final = Point("K5 server dies while it upgrades a database of version 1", "in-the-migration")
CLIENT_POINTS: Final = (
    Point("C1 client dies before its outbox is written", "before-the-outbox"),
    Point("C2 client dies between outbox and wire", "after-the-outbox"),
    Point("C2 client dies before the answer", "after-the-send"),
    Point("C3 client dies before its outbox forgets", "before-the-removal"),
    Point("C4 reader dies after showing", "after-the-showing"),
)


@dataclass
class _Case:
    """What one crash came to; shaped so that `merged` takes it."""

    verdict: Verdict
    faults: list[str]


Crash = Callable[[Point, int], _Case]


def _altered(point: str, count: int) -> list[str]:
    return [sys.executable, "-m", "torture.altered_server", f"{point}:{count}"]


def crash_at_points(times: int) -> list[Row]:
    """Die at every named point `times` times, a little later each time."""
    crashes: list[tuple[Crash, tuple[Point, ...]]] = [
        (_crash_among_messages, SERVER_POINTS),
        (_crash_a_newcomer, (NEWCOMER,)),
        (_crash_the_making, (MAKING,)),
        (_crash_the_upgrade, (UPGRADE,)),
        (_crash_client, CLIENT_POINTS),
    ]
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            (point.row, pool.map(_guarded, [crash] * times, [point] * times, range(1, times + 1)))
            for crash, points in crashes
            for point in points
        ]
        return [_row(what, list(cases)) for what, cases in jobs]


def _guarded(crash: Crash, point: Point, count: int) -> _Case:
    """A case that does not come to its end is a fault, not the end of the chapter."""
    try:
        return crash(point, count)
    except (TimeoutError, subprocess.SubprocessError, AssertionError) as error:
        return _Case(Verdict(), [f"{point.name}:{count} {error!r}"])


def _row(what: str, cases: list[_Case], remarks: str = "") -> Row:
    faults = [fault for case in cases for fault in case.faults]
    return Row(what, len(cases), merged(cases), remarks=remarks, faults=faults)


@contextlib.contextmanager
def _place(faults: list[str], result: list[_Case]) -> Iterator[tuple[ServerProcess, History]]:
    """A server that does not run yet, and a history; the case is appended to `result` at the end."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        history = History(directory / "history.jsonl")
        server = ServerProcess(directory, UNLIMITED)
        try:
            yield server, history
        finally:
            if server.process is not None:
                server.kill()
            history.close()
        result.append(_Case(check_files([history.path]), faults))


def _readers(server: ServerProcess, history: History) -> list[Watcher]:
    """Two who read along, and see something."""
    people = [Person(server.directory, server.join, who) for who in ("carol", "dave")]
    watchers = [Watcher(person, history) for person in people]
    wait_until(lambda: all(watcher.shown for watcher in watchers), "a reader sees nothing")
    return watchers


def _finish(server: ServerProcess, history: History, watchers: list[Watcher]) -> None:
    head = note_log(Person(server.directory, server.join, "judge"), history)
    for watcher in watchers:
        watcher.finish(head)


def _crash_among_messages(point: Point, count: int) -> _Case:
    faults, result = list[str](), list[_Case]()
    with _place(faults, result) as (server, history):
        server.start()
        ann = Person(server.directory, server.join, "ann")
        watchers = _readers(server, history)
        faults += filter(None, [Writer(ann, history, name="before", count=3).finish()])
        server.stop()
        faults += _crash_while_writing(server, ann, history, point, count)
        _finish(server, history, watchers)
    return result[0]


def _crash_the_making(point: Point, count: int) -> _Case:
    """There is no database yet, or half of one; the next start makes it."""
    faults, result = list[str](), list[_Case]()
    with _place(faults, result) as (server, history):
        _start_and_die(server, _altered(point.name, count * 5), faults)
        server.start()
        watchers = _readers(server, history)
        ann = Person(server.directory, server.join, "ann")
        faults += filter(None, [Writer(ann, history, name="after", count=3).finish()])
        _finish(server, history, watchers)
    return result[0]


def _crash_the_upgrade(point: Point, count: int) -> _Case:
    """A database of version 1 with people and messages is being brought up to date."""
    faults, result = list[str](), list[_Case]()
    with _place(faults, result) as (server, history):
        server.start()
        watchers = _readers(server, history)
        ann = Person(server.directory, server.join, "ann")
        faults += filter(None, [Writer(ann, history, name="before", count=30).finish()])
        server.stop()
        make_first_version(server.data_dir / "chatroom.db")
        _start_and_die(server, _altered(point.name, 1 + count * 2), faults)
        server.start()
        faults += filter(None, [Writer(ann, history, name="after", count=3).finish()])
        _finish(server, history, watchers)
    return result[0]


def make_first_version(path: Path) -> None:
    """Put a database of version 1 in the place of this one: the tables of the first step, with the rows that
    stand in them now. What later versions added is gone, and no nonce is in the index yet.
    """
    old = path.with_name("first-version.db")
    connection = sqlite3.connect(old, isolation_level=None)
    connection.execute("BEGIN")
    for statement in STEPS[0]:
        connection.execute(statement, {"log_id": b""} if ":log_id" in statement else {})
    connection.execute("DELETE FROM meta")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("COMMIT")
    connection.execute("ATTACH ? AS new", (str(path),))
    tables = connection.execute("SELECT name FROM main.sqlite_schema WHERE sql LIKE 'CREATE TABLE%'")
    for (table,) in tables.fetchall():
        columns = ", ".join(name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})"))
        connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    connection.execute("DELETE FROM meta WHERE name = 'greatest_nonce'")
    connection.execute("DELETE FROM nonces")
    connection.execute("DELETE FROM nonces_done")
    connection.close()
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    old.rename(path)


def _crash_a_newcomer(point: Point, count: int) -> _Case:
    """The next login makes an account: afterwards it is there with its rooms, or makes it again."""
    faults, result = list[str](), list[_Case]()
    with _place(faults, result) as (server, history):
        server.start()
        watchers = _readers(server, history)
        server.stop()
        server.program = _altered(point.name, count)
        server.start()
        ann = Person(server.directory, server.join, "ann")
        writer = Writer(ann, history, count=3)
        assert server.process is not None
        server.process.wait(DIES_S)
        server.kill()
        there = look_into(server.data_dir, HALF_AN_ACCOUNT, "ann", "ann")
        if there not in ((0, 0), (1, 1)):
            faults.append(f"{point.name}:{count} accounts, memberships on disk: {there}")
        server.program = NORMAL
        server.start()
        faults += filter(None, [writer.finish()])
        comings = [entry for entry in ann.entries("lobby") if (entry["kind"], entry["author"]) == JOINED]
        if len(comings) != 1:
            faults.append(f"{point.name}:{count} came into the lobby {len(comings)} times")
        _finish(server, history, watchers)
    return result[0]


def _crash_while_writing(
    server: ServerProcess, ann: Person, history: History, point: Point, count: int
) -> Iterator[str]:
    """Let the altered server die among messages, look at what is on its disk, and go on with the true one."""
    server.program = _altered(point.name, count)
    server.start()
    writer = Writer(ann, history, name="during", most_unanswered=1 + count * 2)
    if point.name == "in-the-drain":
        wait_until(lambda: writer.told > 5, "no acknowledgement")
        server.stop()
    assert server.process is not None
    code = server.process.wait(DIES_S)
    server.kill()
    if point.name == "in-the-checkpoint" and not _is_half_moved(server.data_dir / "chatroom.db"):
        yield f"it died by {code}, not in the middle of a checkpoint"
    stored = stored_count(server.data_dir, "ann") - 3
    with contextlib.suppress(TimeoutError):  # what the dead server sent may still be on its way
        within_s = ON_THE_WAY_S if point.is_open else LATE_S
        wait_until(lambda: writer.told >= stored, "answers", within_s)
    open_count = stored - writer.told
    if open_count < 0 or (point.is_open is not None and point.is_open != (open_count > 0)):
        yield f"{open_count} messages were stored and not acknowledged"
    server.program = NORMAL
    server.start()
    if complaint := writer.finish():
        yield complaint


def _is_half_moved(path: Path) -> bool:
    """Whether the first page of a database, which is written first, counts more pages than were written."""
    with path.open("rb") as file:
        header = file.read(100)
    page_bytes, pages = struct.unpack_from(">H10xI", header, 16)
    return int(pages * page_bytes) > path.stat().st_size


def _start_and_die(server: ServerProcess, program: list[str], faults: list[str]) -> None:
    server.program = program
    try:
        server.start()
    except AssertionError:
        pass
    else:
        faults.append("it did not die")
    server.kill()
    server.program = NORMAL


def _crash_client(point: Point, count: int) -> _Case:
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as place, running_server(Path(place), STREAM) as server:
        directory = Path(place)
        history = History(directory / "history.jsonl")
        ann = Person(directory, server.join, "ann")
        dying = Person(
            directory,
            server.join,
            "carol" if point.name == "after-the-showing" else "ann",
            (sys.executable, "-m", "torture.altered_client", f"{point.name}:{count}"),
        )
        if point.name == "after-the-showing":
            reader = Watcher(dying, history, screen="carol who dies")
            wait_until(lambda: reader.shown or reader.process.poll() is not None, "the reader sees nothing")
            faults += filter(None, [Writer(ann, history, count=20, most_unanswered=1).finish()])
            reader.process.wait(DIES_S)
            reader.kill()
        else:
            Writer(dying, history, name="dying", count=30, most_unanswered=4).died()
        watcher = Watcher(Person(directory, server.join, "carol"), history)
        wait_until(lambda: watcher.shown, "the reader sees nothing")  # entering is an entry too
        faults += filter(None, [Writer(ann, history, name="after", count=5).finish()])
        watcher.finish(note_log(Person(directory, server.join, "judge"), history))
        history.close()
        return _Case(check_files([history.path]), faults)


# -- every system call that writes to the disk -------------------------------------------------------------


def crash_at_disk_calls(step: int, most: int) -> list[Row]:
    """Kill the unmodified server at its N-th write to the disk, for every N from its first start on."""
    what = f"server killed at {'every' if step == 1 else f'every {step}th'} disk call"
    if shutil.which("strace") is None:
        return [Row(what, 0, skipped="strace is not here")]
    cases: list[_Case] = []
    with ThreadPoolExecutor(2) as pool:
        for first in range(1, most, step * 8):
            found = list(pool.map(_crash_at_disk_call, range(first, min(most, first + step * 8), step)))
            cases += [case for case in found if case is not None]
            if None in found:
                break  # the whole script was shorter than that
    return [_row(what, cases, "from the making of the database to the end of a shutdown (K2, K5)")]


def _crash_at_disk_call(number: int) -> _Case | None:
    """Run the script and die at call `number`; None when it ends before that."""
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        history = History(directory / "history.jsonl")
        server = ServerProcess(directory, UNLIMITED)
        inject = f"inject={DISK_CALLS}:signal=KILL:when={number}"
        trace = ["strace", "-D", "-q", "-o", "/dev/null", "-e", f"trace={DISK_CALLS}", "-e", inject]
        server.program = [*trace, *NORMAL]
        writer = None
        try:
            server.start()
            writer = Writer(Person(directory, server.join, "ann"), history, count=8, most_unanswered=1)
            wait_until(lambda: writer.process.poll() is not None or _is_dead(server), "neither ends")
            if not _is_dead(server) and server.stop() == 0:
                writer.finish()
                return None
        except AssertionError:
            pass  # it died before it was ready
        finally:
            server.kill()
        server.program = NORMAL
        server.start()
        try:
            if writer is not None:
                faults += filter(None, [writer.finish()])
            ann = Person(directory, server.join, "ann")
            faults += filter(None, [Writer(ann, history, name="after", count=3).finish()])
            note_log(Person(directory, server.join, "judge"), history)
        finally:
            server.kill()
        history.close()
        return _Case(check_files([history.path]), [f"call {number}: {fault}" for fault in faults])


def _is_dead(server: ServerProcess) -> bool:
    return server.process is not None and server.process.poll() is not None
