"""A screen model at a desk: a real session with a tiny server, and a picture of the rows in plain text."""

from datetime import UTC

from chatroom.client.commands.actions import Action
from chatroom.client.commands.keymap import Keymap
from chatroom.client.viewmodel.dialogs import Dialog, Moment
from chatroom.client.viewmodel.effects import Effect
from chatroom.client.viewmodel.rows import SpanLine, TranscriptRow
from chatroom.client.viewmodel.screen import ScreenMemory, ScreenModel, ScreenSettings
from support.session_world import Desk
from support.tiny_server import TinyServer

MINUTE_MS = 60_000


class Seat:
    """Somebody in front of the client. What the model asked for is in `effects`."""

    def __init__(
        self,
        server: TinyServer | None = None,
        handle: str = "alice",
        *,
        settings: ScreenSettings | None = None,
        memory: ScreenMemory | None = None,
        online: bool = True,
        **options: object,
    ) -> None:
        self.server = server or TinyServer()
        self.desk = Desk(self.server, handle, **options)
        self.effects: list[Effect] = []
        self.model = ScreenModel(
            self.desk.session,
            Keymap(),
            settings or ScreenSettings(zone=UTC),
            memory or ScreenMemory(),
            self.now,
        )
        if online:
            self.desk.connect()
            self.settle()

    @property
    def now(self) -> Moment:
        return Moment(self.desk.now, self.server.now)

    # -- time and the wire -------------------------------------------------------------------------------

    def settle(self) -> "Seat":
        """Carry everything until nothing moves; the model hears every event."""
        while True:
            self.desk.settle()
            events = [*self.desk.events, *self.desk.session.take_events()]
            self.desk.events.clear()
            if not events:
                return self
            for event in events:
                self.effects += self.model.handle_event(event, self.now)

    def wait(self, seconds: float) -> "Seat":
        """Let time pass."""
        self.desk.wait(seconds)
        self.server.now += round(seconds * 1000)
        self.effects += self.model.tick(self.now)
        return self.settle()

    def drop(self, reason: str = "cut") -> "Seat":
        self.desk.drop(reason)
        return self.settle()

    def connect(self) -> "Seat":
        self.desk.connect()
        return self.settle()

    # -- hands and eyes ----------------------------------------------------------------------------------

    def type(self, text: str, cursor: int | None = None) -> "Seat":
        self.model.composer_edited(text, len(text) if cursor is None else cursor, self.now)
        return self

    def press(self, *actions: Action) -> "Seat":
        for action in actions:
            self.effects += self.model.perform(action, self.now)
            self.settle()
        return self

    def send(self, text: str) -> "Seat":
        return self.type(text).press(Action.SEND)

    def look(self, first: int = 0, last: int | None = None, *, is_at_end: bool = True) -> "Seat":
        """Have these rows in view; all of them if not said otherwise."""
        end = self.model.transcript().length - 1 if last is None else last
        self.model.viewport_changed(first, end, is_at_end, self.now)
        return self.settle()

    def open(self, title: str) -> "Seat":
        self.effects += self.model.open_room(self.desk.number(title), self.now)
        return self.settle()

    def query(self, text: str, field: int = 0) -> "Seat":
        """Type into a line of the open dialog."""
        self.effects += self.model.dialog_edited(field, text, self.now)
        return self.settle()

    # -- what is there -----------------------------------------------------------------------------------

    def did(self, effect: Effect) -> bool:
        return effect in self.effects

    def title(self) -> str:
        return self.model.header().title

    def toast(self) -> str:
        return self.model.status(self.now).toast

    def text(self) -> str:
        return self.model.composer().text

    def rows(self) -> list[TranscriptRow]:
        view = self.model.transcript()
        return [view.row(index) for index in range(view.length)]

    def picture(self) -> list[str]:
        return [line for row in self.rows() for line in picture(row)]

    def dialog(self) -> Dialog:
        dialog = self.model.dialog
        assert dialog is not None
        return dialog

    def choices(self) -> list[str]:
        """Return the rows of the open dialog in plain text, the chosen one with a ">" before it."""
        dialog = self.dialog()
        marks = [">" if index == dialog.selected else "" for index in range(len(dialog.rows))]
        return [
            " | ".join(part for part in (mark + plain(row.spans), row.right) if part)
            for mark, row in zip(marks, dialog.rows, strict=True)
        ]


def plain(line: SpanLine) -> str:
    return "".join(text for _, text in line)


def picture(row: TranscriptRow) -> list[str]:
    """Return a row as lines of text: a day and the line of new messages above, then "time handle
    mark|text".
    """
    shown = [f"-- {row.day} --"] if row.day else []
    shown += ["-- new --"] if row.is_first_unread else []
    head = f"{row.time:>5} {row.handle:>6} {row.mark:1}|"
    return shown + [
        (head if index == 0 else " " * 14 + "|") + plain(line) for index, line in enumerate(row.lines)
    ]
