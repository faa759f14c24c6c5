"""Token buckets: how much one account may ask for, with room for bursts.

A bucket never refuses: it lets its level go below zero and says how long the peer is to be left unread. So
nothing is lost and nobody is cheated: a flooder is slowed down to its rate, on however many connections.
Read next: `requests/table.py` for the costs.
"""


class Bucket:
    """Refills at `per_s` tokens a second up to `burst`."""

    __slots__ = ("_at", "_level", "burst", "per_s")

    def __init__(self, per_s: float, burst: float) -> None:
        self.per_s = per_s
        self.burst = burst
        self._level = burst
        self._at = 0.0

    def take(self, cost: float, now: float) -> float:
        """Take `cost` tokens at time `now`; return for how many seconds to take nothing more (0: go on)."""
        level = self._level + (now - self._at) * self.per_s
        if level > self.burst:
            level = self.burst
        self._at = now
        self._level = level = level - cost
        return 0.0 if level >= 0 else -level / self.per_s
