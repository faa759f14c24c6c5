"""How long a test waits for what must come, and how it waits.

A program that works answers in milliseconds; the time here is for a machine that has much else to do. Only
the test of a broken program waits it out, so it may be long. What a test says about time is not measured
with this clock where it can be counted: passes, bytes, or seconds of a processor (`busy_s`).
"""

import sys
import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 30.0


def busy_s(pid: int) -> float:
    """The processor seconds a process has used: a clock that stands still while the machine is elsewhere.

    How long somebody waits for a program that works is told by it as by a clock on the wall. It counts in
    nanoseconds; where it cannot be had (only Linux gives it for another process) the clock on the wall does.
    """
    return time.clock_gettime(~pid << 3 | 2) if sys.platform == "linux" else time.monotonic()


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
