"""Lanes: scripts that are posted through a proxy, each with a fault of its own.

A lane is a room with a reader whose connection is good, and one session after another that posts a script
of 30 messages through a proxy. Each gets a fault of its own, comes back by itself, and has to end with
everything stored and shown once. Room numbers, seqs and times have the same length on the wire throughout,
so that the same offset is the same place of the conversation in every session. Read next: `proxy.py`,
`seats.py`.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from chatroom.net.loop import Loop
from support.server_process import running_server
from torture.checker import Verdict, check_files
from torture.history import History
from torture.programs import Person, note_log
from torture.proxy import CLEAN, Fault
from torture.proxy_process import ProxyProcess
from torture.seats import Seat, new_signer, run_until

SCRIPT: Final = 30
BATCH: Final = 10
FILLER: Final = 260
"""Messages before the first script: from 256 to 65,535 a seq takes three bytes."""

STUCK_S: Final = 30.0
SETTINGS: Final = {"limits": {"posts_per_s": 1_000_000, "post_burst": 1_000_000}}


class Lane:
    """One room, its reader, and the faults that are still to be tried in it."""

    def __init__(self, loop: Loop, port: int, number: int, history: History, pin: str | None) -> None:
        self.loop = loop
        self.pin = pin
        self.history = history
        self.room = f"lane{number}"
        self.proxy = ProxyProcess(port)
        self.faults: Iterator[tuple[Fault, ...]] = iter(())
        self.cuts = 0
        self.sessions = 0
        self.stuck: list[str] = []
        self.is_over = True
        self._handle, self._signer = f"writer{number}", new_signer()
        self._left: list[str] = []
        self._seat: Seat | None = None
        self._began_at = 0.0
        self._fault: tuple[Fault, ...] = ()
        handle = f"reader{number}"
        self.reader = Seat(
            loop, port, handle, new_signer(), history, room=self.room, screen=handle, pin=pin, backlog=1
        )

    def begin(self, faults: Iterator[tuple[Fault, ...]]) -> None:
        """Try these: each is what happens to the connections of one session, in turn."""
        self.faults = faults
        self.is_over = False
        self._next()

    def _next(self) -> None:
        fault = next(self.faults, None)
        self._seat, self.is_over = None, fault is None
        if fault is None:
            return
        self._fault = fault
        for single in fault:
            self.proxy.plan(single)
        self.sessions += 1
        self._began_at = self.loop.now()
        self._left = [f"{self.sessions}.{line}".rjust(9) for line in range(SCRIPT)]
        self._seat = Seat(
            self.loop,
            self.proxy.port,
            self._handle,
            self._signer,
            self.history,
            room=self.room,
            screen=f"{self._handle} {self.sessions}",
            pin=self.pin,
            on_change=self._step,
        )

    def _step(self) -> None:
        """Post the next lines of the script when the last ones are stored; end when all are shown."""
        seat = self._seat
        if seat is None or not seat.is_ready or seat.session.waiting_count:
            return
        if self._left:
            batch, self._left = self._left[:BATCH], self._left[BATCH:]
            seat.post(batch)
        elif seat.is_level:
            self._finish(seat)

    def _finish(self, seat: Seat) -> None:
        seat.close("done")
        self.stuck += seat.refused
        self.proxy.forget_planned()
        self.loop.call_later(0.0, self._next)
        self._seat = None

    def look_at_time(self) -> None:
        """Give up a session that never ends."""
        seat = self._seat
        if seat is not None and self.loop.now() - self._began_at > STUCK_S:
            self.stuck.append(f"a session with {self._fault} never ended")
            seat.close("killed")
            self._next()


@contextlib.contextmanager
def lanes(count: int, result: list[Verdict], *, tls: bool = False) -> Iterator[list[Lane]]:
    """Lanes at a real server; the verdict of the checker is appended to `result` at the end."""
    with tempfile.TemporaryDirectory() as place, contextlib.closing(Loop()) as loop:
        directory = Path(place)
        history = History(directory / "history.jsonl")
        with running_server(directory, SETTINGS, tls=tls) as server:
            pin = server.join.partition("#")[2] if tls else None
            made = [Lane(loop, server.port, number, history, pin) for number in range(count)]
            run_until(loop, lambda: all(lane.reader.is_ready for lane in made), STUCK_S)
            for lane in made:
                lane.reader.post([f"filler {number}" for number in range(FILLER)])
            run_until(loop, lambda: all(lane.reader.is_level for lane in made), STUCK_S)
            yield made
            judge = Person(directory, server.join, "judge")
            heads = [note_log(judge, history, lane.room) for lane in made]
            both = list(zip(made, heads, strict=True))
            run_until(loop, lambda: all(lane.reader.shown >= head for lane, head in both), 10)
            for lane in made:
                history.add("end", screen=lane.reader.screen, room=lane.room)
                lane.reader.close("done")
                lane.proxy.close()
        history.close()
        result.append(check_files([history.path]))


def run(made: list[Lane], faults: list[tuple[Fault, ...]]) -> None:
    """Try all faults, dealt to the lanes."""
    for number, lane in enumerate(made):
        lane.begin(iter(faults[number :: len(made)]))
    loop = made[0].loop
    while not all(lane.is_over for lane in made):
        loop.run_once(0.5)
        for lane in made:
            lane.look_at_time()


def measure(lane: Lane) -> tuple[int, int]:
    """How many bytes a session without a fault sends and receives."""
    run([lane], [(CLEAN,)])
    return lane.proxy.carried
