"""The events that wait for the owner of a session: in order, and what only says "look again" once.

Read next: `events.py`.
"""

from chatroom.client.session.events import Event, MembersChanged, RoomsChanged, TimelineChanged


class News:
    """Events since the last `take`."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._changes: dict[Event, None] = {}

    def add(self, event: Event) -> None:
        """Tell something that happened once."""
        self._events.append(event)

    def timeline_changed(self, room: int) -> None:
        """A timeline, or what waits in its room, is not as it was."""
        self._changes[TimelineChanged(room)] = None

    def rooms_changed(self) -> None:
        """Something in the room list is not as it was."""
        self._changes[RoomsChanged()] = None

    def members_changed(self, room: int) -> None:
        """The members of a room (0: anybody's presence) are not as they were."""
        self._changes[MembersChanged(room)] = None

    def take(self) -> list[Event]:
        """Return all: what happened in order, then what changed."""
        events = [*self._events, *self._changes]
        self._events.clear()
        self._changes.clear()
        return events
