"""Results: samples gathered round by round, and their medians.

Read next: `tables.py`, `plots.py`.
"""

import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bench.load.orders import Answer

Number = float | str | bool


def say(text: str) -> None:
    """Tell on standard error what is going on."""
    print(f"\r\x1b[K{text}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Sample:
    """One slice of one contender: rates, latencies in milliseconds, and the faults found so far."""

    per_s: float
    per_cpu_s: float
    p50_ms: float
    p99_ms: float
    messages_per_s: float
    cpu_share: float
    faults: int
    fault: str = ""

    @classmethod
    def of(cls, answer: Answer) -> "Sample":
        """The sample in an answer of the load generator."""
        return cls(
            answer.deliveries / answer.seconds,
            answer.deliveries / answer.cpu_s if answer.cpu_s else 0.0,
            answer.p50_ms,
            answer.p99_ms,
            answer.messages / answer.seconds,
            answer.cpu_s / answer.seconds,
            answer.faults,
            answer.fault,
        )


@dataclass
class Report:
    """Everything measured in one run: by profile, by contender."""

    machine: dict[str, str]
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    notes: dict[str, dict[str, dict[str, Number]]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, profile: str, name: str, sample: Sample) -> None:
        """Keep one slice."""
        self.samples.setdefault(profile, {}).setdefault(name, []).append(sample)

    def note(self, profile: str, name: str, **values: Number) -> None:
        """Keep numbers that are measured once."""
        self.notes.setdefault(profile, {}).setdefault(name, {}).update(values)

    def miss(self, profile: str, name: str, why: str) -> None:
        """Keep that a contender could not take part."""
        self.missing.setdefault(profile, {})[name] = why

    def median(self, profile: str, name: str, key: str) -> float:
        """The median over the rounds; 0 when there are none."""
        samples = self.samples.get(profile, {}).get(name, [])
        return statistics.median(getattr(sample, key) for sample in samples) if samples else 0.0

    def faults(self, of: str = "") -> list[str]:
        """Every delivery that was not right, in words; only of those whose name holds `of`."""
        return [
            f"{profile}, {name}: {sample.fault}"
            for profile, by_name in self.samples.items()
            for name, samples in by_name.items()
            for sample in samples
            if sample.faults and of in name
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

    @classmethod
    def load(cls, path: Path) -> "Report":
        """Read what `save` wrote."""
        plain = json.loads(path.read_text())
        samples = {
            profile: {name: [Sample(**sample) for sample in samples] for name, samples in by_name.items()}
            for profile, by_name in plain["samples"].items()
        }
        return cls(plain["machine"], samples, plain["notes"], plain["missing"])

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.as_json() + "\n")
