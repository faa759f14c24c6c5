"""One room, everybody in it: the profiles `chat`, `busy`, `hall`, `flood`, with and without TLS, and
`growth`.

All servers of a profile run at once, each with its own load generator; measured is one after the other in
short slices, round after round, so that a slow minute of the machine hits all alike. Read next:
`results.py`.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench import machine, programs
from bench.contenders import LANTERN, PLAIN, WITH_TLS, Contender
from bench.load.dialects import Chatroom
from bench.load.orders import Begin, Cast, Enter, Run
from bench.results import Report, Sample, say

WARM_S: Final = 0.3
ENTER_LIMIT_S: Final = 180.0


@dataclass(frozen=True)
class Room:
    """So many members, `senders` of them posting `window` messages at a time each; `together`: the next ones
    when everybody has all of them.
    """

    members: int
    senders: int
    window: int
    together: bool = False

    @property
    def in_flight(self) -> int:
        """Messages under way at once."""
        return self.senders * self.window


ROOMS: Final = {
    "chat": Room(100, 1, 1),
    "busy": Room(100, 16, 1),
    "burst": Room(100, 16, 1, together=True),
    "hall": Room(1_000, 64, 1),
    "flood": Room(100, 64, 4),
}

GROWTH: Final = tuple(Room(members, min(10, members), 1) for members in (10, 100, 1_000, 5_000))


def measure_room(
    report: Report, profile: str, room: Room, contenders: Sequence[Contender], rounds: int, seconds: float
) -> None:
    """Measure one room on every contender, in turn, `rounds` times, every other one backwards.

    Slices of one server differ by 15 to 20 % for what the host does meanwhile. Of 25 rounds of 0.8 s on end,
    medians of three had ratios to the floor from 0.62 to 0.83 (`chat`) and 0.86 (`busy`), medians of seven
    from 0.65 to 0.75 and from 0.68 to 0.82.
    """
    with contextlib.ExitStack() as stack:
        loads: dict[Contender, programs.LoadProcess] = {}
        for contender in contenders:
            why_not = contender.missing()
            if why_not is None and room.members > contender.most_members:
                why_not = f"takes minutes to let in more than {contender.most_members} members"
            if why_not is not None:
                report.miss(profile, contender.name, why_not)
                continue
            try:
                load, extra = stack.enter_context(full_room(contender, room))
            except (programs.StartError, programs.LoadError) as error:
                report.miss(profile, contender.name, str(error))
                continue
            report.note(profile, contender.name, **extra)
            loads[contender] = load
        for number in range(rounds):
            in_turn = list(loads.items())
            for contender, load in in_turn[::-1] if number % 2 else in_turn:
                say(f"{profile}: round {number + 1} of {rounds}, {contender.name}")
                answer = load.ask(Run(seconds, WARM_S, room.together))
                report.add(profile, contender.name, Sample.of(answer))
                time.sleep(contender.rest_s)


@contextlib.contextmanager
def full_room(contender: Contender, room: Room) -> Iterator[tuple[programs.LoadProcess, dict[str, float]]]:
    """A server with all members of `room` in it, ready to post; and what it took to get there."""
    with contender_and_load(contender) as (server, load):
        load.ask(beginning(contender, server, room))
        before = machine.resident_bytes(server.pid)
        entered = load.ask(Enter(contender.at_once, ENTER_LIMIT_S))
        load.ask(Cast())
        grown = machine.resident_bytes(server.pid) - before
        yield load, {"join_s": entered.seconds, "kib_each": grown / 1024 / room.members}


@contextlib.contextmanager
def contender_and_load(contender: Contender) -> Iterator[tuple[programs.Started, programs.LoadProcess]]:
    """A server and a load generator beside it, for the time of a `with`."""
    with (
        programs.fresh_directory() as directory,
        contender.start(directory) as server,
        programs.load_process(directory / "load.log") as load,
    ):
        yield server, load


def beginning(
    contender: Contender,
    server: programs.Started,
    room: Room,
    *,
    stalled: int = 0,
    joins: bool = True,
    cursor: int | None = None,
) -> Begin:
    """What a load generator is told first."""
    return Begin(
        contender.dialect,
        server.port,
        server.pid,
        contender.tls,
        room.members,
        room.senders,
        room.window,
        stalled,
        joins,
        cursor,
        our_record_bytes(),
    )


def our_record_bytes() -> int:
    """How long an entry of ours with the bench's text is on the wire: what the floor sends too."""
    shape = Chatroom(b"").shape
    return ENTRY_BYTES_BEFORE_TEXT + shape.text_bytes + shape.tail_bytes


ENTRY_BYTES_BEFORE_TEXT: Final = 62
"""Header, room, seq, time, handle, nonce, kind and the text's length, for seqs of five digits and more."""


def rooms(report: Report, names: Sequence[str], rounds: int, seconds: float) -> None:
    """Measure the named rooms without TLS."""
    for name in names:
        small = (LANTERN,) if name == "chat" else ()  # with several senders its threads mix up their messages
        measure_room(report, name, ROOMS[name], (*PLAIN, *small), rounds, seconds)


def rooms_with_tls(report: Report, names: Sequence[str], rounds: int, seconds: float) -> None:
    """Measure the named rooms with TLS."""
    for name in names:
        measure_room(report, f"{name} TLS", ROOMS[name], WITH_TLS, rounds, seconds)


def growth(report: Report, rounds: int, seconds: float) -> None:
    """Measure rooms of more and more members, ten posting."""
    for room in GROWTH:
        measure_room(report, f"growth {room.members}", room, PLAIN, rounds, seconds)
