"""How the server logs: one line an event, to standard error, never more than a reader can follow.

What strangers send can cause lines, so their rate is bounded and the number left out is told. Nothing secret
is ever given to a logger. Read next: `service.py`.
"""

import logging
import time
from typing import Final

LINES_PER_S: Final = 20
"""Lines a second that get through on average."""

BURST: Final = 200
"""Lines that get through at once: a stop, or a class arriving, is told in full."""


class Throttle(logging.Filter):
    """Lets `BURST` lines through at once and `LINES_PER_S` for long; errors always."""

    def __init__(self) -> None:
        super().__init__()
        self._level = float(BURST)
        self._at = time.monotonic()
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written; the first one after a pause tells how many were not."""
        now = time.monotonic()
        self._level = min(BURST, self._level + (now - self._at) * LINES_PER_S)
        self._at = now
        if self._level < 1 and record.levelno < logging.ERROR:
            self._left_out += 1
            return False
        self._level -= 1
        if self._left_out:
            record.msg = f"{record.getMessage()} ({self._left_out} lines before this one were left out)"
            record.args = ()
            self._left_out = 0
        return True


def log_to_stderr(level: str) -> None:
    """Send the program's log lines of at least `level` to standard error, throttled."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(Throttle())
    logging.captureWarnings(capture=True)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
