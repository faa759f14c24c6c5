"""Which direct rooms are out of the sidebar: those in which nobody ever wrote, and those put away by hand.

One that is open, or that somebody opened in this run, is always shown, and so is one in which something was
written since it was put away: nothing that is new can hide here. Nothing is taken from its log. Read next:
`room_list.py`.
"""

from collections.abc import Mapping
from typing import Final

from chatroom.client.session.rooms import RoomView
from chatroom.protocol.entries import RoomKind

FIRST_ENTRIES: Final = 3
"""The log of a direct room begins with its creation and the joins of two: what comes then is a message."""


class PutAway:
    """Direct rooms by title, and the head each had when it was put away."""

    def __init__(self, kept: Mapping[str, int]) -> None:
        self._head: dict[str, int] = dict(kept)
        self._opened: set[str] = set()

    def opened(self, view: RoomView) -> None:
        """Somebody has opened a room: it stays in the sidebar for this run."""
        if view.kind is RoomKind.DIRECT:
            self._head.pop(view.title, None)
            self._opened.add(view.title)

    def put_away(self, view: RoomView) -> None:
        """Take a room out of the sidebar until something new is written there."""
        self._opened.discard(view.title)
        self._head[view.title] = view.head

    def holds(self, view: RoomView) -> bool:
        """Whether a room is out of the sidebar."""
        if view.kind is not RoomKind.DIRECT or view.title in self._opened:
            return False
        return view.head <= max(self._head.get(view.title, 0), FIRST_ENTRIES)

    def kept(self) -> dict[str, int]:
        """Return what was put away by hand, for the next run."""
        return dict(self._head)
