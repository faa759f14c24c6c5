"""What a user may ask of a server, in words a user knows: rooms, history, search, people, devices.

Everything here needs a connection; without one it is refused at once, as nonsense is, and the server is not
troubled. Posting, which works offline, is in `session.py`; answers come as events. Read next: `session.py`.
"""

from chatroom.client.session.conversation import Conversation
from chatroom.client.session.door import Door, Stage
from chatroom.client.session.events import RequestRefused
from chatroom.client.session.intake import is_handle, shown_line
from chatroom.client.session.news import News
from chatroom.client.session.request_names import name_of
from chatroom.client.session.timeline import Gap
from chatroom.client.session.wire import Wire
from chatroom.protocol import limits
from chatroom.protocol.codes import normalise_code
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.names import fold_handle, fold_room_name, room_name_fault
from chatroom.protocol.packets import (
    Claim,
    CreateLink,
    Invite,
    Join,
    Leave,
    ListDevices,
    ListRooms,
    Moderate,
    ModerationAct,
    OpenDirect,
    Presence,
    Request,
    RevokeDevice,
    Role,
    Search,
    SetPresence,
    SetTopic,
)
from chatroom.protocol.text import clean_line, is_blank


class Asking:
    """What `Session.ask` is."""

    def __init__(self, handle: str, door: Door, wire: Wire, talk: Conversation, news: News) -> None:
        self._handle = handle
        self._door = door
        self._wire = wire
        self._talk = talk
        self._news = news

    # -- rooms -----------------------------------------------------------------------------------------------

    def join(self, name: str, create: bool, private: bool = False) -> None:
        """Become a member of a room; with `create` it is made where there is none. Answer: `RoomOpened`."""
        name = fold_room_name(name)
        kind = RoomKind.PRIVATE if private else RoomKind.PUBLIC
        self._ask(Join(self._id(), name, create, kind), ErrorCode.BAD_NAME, room_name_fault(name))

    def open_direct(self, handle: str) -> None:
        """Open the direct room with somebody. Answer: `RoomOpened`."""
        handle = fold_handle(handle)
        self._ask(OpenDirect(self._id(), handle), ErrorCode.BAD_HANDLE, _handle_fault(handle))

    def leave(self, room: int) -> None:
        """Stop being a member of a room, or decline the invitation to it; then it goes from the list."""
        self._ask(Leave(self._id(), room))

    def set_topic(self, room: int, text: str) -> None:
        """Set the topic of a room; empty takes it away."""
        text = clean_line(text)
        self._ask(SetTopic(self._id(), room, text), ErrorCode.BAD_TEXT, _fault(text, limits.TOPIC_CHARS))

    def invite(self, room: int, handle: str) -> None:
        """Invite somebody to a room."""
        handle = fold_handle(handle)
        self._ask(Invite(self._id(), room, handle), ErrorCode.BAD_HANDLE, _handle_fault(handle))

    def list_rooms(self) -> None:
        """Ask what rooms there are. Answer: `Listed`."""
        self._ask(ListRooms(self._id()))

    def follow(self, room: int, after: int | None = None) -> None:
        """Follow one room from a seq or from the backlog on, where not all rooms are followed anyway."""
        view = self._talk.rooms.by_number.get(room)
        if view is not None and self._door.stage is Stage.INSIDE:
            self._talk.follow(view, after)

    # -- history, search, people -----------------------------------------------------------------------------

    def load_older(self, room: int) -> None:
        """Fetch the page before the first entry of the timeline. Nothing happens where one is on its way."""
        if self._door.stage is Stage.INSIDE and self._talk.feed.load_older(room):
            self._news.timeline_changed(room)

    def fill_gap(self, room: int, gap: Gap) -> None:
        """Fetch the newest page of a gap. Nothing happens where a page is on its way."""
        if self._door.stage is Stage.INSIDE and self._talk.feed.fill_gap(room, gap):
            self._news.timeline_changed(room)

    def load_around(self, room: int, seq: int) -> bool:
        """Fetch the page around an entry, which is in the timeline then, gaps beside it.

        True: the entry is here, or `TimelineChanged` will tell. False: not now, or there is no such entry.
        """
        is_coming = self._door.stage is Stage.INSIDE and self._talk.feed.load_around(room, seq)
        if is_coming:
            self._news.timeline_changed(room)
        return is_coming

    def search(self, query: str, room: int = 0, author: str = "", before: int = 0) -> None:
        """Search for messages with all words. `before`: the `next` of the page before. Answer: `Found`."""
        query, author = clean_line(query), fold_handle(author)
        fault = None
        if is_blank(query):
            fault = "search for what?"
        elif len(query) > limits.QUERY_CHARS or (author and not is_handle(author)):
            fault = "not a search"
        self._ask(Search(self._id(), query, room, author, before), ErrorCode.BAD_QUERY, fault)

    def load_members(self, room: int) -> None:
        """Fetch the members of a room, now and, until it is another room's, after every drop. Answer:
        `MembersChanged`.
        """
        if room in self._talk.rooms.by_number:
            self._talk.listings.show_members(room, is_online=self._door.stage is Stage.INSIDE)

    def set_presence(self, presence: Presence) -> None:
        """Say that the user is away, or back. Kept over drops."""
        if presence is Presence.OFFLINE or presence is self._talk.presence:
            return
        self._talk.presence = presence
        self._talk.roster.set_presence(self._handle, presence)
        self._news.members_changed(0)
        if self._door.stage is Stage.INSIDE:
            self._wire.ask(SetPresence(self._wire.next_id(), presence))

    # -- moderation and devices ------------------------------------------------------------------------------

    def moderate(
        self,
        room: int,
        act: ModerationAct,
        handle: str,
        *,
        seconds: int = 0,
        reason: str = "",
        role: Role = Role.MUTED,
    ) -> None:
        """Do something to an account, logged in `room`. `seconds`: for how long, 0: for ever; `role` is for
        `SET_ROLE` alone. Answers: the entry, and `RequestDone`.
        """
        handle, reason = fold_handle(handle), clean_line(reason)
        code, fault = ErrorCode.BAD_HANDLE, _handle_fault(handle)
        if fault is None:
            code, fault = ErrorCode.BAD_TEXT, _fault(reason, limits.ACT_REASON_CHARS)
        if fault is None and not 0 <= seconds <= limits.COUNT_MAX:
            code, fault = ErrorCode.BAD_RANGE, "no such length of time"
        self._ask(Moderate(self._id(), room, act, handle, seconds, reason, role), code, fault)

    def claim(self, code: str) -> None:
        """Become an owner, with the code the server printed. Answers: the entry, and `RequestDone`."""
        fault = None
        try:
            code = normalise_code(code)
        except ValueError as error:  # it would cost the server, and us one of few guesses
            fault = str(error)
        self._ask(Claim(self._id(), code), ErrorCode.NOT_ADMITTED, fault)

    def create_link(self) -> None:
        """Ask for a code with which another device gets into the account. Answer: `LinkMade`."""
        self._ask(CreateLink(self._id()))

    def list_devices(self) -> None:
        """Ask which keys may log in to the account. Answer: `Devices`."""
        self._ask(ListDevices(self._id()))

    def revoke_device(self, public_key: bytes) -> None:
        """Let a key log in no more. Answer: `RequestDone`."""
        self._ask(RevokeDevice(self._id(), public_key))

    # -- inside ----------------------------------------------------------------------------------------------

    def _id(self) -> int:
        return self._wire.next_id()

    def _ask(self, request: Request, code: ErrorCode = ErrorCode.INTERNAL, fault: str | None = None) -> None:
        """Ask the server, or refuse at once: for `fault`, or because there is no server."""
        if fault is None and self._door.stage is not Stage.INSIDE:
            code, fault = ErrorCode.SHUTDOWN, "not connected"
        if fault is None:
            self._wire.ask(request)
        else:
            self._news.add(RequestRefused(name_of(request) or "", code, fault))


def _handle_fault(handle: str) -> str | None:
    return None if is_handle(handle) else f"{shown_line(handle, 40)} is not a handle"


def _fault(line: str, max_chars: int) -> str | None:
    return f"longer than {max_chars} characters" if len(line) > max_chars else None
