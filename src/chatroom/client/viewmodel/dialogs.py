"""Dialogs as data: what a box above the screen shows, and the verbs of whoever has one open.

A dialog has lines of text to edit (`fields`), rows to choose from, and choices (buttons with a letter); any
of them may be absent. The values here are drawn; what a key does to them is in the modules that make them.
Read next: `screen.py`, `first_run.py`.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from chatroom.client.commands.actions import Action
from chatroom.client.viewmodel.effects import Effect
from chatroom.client.viewmodel.rows import SpanLine


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: `mono_s` seconds of a clock that never goes back, `wall_ms` milliseconds since 1970."""

    mono_s: float
    wall_ms: int


class DialogKind(Enum):
    """Which dialog it is; a theme or a test may care, drawing need not."""

    HELP = "help"
    SWITCHER = "switcher"
    ROOM_LIST = "room list"
    SEARCH = "search"
    INPUT_HISTORY = "input history"
    MEMBERS = "members"
    WELCOME = "welcome"
    INVITATION = "invitation"
    PASTE = "paste"
    DEVICES = "devices"
    REVOKE = "revoke"
    LINK = "link"
    ALARM = "alarm"
    QUIT = "quit"
    TRUST = "trust"
    FIRST_RUN = "first run"


@dataclass(frozen=True, slots=True)
class Field:
    """A line of text to edit. The editor takes over `text` when the dialog is new or its `revision` grew."""

    label: str
    text: str
    placeholder: str = ""
    fault: str = ""  # why the text cannot be accepted, shown under the field


@dataclass(frozen=True, slots=True)
class DialogRow:
    """One row of the list: `spans` to the left, `right` dim at the right end. A heading cannot be chosen."""

    spans: SpanLine
    right: str = ""
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: pressing `letter` (lower case) is the same as choosing it; it has none where that is ""."""

    letter: str
    label: str


@dataclass(frozen=True, slots=True)
class Dialog:
    """All that is to be drawn of one dialog.

    `identity` differs between two openings; `revision` grows when the texts of `fields` were changed by the
    model. `text` stands above the rest. `focus` is the field that has the cursor. `selected` is the row
    chosen, -1 for none: rows then only scroll (help), which the screen does by itself from `dialog_up`,
    `dialog_down` and the page keys. `note` is one line under everything ("Enter opens · Esc closes").
    """

    kind: DialogKind
    identity: int
    title: str
    text: tuple[SpanLine, ...] = ()
    fields: tuple[Field, ...] = ()
    focus: int = 0
    revision: int = 0
    rows: tuple[DialogRow, ...] = ()
    selected: int = -1
    choices: tuple[Choice, ...] = ()
    choice: int = 0
    note: str = ""
    is_alarm: bool = False  # a warning: the server's key changed


class DialogOwner(Protocol):
    """Whoever may have a dialog open: the screen model, and the questions of the first run."""

    @property
    def dialog(self) -> Dialog | None:
        """The open dialog, or None."""

    def perform(self, action: Action, moment: Moment) -> list[Effect]:
        """Carry out an action; those of the dialog context go to the open dialog."""

    def dialog_edited(self, field: int, text: str, moment: Moment) -> list[Effect]:
        """The text of a field is now `text`."""

    def dialog_letter(self, letter: str, moment: Moment) -> list[Effect]:
        """A printable key was pressed in a dialog without fields: choose the button with that letter, if
        any.
        """

    def dialog_picked(self, row: int, moment: Moment) -> list[Effect]:
        """A row was clicked: choose it, as `dialog_accept` would."""
