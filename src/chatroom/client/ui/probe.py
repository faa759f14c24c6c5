"""How wide the terminal draws the characters on which terminals differ, measured before the screen starts.

Each sample is written at the beginning of a line and the terminal is asked where its cursor stands then
(CPR). All questions go in one write: a local tmux answers within a millisecond. A terminal that stays silent
is waited for once, and then believed to draw what urwid expects. Only while urwid does not run, which would
take answers for keys. Read next: `emoji.py`.
"""

import os
import re
import select
import sys
import time
from collections.abc import Sequence
from typing import Final

from chatroom.client.ui.emoji import Kind
from chatroom.client.ui.strips import columns

if sys.platform != "win32":
    import termios
    import tty

WAIT_S: Final = 0.15
_ANSWER: Final = re.compile(rb"\x1b\[\d+;(\d+)R")
_ERASE_LINE: Final = "\r\x1b[K"


def misdrawn_kinds(in_fd: int, out_fd: int, wait_s: float = WAIT_S) -> frozenset[Kind]:
    """Return the kinds of character that this terminal draws in other widths than urwid counts.

    Empty when it does not answer, or when this system has no terminal modes to be quiet in.
    """
    if sys.platform == "win32":
        return frozenset()
    if not (os.isatty(in_fd) and os.isatty(out_fd)):
        return frozenset()
    kinds = list(Kind)
    before = termios.tcgetattr(in_fd)
    try:
        tty.setcbreak(in_fd, termios.TCSADRAIN)
        questions = "".join(f"\r{kind.value}\x1b[6n" for kind in kinds) + _ERASE_LINE
        os.write(out_fd, questions.encode())
        answers = _read_answers(in_fd, len(kinds), wait_s)
    finally:
        termios.tcsetattr(in_fd, termios.TCSADRAIN, before)
    return _differing(kinds, answers)


def _read_answers(fd: int, count: int, wait_s: float) -> list[int]:
    """Return the columns the terminal reported, fewer than `count` when the time was over."""
    data = b""
    deadline = time.monotonic() + wait_s
    while len(_ANSWER.findall(data)) < count:
        left_s = deadline - time.monotonic()
        if left_s <= 0 or not select.select([fd], [], [], left_s)[0]:
            break
        data += os.read(fd, 1024)
    return [int(column) for column in _ANSWER.findall(data)]


def _differing(kinds: Sequence[Kind], answers: Sequence[int]) -> frozenset[Kind]:
    if len(answers) != len(kinds):
        return frozenset()
    return frozenset(
        kind for kind, column in zip(kinds, answers, strict=True) if column - 1 != columns(kind.value)
    )
