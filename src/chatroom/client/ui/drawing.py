"""The screen below any dialog, drawn from the model: what stands side by side, and what of it can be kept.

The model's rows become strips, a part that did not change is kept from the frame before. Here lives also
what is at a place of the screen, for the mouse. No key and no effect: those are in `view.py`. Read next:
`layout.py`, `pane.py`.
"""

from dataclasses import dataclass

from chatroom.client.themes.styles import Style
from chatroom.client.ui.composer import Composer
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.header import draw_header
from chatroom.client.ui.layout import Places, composer_rows_max, place
from chatroom.client.ui.members import MemberLine, draw_members
from chatroom.client.ui.pane import MessagePane
from chatroom.client.ui.sidebar import SidebarLine, draw_sidebar
from chatroom.client.ui.status import draw_rule, draw_status
from chatroom.client.ui.strips import Strip
from chatroom.client.viewmodel.dialogs import Moment
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.screen import ScreenModel
from chatroom.client.viewmodel.visit import Viewport


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """What of `client.toml` the drawing honours."""

    handle_cols_max: int = 16
    shows_rooms: bool = True
    shows_members: bool = True


class ScreenDrawing:
    """The parts of the screen and what they showed last."""

    def __init__(self, model: ScreenModel, emoji: Emoji, settings: ViewSettings) -> None:
        self._model = model
        self._emoji = emoji
        self._shows_rooms = None if settings.shows_rooms else False
        self._shows_members = None if settings.shows_members else False
        self.pane = MessagePane(emoji, settings.handle_cols_max)
        self.composer = Composer(self._complete)
        self._labels: dict[tuple[str, int], str] = {}
        self._size = (0, 0)
        self._places = place(0, 0, 1)
        self._sidebar: list[SidebarLine] | None = None
        self._members: list[MemberLine] | None = None
        self._reported: tuple[Viewport, int, int] | None = None

    # What changed

    def refresh(self) -> bool:
        """Take note of what changed in the model; whether anything did."""
        dirty = self._model.take_dirty()
        if Part.SIDEBAR in dirty:
            self._sidebar = None
        if Part.MEMBERS in dirty:
            self._members = None
        return bool(dirty)

    def sync(self) -> None:
        """Have editor and pane be in the room the model is in, and the editor hold what the model says.

        Before a key or a jump, and not only with a frame: several of them may come between two frames.
        """
        self.pane.show_room(self._model.room)
        self.composer.show(self._model.composer(), self._model.room)

    def report_viewport(self, now: Moment) -> bool:
        """Tell the model which rows are in view, when that changed since it was told; whether it was told."""
        viewport = self.pane.viewport
        if viewport is None:
            return False
        seen = (viewport, self._model.room, self._model.transcript().version)
        if seen == self._reported:
            return False
        self._reported = seen
        self._model.viewport_changed(viewport.first, viewport.last, viewport.is_at_end, now)
        return True

    def toggle_rooms(self) -> None:
        """Show the rooms, or hide them, whatever the width of the terminal says."""
        self._shows_rooms = not self._places.sidebar.is_shown
        self._sidebar = None

    def toggle_members(self) -> None:
        """Show the members or hide them."""
        self._shows_members = not self._places.members.is_shown
        self._members = None

    # Drawing

    def draw(self, cols: int, rows: int, now: Moment) -> tuple[list[Strip], tuple[int, int]]:
        """Return `rows` strips of `cols` columns, and where the cursor is while one writes."""
        model = self._model
        if (cols, rows) != self._size:
            self._size = (cols, rows)
            self._sidebar = self._members = None
        self.sync()
        wanted = min(self.composer.rows(cols), composer_rows_max(rows))
        places = place(cols, rows, wanted, rooms=self._shows_rooms, members=self._shows_members)
        self._places = places
        status = model.status(now)
        strips = [draw_header(model.header(), cols, self._emoji)] if places.header.is_shown else []
        strips += self._draw_middle(places)
        if places.rule.is_shown:
            strips.append(draw_rule(status, cols, _joints(places)))
        lines, (x, y) = self.composer.draw(cols, places.composer.rows)
        strips += lines
        if places.status.is_shown:
            strips.append(draw_status(status, cols, self._emoji, *self._choices()))
        return strips, (x, places.composer.top + y)

    def _draw_middle(self, places: Places) -> list[Strip]:
        """Return sidebar, transcript and members side by side."""
        model, box = self._model, places.transcript
        self.pane.selected = model.selected_key
        lines = self.pane.draw(model.transcript(), box.cols, box.rows)
        upright: Strip = [(Style.RULE, None, "│".encode())]
        if places.sidebar.is_shown:
            if self._sidebar is None or len(self._sidebar) != box.rows:
                self._sidebar = draw_sidebar(model.sidebar(), places.sidebar.cols, box.rows, self._emoji)
            lines = [[*left.strip, *upright, *line] for left, line in zip(self._sidebar, lines, strict=True)]
        if places.members.is_shown:
            if self._members is None or len(self._members) != box.rows:
                self._members = draw_members(model.members(), places.members.cols, box.rows)
            right = self._members
            lines = [[*line, *upright, *member.strip] for line, member in zip(lines, right, strict=True)]
        return lines

    # Completion

    def _complete(self, text: str, cursor: int) -> list[tuple[str, int]]:
        """Return the ways to complete, for the editor; their labels are kept for the status line."""
        found = self._model.completions(text, cursor)
        self._labels = {(choice.text, choice.cursor): choice.label for choice in found}
        return [(choice.text, choice.cursor) for choice in found]

    def _choices(self) -> tuple[list[str], int]:
        """Return the labels of a completion going on and which is chosen; nothing when there is only one."""
        completion = self.composer.editor.completion
        if completion is None or len(completion[0]) <= 2:
            return [], 0
        choices, chosen = completion
        return [self._labels.get(choice, choice[0]) for choice in choices[1:]], chosen - 1

    # What is where

    def row_at(self, col: int, row: int) -> int | None:
        """Return the index of the transcript row drawn at this place."""
        box = self._places.transcript
        return self.pane.row_at(row - box.top) if box.holds(col, row) else None

    def scroll_share_at(self, col: int, row: int) -> float | None:
        """Return how far down the scroll bar this place is, 0 … 1; None beside it."""
        box = self._places.transcript
        if not box.holds(col, row) or col < box.left + box.cols - 2:
            return None
        return (row - box.top) / max(box.rows - 1, 1)

    def room_at(self, col: int, row: int) -> int:
        """Return the room shown at this place of the sidebar, 0 for none."""
        box = self._places.sidebar
        return self._sidebar[row - box.top].room if self._sidebar and box.holds(col, row) else 0

    def handle_at(self, col: int, row: int) -> str:
        """Return the handle shown at this place of the members pane, empty for none."""
        box = self._places.members
        return self._members[row - box.top].handle if self._members and box.holds(col, row) else ""


def _joints(places: Places) -> list[int]:
    """Return the columns in which an upright rule meets the one above the composer."""
    left = [places.sidebar.cols] if places.sidebar.is_shown else []
    return [*left, places.members.left - 1] if places.members.is_shown else left
