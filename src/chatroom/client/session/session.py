"""The session: one account's conversation with one server, across any number of connections. Sans-I/O.

Its owner tells it what happens to the connection (`connecting`, `connected`, `receive`, `connection_lost`),
sends what `data_to_send` returns, calls `tick` when `next_tick` says so, and reads `take_events`. The state
is there to be read at any time, online or not; the verbs of the user work in words a user knows. No socket,
no clock, no file is touched here. Read next: `events.py`, `conversation.py`; `chatroom.client.connection` is
the owner.
"""

from collections.abc import Callable, Sequence

from chatroom.client.session.conversation import REQUEST_NAMES, Conversation
from chatroom.client.session.door import Door, Stage, new_challenge
from chatroom.client.session.events import Event, RequestRefused, State, StateChanged
from chatroom.client.session.feed import Feed
from chatroom.client.session.intake import is_handle, shown_line
from chatroom.client.session.news import News
from chatroom.client.session.outbox import Outbox, Waiting
from chatroom.client.session.ports import OutboxError, OutboxFile, Signer
from chatroom.client.session.posting import TextRefused, postable
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.roster import Roster
from chatroom.client.session.timeline import Gap, Timeline
from chatroom.client.session.wire import Wire
from chatroom.protocol import limits
from chatroom.protocol.entries import RoomKind, Style
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.names import fold_handle, fold_room_name, room_name_fault
from chatroom.protocol.packets import (
    Closing,
    Invite,
    Join,
    Leave,
    ListRooms,
    OpenDirect,
    Presence,
    Request,
    RoomInfo,
    Search,
    ServerPacket,
    SetPresence,
    SetTopic,
)
from chatroom.protocol.text import clean_line, is_blank

__all__ = ["Session", "TextRefused"]


class Session:
    """See the text of this module. Everything read from it is clean and belongs to it: read, do not change.

    `session_id` names this process to the server (16 bytes). `new_nonce` gives the 16 bytes of a new post.
    `follow_backlog` is how many entries a room begins with. With `follow_rooms` all rooms of the account are
    followed, else only those given to `follow`. A room that fell more than `skip_over` entries behind goes on
    at its end, with a gap to be filled when the user comes to it; 0 skips nothing and fills every gap.
    `show_unknown` keeps entries of kinds this program does not know as lines.
    """

    def __init__(
        self,
        handle: str,
        signer: Signer,
        outbox: OutboxFile,
        *,
        session_id: bytes,
        new_nonce: Callable[[], bytes],
        password: str = "",
        invite: str = "",
        follow_backlog: int = 200,
        follow_rooms: bool = True,
        skip_over: int = 2_000,
        show_unknown: bool = False,
        challenge: Callable[[], bytes] = new_challenge,
    ) -> None:
        self.handle = handle
        self.state = State.OFFLINE
        self._news = News()
        self._wire = Wire()
        self._outbox = Outbox(outbox)
        self._door = Door(
            handle,
            signer,
            session_id,
            self._wire,
            self._news,
            password=password,
            invite=invite,
            challenge=challenge,
        )
        feed = Feed(self._wire, handle, backlog=follow_backlog, skip_over=skip_over, is_complete=show_unknown)
        self._talk = Conversation(
            handle, self._wire, self._outbox, feed, self._news, follows_all=follow_rooms
        )
        self._new_nonce = new_nonce
        self._fault: str | None = None
        self._now = 0.0

    # -- what its owner tells it -----------------------------------------------------------------------------

    def connecting(self) -> None:
        """An attempt to connect begins."""
        self._set_state(State.CONNECTING)

    def connected(self, server_key_hash: bytes, now: float, now_ms: int) -> None:
        """There is a connection to a server with this key (`auth.PLAIN_SERVER_KEY` without TLS).

        `now` is in monotonic seconds, here and everywhere; `now_ms` is the wall clock in ms since 1970.
        """
        self._now = now
        self._wire.open(now)
        self._door.open(server_key_hash)
        self._fault = None
        self._set_state(State.CONNECTING)

    def connection_lost(self, reason: str, now: float) -> None:
        """The connection is gone, or the attempt failed; `reason` is one line for the user."""
        self._now = now
        self._door.close()
        self._fault = None
        self._talk.connection_lost()
        self._wire.close()
        self._outbox.flush()
        self._set_state(State.OFFLINE, reason)

    def receive(self, data: bytes, now: float, now_ms: int) -> None:
        """Take bytes from the server. Any bytes at all: what breaks the protocol sets `must_close`."""
        if not self._is_alive():
            return
        self._now = now
        try:
            for packet in self._wire.receive(data, now):
                self._take(packet)
                if not self._is_alive():
                    break
        except ProtocolError as error:
            self._fault = f"the server broke the protocol: {shown_line(error.text, 200)}"
        self._outbox.flush()
        self._pump()

    def data_to_send(self) -> bytes:
        """Return everything that is to be sent now; the caller sends all of it."""
        return self._wire.take()

    def take_events(self) -> list[Event]:
        """Return what happened since the last call."""
        return self._news.take()

    def tick(self, now: float) -> None:
        """Do what is due by time: heartbeats, deadlines, messages to be tried again, read markers."""
        self._now = now
        fault = self._wire.tick(now)
        if fault is not None and self._fault is None:
            self._fault = fault
        self._pump()

    def next_tick(self) -> float:
        """Return when `tick` should be called; infinity when there is nothing to wait for."""
        if not self._is_alive():
            return float("inf")
        due = self._wire.next_tick()
        return min(due, self._talk.next_pump()) if self._door.stage is Stage.INSIDE else due

    # -- state -----------------------------------------------------------------------------------------------

    @property
    def must_close(self) -> str | None:
        """Why the owner must close the connection now and call `connection_lost`; None while it may live."""
        return self._fault or self._door.fault or self._talk.fault or None

    @property
    def is_final(self) -> bool:
        """Whether connecting again by itself is of no use: the server does not want this client."""
        return self._door.is_final

    @property
    def retry_after_s(self) -> float:
        """How long the server asked us to stay away when it closed the last connection; 0 as we like."""
        return self._door.retry_after_s

    @property
    def restores(self) -> int:
        """How often the server's log, or a room's, turned out not to be the one we knew."""
        return self._talk.restores

    @property
    def server_name(self) -> str:
        """What the server calls itself; empty before the first greeting."""
        return self._door.server_name

    @property
    def rooms(self) -> dict[int, RoomView]:
        """The rooms of the account and open invitations, by number."""
        return self._talk.rooms.by_number

    def sorted_rooms(self) -> list[RoomView]:
        """Return the rooms in the order of a room list: the lobby, rooms, direct rooms, invitations."""
        return self._talk.rooms.sorted()

    def room_named(self, typed: str) -> RoomView | None:
        """Return the room a person means by "lobby", "#lobby" or "@bob"; None if it is not in the list."""
        return self._talk.rooms.named(typed)

    def timeline(self, room: int) -> Timeline:
        """Return the timeline of a room, empty where nothing is known."""
        return self._talk.feed.timeline(room)

    def waiting(self, room: int) -> list[Waiting]:
        """Return one's own messages of a room that are not stored yet, oldest first."""
        return self._outbox.waiting(room)

    @property
    def waiting_count(self) -> int:
        """How many messages are not stored yet, in all rooms."""
        return len(self._outbox)

    @property
    def roster(self) -> Roster:
        """Who is where."""
        return self._talk.roster

    @property
    def my_presence(self) -> Presence:
        """What this client says of its user."""
        return self._talk.presence

    # -- posting ---------------------------------------------------------------------------------------------

    def post(self, room: int, text: str, style: int = Style.SPEECH, now_ms: int = 0) -> bytes:
        """Post a message: it is in the outbox on disk on return, and sent when possible. Returns its nonce.

        Works offline. Raises TextRefused; then nothing was kept.
        """
        return self.post_many(room, [text], style, now_ms)[0]

    def post_many(
        self, room: int, texts: Sequence[str], style: int = Style.SPEECH, now_ms: int = 0
    ) -> list[bytes]:
        """Post several messages in order, with one write to the disk. All of them are taken, or none."""
        view = self.rooms.get(room)
        if view is None or not view.is_member:
            raise TextRefused("you are not in that room")
        posts = [
            Waiting(self._new_nonce(), room, text, style, now_ms, view.title) for text in map(postable, texts)
        ]
        try:
            self._outbox.add(posts)
        except OutboxError as error:
            raise TextRefused(str(error)) from error
        self._news.timeline_changed(room)
        self._pump()
        return [post.nonce for post in posts]

    def mark_read(self, room: int, seq: int) -> None:
        """The user has read a room up to `seq`. The server hears of it at most once a second a room."""
        view = self.rooms.get(room)
        if view is not None:
            self._talk.mark_read(view, seq)
            self._pump()

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
        view = self.rooms.get(room)
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
        if room not in self.roster.wanted and room in self.rooms:
            self.roster.wanted.add(room)
            if self._door.stage is Stage.INSIDE:
                self._talk.listings.ask_members(room)

    def set_presence(self, presence: Presence) -> None:
        """Say that the user is away, or back. Kept over drops."""
        if presence is Presence.OFFLINE or presence is self._talk.presence:
            return
        self._talk.presence = presence
        self.roster.set_presence(self.handle, presence)
        self._news.members_changed(0)
        if self._door.stage is Stage.INSIDE:
            self._wire.ask(SetPresence(self._wire.next_id(), presence))

    # -- inside ----------------------------------------------------------------------------------------------

    def _is_alive(self) -> bool:
        return self._door.stage is not Stage.CLOSED and self.must_close is None

    def _ask(self, request_type: type[Request], make: Callable[[int], Request]) -> None:
        if self._door.stage is Stage.INSIDE:
            self._wire.ask(make(self._wire.next_id()))
        else:
            self._refuse(request_type, ErrorCode.SHUTDOWN, "not connected")

    def _refuse(self, request_type: type[Request], code: ErrorCode, text: str) -> None:
        self._news.add(RequestRefused(REQUEST_NAMES[request_type], code, text))

    def _set_state(self, state: State, reason: str = "") -> None:
        if state is not self.state or reason:
            self.state = state
            self._news.add(StateChanged(state, reason))

    def _pump(self) -> None:
        if self._door.stage is Stage.INSIDE and self.must_close is None:
            self._talk.pump(self._now)
            self._outbox.flush()

    def _take(self, packet: ServerPacket) -> None:
        if isinstance(packet, Closing):
            self._door.take_closing(packet)
        elif self._door.stage is not Stage.INSIDE:
            infos = self._door.take(packet)
            if infos is not None:
                self._enter(infos)
        elif not self._talk.take(packet, self._now):
            raise ProtocolError(ErrorCode.BAD_ORDER, f"{type(packet).__name__} at the wrong time")

    def _enter(self, infos: list[RoomInfo]) -> None:
        """The login is done: these are the rooms."""
        self._wire.logged_in()
        if self._door.is_other_log:
            self._talk.log_changed()
        self._talk.begin(infos, self._now)
        self._set_state(State.ONLINE)
