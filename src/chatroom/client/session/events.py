"""What a session tells its owner, as plain values taken with `Session.take_events`.

An event says what changed, not what to draw; the state itself is read from the session (`session.py`,
`timeline.py`, `roster.py`). Everything in an event is clean text already.
"""

from dataclasses import dataclass
from enum import Enum

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Role


class State(Enum):
    """Where the session stands. ONLINE means: logged in, rooms known, cursors given."""

    OFFLINE = "offline"
    CONNECTING = "connecting"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The session moved to `state`; `reason` is one line for the user, empty when all is well."""

    state: State
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """The server does not let us in, and trying again by itself is of no use: handle taken, banned …"""

    code: ErrorCode
    text: str


@dataclass(frozen=True, slots=True)
class Linked:
    """The key of this device belongs to this account now: log in again with its handle."""

    handle: str


@dataclass(frozen=True, slots=True)
class RoomsChanged:
    """A room came, went, was renamed, or its counts, topic or membership changed."""


@dataclass(frozen=True, slots=True)
class TimelineChanged:
    """The timeline of a room changed: its end, its beginning, a gap, or what waits to be stored."""

    room: int


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """Somebody else wrote a message just now (live, not history): what a notification needs."""

    room: int
    author: str
    text: str
    is_mention: bool
    is_direct: bool


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """Members of a room or somebody's presence changed; room 0 means: anywhere."""

    room: int


@dataclass(frozen=True, slots=True)
class PostStored:
    """One's own message is on the server's disk."""

    room: int
    seq: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class PostRefused:
    """One's own message will never be stored and left the outbox; here is its text, so nothing is lost."""

    room: int
    nonce: bytes
    text: str
    code: ErrorCode
    reason: str


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """Another request was refused; `request` is its name for the user ("join", "topic" …)."""

    request: str
    code: ErrorCode
    text: str


@dataclass(frozen=True, slots=True)
class RequestDone:
    """A request that nothing else answers was carried out; `request` is its name for the user ("ban" …)."""

    request: str


@dataclass(frozen=True, slots=True)
class MyRoleChanged:
    """The account may do more or less than before.

    `role` is what it is apart from a mute; `muted_until` is when a mute ends, in ms of the server's clock,
    `limits.TIME_MAX` where that is not known or never, 0 where it is not muted.
    """

    role: Role
    muted_until: int


@dataclass(frozen=True, slots=True)
class LinkMade:
    """The answer to `create_link`: the code for another device, to be used once within `seconds`."""

    code: str
    seconds: int


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """One key that may log in to the account; `added_at` in ms since 1970. `is_this`: the one in use here."""

    public_key: bytes
    name: str
    added_at: int
    is_this: bool


@dataclass(frozen=True, slots=True)
class Devices:
    """The answer to `list_devices`, the oldest first."""

    devices: tuple[KnownDevice, ...]


@dataclass(frozen=True, slots=True)
class RoomOpened:
    """The room asked for by `join` or `open_direct` is there: show it."""

    room: int


@dataclass(frozen=True, slots=True)
class Listed:
    """The answer to `list_rooms`: (name, topic, member count, is member) of each, sorted by name."""

    rooms: tuple[tuple[str, str, int, bool], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to `search`, newest first: (room, seq, at in ms, author, text).

    `next` continues, 0 is the end.
    """

    query: str
    hits: tuple[tuple[int, int, int, str, str], ...]
    next: int
    unindexed: int


@dataclass(frozen=True, slots=True)
class PutOut:
    """The account was put out of a room: its title, and by whom, until when and why. The room is gone."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Restored:
    """The server's history, or that of a room, is not the one we knew; `text` says so in one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """One line the user should see: the server restarts, it sent something odd."""

    text: str


Event = (
    StateChanged
    | LoginRefused
    | Linked
    | RoomsChanged
    | TimelineChanged
    | MessageArrived
    | MembersChanged
    | PostStored
    | PostRefused
    | RequestRefused
    | RequestDone
    | MyRoleChanged
    | LinkMade
    | Devices
    | RoomOpened
    | Listed
    | Found
    | PutOut
    | Restored
    | Noticed
)
