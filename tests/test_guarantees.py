"""The page of guarantees names its tests: each of them exists, and each mutant is an edit of what is there.

Which test shows what stands in `docs/guarantees.md`, by hand; here is looked whether it can be true. Read
next: `torture/mutant_table.py`.
"""

import ast
import importlib
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
SHORT_CHAPTERS = TESTS / "e2e" / "test_torture.py"
MATRIX = "### The failure matrix, row by row"
INPUTS = "### Bad inputs and faults, row by row"
RESULTS = "### The last `make torture`"
MUTANTS = "### The last `make mutants`"
NOT_OFFERED = "not offered"

NAMED = re.compile(r"`([\w/]+\.py)(?:::(\w+))?(?:\[[\w-]+\])?`|`torture\[([\w-]+)\]`|chapter `([\w-]+)`")


@pytest.fixture
def mutant_table(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("torture.mutant_table")


def rows(heading: str, end: str = "") -> list[list[str]]:
    """The rows of the one table between two headings, without its own."""
    page = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    part = page.split(f"{heading}\n", 1)[1]
    part = part.split(f"{end}\n", 1)[0] if end else part
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@cache
def collected(file: Path) -> frozenset[str]:
    """The test functions of a file that is collected."""
    if not file.name.startswith("test_") or not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return frozenset(name for name in names if name.startswith("test_"))


def is_there(file: str, test: str) -> bool:
    path = TESTS / file
    return path.is_file() and (not test or test in collected(path))


def keys(file: Path, name: str) -> set[str]:
    """The words in a tuple, or the keys of a dict, that a module holds under a name."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == name:
            value = node.value  # type: ignore[attr-defined]
            return {ast.literal_eval(one) for one in (getattr(value, "keys", None) or value.elts)}
    raise AssertionError(f"{file.name} has no {name}")


@pytest.mark.parametrize(("heading", "end"), [(MATRIX, INPUTS), (INPUTS, RESULTS), (MUTANTS, "")])
def test_every_test_that_is_named_exists(heading: str, end: str) -> None:
    short, whole = (
        keys(SHORT_CHAPTERS, "CHAPTERS"),
        keys(ROOT / "torture" / "__main__.py", "CHAPTERS"),
    )
    missing = []
    for row in rows(heading, end):
        found = NAMED.findall(row[-1])
        if not found and row[-1] != NOT_OFFERED:
            missing.append(f"{row[0]} {row[1]}: no test is named")
        for file, test, in_short, in_whole in found:
            exists = is_there(file, test) if file else in_short in short if in_short else in_whole in whole
            if not exists:
                missing.append(f"{row[0]} {row[1]}: {file}::{test} {in_short} {in_whole}")
    assert missing == []


def test_every_row_of_the_two_lists_is_there() -> None:
    matrix = [row[0] for row in rows(MATRIX, INPUTS) if row[0]]
    assert matrix == [f"{letter}{n}" for letter, last in zip("KCND", (5, 4, 5, 5), strict=True)
                      for n in range(1, last + 1)]  # fmt: skip
    inputs = [row[0] for row in rows(INPUTS, RESULTS)]
    assert inputs == [*map(str, range(1, 62)), "62 to 64", "65"]


def test_the_page_lists_every_mutant(mutant_table: ModuleType) -> None:
    listed = [row[0] for row in rows(MUTANTS)]
    assert listed == [mutant.name for mutant in mutant_table.MUTANTS]


def test_every_mutant_is_an_edit_of_what_is_there(mutant_table: ModuleType) -> None:
    wrong = []
    for mutant in mutant_table.MUTANTS:
        texts: dict[str, str] = {}
        for edit in mutant.edits:
            path = ROOT / "src" / "chatroom" / edit.file
            text = texts.get(edit.file) or path.read_text(encoding="utf-8")
            if text.count(edit.old) != 1:
                wrong.append(f"{mutant.name}: {edit.file} has {text.count(edit.old)} times {edit.old!r}")
            texts[edit.file] = text.replace(edit.old, edit.new)
        for test in mutant.tests:
            file, _, name = test.removeprefix("tests/").partition("::")
            if not is_there(file, name.partition("[")[0]):
                wrong.append(f"{mutant.name}: there is no {test}")
    assert wrong == []
