"""Hearing: what each event of the session does to the screen, and what being looked at does to the session.

A table holds an entry for every event. Read next: `visit.py` for what counts as read.
"""

from collections.abc import Callable
from typing import Final

from chatroom.client.session.events import (
    Devices,
    Event,
    Found,
    Linked,
    LinkMade,
    Listed,
    LoginRefused,
    MembersChanged,
    MessageArrived,
    MyRoleChanged,
    Noticed,
    PostRefused,
    PostStored,
    PutOut,
    RequestDone,
    RequestRefused,
    Restored,
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
from chatroom.client.viewmodel.boxes.question import alarm
from chatroom.client.viewmodel.boxes.search import SearchBox
from chatroom.client.viewmodel.by_class import row
from chatroom.client.viewmodel.dialogs import DialogKind
from chatroom.client.viewmodel.notes import ROLE_TITLES
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.state import ScreenState
from chatroom.client.viewmodel.visit import Viewport
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Role

_REFUSALS: Final = {
    ErrorCode.BANNED: "You are banned",
    ErrorCode.SUPERSEDED: "This client was replaced by another",
}


class Hearing:
    """Takes events, and what the screen says of the reader."""

    def __init__(self, state: ScreenState, acting: Acting) -> None:
        self._state = state
        self._acting = acting
        self._welcome = ""
        self._had = (False, Role.MEMBER)  # whether muted, and the role
        self._invitations: frozenset[int] | None = None
        self._take: dict[type[object], Callable[[object], None]] = dict(
            [
                row(StateChanged, self._state_changed),
                row(LoginRefused, self._login_refused),
                row(RoomsChanged, lambda _: self._rooms_changed()),
                row(TimelineChanged, self._timeline_changed),
                row(MessageArrived, self._message_arrived),
                row(MembersChanged, self._members_changed),
                row(PostStored, lambda _: state.touch(Part.STATUS)),
                row(PostRefused, acting.sending.post_refused),
                row(RequestRefused, self._request_refused),
                row(RequestDone, self._request_done),
                row(MyRoleChanged, self._my_role_changed),
                row(Linked, lambda event: state.confirm(f"this device belongs to {event.handle} now")),
                row(LinkMade, acting.commanding.moderating.link_made),
                row(Devices, acting.commanding.moderating.devices_listed),
                row(RoomOpened, self._room_opened),
                row(Listed, self._listed),
                row(Found, self._found),
                row(PutOut, self._put_out),
                row(Restored, self._restored),
                row(Noticed, self._noticed),
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
            if state.toasts.shown is not None and state.toasts.shown.text == link.reason:
                state.toasts.dismiss()  # why there was no connection is no news any more
            link.reason, link.retry_at, link.is_final = "", None, False
            self._had = (state.session.is_muted, state.session.my_role)
            self._load_at_top()
        elif event.reason and state.told(event.reason) != link.reason:
            link.reason = state.told(event.reason)
            state.say(link.reason)
        state.touch(Part.STATUS, Part.HEADER, Part.SIDEBAR)

    def _login_refused(self, event: LoginRefused) -> None:
        text = self._state.told(event.text)
        self._state.link.is_final = True
        self._state.link.reason = text
        self._state.complain(text)
        if event.code not in (ErrorCode.HANDLE_TAKEN, ErrorCode.BAD_HANDLE):  # those are asked about anew
            title = _REFUSALS.get(event.code, "The server does not let you in")
            self._alarm(title, [text, "", "What is here can still be read; /reconnect tries again."])

    def _alarm(self, title: str, lines: list[str]) -> None:
        """Say what must not pass unseen, unless another dialog is open."""
        if self._state.box is None:
            self._state.open_box(alarm(self._state.next_identity(), title, lines))

    def _rooms_changed(self) -> None:
        self._state.rooms_changed()
        self._acting.navigation.settle()
        self._hear_invitations()

    def _hear_invitations(self) -> None:
        """Say who invites the reader, unless that was so when this run began."""
        state = self._state
        views = {view.number: view for view in state.session.rooms.values() if not view.is_member}
        known, self._invitations = self._invitations, frozenset(views)
        state.invited &= views.keys()
        for number in views.keys() - known if known is not None else ():
            view = views[number]
            state.invited.add(number)
            by = view.invited_by or "somebody"
            state.say(f"{by} invites you to {view.title}: /join or /leave {view.title}")

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
        elif not self._acting.commanding.moderating.refused(event):
            self._acting.sending.request_refused(event)

    def _request_done(self, event: RequestDone) -> None:
        """Something was carried out; but for a device taken away, an entry or a role says so too."""
        if event.request == "revoke":
            self._acting.commanding.moderating.revoked()

    def _my_role_changed(self, event: MyRoleChanged) -> None:
        """Another role, or a mute that began or ended. While it lasts the status line says so."""
        state = self._state
        was_muted, role = self._had
        self._had = (bool(event.muted_until), event.role)
        if event.muted_until:
            state.complain(f"you are {state.mute_text()}: you can read and not write")
        elif was_muted:
            state.confirm("you can write again")
        if event.role is not role:
            state.confirm(f"you are {ROLE_TITLES.get(event.role, 'something else')} now")
        state.touch(Part.STATUS, Part.COMPOSER, Part.MEMBERS)

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
            self._acting.answer(box.take(event))

    def _put_out(self, event: PutOut) -> None:
        """The room is gone, and with it the note that would say why: it must not pass unseen."""
        text = self._state.told(event.text)
        self._state.complain(f"{event.title}: {text}")
        self._alarm(f"You were put out of {event.title}", [text])

    def _restored(self, event: Restored) -> None:
        self._state.complain(event.text)

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
            self._state.session.ask.load_older(self._state.visit.room)

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
