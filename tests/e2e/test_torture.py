"""The short form of `make torture` and `make fuzz`: real processes are killed, links cut, disks filled.

What each chapter does stands in torture/; docs/guarantees.md names the rows of the failure matrix it covers.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 400

CHAPTERS = (
    "crash-points",
    "disks",
    "cuts",
    "cuts-tls",
    "server-kills",
    "client-kills",
    "power",
    "descriptors",
    "clock",
    "storm",
    "flood",
    "stopped-reader",
)

Results = dict[str, "Future[subprocess.CompletedProcess[str]]"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])}
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)  # with all that it has started
        process.kill()
        output, errors = process.communicate()
        errors += f"\nno end after {TIMEOUT_S} s"
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


@pytest.fixture(scope="module")
def chapters(request: pytest.FixtureRequest) -> Iterator[Results]:
    """The chapters that this run asks for, four at a time: they wait more than they work."""
    asked = [
        item.callspec.params.get("chapter") for item in request.session.items if hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(4) as pool:
        yield {name: pool.submit(run, "torture", "--short", name) for name in CHAPTERS if name in asked}


@pytest.mark.timeout(TIMEOUT_S + 10)
@pytest.mark.skipif(os.name != "posix", reason="processes are ended by SIGKILL")
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_nothing_is_lost_doubled_or_reordered(chapters: Results, chapter: str) -> None:
    done = chapters[chapter].result()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(TIMEOUT_S + 10)
def test_frames_of_all_kinds_raise_nothing_and_leave_nothing() -> None:
    done = run("torture.fuzz", "--frames", "30000")
    assert done.returncode == 0, done.stdout + done.stderr


# -- the checker itself -----------------------------------------------------------------------------------

GOOD = [
    {"op": "invoke", "who": "ann", "room": "lobby", "text": "one"},
    {"op": "invoke", "who": "ann", "room": "lobby", "text": "two"},
    {"op": "ok", "who": "ann", "room": "lobby", "seq": 2},
    {"op": "ok", "who": "ann", "room": "lobby", "seq": 3, "text": "two"},
    {"op": "done", "who": "ann"},
    {"op": "open", "screen": "bob", "room": "lobby", "after": 0},
    {"op": "seen", "screen": "bob", "room": "lobby", "seq": 1, "author": "ann", "text": None},
    {"op": "seen", "screen": "bob", "room": "lobby", "seq": 2, "author": "ann", "text": "one"},
    {"op": "seen", "screen": "bob", "room": "lobby", "seq": 3, "author": "ann", "text": "two"},
    {"op": "end", "screen": "bob", "room": "lobby"},
    {"op": "log", "room": "lobby", "seq": 1, "author": "ann", "text": None},
    {"op": "log", "room": "lobby", "seq": 2, "author": "ann", "text": "one"},
    {"op": "log", "room": "lobby", "seq": 3, "author": "ann", "text": "two"},
]
SEEN, LOG = 6, 10

History = list[dict[str, object]]


def without(index: int) -> History:
    return [*GOOD[:index], *GOOD[index + 1 :]]


def with_fields(index: int, **fields: object) -> History:
    return [*GOOD[:index], {**GOOD[index], **fields}, *GOOD[index + 1 :]]


def swapped(index: int) -> History:
    return [*GOOD[:index], GOOD[index + 1], GOOD[index], *GOOD[index + 2 :]]


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (GOOD, ""),
        (without(LOG + 2), "lost: acknowledged, not stored"),
        (without(LOG + 1), "lost: the log of lobby breaks"),
        (with_fields(3, text="else"), "lost: acknowledged, not stored"),
        ([*GOOD[:2], GOOD[4], GOOD[10], {**GOOD[12], "seq": 2}], "lost: 'one' of ann: said to be stored"),
        ([*GOOD, {"op": "log", "room": "lobby", "seq": 4, "author": "ann", "text": "one"}], "doubled: 'one'"),
        (with_fields(3, seq=2), "doubled: lobby 2 was acknowledged 2 times"),
        ([*GOOD[:9], GOOD[8], *GOOD[9:]], "doubled: bob in lobby shows 3 twice"),
        (without(SEEN + 1), "lost: bob in lobby shows 3 after 1"),
        (without(SEEN + 2), "lost: bob in lobby ends at 2"),
        (swapped(SEEN + 1), "reordered: bob in lobby shows 2 after 3"),
        (swapped(0), "reordered: 'one' of ann"),
        (with_fields(SEEN + 2, text="tow"), "differing: bob in lobby"),
        (with_fields(LOG + 1, text="eno"), "differing: 'eno' of ann"),
    ],
)
def test_the_checker_finds(tmp_path: Path, history: History, words: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("".join(f"{json.dumps(operation)}\n" for operation in history))
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "torture" / "checker.py", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if words else 0)
    assert words in done.stdout


def test_a_message_of_a_killed_client_may_be_missing_but_not_one_before_a_stored_one(tmp_path: Path) -> None:
    killed = {"op": "killed", "who": "ann"}
    last_missing = [GOOD[0], GOOD[1], GOOD[2], killed, *GOOD[10:12]]
    first_missing = [GOOD[0], GOOD[1], killed, GOOD[10], {**GOOD[12], "seq": 2}]
    codes = []
    for number, history in enumerate((last_missing, first_missing)):
        path = tmp_path / f"{number}.jsonl"
        path.write_text("".join(f"{json.dumps(operation)}\n" for operation in history))
        done = subprocess.run([sys.executable, ROOT / "torture" / "checker.py", path], check=False)
        codes.append(done.returncode)
    assert codes == [0, 1]
