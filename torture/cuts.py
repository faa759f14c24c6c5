"""The connection cut at every byte, in both directions, and links that are slow or in pieces.

Read next: `lanes.py`.
"""

import itertools
import multiprocessing
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Final

from torture.checker import Verdict
from torture.kills import merged
from torture.lanes import lanes, measure, run
from torture.proxy import Cut, Fault
from torture.report import Row

LANES: Final = 4
PROCESSES: Final = 2
SLACK_BYTES: Final = 40


@dataclass
class _Part:
    """What one process found."""

    verdict: Verdict
    cuts: int
    stuck: list[str]


def _try_all(faults: list[tuple[Fault, ...]], tls: bool) -> _Part:
    """Try these faults at a server of our own."""
    result: list[Verdict] = []
    with lanes(LANES, result, tls=tls) as made:
        run(made, faults)
    stuck = [sentence for lane in made for sentence in lane.stuck]
    return _Part(result[0], sum(lane.proxy.cuts for lane in made), stuck)


def _in_processes(what: str, faults: list[tuple[Fault, ...]], remarks: str, *, tls: bool) -> list[Row]:
    """Try faults in two processes at a time, for each keeps one processor busy."""
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        dealt = [faults[number::PROCESSES] for number in range(PROCESSES)]
        parts = list(pool.map(_try_all, dealt, [tls] * PROCESSES))
    row = Row(what, len(faults), merged(parts), faults=[fault for part in parts for fault in part.stuck])
    row.remarks = f"{sum(part.cuts for part in parts):,} cuts, {remarks}"
    return [row]


def _measured(*, tls: bool) -> tuple[int, int]:
    with lanes(1, [], tls=tls) as made:
        return measure(made[0])


def cut_everywhere(step: int) -> list[Row]:
    """Cut after every byte (or every `step`th) of both directions: by an end, by a reset; then at random."""
    up, down = _measured(tls=False)
    faults: list[tuple[Fault, ...]] = []
    for cut, stride in ((Cut.FIN, step), (Cut.RST, 3 * step)):
        faults += [(Fault(up=n, cut=cut),) for n in range(0, up + SLACK_BYTES, stride)]
        faults += [(Fault(down=n, cut=cut),) for n in range(0, down + SLACK_BYTES, stride)]
    faults += mixes(len(faults) // 8, up, down)
    every = "every byte" if step == 1 else f"every {step}th byte"
    remarks = (
        f"{up:,} bytes up and {down:,} down; resets at every third; then mixes with half-closes, overlaps"
    )
    return _in_processes(f"cut after {every}, both directions", faults, remarks, tls=False)


def cut_everywhere_over_tls(step: int) -> list[Row]:
    """The same over TLS, handshake included, at every `step`th byte: ends and resets in turn."""
    up, down = _measured(tls=True)
    cuts = itertools.cycle((Cut.FIN, Cut.RST))
    faults = [(Fault(up=n, cut=next(cuts)),) for n in range(0, up + SLACK_BYTES, step)]
    faults += [(Fault(down=n, cut=next(cuts)),) for n in range(0, down + SLACK_BYTES, step)]
    remarks = f"{up:,} bytes up and {down:,} down"
    return _in_processes(
        f"cut over TLS after every {step}th byte, both directions", faults, remarks, tls=True
    )


def mixes(count: int, up: int, down: int) -> list[tuple[Fault, ...]]:
    """Sessions that are cut several times, in all ways."""
    chance = random.Random(11)

    def fault() -> Fault:
        cut = chance.choice([Cut.FIN, Cut.RST, Cut.HALF, Cut.OVERLAP])
        limits = {"up": chance.randrange(up)} if chance.random() < 0.5 else {"down": chance.randrange(down)}
        return Fault(cut=cut, segment_bytes=chance.choice([1, 7, 100, 65_536]), **limits)

    return [tuple(fault() for _ in range(chance.randrange(1, 6))) for _ in range(count)]


LINKS: Final = {
    "link of one-byte segments": Fault(segment_bytes=1),
    "link of 10 KB/s": Fault(segment_bytes=100, pause_s=0.01),
    "link that stalls for 2 s, then bursts": Fault(stall_s=2.0),
    "one-byte segments, then a cut": Fault(segment_bytes=1, down=1_500, cut=Cut.RST),
}


def bad_links(times: int) -> list[Row]:
    """Slow, chopped and stalling links."""
    rows = []
    for what, fault in LINKS.items():
        result: list[Verdict] = []
        with lanes(2, result) as made:
            run(made, [(fault,)] * times)
        stuck = [sentence for lane in made for sentence in lane.stuck]
        rows.append(Row(what, times, result[0], faults=stuck))
    return rows
