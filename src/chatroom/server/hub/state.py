"""Who and what there is: accounts, rooms, peers, and how to find them.

Plain state without behaviour of its own. Accounts and rooms change in `fold.py`, or are taken from the log
as a whole (`reloading.py`); cursors change in `delivery.py` only, peers in `hub.py` and the request handlers.
Read next: `context.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

from chatroom.protocol.entries import RoomKind
from chatroom.protocol.names import skeleton
from chatroom.protocol.packets import Presence, Role
from chatroom.server.hub.origins import origin_of
from chatroom.server.hub.ports import Link
from chatroom.server.hub.ratelimit import Bucket
from chatroom.server.hub.records import AccountRecord, BanRecord, RoomRecord, Snapshot

ORIGINS: Final = 8
"""From how many places an account is remembered to have come, should something be done to it."""


class Stage(Enum):
    """How far a peer has come."""

    GREETED = "greeted"  # Hello was sent, Login is awaited
    ENTERING = "entering"  # Login was right, its changes are being committed
    READY = "ready"
    CLOSING = "closing"  # Closing was sent; nothing it says counts any more


CLOSING: Final = Stage.CLOSING
"""For the path of every packet: to look a member up in its Enum takes 0.12 us in Python 3.11."""


class Peer:
    """One connection as the hub sees it."""

    __slots__ = (
        "account",
        "address",
        "awaits",
        "challenge",
        "cursors",
        "ends",
        "heard_at",
        "held_nonce",
        "is_stalled",
        "key_hash",
        "link",
        "live",
        "look_at",
        "missed_presence",
        "opened_at",
        "origin",
        "outbox",
        "outbox_bytes",
        "paused_until",
        "presence",
        "public_key",
        "session",
        "stage",
    )

    def __init__(self, link: Link, address: str, key_hash: bytes, challenge: bytes, opened_at: float) -> None:
        self.link = link
        self.address = address
        self.origin = origin_of(address)
        self.key_hash = key_hash
        self.challenge = challenge
        self.stage = Stage.GREETED
        self.account: Account | None = None
        self.public_key = b""
        """The key that logged in."""
        self.session = b""
        self.held_nonce = b""
        """The oldest post that could not be stored: until it is sent again, no later one is taken."""
        self.presence = Presence.ONLINE
        self.opened_at = opened_at
        self.heard_at = opened_at
        self.look_at = 0
        """When `silence.py` looks at it next."""
        self.paused_until = 0.0
        """The owner of the link hands over nothing from this peer before that time."""
        self.awaits = 0
        """How many changes it asked for have to be decided before anything more is handed over."""
        self.is_stalled = False
        """Bytes wait in the link."""
        self.live: set[Room] = set()
        """Followed rooms whose newest sent entry this peer was sent: its cursor there is `Room.sent`."""
        self.ends: dict[Room, tuple[int, bytes]] = {}
        """Rooms that are no longer followed beyond a seq, and the frame that is said then."""
        self.cursors: dict[Room, int] = {}
        """Followed rooms in which this peer lags, and the last seq it was sent."""
        self.outbox: list[bytes] = []
        """Frames for this peer alone, to go out at the end of the pass."""
        self.outbox_bytes = 0
        self.missed_presence: set[Account] = set()

    def follows(self, room: "Room") -> bool:
        """Whether entries of `room` come to this peer."""
        return room in self.live or room in self.cursors

    def will_be_sent(self, room: "Room", seq: int) -> bool:
        """Whether this entry of `room`, which is not sent yet, comes to this peer."""
        if room in self.live:
            return True
        return room in self.cursors and (room not in self.ends or seq <= self.ends[room][0])

    def __str__(self) -> str:
        return f"{self.account.handle if self.account else '-'}@{self.address}"


class Account:
    """One person: an immutable handle, the keys that may log in with it, and what is connected now."""

    __slots__ = (
        "ban",
        "bucket",
        "handle",
        "invitations",
        "kicked",
        "muted_until",
        "number",
        "origins",
        "peers",
        "public_keys",
        "role",
        "rooms",
        "shown_presence",
    )

    def __init__(self, record: AccountRecord, bucket: Bucket) -> None:
        self.number = record.number
        self.handle = record.handle
        self.take(record)
        self.bucket = bucket
        self.rooms: dict[int, Room] = {}
        self.invitations: dict[Room, Account] = {}
        """Rooms this account may join, and who invited it."""
        self.kicked: dict[int, int] = {}
        """Rooms it was kicked from, and when (ms since 1970) it may come back; the time may be over."""
        self.peers: dict[Peer, None] = {}
        self.shown_presence = Presence.OFFLINE
        """What the others were last told."""
        self.origins: dict[str, None] = {}
        """Where its connections came from since the server started, the latest last."""

    def take(self, record: AccountRecord) -> None:
        """Let it be as it is on disk, but for what rooms say of it."""
        self.role = record.role
        self.muted_until = record.muted_until
        """Milliseconds since 1970; the time may be over, 0: it was not muted."""
        self.ban: BanRecord | None = record.ban
        """The last ban; its time may be over."""
        self.public_keys = set(record.public_keys)

    def note_origin(self, origin: str) -> None:
        """Remember where a connection came from."""
        self.origins.pop(origin, None)
        self.origins[origin] = None
        if len(self.origins) > ORIGINS:
            del self.origins[next(iter(self.origins))]

    def is_muted(self, now_ms: int) -> bool:
        """Whether it only reads at this time."""
        return self.muted_until > now_ms

    def role_at(self, now_ms: int) -> Role:
        """Return what it may do at this time: its role, or `MUTED`."""
        return Role.MUTED if self.muted_until > now_ms else self.role

    def ban_at(self, now_ms: int) -> BanRecord | None:
        """Return the ban that is in force at this time."""
        return self.ban if self.ban is not None and self.ban.until > now_ms else None

    def kicks_at(self, now_ms: int) -> dict[int, int]:
        """Return the rooms to which it may not come back yet at this time, and when it may."""
        return {room: until for room, until in self.kicked.items() if until > now_ms}

    def is_free(self, now_ms: int) -> bool:
        """Whether neither a ban nor a mute nor a kick is in force at this time."""
        return not (self.ban_at(now_ms) or self.is_muted(now_ms) or self.kicks_at(now_ms))

    @property
    def presence(self) -> Presence:
        """The best of the account's connections."""
        return max((peer.presence for peer in self.peers), default=Presence.OFFLINE)


class Room:
    """One room: the fold of its log, and who is being sent it."""

    __slots__ = (
        "creator",
        "first",
        "head",
        "kind",
        "live",
        "members",
        "name",
        "number",
        "parted",
        "sent",
        "topic",
    )

    def __init__(self, record: RoomRecord) -> None:
        self.number = record.number
        self.name = record.name
        self.kind = record.kind
        self.creator = record.creator
        """The number of the account that made it; 0: the server."""
        self.topic = record.topic
        self.first = record.first
        self.head = record.head
        self.sent = record.head
        """The last seq that was sent to the live peers; less than `head` only within a pass."""
        self.members: dict[int, Account] = {}
        self.parted: Account | None = None
        """Whom the last kick took out of the room; None: it was no member."""
        self.live: dict[Peer, Callable[[bytes], int]] = {}
        """The peers that were sent everything up to `sent`, and the shortest way to each (`Link.push`)."""

    @property
    def is_direct(self) -> bool:
        """Whether it is the room of two."""
        return self.kind is RoomKind.DIRECT

    def partner_of(self, account: Account) -> Account | None:
        """The other account of a direct room."""
        if not self.is_direct:
            return None
        return next((member for member in self.members.values() if member is not account), None)


class State:
    """Everything there is, by number and by name."""

    def __init__(self, snapshot: Snapshot, posts_per_s: float, post_burst: float) -> None:
        self._rate = (posts_per_s, post_burst)
        self.accounts: dict[int, Account] = {}
        self.by_handle: dict[str, Account] = {}
        self.skeletons: dict[str, Account] = {}
        self.by_key: dict[bytes, Account] = {}
        """Accounts by the keys that may log in to them."""
        self.barred: dict[str, set[Account]] = {}
        """Origins, and the accounts that came from there and against which something stands."""
        self.rooms: dict[int, Room] = {}
        self.by_name: dict[str, Room] = {}
        self.direct: dict[frozenset[int], Room] = {}
        self.take(snapshot, set())

    def take(self, snapshot: Snapshot, changed: set[Account]) -> None:
        """Let everything be as it is on disk. Whose rooms, invitations, keys or ban were others, is added to
        `changed`.

        Who and what is known stays the same object; the heads of known rooms stay where they were. After an
        error, do it again.
        """
        for account in snapshot.accounts:
            self._take_account(account, changed)
        self._name_accounts()
        for room in snapshot.rooms:
            self._take_room(room)
        self.by_name = {room.name: room for room in self.rooms.values() if room.name}
        self.direct = {frozenset(room.members): room for room in self.rooms.values() if room.is_direct}
        self._take_places(snapshot.rooms, changed)
        barred: defaultdict[str, set[Account]] = defaultdict(set)
        for origin, number in snapshot.barred:
            barred[origin].add(self.accounts[number])
        self.barred = dict(barred)

    def _take_account(self, record: AccountRecord, changed: set[Account]) -> None:
        account = self.accounts.get(record.number)
        if account is None:
            self.accounts[record.number] = Account(record, Bucket(*self._rate))
            return
        if account.ban != record.ban or account.public_keys != set(record.public_keys):
            changed.add(account)
        account.take(record)

    def _name_accounts(self) -> None:
        """Let accounts be found by their handles and keys, all of them or none."""
        known = self.accounts.values()
        by_handle = {account.handle: account for account in known}
        by_key = {key: account for account in known for key in account.public_keys}
        unnamed = (account for account in known if account.handle not in self.by_handle)
        skeletons = self.skeletons | {skeleton(account.handle): account for account in unnamed}
        self.by_handle, self.skeletons, self.by_key = by_handle, skeletons, by_key

    def _take_room(self, record: RoomRecord) -> None:
        room = self.rooms.get(record.number) or self.add_room(record)
        room.topic = record.topic
        room.creator = record.creator
        room.members = {number: self.accounts[number] for number in record.members}

    def _take_places(self, records: Iterable[RoomRecord], changed: set[Account]) -> None:
        """Let accounts be in these rooms, invited to them and kept from them as on disk, and in no others."""
        rooms: defaultdict[int, dict[int, Room]] = defaultdict(dict)
        invitations: defaultdict[int, dict[Room, Account]] = defaultdict(dict)
        kicked: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for record in records:
            room = self.rooms[record.number]
            for number in record.members:
                rooms[number][room.number] = room
            for number, by in record.invited:
                invitations[number][room] = self.accounts[by]
            for number, until in record.kicked:
                kicked[number][room.number] = until
        for number, account in self.accounts.items():
            if account.rooms != rooms[number] or account.invitations != invitations[number]:
                changed.add(account)
            account.rooms = rooms[number]
            account.invitations = invitations[number]
            account.kicked = kicked[number]

    def add_account(self, record: AccountRecord) -> Account:
        """Take in an account that is on disk."""
        account = Account(record, Bucket(*self._rate))
        self.accounts[account.number] = account
        self.skeletons[skeleton(account.handle)] = account
        self.by_handle[account.handle] = account
        for public_key in account.public_keys:
            self.by_key[public_key] = account
        return account

    def bar(self, origin: str, account: Account) -> None:
        """Let new accounts from there share what stands against this one."""
        self.barred.setdefault(origin, set()).add(account)

    def unbar(self, account: Account) -> None:
        """Forget where the account came from."""
        for origin, accounts in list(self.barred.items()):
            accounts.discard(account)
            if not accounts:
                del self.barred[origin]

    def ban_from(self, origin: str, now_ms: int) -> BanRecord | None:
        """Return the ban because of which no new account is made from there at this time."""
        bans = (account.ban_at(now_ms) for account in self.barred.get(origin, ()))
        return next((ban for ban in bans if ban is not None), None)

    def mute_from(self, origin: str, now_ms: int) -> int:
        """Return until when (ms since 1970) a new account from there is muted; 0: it is not."""
        mutes = (account.muted_until for account in self.barred.get(origin, ()))
        return max((until for until in mutes if until > now_ms), default=0)

    def kicks_from(self, origin: str, now_ms: int) -> dict[int, int]:
        """Return the rooms to which a new account from there may not come yet, and when it may."""
        kicks: dict[int, int] = {}
        for account in self.barred.get(origin, ()):
            for room, until in account.kicks_at(now_ms).items():
                kicks[room] = max(until, kicks.get(room, 0))
        return kicks

    def add_room(self, record: RoomRecord) -> Room:
        """Take in a room that is on disk, but for who is in it."""
        room = Room(record)
        self.rooms[room.number] = room
        if room.name:
            self.by_name[room.name] = room
        if room.is_direct:
            self.direct[frozenset(record.members)] = room
        return room
