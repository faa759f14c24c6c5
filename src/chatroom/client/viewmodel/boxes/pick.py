"""A dialog that is a list to choose from, with a line of text that narrows it.

The room switcher, the list of rooms, the members of a room and the texts sent before are such lists; what
differs is the entries. Read next: `lists.py`, which makes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from chatroom.client.commands.actions import Action
from chatroom.client.viewmodel.boxes.answers import Answer, Close
from chatroom.client.viewmodel.dialogs import Dialog, DialogKind, DialogRow, Field
from chatroom.client.viewmodel.fuzzy import fuzzy_score

PAGE_ROWS: Final = 10
"""How far a page key moves: the model does not know how many rows the screen shows."""

STEPS: Final = {
    Action.DIALOG_UP: -1,
    Action.DIALOG_DOWN: 1,
    Action.DIALOG_PREVIOUS: -1,
    Action.DIALOG_NEXT: 1,
    Action.DIALOG_PAGE_UP: -PAGE_ROWS,
    Action.DIALOG_PAGE_DOWN: PAGE_ROWS,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its row, the text the typed letters are looked for in, and the answer it gives."""

    row: DialogRow
    name: str
    answer: Answer


class PickBox:
    """See the text of this module. `empty` stands there when there are no entries; `otherwise` makes an
    answer of the typed text when none fits.
    """

    def __init__(
        self,
        kind: DialogKind,
        identity: int,
        title: str,
        entries: Sequence[Entry],
        *,
        label: str = "",
        empty: str = "",
        note: str = "",
        selected: int = 0,
        query: str = "",
        otherwise: Callable[[str], Answer | None] = lambda typed: None,
    ) -> None:
        self._kind = kind
        self._identity = identity
        self._title = title
        self._entries = entries
        self._label = label
        self._empty = empty
        self._note = note
        self._otherwise = otherwise
        self._query = query
        self._shown = list(entries)
        self._selected = selected
        if query:
            self.edited(query)

    @property
    def kind(self) -> DialogKind:
        """Which list it is."""
        return self._kind

    def set_entries(self, entries: Sequence[Entry], empty: str) -> None:
        """Other entries are there now, which were asked for when the dialog was opened."""
        self._entries = entries
        self._empty = empty
        self.edited(self._query)

    def view(self) -> Dialog:
        """Return what is to be drawn."""
        note = self._note if self._shown else self._empty
        return Dialog(
            kind=self._kind,
            identity=self._identity,
            title=self._title,
            fields=(Field(self._label, self._query),),
            rows=tuple(entry.row for entry in self._shown),
            selected=self._selected if self._shown else -1,
            note=note,
        )

    def act(self, action: Action) -> Answer | None:
        """Move the selection, choose, or close."""
        if action in STEPS and self._shown:
            step = STEPS[action]
            count = len(self._shown)
            around = (self._selected + step) % count
            self._selected = around if abs(step) == 1 else max(0, min(count - 1, self._selected + step))
        elif action is Action.DIALOG_ACCEPT:
            return self.picked(self._selected) if self._shown else self._otherwise(self._query.strip())
        elif action is Action.DIALOG_CANCEL:
            return Close()
        return None

    def edited(self, text: str) -> Answer | None:
        """Narrow the list to what fits the text, the best first."""
        self._query = text
        self._selected = 0
        if not text.strip():
            self._shown = list(self._entries)
            return None
        scored = ((fuzzy_score(text, entry.name), entry) for entry in self._entries)
        fitting = [(score, entry) for score, entry in scored if score is not None]
        fitting.sort(key=lambda pair: -pair[0])
        self._shown = [entry for _, entry in fitting]
        return None

    def letter(self, letter: str) -> Answer | None:
        """There is a line of text, so nothing."""
        return None

    def picked(self, row: int) -> Answer | None:
        """Choose a row."""
        return self._shown[row].answer if 0 <= row < len(self._shown) else None
