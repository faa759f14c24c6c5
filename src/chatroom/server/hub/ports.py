"""What the hub needs from the world: the log on disk, the way to a peer, and a way to check signatures.

The hub proposes `Change`s and hears their `Outcome`s; it never assumes that an outcome is there when
`submit` returns, so that a log which answers in a later pass (a replicated one) fits the same port.
Everything durable goes through here; implementations are in `chatroom.server.store`. The values are Structs:
one takes 0.07 us where a NamedTuple takes 0.25 and a frozen dataclass 0.6; but for those of plain messages,
which are in `plain_posts.py`. Read next: `hub.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from chatroom.protocol.entries import RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Role
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.records import CodeKind, CodeRecord, DeviceRecord, Snapshot

# -- what the hub proposes ---------------------------------------------------------------------------------


class AddAccount(msgspec.Struct, frozen=True, gc=False):
    """A new account with its first key, and an entry JOINED of it in each of `rooms`. The handle and its
    skeleton must both be free, and the key never used, else HANDLE_TAKEN / BAD_HANDLE. `code` is the hash of
    the invite code it costs, empty for none. What stands against its address it shares from the start:
    `kicked` (room, ms since 1970 before which it may not join), which is none of `rooms`, and a mute until
    `muted_until`, 0: none, of which an entry MUTED by the server tells in the room `muted_in`. An owner is
    not muted.
    """

    handle: str
    public_key: bytes
    role: Role
    device: str
    code: bytes = b""
    rooms: tuple[int, ...] = ()
    kicked: tuple[tuple[int, int], ...] = ()
    muted_until: int = 0
    muted_in: int = 0


class AddRoom(msgspec.Struct, frozen=True, gc=False):
    """A new room with its first members, the creator first: entries CREATED by it, then JOINED by each.

    Without members the server itself (account 0, handle `server`) is the author of CREATED. The name must be
    free, else NAME_TAKEN; a direct room has the name "" and exactly two members, one room for the pair,
    whatever their order.
    """

    name: str
    kind: RoomKind
    members: tuple[int, ...]


class AddEntry(msgspec.Struct, frozen=True, gc=False):
    """A new entry of an existing room.

    `nonce` is unique for its author for ever, or empty for entries that need not be safe to repeat. `body`
    is encoded (`entries.encode_body`). What follows from the entry (member list, topic, bans, …) is stored in
    the same transaction. `mentioned` are the accounts a message mentions, `code` is the hash of the owner
    code a claimed role costs.
    """

    room: int
    author: int
    kind: int
    body: bytes
    nonce: bytes = b""
    mentioned: tuple[int, ...] = ()
    code: bytes = b""


class SetRead(msgspec.Struct, frozen=True, gc=False):
    """The read marker of an account in a room; one that is not ahead of the stored one changes nothing."""

    account: int
    room: int
    seq: int


class AddCode(msgspec.Struct, frozen=True, gc=False):
    """A code, known by its SHA-256; good until `expires_at` (ms since 1970, `limits.TIME_MAX`: for ever).

    `role` is what an invite gives, `account` whose link code it is (else 0). Earlier link codes of the
    account are void.
    """

    hash: bytes
    kind: CodeKind
    role: Role
    account: int
    expires_at: int


class AddDevice(msgspec.Struct, frozen=True, gc=False):
    """One more key of an account, at the cost of a link code. A key of another account, even a revoked one,
    is HANDLE_TAKEN; a revoked one of this account is good again.
    """

    account: int
    public_key: bytes
    name: str
    code: bytes


class RevokeDevice(msgspec.Struct, frozen=True, gc=False):
    """This key of the account may log in no more; the last one stays (NOT_ALLOWED)."""

    account: int
    public_key: bytes


class BarAddress(msgspec.Struct, frozen=True, gc=False):
    """While a ban, a mute or a kick of this account lasts, new accounts from this origin (`origins.py`) share
    it. Refused with NOT_ALLOWED where nothing stands against the account; gone when nothing does any more.
    """

    account: int
    origin: str


SingleChange = AddAccount | AddRoom | AddEntry | SetRead | AddCode | AddDevice | RevokeDevice | BarAddress

Change = SingleChange | AddPosts

# -- what it hears -----------------------------------------------------------------------------------------


class Logged(msgspec.Struct, frozen=True, gc=False):
    """One entry that is on disk now; `frame` is what travels."""

    room: int
    seq: int
    author: int
    kind: int
    frame: bytes


class Committed(msgspec.Struct, frozen=True, gc=False):
    """The change is on disk. `number` is the new account or room, else 0; `entries` what it added to
    logs, in order.
    """

    number: int
    entries: tuple[Logged, ...]


class Repeated(msgspec.Struct, frozen=True, gc=False):
    """The (author, nonce) of the entry had been stored before, with the same room, kind and body: this is
    where.
    """

    room: int
    seq: int


class Failed(msgspec.Struct, frozen=True, gc=False):
    """The change did nothing; the others of its batch are not touched by that. `text` is one line for its
    author.
    """

    code: ErrorCode
    text: str


SingleOutcome = Committed | Repeated | Failed


class Several(msgspec.Struct, frozen=True, gc=False):
    """What became of each message of an `AddPosts`, where not all of them were stored now."""

    outcomes: tuple[SingleOutcome, ...]


Outcome = SingleOutcome | CommittedPosts | Several

# -- what it reads ----------------------------------------------------------------------------------------


class Unread(msgspec.Struct, frozen=True, gc=False):
    """A read marker and the messages after it (`POSTED`, of others), each counted up to
    `limits.UNREAD_COUNT`.
    """

    read: int
    unread: int
    mentions: int


class Hits(msgspec.Struct, frozen=True, gc=False):
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
        """Return accounts and rooms as of now. Raises StorageError."""
        ...

    def submit(self, changes: Sequence[Change], now_ms: int) -> None:
        """Take one pass's changes, in order, to be committed together.

        New entries get the next seqs of their rooms and `at` = `now_ms`, or the `at` of the newest entry
        when the clock went back. Where the batch cannot be stored as one, each change is tried alone and
        fails alone. What is raised leaves open what was stored: `load` tells.
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

    def find_post(self, author: int, nonce: bytes) -> bytes | None:
        """Return the frame of the entry of this author with this nonce, if one was ever stored. Raises
        StorageError.
        """
        ...

    def unread(self, account: int, heads: Mapping[int, int]) -> dict[int, Unread]:
        """Return marker and counts of the account for each of these rooms, whose newest seqs are given."""
        ...

    def search(self, query: str, rooms: Sequence[int], author: int, before: int, limit: int) -> Hits:
        """Return messages of these rooms that hold all words of `query`, newest first; author 0 means
        anybody.

        Raises StorageError when it takes longer than a few tens of milliseconds, ValueError when `query` has
        no word.
        """
        ...

    def find_code(self, code: bytes) -> CodeRecord | None:
        """Return the code with this SHA-256. Raises StorageError."""
        ...

    def devices(self, account: int) -> list[DeviceRecord]:
        """Return the keys that may log in to the account, the oldest first. Raises StorageError."""
        ...

    def index(self, budget_s: float) -> bool:
        """Do what can wait for about `budget_s` seconds: make stored messages searchable, look after the
        files. True while something is left. Raises StorageError; what was left is still to be done then.
        """
        ...

    def close(self) -> None:
        """Checkpoint and close; some seconds at most it waits for another program that is in the way."""
        ...


class Verify(Protocol):
    """Checks an Ed25519 signature; False for anything malformed."""

    def __call__(self, public_key: bytes, signature: bytes, message: bytes, /) -> bool: ...


class RandomBytes(Protocol):
    """Gives that many bytes nobody can guess."""

    def __call__(self, size: int, /) -> bytes: ...


Key = TypeVar("Key")


class Broadcast(Protocol):
    """Pushes one buffer to many links (`Link.push`), in their order."""

    def __call__(self, pushes: dict[Key, Callable[[bytes], int]], data: bytes, /) -> list[tuple[Key, int]]:
        """Return who did not take all of it, with how many bytes it took, 0 also for an OSError.

        After anything else that it raises nobody knows what went out.
        """
        ...


class Link(Protocol):
    """The way to one peer. Whoever owns it calls `Hub.writable` when everything that it kept is out."""

    @property
    def push(self) -> Callable[[bytes], int]:
        """The shortest way to a peer for which nothing is kept: gives how many bytes went out.

        Anything but all of them, or an OSError (as if 0), is followed by `keep`.
        """
        ...

    def keep(self, data: bytes, sent: int, /) -> None:
        """Keep what `push` did not send of `data`; it follows by itself."""
        ...

    def give_up(self) -> None:
        """Nobody knows what went out: nothing may follow it, and the connection ends."""
        ...

    def send(self, data: bytes, /) -> bool:
        """Hand over bytes, in order. True: all went out. False: the rest is kept and follows by itself.

        Never raises: a dead link answers False for ever.
        """
        ...
