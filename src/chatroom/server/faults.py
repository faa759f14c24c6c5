"""Faults of our own: errors that nobody has foreseen, told with their traceback.

One that comes again with every packet must not fill a disk, so each kind is told once a second at most. What
is done about a fault is decided in `service.py`.
"""

import logging
import time
from typing import Final

logger: Final = logging.getLogger("chatroom.server")

EVERY_S: Final = 1.0
"""Least time between two tracebacks of one kind."""

Kind = tuple[type[BaseException], str, int]
"""What was raised, and where: file and line."""


class Faults:
    """Remembers which kinds were told, and when."""

    def __init__(self) -> None:
        self._told_at: dict[Kind, float] = {}
        self._left_out: dict[Kind, int] = {}

    def tell(self, doing: str, error: BaseException) -> None:
        """Log it, unless its kind was logged a moment ago. Raises nothing."""
        try:
            kind = _kind_of(error)
            now = time.monotonic()
            if now - self._told_at.get(kind, -EVERY_S) < EVERY_S:
                self._left_out[kind] = self._left_out.get(kind, 0) + 1
                return
            self._told_at[kind] = now
            left_out = self._left_out.pop(kind, 0)
            before = f" ({left_out} more like it before)" if left_out else ""
            logger.error("%s failed%s", doing, before, exc_info=error)
        except MemoryError:  # not even for a line: what matters is to go on
            return


def _kind_of(error: BaseException) -> Kind:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return type(error), "", 0
    return type(error), last.tb_frame.f_code.co_filename, last.tb_lineno
