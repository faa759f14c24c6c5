"""The composer: the text being written, a draft for every room, and the texts sent before.

The editor on the screen owns the cursor while somebody types; when the model changes the text, `revision`
grows and the editor takes it over. Nothing typed is ever lost here: a room left keeps its draft, a text
cleared or replaced is among the texts sent before. Read next: `completion.py`.
"""

from collections.abc import Mapping
from typing import Final

KEPT_INPUTS: Final = 300
"""Most texts kept for ↑: more than anybody walks back."""


class Composer:
    """The text of the current room, and what is kept of the others. `title` is the room's, "" for none."""

    def __init__(self, drafts: Mapping[str, str]) -> None:
        """Take the drafts of an earlier run, by room title."""
        self.title = ""
        self.text = ""
        self.cursor = 0
        self.revision = 0
        self.inputs: list[str] = []
        self._drafts = {title: text for title, text in drafts.items() if text.strip()}
        self._place: int | None = None  # in `inputs`, while walking through them
        self._unsent = ""  # what stood here before the walk

    def edited(self, text: str, cursor: int) -> None:
        """Somebody typed: the editor has this text now."""
        if text != self.text:
            self._end_walk()
        self.text = text
        self.cursor = cursor

    def put(self, text: str, cursor: int | None = None) -> None:
        """Make this the text; the cursor goes to its end if not said otherwise."""
        self.text = text
        self.cursor = len(text) if cursor is None else cursor
        self.revision += 1

    def insert(self, text: str, *, on_own_lines: bool = False) -> None:
        """Put `text` in at the cursor, `on_own_lines` with line ends around it where there are none."""
        self._end_walk()
        before, after = self.text[: self.cursor], self.text[self.cursor :]
        if on_own_lines and before and not before.endswith("\n"):
            before += "\n"
        if on_own_lines and after and not after.startswith("\n"):
            after = "\n" + after
        self.put(before + text + after, len(before + text))

    def with_inserted(self, text: str) -> str:
        """Return what `insert` would make."""
        return self.text[: self.cursor] + text + self.text[self.cursor :]

    def switch(self, title: str) -> None:
        """Another room is current: keep the draft of the one left, bring back that of the new one."""
        if title == self.title:
            return
        self._keep_draft()
        self.title = title
        self._place = None
        self.put(self._drafts.get(title, ""))

    def take(self) -> str:
        """Return the text and empty the composer; the text is among those sent before."""
        text = self.text
        self._end_walk()
        self.remember(text)
        self.put("")
        return text

    def remember(self, text: str) -> None:
        """Keep a text for ↑."""
        if text.strip() and self.inputs[-1:] != [text]:
            self.inputs.append(text)
            del self.inputs[:-KEPT_INPUTS]

    def forget_draft(self, title: str) -> None:
        """What was typed in a room that is no longer current has done its work."""
        self._drafts.pop(title, None)

    def give_back(self, title: str, text: str) -> bool:
        """A text of the room `title` was not sent after all: it is the draft again if there is no other.

        False: there is one; the text can be reached with ↑.
        """
        self.remember(text)
        if title == self.title and not self.text:
            self.put(text)
            return True
        if title != self.title and not self._drafts.get(title):
            self._drafts[title] = text
            return True
        return False

    def older(self) -> bool:
        """Show the text sent before the one shown; False when there is none."""
        place = len(self.inputs) if self._place is None else self._place
        if place == 0:
            return False
        if self._place is None:
            self._unsent = self.text
        self._walk_to(place - 1)
        return True

    def newer(self) -> bool:
        """Show the text sent after the one shown, and at the end what was being written; False when it is
        shown.
        """
        if self._place is None:
            return False
        if self._place + 1 < len(self.inputs):
            self._walk_to(self._place + 1)
        else:
            self._place = None
            self.put(self._unsent)
        return True

    def drafts(self) -> dict[str, str]:
        """Return all drafts by room title."""
        self._keep_draft()
        return dict(self._drafts)

    def has_draft(self, title: str) -> bool:
        """Whether something typed waits in a room that is not the current one."""
        return title != self.title and title in self._drafts

    def _end_walk(self) -> None:
        """The text shown is a new one now; what was being written before the walk is kept with those sent."""
        if self._place is not None:
            self._place = None
            self.remember(self._unsent)

    def _walk_to(self, place: int) -> None:
        self.put(self.inputs[place])
        self._place = place

    def _keep_draft(self) -> None:
        text = (
            self._unsent if self._place is not None and self.text == self.inputs[self._place] else self.text
        )
        if self.title and text.strip():
            self._drafts[self.title] = text
        else:
            self._drafts.pop(self.title, None)
