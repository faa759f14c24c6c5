"""The conversation: what a logged-in client does with every packet the server sends.

A table says which method takes which packet; each brings rooms, feed, roster and outbox up to date and adds
to the news. It begins when the login is done and survives lost connections. What the user asks for is in
`session.py`. Read next: `feed.py`, `posting.py`.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from chatroom.client.session import rooms as room_views
from chatroom.client.session.devices import DeviceNews
from chatroom.client.session.events import (
    MessageArrived,
    Noticed,
    PutOut,
    RequestDone,
    RequestRefused,
    Restored,
    RoomOpened,
)
from chatroom.client.session.feed import Feed
from chatroom.client.session.intake import code_of, is_handle, presence_of, shown_line
from chatroom.client.session.listings import Listings
from chatroom.client.session.news import News
from chatroom.client.session.outbox import Outbox
from chatroom.client.session.posting import Posting
from chatroom.client.session.request_names import name_of
from chatroom.client.session.roles import Roles
from chatroom.client.session.roster import Roster
from chatroom.client.session.wire import Wire
from chatroom.protocol import limits
from chatroom.protocol.entries import Entry, EntryKind, Joined, Left, Moderated, Posted, RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Claim,
    DeviceList,
    Done,
    Follow,
    Following,
    History,
    HistoryPage,
    Join,
    LinkCode,
    ListMembers,
    MarkRead,
    MemberList,
    Moderate,
    OpenDirect,
    Opened,
    Post,
    Presence,
    PresenceChanged,
    ReadMarker,
    Refused,
    RevokeDevice,
    RoomGone,
    RoomInfo,
    RoomList,
    RoomState,
    SearchPage,
    ServerPacket,
    SetPresence,
    Stored,
)

P = TypeVar("P", bound=ServerPacket)

MARK_EVERY_S: Final = 1.0
"""A read marker of one room travels at most so often: a busy room would cause one for every message."""

MOMENT_S: Final = 120.0
"""Who was gone for no longer hears of what came meanwhile as if it came now: a server may restart."""


class Conversation:
    """The state of an account on a server, as far as it is known here, and what keeps it right."""

    def __init__(
        self, me: str, wire: Wire, outbox: Outbox, feed: Feed, news: News, *, follows_all: bool
    ) -> None:
        self.me = me
        self.rooms = room_views.Rooms()
        self.roster = Roster()
        self.roles = Roles(me, self.roster, news)
        self.feed = feed
        self.posting = Posting(outbox, wire, self.rooms, news)
        self.listings = Listings(me, wire, self.rooms, self.roster, self.roles, news)
        self.presence = Presence.ONLINE
        self.fault = ""  # why the connection must be given up
        self._wire = wire
        self._news = news
        self._follows_all = follows_all
        self._chosen: set[int] = set()
        self._marks: dict[int, int] = {}
        self._next_mark_at: dict[int, float] = {}
        self._now = 0.0
        self._lost_at: float | None = None
        self._is_inside = False
        devices = DeviceNews(wire, news)
        self._take: dict[type[object], Callable[[ServerPacket], None]] = dict(
            [
                _row(Entry, self._take_entry),
                _row(Stored, self.posting.take_stored),
                _row(Following, self._take_following),
                _row(HistoryPage, self._take_page),
                _row(Refused, self._take_refused),
                _row(Done, self._take_done),
                _row(Opened, self._take_opened),
                _row(RoomState, self._take_state),
                _row(RoomGone, self._take_gone),
                _row(ReadMarker, self._take_marker),
                _row(PresenceChanged, self._take_presence),
                _row(MemberList, self.listings.take_members),
                _row(RoomList, self.listings.take_rooms),
                _row(SearchPage, self.listings.take_found),
                _row(LinkCode, devices.take_link),
                _row(DeviceList, devices.take_list),
            ]
        )

    # -- beginning and end -----------------------------------------------------------------------------------

    def begin(self, infos: list[RoomInfo], now: float, *, is_other_log: bool) -> None:
        """The login is done and these are the rooms: follow them and send what waits."""
        self._now = now
        if is_other_log:
            self._log_changed()
        was_here = self._lost_at is not None and now - self._lost_at < MOMENT_S
        for room in self.rooms.take_all(infos, was_here=was_here and not is_other_log):
            self._forget(room)
        for room, seq in self._marks.items():
            room_views.mark(self.rooms.by_number[room], seq, self.feed.timelines.get(room))
        if self.presence is not Presence.ONLINE:
            self._wire.ask(SetPresence(self._wire.next_id(), self.presence))
        self.roster.set_presence(self.me, self.presence)
        followed = [view for view in self.rooms if self._is_to_follow(view)]
        self._went_back(self.feed.follow(followed))
        for view in self.rooms:
            self._news.timeline_changed(view.number)
            self._pair(view)
        self.listings.begin(with_partners=self._follows_all)
        self._news.rooms_changed()
        self._is_inside = True
        self.pump(now)

    def connection_lost(self, now: float) -> None:
        """All that was asked and not answered is void; what the user asked for is told so."""
        self._lost_at = now if self._is_inside else self._lost_at
        self._is_inside = False
        for request in list(self._wire.asked.values()):
            if isinstance(request, MarkRead) and request.room in self.rooms.by_number:
                self._marks.setdefault(request.room, request.seq)
            name = name_of(request)
            if name is not None and not isinstance(request, History | ListMembers):
                text = "the connection was lost before the answer came"
                self._news.add(RequestRefused(name, ErrorCode.SHUTDOWN, text))
        for number, timeline in self.feed.timelines.items():
            if timeline.is_loading:
                self._news.timeline_changed(number)
        self._next_mark_at.clear()
        self.fault = ""
        self.feed.connection_lost()
        self.roster.connection_lost()
        self.posting.connection_lost()

    def _log_changed(self) -> None:
        """The server serves another log: nothing of the old one holds. What waits is sent to the new one."""
        self._marks.clear()
        self.feed.drop_all()
        count = self.posting.waiting_count
        text = "the history of this server was restored from a backup"
        noun = "message that was not stored is" if count == 1 else "messages that were not stored are"
        self._news.add(Restored(f"{text}; {count} {noun} sent again" if count else text))

    def _went_back(self, rooms: list[int]) -> None:
        for room in rooms:
            view = self.rooms.by_number.get(room)
            title = view.title if view is not None else "a room"
            self._news.add(Restored(f"the history of {title} was restored by the server; it is fetched anew"))
            self._news.timeline_changed(room)

    def _is_to_follow(self, view: room_views.RoomView) -> bool:
        return view.is_member and (self._follows_all or view.number in self._chosen)

    def follow(self, view: room_views.RoomView, after: int | None) -> None:
        """Follow one room, now and after every drop: after a seq, or from the backlog on."""
        self._chosen.add(view.number)
        if after is None:
            self._went_back(self.feed.follow([view]))
        else:
            self.feed.follow_from(view, after)

    def take(self, packet: ServerPacket, now: float) -> bool:
        """Take a packet; False when a server may not send such a packet now."""
        self._now = now
        handler = self._take.get(type(packet))
        if handler is None:
            return False
        handler(packet)
        return True

    # -- time ------------------------------------------------------------------------------------------------

    def pump(self, now: float) -> None:
        """Do what is due: send posts, oldest first, and read markers; end mutes."""
        self.posting.pump(now)
        self.roles.pump(now)
        for room in [room for room in self._marks if now >= self._next_mark_at.get(room, 0.0)]:
            self._wire.ask(MarkRead(self._wire.next_id(), room, self._marks.pop(room)))
            self._next_mark_at[room] = now + MARK_EVERY_S

    def next_pump(self) -> float:
        """Return when `pump` has something to do by itself; infinity when it waits for an answer."""
        due = [self._next_mark_at.get(room, 0.0) for room in self._marks]
        return min([*due, self.posting.next_pump(), self.roles.next_pump()])

    def mark_read(self, view: room_views.RoomView, seq: int) -> None:
        """The user has read up to `seq`."""
        seq = min(seq, view.head)
        if seq > view.read:
            room_views.mark(view, seq, self.feed.timelines.get(view.number))
            self._marks[view.number] = seq
            self._news.rooms_changed()

    # -- entries and history ---------------------------------------------------------------------------------

    def _take_entry(self, entry: Entry) -> None:
        line = self.feed.take_entry(entry)
        if entry.nonce and entry.author == self.me:
            self.posting.stored(entry.nonce, entry.room, entry.seq)
        if line is None:
            return
        self._news.timeline_changed(line.room)
        view = self.rooms.by_number.get(line.room)
        if view is None:
            return
        is_live = line.seq > view.live_after
        self.roles.take(line, self._now)
        if room_views.fold(view, line):
            self._news.rooms_changed()
        match line.body:
            case Posted(text) if is_live and not line.is_own:
                is_direct = view.kind is RoomKind.DIRECT
                self._news.add(MessageArrived(line.room, line.author, text, line.mentions_me, is_direct))
            case Joined():
                self.roster.joined(line.room, line.author)
                self._news.members_changed(line.room)
            case Left():
                self.roster.left(line.room, line.author)
                self._news.members_changed(line.room)
            case Moderated(handle) if line.kind == EntryKind.KICKED:
                self.roster.left(line.room, handle)
                self._news.members_changed(line.room)
            case _:
                pass

    def _take_following(self, packet: Following) -> None:
        request = self._wire.answered(packet.id)
        if isinstance(request, Follow):
            self._went_back(self.feed.take_following(request, packet))
            for cursor in request.cursors:
                self._news.timeline_changed(cursor.room)

    def _take_page(self, packet: HistoryPage) -> None:
        request = self._wire.answered(packet.id)
        if isinstance(request, History):
            for line in self.feed.take_page(request, packet):
                if line.nonce and line.is_own:
                    self.posting.stored(line.nonce, line.room, line.seq)
            self._news.timeline_changed(request.room)

    # -- answers ---------------------------------------------------------------------------------------------

    def _take_refused(self, packet: Refused) -> None:
        request = self._wire.answered(packet.id)
        code, text = code_of(packet.code), shown_line(packet.text, 300)
        match request:
            case Post():
                self.posting.take_refused(request, code, text, packet.retry_ms, self._now)
            case Follow():
                if packet.retry_ms or code is ErrorCode.STORAGE:
                    self.fault = f"the server cannot read its log: {text}"
                else:
                    self.feed.refused(request)
            case History():
                self.feed.page_refused(request)
                self._news.timeline_changed(request.room)
            case _:
                pass
        name = name_of(request)
        if name is not None:
            self._news.add(RequestRefused(name, code, text))

    def _take_done(self, packet: Done) -> None:
        request = self._wire.answered(packet.id)
        name = name_of(request)
        if name is not None and isinstance(request, Moderate | Claim | RevokeDevice):
            self._news.add(RequestDone(name))

    def _take_opened(self, packet: Opened) -> None:
        request = self._wire.answered(packet.id)
        if not isinstance(request, Join | OpenDirect):
            return
        if self._take_room(packet.info):
            self._news.add(RoomOpened(packet.info.room))
        else:
            self._news.add(Noticed("the server opened a room that cannot be shown"))

    # -- rooms -----------------------------------------------------------------------------------------------

    def _take_state(self, packet: RoomState) -> None:
        self._take_room(packet.info)

    def _take_room(self, info: RoomInfo) -> bool:
        view = self.rooms.take(info)
        if view is None:
            return False
        self._news.rooms_changed()
        if self._is_to_follow(view) and not self.feed.is_asked_for(view.number):
            self._went_back(self.feed.follow([view]))
        self._pair(view)
        return True

    def _pair(self, view: room_views.RoomView) -> None:
        if view.kind is RoomKind.DIRECT:
            self.roster.pair(view.number, self.me, view.partner)

    def _take_gone(self, packet: RoomGone) -> None:
        view = self.rooms.by_number.get(packet.room)
        if view is None:
            return
        text = shown_line(packet.text, limits.TOPIC_CHARS)
        if text:
            self._news.add(PutOut(view.title, text))
        self._forget(packet.room)

    def _forget(self, room: int) -> None:
        self.rooms.forget(room)
        self.feed.forget_room(room)
        self.roster.forget_room(room)
        self.listings.forget_room(room)
        self._marks.pop(room, None)
        self._chosen.discard(room)
        self._news.rooms_changed()
        self._news.timeline_changed(room)

    def _take_marker(self, packet: ReadMarker) -> None:
        view = self.rooms.by_number.get(packet.room)
        if view is not None:
            room_views.take_marker(view, packet, self.feed.timelines.get(packet.room))
            self._news.rooms_changed()

    # -- people ----------------------------------------------------------------------------------------------

    def _take_presence(self, packet: PresenceChanged) -> None:
        for change in packet.changes:
            handle, presence = change.handle, change.presence
            if is_handle(handle):
                self.roster.set_presence(handle, presence_of(presence))
        self._news.members_changed(0)


def _row(
    packet_type: type[P], method: Callable[[P], None]
) -> tuple[type[object], Callable[[ServerPacket], None]]:
    """Return a row of the table: the class, and the method behind a check of the class."""

    def take(packet: ServerPacket) -> None:
        assert isinstance(packet, packet_type)
        method(packet)

    return packet_type, take
