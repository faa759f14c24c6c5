"""One row of the transcript as strips: time, mark and handle to the left, the text wrapped beside them.

    ▌16:44 …  grace │text text text      gutter, time, mark and handle, text
    ▌               │continued

What stands where depends on the width alone (`Columns`); the lines for a new day and for new messages belong
to the row they stand above. Pure: a row in, strips out, cached by `pane.py`. Read next: `pane.py`.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import Strip, columns, layered, right_aligned, shorten, strip
from chatroom.client.ui.wrap import wrap_spans
from chatroom.client.viewmodel.rows import RowKind, SpanLine, TranscriptRow

_HANDLE_STYLES: Final = {
    RowKind.NOTE: Style.NOTE,
    RowKind.GAP: Style.GAP,
    RowKind.LOADING: Style.LOADING,
    RowKind.BEGINNING: Style.BEGINNING,
}


@dataclass(frozen=True, slots=True)
class Columns:
    """How the width of the transcript is shared out; 0 columns: not shown."""

    cols: int
    gutter: int
    time: int
    handle: int

    @property
    def text(self) -> int:
        """The first column of the text."""
        return self.gutter + self.time + self.handle

    @property
    def is_inline(self) -> bool:
        """Whether handles stand in the text, because there is no room for a column of them."""
        return self.handle == 0


def share_out(cols: int, time_cols: int, handle_cols: int) -> Columns:
    """Return the columns for a transcript `cols` wide.

    `time_cols` and `handle_cols` are the widest time and handle there are; the column of handles is as wide
    as they need, but never wider than leaves the text most of the line. One blank follows each.
    """
    gutter = 1 if cols >= 16 else 0
    time = time_cols + 1 if time_cols and cols >= 40 else 0
    if cols < 26:
        return Columns(cols, gutter, time, 0)
    widest = 8 if cols < 40 else 10 if cols < 60 else handle_cols
    return Columns(cols, gutter, time, min(handle_cols, widest) + 1)


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """The strips of one row; the first `above` of them are the lines that stand above the message itself."""

    strips: tuple[Strip, ...]
    above: int


def draw_row(row: TranscriptRow, share: Columns, emoji: Emoji, *, is_selected: bool = False) -> DrawnRow:
    """Return the row drawn `share.cols` wide: at least one strip besides those above."""
    above = []
    if row.day:
        above.append(_day_line(row.day, share.cols))
    if row.is_first_unread:
        above.append(_unread_line(share.cols))
    ground = Style.SELECTED if is_selected else Style.MENTION_ROW if row.is_mention else None
    return DrawnRow((*above, *_body(row, share, emoji, ground)), len(above))


def _day_line(day: str, cols: int) -> Strip:
    title = f" {shorten(day, max(cols - 8, 0))} "
    left = max((cols - columns(title)) // 2, 0)
    right = max(cols - left - columns(title), 0)
    return strip(((Style.RULE, "─" * left), (Style.DAY, title), (Style.RULE, "─" * right)), cols)


def _unread_line(cols: int) -> Strip:
    title = " new messages " if cols >= 30 else " new "
    left = max(cols - columns(title) - 1, 0)
    return strip(((Style.UNREAD_LINE, "─" * left + title + "─"),), cols)


def _body(row: TranscriptRow, share: Columns, emoji: Emoji, ground: Hashable) -> list[Strip]:
    strips: list[Strip] = []
    for index, spans in enumerate(row.lines):
        is_code = row.is_code or index in row.code_lines
        spans = _fitted(row, spans, emoji)
        if share.is_inline and index == 0:
            if is_code:
                strips.append(strip(_inline_head(row), share.cols, ground))
            else:
                spans = _inline_head(row) + spans
        if is_code:
            strips.extend(_code_lines(spans, share, ground, row if not strips else None))
            continue
        for line in wrap_spans(spans, share.cols - share.text):
            head = _head(row if not strips else None, share, ground)
            strips.append(strip((*head, *line), share.cols, ground))
    return strips


def _fitted(row: TranscriptRow, spans: SpanLine, emoji: Emoji) -> SpanLine:
    """Return the spans as this terminal can show them, waiting text in the style of its kind."""
    return tuple((_toned(row, style), emoji.fit(text)) for style, text in spans)


def _toned(row: TranscriptRow, style: Style) -> Style:
    return Style.WAITING if row.kind is RowKind.WAITING and style is Style.TEXT else style


def _head(row: TranscriptRow | None, share: Columns, ground: Hashable) -> tuple[tuple[Hashable, str], ...]:
    """Return what stands left of the text: of the first line with `row`, of a later one without."""
    if row is None:
        return ((None, " " * share.text),)
    bar = "▌" if row.is_mention else " "
    head: list[tuple[Hashable, str]] = [(Style.MENTION, bar[: share.gutter])]
    if share.time:
        time_style = None if ground is Style.SELECTED else Style.TIME  # grey on a choice is hard to read
        time = shorten(row.time, share.time - 1)
        head.append((time_style, time + " " * (share.time - columns(time))))
    if share.handle:
        head.extend(_handle_cell(row, share.handle - 1))
        head.append((None, " "))
    return tuple(head)


def _handle_cell(row: TranscriptRow, cols: int) -> tuple[tuple[Hashable, str], ...]:
    """Return the handle pushed to the right, the mark before it when there is one."""
    style = _HANDLE_STYLES.get(row.kind, row.handle_style)
    if not row.mark:
        return ((style, right_aligned(row.handle, cols)),)
    mark_style = _mark_style(row)
    if not row.handle:
        return ((mark_style, right_aligned(row.mark, cols)),)
    handle = shorten(row.handle, cols - 2)
    return ((mark_style, right_aligned(row.mark, cols - 1 - columns(handle))), (style, " " + handle))


def _mark_style(row: TranscriptRow) -> Style:
    return Style.LOADING if row.kind is RowKind.LOADING else Style.MARK_WAITING


def _inline_head(row: TranscriptRow) -> SpanLine:
    spans: list[tuple[Style, str]] = []
    if row.mark:
        spans.append((_mark_style(row), row.mark + " "))
    if row.handle:
        spans.append((_HANDLE_STYLES.get(row.kind, row.handle_style), row.handle + " "))
    return tuple(spans)


def _code_lines(spans: SpanLine, share: Columns, ground: Hashable, row: TranscriptRow | None) -> list[Strip]:
    """Return a line of code on its own ground, which goes to the right end; one blank stands before the
    code.
    """
    code_ground = layered(Style.CODE_GROUND, ground)
    inner = share.cols - share.text
    pad = " " if inner >= 12 else ""
    shown = [
        (Style.CODE_LANGUAGE if style is Style.CODE_LANGUAGE else Style.CODE_GROUND, text)
        for style, text in spans
    ]
    strips: list[Strip] = []
    for line in wrap_spans(shown, inner - len(pad), is_code=True):
        head = strip(_head(row if not strips else None, share, ground), share.text, ground)
        strips.append([*head, *strip(((None, pad), *line), inner, code_ground)])
    return strips
