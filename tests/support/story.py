"""A log as a test tells its story: accounts, rooms and posts by short calls, entries read back as values."""

import os
from collections.abc import Iterable, Sequence

from chatroom.protocol.codec import encode
from chatroom.protocol.entries import (
    Body,
    Entry,
    EntryKind,
    Joined,
    Left,
    Posted,
    RoomKind,
    decode_entry,
    encode_body,
    read_body,
)
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.protocol.limits import FRAME_BYTES
from chatroom.protocol.packets import Post, Role
from chatroom.protocol.posts import Posts, cut_posts
from chatroom.server.hub.plain_posts import AddPosts
from chatroom.server.hub.ports import (
    AddAccount,
    AddEntry,
    AddRoom,
    Change,
    Committed,
    Log,
    Outcome,
    SetRead,
    Unread,
)
from chatroom.server.hub.records import RoomRecord
from support.outcomes import one_by_one

START_MS = 1_700_000_000_000
LIMIT, BUDGET = 10_000, 1 << 24

INA, MIA, BOB, EVE = 1, 2, 3, 4
GARDENERS = (("ina", Role.OWNER), ("mia", Role.MODERATOR), ("bob", Role.MEMBER), ("eve", Role.MEMBER))


def posts_together(room: int, posts: Iterable[tuple[str, bytes]]) -> Posts:
    """Return posts of these texts and nonces, as they are cut out of one stream."""
    data = b"".join(encode(Post(1, room, nonce, text)) for text, nonce in posts)
    cut = cut_posts(data, 0, FRAME_BYTES)
    assert cut is not None
    assert cut[1] == len(data), "not all of these are plain, or they are too many"
    return cut[0]


class Story:
    """Drives a log. Each change is a pass of its own, a second after the last, but for `submit`."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.now_ms = START_MS

    def submit(self, *changes: Change, at: int | None = None) -> list[Outcome]:
        """Commit one pass and return what became of its changes, of each with its own frames."""
        self.now_ms += 1_000
        self.log.submit(changes, self.now_ms if at is None else at)
        return one_by_one(changes, self.log.outcomes())

    def one(self, change: Change) -> Outcome:
        """Commit a pass of one change."""
        (outcome,) = self.submit(change)
        return outcome

    def account(self, handle: str) -> int:
        """Make an account and return its number."""
        outcome = self.one(new_account(handle))
        assert isinstance(outcome, Committed), outcome
        return outcome.number

    def room(self, name: str, *members: int, kind: RoomKind = RoomKind.PUBLIC) -> int:
        """Make a room and return its number."""
        outcome = self.one(AddRoom(name, kind, members))
        assert isinstance(outcome, Committed), outcome
        return outcome.number

    def garden(self, *members: int) -> int:
        """Make INA an owner, MIA a moderator, BOB and EVE members, and a room `garden` with these members."""
        for handle, role in GARDENERS:
            self.one(AddAccount(handle, new_account(handle).public_key, role, ""))
        return self.room("garden", *members)

    def nonce(self) -> bytes:
        """Return a nonce not used yet."""
        return os.urandom(16)

    def message(
        self, room: int, author: int, text: str, nonce: bytes | None = None, mentioned: tuple[int, ...] = ()
    ) -> AddEntry:
        """Return a message to be, with a nonce of its own if none is given."""
        body = encode_body(Posted(text))
        return AddEntry(
            room, author, EntryKind.POSTED, body, self.nonce() if nonce is None else nonce, mentioned
        )

    def messages(self, room: int, author: int, *texts: str, nonces: Sequence[bytes] = ()) -> AddPosts:
        """Return plain messages to be, with nonces that rise if none are given."""
        base = int.from_bytes(self.nonce()) >> 8
        nonces = nonces or [(base + place).to_bytes(16) for place in range(len(texts))]
        return AddPosts(room, author, posts_together(room, zip(texts, nonces, strict=True)))

    def post(self, room: int, author: int, text: str, mentioned: tuple[int, ...] = ()) -> int:
        """Post a message and return its seq."""
        outcome = self.one(self.message(room, author, text, mentioned=mentioned))
        assert isinstance(outcome, Committed), outcome
        return outcome.entries[0].seq

    def read_up_to(self, account: int, room: int, seq: int) -> Outcome:
        """Set a read marker."""
        return self.one(SetRead(account, room, seq))

    # looking at it

    def entries(self, room: int) -> list[Entry]:
        """Return all entries of a room."""
        return [entry_in(frame) for frame in self.log.after(room, 0, LIMIT, BUDGET)]

    def texts(self, room: int) -> list[str]:
        """Return the texts of the messages of a room."""
        return texts_of(self.log.after(room, 0, LIMIT, BUDGET))

    def record(self, room: int) -> RoomRecord:
        """Return a room as it would be loaded now."""
        return next(record for record in self.log.load().rooms if record.number == room)

    def unread(self, account: int, room: int) -> Unread:
        """Return the marker and counts of one room."""
        return self.log.unread(account, {room: self.record(room).head})[room]

    def found(self, query: str, rooms: Sequence[int], author: int = 0) -> list[str]:
        """Return the texts a search finds once everything is indexed."""
        self.index()
        return texts_of(self.log.search(query, rooms, author, 0, 50).frames)

    def index(self) -> None:
        """Index everything."""
        while self.log.index(0.01):
            pass


def new_account(handle: str, key: bytes | None = None) -> AddAccount:
    """Return an account to be, with a key that follows from its handle."""
    return AddAccount(handle, key or handle.encode().ljust(32, b"."), Role.MEMBER, "laptop")


def joined(room: int, author: int) -> AddEntry:
    """Return a joining to be."""
    return AddEntry(room, author, EntryKind.JOINED, encode_body(Joined()))


def left(room: int, author: int) -> AddEntry:
    """Return a leaving to be."""
    return AddEntry(room, author, EntryKind.LEFT, encode_body(Left()))


def entry_in(frame: bytes) -> Entry:
    """Return the entry in a frame."""
    return decode_entry(frame[HEADER_BYTES:])


def body_in(frame: bytes) -> Body:
    """Return the body in a frame."""
    return read_body(entry_in(frame))


def texts_of(frames: Sequence[bytes]) -> list[str]:
    """Return the texts of those frames that are messages."""
    bodies = [body_in(frame) for frame in frames]
    return [body.text for body in bodies if isinstance(body, Posted)]
