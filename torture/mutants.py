"""`python -m torture.mutants`: break each property on purpose, and see the test that guards it go red.

Each mutant is an exact edit of the sources in a scratch copy of the tree; a text that is not there any more
is a fault of this table and is said loudly. Before that the tests have to be green on an untouched copy.
Read next: `mutant_table.py`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chatroom.net.broadcast import IS_BUILT
from torture.mutant_table import MUTANTS, Mutant

ROOT: Final = Path(__file__).parents[1]
COPIED: Final = (
    "src",
    "tests",
    "tools",
    "torture",
    "docs",
    "config",
    "pyproject.toml",
    "Makefile",
    "README.md",
)
TEST_S: Final = 600
EXAMPLES: Final = "250"
"""How long the state machine searches: a mutant may be found by one example in a hundred."""

RED: Final = 1
"""What pytest returns when tests failed; a mutant that cannot even be imported is no mutant."""


def make_copy(place: Path) -> None:
    """Copy what tests need."""
    skip = shutil.ignore_patterns("__pycache__", ".work")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=skip)
        elif source.exists():
            shutil.copy(source, place / name)


def apply(mutant: Mutant, place: Path) -> str:
    """Edit the copy; return what is wrong with the table, or nothing."""
    for edit in mutant.edits:
        path = place / "src" / "chatroom" / edit.file
        text = path.read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            return f"{edit.file} has {text.count(edit.old)} times: {edit.old.strip()!r}"
        path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
    return ""


def run_tests(place: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests in a copy; return the exit code of pytest, -1 when it hangs, and what it said."""
    path = os.pathsep.join((str(place / "src"), str(place / "tests"), str(place)))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "CHATROOM_EXAMPLES": EXAMPLES,
        "CHATROOM_FIRST_FAULT": "1",
    }
    try:
        done = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=TEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end after {TEST_S} s"
    return done.returncode, done.stdout


def try_mutant(mutant: Mutant) -> list[tuple[str, str]]:
    """Return (test, what became of it) for each test of a mutant."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        place = Path(name)
        make_copy(place)
        fault = apply(mutant, place)
        if fault:
            return [("-", f"CANNOT BE APPLIED: {fault}")]
        return [(test, _word(run_tests(place, [test])[0])) for test in mutant.tests]


def _word(code: int) -> str:
    return {RED: "red", 0: "GREEN: not noticed", -1: "HANGS"}.get(code, f"BROKEN: exit code {code}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="torture.mutants", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="WORDS", help="only mutants whose names contain these words"
    )
    flags = parser.parse_args()
    chosen = [m for m in MUTANTS if not flags.names or any(word in m.name for word in flags.names)]
    for mutant in [m for m in chosen if m.in_c and not IS_BUILT]:
        chosen.remove(mutant)
        print(f"{mutant.name:52} not tried: the module in C is not built", flush=True)
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        make_copy(Path(name))
        code, said = run_tests(Path(name), tests)
        if code:
            print(said[-3_000:])
            print("the tests are not green without a mutant; first mend that")
            return 1
    print(f"without a mutant: {len(tests)} tests are green", flush=True)
    survivors = 0
    for mutant in chosen:
        results = try_mutant(mutant)
        survivors += any(word != "red" for _, word in results)
        for number, (test, word) in enumerate(results):
            print(f"{'' if number else mutant.name:52} {word:20} {test}", flush=True)
    print(
        f"{len(chosen)} mutants, {survivors} not caught by every test named; {time.monotonic() - began:.0f} s"
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
