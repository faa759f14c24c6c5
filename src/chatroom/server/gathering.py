"""Gathering: where messages come in bursts, a pass waits a moment for the rest of the burst.

All messages of a pass share one commit, and one send to each member. Clients that answer to what they were
sent write together, but the first of them wakes the server before the others have written: alone it would
cost as much as all of them. So a pass begins a little later when several wrote in the two before and few of
them are ready now, as PostgreSQL does it (`commit_delay`). Two passes, because a burst that once came in two
parts goes on to: what is ready at the beginning of the first is enough, seen from the second. Who writes
alone waits for nobody, nor do two who write in turn. Read next: `service.py`.
"""

from collections.abc import Set as AbstractSet
from typing import Final

SEVERAL: Final = 3
"""So many have to have written, or more."""

FEW: Final = 0.75
"""Fewer than this part of them are few. With half of those of the last pass alone, 16 of 100 members who
write at once and wait for each other get 22 % fewer deliveries for a CPU second, and 10 of 10 who do not wait
11 % fewer; with all of the two passes the first get 6 % more, and 16 of 100 who do not wait 5 % fewer.
"""

PART: Final = 0.125
"""The pause, as a part of the time which the pass before took to store and to send. Half of that, or twice as
much, give the same within 3 %.
"""

MOST_S: Final = 0.002
"""The longest pause: nobody sees it, and sending to 1,000 members takes several times as long."""


class Gathering:
    """Knows the last two passes in which somebody wrote, until a pause was made for a burst."""

    __slots__ = ("_count", "_last", "_took_s")

    def __init__(self) -> None:
        self._last: AbstractSet[object] = frozenset()
        self._count = 0
        """How many wrote in the last two passes; 0 where they are not `SEVERAL`, or a pause was made."""
        self._took_s = 0.0

    def note(self, writers: AbstractSet[object], took_s: float) -> None:
        """A pass stored what these accounts wrote, in so many seconds."""
        last = self._last
        self._count = 0 if len(last) + len(writers) < SEVERAL else len(last | writers)
        self._last = writers
        self._took_s = took_s

    def pause_s(self, ready: int) -> float:
        """Return how many seconds to wait for more, when so many descriptors are ready. Between two passes in
        which somebody wrote there is one pause at most.
        """
        if self._count < SEVERAL or ready >= self._count * FEW:
            return 0.0
        self._count = 0
        return min(self._took_s * PART, MOST_S)
