"""Hearing: what each event of the session does to the screen, and what being looked at does to the session.

A table holds an entry for every event. Read next: `visit.py` for what counts as read.
"""

from collections.abc import Callable
from typing import TypeVar

from chatroom.client.session.events import (
    Event,
    Found,
    Listed,
    LoginRefused,
    MembersChanged,
    MessageArrived,
    Noticed,
    PostRefused,
    PostStored,
    RequestRefused,
    RoomOpened,
    RoomsChanged,
    State,
    StateChanged,
    TimelineChanged,
)
from chatroom.client.viewmodel.acting import Acting
from chatroom.client.viewmodel.attention import short
from chatroom.client.viewmodel.boxes.help import welcome_box
from chatroom.client.viewmodel.boxes.lists import listed_entries
from chatroom.client.viewmodel.boxes.pick import PickBox
from chatroom.client.viewmodel.boxes.search import SearchBox
from chatroom.client.viewmodel.dialogs import DialogKind
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.state import ScreenState
from chatroom.client.viewmodel.visit import Viewport

E = TypeVar("E", bound=Event)


class Hearing:
    """Takes events, and what the screen says of the reader."""

    def __init__(self, state: ScreenState, acting: Acting) -> None:
        self._state = state
        self._acting = acting
        self._welcome = ""
        self._take: dict[type[object], Callable[[Event], None]] = dict(
            [
                _row(StateChanged, self._state_changed),
                _row(LoginRefused, self._login_refused),
                _row(RoomsChanged, lambda _: self._rooms_changed()),
                _row(TimelineChanged, self._timeline_changed),
                _row(MessageArrived, self._message_arrived),
                _row(MembersChanged, self._members_changed),
                _row(PostStored, lambda _: state.touch(Part.STATUS)),
                _row(PostRefused, acting.sending.post_refused),
                _row(RequestRefused, self._request_refused),
                _row(RoomOpened, self._room_opened),
                _row(Listed, self._listed),
                _row(Found, self._found),
                _row(Noticed, self._noticed),
            ]
        )

    def take(self, event: Event) -> None:
        """Take in one event."""
        self._take[type(event)](event)

    # -- events ------------------------------------------------------------------------------------------

    def _state_changed(self, event: StateChanged) -> None:
        state = self._state
        link = state.link
        is_online = event.state is State.ONLINE
        if is_online != link.is_online:
            link.changed_at = state.now.mono_s
            link.is_online = is_online
        if is_online:
            link.reason, link.retry_at, link.is_final = "", None, False
            self._load_at_top()
        elif event.reason and event.reason != link.reason:
            link.reason = event.reason
            state.say(event.reason)
        state.touch(Part.STATUS, Part.HEADER, Part.SIDEBAR)

    def _login_refused(self, event: LoginRefused) -> None:
        self._state.link.is_final = True
        self._state.link.reason = event.text
        self._state.complain(event.text)

    def _rooms_changed(self) -> None:
        self._state.rooms_changed()
        self._acting.navigation.settle()

    def _timeline_changed(self, event: TimelineChanged) -> None:
        state = self._state
        if event.room == state.visit.room:
            state.touch(Part.TRANSCRIPT)
        state.touch(Part.STATUS)
        self._acting.jumping.go_on(event.room)

    def _message_arrived(self, event: MessageArrived) -> None:
        state = self._state
        if event.author in state.ignored:
            return
        view = state.session.rooms.get(event.room)
        title = view.title if view is not None else "?"
        for effect in state.attention.call(event, title, state.now.mono_s):
            state.ask(effect)
        if event.room != state.visit.room and (event.is_mention or event.is_direct):
            where = "" if event.is_direct else f" in {title}"
            state.say(f"{event.author}{where}: {short(event.text)}")

    def _members_changed(self, event: MembersChanged) -> None:
        state = self._state
        if event.room in (0, state.visit.room):
            state.touch(Part.MEMBERS)
        if event.room == 0:
            state.touch(Part.SIDEBAR, Part.HEADER, Part.STATUS)

    def _request_refused(self, event: RequestRefused) -> None:
        box = self._state.box
        if event.request == "search" and isinstance(box, SearchBox):
            box.refused(event.text)
            self._state.touch(Part.DIALOG)
        elif event.request == "list" and isinstance(box, PickBox) and box.kind is DialogKind.ROOM_LIST:
            box.set_entries((), event.text)
            self._state.touch(Part.DIALOG)
        else:
            self._acting.sending.request_refused(event)

    def _room_opened(self, event: RoomOpened) -> None:
        self._state.rooms_changed()
        view = self._state.session.rooms.get(event.room)
        if view is not None:
            self._state.show(view)
            self._acting.sending.opened(view)

    def _listed(self, event: Listed) -> None:
        box = self._state.box
        if isinstance(box, PickBox) and box.kind is DialogKind.ROOM_LIST:
            box.set_entries(listed_entries(event.rooms), "no such room: Enter makes it")
            self._state.touch(Part.DIALOG)

    def _found(self, event: Found) -> None:
        box = self._state.box
        if isinstance(box, SearchBox):
            box.take(event)
            self._state.touch(Part.DIALOG)

    def _noticed(self, event: Noticed) -> None:
        """A line is a toast; what has several is to be read at leisure, once: it comes with every
        connection.
        """
        state = self._state
        if "\n" in event.text:
            if event.text == self._welcome or state.box is not None:
                return
            self._welcome = event.text
            state.open_box(welcome_box(state.next_identity(), state.session.server_name, event.text))
        else:
            state.say(event.text)

    # -- the reader --------------------------------------------------------------------------------------

    def focus_changed(self, has_focus: bool) -> None:
        """The terminal got or lost the focus."""
        state = self._state
        view = state.view
        if view is None:
            return
        if has_focus:
            self.mark_read()
        else:
            state.visit.looked_away(state.session.timeline(view.number))
            state.transcript(view).set_unread_after(state.visit.unread_after)
            state.touch(Part.TRANSCRIPT)

    def viewport_changed(self, viewport: Viewport) -> None:
        """Other rows are in view: perhaps more was read, perhaps older messages are wanted."""
        state = self._state
        transcript, visit = state.current_transcript(), state.visit
        if transcript is None or viewport == visit.viewport:
            return
        visit.seen_through = max(visit.seen_through, transcript.last_seq(viewport.last))
        visit.viewport = viewport
        state.touch(Part.STATUS)
        self._load_at_top()
        self.mark_read()

    def _load_at_top(self) -> None:
        """Load older messages where the top of what is here is in view."""
        viewport, transcript = self._state.visit.viewport, self._state.current_transcript()
        if (
            viewport is not None
            and viewport.first == 0
            and transcript is not None
            and not transcript.is_cleared
        ):
            self._state.session.load_older(self._state.visit.room)

    def mark_read(self) -> None:
        """The current room is read as far as it is in view."""
        state = self._state
        view = state.view
        if view is None:
            return
        looks = state.attention.has_focus is not False
        seq = state.visit.read_through(view, state.session.timeline(view.number), looks)
        if seq is not None:
            state.session.mark_read(view.number, seq)

    def new_below(self) -> int:
        """Return how many messages came below what was seen while the view is scrolled up."""
        transcript = self._state.current_transcript()
        if transcript is None or self._state.visit.is_at_end:
            return 0
        return transcript.count_below(transcript.index_of((self._state.visit.seen_through,)))


def _row(kind: type[E], method: Callable[[E], None]) -> tuple[type[object], Callable[[Event], None]]:
    """Return a row of the table: the class, and the method behind a check of the class."""

    def take(event: Event) -> None:
        assert isinstance(event, kind)
        method(event)

    return kind, take
