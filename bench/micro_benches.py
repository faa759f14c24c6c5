"""Runs the micro-benches and the benches of the screen; they print their own tables.

Read next: `micro/`.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


def run() -> str:
    """Run them in a process of their own; return what they print, or why they cannot run."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--benchmark-columns=median,ops"]
    command += ["-c", str(HERE / "micro" / "pytest.ini"), str(HERE / "micro")]
    command += [str(path) for path in HERE.glob("bench_*.py")]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    return done.stdout if not done.returncode else f"the micro-benches failed:\n{done.stdout}{done.stderr}"
