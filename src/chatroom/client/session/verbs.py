"""What a user may ask of a server, in words a user knows: rooms, history, search, people, presence.

Everything here needs a connection; without one it is refused at once, as nonsense is, and the server is not
troubled. Posting, which works offline, is in `session.py`; answers come as events. Read next: `session.py`.
"""

from collections.abc import Callable

from chatroom.client.session.conversation import REQUEST_NAMES, Conversation
from chatroom.client.session.door import Door, Stage
from chatroom.client.session.events import RequestRefused
from chatroom.client.session.intake import is_handle, shown_line
from chatroom.client.session.news import News
from chatroom.client.session.timeline import Gap
from chatroom.client.session.wire import Wire
from chatroom.protocol import limits
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.names import fold_handle, fold_room_name, room_name_fault
from chatroom.protocol.packets import (
    Invite,
    Join,
    Leave,
    ListRooms,
    OpenDirect,
    Presence,
    Request,
    Search,
    SetPresence,
    SetTopic,
)
from chatroom.protocol.text import clean_line, is_blank


class Verbs:
    """The asking half of a session; only `Session` is made of it."""

    def __init__(self, handle: str, door: Door, wire: Wire, talk: Conversation, news: News) -> None:
        self.handle = handle
        self._door = door
        self._wire = wire
        self._talk = talk
        self._news = news

    # -- rooms -----------------------------------------------------------------------------------------------

    def join(self, name: str, create: bool, private: bool = False) -> None:
        """Become a member of a room; with `create` it is made where there is none. Answer: `RoomOpened`."""
        name = fold_room_name(name)
        kind = RoomKind.PRIVATE if private else RoomKind.PUBLIC
        fault = room_name_fault(name)
        if fault is not None:
            self._refuse(Join, ErrorCode.BAD_NAME, fault)
        else:
            self._ask(Join, lambda number: Join(number, name, create, kind))

    def open_direct(self, handle: str) -> None:
        """Open the direct room with somebody. Answer: `RoomOpened`."""
        handle = fold_handle(handle)
        if not is_handle(handle):
            self._refuse(OpenDirect, ErrorCode.BAD_HANDLE, f"{shown_line(handle, 40)} is not a handle")
        else:
            self._ask(OpenDirect, lambda number: OpenDirect(number, handle))

    def leave(self, room: int) -> None:
        """Stop being a member of a room, which then goes from the list."""
        self._ask(Leave, lambda number: Leave(number, room))

    def set_topic(self, room: int, text: str) -> None:
        """Set the topic of a room; empty takes it away."""
        text = clean_line(text)
        if len(text) > limits.TOPIC_CHARS:
            self._refuse(SetTopic, ErrorCode.BAD_TEXT, f"longer than {limits.TOPIC_CHARS} characters")
        else:
            self._ask(SetTopic, lambda number: SetTopic(number, room, text))

    def invite(self, room: int, handle: str) -> None:
        """Invite somebody to a room."""
        handle = fold_handle(handle)
        if not is_handle(handle):
            self._refuse(Invite, ErrorCode.BAD_HANDLE, f"{shown_line(handle, 40)} is not a handle")
        else:
            self._ask(Invite, lambda number: Invite(number, room, handle))

    def list_rooms(self) -> None:
        """Ask what rooms there are. Answer: `Listed`."""
        if self._door.stage is Stage.INSIDE:
            self._talk.listings.ask_rooms()
        else:
            self._refuse(ListRooms, ErrorCode.SHUTDOWN, "not connected")

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
        if is_blank(query) or len(query) > limits.QUERY_CHARS or (author and not is_handle(author)):
            self._refuse(
                Search, ErrorCode.BAD_QUERY, "search for what?" if is_blank(query) else "not a search"
            )
        else:
            self._ask(Search, lambda number: Search(number, query, room, author, before))

    def load_members(self, room: int) -> None:
        """Fetch the members of a room, now and after every drop. Answer: `MembersChanged`."""
        if room not in self._talk.roster.wanted and room in self._talk.rooms.by_number:
            self._talk.roster.wanted.add(room)
            if self._door.stage is Stage.INSIDE:
                self._talk.listings.ask_members(room)

    def set_presence(self, presence: Presence) -> None:
        """Say that the user is away, or back. Kept over drops."""
        if presence is Presence.OFFLINE or presence is self._talk.presence:
            return
        self._talk.presence = presence
        self._talk.roster.set_presence(self.handle, presence)
        self._news.members_changed(0)
        if self._door.stage is Stage.INSIDE:
            self._wire.ask(SetPresence(self._wire.next_id(), presence))

    # -- inside ----------------------------------------------------------------------------------------------

    def _ask(self, request_type: type[Request], make: Callable[[int], Request]) -> None:
        if self._door.stage is Stage.INSIDE:
            self._wire.ask(make(self._wire.next_id()))
        else:
            self._refuse(request_type, ErrorCode.SHUTDOWN, "not connected")

    def _refuse(self, request_type: type[Request], code: ErrorCode, text: str) -> None:
        self._news.add(RequestRefused(REQUEST_NAMES[request_type], code, text))
