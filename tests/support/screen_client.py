"""The full-screen client as a process on a terminal, each person with files of their own."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.terminal import Terminal

CHECKOUT = Path(__file__).resolve().parents[2]

CTRL_C, CTRL_G, CTRL_Z, ENTER, ESCAPE = "\x03", "\x07", "\x1a", "\r", "\x1b"
ALT_ENTER, PAGE_UP, F1, CTRL_X, CTRL_E = "\x1b\r", "\x1b[5~", "\x1bOP", "\x18", "\x05"


def command(
    directory: Path, handle: str, *arguments: str, program: Sequence[str] = ("-m", "chatroom")
) -> list[str]:
    """The command line of somebody; the files are below `directory`."""
    folder = directory / handle
    folder.mkdir(exist_ok=True)
    places = ["--config", str(folder / "client.toml"), "--data-dir", str(folder / "data")]
    return [sys.executable, *program, *arguments, *places]


def client(
    directory: Path,
    handle: str,
    join: str,
    *arguments: str,
    cols: int = 100,
    rows: int = 24,
    environ: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "chatroom"),
) -> Terminal:
    """The client of somebody who has a handle; a context manager."""
    argv = command(directory, handle, join, "--handle", handle, *arguments, program=program)
    return Terminal(argv, cols=cols, rows=rows, environ=environ, cwd=CHECKOUT)
