"""The composer: the prompt and the editor of what is being written.

It keeps in step with the model in both directions: what is typed here is told to the model by `view.py`,
what the model changes (a completion list, a sent text, another room's draft) is taken over when its revision
grew. Read next: `editor.py`.
"""

from typing import Final

from chatroom.client.themes.styles import Style
from chatroom.client.ui.editor import Completer, Editor
from chatroom.client.ui.strips import Strip, columns, cut, strip
from chatroom.client.viewmodel.rows import ComposerView

_ROOMY_COLS: Final = 40  # from here on the prompt stands one column in, as everything above it does


class Composer:
    """The composer's widget state: the editor and what it last took from the model."""

    def __init__(self, completer: Completer) -> None:
        self.editor = Editor(completer=completer)
        self._view = ComposerView("", 0, -1, "❯", "")
        self._room: int | None = None

    def show(self, view: ComposerView, room: int) -> None:
        """Take over what the model says. Another room's draft cannot be undone into this one's."""
        if room != self._room:
            self.editor.reset(view.text, view.cursor)
        elif view.revision != self._view.revision:
            self.editor.take_over(view.text, view.cursor)
        self._view = view
        self._room = room

    def rows(self, cols: int) -> int:
        """Return how many rows the composer wants."""
        return self.editor.rows(cols - columns(self._prompt(cols)))

    def draw(self, cols: int, rows: int) -> tuple[list[Strip], tuple[int, int]]:
        """Return the composer as exactly `rows` strips, and the cursor's (column, row)."""
        prompt = self._prompt(cols)
        indent = columns(prompt)
        lines, (x, y) = self.editor.draw(cols - indent, rows, Style.COMPOSER)
        if not self.editor.text and self._view.placeholder:
            lines = [strip(((Style.PLACEHOLDER, self._view.placeholder),), cols - indent)]
        blank = strip((), cols - indent)
        lines += [blank] * (rows - len(lines))
        heads = [strip(((Style.PROMPT, prompt),), indent)] + [strip((), indent)] * (rows - 1)
        if rows > 1 and self.editor.has_more_above:
            heads[0] = _more("▴", indent)
        if rows > 1 and self.editor.has_more_below:
            heads[-1] = _more("▾", indent)
        return [head + line for head, line in zip(heads, lines, strict=True)], (x + indent, y)

    def _prompt(self, cols: int) -> str:
        """Return the prompt, cut where the text needs the room more."""
        prompt = self._view.prompt + " "
        if cols >= _ROOMY_COLS:
            prompt = " " + prompt
        return prompt if columns(prompt) <= cols // 3 else cut(self._view.prompt[-1:] + " ", cols // 4)


def _more(arrow: str, cols: int) -> Strip:
    """Return what stands beside a row when there are others beyond it, under the prompt."""
    return strip(((Style.PROMPT, f"{arrow} ".rjust(cols)[:cols]),), cols)
