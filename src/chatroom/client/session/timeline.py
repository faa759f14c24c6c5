"""The timeline of a room: the entries that are here, in order, and the gaps between them.

It holds one unbroken stretch of the log, from just after `floor` up to `cursor`; every seq in it is a `Line`,
lies in a `Gap`, or is an entry that shows nothing. Below `floor` lies older history that was not asked for.
So the timeline never has to guess what is missing. It is bounded: what is over the limit goes at the far end
and can be fetched again. No packet is read here. Read next: `feed.py`, which fills it.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chatroom.protocol import entries

MAX_ITEMS: Final = 20_000
"""Most items of one room in memory: some 10 MB of ordinary messages, days of a busy room."""

MAX_CHARS: Final = 16 * 1024 * 1024
"""Most characters of text of one room in memory: a hostile server could send items of 64 KB each."""

SLACK_ITEMS: Final = 1_000
"""How far over the limit a timeline may grow: one cut of many costs less than many cuts of one."""

KEPT_NEWEST: Final = 2_000
"""Items at the end that stay when a reader has loaded so much old history that something must go."""

LINE_CHARS: Final = 200
"""What a line counts for beside its text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the log, its text cleaned. `at` is in ms since 1970 (UTC)."""

    room: int
    seq: int
    at: int
    author: str
    kind: int
    body: entries.Body
    nonce: bytes
    mentions_me: bool
    is_own: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """The entries with after < seq < before are not here yet."""

    after: int
    before: int

    @property
    def size(self) -> int:
        """How many entries are missing."""
        return self.before - self.after - 1


Item = Line | Gap


class Timeline:
    """What is known of one room's log. Others read `items` (ascending, the same list for ever) and change
    nothing.

    `version` grows with every change. `prepended` is how many items were put before the first, less those
    that were cut off there: `index - prepended` of an item never changes by growth or cutting at the
    beginning. `head` is the greatest seq known to exist, `first` the least. `is_loading`: an older page or a
    gap was asked for.
    """

    __slots__ = (
        "_chars",
        "_max_chars",
        "_max_items",
        "cursor",
        "first",
        "floor",
        "has_begun",
        "head",
        "is_loading",
        "items",
        "prepended",
        "room",
        "version",
    )

    def __init__(self, room: int, *, max_items: int = MAX_ITEMS, max_chars: int = MAX_CHARS) -> None:
        self.room = room
        self.items: list[Item] = []
        self.version = 0
        self.prepended = 0
        self.is_loading = False
        self.head = 0
        self.first = 1
        self.floor = 0
        self.cursor = 0
        self.has_begun = False
        self._max_items = max_items
        self._max_chars = max_chars
        self._chars = 0

    @property
    def at_beginning(self) -> bool:
        """Whether nothing older exists than what is here."""
        return self.has_begun and self.floor < self.first

    # -- reading ---------------------------------------------------------------------------------------------

    def index_of(self, seq: int) -> int:
        """Return the index of the item that holds `seq`, else of the next one, else `len(items)`."""
        index = bisect_right(self.items, seq, key=_start)
        if index and seq <= _stop(self.items[index - 1]):
            return index - 1
        return index

    def lines_after(self, seq: int) -> Iterator[Line]:
        """Yield the lines that are here with a greater seq, oldest first."""
        for index in range(self.index_of(seq + 1), len(self.items)):
            item = self.items[index]
            if isinstance(item, Line):
                yield item

    def is_whole_after(self, seq: int) -> bool:
        """Whether every entry after `seq`, up to the cursor, is here."""
        if not self.has_begun or seq < self.floor:
            return False
        return not any(isinstance(item, Gap) for item in self.items[self.index_of(seq + 1) :])

    def gaps(self) -> list[Gap]:
        """Return the gaps, oldest first."""
        return [item for item in self.items if isinstance(item, Gap)]

    # -- growing ---------------------------------------------------------------------------------------------

    def begin(self, start: int) -> None:
        """Start an empty timeline: entries after `start` will come."""
        self.floor = self.cursor = start
        self.head = max(self.head, start)
        self.has_begun = True
        self.version += 1

    def skip_to(self, start: int) -> Gap | None:
        """Go on after `start`; what lies between the cursor and it becomes a gap, which is returned."""
        if start <= self.cursor:
            return None
        gap = Gap(self.cursor, start + 1)
        last = self.items[-1] if self.items else None
        if isinstance(last, Gap) and last.before == gap.after + 1:
            gap = Gap(last.after, gap.before)
            self.items.pop()
        self.items.append(gap)
        self.cursor = start
        self.head = max(self.head, start)
        self.version += 1
        return gap

    def append(self, line: Line, *, is_shown: bool) -> None:
        """Add the entry after the cursor; one that shows nothing only moves the cursor."""
        self.cursor = line.seq
        self.head = max(self.head, line.seq)
        self.version += 1
        if is_shown:
            self.items.append(line)
            self._chars += _weight(line)
            self._cut_beginning()

    def put(self, lines: Sequence[Line], first: int, last: int) -> bool:
        """Put older lines in their place; every entry from seq `first` to `last` is here then.

        Their place is just before the first item, further back (a gap is left between), or within one gap.
        False: there is no such place, and nothing was changed.
        """
        if last <= self.floor:
            self._put_before(lines, first, last)
            return True
        index = self.index_of(last)
        gap = self.items[index] if index < len(self.items) else None
        if not isinstance(gap, Gap) or gap.after >= first:
            return False
        older: list[Item] = [Gap(gap.after, first)] if first > gap.after + 1 else []
        newer: list[Item] = [Gap(last, gap.before)] if last < gap.before - 1 else []
        self.items[index : index + 1] = [*older, *lines, *newer]
        self.version += 1
        self._chars += sum(map(_weight, lines))
        self._cut_beginning()
        return True

    def _put_before(self, lines: Sequence[Line], first: int, last: int) -> None:
        gap: list[Item] = [Gap(last, self.floor + 1)] if last < self.floor else []
        self.items[:0] = [*lines, *gap]
        self.prepended += len(lines) + len(gap)
        self.floor = first - 1
        self.version += 1
        self._chars += sum(map(_weight, lines))
        self._cut_middle()

    @property
    def chars(self) -> int:
        """How much text is here, as it counts against the bounds."""
        return self._chars

    def shrink(self, max_chars: int) -> None:
        """Cut off the oldest items until no more than `max_chars` are left."""
        former, self._max_chars = self._max_chars, max_chars
        self._cut_beginning()
        self._max_chars = former
        self.version += 1

    def drop(self) -> None:
        """Forget everything: the log is not the one it was."""
        self.items.clear()
        self.prepended = self.floor = self.cursor = self.head = self._chars = 0
        self.first = 1
        self.has_begun = self.is_loading = False
        self.version += 1

    # -- bounds ----------------------------------------------------------------------------------------------

    def _must_cut(self) -> bool:
        return len(self.items) > self._max_items + SLACK_ITEMS or self._chars > self._max_chars

    def _fits(self, count: int) -> bool:
        return count <= self._max_items and self._chars <= self._max_chars

    def _cut_beginning(self) -> None:
        """Cut off the oldest items beyond the limit, and a gap that would come first."""
        items = self.items
        if not self._must_cut():
            return
        cut = 0
        while cut < len(items) - 1 and (isinstance(items[cut], Gap) or not self._fits(len(items) - cut)):
            self._chars -= _weight(items[cut])
            cut += 1
        if cut:
            self.floor = _stop(items[cut - 1])
            self.prepended -= cut
            del items[:cut]

    def _cut_middle(self) -> None:
        """Let a gap take the place of what lies between the old history being read and the newest items."""
        items = self.items
        if not self._must_cut():
            return
        stop = max(1, len(items) - min(KEPT_NEWEST, self._max_items // 2))
        start = stop
        while start > 1 and not self._fits(len(items) - (stop - start)):
            start -= 1
            self._chars -= _weight(items[start])
        if start == stop:
            return
        if isinstance(items[start - 1], Gap):  # two gaps in a row become one
            start -= 1
        while stop < len(items) and isinstance(items[stop], Gap):
            stop += 1
        after = _start(items[start]) - 1
        before = _start(items[stop]) if stop < len(items) else self.cursor + 1
        items[start:stop] = [Gap(after, before)]


def _start(item: Item) -> int:
    """Return the least seq of an item."""
    return item.seq if isinstance(item, Line) else item.after + 1


def _stop(item: Item) -> int:
    """Return the greatest seq of an item."""
    return item.seq if isinstance(item, Line) else item.before - 1


def _weight(item: Item) -> int:
    """Return what an item counts for against `MAX_CHARS`."""
    if isinstance(item, Gap):
        return 0
    text = getattr(item.body, "text", "")
    return LINE_CHARS + len(text)
