"""Compiles the C parts of the bench, where there is a compiler. Read next: `load/pump.c`, `floor.c`."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
WORK: Final = HERE / ".work"
"""Where the bench keeps what it makes: programs, databases, data of the servers. On a disk, not in /tmp."""


def compiler() -> str | None:
    """The C compiler, None when there is none."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build(source: Path, *flags: str) -> Path | None:
    """Compile `source` unless that was done; return what came of it, None without a compiler."""
    target = WORK / source.with_suffix(".so" if "-shared" in flags else "").name
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return target
    command = compiler()
    if command is None:
        return None
    WORK.mkdir(exist_ok=True)
    subprocess.run([command, "-O2", "-Wall", *flags, "-o", str(target), str(source)], check=True)
    return target


def pump_library() -> Path | None:
    """The load generator's inner loop as a library."""
    return build(HERE / "load" / "pump.c", "-shared", "-fPIC")


def floor_program() -> Path | None:
    """The floor."""
    return build(HERE / "floor.c")
