"""What every dialog can do. Each kind of dialog is a class with these verbs.

Read next: `pick.py` (a list to choose from), `question.py` (buttons), `search.py`, `help.py`.
"""

from typing import Protocol

from chatroom.client.commands.actions import Action
from chatroom.client.viewmodel.boxes.answers import Answer
from chatroom.client.viewmodel.dialogs import Dialog


class Box(Protocol):
    """An open dialog. The verbs return an `Answer` when the dialog was answered, None while it stays as it
    is.
    """

    def view(self) -> Dialog:
        """Return what is to be drawn."""

    def act(self, action: Action) -> Answer | None:
        """Carry out an action of the dialog context."""

    def edited(self, text: str) -> Answer | None:
        """The line of text is now `text`."""

    def letter(self, letter: str) -> Answer | None:
        """A printable key was pressed, where there is no line of text."""

    def picked(self, row: int) -> Answer | None:
        """A row was clicked."""
