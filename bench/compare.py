"""Two revisions of our server, measured alternately: is the newer one faster?

The base is checked out into a worktree with a virtual environment of its own, kept in `.work` while it is
the same commit. The load generator is this tree's, for both. Read next: `profiles/rooms.py`.
"""

import statistics
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench import build, machine
from bench.contenders import FLOOR, FLOOR_TLS, ours
from bench.profiles.rooms import ROOMS, measure_room
from bench.results import Report, say
from bench.tables import columns, room_table

ROOT: Final = Path(__file__).parent.parent
SLICE_S: Final = 0.8


def compare(base: str, rounds: int, profiles: Sequence[str]) -> int:
    """Print the rooms of `profiles` (TLS: `chat-tls`) for both revisions, and the ratios; 1 when one
    misdelivered.
    """
    commit = _git("rev-parse", "--short", f"{base}^{{commit}}")
    tree = _checked_out(commit)
    report = Report(machine.describe())
    rows: list[tuple[str, ...]] = [("", f"{commit} deliv/CPU s", "this tree", "ratio", "least", "most")]
    for profile in profiles:
        room_name, _, tls = profile.partition("-")
        if room_name not in ROOMS:
            continue
        before = ours(f"chatroom {commit}", tls=bool(tls), python=str(_python_of(tree)), source=tree / "src")
        now = ours("chatroom", tls=bool(tls), source=ROOT / "src")
        contenders = (FLOOR_TLS if tls else FLOOR, before, now)
        measure_room(report, profile, ROOMS[room_name], contenders, rounds, SLICE_S)
        print(f"\n{room_table(report, profile)}")
        rows.append(_ratio_row(report, profile, before.name, now.name))
    print("\nratios of deliveries per CPU second, round by round", *columns(rows), sep="\n")
    return 1 if report.faults("chatroom") else 0


def _ratio_row(report: Report, profile: str, before: str, now: str) -> tuple[str, ...]:
    pairs = zip(report.samples[profile][before], report.samples[profile][now], strict=True)
    ratios = [after.per_cpu_s / base.per_cpu_s for base, after in pairs]
    return (
        profile,
        f"{report.median(profile, before, 'per_cpu_s') / 1e3:,.0f} k",
        f"{report.median(profile, now, 'per_cpu_s') / 1e3:,.0f} k",
        f"{statistics.median(ratios):.3f}",
        f"{min(ratios):.3f}",
        f"{max(ratios):.3f}",
    )


def _checked_out(commit: str) -> Path:
    """A worktree of this commit, installed in a virtual environment inside it."""
    tree = build.WORK / f"base-{commit}"
    if not _python_of(tree).exists():
        build.WORK.mkdir(exist_ok=True)
        _git("worktree", "prune")
        if not tree.exists():
            _git("worktree", "add", "--detach", str(tree), commit)
        say(f"installing {commit}")
        venv.create(tree / ".venv", with_pip=True)
        command = [str(_python_of(tree)), "-m", "pip", "install", "--quiet", "-e", str(tree)]
        subprocess.run(command, check=True)
    return tree


def _python_of(tree: Path) -> Path:
    return tree / ".venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return done.stdout.strip()
