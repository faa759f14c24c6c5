"""A visit to a room: from opening it to leaving it. What is new in it, what was seen, what counts as read.

The line of new messages is put at the read marker when the room is opened and stays there for the visit. A
room counts as read while it is current, the end of it is in view, and the terminal has the focus (or cannot
say). Read next: `transcript.py`.
"""

from dataclasses import dataclass

from chatroom.client.session.rooms import RoomView
from chatroom.client.session.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Viewport:
    """The first and the last transcript row in view, and whether new rows will be followed."""

    first: int
    last: int
    is_at_end: bool


class Visit:
    """What there is to know of the present visit; `room` 0: none. `viewport` is None until something was
    drawn.

    `unread_after` is the seq after which messages are new, or None. `seen_through` is the greatest seq that
    was in view when the view left the end; what comes after it is "new below".
    """

    def __init__(self) -> None:
        self.room = 0
        self.unread_after: int | None = None
        self.viewport: Viewport | None = None
        self.seen_through = 0

    def begin(self, view: RoomView) -> None:
        """The room is opened."""
        self.room = view.number
        self.unread_after = view.read if view.unread else None
        self.viewport = None
        self.seen_through = 0

    def end(self) -> None:
        """No room is open."""
        self.room = 0
        self.unread_after = None
        self.viewport = None

    @property
    def is_at_end(self) -> bool:
        """Whether the view follows the end; a room not drawn yet will."""
        return self.viewport is None or self.viewport.is_at_end

    def looked_away(self, timeline: Timeline) -> None:
        """The terminal lost the focus: what was in view has been read, what comes from now on is new."""
        if self.is_at_end:
            self.unread_after = timeline.cursor

    def read_through(self, view: RoomView, timeline: Timeline, looks: bool) -> int | None:
        """Return up to which seq the room was read just now, None when nothing new was."""
        if not looks or self.viewport is None or not self.viewport.is_at_end:
            return None
        seq = min(view.head, timeline.cursor)
        return seq if seq > view.read else None
