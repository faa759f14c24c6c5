"""Throttles: how often somebody may try what could be guessed, or make what costs.

Unlike a `Bucket`, which slows everything down, a throttle says no: a guess that comes too early is not even
looked at. It remembers those who tried lately, as many as fit, and forgets who tried longest ago. Read next:
`context.py`.
"""

from collections import OrderedDict
from typing import Final

TRIES: Final = 5
"""At once: somebody who mistypes needs two or three."""

EVERY_S: Final = 10.0
"""One more after each: a thousand guesses take almost three hours."""

KEYS: Final = 4_096
"""How many are remembered: under a megabyte. Who has more addresses to try from is not held up by this."""


class Throttle:
    """Gives each key `TRIES` tries, and another every `EVERY_S`; times are monotonic seconds."""

    def __init__(self, tries: int = TRIES, every_s: float = EVERY_S, keys: int = KEYS) -> None:
        self._tries = tries
        self._every_s = every_s
        self._keys = keys
        self._full_at: OrderedDict[str, float] = OrderedDict()
        """When each key will have all its tries again, the one that tried longest ago first."""

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_s(self, key: str, now: float) -> float:
        """Return how long `key` has to wait for a try; 0: it has one."""
        missing_s = self._full_at.get(key, now) - now
        return max(0.0, missing_s - (self._tries - 1) * self._every_s)

    def take(self, key: str, now: float) -> float:
        """Take a try and return 0, or return how long to wait for one, and take nothing."""
        wait_s = self.wait_s(key, now)
        if wait_s > 0:
            return wait_s
        full_at = max(self._full_at.pop(key, now), now) + self._every_s
        self._full_at[key] = full_at
        self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Let go of who has all tries again, as far as they stand in front, and of who is one too many."""
        while len(self._full_at) > self._keys or next(iter(self._full_at.values())) <= now:
            self._full_at.popitem(last=False)
