"""Help, made of the tables of keys and commands; and other texts that are only read.

Read next: `chatroom.client.commands.actions`, `chatroom.client.commands.slash`.
"""

from collections.abc import Sequence
from typing import Final

from chatroom.client.commands.actions import ACTIONS, ROOM_ACTIONS, Action, Context
from chatroom.client.commands.keymap import EDITING_KEYS, Keymap
from chatroom.client.commands.keynames import key_title
from chatroom.client.commands.slash import COMMANDS
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.boxes.answers import Answer, Close
from chatroom.client.viewmodel.dialogs import Dialog, DialogKind, DialogRow

CONTEXT_TITLES: Final = {
    Context.MAIN: "Keys",
    Context.SELECT: "Keys while a message is chosen",
    Context.DIALOG: "Keys in a dialog",
}

KEY_COLUMNS: Final = 20
COMMAND_COLUMNS: Final = 32


class ReadingBox:
    """A dialog that is only read: any answer closes it. The screen scrolls it by itself."""

    def __init__(self, kind: DialogKind, identity: int, title: str, rows: Sequence[DialogRow]) -> None:
        self._view = Dialog(kind, identity, title, rows=tuple(rows), note="Esc closes")

    def view(self) -> Dialog:
        """Return what is to be drawn."""
        return self._view

    def act(self, action: Action) -> Answer | None:
        """Close, with Esc or Enter."""
        return Close() if action in (Action.DIALOG_ACCEPT, Action.DIALOG_CANCEL) else None

    def edited(self, text: str) -> Answer | None:
        """There is no line of text, so nothing."""
        return None

    def letter(self, letter: str) -> Answer | None:
        """Close with "q", as a pager does."""
        return Close() if letter == "q" else None

    def picked(self, row: int) -> Answer | None:
        """Nothing to choose."""
        return None


def help_box(identity: int, keymap: Keymap) -> ReadingBox:
    """Return the help on commands and on the keys as they are now."""
    rows = [_heading("Commands")]
    rows += [_pair(row.written, row.doc, COMMAND_COLUMNS) for row in COMMANDS]
    rows.append(_pair("//TEXT", "Post a text that begins with a slash.", COMMAND_COLUMNS))
    for context in Context:
        rows += [_heading(""), _heading(CONTEXT_TITLES[context])]
        rows += _keys(keymap, context)
    rows += [_heading(""), _heading("Keys for editing")]
    rows += [
        _pair(" ".join(key_title(key) for key in (first, second) if key), doc, KEY_COLUMNS)
        for first, second, doc in EDITING_KEYS
    ]
    return ReadingBox(DialogKind.HELP, identity, "Help", rows)


def welcome_box(identity: int, server: str, text: str) -> ReadingBox:
    """Return what the server says to everybody who arrives."""
    rows = [DialogRow(((Style.DIALOG_TEXT, line),)) for line in text.split("\n")]
    return ReadingBox(DialogKind.WELCOME, identity, server or "Welcome", rows)


def _keys(keymap: Keymap, context: Context) -> list[DialogRow]:
    """Return a row for each action of a context that has a key; the ten room keys are one row if they are
    usual.
    """
    rows = []
    has_usual_rooms = all(
        keymap.keys(action) == (f"Alt-{i % 10}",) for i, action in enumerate(ROOM_ACTIONS, 1)
    )
    if has_usual_rooms and context is Context.MAIN:
        rows.append(_pair("Alt-1 … Alt-9 Alt-0", "Open room 1 … 10 of the sidebar.", KEY_COLUMNS))
    for row in ACTIONS:
        keys = keymap.keys(row.action)
        if row.context is context and keys and not (has_usual_rooms and row.action in ROOM_ACTIONS):
            rows.append(_pair("  ".join(keys), row.doc, KEY_COLUMNS))
    return rows


def _heading(text: str) -> DialogRow:
    return DialogRow(((Style.DIALOG_HEADING, text),), is_heading=True)


def _pair(left: str, right: str, columns: int) -> DialogRow:
    """Return a row of two columns; a left part that is too long pushes the right one on."""
    return DialogRow(((Style.DIALOG_KEY, f"{left:<{columns}} "), (Style.DIALOG_TEXT, right)))
