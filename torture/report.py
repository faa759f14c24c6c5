"""The table: what was done, how often, and what was lost, doubled or reordered.

A chapter gives rows; `print_table` shows them. Read next: `__main__.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from torture.checker import Verdict

SHOWN_FAULTS: Final = 10
HEADINGS: Final = ("what was done", "times", "messages", "lost", "doubled", "reordered", "remarks")


@dataclass
class Row:
    """One line of the table. `faults` are sentences about whatever else went wrong; `skipped` says why."""

    what: str
    times: int
    verdict: Verdict = field(default_factory=Verdict)
    remarks: str = ""
    faults: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def is_good(self) -> bool:
        return self.verdict.is_clean and not self.faults

    def cells(self) -> tuple[str, ...]:
        verdict = self.verdict
        if self.skipped:
            return self.what, "-", "-", "-", "-", "-", f"skipped: {self.skipped}"
        counts = verdict.messages, len(verdict.lost), len(verdict.doubled)
        reordered = len(verdict.reordered) + len(verdict.differing)
        remarks = self.remarks if self.is_good else f"FAILED; {self.remarks}"
        return self.what, f"{self.times:,}", *(f"{count:,}" for count in counts), f"{reordered:,}", remarks


def table(rows: Iterable[Row]) -> str:
    """The rows as a table of Markdown, which is also easy to read as it is."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(line, widths) for line in (cells[0], rule, *cells[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = [
        cell.rjust(width) if 1 <= column <= 5 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(shown)} |"


def faults(rows: Iterable[Row]) -> list[str]:
    """What went wrong, at most `SHOWN_FAULTS` sentences a row."""
    return [
        f"{row.what}: {sentence}"
        for row in rows
        for sentence in [*row.faults, *row.verdict.faults()][:SHOWN_FAULTS]
    ]
