"""`python -m torture`: break everything that can break, with real processes, and count what was lost.

Each chapter gives rows of one table; the exit code is 1 when anything was lost, doubled or reordered. It
takes minutes, uses loopback only, and ends every process it starts by its id. `--short` is what `make test`
runs; chapters can be named. Read next: `checker.py` (who decides), then the chapters.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from typing import Final

from torture import crash_points, crowd, cuts, disks, kills, machine, power, silence
from torture.report import Row, faults, table

Chapter = Callable[[bool], list[Row]]

CHAPTERS: Final[dict[str, Chapter]] = {
    "server-kills": lambda short: kills.kill_servers(5 if short else 200, 1 if short else 2),
    "client-kills": lambda short: kills.kill_clients(4 if short else 60),
    "cuts": lambda short: cuts.cut_everywhere(211 if short else 1),
    "cuts-tls": lambda short: cuts.cut_everywhere_over_tls(509 if short else 5),
    "links": lambda short: cuts.bad_links(2 if short else 20),
    "crash-points": lambda short: crash_points.crash_at_points(1 if short else 4),
    "disk-calls": lambda short: crash_points.crash_at_disk_calls(*(12, 70) if short else (1, 400)),
    "power": lambda short: power.lose_power(20 if short else 200),
    "disks": lambda short: disks.disks(1 if short else 3),
    "descriptors": lambda short: machine.no_descriptors(),
    "clock": lambda short: machine.clock_jumps(1 if short else 10),
    "storm": lambda short: crowd.storm(20 if short else 200),
    "flood": lambda short: crowd.flood(5 if short else 20),
    "stopped-reader": lambda short: silence.stopped_reader(600 if short else 1_500),
    "half-open": lambda short: silence.half_open(),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help=", ".join(CHAPTERS))
    parser.add_argument("--short", action="store_true", help="less of everything")
    flags = parser.parse_args()
    rows: list[Row] = []
    begun = time.monotonic()
    for name in flags.chapters or CHAPTERS:
        if name not in CHAPTERS:
            parser.error(f"there is no chapter {name}; there are {', '.join(CHAPTERS)}")
        started, before = time.monotonic(), len(rows)
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows += CHAPTERS[name](flags.short)
        except Exception:  # noqa: BLE001 - the other chapters are told all the same
            rows.append(Row(f"chapter {name}", 0, faults=[traceback.format_exc()]))
        told = ", ".join(f"{row.what}: {'good' if row.is_good else 'FAILED'}" for row in rows[before:])
        print(f"{name}: {time.monotonic() - started:.0f} s; {told}", file=sys.stderr, flush=True)
    print(table(rows))
    wrong = faults(rows)
    for sentence in wrong:
        print(sentence)
    print(f"{time.monotonic() - begun:.0f} s; {'FAILED' if wrong else 'nothing lost, doubled or reordered'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
