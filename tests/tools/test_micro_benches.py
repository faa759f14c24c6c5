"""The micro-benches measure the program as it is: each of them runs here, once."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_micro_bench_still_runs() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark"]
    command += ["-p", "support.benchmark_once", "-o", f"pythonpath={ROOT} {ROOT / 'tests'}"]
    command += ["-c", str(ROOT / "bench" / "micro" / "pytest.ini"), str(ROOT / "bench" / "micro")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
