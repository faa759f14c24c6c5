"""`python -m bench`: measure our server beside its peers and floors; `compare BASE` measures two
revisions of ours.

Read next: `contenders.py` (who), `profiles/` (what), `tables.py` (goals).
"""

import argparse
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import compare, contenders, machine, parts, programs, tables
from bench.profiles import archive, crowds, rooms
from bench.results import Report, say

RESULT: Final = Path(__file__).parent / ".work" / "results.json"
PICTURES: Final = Path(__file__).parent.parent / "docs" / "performance"


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 7
    slice_s: float = 1.0
    growth_rounds: int = 3
    connections: int = 5_000
    join: tuple[int, ...] = (250, 1_000)
    messages: int = 1_000_000
    requests: int = 300
    slow_members: int = 1_000


QUICK: Final = Size(3, 0.5, 3, 500, (200,), 20_000, 50, 200)

Profile = Callable[[Report, Size], None]


def _room(name: str) -> Profile:
    return lambda report, size: rooms.rooms(report, [name], size.rounds, size.slice_s)


def _room_with_tls(name: str) -> Profile:
    return lambda report, size: rooms.rooms_with_tls(report, [name], size.rounds, size.slice_s)


PROFILES: Final[dict[str, Profile]] = {
    "chat": _room("chat"),
    "busy": _room("busy"),
    "burst": _room("burst"),
    "hall": _room("hall"),
    "flood": _room("flood"),
    "chat-tls": _room_with_tls("chat"),
    "flood-tls": _room_with_tls("flood"),
    "growth": lambda report, size: rooms.growth(report, size.growth_rounds, size.slice_s),
    "idle": lambda report, size: crowds.idle(report, size.connections),
    "join": lambda report, size: crowds.join(report, size.join),
    "resume": lambda report, size: crowds.resume(report, 500, 200),
    "slow": lambda report, size: crowds.slow(report, size.slow_members, 5_000, size.rounds, size.slice_s),
    "archive": lambda report, size: archive.archive(report, size.messages, size.requests),
}
"""In the order in which they run. `archive` is `history`, `search` and the time to start."""

ALSO_CALLED: Final = {"history": "archive", "search": "archive"}
NOT_QUICK: Final = ("growth",)


def main() -> int:
    """Run; exit code 1 when a delivery of ours was lost, repeated or out of order."""
    options = _options()
    programs.interrupt_on_terminate()
    machine.raise_descriptor_limit()
    if options.compare:
        return compare.compare(
            options.compare, options.rounds or 5, options.profile or ["chat", "busy", "flood"]
        )
    size = QUICK if options.quick else Size()
    if options.rounds:
        size = dataclasses.replace(size, rounds=options.rounds, growth_rounds=options.rounds)
    names = [ALSO_CALLED.get(name, name) for name in options.profile or PROFILES]
    if options.quick and not options.profile:
        names = [name for name in names if name not in NOT_QUICK]
    report = Report(machine.describe() | contenders.versions())
    for name in dict.fromkeys(names):
        PROFILES[name](report, size)
        report.save(options.json)  # what was measured is there even if the rest is given up
    say("")
    print(tables.whole(report))
    if not options.profile:
        print(parts.screen())
        print(parts.micro())
    if options.plots:
        print(parts.plots(options.json, PICTURES))
    print(f"wrote {options.json}")
    return 1 if report.faults("chatroom") else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    choices = [*PROFILES, *ALSO_CALLED]
    parser.add_argument("--profile", action="append", choices=choices, help="only this one; may be repeated")
    parser.add_argument(
        "--quick", action="store_true", help="a minute or two: smaller, coarser, no plots of growth"
    )
    parser.add_argument("--rounds", type=int, help=f"rounds of every room (else {Size.rounds})")
    parser.add_argument("--json", type=Path, default=RESULT, help="where the results go")
    parser.add_argument("--plots", action="store_true", help=f"draw into {PICTURES.name}/ of the docs")
    parser.add_argument(
        "--compare", metavar="BASE", help="measure this revision and the working tree, alternating"
    )
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
