"""Compiles the C parts of the bench, where there is a compiler. Read next: `load/pump.c`, `floor.c`."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
WORK: Final = HERE / ".work"
"""Where the bench keeps what it makes: programs, databases, data of the servers. On a disk, not in /tmp."""


def compiler() -> str | None:
    """The C compiler, None when there is none."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build(source: Path, name: str, *flags: str, libraries: Sequence[str] = ()) -> Path | None:
    """Compile `source` to `name` unless that was done; return what came of it, None without a compiler."""
    target = WORK / name
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return target
    command = compiler()
    if command is None:
        return None
    WORK.mkdir(exist_ok=True)
    links = [f"-l{library}" for library in libraries]
    subprocess.run([command, "-O2", "-Wall", *flags, "-o", str(target), str(source), *links], check=True)
    return target


def pump_library() -> Path | None:
    """The load generator's inner loop as a library."""
    return build(HERE / "load" / "pump.c", "pump.so", "-shared", "-fPIC")


def floor_program(*, sqlite: bool = False, tls: bool = False) -> Path | None:
    """The floor in C: it stores nothing, or in a file, or in a database of SQLite."""
    name, flags, libraries = "floor", list[str](), list[str]()
    if sqlite:
        name, flags, libraries = f"{name}-sqlite", [*flags, "-DWITH_SQLITE"], [*libraries, "sqlite3"]
    if tls:
        name, flags, libraries = f"{name}-tls", [*flags, "-DWITH_TLS"], [*libraries, "ssl", "crypto"]
    return build(HERE / "floor.c", name, *flags, libraries=libraries)


def has_header(name: str) -> bool:
    """Whether there is a compiler that finds this header."""
    command = compiler()
    if command is None:
        return False
    preprocess = [command, "-E", "-include", name, "-x", "c", "-"]
    return subprocess.run(preprocess, input=b"", capture_output=True, check=False).returncode == 0
