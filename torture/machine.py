"""A machine short of descriptors, and one whose clock jumps.

Read next: `seats.py`, `crowd.py`.
"""

import contextlib
import datetime as dt
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chatroom.net.connector import Backoff
from chatroom.net.loop import Loop
from support.patience import PATIENCE_S
from support.raw_client import RawClient
from support.server_process import ServerProcess, running_server
from torture.checker import check_files
from torture.disks import resource, scene
from torture.history import History
from torture.kills import UNLIMITED
from torture.programs import Person, note_log
from torture.report import Row
from torture.seats import Seat, new_signer, run_until

SPARE_FDS: Final = 4
WATCH_S: Final = 3.0
MOST_CPU: Final = 0.05
AGAIN_S: Final = 2.0
"""How soon a server accepts again that has descriptors again."""

SLOWEST_S: Final = 0.1
"""How long a message may take to others, whatever else the server has to do."""

JUMPS_S: Final = (3_600, -3_600, 315_000_000, -315_000_000, 0)


@contextlib.contextmanager
def seated(row: Row, server: ServerProcess, count: int) -> Iterator[tuple[Loop, list[Seat]]]:
    """So many seats in one room of a server that runs; judged at the end."""
    history = History(server.directory / "seats.jsonl")
    with contextlib.closing(Loop()) as loop:
        seats = [
            Seat(
                loop,
                server.port,
                f"seat{n}",
                new_signer(),
                history,
                room="lobby",
                screen=f"seat{n}",
                backoff=Backoff(),
            )
            for n in range(count)
        ]
        if not run_until(loop, lambda: all(seat.is_ready for seat in seats), 60):
            row.faults.append("not all came in")
        yield loop, seats
        head = note_log(Person(server.directory, server.join, "judge"), history)
        run_until(loop, lambda: all(seat.shown >= head for seat in seats), 20)
        for seat in seats:
            history.add("end", screen=seat.screen, room="lobby")
            seat.close("done")
    history.close()
    row.verdict = check_files([history.path])


# -- descriptors -------------------------------------------------------------------------------------------


def no_descriptors() -> list[Row]:
    """Take the descriptors of a running server away, knock at its door, and give them back."""
    row = Row("descriptors exhausted and back", 1)
    if resource is None or not Path("/proc/self/fd").is_dir():
        return [Row(row.what, 0, skipped="needs /proc and prlimit")]
    with tempfile.TemporaryDirectory() as place, running_server(Path(place), UNLIMITED) as server:
        with seated(row, server, 2) as (loop, seats):
            limit, pid = resource.RLIMIT_NOFILE, server.pid
            normal = resource.prlimit(pid, limit)
            used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            resource.prlimit(pid, limit, (used + SPARE_FDS, normal[1]))
            knocks = [_knock(server.port) for _ in range(50)]
            lines, cpu, began = server.log().count("\n"), server.busy_s(), time.monotonic()
            relays = Relays(loop, seats, server)
            while (watched_s := time.monotonic() - began) < WATCH_S:
                relays.say(f"at {watched_s}")
                relays.rest(0.2)
            share = (server.busy_s() - cpu) / watched_s
            lines = server.log().count("\n") - lines
            for sock in knocks:
                sock.close()
            resource.prlimit(pid, limit, normal)
            began = server.fair_s()
            with contextlib.closing(RawClient(server.port)) as late:
                late.login_packet("late")
            again_s = server.fair_s() - began
        row.remarks = (
            f"{share:.1%} CPU, {lines} log lines in {watched_s:.0f} s, {relays}, "
            f"open again after {again_s:.1f} s"
        )
        if share > MOST_CPU or lines > watched_s + 1 or relays.are_slow or again_s > AGAIN_S:
            row.faults.append(row.remarks)
    return [row]


def _knock(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(("127.0.0.1", port))
    return sock


class Relays:
    """Messages said one after the other from the first seat to the last; `took_s` is told by `fair_s`."""

    def __init__(self, loop: Loop, seats: list[Seat], server: ServerProcess) -> None:
        self._loop = loop
        self._seats = seats
        self._server = server
        self.took_s: list[float] = []

    def say(self, text: str) -> None:
        """Say one and wait for it."""
        sender, reader = self._seats[0], self._seats[-1]
        stored, began = sender.stored, self._server.fair_s()
        sender.post([text])
        run_until(self._loop, lambda: stored < sender.stored <= reader.shown, PATIENCE_S)
        self.took_s.append(self._server.fair_s() - began)

    def rest(self, seconds: float) -> None:
        """Say nothing for so long, and listen."""
        run_until(self._loop, lambda: False, seconds)

    def __str__(self) -> str:
        return f"99% of {len(self.took_s)} relays to others within {self._most_s * 1000:.0f} ms"

    @property
    def are_slow(self) -> bool:
        return self._most_s > SLOWEST_S

    @property
    def _most_s(self) -> float:
        return sorted(self.took_s)[-1 - len(self.took_s) // 100]


# -- the clock ---------------------------------------------------------------------------------------------


def clock_jumps(rounds: int) -> list[Row]:
    """The server's wall clock jumps by hours and decades while messages stream."""
    row = Row("wall clock jumps by 1 h and 10 y, both ways", rounds * len(JUMPS_S))
    with tempfile.TemporaryDirectory() as place:
        clock = Path(place) / "clock"
        clock.write_text("0", encoding="ascii")

        def prepare(server: ServerProcess) -> None:
            server.program = [sys.executable, "-m", "torture.altered_server", f"clock:{clock}"]

        with scene(row, prepare) as now:
            for jump in JUMPS_S * rounds:
                changed = clock.with_suffix(".new")
                changed.write_text(str(jump), encoding="ascii")
                changed.replace(clock)
                told, until = now.writer.told, time.monotonic() + 10
                time.sleep(0.2)
                while now.writer.told == told and time.monotonic() < until:
                    time.sleep(0.01)
            if any(words in now.server.log() for words in ("nothing heard", "took nothing", "no login")):
                row.faults.append("somebody was cut off by the clock")
            entries = Person(now.directory, now.server.join, "carol").entries("lobby")
            times = [dt.datetime.fromisoformat(str(entry["at"])) for entry in entries]
            if times != sorted(times):
                row.faults.append("times go back")
    return [row]
