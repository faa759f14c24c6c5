"""Many connections that come, rest, or lag: `idle`, `join`, `resume`, `slow`.

Read next: `rooms.py`, whose generator is used here too.
"""

import contextlib
from collections.abc import Sequence
from typing import Final

from bench import machine, programs
from bench.contenders import INSPIRCD, INSPIRCD_TLS, NATS, NGIRCD, OURS, OURS_TLS, Contender
from bench.load.caller import Caller
from bench.load.orders import Cast, Enter, Listen, Rest, Run
from bench.profiles.rooms import ENTER_LIMIT_S, Room, beginning, contender_and_load
from bench.results import Report, Sample, say

REST_S: Final = 5.0
JOIN_LIMIT_S: Final = 75.0
"""ngIRCd, whose backlog is short, needs about so long for a thousand at once."""

RECEIVE_BUFFER: Final = 4_096
"""Of a stalled member: what it does not take soon waits in the server."""


def idle(report: Report, connections: int) -> None:
    """Memory per connection that is in and rests, and the CPU time of resting. IRC clients join no room."""
    for contender in (OURS, OURS_TLS, INSPIRCD, INSPIRCD_TLS, NGIRCD, NATS):
        if not _is_here(report, "idle", contender):
            continue
        say(f"idle: {connections} connections, {contender.name}")
        with contender_and_load(contender) as (server, load):
            before = machine.resident_bytes(server.pid)
            load.ask(beginning(contender, server, Room(connections, 0, 0), joins=False))
            entered = load.ask(Enter(contender.at_once, ENTER_LIMIT_S))
            load.ask(Rest(2.0))
            rested = load.ask(Rest(REST_S))
            grown = machine.resident_bytes(server.pid) - before
        report.note(
            "idle",
            contender.name,
            connections=connections,
            kib_each=grown / 1024 / connections,
            cpu_percent=rested.cpu_s / rested.seconds * 100,
            enter_s=entered.seconds,
        )


def join(report: Report, members: Sequence[int]) -> None:
    """All members arrive at once: as newcomers, and (ours) once more as known accounts."""
    for contender in (OURS, OURS_TLS, INSPIRCD, NATS, NGIRCD):
        if _is_here(report, "join", contender):
            for count in members:
                if count <= contender.most_members:
                    say(f"join: {count} members at once, {contender.name}")
                    _join_at_once(report, contender, count)


def _join_at_once(report: Report, contender: Contender, count: int) -> None:
    times = ("", " again") if contender.dialect == "chatroom" else ("",)
    with programs.fresh_directory() as directory, contender.start(directory) as server:
        for suffix in times:
            with programs.load_process(directory / "load.log") as load:
                load.ask(beginning(contender, server, Room(count, 0, 0)))
                before_s = machine.cpu_seconds(server.pid)
                try:
                    entered = load.ask(Enter(count, JOIN_LIMIT_S))
                except programs.LoadError as error:
                    report.miss(f"join {count}", contender.name, str(error))
                    return
                load.ask(Rest(1.0))
                cpu_s = machine.cpu_seconds(server.pid) - before_s
            report.note(f"join {count}{suffix}", contender.name, seconds=entered.seconds, cpu_s=cpu_s)


def resume(report: Report, members: int, behind: int) -> None:
    """Everybody reconnects at once, `behind` entries behind."""
    say(f"resume: {members} members")
    with programs.fresh_directory() as directory, OURS.start(directory) as server:
        with programs.load_process(directory / "load.log") as load:
            load.ask(beginning(OURS, server, Room(members, 1, 1)))
            load.ask(Enter(OURS.at_once, ENTER_LIMIT_S))
        poster = Caller(server.port, members)
        poster.post_stamped(range(behind))
        with programs.load_process(directory / "load.log") as load:
            load.ask(beginning(OURS, server, Room(members, 1, 1), cursor=poster.head))
            done = load.ask(Enter(members, ENTER_LIMIT_S, expected=behind))
        poster.close()
        report.note(
            "resume",
            OURS.name,
            members=members,
            behind=behind,
            in_again_s=done.entered_s,
            caught_up_s=done.seconds,
            cpu_s=done.cpu_s,
            faults=done.faults,
        )


def slow(report: Report, members: int, behind: int, rounds: int, seconds: float) -> None:
    """Half of the members stall until they are `behind` entries behind; what that costs, and whether they
    catch up.

    Beside it a room of the other half alone: its deliveries per CPU second are what they are compared with.
    """
    half = members // 2
    without, with_stalled = Room(half, 16, 1), Room(members, 16, 1)
    with contextlib.ExitStack() as stack:
        loads: dict[str, programs.LoadProcess] = {}
        pids: dict[str, int] = {}
        for name, room, stalled in (("half", without, 0), ("with stalled", with_stalled, half)):
            directory = stack.enter_context(programs.fresh_directory())
            server = stack.enter_context(OURS.start(directory))
            load = stack.enter_context(programs.load_process(directory / "load.log"))
            load.ask(beginning(OURS, server, room, stalled=stalled))
            load.ask(Enter(OURS.at_once, ENTER_LIMIT_S, last=half))
            if stalled:
                load.ask(Enter(OURS.at_once, ENTER_LIMIT_S, half, None, RECEIVE_BUFFER))
            load.ask(Cast())
            loads[name], pids[name] = load, server.pid
        say(f"slow: {half} of {members} members stall")
        load, pid = loads["with stalled"], pids["with stalled"]
        before, posted = machine.resident_bytes(pid), 0
        while posted < behind:
            posted += load.ask(Run(1.0, 0.0)).messages
        grown = machine.resident_bytes(pid) - before
        for _ in range(rounds):
            for name, each in loads.items():
                report.add("slow", name, Sample.of(each.ask(Run(seconds, 0.2))))
        caught_up = load.ask(Listen(60.0))
        report.note(
            "slow",
            OURS.name,
            grown_mib=grown / 2**20,
            behind=posted,
            caught_up_s=caught_up.seconds,
            settled=caught_up.settled,
            faults=caught_up.faults,
        )


def _is_here(report: Report, profile: str, contender: Contender) -> bool:
    why_not = contender.missing()
    if why_not is not None:
        report.miss(profile, contender.name, why_not)
    return why_not is None
