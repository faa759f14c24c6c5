"""A seat with a screen before it: the whole view over a real session, keys in, text out."""

from collections.abc import Sequence

from urwid.testing import render_text

from chatroom.client.commands.keymap import Keymap
from chatroom.client.ui.drawing import ViewSettings
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.inputs import InputReader
from chatroom.client.ui.view import ChatView
from chatroom.client.viewmodel.effects import Effect, OnScreen, ScrollTo, ScrollToEnd
from support.screen_world import Seat


class Window:
    """The view of a seat, `size` columns × rows."""

    def __init__(
        self, seat: Seat, cols: int = 100, rows: int = 24, settings: ViewSettings | None = None
    ) -> None:
        self.seat = seat
        self.size = (cols, rows)
        self.effects: list[Effect] = []
        """What the screen could not do itself."""
        self._inputs = InputReader(lambda: 0.0, lambda: ("", 0))
        self.view = ChatView(
            seat.model,
            seat.model,
            Keymap(),
            Emoji(),
            settings or ViewSettings(),
            lambda: seat.now,
            self.carry_out,
        )
        self.settle()

    def carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case OnScreen(action) if self.view.on_screen(action):
                    pass
                case ScrollTo(key):
                    self.view.scroll_to(key)
                case ScrollToEnd():
                    self.view.scroll_to_end()
                case _:
                    self.effects.append(effect)

    def settle(self) -> None:
        """Carry the wire, draw, and tell the model what is seen, until all is still."""
        for _ in range(20):
            before = len(self.seat.effects)
            self.seat.settle()
            self.carry_out(self.seat.effects[before:])
            self.view.refresh()
            self.view.render(self.size, focus=True)
            if not self.view.report_viewport():
                return

    def press(self, *keys: str) -> "Window":
        for key in self._inputs.read(keys):
            self.view.keypress(self.size, str(key) if type(key) is str else key)
            self.settle()
        return self

    def type(self, text: str) -> "Window":
        return self.press(*text)

    def click(self, col: int, row: int, button: int = 1, event: str = "mouse press") -> "Window":
        self.view.mouse_event(self.size, event, button, col, row, focus=True)
        self.settle()
        return self

    def lines(self) -> list[str]:
        self.settle()
        return render_text(self.view, self.size, focus=True, strip=True)

    def text(self) -> str:
        return "\n".join(self.lines())

    def find(self, text: str) -> tuple[int, int]:
        """The (column, row) of a text on the screen; the row is -1 when it is not there."""
        for row, line in enumerate(self.lines()):
            if text in line:
                return line.index(text), row
        return -1, -1
