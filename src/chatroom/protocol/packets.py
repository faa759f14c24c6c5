"""Packets: the typed values that travel in frames.

Three sorts: a *request* of a client carries an `id` and gets exactly one response or `Refused` with that id
(but see `Post`); a *response* answers it; a *notice* comes by itself. Payloads are MessagePack arrays in
field order. A receiver ignores elements beyond the fields it knows and fills absent trailing ones with their
defaults, so packets grow at the end only. docs/protocol.md is the normative text. Read next: `codec.py` for
their numbers on the wire, `entries.py` for the frames of log entries, which are notices too.
"""

from enum import IntEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from chatroom.protocol import limits
from chatroom.protocol.entries import Entry
from chatroom.protocol.fields import (
    ActReason,
    Challenge,
    Code,
    Count,
    Features,
    Handle,
    LogId,
    Nonce,
    PublicKey,
    Reason,
    RequestId,
    RoomName,
    RoomNumber,
    Seq,
    SessionId,
    Signature,
    Text,
    Time,
    Topic,
    Word,
)


class Presence(IntEnum):
    """Whether an account is there: the best of its connections counts."""

    OFFLINE = 0
    AWAY = 1
    ONLINE = 2


class Role(IntEnum):
    """What an account may do, in rising order."""

    MUTED = 0
    MEMBER = 1
    MODERATOR = 2
    OWNER = 3


class ModerationAct(IntEnum):
    """What `Moderate` may do to an account."""

    KICK = 0
    BAN = 1
    UNBAN = 2
    MUTE = 3
    UNMUTE = 4
    SET_ROLE = 5


class Packet(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The base of all packets: an immutable array of fields."""


class Request(Packet, frozen=True, gc=False):
    """The base of all requests: `id` is chosen by the client and comes back in the response."""

    id: RequestId


# -- the door: Hello, Login, Welcome -------------------------------------------------------------------------


class Hello(Packet, frozen=True, gc=False):
    """The server speaks first: versions from `min_version` to `version`, its name, a fresh challenge, and
    which log it serves. `log_id` changes when the log is not the one it was (a restored backup). `admission`
    says what a new account needs: "open", "invite" or "closed", and `password` whether every new account
    needs the server's.
    """

    version: Code
    min_version: Code
    server_name: Word
    challenge: Challenge
    log_id: LogId
    admission: Word = "open"
    password: bool = False
    features: Features = []


class Login(Request, frozen=True, gc=False):
    """Who I am: a handle, its Ed25519 key, and the signature of `auth.login_message`.

    `session` names the client process: a new connection with the same account and session replaces the old
    one. `password` matters only where the handle is new. `invite` is an invite code for a new account; with
    the handle "" it is a link code: the key becomes one more of the account that made the code.
    """

    version: Code
    handle: Handle
    public_key: PublicKey
    challenge: Challenge
    signature: Signature
    session: SessionId
    password: Annotated[str, Meta(max_length=limits.PASSWORD_CHARS)] = ""
    invite: Word = ""
    program: Word = ""
    features: Features = []


class Welcome(Packet, frozen=True, gc=False):
    """The login worked. Exactly `room_count` `RoomState` notices follow at once: the rooms and open
    invitations.
    """

    id: RequestId
    handle: Handle
    role: Code
    is_new: bool
    now: Time
    room_count: Count
    text: Text = ""


# -- rooms ---------------------------------------------------------------------------------------------------


class RoomInfo(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One room as one account sees it.

    `first` and `head` are the least and greatest seq (head 0: empty). `read` is the account's read marker;
    `unread` and `mentions` count the messages after it, of others, up to `limits.UNREAD_COUNT`. `partner` is
    the other account of a direct room. `is_member` is False in a room list and for an invitation, which names
    who `invited`.
    """

    room: RoomNumber
    name: RoomName
    kind: Code
    topic: Topic
    first: Seq
    head: Seq
    member_count: Count
    is_member: bool
    read: Seq = 0
    unread: Count = 0
    mentions: Count = 0
    partner: Handle = ""
    invited_by: Handle = ""


class Cursor(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where a client stands in a room: it has everything up to `after`."""

    room: RoomNumber
    after: Seq


class Followed(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A room that is followed: the entries after `start` will come; the newest is `head`."""

    room: RoomNumber
    start: Seq
    head: Seq


class Follow(Request, frozen=True, gc=False):
    """Send me these rooms: of each every entry after the cursor, then what comes.

    `backlog` > 0 begins at most that many entries before the head instead. Following again moves the cursor.
    """

    cursors: Annotated[list[Cursor], Meta(max_length=limits.CURSORS)]
    backlog: Seq = 0


class Following(Packet, frozen=True, gc=False):
    """Answers `Follow`, room by room.

    `start` greater than the cursor asked for means skipped entries, to be had with `History`. `head` less
    than the cursor means that the server's log went back.
    """

    id: RequestId
    rooms: Annotated[list[Followed], Meta(max_length=limits.CURSORS)]


class Join(Request, frozen=True, gc=False):
    """Become a member of a room by name. With `create` it is made where there is none, as `kind` says."""

    name: RoomName
    create: bool = False
    kind: Code = 0


class OpenDirect(Request, frozen=True, gc=False):
    """Give me the direct room with this account, made if need be."""

    handle: Handle


class Opened(Packet, frozen=True, gc=False):
    """Answers `Join` and `OpenDirect`."""

    id: RequestId
    info: RoomInfo


class Leave(Request, frozen=True, gc=False):
    """Stop being a member; answered by `Done`. A direct room cannot be left."""

    room: RoomNumber


class SetTopic(Request, frozen=True, gc=False):
    """Set the topic of a room; empty takes it away. Answered by `Done`."""

    room: RoomNumber
    text: Topic


class Invite(Request, frozen=True, gc=False):
    """Let an account join a private room, or call it to a public one. Answered by `Done`."""

    room: RoomNumber
    handle: Handle


class ListRooms(Request, frozen=True, gc=False):
    """The public rooms and the own ones, by name, those after the name `after`."""

    after: RoomName = ""
    limit: Annotated[int, Meta(ge=1, le=limits.ROOMS_PAGE)] = limits.ROOMS_PAGE


class RoomList(Packet, frozen=True, gc=False):
    """Answers `ListRooms`; `more` says whether there are others after the last."""

    id: RequestId
    rooms: Annotated[list[RoomInfo], Meta(max_length=limits.ROOMS_PAGE)]
    more: bool


class ListMembers(Request, frozen=True, gc=False):
    """The members of a room, by handle, those after the handle `after`."""

    room: RoomNumber
    after: Handle = ""
    limit: Annotated[int, Meta(ge=1, le=limits.MEMBERS_PAGE)] = limits.MEMBERS_PAGE


class Member(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One member of a room: handle, `Role`, `Presence`."""

    handle: Handle
    role: Code
    presence: Code


class MemberList(Packet, frozen=True, gc=False):
    """Answers `ListMembers`."""

    id: RequestId
    room: RoomNumber
    members: Annotated[list[Member], Meta(max_length=limits.MEMBERS_PAGE)]
    more: bool


# -- messages ------------------------------------------------------------------------------------------------


class Post(Request, frozen=True, gc=False):
    """Store this message.

    The entry with this nonce is the answer where the connection follows the room; otherwise, and where the
    nonce was stored before, `Stored` is. Repeating a post with the same nonce is safe for ever.
    """

    room: RoomNumber
    nonce: Nonce
    text: Text
    manner: Annotated[int, Meta(ge=0, le=255)] = 0


class Stored(Packet, frozen=True, gc=False):
    """The post with this nonce is on disk, as `seq` of `room`; `repeat`: it had been before."""

    id: RequestId
    room: RoomNumber
    seq: Seq
    nonce: Nonce
    repeat: bool = False


class History(Request, frozen=True, gc=False):
    """Entries of a room with after < seq < before (before 0: no upper end).

    With `before` the newest `limit` of them, without it the oldest; always sent in rising order.
    """

    room: RoomNumber
    after: Seq = 0
    before: Seq = 0
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_ENTRIES)] = limits.PAGE_ENTRIES


class HistoryPage(Packet, frozen=True, gc=False):
    """Answers `History`; `more`: the range asked for holds others, beyond the end this page came from."""

    id: RequestId
    room: RoomNumber
    entries: Annotated[list[Entry], Meta(max_length=limits.PAGE_ENTRIES)]
    more: bool


class Search(Request, frozen=True, gc=False):
    """Messages with all these words, newest first, in one room (0: all rooms of the account), by `author` if
    given.

    `before` continues: the `next` of the page before.
    """

    query: Annotated[str, Meta(max_length=limits.QUERY_CHARS)]
    room: Annotated[int, Meta(ge=0, le=limits.ROOM_MAX)] = 0
    author: Handle = ""
    before: Annotated[int, Meta(ge=0, le=limits.SEARCH_MARK_MAX)] = 0
    limit: Annotated[int, Meta(ge=1, le=limits.SEARCH_HITS)] = limits.SEARCH_HITS


class SearchPage(Packet, frozen=True, gc=False):
    """Answers `Search`. `next` is 0 at the end; `unindexed` is how many of the newest messages are not
    searchable yet.
    """

    id: RequestId
    entries: Annotated[list[Entry], Meta(max_length=limits.SEARCH_HITS)]
    next: Annotated[int, Meta(ge=0, le=limits.SEARCH_MARK_MAX)]
    unindexed: Count = 0


class MarkRead(Request, frozen=True, gc=False):
    """Everything up to `seq` was read; a marker never goes back. Answered by `Done`; a `ReadMarker` goes to
    all connections of the account.
    """

    room: RoomNumber
    seq: Seq


class ReadMarker(Packet, frozen=True, gc=False):
    """The account's read marker of a room, and what is unread after it."""

    room: RoomNumber
    seq: Seq
    unread: Count
    mentions: Count


# -- people and the connection -------------------------------------------------------------------------------


class SetPresence(Request, frozen=True, gc=False):
    """This connection is `AWAY` or `ONLINE`. Answered by `Done`."""

    presence: Annotated[int, Meta(ge=1, le=2)]


class Moderate(Request, frozen=True, gc=False):
    """Do `act`, a `ModerationAct`, to the account `handle`, and log it in `room`. Answered by `Done`.

    A kick is from that room, everything else holds on the whole server. `seconds` is how long a ban, a mute
    or the bar on coming back after a kick lasts (0: for ever; a kick: no bar), `reason` one line for people,
    `role` the new role of `SET_ROLE`.
    """

    room: RoomNumber
    act: Code
    handle: Handle
    seconds: Count = 0
    reason: ActReason = ""
    role: Code = 0


class Claim(Request, frozen=True, gc=False):
    """Make me an owner: here is the code that the server printed for its operator. Answered by `Done`."""

    code: Word


class CreateLink(Request, frozen=True, gc=False):
    """Give me a code with which another device of mine can log in; codes made before are void."""


class LinkCode(Packet, frozen=True, gc=False):
    """Answers `CreateLink`: the code, to be used once within `seconds`."""

    id: RequestId
    code: Word
    seconds: Count


class ListDevices(Request, frozen=True, gc=False):
    """Which keys may log in to my account?"""


class Device(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One key of an account: its name for people, when it came, and whether this connection used it."""

    public_key: PublicKey
    name: Word
    added_at: Time
    is_this: bool


class DeviceList(Packet, frozen=True, gc=False):
    """Answers `ListDevices`, the oldest first."""

    id: RequestId
    devices: Annotated[list[Device], Meta(max_length=limits.DEVICES)]


class RevokeDevice(Request, frozen=True, gc=False):
    """This key shall log in no more; its connections are closed. Not for the last key. Answered by `Done`."""

    public_key: PublicKey


class PresenceOf(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Whether one account is there: its handle and its `Presence`."""

    handle: Handle
    presence: Code


class PresenceChanged(Packet, frozen=True, gc=False):
    """Some accounts that share a room with the receiver changed. Latest value only."""

    changes: Annotated[list[PresenceOf], Meta(max_length=limits.PRESENCE_CHANGES)]


class RoomState(Packet, frozen=True, gc=False):
    """The account has this room now: at login, by an invitation, by a direct message, or joined on another
    device.
    """

    info: RoomInfo


class RoomGone(Packet, frozen=True, gc=False):
    """The account is no longer a member of this room; nothing more of it will come."""

    room: RoomNumber
    text: Topic = ""


class Done(Packet, frozen=True, gc=False):
    """The request was carried out."""

    id: RequestId


class Refused(Packet, frozen=True, gc=False):
    """The request did nothing. `retry_ms` > 0: it may work after that time."""

    id: RequestId
    code: Code
    text: Reason
    retry_ms: Count = 0


class Ping(Packet, frozen=True, gc=False):
    """Are you there? Either side may ask."""

    token: RequestId


class Pong(Packet, frozen=True, gc=False):
    """Yes; `token` is the one of the `Ping`."""

    token: RequestId


class Closing(Packet, frozen=True, gc=False):
    """The last packet of a connection: why it ends, and after what time coming back makes sense (0: as you
    like).
    """

    code: Code
    text: Reason
    retry_ms: Count = 0


ServerPacket = Packet | Entry
"""What a client receives."""
