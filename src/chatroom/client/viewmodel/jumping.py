"""Jumping to a message that may not be here yet: a search found it, its room is opened, what lies between
is fetched.

Read next: `boxes/search.py`.
"""

from typing import Final

from chatroom.client.session.events import State
from chatroom.client.session.timeline import Gap, Timeline
from chatroom.client.viewmodel.effects import ScrollTo
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.state import ScreenState

MOST_PAGES: Final = 60
"""Most pages fetched for one jump: 12,000 entries, about what a timeline holds and a person waits for."""


class Jumping:
    """The jump under way, if any."""

    def __init__(self, state: ScreenState) -> None:
        self._state = state
        self._target: tuple[int, int] | None = None
        self._pages = 0

    def jump(self, room: int, seq: int) -> None:
        """Show the message `seq` of a room, now or when it has come."""
        view = self._state.session.rooms.get(room)
        if view is None:
            self._state.complain("you are no longer in that room")
            return
        self._state.show(view)
        self._target = (room, seq)
        self._pages = 0
        self.go_on(room)

    def go_on(self, room: int) -> None:
        """The timeline of a room changed: arrive, or fetch the next page."""
        if self._target is None or self._target[0] != room:
            return
        seq = self._target[1]
        timeline = self._state.session.timeline(room)
        if room != self._state.visit.room or (timeline.at_beginning and seq < timeline.first):
            self._target = None
        elif (missing := _missing(timeline, seq)) is None:
            self._arrive(room, seq)
        elif timeline.is_loading:
            return
        elif self._pages >= MOST_PAGES or self._state.session.state is not State.ONLINE:
            self._target = None
            self._state.complain("that message is too far back to be shown in its place")
        else:
            self._pages += 1
            self._state.say("fetching what lies between …")
            self._fetch(room, missing)

    def _fetch(self, room: int, missing: Gap) -> None:
        if missing.after < 0:
            self._state.session.load_older(room)
        else:
            self._state.session.fill_gap(room, missing)

    def _arrive(self, room: int, seq: int) -> None:
        self._target = None
        self._state.toasts.dismiss()
        transcript = self._state.current_transcript()
        if transcript is not None:
            transcript.show_all()
            self._state.selected = transcript.row(transcript.index_of((seq,))).key
            self._state.ask(ScrollTo(self._state.selected))
            self._state.touch(Part.TRANSCRIPT, Part.STATUS)


def _missing(timeline: Timeline, seq: int) -> Gap | None:
    """Return the gap in which `seq` lies, one with after = -1 when it is older than all that is here, else
    None.
    """
    if not timeline.has_begun or seq <= timeline.floor:
        return Gap(-1, timeline.floor + 1)
    index = timeline.index_of(seq)
    item = timeline.items[index] if index < len(timeline.items) else None
    return item if isinstance(item, Gap) and item.after < seq else None
