"""A server in few lines, from docs/protocol.md alone: bytes in, bytes out, logs in lists.

It shares no code with the real hub and is strict: whatever a correct client would not send raises. Tests
drive sessions with it, cut its connections anywhere, and can make it lie. `TinyServer` outlives connections.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from chatroom.protocol.auth import PLAIN_SERVER_KEY, login_message
from chatroom.protocol.codec import decode_from_client, encode
from chatroom.protocol.codes import normalise_code
from chatroom.protocol.entries import (
    Body,
    Created,
    Entry,
    EntryKind,
    Joined,
    Left,
    Moderated,
    Posted,
    RoomKind,
    TopicSet,
    decode_entry,
    encode_body,
    encode_entry,
    read_body,
)
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.frames import HEADER_BYTES, FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES, LOGIN_FRAME_BYTES
from chatroom.protocol.packets import (
    Claim,
    Closing,
    CreateLink,
    Device,
    DeviceList,
    Done,
    Follow,
    Followed,
    Following,
    Hello,
    History,
    HistoryPage,
    Invite,
    Join,
    Leave,
    LinkCode,
    ListDevices,
    ListMembers,
    ListRooms,
    Login,
    MarkRead,
    Member,
    MemberList,
    Moderate,
    ModerationAct,
    OpenDirect,
    Opened,
    Packet,
    Ping,
    Pong,
    Post,
    Presence,
    ReadMarker,
    Refused,
    Request,
    RevokeDevice,
    Role,
    RoomGone,
    RoomInfo,
    RoomList,
    RoomState,
    Search,
    SearchPage,
    SetPresence,
    SetTopic,
    Stored,
    Welcome,
)
from support.kinds import KIND_OF


class FakeSigner:
    """Signs with a hash: whoever knows the public key can forge, which no test does."""

    def __init__(self, name: str = "key") -> None:
        self.public_key = hashlib.sha256(name.encode()).digest()

    def sign(self, message: bytes) -> bytes:
        return signature(self.public_key, message)


def signature(public_key: bytes, message: bytes) -> bytes:
    return hashlib.sha512(public_key + message).digest()


def is_signature(public_key: bytes, signed: bytes, message: bytes) -> bool:
    return signed == signature(public_key, message)


@dataclass
class TinyRoom:
    number: int
    name: str
    kind: RoomKind = RoomKind.PUBLIC
    topic: str = ""
    frames: list[bytes] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    first: int = 1

    @property
    def head(self) -> int:
        return self.first - 1 + len(self.frames)

    def after(self, seq: int) -> list[bytes]:
        return self.frames[max(0, seq - self.first + 1) :]


class TinyServer:
    """Rooms and their logs. `refuse` may answer a post in its place; `now` counts in ms."""

    def __init__(self, *rooms: str) -> None:
        self.log_id = bytes(16)
        self.key_hash = PLAIN_SERVER_KEY
        self.verify: Callable[[bytes, bytes, bytes], bool] = is_signature
        self.now = 1_700_000_000_000
        self.rooms: dict[int, TinyRoom] = {}
        self.stored: dict[tuple[str, bytes], tuple[int, int]] = {}
        self.read: dict[tuple[str, int], int] = {}
        self.presence: dict[str, Presence] = {}
        self.roles: dict[str, Role] = {}
        self.name = "tiny"
        self.welcome = ""
        self.no_room = "there is no such room"
        self.link_code = "00000-00000-00000-00001"
        self.linked = ""
        self.unknown: set[str] = set()  # handles nobody has
        self.connections: list[TinyConnection] = []
        self.refuse: Callable[[Post], Refused | None] = lambda post: None
        self.page_entries = 200
        for name in rooms or ("lobby",):
            self.make_room(name)

    def make_room(
        self, name: str, kind: RoomKind = RoomKind.PUBLIC, members: tuple[str, ...] = ()
    ) -> TinyRoom:
        room = TinyRoom(len(self.rooms) + 1, name, kind, members=list(members))
        self.rooms[room.number] = room
        self.add(room, "owner", Created(name, kind))
        if kind is RoomKind.DIRECT:
            for member in members:
                self.add(room, member, Joined())
        return room

    def room(self, name: str) -> TinyRoom:
        return next(room for room in self.rooms.values() if room.name == name)

    def add(
        self, room: TinyRoom, author: str, body: Body, nonce: bytes = b"", kind: int | None = None
    ) -> int:
        """Append an entry and return its seq; followers get it with their next `flush`."""
        self.now += 1
        number = KIND_OF[type(body)] if kind is None else kind
        seq = room.head + 1
        frame = encode_entry(room.number, seq, self.now, author, nonce, number, encode_body(body))
        room.frames.append(frame)
        if nonce:
            self.stored[author, nonce] = (room.number, seq)
        return seq

    def role(self, handle: str) -> Role:
        return self.roles.get(handle, Role.MEMBER)

    def kick(self, room: TinyRoom, author: str, handle: str, reason: str = "") -> None:
        room.members.remove(handle)
        self.add(room, author, Moderated(handle, 0, reason), kind=EntryKind.KICKED)
        self.end_room(room, handle, f"kicked by {author}")

    def end_room(self, room: TinyRoom, handle: str, text: str = "") -> None:
        """Nothing more of the room goes to who is no longer its member."""
        for connection in self.connections:
            if connection.handle == handle:
                connection.feed()
                connection.cursors.pop(room.number, None)
                connection.send(RoomGone(room.number, text))

    def say(self, author: str, text: str, room: str = "lobby") -> int:
        return self.add(self.room(room), author, Posted(text))

    def texts(self, room: str = "lobby") -> list[str]:
        return [body_text(frame) for frame in self.room(room).frames if body_text(frame)]

    def signer(self, handle: str) -> FakeSigner:
        return FakeSigner(handle)

    def connect(self) -> "TinyConnection":
        connection = TinyConnection(self)
        self.connections.append(connection)
        return connection

    def flush(self) -> None:
        for connection in self.connections:
            connection.feed()

    def info(self, room: TinyRoom, handle: str) -> RoomInfo:
        read = self.read.get((handle, room.number), 0)
        unread = sum(1 for entry in map(entry_of, room.after(read)) if is_news(entry, handle))
        partner = next((m for m in room.members if m != handle), "") if room.kind == RoomKind.DIRECT else ""
        return RoomInfo(
            room.number,
            room.name,
            room.kind,
            room.topic,
            room.first,
            room.head,
            len(room.members),
            handle in room.members,
            read,
            unread,
            0,
            partner,
        )


def entry_of(frame: bytes) -> Entry:
    return decode_entry(frame[HEADER_BYTES:])


def is_news(entry: Entry, handle: str) -> bool:
    return entry.kind == EntryKind.POSTED and entry.author != handle


def body_text(frame: bytes) -> str:
    """Return the text of a message in its frame; empty for other entries."""
    body = read_body(entry_of(frame))
    return body.text if isinstance(body, Posted) else ""


class TinyConnection:
    """One connection. `out` is what was sent and not taken by the test yet."""

    def __init__(self, server: TinyServer) -> None:
        self.server = server
        self.challenge = hashlib.sha256(str(len(server.connections)).encode()).digest()
        self.out = bytearray()
        self.handle = ""
        self.cursors: dict[int, int] = {}
        self.requests: list[Packet] = []
        self.held = b""
        self._decoder = FrameDecoder(LOGIN_FRAME_BYTES)
        self.send(Hello(1, 1, server.name, self.challenge, server.log_id))

    def send(self, packet: Packet) -> None:
        self.out += encode(packet)

    def take(self, limit: int | None = None) -> bytes:
        """Return what is to travel to the client, at most `limit` bytes of it."""
        data = bytes(self.out[:limit])
        del self.out[: len(data)]
        return data

    def receive(self, data: bytes) -> None:
        for packet_type, payload in self._decoder.feed(data):
            packet = decode_from_client(packet_type, payload)
            assert packet is not None
            self.requests.append(packet)
            if not self.handle:
                assert isinstance(packet, Login), packet
                self._login(packet)
            elif isinstance(packet, Ping):
                self.send(Pong(packet.token))
            elif not isinstance(packet, Pong):
                assert isinstance(packet, Request)
                ANSWERS[type(packet)](self, packet)
        self.server.flush()

    def asked(self, kind: type[Packet]) -> list[Packet]:
        return [packet for packet in self.requests if isinstance(packet, kind)]

    def feed(self) -> None:
        for number, cursor in self.cursors.items():
            room = self.server.rooms[number]
            for frame in room.after(cursor):
                self.out += frame
            self.cursors[number] = room.head

    def close(self) -> None:
        self.server.connections.remove(self)

    def refuse(self, request: Request, code: ErrorCode, text: str = "no", retry_ms: int = 0) -> None:
        self.send(Refused(request.id, code, text, retry_ms))

    def _login(self, login: Login) -> None:
        message = login_message(self.challenge, login.challenge, self.server.key_hash, login.handle)
        if not self.server.verify(login.public_key, login.signature, message):
            self.send(Closing(ErrorCode.BAD_SIGNATURE, "bad signature"))
            return
        self.handle = login.handle
        if not login.handle:
            if normalise_code(login.invite) != normalise_code(self.server.link_code):
                self.send(Closing(ErrorCode.NOT_ADMITTED, "this code is not known here"))
                return
            self.handle = self.server.linked
        self._decoder.limit_bytes = FRAME_BYTES
        lobby = self.server.rooms[1]
        if self.handle not in lobby.members:
            lobby.members.append(self.handle)
            self.server.add(lobby, self.handle, Joined())
        mine = [room for room in self.server.rooms.values() if self.handle in room.members]
        role, now, text = self.server.role(self.handle), self.server.now, self.server.welcome
        self.send(Welcome(login.id, self.handle, role, False, now, len(mine), text))
        for room in mine:
            self.send(RoomState(self.server.info(room, self.handle)))

    def _my_room(self, request: Request, number: int) -> TinyRoom | None:
        room = self.server.rooms.get(number)
        if room is None or self.handle not in room.members:
            self.refuse(request, ErrorCode.NOT_A_MEMBER)
            return None
        return room

    def _follow(self, request: Follow) -> None:
        rows = []
        for cursor in request.cursors:
            room = self._my_room(request, cursor.room)
            if room is None:
                return
            start = max(min(cursor.after, room.head), room.first - 1)
            if request.backlog:
                start = max(start, room.head - request.backlog)
            rows.append(Followed(cursor.room, start, room.head))
        self.send(Following(request.id, rows))
        self.cursors |= {row.room: row.start for row in rows}

    def _post(self, request: Post) -> None:
        if self.held and request.nonce != self.held:
            self.refuse(request, ErrorCode.STORAGE, "an earlier message waits")
            return
        self.held = b""
        known = self.server.stored.get((self.handle, request.nonce))
        if known is not None:
            self.send(Stored(request.id, *known, request.nonce, repeat=True))
            return
        room = self._my_room(request, request.room)
        if room is None:
            return
        refused = self.server.refuse(request)
        if self not in self.server.connections:  # cut meanwhile
            return
        if refused is not None:
            self.held = request.nonce if refused.code == ErrorCode.STORAGE else b""
            self.send(refused)
            return
        seq = self.server.add(room, self.handle, Posted(request.text, request.manner), request.nonce)
        if request.room not in self.cursors:
            self.send(Stored(request.id, request.room, seq, request.nonce))

    def _history(self, request: History) -> None:
        room = self._my_room(request, request.room)
        if room is None:
            return
        before = min(request.before or room.head + 1, room.head + 1)
        seqs = range(max(request.after + 1, room.first), before)
        limit = min(request.limit, self.server.page_entries)
        page = seqs[-limit:] if request.before else seqs[:limit]
        entries = [entry_of(room.frames[seq - room.first]) for seq in page]
        self.send(HistoryPage(request.id, request.room, entries, len(page) < len(seqs)))

    def _join(self, request: Join) -> None:
        room = next((room for room in self.server.rooms.values() if room.name == request.name), None)
        if room is None and not request.create:
            self.refuse(request, ErrorCode.NO_SUCH_ROOM, self.server.no_room)
            return
        if room is None:
            room = self.server.make_room(request.name, RoomKind(request.kind))
        if self.handle not in room.members:
            room.members.append(self.handle)
            self.server.add(room, self.handle, Joined())
        self.send(Opened(request.id, self.server.info(room, self.handle)))

    def _open_direct(self, request: OpenDirect) -> None:
        if request.handle in self.server.unknown:
            self.refuse(request, ErrorCode.NO_SUCH_ACCOUNT, "there is no such account")
            return
        pair = {self.handle, request.handle}
        for room in self.server.rooms.values():
            if room.kind == RoomKind.DIRECT and set(room.members) == pair:
                break
        else:
            room = self.server.make_room("", RoomKind.DIRECT, tuple(sorted(pair)))
        self.send(Opened(request.id, self.server.info(room, self.handle)))

    def _leave(self, request: Leave) -> None:
        room = self._my_room(request, request.room)
        if room is not None:
            room.members.remove(self.handle)
            self.server.add(room, self.handle, Left())
            self.send(Done(request.id))
            self.server.end_room(room, self.handle)

    def _set_topic(self, request: SetTopic) -> None:
        room = self._my_room(request, request.room)
        if room is not None:
            room.topic = request.text
            self.server.add(room, self.handle, TopicSet(request.text))
            self.send(Done(request.id))

    def _list_rooms(self, request: ListRooms) -> None:
        rooms = sorted(self.server.rooms.values(), key=lambda room: room.name)
        later = [room for room in rooms if room.name > request.after]
        page = later[: request.limit]
        infos = [self.server.info(room, self.handle) for room in page]
        self.send(RoomList(request.id, infos, len(later) > len(page)))

    def _list_members(self, request: ListMembers) -> None:
        room = self._my_room(request, request.room)
        if room is not None:
            later = sorted(handle for handle in room.members if handle > request.after)
            page = later[: min(request.limit, self.server.page_entries)]
            presence = self.server.presence
            role = self.server.role
            rows = [Member(handle, role(handle), presence.get(handle, Presence.ONLINE)) for handle in page]
            self.send(MemberList(request.id, room.number, rows, len(later) > len(page)))

    def _search(self, request: Search) -> None:
        frames = [
            f for room in self.server.rooms.values() for f in room.frames if self.handle in room.members
        ]
        query = request.query.removesuffix("*")
        hits = [entry_of(frame) for frame in frames if query in body_text(frame)]
        self.send(SearchPage(request.id, hits[::-1], 0))

    def _mark_read(self, request: MarkRead) -> None:
        key = (self.handle, request.room)
        self.server.read[key] = max(self.server.read.get(key, 0), request.seq)
        info = self.server.info(self.server.rooms[request.room], self.handle)
        self.send(ReadMarker(request.room, info.read, info.unread, info.mentions))
        self.send(Done(request.id))

    def _moderate(self, request: Moderate) -> None:
        room = self._my_room(request, request.room)
        if room is None:
            return
        if self.server.role(self.handle) < Role.MODERATOR:
            self.refuse(request, ErrorCode.NOT_ALLOWED, "members may not")
            return
        until = self.server.now + 1000 * request.seconds if request.seconds else 0
        if request.act == ModerationAct.KICK:
            self.server.kick(room, self.handle, request.handle, request.reason)
        else:
            body = Moderated(request.handle, until, request.reason, request.role)
            self.server.add(room, self.handle, body, kind=EntryKind.KICKED + request.act)
        self.send(Done(request.id))

    def _claim(self, request: Claim) -> None:
        self.server.roles[self.handle] = Role.OWNER
        body = Moderated(self.handle, 0, "", Role.OWNER)
        self.server.add(self.server.rooms[1], self.handle, body, kind=EntryKind.ROLE_SET)
        self.send(Done(request.id))

    def _create_link(self, request: CreateLink) -> None:
        self.send(LinkCode(request.id, self.server.link_code, 600))

    def _list_devices(self, request: ListDevices) -> None:
        key = self.server.signer(self.handle).public_key
        devices = [Device(key, "chatroom", 5, True), Device(bytes(32), "old\x1b[2J", 6, False)]
        self.send(DeviceList(request.id, devices))

    def _done(self, request: Request) -> None:
        self.send(Done(request.id))


ANSWERS: dict[type[Packet], Callable[[TinyConnection, Request], None]] = {  # type: ignore[assignment]
    Follow: TinyConnection._follow,
    Post: TinyConnection._post,
    History: TinyConnection._history,
    Join: TinyConnection._join,
    OpenDirect: TinyConnection._open_direct,
    Leave: TinyConnection._leave,
    SetTopic: TinyConnection._set_topic,
    ListRooms: TinyConnection._list_rooms,
    ListMembers: TinyConnection._list_members,
    Search: TinyConnection._search,
    MarkRead: TinyConnection._mark_read,
    SetPresence: TinyConnection._done,
    Invite: TinyConnection._done,
    Moderate: TinyConnection._moderate,
    Claim: TinyConnection._claim,
    CreateLink: TinyConnection._create_link,
    ListDevices: TinyConnection._list_devices,
    RevokeDevice: TinyConnection._done,
}
