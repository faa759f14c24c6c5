"""Lists the server gives in pages: the rooms there are, the members of a room, the hits of a search.

Each answer is either the last page, and then the list is told or kept, or the next page is asked for; all
bounded. Members are asked for only where somebody looks at them, for each request keeps the account's own
messages waiting where the server slows it. Read next: `roster.py`.
"""

from typing import Final

from chatroom.client.session.events import Found, Listed
from chatroom.client.session.intake import is_handle, line_of, presence_of, role_of, room_fault, shown_topic
from chatroom.client.session.news import News
from chatroom.client.session.roles import Roles
from chatroom.client.session.rooms import Rooms
from chatroom.client.session.roster import Member, Roster
from chatroom.client.session.wire import Wire
from chatroom.protocol.entries import Posted, RoomKind
from chatroom.protocol.packets import (
    ListMembers,
    ListRooms,
    MemberList,
    RoomInfo,
    RoomList,
    Search,
    SearchPage,
)

MAX_PAGES: Final = 50
"""Most pages of one list: 2,000 rooms, or more members than a roster keeps. A hostile server never ends."""

MAX_PARTNERS: Final = 20
"""Of so many direct rooms it is asked unasked whether the partner is there. Strangers can open a thousand."""


class Listings:
    """What is asked for page by page."""

    def __init__(self, me: str, wire: Wire, rooms: Rooms, roster: Roster, roles: Roles, news: News) -> None:
        self._me = me
        self._wire = wire
        self._rooms = rooms
        self._roster = roster
        self._roles = roles
        self._news = news
        self._listed: list[RoomInfo] = []
        self._list_pages = 0
        self._shown = 0
        self._asked: dict[int, int] = {}  # pages asked for on this connection, by room

    def ask_rooms(self, after: str = "") -> None:
        """Ask for the rooms there are, those after a name."""
        self._wire.ask(ListRooms(self._wire.next_id(), after))

    def take_rooms(self, packet: RoomList) -> None:
        """Take a page of rooms; the last one makes the event."""
        request = self._wire.answered(packet.id)
        if not isinstance(request, ListRooms):
            return
        if not request.after:
            self._listed, self._list_pages = [], 0
        self._list_pages += 1
        self._listed.extend(info for info in packet.rooms if room_fault(info) is None)
        last = packet.rooms[-1].name if packet.rooms else ""
        if packet.more and last > request.after and self._list_pages < MAX_PAGES:
            self.ask_rooms(last)
            return
        rows = {
            info.name: (
                info.name,
                shown_topic(info.topic),
                info.member_count,
                info.is_member,
            )
            for info in self._listed
            if info.kind != RoomKind.DIRECT
        }
        self._listed = []
        self._news.add(Listed(tuple(rows[name] for name in sorted(rows))))

    def show_members(self, room: int, *, is_online: bool) -> None:
        """This is the room whose members are to be known, now and after every drop."""
        self._shown = room
        if is_online and room not in self._asked:
            self._ask_members(room)

    def begin(self, *, with_partners: bool) -> None:
        """The login is done: what was known of members may be old. Ask for those that are looked at."""
        self._asked.clear()
        if self._shown in self._rooms.by_number:
            self._ask_members(self._shown)
        if with_partners:
            direct = sorted(view.number for view in self._rooms if view.kind is RoomKind.DIRECT)
            for room in direct[:MAX_PARTNERS]:  # the oldest: those of strangers come later
                if room not in self._asked:
                    self._ask_members(room)

    def _ask_members(self, room: int, after: str = "") -> None:
        """Ask for the members of a room, those after a handle."""
        self._asked[room] = self._asked.get(room, 0) + 1
        self._wire.ask(ListMembers(self._wire.next_id(), room, after))

    def forget_room(self, room: int) -> None:
        """The room is no longer ours."""
        self._asked.pop(room, None)

    def take_members(self, packet: MemberList) -> None:
        """Take a page of members into the roster."""
        request = self._wire.answered(packet.id)
        if not isinstance(request, ListMembers) or request.room not in self._rooms.by_number:
            return
        members = [
            Member(member.handle, role_of(member.role), presence_of(member.presence))
            for member in packet.members
            if is_handle(member.handle)
        ]
        last = packet.members[-1].handle if packet.members else ""
        is_last = not packet.more or last <= request.after or self._asked.get(request.room, 0) >= MAX_PAGES
        self._roster.take_page(request.room, members, is_first=not request.after, is_last=is_last)
        for member in members:
            if member.handle == self._me:
                self._roles.listed(member.role)
        self._news.members_changed(request.room)
        if not is_last:
            self._ask_members(request.room, last)

    def take_found(self, packet: SearchPage) -> None:
        """Take a page of hits: messages of rooms we know."""
        request = self._wire.answered(packet.id)
        if not isinstance(request, Search):
            return
        hits = [
            (line.room, line.seq, line.at, line.author, line.body.text)
            for line in (line_of(entry, self._me) for entry in packet.entries)
            if isinstance(line.body, Posted) and line.room in self._rooms.by_number
        ]
        self._news.add(Found(request.query, tuple(hits), packet.next, packet.unindexed))
