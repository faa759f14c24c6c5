"""The questions of the first run: which handle, and which server. It is asked before there is a session.

Also asked when a handle turned out to be taken. Read next: `dialogs.py`; `chatroom.net.address` has the
last word on join strings.
"""

from collections.abc import Callable

from chatroom.client.commands.actions import Action
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.dialogs import Dialog, DialogKind, Field, Moment
from chatroom.client.viewmodel.effects import Effect, FirstRunAnswered, Quit
from chatroom.protocol.names import fold_handle, handle_fault

HANDLE, SERVER = 0, 1
"""The fields."""


class FirstRun:
    """A `DialogOwner` whose dialog asks for a handle and a server.

    `server_fault` says why a join string cannot be one, or None. `asks_server` False: the server is known
    already. `note` is why it is asked again, or "".
    """

    def __init__(
        self,
        handle: str,
        server: str,
        server_fault: Callable[[str], str | None],
        *,
        asks_server: bool = True,
        note: str = "",
    ) -> None:
        self._texts = [handle, server]
        self._faults = ["", ""]
        self._server_fault = server_fault
        self._asks_server = asks_server
        self._focus = HANDLE if not handle or not asks_server else SERVER
        self._note = note
        self._revision = 0

    @property
    def dialog(self) -> Dialog:
        """The open dialog."""
        fields = [Field("Handle", self._texts[HANDLE], "how others will see you: ana", self._faults[HANDLE])]
        if self._asks_server:
            fields.append(
                Field("Server", self._texts[SERVER], "host:port#pin, as it prints it", self._faults[SERVER])
            )
        lines = [self._note] if self._note else []
        lines.append("Choose a handle. It is yours for good: the key made now proves that you are you.")
        return Dialog(
            kind=DialogKind.FIRST_RUN,
            identity=1,
            title="Welcome to chatroom",
            text=tuple(((Style.DIALOG_TEXT, line),) for line in lines),
            fields=tuple(fields),
            focus=self._focus,
            revision=self._revision,
            note=" · ".join(
                ("Enter goes on", *(["Tab the other line"] if self._asks_server else []), "Esc quits")
            ),
        )

    def perform(self, action: Action, moment: Moment) -> list[Effect]:
        """Move between the lines, answer, or quit."""
        match action:
            case Action.DIALOG_CANCEL:
                return [Quit()]
            case Action.DIALOG_NEXT | Action.DIALOG_PREVIOUS | Action.DIALOG_UP | Action.DIALOG_DOWN:
                self._focus = 1 - self._focus if self._asks_server else HANDLE
            case Action.DIALOG_ACCEPT:
                return self._answer()
            case _:
                pass
        return []

    def dialog_edited(self, field: int, text: str, moment: Moment) -> list[Effect]:
        """The text of a field is now `text`."""
        self._texts[field] = text
        self._faults[field] = ""
        self._focus = field
        return []

    def dialog_letter(self, letter: str, moment: Moment) -> list[Effect]:
        """There are lines of text, so nothing."""
        return []

    def dialog_picked(self, row: int, moment: Moment) -> list[Effect]:
        """There are no rows, so nothing."""
        return []

    def _answer(self) -> list[Effect]:
        """Check both lines; the cursor goes to the first that is wrong."""
        handle, server = fold_handle(self._texts[HANDLE]), self._texts[SERVER].strip()
        self._faults[HANDLE] = handle_fault(handle) or ""
        self._faults[SERVER] = (self._server_fault(server) or "") if self._asks_server else ""
        for field in (HANDLE, SERVER):
            if self._faults[field]:
                self._focus = field
                return []
        return [FirstRunAnswered(handle, server)]
