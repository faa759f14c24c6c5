"""What docs/protocol.md says in blocks that a program can read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "protocol.md"


def block(name: str) -> str:
    """The text of the fenced block of this name."""
    found = re.findall(
        rf"^```{name}\n(.*?)\n```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert len(found) == 1, f"{len(found)} blocks {name}"
    return str(found[0])


def named_values(name: str) -> dict[str, str]:
    """A block of lines `name value`."""
    return dict(line.split() for line in block(name).split("\n"))


def code_points(name: str) -> set[int]:
    """A block of `U+0041` or `U+0041..U+005A`, one or several a line."""
    found: set[int] = set()
    for row in block(name).split():
        first, _, last = row.replace("U+", "").partition("..")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return found


@dataclass
class Step:
    """One line of the session: `C` or `S` and the bytes of a frame, or a word alone.

    A byte that differs each time is None; `is_open`: any bytes may follow to the end of the frame.
    """

    what: str
    data: list[int | None] = field(default_factory=list)
    is_open: bool = False

    def hole(self, size: int) -> int:
        """Where the one run of exactly `size` unknown bytes begins."""
        shown = "".join("?" if byte is None else "x" for byte in self.data)
        [found] = [match.start() for match in re.finditer(r"\?+", shown) if len(match[0]) == size]
        return found


def session() -> list[Step]:
    """The session of the page, step by step."""
    return list(_steps(block("session").split("\n")))


def _steps(lines: list[str]) -> Iterator[Step]:
    step: Step | None = None
    for line in lines:
        text = line.partition(";")[0].rstrip()
        if not text or text.startswith("#"):
            continue
        if not text.startswith(" "):
            if step is not None:
                yield step
            what, _, text = text.partition(": ")
            step = Step(what)
        assert step is not None
        for token in text.split():
            _add(step, token)
    if step is not None:
        yield step


def _add(step: Step, token: str) -> None:
    if token == "…":
        step.is_open = True
    elif token.startswith("??"):
        step.data += [None] * int(token.removeprefix("??*").replace("??", "1"))
    else:
        step.data += bytes.fromhex(token)
