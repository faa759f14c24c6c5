"""Timers: what is to be called at which monotonic second.

Here lives the heap of timers and nothing that waits: the loop looks when the next one is due, waits, and asks
for those that are. No clock is read here, so tests pass numbers. Next: `loop.py`, its only user.
"""

import heapq
from collections import deque
from collections.abc import Callable
from math import inf

# Cancelled timers stay in the heap until they come up. A connection that re-arms its deadline at every packet
# would leave thousands of them, so the heap is rebuilt when they are more than half of it and more than this.
SWEEP_FLOOR = 64


class Timer:
    """One call to come. `when` is in the loop's monotonic seconds and stays readable after it ran."""

    __slots__ = ("_callback", "_queue", "when")

    def __init__(self, queue: "TimerQueue", when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self._queue = queue
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Never call it. Harmless when it has run or is cancelled already; costs no search."""
        if self._callback is not None:
            self._callback = None
            self._queue.count_cancelled()

    @property
    def is_pending(self) -> bool:
        """True until it has been called or cancelled."""
        return self._callback is not None

    def fire(self) -> None:
        """Call it now unless it was cancelled. For the queue only."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class TimerQueue:
    """Timers in order of `when`; equal times in the order they were made."""

    __slots__ = ("_cancelled", "_due", "_heap", "_made", "next_when")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._due: deque[Timer] = deque()
        self._made = 0
        self._cancelled = 0
        self.next_when = inf
        """When the next timer is due; infinity without timers, minus infinity when a failed pass left some
        due. Looked at twice in each pass.
        """

    def __len__(self) -> int:
        """How many entries are held, cancelled ones not yet swept included."""
        return len(self._heap) + len(self._due)

    def add(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` in the first pass whose time is `when` or later."""
        timer = Timer(self, when, callback)
        self._made += 1
        heapq.heappush(self._heap, (when, self._made, timer))
        self.next_when = min(self.next_when, when)
        return timer

    def run_due(self, now: float) -> None:
        """Call all that are due at `now`.

        Timers made by these calls wait for the next pass, even when already due: a callback that re-arms
        itself with no delay cannot hold the loop. When a call raises, the rest run in the next pass.
        """
        heap, due = self._heap, self._due
        while heap and heap[0][0] <= now:
            timer = heapq.heappop(heap)[2]
            if timer.is_pending:
                due.append(timer)
            else:
                self._cancelled -= 1
        try:
            while due:
                due.popleft().fire()
        finally:
            self._look_ahead()

    def _look_ahead(self) -> None:
        """See when the next timer is due; take off the cancelled ones before it."""
        heap = self._heap
        while heap and not heap[0][2].is_pending:
            heapq.heappop(heap)
            self._cancelled -= 1
        if self._due:
            self.next_when = -inf
        else:
            self.next_when = heap[0][0] if heap else inf

    def count_cancelled(self) -> None:
        """One more timer was cancelled; sweep when they outnumber the live ones. For `Timer` only.

        A timer cancelled while it stands in `_due` is counted and never taken off again. The next sweep sets
        the count right, so the worst of it is a sweep that comes early.
        """
        self._cancelled += 1
        if self._cancelled > SWEEP_FLOOR and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].is_pending]
            heapq.heapify(self._heap)
            self._cancelled = 0
        self._look_ahead()
