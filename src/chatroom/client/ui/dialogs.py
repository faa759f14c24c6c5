"""Dialogs: one drawing for every box above the screen, from the data the view model gives.

    ╭─ Title ─────────────╮
    │ text, wrapped       │   then fields with their faults, a list that scrolls, buttons
    ╰───────── what to do ╯

Here lives the drawing, the editors of the fields and how far a list is scrolled; what a key does is the
model's. Read next: `view.py`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from chatroom.client.themes.styles import Style
from chatroom.client.ui.dialog_list import DialogList, dialog_line, grounded, on_dialog
from chatroom.client.ui.editor import Editor
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.layout import Area
from chatroom.client.ui.strips import Strip, columns, layered, shorten, strip
from chatroom.client.ui.wrap import wrap_spans
from chatroom.client.viewmodel.dialogs import Choice, Dialog, DialogKind

_COLS_MAX: Final = 88
_COLS_LEAST: Final = 36
_FIELD_COLS_LEAST: Final = 24
_TYPED_COLS_LEAST: Final = 8  # a label that leaves less to type in is not shown
# While one types into these their rows come and go: they keep their width, and their top stays where it is.
_GROWING: Final = frozenset(
    {DialogKind.SWITCHER, DialogKind.ROOM_LIST, DialogKind.SEARCH, DialogKind.INPUT_HISTORY}
)
_LIST_TOP: Final = 5
_ROOMY_ROWS: Final = 20  # from here on a line above and below a dialog stays free
_EDGES: Final = 4  # │ and a blank on both sides


@dataclass(frozen=True, slots=True)
class DrawnDialog:
    """A dialog drawn: where it stands, its strips, and the cursor on the whole screen when a field has it."""

    area: Area
    strips: list[Strip]
    cursor: tuple[int, int] | None


class DialogPane:
    """The one open dialog as the ui sees it. `show` before every drawing."""

    def __init__(self, emoji: Emoji) -> None:
        self._emoji = emoji
        self._dialog: Dialog | None = None
        self.editors: list[Editor] = []
        """The editors of the fields."""
        self.list = DialogList(emoji)
        """The list of the dialog."""
        self._row_at: dict[int, int] = {}  # line of the screen → row of the list
        self._choice_at: list[tuple[Area, Choice]] = []
        self._choice_spans: list[tuple[int, int, Choice]] = []  # (column, columns, button)

    def show(self, dialog: Dialog | None) -> None:
        """Take over what the model says."""
        before = self._dialog
        self._dialog = dialog
        if dialog is None:
            self.editors = []
        elif before is None or before.identity != dialog.identity or len(self.editors) != len(dialog.fields):
            self.editors = [Editor(is_multiline=False) for _ in dialog.fields]
            self.list.first = 0
            for editor, field in zip(self.editors, dialog.fields, strict=True):
                editor.reset(field.text)
        elif before.revision != dialog.revision:
            for editor, field in zip(self.editors, dialog.fields, strict=True):
                editor.take_over(field.text, len(field.text))

    @property
    def focused(self) -> tuple[int, Editor] | None:
        """The field that has the cursor: its number and its editor."""
        if self._dialog is None or not self.editors:
            return None
        focus = min(self._dialog.focus, len(self.editors) - 1)
        return focus, self.editors[focus]

    # Drawing

    def draw(self, cols: int, rows: int) -> DrawnDialog | None:
        """Return the dialog drawn for a screen of that size; None when there is none or no room at all."""
        dialog = self._dialog
        if dialog is None or cols < 3 or rows < 3:
            return None
        margin = 1 if rows >= _ROOMY_ROWS else 0
        return self._draw(dialog, cols, rows - 2 * margin, margin)

    def _draw(self, dialog: Dialog, cols: int, rows: int, margin: int) -> DrawnDialog:
        """Return the dialog drawn for `rows` rows that begin at line `margin` of the screen."""
        width = _width(dialog, cols)
        inner = width - _EDGES if width > 12 else width - 2
        head, cursor = self._head(dialog, inner)
        feet = self._buttons(dialog, inner)
        room = max(rows - 2 - len(head) - len(feet), 0)
        body = self.list.draw(dialog, inner, room)
        content = (head + body + feet)[: rows - 2]
        free = rows - len(content) - 2
        top = min(rows // _LIST_TOP, free) if dialog.kind in _GROWING else free // 2
        area = Area((cols - width) // 2, top + margin, width, len(content) + 2)
        self._note_places(area, len(head), len(body), inner)
        thumb = range(len(head) + self.list.thumb.start, len(head) + self.list.thumb.stop)
        strips = _framed(dialog, content, width, inner, thumb)
        if cursor is not None:
            place = (area.left + (width - inner) // 2 + cursor[0], area.top + 1 + cursor[1])
            cursor = place if cursor[1] < len(content) else None
        return DrawnDialog(area, strips, cursor)

    def _head(self, dialog: Dialog, cols: int) -> tuple[list[Strip], tuple[int, int] | None]:
        """Return text and fields, and where the cursor is in them."""
        lines: list[Strip] = []
        for spans in dialog.text:
            fitted = [(on_dialog(style), self._emoji.fit(text)) for style, text in spans]
            lines += [dialog_line(line, cols) for line in wrap_spans(fitted, cols)]
        if lines and (dialog.fields or dialog.rows):
            lines.append(dialog_line((), cols))
        cursor = None
        label_cols = max((columns(field.label) + 1 for field in dialog.fields if field.label), default=0)
        if label_cols > cols - _TYPED_COLS_LEAST:
            label_cols = 0
        for number, (field, editor) in enumerate(zip(dialog.fields, self.editors, strict=True)):
            room = cols - label_cols
            strips, (x, _) = editor.draw(room, 1, Style.DIALOG_FIELD)
            if not editor.text and field.placeholder:
                strips = [strip(((Style.PLACEHOLDER, field.placeholder),), room)]
            on_field = strip((), room, Style.DIALOG_FIELD)
            shown = strips[0] if strips else on_field
            label = strip(((Style.DIALOG_DIM, field.label),), label_cols, Style.DIALOG)
            if number == dialog.focus:
                cursor = (min(label_cols + x, cols - 1), len(lines))
            lines.append([*label, *grounded(shown, Style.DIALOG_FIELD)])
            if field.fault:
                faults = wrap_spans(((Style.DIALOG_ERROR, field.fault),), max(cols - label_cols, 2))
                lines += [dialog_line(((None, " " * label_cols), *line), cols) for line in faults]
        if dialog.fields and dialog.rows:
            lines.append(dialog_line((), cols))
        return lines, cursor

    def _buttons(self, dialog: Dialog, cols: int) -> list[Strip]:
        self._choice_spans = []
        if not dialog.choices:
            return []
        spans: list[tuple[Hashable, str]] = []
        at = 0
        for number, choice in enumerate(dialog.choices):
            ground = Style.SELECTED if number == dialog.choice else Style.DIALOG_FIELD
            letter = f" {choice.letter}" if choice.letter else ""
            label = f" {choice.label} "
            width = columns(letter) + columns(label)
            self._choice_spans.append((at, width, choice))
            spans += [(layered(Style.DIALOG_KEY, ground), letter), (ground, label), (None, "  ")]
            at += width + 2
        return [dialog_line((), cols), dialog_line(spans, cols)]

    def _note_places(self, area: Area, head_rows: int, list_rows: int, inner: int) -> None:
        """Remember what a click at which place means."""
        top = area.top + 1 + head_rows
        self._row_at = {top + place: self.list.first + place for place in range(list_rows)}
        left = area.left + (area.cols - inner) // 2
        row = area.top + area.rows - 2
        self._choice_at = [
            (Area(left + at, row, width, 1), choice) for at, width, choice in self._choice_spans
        ]

    # What is where

    def row_at(self, line: int) -> int | None:
        """Return the row of the list drawn at this line of the screen."""
        return self._row_at.get(line)

    def choice_at(self, col: int, row: int) -> Choice | None:
        """Return the button at this place of the screen."""
        return next((choice for area, choice in self._choice_at if area.holds(col, row)), None)


def _width(dialog: Dialog, cols: int) -> int:
    """Return how wide the dialog wants to be and may be."""
    texts = [sum(columns(text) for _, text in spans) for spans in dialog.text]
    rows = [
        sum(columns(text) for _, text in row.spans) + (columns(row.right) + 2 if row.right else 0)
        for row in dialog.rows
    ]
    fields = [columns(field.label) + 1 + _FIELD_COLS_LEAST for field in dialog.fields]
    buttons = sum(columns(choice.letter) + columns(choice.label) + 5 for choice in dialog.choices)
    edges = [columns(dialog.title) + 4, columns(dialog.note) + 4, buttons]
    wanted = max([*texts, *rows, *fields, *edges, _COLS_LEAST]) + _EDGES
    if dialog.kind in _GROWING:
        wanted = _COLS_MAX
    margin = 4 if cols >= 60 else 0
    return min(wanted, _COLS_MAX, cols - margin)


def _framed(dialog: Dialog, content: Sequence[Strip], width: int, inner: int, thumb: range) -> list[Strip]:
    """Return the content inside its edges: title above, note below, the thumb of its list at the right."""
    edge = Style.DIALOG_WARNING if dialog.is_alarm else Style.DIALOG_EDGE
    title_style = Style.DIALOG_WARNING if dialog.is_alarm else Style.DIALOG_TITLE
    title = shorten(dialog.title, width - 6)
    title = f" {title} " if title else ""
    rest = width - 3 - columns(title)
    top = dialog_line(((edge, "╭─"), (title_style, title), (edge, "─" * rest + "╮")), width)
    note = shorten(dialog.note, width - 6)
    note = f" {note} " if note else ""
    rest = width - 3 - columns(note)
    bottom = dialog_line(((edge, "╰" + "─" * rest), (Style.DIALOG_DIM, note), (edge, "─╯")), width)
    pad = " " * ((width - inner - 2) // 2)
    left = dialog_line(((edge, "│"), (None, pad)), 1 + len(pad))
    right = dialog_line(((None, pad), (edge, "│")), 1 + len(pad))
    bar = dialog_line(((None, pad), (Style.SCROLL_THUMB, "▐")), 1 + len(pad))
    lines = ([*left, *line, *(bar if at in thumb else right)] for at, line in enumerate(content))
    return [top, *lines, bottom]
