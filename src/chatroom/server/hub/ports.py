"""What the hub needs from the world: the log on disk, the way to a peer, and a way to check signatures.

The hub proposes `Change`s and hears their `Outcome`s; it never assumes that an outcome is there when
`submit` returns, so that a log which answers in a later pass (a replicated one) fits the same port.
Everything durable goes through here; implementations are in `chatroom.server.store`. Read next: `hub.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chatroom.protocol.entries import RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Role

# -- what the hub proposes ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AddAccount:
    """A new account with its first key. The handle and its skeleton must both be free, else HANDLE_TAKEN
    / BAD_HANDLE.
    """

    handle: str
    public_key: bytes
    role: Role
    device: str


@dataclass(frozen=True, slots=True)
class AddRoom:
    """A new room with its first members, the creator first: entries CREATED by it, then JOINED by each.

    Without members the server itself (account 0, handle `server`) is the author of CREATED. The name must be
    free, else NAME_TAKEN; a direct room has the name "" and exactly two members, one room for the pair,
    whatever their order.
    """

    name: str
    kind: RoomKind
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AddEntry:
    """A new entry of an existing room.

    `nonce` is unique for its author for ever, or empty for entries that need not be safe to repeat. `body`
    is encoded (`entries.encode_body`). What follows from the entry (member list, topic, invitations) is
    stored in the same transaction. `mentioned` are the accounts a message mentions.
    """

    room: int
    author: int
    kind: int
    body: bytes
    nonce: bytes = b""
    mentioned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SetRead:
    """The read marker of an account in a room; one that is not ahead of the stored one changes nothing."""

    account: int
    room: int
    seq: int


Change = AddAccount | AddRoom | AddEntry | SetRead

# -- what it hears -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry that is on disk now; `frame` is what travels."""

    room: int
    seq: int
    author: int
    kind: int
    frame: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """The change is on disk. `number` is the new account or room, else 0; `entries` what it added to
    logs, in order.
    """

    number: int
    entries: tuple[Logged, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """The (author, nonce) of the entry had been stored before, with the same room, kind and body: this is
    where.
    """

    room: int
    seq: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The change did nothing; the others of its batch are not touched by that. `text` is one line for its
    author.
    """

    code: ErrorCode
    text: str


Outcome = Committed | Repeated | Failed

# -- what the hub loads at start ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account: number, handle, role and the public keys of its devices."""

    number: int
    handle: str
    role: Role
    public_keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """One room as it stands after its last entry. `invited` is (invited account, inviting account)."""

    number: int
    name: str
    kind: RoomKind
    topic: str
    first: int
    head: int
    members: tuple[int, ...]
    invited: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All accounts and rooms; never messages."""

    accounts: tuple[AccountRecord, ...]
    rooms: tuple[RoomRecord, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """A read marker and the messages after it (`POSTED`, of others), each counted up to
    `limits.UNREAD_COUNT`.
    """

    read: int
    unread: int
    mentions: int


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of a search: frames, newest first; `next` continues (0: the end); `unindexed` messages
    wait.
    """

    frames: list[bytes]
    next: int
    unindexed: int


class StorageError(Exception):
    """A read could not be carried out now (disk error, time limit); the text is one line for the asker."""


class Log(Protocol):
    """The durable state of a server. Reads see everything whose outcome was taken."""

    @property
    def log_id(self) -> bytes:
        """16 random bytes made with the log, and made anew when the log is restored from a backup."""
        ...

    def load(self) -> Snapshot:
        """Return accounts and rooms as of now."""
        ...

    def submit(self, changes: Sequence[Change], now_ms: int) -> None:
        """Take one pass's changes, in order, to be committed together.

        New entries get the next seqs of their rooms and `at` = `now_ms`, or the `at` of the newest entry
        when the clock went back. Where the batch cannot be stored as one, each change is tried alone and
        fails alone.
        """
        ...

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes decided since the last call: one per submitted change, in the order
        submitted.
        """
        ...

    def after(self, room: int, seq: int, limit: int, budget_bytes: int) -> list[bytes]:
        """Return the frames seq+1, seq+2 … : at most `limit`, and at most `budget_bytes` but always one
        if there is.
        """
        ...

    def before(self, room: int, seq: int, floor: int, limit: int, budget_bytes: int) -> list[bytes]:
        """Return the newest frames with floor < their seq < `seq`, in rising order, bounded as `after` is."""
        ...

    def unread(self, account: int, rooms: Sequence[int]) -> dict[int, Unread]:
        """Return marker and counts of the account for each of these rooms."""
        ...

    def search(self, query: str, rooms: Sequence[int], author: int, before: int, limit: int) -> Hits:
        """Return messages of these rooms that hold all words of `query`, newest first; author 0 means
        anybody.

        Raises StorageError when it takes longer than a few tens of milliseconds, ValueError when `query` has
        no word.
        """
        ...

    def index(self, budget_s: float) -> bool:
        """Make stored messages searchable for about `budget_s` seconds; True while some are left."""
        ...

    def close(self) -> None:
        """Checkpoint and close."""
        ...


class Verify(Protocol):
    """Checks an Ed25519 signature; False for anything malformed."""

    def __call__(self, public_key: bytes, signature: bytes, message: bytes, /) -> bool: ...


class Link(Protocol):
    """The way to one peer, as the hub sees it."""

    def send(self, data: bytes, /) -> bool:
        """Hand over bytes, in order. True: all went out. False: the rest is kept and follows by itself;
        whoever owns the link calls `Hub.writable` when everything went out. Never raises: a dead link
        answers False for ever.
        """
        ...
