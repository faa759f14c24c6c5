"""Jumping to a message that may not be here yet: a search found it, its room is opened, the page around it
is fetched.

What lies between that page and the rest stays a gap until somebody comes to it. Read next:
`boxes/search.py`.
"""

from chatroom.client.session.events import State
from chatroom.client.session.timeline import Gap, Timeline
from chatroom.client.viewmodel.effects import ScrollTo
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.state import ScreenState


class Jumping:
    """The jump under way, if any."""

    def __init__(self, state: ScreenState) -> None:
        self._state = state
        self._target: tuple[int, int] | None = None
        self._is_asked_for = False

    def jump(self, room: int, seq: int) -> None:
        """Show the message `seq` of a room, now or when it has come."""
        view = self._state.session.rooms.get(room)
        if view is None:
            self._state.complain("you are no longer in that room")
            return
        self._state.show(view)
        self._target = (room, seq)
        self._is_asked_for = False
        self.go_on(room)

    def go_on(self, room: int) -> None:
        """The timeline of a room changed: arrive, ask for the page, or wait for what is on its way."""
        if self._target is None or self._target[0] != room:
            return
        seq = self._target[1]
        session = self._state.session
        timeline = session.timeline(room)
        is_online = session.state is State.ONLINE
        if room != self._state.visit.room:
            self._target = None
        elif _is_here(timeline, seq):
            self._arrive(seq)
        elif is_online and (timeline.is_loading or not timeline.has_begun):
            return
        elif is_online and not self._is_asked_for and session.ask.load_around(room, seq):
            self._is_asked_for = True
            self._state.say("fetching the message …")
        else:
            self._target = None
            self._state.complain("that message cannot be shown in its place now")

    def _arrive(self, seq: int) -> None:
        self._target = None
        self._state.toasts.dismiss()
        transcript = self._state.current_transcript()
        if transcript is not None:
            transcript.show_all()
            self._state.selected = transcript.row(transcript.index_of((seq,))).key
            self._state.ask(ScrollTo(self._state.selected))
            self._state.touch(Part.TRANSCRIPT, Part.STATUS)


def _is_here(timeline: Timeline, seq: int) -> bool:
    """Whether the entry `seq` is no part of what is missing."""
    if not timeline.has_begun or seq <= timeline.floor:
        return False
    index = timeline.index_of(seq)
    item = timeline.items[index] if index < len(timeline.items) else None
    return not (isinstance(item, Gap) and item.after < seq)
