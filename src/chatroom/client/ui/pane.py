"""The message pane: a window on the transcript that scrolls by exact lines and costs the same at any length.

Only rows in view are drawn, from a cache. Either the pane follows the end, or it is scrolled: then it
remembers where on it one row stands (`_Anchor`), by the key of the row, so that nothing which arrives, loads
or goes above or below moves what is being read. Rows come from the view model and look as `transcript.py`
draws them. Read next: `view.py`.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import Strip, blank, columns
from chatroom.client.ui.transcript import Columns, DrawnRow, draw_row, share_out
from chatroom.client.viewmodel.rows import RowKind, TranscriptRow
from chatroom.client.viewmodel.screen import TranscriptView
from chatroom.client.viewmodel.visit import Viewport

CACHED_ROWS: Final = 600
"""Rows kept drawn: several screens of the largest terminal, so that scrolling to and fro draws nothing anew.
"""

# Rows that give way when older messages arrive: a poor mark to hold on to.
_PASSING: Final = frozenset({RowKind.LOADING, RowKind.BEGINNING, RowKind.GAP})
HANDLE_COLS_LEAST: Final = 8
_TIME_COLS_MAX: Final = 12
_BAR_FROM_COLS: Final = 12  # a narrower pane has no column to spare for a scroll bar

_BEYOND: Final = 10  # an anchor lower than what may stand above the first row means: the very beginning

Key = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The first line of the message of row `key` (not of what stands above it) is at line `line` of the
    pane.
    """

    key: Key
    line: int


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row in view: its index, key, first line in the pane (negative: cut off) and drawing."""

    index: int
    key: Key
    is_passing: bool
    top: int
    drawn: DrawnRow

    @property
    def end(self) -> int:
        return self.top + len(self.drawn.strips)

    @property
    def body_top(self) -> int:
        return self.top + self.drawn.above

    def moved(self, lines: int) -> "_Placed":
        """Return the same row so many lines lower."""
        if not lines:
            return self
        return _Placed(self.index, self.key, self.is_passing, self.top + lines, self.drawn)


class MessagePane:
    """The pane. Scrolling verbs take effect at the next `draw`; they need no size."""

    def __init__(self, emoji: Emoji, handle_cols_max: int = 16) -> None:
        self._emoji = emoji
        self._handle_cols_max = handle_cols_max
        self._room = 0
        self._anchor: _Anchor | None = None
        self._wanted: Key | None = None
        self._scroll = 0
        self._placed: list[_Placed] = []
        self._cache: OrderedDict[Hashable, tuple[TranscriptRow, DrawnRow]] = OrderedDict()
        self._handle_cols_least = min(HANDLE_COLS_LEAST, handle_cols_max)
        self._handle_cols = self._handle_cols_least
        self._time_cols = 0
        self._page = 10
        self.selected: Key | None = None
        """The key of the row drawn as chosen."""

    # Scrolling

    def show_room(self, room: int) -> None:
        """The transcript is that of another room: show its end. Nothing happens when it is the same."""
        if room != self._room:
            self._room = room
            self._cache.clear()
            self._placed = []
            self._handle_cols, self._time_cols = self._handle_cols_least, 0
            self.to_end()

    def scroll(self, lines: int) -> None:
        """Scroll so many lines towards the beginning (negative: towards the end)."""
        self._scroll += lines

    def scroll_pages(self, pages: int) -> None:
        """Scroll so many screens; two lines stay in view, so that the eye finds its place."""
        self.scroll(pages * max(self._page - 2, 1))

    def to_end(self) -> None:
        """Show the end and follow it."""
        self._anchor = self._wanted = None
        self._scroll = 0

    def to_beginning(self, view: TranscriptView) -> None:
        """Show the first row that is here."""
        if view.length:
            self._wanted = None
            self._scroll = 0
            self._anchor = _Anchor(view.row(0).key, _BEYOND)

    def to_share(self, view: TranscriptView, share: float) -> None:
        """Show the row before which this share (0 … 1) of all rows stands: a click on the scroll bar."""
        if view.length:
            self._wanted = None
            self._scroll = 0
            index = min(max(round(share * (view.length - 1)), 0), view.length - 1)
            self._anchor = _Anchor(view.row(index).key, 0)

    def bring_into_view(self, key: Key) -> None:
        """Show the row with this key, in the middle when it is not in view now."""
        self._wanted = key

    # Drawing

    def draw(self, view: TranscriptView, cols: int, rows: int) -> list[Strip]:
        """Return the pane as `rows` strips of `cols` columns."""
        has_bar = cols >= _BAR_FROM_COLS
        inner = cols - 2 if has_bar else cols
        if not view.length or rows <= 0 or inner <= 0:
            self._placed = []
            return [blank(cols) for _ in range(max(rows, 0))]
        self._page = rows
        self._lay_out(view, inner, rows)
        lines = self._visible_lines(inner, rows)
        if not has_bar:
            return lines
        thumb = self._thumb(view.length, rows)
        return [
            [
                *line,
                (None, None, b" "),
                (Style.SCROLL_THUMB, None, "▐".encode()) if y in thumb else (None, None, b" "),
            ]
            for y, line in enumerate(lines)
        ]

    def _lay_out(self, view: TranscriptView, cols: int, rows: int) -> None:
        """Place the rows; again when one that came into view needs wider columns for its handle or time."""
        before = self._anchor, self._placed
        measure = None
        while measure != (self._time_cols, self._handle_cols):
            measure = (self._time_cols, self._handle_cols)
            share = share_out(cols, *measure)
            self._anchor, self._placed = before
            self._anchor, self._placed = self._place(view, share, rows)
        self._scroll = 0
        self._wanted = None

    def _place(self, view: TranscriptView, share: Columns, rows: int) -> tuple[_Anchor | None, list[_Placed]]:
        """Return the rows in view and what holds them there; None: they follow the end."""
        anchor = self._next_anchor(view, share, rows)
        if anchor is not None:
            placed = self._place_around(view, share, rows, anchor)
            if placed[-1].end > rows or placed[-1].index < view.length - 1:
                return _best_anchor(placed), placed
        return None, self._place_from_end(view, share, rows)

    def _next_anchor(self, view: TranscriptView, share: Columns, rows: int) -> _Anchor | None:
        """Return where to hold on to: the row that was asked for, else as before, moved by the scrolling."""
        if self._wanted is not None:
            in_view = next((placed for placed in self._placed if placed.key == self._wanted), None)
            if in_view is not None and 0 <= in_view.body_top < rows:
                return _Anchor(in_view.key, in_view.body_top)
            wanted = self._look(view, view.index_of(self._wanted), share)
            return _Anchor(self._wanted, max((rows - wanted.end) // 2, 0))
        if self._anchor is not None:
            return _Anchor(self._anchor.key, self._anchor.line + self._scroll)
        if self._scroll <= 0:
            return None
        last = self._look(view, view.length - 1, share)
        return _Anchor(last.key, rows - last.end + last.drawn.above + self._scroll)

    def _place_around(
        self, view: TranscriptView, share: Columns, rows: int, anchor: _Anchor
    ) -> list[_Placed]:
        held = self._look(view, view.index_of(anchor.key), share)
        placed = [held.moved(anchor.line - held.drawn.above)]
        while placed[0].top > 0 and placed[0].index > 0:
            upper = self._look(view, placed[0].index - 1, share)
            placed.insert(0, upper.moved(placed[0].top - upper.end))
        beyond = max(placed[0].top, 0)  # scrolled beyond the beginning
        placed = [row.moved(-beyond) for row in placed]
        while placed[-1].end < rows and placed[-1].index < view.length - 1:
            placed.append(self._look(view, placed[-1].index + 1, share).moved(placed[-1].end))
        return [row for row in placed if row.end > 0 and row.top < rows] or placed[-1:]

    def _place_from_end(self, view: TranscriptView, share: Columns, rows: int) -> list[_Placed]:
        placed: list[_Placed] = []
        top = rows
        for index in range(view.length - 1, -1, -1):
            row = self._look(view, index, share)
            top -= row.end
            placed.append(row.moved(top))
            if top <= 0:
                break
        placed.reverse()
        return placed

    def _look(self, view: TranscriptView, index: int, share: Columns) -> _Placed:
        """Return the row drawn, at line 0."""
        row = view.row(index)
        self._take_measure(row)
        is_selected = row.key == self.selected
        name = (row.key, share, is_selected)
        kept = self._cache.get(name)
        if kept is not None and (kept[0] is row or kept[0] == row):
            drawn = kept[1]
            self._cache.move_to_end(name)
        else:
            drawn = draw_row(row, share, self._emoji, is_selected=is_selected)
            self._cache[name] = (row, drawn)
            self._cache.move_to_end(name)
            if len(self._cache) > CACHED_ROWS:
                self._cache.popitem(last=False)
        return _Placed(index, row.key, row.kind in _PASSING, 0, drawn)

    def _take_measure(self, row: TranscriptRow) -> None:
        """Widen the columns of times and handles to what this row needs; they never shrink in a room."""
        wide = columns(row.handle) + (2 if row.mark else 0)
        if wide > self._handle_cols:
            self._handle_cols = min(wide, self._handle_cols_max)
        if len(row.time) > self._time_cols:
            self._time_cols = min(columns(row.time), _TIME_COLS_MAX)

    def _visible_lines(self, cols: int, rows: int) -> list[Strip]:
        lines: list[Strip] = [blank(cols) for _ in range(max(self._placed[0].top, 0))]
        for placed in self._placed:
            lines.extend(placed.drawn.strips[max(-placed.top, 0) :])
        return lines[:rows]

    def _thumb(self, length: int, rows: int) -> range:
        """Return the lines of the thumb: by its share of rows, since lines nobody sees were never counted."""
        first, last = self._placed[0], self._placed[-1]
        if first.index == 0 and last.index == length - 1 and first.top >= 0 and last.end <= rows:
            return range(0)
        begin = first.index + max(-first.top, 0) / len(first.drawn.strips)
        end = last.index + 1 - max(last.end - rows, 0) / len(last.drawn.strips)
        size = max(round(rows * (end - begin) / length), 1)
        top = round((rows - size) * begin / max(length - (end - begin), 1e-9))
        top = min(max(top, 0), rows - size)
        return range(top, top + size)

    # What is where

    @property
    def viewport(self) -> Viewport | None:
        """What the last drawing showed; None when there was nothing."""
        if not self._placed:
            return None
        return Viewport(self._placed[0].index, self._placed[-1].index, self._anchor is None)

    def row_at(self, line: int) -> int | None:
        """Return the index of the row drawn at `line` of the pane, or None."""
        if not 0 <= line < self._page:
            return None
        return next((placed.index for placed in self._placed if placed.top <= line < placed.end), None)


def _best_anchor(placed: list[_Placed]) -> _Anchor:
    """Return the first row in view that stays what it is when older messages arrive."""
    best = next((row for row in placed if not row.is_passing), placed[0])
    return _Anchor(best.key, best.body_top)
