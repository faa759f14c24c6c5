"""The parts by themselves, each in a process of its own: micro-benches, the screen, the plots.

Read next: `micro/`, `bench_pane.py`, `plots.py`.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


def micro() -> str:
    """What the micro-benches print."""
    micro_path = HERE / "micro"
    pytest = [
        "pytest",
        "-q",
        "-s",
        "-p",
        "no:cacheprovider",
        "-c",
        str(micro_path / "pytest.ini"),
        str(micro_path),
    ]
    return _output("micro-benches", "-m", *pytest, "--benchmark-columns=median,ops")


def screen() -> str:
    """What the benches of the screen print: what a frame costs, and what a message costs the model."""
    names = ("bench_pane.py", "bench_viewmodel.py")
    return "\n".join(_output(name, str(HERE / name)) for name in names if (HERE / name).exists())


def plots(results: Path, directory: Path) -> str:
    """Which pictures were drawn."""
    return _output("plots", "-m", "bench.plots", str(results), str(directory))


def _output(name: str, *arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return f"{name}\n{done.stdout}"
    if "No module named" in done.stderr or "unrecognized arguments: --benchmark" in done.stderr:
        return f"{name}: missing a package: pip install matplotlib pytest-benchmark"
    return f"{name}: failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
