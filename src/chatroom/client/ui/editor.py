"""A text editor of some lines: the composer, and the fields of dialogs.

urwid's `Edit` does the editing (readline keys, undo, kill and yank, completion, grapheme clusters); here it
gets our way of breaking lines, whole texts taken in as one step of undo, and a drawing of the part around
the cursor. Read next: `composer.py`.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Final

import urwid
from urwid.command_map import Command

from chatroom.client.ui.strips import Strip, columns, strip
from chatroom.client.ui.wrap import wrap_places

TEXT_CHARS_MAX: Final = 20_000
"""More than the server takes, so that its limit is met with a message and not with a dead key."""

_UNDO_STEPS: Final = 200
_COMPLETE_NEXT: Final = "<complete next>"
_COMPLETE_PREVIOUS: Final = "<complete previous>"

Segment = tuple[int, int | None] | tuple[int, int, int | bytes]
Completer = Callable[[str, int], Sequence[tuple[str, int]]]

_kills: list[str | bytes] = []  # what was deleted last can be put back in any editor


class _Layout(urwid.TextLayout):
    """Our way of breaking lines, as urwid wants it; the last column stays free for the cursor."""

    def supports_align_mode(self, align: str) -> bool:
        return align == "left"

    def supports_wrap_mode(self, wrap: str) -> bool:
        return wrap == "space"

    def layout(self, text: str | bytes, width: int, align: str, wrap: str) -> list[list[Segment]]:
        """Return for each line on the screen what of `text` stands in it and where it ends."""
        shown = text if isinstance(text, str) else text.decode()
        width = max(width - 1, 1)
        lines: list[list[Segment]] = []
        offset = 0
        for line in shown.split("\n"):
            places = wrap_places(line, width)
            # The blank at a break ends its line: the cursor behind it stands at the beginning of the next.
            ends = [first - 1 for first, _ in places[1:]] + [len(line)]
            for (first, last), end in zip(places, ends, strict=True):
                is_broken_word = end < last
                last += min(max(end - last, 0), max(width - columns(line[first:last]), 0))
                marker: list[Segment] = [(0, offset + last)]
                shown_cols = columns(line[first:last])
                if not shown_cols:  # nothing, or marks without a base: urwid takes no segment of no width
                    lines.append(marker)
                    continue
                segments: list[Segment] = [(shown_cols, offset + first, offset + last)]
                lines.append(segments if is_broken_word else segments + marker)
            offset += len(line) + 1
        return lines


class _Edit(urwid.Edit):
    """urwid's editor with readline keys and our own for completion; `pasting` goes in as if it were a key."""

    _command_map = urwid.CommandMap()
    _command_map.bind_readline()
    _command_map.bind(Command.LEFT, "ctrl b")
    _command_map.bind(Command.WORD_LEFT, "ctrl left")
    _command_map.bind(Command.WORD_RIGHT, "ctrl right")
    _command_map.bind(Command.COMPLETE_NEXT, _COMPLETE_NEXT)
    _command_map.bind(Command.COMPLETE_PREVIOUS, _COMPLETE_PREVIOUS)

    pasting = ""

    def valid_char(self, ch: str) -> bool:
        return ch == self.pasting or super().valid_char(ch)


class Editor:
    """An editor of one text. Keys and verbs change it; `draw` shows it."""

    def __init__(self, *, is_multiline: bool = True, completer: Completer | None = None) -> None:
        self._edit = _Edit(
            multiline=is_multiline,
            layout=_Layout(),
            undo_limit=_UNDO_STEPS,
            kill_buffer=_kills,
            max_length=TEXT_CHARS_MAX,
        )
        self._completer = completer
        self._cols = 80
        self._first_row = 0
        self._rows_below = 0

    @property
    def text(self) -> str:
        """What is written."""
        return str(self._edit.edit_text)

    @property
    def cursor(self) -> int:
        """The place of the cursor: so many characters stand before it."""
        return int(self._edit.edit_pos)

    # Verbs

    def reset(self, text: str, cursor: int | None = None) -> None:
        """Begin anew with `text`: nothing before can be brought back."""
        self._edit.set_edit_text(text[:TEXT_CHARS_MAX])
        self._edit.set_edit_pos(len(self.text) if cursor is None else min(cursor, len(self.text)))

    def take_over(self, text: str, cursor: int) -> None:
        """Put `text` in place of what is written; undo brings that back. Nothing happens to an equal text."""
        if text != self.text:
            self._edit.text_completer = lambda _text, _pos: [(text[:TEXT_CHARS_MAX], cursor)]
            self._edit.keypress((self._cols,), _COMPLETE_NEXT)
        self._edit.set_edit_pos(min(cursor, len(self.text)))

    def insert(self, text: str) -> None:
        """Put `text` in at the cursor, in one step of undo, as far as there is room for it."""
        text = text[: TEXT_CHARS_MAX - len(self.text)]
        if text:
            self._edit.pasting = text
            self._edit.keypress((self._cols,), text)
            self._edit.pasting = ""

    def press(self, key: str) -> bool:
        """Give the editor a key; whether it had a use for it."""
        return self._edit.keypress((self._cols,), key) is None

    def complete(self, step: int) -> bool:
        """Complete the word at the cursor, `step` 1 forward or -1 back; whether there was a way."""
        if self._edit.text_completer is not self._completer:  # to set it ends a completion
            self._edit.text_completer = self._completer
        return self.press(_COMPLETE_NEXT if step > 0 else _COMPLETE_PREVIOUS)

    @property
    def completion(self) -> tuple[Sequence[tuple[str, int]], int] | None:
        """The choices while completing, number 0 the text before, and which is chosen; else None."""
        cycle = self._edit.completion_cycle
        if cycle is None or self._completer is None or self._edit.text_completer is not self._completer:
            return None
        return [(str(text), cursor) for text, cursor in cycle[0]], cycle[1]

    # Drawing

    def rows(self, cols: int) -> int:
        """Return how many rows the text takes, `cols` columns wide."""
        return len(self._edit.get_line_translation(max(cols, 2)))

    @property
    def has_more_above(self) -> bool:
        """Whether rows of the text stand above what was drawn last."""
        return self._first_row > 0

    @property
    def has_more_below(self) -> bool:
        """Whether rows of the text stand below what was drawn last."""
        return self._rows_below > 0

    def draw(self, cols: int, rows: int, style: Hashable) -> tuple[list[Strip], tuple[int, int]]:
        """Return at most `rows` strips with the cursor in view, and its (column, row) in them."""
        self._cols = max(cols, 2)
        lines = self._edit.get_line_translation(self._cols)
        x, y = self._edit.get_cursor_coords((self._cols,)) or (0, 0)
        y = min(y, len(lines) - 1)
        self._first_row = min(max(self._first_row, y - rows + 1, 0), y, max(len(lines) - rows, 0))
        shown = lines[self._first_row : self._first_row + rows]
        self._rows_below = len(lines) - self._first_row - len(shown)
        strips = [strip(((style, self._part(line)),), cols) for line in shown]
        return strips, (min(x, max(cols - 1, 0)), y - self._first_row)

    def _part(self, line: Sequence[Segment]) -> str:
        """Return what of the text a line of the layout shows."""
        for segment in line:
            if len(segment) == 3 and isinstance(segment[2], int):
                return self.text[segment[1] : segment[2]]
        return ""
