"""Gathering: where messages come in bursts, a pass waits a moment for the rest of the burst.

All messages of a pass share one commit, and one send to each member. Clients that answer to what they were
sent write together, but the first of them wakes the server before the others have written: alone it would
cost as much as all of them. So a pass begins a little later when several peers wrote in the one before and
few of them are ready now, as PostgreSQL does it (`commit_delay`). Who writes alone waits for nobody. Read
next: `service.py`.
"""

from typing import Final

FEW: Final = 0.5
"""Of those who wrote in the pass before, fewer than this part are few. Where 16 of 100 members write at once
and wait for each other, a CPU second gives 56 % more deliveries, 37 % with a third, 13 % with a quarter;
where they do not wait for each other few pauses come up, and cost nothing.
"""

PART: Final = 0.125
"""The pause, as a part of the time which the pass before took to store and to send. With a quarter that room
gets 30 % fewer deliveries for a CPU second.
"""

MOST_S: Final = 0.002
"""The longest pause: nobody sees it, and sending to 1,000 members takes several times as long."""


class Gathering:
    """Knows the last pass in which something was stored, until a pause was made for its burst."""

    __slots__ = ("_took_s", "_writers")

    def __init__(self) -> None:
        self._writers = 0
        self._took_s = 0.0

    def note(self, writers: int, took_s: float) -> None:
        """A pass stored something for so many peers, in so many seconds."""
        self._writers = writers
        self._took_s = took_s

    def pause_s(self, ready: int) -> float:
        """Return how many seconds to wait for more, when so many descriptors are ready. One burst is reason
        for one pause.
        """
        if ready >= self._writers * FEW:
            return 0.0
        self._writers = 0
        return min(self._took_s * PART, MOST_S)
