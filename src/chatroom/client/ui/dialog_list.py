"""The list in a dialog: rows one chooses from, and rows that are only read, which are wrapped and scrolled.

Here lives also what a line on the ground of a dialog is made of. Read next: `dialogs.py`.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import Strip, columns, layered, shorten, strip
from chatroom.client.ui.wrap import wrap_spans
from chatroom.client.viewmodel.dialogs import Dialog, DialogRow

_INDENT_COLS: Final = 4
_ON_DIALOG: Final = {
    Style.TEXT: Style.DIALOG_TEXT,
    Style.DIM: Style.DIALOG_DIM,
    Style.NOTE: Style.DIALOG_DIM,
}


class DialogList:
    """The list of the open dialog: how far it is scrolled, and what the last drawing showed of it."""

    def __init__(self, emoji: Emoji) -> None:
        self._emoji = emoji
        self.first = 0
        """The first row in view; of a list that is only read, the first line."""
        self.rows = 1
        """How many lines are in view."""
        self.thumb = range(0)
        """The lines in view beside which the scroll bar has its thumb; none when all of them are."""

    def scroll(self, rows: int) -> None:
        """Scroll a list in which nothing is chosen: so many rows down."""
        self.first = max(self.first + rows, 0)

    def scroll_pages(self, pages: int) -> None:
        """Scroll so many times what is in view."""
        self.scroll(pages * max(self.rows - 1, 1))

    def draw(self, dialog: Dialog, cols: int, rows: int) -> list[Strip]:
        """Return the part of the list in view, the chosen row in it; a list that is only read is wrapped."""
        if dialog.selected < 0:
            indents = _indents(dialog.rows)
            pairs = zip(dialog.rows, indents, strict=True)
            lines = [line for row, indent in pairs for line in self._read_row(row, cols, indent)]
            self.rows = min(rows, len(lines))
            self.first = min(max(self.first, 0), len(lines) - self.rows)
            self.thumb = _thumb(self.first, self.rows, len(lines))
            return lines[self.first : self.first + self.rows]
        rows = self.rows = min(rows, len(dialog.rows))
        self.first = min(max(self.first, dialog.selected - rows + 1), dialog.selected)
        if dialog.selected == 1 and dialog.rows[0].is_heading and rows > 1:
            self.first = 0
        self.first = min(max(self.first, 0), len(dialog.rows) - rows)
        self.thumb = _thumb(self.first, rows, len(dialog.rows))
        shown = dialog.rows[self.first : self.first + rows]
        return [
            self._row(row, cols, is_selected=self.first + place == dialog.selected)
            for place, row in enumerate(shown)
        ]

    def _read_row(self, row: DialogRow, cols: int, indent: int) -> list[Strip]:
        """Return a row of a list that is only read: its first span left, the rest wrapped beside it.

        `indent` is where the rest begins in most rows; beside a wider first span it begins a line below.
        """
        if row.right:
            return [self._row(row, cols, is_selected=False)]
        spans = [(on_dialog(style), self._emoji.fit(text)) for style, text in row.spans]
        if len(spans) < 2:
            return [dialog_line(line, cols) for line in wrap_spans(spans, cols)]
        head, rest = spans[0], spans[1:]
        indent = indent if indent <= cols // 2 else min(_INDENT_COLS, cols // 4)
        pad = " " * indent
        lines = [dialog_line(((None, pad), *line), cols) for line in wrap_spans(rest, cols - indent)]
        if columns(head[1]) > indent:
            return [dialog_line((head,), cols), *lines]
        beside = wrap_spans(rest, cols - indent)[0]
        return [dialog_line((head, (None, pad[columns(head[1]) :]), *beside), cols), *lines[1:]]

    def _row(self, row: DialogRow, cols: int, *, is_selected: bool) -> Strip:
        needed = sum(columns(self._emoji.fit(text)) for _, text in row.spans)
        right = shorten(row.right, max(cols // 2, cols - needed - 1))
        left: list[tuple[Hashable, str]] = []
        room = cols - (columns(right) + 1 if right else 0)
        for style, text in row.spans:
            text = shorten(self._emoji.fit(text), room)
            shown = on_dialog(style)
            left.append((None if is_selected and shown is Style.DIALOG_DIM else shown, text))
            room -= columns(text)
        ground = Style.SELECTED if is_selected else None  # on which grey is hard to read
        gap = " " * (room + 1 if right else room)
        return dialog_line((*left, (None, gap), (ground or Style.DIALOG_DIM, right)), cols, ground)


def _indents(rows: Sequence[DialogRow]) -> list[int]:
    """Return for each row where what stands beside its first span begins in most rows under its heading."""
    indents: list[int] = []
    section: list[int] = []
    for row in (*rows, DialogRow((), is_heading=True)):
        if row.is_heading and section:
            heads = Counter(width for width in section if width)
            indents += [heads.most_common(1)[0][0] if heads else 0] * len(section)
            section = []
        section.append(columns(row.spans[0][1]) if len(row.spans) > 1 else 0)
    return indents


def _thumb(first: int, shown: int, total: int) -> range:
    """Return which of the lines `shown` have the scroll bar's thumb beside them; none when all are there."""
    if shown >= total or shown <= 0:
        return range(0)
    size = max(shown * shown // total, 1)
    top = round((shown - size) * first / (total - shown))
    return range(top, top + size)


def dialog_line(spans: Sequence[tuple[Hashable, str]], cols: int, ground: Hashable = None) -> Strip:
    """Return a strip on the dialog's ground, or on `ground` above it."""
    line = strip(spans, cols, ground)
    return grounded(line, Style.DIALOG)


def grounded(line: Strip, ground: Hashable) -> Strip:
    """Return a strip laid on a ground."""
    return [(layered(attr, ground), charset, text) for attr, charset, text in line]


def on_dialog(style: Style) -> Style:
    """Return the style of a span of plain text on a dialog's ground."""
    return _ON_DIALOG.get(style, style)
