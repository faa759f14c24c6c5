"""SIGKILL at random moments under load: of the server, and of sending clients.

How often a kill fell between "stored" and "acknowledged" is counted from the database as the dead server
left it, by plain SQL, beside what its clients had been told by then. Read next: `programs.py`.
"""

import contextlib
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from support.server_process import ServerProcess, running_server
from torture.checker import Verdict, check_files
from torture.history import History
from torture.programs import Person, Watcher, Writer, note_log, wait_until
from torture.report import Row

UNLIMITED: Final = {"limits": {"posts_per_s": 100_000, "post_burst": 100_000}}
STREAM: Final = {"limits": {"posts_per_s": 2_000, "post_burst": 100}}
"""Slow enough that a client is still at it when it is killed."""


def look_into(data_dir: Path, query: str, *values: object) -> tuple[int, ...]:
    """Return the one row that a query finds in the database of a server that is dead; it is not touched."""
    with tempfile.TemporaryDirectory() as copy:
        for file in data_dir.glob("chatroom.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, copy)
        with contextlib.closing(sqlite3.connect(Path(copy) / "chatroom.db")) as connection:
            row: tuple[int, ...] = connection.execute(query, values).fetchone()
    return row


def stored_count(data_dir: Path, handle: str) -> int:
    """How many messages of somebody are in the database of a server that is dead."""
    query = "SELECT count(*) FROM entries, accounts WHERE author = accounts.id AND handle = ? AND kind = 1"
    (count,) = look_into(data_dir, query, handle)
    return count


@dataclass
class _Toll:
    """What the kills of one world met."""

    kills: int = 0
    in_window: int = 0
    unacknowledged: int = 0
    faults: list[str] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)


def kill_servers(kills: int, worlds: int = 2) -> list[Row]:
    """Kill servers `kills` times in all; two senders and two readers each live through all of it."""
    with ThreadPoolExecutor(worlds) as pool:
        tolls = list(pool.map(_kill_one_server, [kills // worlds] * worlds, range(worlds)))
    window = sum(toll.in_window for toll in tolls)
    row = Row("SIGKILL of the server under load", sum(toll.kills for toll in tolls), merged(tolls))
    row.remarks = (
        f"in {window} kills messages were stored and not yet acknowledged "
        f"({sum(toll.unacknowledged for toll in tolls):,} of them)"
    )
    row.faults = [fault for toll in tolls for fault in toll.faults]
    if not window:
        row.faults.append("no kill fell between stored and acknowledged: nothing was tested")
    return [row]


class HasVerdict(Protocol):
    """One case of many."""

    verdict: Verdict


def merged(tolls: Iterable[HasVerdict]) -> Verdict:
    """The verdicts of several worlds as one."""
    whole = Verdict()
    for verdict in (toll.verdict for toll in tolls):
        for kind in ("lost", "doubled", "reordered", "differing"):
            getattr(whole, kind).extend(getattr(verdict, kind))
        whole.messages += verdict.messages
        whole.acknowledged += verdict.acknowledged
        whole.seen += verdict.seen
    return whole


def _kill_one_server(kills: int, seed: int) -> _Toll:
    chance = random.Random(seed)
    toll = _Toll()
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        history = History(directory / "history.jsonl")
        with running_server(directory, UNLIMITED) as server:
            watchers = [
                Watcher(Person(directory, server.join, handle), history) for handle in ("carol", "dave")
            ]
            wait_until(lambda: all(watcher.shown for watcher in watchers), "a reader sees nothing")
            writers = [Writer(Person(directory, server.join, handle), history) for handle in ("ann", "bob")]
            for _ in range(kills):
                _kill_once(server, writers, chance, toll)
            toll.faults += filter(None, [writer.finish() for writer in writers])
            head = note_log(Person(directory, server.join, "judge"), history)
            for watcher in watchers:
                watcher.finish(head)
            if "Traceback" in server.log():
                toll.faults.append(f"the server wrote a traceback: {server.log()[-2000:]}")
        history.close()
        toll.verdict = check_files([history.path])
    return toll


def _kill_once(server: ServerProcess, writers: list[Writer], chance: random.Random, toll: _Toll) -> None:
    told = [writer.told for writer in writers]
    wait_until(lambda: any(w.told > was for w, was in zip(writers, told, strict=True)), "no acknowledgement")
    time.sleep(chance.uniform(0, 0.12))
    server.kill()
    toll.kills += 1
    stored = [stored_count(server.data_dir, writer.person.handle) for writer in writers]
    time.sleep(0.1)
    told = [writer.told for writer in writers]  # whatever the dead server sent has been read by now
    open_count = sum(have - said for have, said in zip(stored, told, strict=True))
    if any(have < said for have, said in zip(stored, told, strict=True)):
        toll.faults.append(f"kill {toll.kills}: acknowledged {told}, on disk {stored}")
    toll.in_window += open_count > 0
    toll.unacknowledged += open_count
    server.start()


def kill_clients(kills: int) -> list[Row]:
    """Kill `chatroom send --lines` again and again; the next one takes over what the last one left."""
    chance = random.Random(7)
    toll = _Toll()
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        history = History(directory / "history.jsonl")
        with running_server(directory, STREAM) as server:
            ann = Person(directory, server.join, "ann")
            watcher = Watcher(Person(directory, server.join, "carol"), history)
            wait_until(lambda: watcher.shown, "the reader sees nothing")  # entering is an entry too
            for number in range(kills):
                _kill_client_once(ann, history, number, chance, toll)
            toll.faults += filter(None, [Writer(ann, history, name="last", count=5).finish()])
            head = note_log(Person(directory, server.join, "judge"), history)
            watcher.finish(head)
        history.close()
        toll.verdict = check_files([history.path])
    row = Row("SIGKILL of a sending client", toll.kills, toll.verdict, faults=toll.faults)
    row.remarks = f"{toll.in_window} while it waited for answers ({toll.unacknowledged:,} messages)"
    if not toll.in_window:
        row.faults.append("no client was killed while it waited for an answer: nothing was tested")
    return [row]


def _kill_client_once(ann: Person, history: History, number: int, chance: random.Random, toll: _Toll) -> None:
    writer = Writer(ann, history, name=f"life {number}", most_unanswered=100)
    wait_until(lambda: writer.given > 20, "the client takes nothing")
    if chance.random() < 0.8:
        wait_until(lambda: writer.told, "no acknowledgement")
    time.sleep(chance.uniform(0, 0.05))
    waiting = writer.given - writer.told
    writer.kill()
    toll.kills += 1
    toll.in_window += waiting > 0
    toll.unacknowledged += max(0, waiting)
