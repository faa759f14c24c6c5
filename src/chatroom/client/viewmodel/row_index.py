"""Which entries of a timeline make one row of its transcript.

A message is a row, a run of joins, leaves and invitations of one day is one row, a gap is a row. The index
grows with what is appended to the timeline and loses what is cut off before; whatever else happens to it (an
older page, a gap filled) makes the index anew, at about 0.4 us an entry (bench/bench_viewmodel.py), once a
page. Rows themselves are made in `transcript.py`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Container
from typing import Final

from chatroom.client.session.timeline import Gap, Item, Line, Timeline
from chatroom.client.viewmodel.calendar import Calendar
from chatroom.client.viewmodel.notes import FOLDED
from chatroom.protocol.entries import Posted

RUN_ENTRIES: Final = 50
"""Most joins, leaves and invitations in one row: making a row stays cheap whatever the log holds."""

MESSAGE, NOTE, RUN, GAP = b"mnrg"
"""What a row is made of: one message, one other entry, a run of entries, a gap."""


class RowIndex:
    """The rows of a timeline by number, 0 for the first. `sync` takes in what changed, the rest reads.

    `kinds` has a byte for each row. `prepended` is how many rows were ever put before the first. `authors`
    maps who spoke to the seq of their newest message here.
    """

    def __init__(self, timeline: Timeline, calendar: Calendar) -> None:
        self.timeline = timeline
        self.kinds = bytearray()
        self.prepended = 0
        self.authors: dict[str, int] = {}
        self._calendar = calendar
        self._starts: list[int] = []  # of each row, the index of its first item
        self._ignored: Container[str] = frozenset()
        self._gaps: list[tuple[int, Gap]] = []
        self._version = -1
        self._length = 0
        self._last: Item | None = None
        self._oldest: Item | None = None

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._starts)

    def sync(self, ignored: Container[str]) -> int | None:
        """Take in the timeline as it is, without the messages of the `ignored`.

        Returns the number of the first row that may be another one now, None when nothing changed.
        """
        if self._version == self.timeline.version and ignored == self._ignored:
            return None
        changed = max(0, len(self) - 1)
        cut = self._count_cut() if ignored == self._ignored else None
        if cut == 0:
            self._take_items(self._length)
        elif cut and self._cut(cut):
            self._take_items(self._length - cut)
            changed = 0
        else:
            self._ignored = ignored
            self._rebuild()
            changed = 0
        items = self.timeline.items
        self._version = self.timeline.version
        self._length = len(items)
        self._last = items[-1] if items else None
        return changed

    def items(self, number: int) -> list[Item]:
        """Return what row `number` shows: one item, or the lines of a run."""
        start = self._starts[number]
        if self.kinds[number] != RUN:
            return [self.timeline.items[start]]
        stop = self._starts[number + 1] if number + 1 < len(self) else len(self.timeline.items)
        return [item for item in self.timeline.items[start:stop] if _is_folded(item)]

    def first_item(self, number: int) -> Item:
        """Return the first item of row `number`."""
        return self.timeline.items[self._starts[number]]

    def line_above(self, number: int) -> Line | None:
        """Return the line whose time and author the row above row `number` (which may be `len`) shows, None
        where there is none or a gap. Of a run that is the first.
        """
        above = self.first_item(number - 1) if number else None
        return above if isinstance(above, Line) else None

    def is_message_of_other(self, number: int) -> bool:
        """Whether row `number` is a message somebody else wrote."""
        item = self.first_item(number)
        return self.kinds[number] == MESSAGE and isinstance(item, Line) and not item.is_own

    def row_of(self, seq: int) -> int:
        """Return the number of the row that holds `seq`, or of the nearest above it; -1 when it is above
        all.
        """
        index = bisect_right(self.timeline.items, seq, key=first_seq) - 1
        return bisect_right(self._starts, index) - 1

    def count_messages(self, number: int) -> int:
        """Return how many messages there are in the rows from `number` on."""
        return self.kinds.count(MESSAGE, max(0, number))

    def _count_cut(self) -> int | None:
        """Return how many items went from the beginning since the last sync; None when anything else happened
        to the timeline but items put at its end.
        """
        items = self.timeline.items
        if self._version < 0 or self._last is None:
            return 0 if self._version >= 0 else None
        place = bisect_right(items, first_seq(self._last), key=first_seq) - 1
        cut = self._length - 1 - place
        if place < 0 or cut < 0 or items[place] is not self._last:
            return None
        is_same = all(items[index - cut] is gap for index, gap in self._gaps if index >= cut)
        return cut if is_same else None

    def _cut(self, cut: int) -> bool:
        """Take out the rows of the first `cut` items; False when the cut goes through a run."""
        row = bisect_left(self._starts, cut)
        if row < len(self) and self._starts[row] != cut and self.kinds[row - 1] == RUN:
            return False
        if row == len(self):
            return False
        self._starts = [start - cut for start in self._starts[row:]]
        del self.kinds[:row]
        self._gaps = [(index - cut, gap) for index, gap in self._gaps if index >= cut]
        return True

    def _rebuild(self) -> None:
        old_first = first_seq(self._oldest) if self._oldest is not None else None
        self._starts.clear()
        self.kinds.clear()
        self._gaps.clear()
        self._take_items(0)
        if old_first is not None:
            self.prepended += max(0, self.row_of(old_first))

    def _take_items(self, start: int) -> None:
        """Make rows of the items from index `start` on."""
        items = self.timeline.items
        for index in range(start, len(items)):
            item = items[index]
            if isinstance(item, Gap):
                self._gaps.append((index, item))
                self._add(index, GAP)
            elif isinstance(item.body, Posted):
                if item.author not in self._ignored:
                    self.authors[item.author] = max(item.seq, self.authors.get(item.author, 0))
                    self._add(index, MESSAGE)
            elif not isinstance(item.body, FOLDED):
                self._add(index, NOTE)
            elif not self._extends_run(index, item):
                self._add(index, RUN)
        self._oldest = items[0] if items else None

    def _add(self, index: int, kind: int) -> None:
        self._starts.append(index)
        self.kinds.append(kind)

    def _extends_run(self, index: int, line: Line) -> bool:
        """Whether a join, leave or invitation belongs to the row before it."""
        if not self.kinds or self.kinds[-1] != RUN or index - self._starts[-1] >= RUN_ENTRIES:
            return False
        first = self.first_item(len(self) - 1)
        return isinstance(first, Line) and self._calendar.day(first.at) == self._calendar.day(line.at)


def first_seq(item: Item) -> int:
    """Return the least seq of an item."""
    return item.seq if isinstance(item, Line) else item.after + 1


def _is_folded(item: Item) -> bool:
    return isinstance(item, Line) and isinstance(item.body, FOLDED)
