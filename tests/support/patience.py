"""How long a test waits for what must come, and how it waits.

A program that works answers in milliseconds; the time here is for a machine that has much else to do. Only
the test of a broken program waits it out, so it may be long. What a test says about time is counted where it
can be, in passes, bytes or seconds of a processor (`busy_s`); how long others wait is told by `fair_s`.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 30.0


def busy_s(pid: int) -> float:
    """The processor seconds a process has used: what it works, not what others wait for it.

    A program that sleeps or blocks uses none. It counts in nanoseconds; where it cannot be had (only Linux
    gives it for another process) the clock on the wall does.
    """
    return time.clock_gettime(~pid << 3 | 2) if sys.platform == "linux" else time.monotonic()


def fair_s(pid: int) -> float:
    """The clock on the wall, but it stands still while a process or this thread waits for a processor.

    How long somebody waits for a program is told by it: what the program works, sleeps or is blocked counts,
    what a machine takes that has much else to do does not. Of the process it is the main thread that is
    looked at. Only Linux says how long a thread waited; elsewhere this is the clock on the wall.
    """
    return time.monotonic() - _queued_s(f"/proc/{pid}/schedstat") - _queued_s("/proc/thread-self/schedstat")


def _queued_s(schedstat: str) -> float:
    """How long a thread was ready to run and did not: the second number of its statistics."""
    try:
        return int(Path(schedstat).read_text(encoding="ascii").split()[1]) / 1e9
    except OSError:
        return 0.0


def wait_until(
    holds: Callable[[], object],
    what: str = "the condition never held",
    between: Callable[[], object] = lambda: time.sleep(0.001),
) -> None:
    """Return when the condition holds; `between` is done before each further look at it, and takes a moment.

    Fails with `what` when patience is at its end.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        between()
