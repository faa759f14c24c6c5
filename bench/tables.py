"""Tables: a report as lines of text, with what issue of the numbers is to be reached beside what was.

Read next: `results.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.results import Report

IRC: Final = ("ngIRCd", "InspIRCd")
FLOORS: Final = ("floor", "floor TLS")
"""Those that store nothing: a room has one of them, or none."""


Value = Callable[[Report], float | None]
"""A number of a report; None where it has not what that is made of."""


@dataclass(frozen=True)
class Goal:
    """One number that is to be reached: how it is computed from a report, and where the bound lies."""

    profile: str
    what: str
    value: Value
    bound: float
    at_least: bool
    floors: tuple[Value, ...] = ()
    """What those reach that store in SQLite and know nothing of a chat: in C, and in Python."""

    def line(self, report: Report) -> tuple[str, ...] | None:
        """The goal as a row; None when the report has no such number."""
        value = self.value(report)
        if value is None:
            return None
        reached = value >= self.bound if self.at_least else value <= self.bound
        sign = "≥" if self.at_least else "≤"
        floors = [floor(report) for floor in self.floors] or [None, None]
        return (
            self.profile,
            self.what,
            f"{value:.2f}",
            f"{sign} {self.bound:g}",
            "yes" if reached else "NO",
            *(_shown(floor) for floor in floors),
        )


def _ratio(profile: str, others: tuple[str, ...], own: str) -> Value:
    """Deliveries per CPU second against the best of the others'."""

    def value(report: Report) -> float | None:
        ours = report.median(profile, own, "per_cpu_s")
        best = max(report.median(profile, name, "per_cpu_s") for name in others)
        return ours / best if ours and best else None

    return value


def _latency(report: Report) -> float | None:
    ours = report.median("chat", "chatroom", "p50_ms")
    others = [report.median("chat", name, "p50_ms") for name in (*IRC, "nats-server", "floor")]
    best = min((time for time in others if time), default=0.0)
    return ours / best if ours and best else None


def _note(profile: str, name: str, key: str) -> Value:
    def value(report: Report) -> float | None:
        found = report.notes.get(profile, {}).get(name, {}).get(key)
        return None if found is None else float(found)

    return value


def _fall(report: Report) -> float | None:
    alone = report.median("slow", "half", "per_cpu_s")
    beside = report.median("slow", "with stalled", "per_cpu_s")
    return (1 - beside / alone) * 100 if alone and beside else None


def _most_search(key: str) -> Value:
    def value(report: Report) -> float | None:
        times = [
            float(by_name["chatroom"][key])
            for profile, by_name in report.notes.items()
            if profile.startswith("search") and "chatroom" in by_name
        ]
        return max(times, default=None)

    return value


def _rate(profile: str, what: str, others: tuple[str, ...], bound: float, tls: str = "") -> Goal:
    """A goal for our deliveries per CPU second against the best of the others'."""
    floors = _ratio(profile, others, f"floor, SQLite{tls}"), _ratio(profile, others, f"floor, Python{tls}")
    return Goal(profile, what, _ratio(profile, others, f"chatroom{tls}"), bound, True, floors)


GOALS: Final = (
    _rate("chat", "against the floor", ("floor",), 0.75),
    _rate("busy", "against the floor", ("floor",), 0.80),
    _rate("hall", "against the floor", ("floor",), 0.85),
    _rate("flood", "against the floor", ("floor",), 0.75),
    _rate("chat", "against the best IRC server", IRC, 0.80),
    _rate("busy", "against the best IRC server", IRC, 0.95),
    _rate("hall", "against the best IRC server", IRC, 2.0),
    _rate("flood", "against the best IRC server", IRC, 1.7),
    _rate("chat TLS", "against InspIRCd TLS", ("InspIRCd TLS",), 0.75, " TLS"),
    _rate("flood TLS", "against InspIRCd TLS", ("InspIRCd TLS",), 2.0, " TLS"),
    Goal("chat", "p50 latency against the best", _latency, 2.0, False),
    Goal("idle", "KiB per connection", _note("idle", "chatroom", "kib_each"), 8, False),
    Goal("idle", "KiB per connection, TLS", _note("idle", "chatroom TLS", "kib_each"), 32, False),
    Goal("idle", "per cent of a CPU at rest", _note("idle", "chatroom", "cpu_percent"), 1, False),
    Goal("join", "seconds for 1,000 members", _note("join 1000", "chatroom", "seconds"), 3, False),
    Goal("history", "p99 ms of a page", _note("history", "chatroom", "p99_ms"), 3, False),
    Goal("history", "ms the loop was held", _note("history", "chatroom", "loop_held_ms"), 20, False),
    Goal("search", "p99 ms, worst kind", _most_search("p99_ms"), 50, False),
    Goal("search", "ms the loop was held", _most_search("loop_held_ms"), 20, False),
    Goal("start", "seconds to start", _note("start", "chatroom", "ready_s"), 0.5, False),
    Goal("slow", "MiB more memory", _note("slow", "chatroom", "grown_mib"), 20, False),
    Goal("slow", "per cent fewer deliveries per CPU second", _fall, 10, False),
)


def goals_table(report: Report) -> str:
    """What is to be reached, what was, and what of it the storing floors reach."""
    rows = [row for goal in GOALS if (row := goal.line(report)) is not None]
    head = ("", "", "measured", "goal", "reached", "floor, SQLite", "floor, Python")
    return "\n".join(["goals", *columns([head, *rows])]) if rows else ""


COLUMNS: Final = (
    "",
    "deliv/s",
    "deliv/CPU s",
    "of floor",
    "of ours",
    "p50 ms",
    "p99 ms",
    "msg/s",
    "join s",
    "KiB each",
    "rounds",
)


def room_table(report: Report, profile: str) -> str:
    """One room as lines of text: a row per contender, ratios against the floor and against ours."""
    names = report.samples.get(profile, {})
    floor = max(report.median(profile, name, "per_cpu_s") for name in FLOORS)
    own = max(
        (report.median(profile, name, "per_cpu_s") for name in names if "chatroom" in name), default=0.0
    )
    rows: list[tuple[str, ...]] = [COLUMNS]
    for name, samples in names.items():
        per_cpu = report.median(profile, name, "per_cpu_s")
        note = report.notes.get(profile, {}).get(name, {})
        rows.append(
            (
                name,
                _thousands(report.median(profile, name, "per_s")),
                _thousands(per_cpu),
                f"{per_cpu / floor:.2f}" if floor else "-",
                f"{per_cpu / own:.2f}" if own else "-",
                f"{report.median(profile, name, 'p50_ms'):.2f}",
                f"{report.median(profile, name, 'p99_ms'):.2f}",
                f"{report.median(profile, name, 'messages_per_s'):,.0f}",
                f"{note['join_s']:.2f}" if "join_s" in note else "-",
                f"{note['kib_each']:.1f}" if "kib_each" in note else "-",
                str(len(samples)),
            )
        )
    return "\n".join([profile, *columns(rows), *missing_lines(report, profile)])


def notes_table(report: Report, profile: str) -> str:
    """What was measured once, a row per contender and a column per number."""
    by_name = report.notes[profile]
    keys = list(dict.fromkeys(key for values in by_name.values() for key in values if key != "fault"))
    rows = [("", *(key.replace("_", " ") for key in keys))]
    rows += [(name, *(_shown(values.get(key)) for key in keys)) for name, values in by_name.items()]
    return "\n".join([profile, *columns(rows), *missing_lines(report, profile)])


def missing_lines(report: Report, profile: str) -> list[str]:
    """Who could not take part, and why."""
    return [f"  {name}: missing, {why}" for name, why in report.missing.get(profile, {}).items()]


def whole(report: Report) -> str:
    """The report for a person."""
    head = "\n".join(f"{key}: {value}" for key, value in report.machine.items())
    parts = [head, *(room_table(report, profile) for profile in report.samples)]
    parts += [notes_table(report, profile) for profile in report.notes if profile not in report.samples]
    slow = report.notes.get("slow")
    if slow:
        parts.append(notes_table(report, "slow"))
    faults = [f"FAULT {text}" for text in report.faults()]
    return "\n\n".join([*parts, goals_table(report), *faults])


def columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines: the first column to the left, the others to the right."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  " + "  ".join(_cell(row[i], widths[i], i) for i in range(len(row))).rstrip() for row in rows]


def _cell(text: str, width: int, index: int) -> str:
    return text.rjust(width) if index else text.ljust(width)


def _thousands(value: float) -> str:
    return f"{value / 1e3:,.0f} k"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return "-" if value is None else str(value)
