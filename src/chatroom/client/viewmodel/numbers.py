"""The number of each room: what the sidebar shows beside it, Alt-N and `/w N` open.

A room keeps its number while it is in the sidebar, whatever comes and goes around it, and has it again in the
next run: fingers know numbers. A new room gets the least number that is free. Read next: `room_list.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import count


class Numbers:
    """Numbers by room title, from 1 on."""

    def __init__(self, kept: Mapping[str, int]) -> None:
        """Take the numbers of an earlier run; of two rooms with one number the first has it."""
        self._of: dict[str, int] = {}
        for title, number in kept.items():
            if number > 0 and number not in self._of.values():
                self._of[title] = number

    def settle(self, titles: Sequence[str], *, is_complete: bool) -> None:
        """Give a number to each of these rooms that has none, in this order.

        `is_complete`: there are no others, so that what the others had is free. Without a connection nobody
        knows, and the numbers of an earlier run are held.
        """
        if is_complete:
            self._keep_only(set(titles))
        taken = set(self._of.values())
        free = (number for number in count(1) if number not in taken)
        for title in titles:
            if title not in self._of:
                self._of[title] = next(free)

    def of(self, title: str) -> int:
        """Return the number of a room; 0 for one that is not in the sidebar."""
        return self._of.get(title, 0)

    def kept(self) -> dict[str, int]:
        """Return all numbers by title, for the next run."""
        return dict(self._of)

    def _keep_only(self, titles: Collection[str]) -> None:
        self._of = {title: number for title, number in self._of.items() if title in titles}
