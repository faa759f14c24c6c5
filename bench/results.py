"""Results: samples gathered round by round, their medians, and tables of ratios.

Read next: `plots.py`.
"""

import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def say(text: str) -> None:
    """Tell on standard error what is going on."""
    print(f"\r\x1b[K{text}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Sample:
    """One slice of one contender: deliveries a second and a CPU second, latency in milliseconds, faults found."""

    per_s: float
    per_cpu_s: float
    p50_ms: float
    p99_ms: float
    messages_per_s: float
    cpu_share: float
    faults: int
    fault: str = ""

    @classmethod
    def of(cls, answer: dict[str, Any]) -> "Sample":
        """The sample in an answer of the load generator."""
        seconds = answer["seconds"]
        return cls(
            answer["per_s"],
            answer["per_cpu_s"],
            answer["p50_ms"],
            answer["p99_ms"],
            answer["messages"] / seconds,
            answer["cpu_s"] / seconds,
            answer["faults"],
            answer["fault"],
        )


@dataclass
class Report:
    """Everything measured in one run: by profile, by contender."""

    machine: dict[str, str]
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    notes: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, profile: str, name: str, sample: Sample) -> None:
        """Keep one slice."""
        self.samples.setdefault(profile, {}).setdefault(name, []).append(sample)

    def note(self, profile: str, name: str, **values: Any) -> None:
        """Keep numbers that are measured once."""
        self.notes.setdefault(profile, {}).setdefault(name, {}).update(values)

    def miss(self, profile: str, name: str, why: str) -> None:
        """Keep that a contender could not take part."""
        self.missing.setdefault(profile, {})[name] = why

    def median(self, profile: str, name: str, key: str) -> float:
        """The median over the rounds; 0 when there are none."""
        samples = self.samples.get(profile, {}).get(name, [])
        return statistics.median(getattr(sample, key) for sample in samples) if samples else 0.0

    def faults(self) -> list[str]:
        """Every delivery that was not right, in words."""
        return [
            f"{profile}, {name}: {sample.fault}"
            for profile, by_name in self.samples.items()
            for name, samples in by_name.items()
            for sample in samples
            if sample.faults
        ]

    def as_json(self) -> str:
        """The whole, for programs."""
        plain = {
            "machine": self.machine,
            "samples": {
                profile: {name: [vars(sample) for sample in samples] for name, samples in by_name.items()}
                for profile, by_name in self.samples.items()
            },
            "notes": self.notes,
            "missing": self.missing,
        }
        return json.dumps(plain, indent=1)

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.as_json() + "\n")


COLUMNS = ("", "deliv/s", "deliv/CPU s", "of floor", "of ours", "p50 ms", "p99 ms", "join s", "KiB each", "rounds")


def room_table(report: Report, profile: str) -> str:
    """One profile as lines of text: a row per contender, ratios against the floor and against ours."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    floor = report.median(profile, "floor", "per_cpu_s")
    own = max(
        (report.median(profile, name, "per_cpu_s") for name in report.samples[profile] if "chatroom" in name), default=0.0
    )
    for name, samples in report.samples[profile].items():
        per_cpu = report.median(profile, name, "per_cpu_s")
        note = report.notes.get(profile, {}).get(name, {})
        rows.append(
            (
                name,
                f"{report.median(profile, name, 'per_s') / 1e3:,.0f} k",
                f"{per_cpu / 1e3:,.0f} k",
                f"{per_cpu / floor:.2f}" if floor else "-",
                f"{per_cpu / own:.2f}" if own else "-",
                f"{report.median(profile, name, 'p50_ms'):.2f}",
                f"{report.median(profile, name, 'p99_ms'):.2f}",
                f"{note['join_s']:.2f}" if "join_s" in note else "-",
                f"{note['kib_each']:.1f}" if "kib_each" in note else "-",
                str(len(samples)),
            )
        )
    lines = [profile, *columns(rows)]
    lines += [f"  {name}: missing ({why})" for name, why in report.missing.get(profile, {}).items()]
    return "\n".join(lines)


def columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows as lines: the first column to the left, the others to the right."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) if not i else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
