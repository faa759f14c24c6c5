"""Going from room to room, and to places in the transcript.

Read next: `room_list.py` for which room it is, `state.py` for opening it.
"""

from chatroom.client.commands.actions import ROOM_ACTIONS, Action
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.timeline import Gap, Line
from chatroom.client.viewmodel.boxes.invitation import invitation
from chatroom.client.viewmodel.effects import ScrollTo
from chatroom.client.viewmodel.room_list import beside, most_active
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.state import ScreenState


class Navigation:
    """The verbs that go somewhere."""

    def __init__(self, state: ScreenState) -> None:
        self._state = state
        self._came_from = 0  # the room where the tour of active rooms began
        self._tour_at = 0  # the room it has come to
        self._mention: tuple[int, ...] | None = None

    def open(self, view: RoomView) -> None:
        """Open a room; of an invitation, ask what to reply."""
        if view.is_member:
            self._state.show(view)
        else:
            self._state.open_box(invitation(self._state.next_identity(), view))

    def reply(self, number: int, *, accepts: bool) -> None:
        """Accept or decline an invitation, unless that was done on another device meanwhile."""
        view = self._state.session.rooms.get(number)
        if view is None:
            self._state.complain("this invitation is not open any more")
        elif view.is_member:
            self._state.show(view)
        elif accepts:
            self._state.session.ask.join(view.name, create=False)
            self._state.say(f"joining {view.title} …")
        else:
            self._state.session.ask.leave(view.number)

    def open_number(self, number: int) -> None:
        """Open the room with this number, if it is still there."""
        view = self._state.session.rooms.get(number)
        if view is not None:
            self.open(view)

    def open_numbered(self, number: int) -> bool:
        """Open the room with this number in the sidebar; False when there is none."""
        numbers = self._state.numbers
        for view in self._state.views():
            if numbers.of(view.title) == number:
                self.open(view)
                return True
        return False

    def open_key(self, action: Action) -> None:
        """Open the room whose number is that of the key."""
        number = ROOM_ACTIONS.index(action) + 1
        if not self.open_numbered(number):
            self._state.complain(f"there is no room {number}")

    def put_away(self, view: RoomView) -> None:
        """Take a direct room out of the sidebar until something new is written there."""
        state = self._state
        if view.number == state.visit.room:
            other = beside(state.views(), view.number, -1)
            if other is None or other.number == view.number:
                state.complain("there is no other room to go to")
                return
            state.show(other)
        state.put_away.put_away(view)
        state.rooms_changed()

    def step(self, step: int) -> None:
        """Open the room below (1) or above (-1)."""
        view = beside(self._state.views(), self._state.visit.room, step)
        if view is not None:
            self.open(view)

    def next_active(self) -> None:
        """Open the room that most wants a look; when none does, go back to where the tour began."""
        current = self._state.visit.room
        if current != self._tour_at:
            self._came_from = current  # one went elsewhere by other means: a new tour
        view = most_active(self._state.views(), current)
        if view is None and self._came_from != current:
            view = self._state.session.rooms.get(self._came_from)
        if view is None:
            self._state.say("nothing new anywhere")
            return
        self._state.show(view)
        self._tour_at = view.number

    def settle(self) -> None:
        """Rooms came or went: open one if none is, leave one that is gone."""
        view = self._state.view
        if view is not None and view.is_member:
            return
        own = [view for view in self._state.views() if view.is_member]
        wanted = [view for view in own if view.title == self._state.last_room]
        if own:
            self._state.show((wanted or own)[0])
        else:
            self._state.show_nothing()

    # -- places in the transcript ------------------------------------------------------------------------

    def first_unread(self) -> None:
        """Go to the line of new messages."""
        transcript = self._state.current_transcript()
        key = transcript.unread_key if transcript is not None else None
        if key is None:
            self._state.say("nothing new here")
        else:
            self._state.ask(ScrollTo(key))

    def mention(self, step: int) -> None:
        """Go to the mention of me before (-1) or after (1) the place in view, or the one shown last."""
        transcript, viewport = self._state.current_transcript(), self._state.visit.viewport
        if transcript is None or viewport is None:
            return
        start = viewport.last + 1 if step < 0 else viewport.first - 1
        if self._mention is not None:
            last = transcript.index_of(self._mention)
            start = last if viewport.first <= last <= viewport.last else start

        def mentions_me(index: int) -> bool:
            item = transcript.item(index)
            return isinstance(item, Line) and item.mentions_me

        found = transcript.find(start, step, mentions_me)
        if found is None:
            self._state.say("no mention of you before this place" if step < 0 else "no later mention of you")
            return
        self._mention = transcript.row(found).key
        self._state.ask(ScrollTo(self._mention))

    def load_in_view(self) -> bool:
        """Load the gap that is in view, the lowest one; True when there was one."""
        transcript, viewport = self._state.current_transcript(), self._state.visit.viewport
        if transcript is None or viewport is None:
            return False
        for index in range(min(viewport.last, transcript.length - 1), viewport.first - 1, -1):
            item = transcript.item(index)
            if isinstance(item, Gap):
                self._state.session.ask.fill_gap(self._state.visit.room, item)
                self._state.touch(Part.TRANSCRIPT)
                return True
        return False

    def show_cleared(self) -> bool:
        """Bring back what `/clear` hid; True when there was something."""
        transcript = self._state.current_transcript()
        was_hidden = transcript is not None and transcript.show_all()
        if was_hidden:
            self._state.touch(Part.TRANSCRIPT)
        return was_hidden
