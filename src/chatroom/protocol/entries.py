"""Entries: what stands in the log of a room.

An entry is encoded once in its life. Its payload, and the frame around it, are the same bytes in the
database, in every member's connection and in a history page. This module gives the frame of an entry and its
kinds; a kind that is not known here decodes to `Unknown`, so that an older program passes over what a newer
one wrote. Numbers 2 to 9 are kept for what changes a message (edit, redaction, reaction), so that they stand
together.
"""

from enum import IntEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from chatroom.protocol import limits
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.fields import ActReason, Code, Handle, RoomName, RoomNumber, Seq, Text, Time, Topic
from chatroom.protocol.frames import encode_frame


class EntryKind(IntEnum):
    """The kinds of entry; the number travels, the name in lower case is what scripts see."""

    POSTED = 1
    CREATED = 10
    JOINED = 11
    LEFT = 12
    INVITED = 13
    TOPIC_SET = 14
    DECLINED = 15
    KICKED = 20
    BANNED = 21
    UNBANNED = 22
    MUTED = 23
    UNMUTED = 24
    ROLE_SET = 25


class Manner(IntEnum):
    """How a message is meant."""

    SPEECH = 0
    ACTION = 1  # "/me waves"


class RoomKind(IntEnum):
    """Who may see and join a room."""

    PUBLIC = 0  # everybody
    PRIVATE = 1  # who was invited
    DIRECT = 2  # two accounts, for ever


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One record of a log: [room, seq, at, author, nonce, kind, body].

    `at` is milliseconds since 1970 (UTC) and never decreases within a room. `nonce` is the one of the post,
    empty for entries that were not posts. `body` is the encoded body, to be read with `read_body`.
    """

    room: RoomNumber
    seq: Seq
    at: Time
    author: Handle
    nonce: Annotated[bytes, Meta(max_length=limits.NONCE_BYTES)]
    kind: Code
    body: msgspec.Raw


class Posted(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A person wrote a message."""

    text: Text
    manner: Code = Manner.SPEECH


class Created(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The room came to be: always seq 1."""

    name: RoomName
    kind: Code


class Joined(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The author became a member."""


class Left(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The author is no longer a member."""


class Invited(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The author invited an account to this room."""

    handle: Handle


class Declined(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The author, who was invited and is no member, took the invitation away."""


class TopicSet(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The author set the topic; empty text takes it away."""

    text: Topic


class Moderated(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The author did something to the account `handle`: what, the entry's kind says.

    `until` is when a ban, a mute or the bar on coming back after a kick ends, in milliseconds since 1970; 0:
    never, or (a kick) it may come back at once, or the kind knows no end. `role` is the new one where the
    kind is `ROLE_SET`, else 0.
    """

    handle: Handle
    until: Time = 0
    reason: ActReason = ""
    role: Code = 0

    @property
    def ends_at(self) -> int:
        """When a ban or a mute ends: `until`, the end of time where there is none."""
        return self.until or limits.TIME_MAX


class Unknown(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An entry of a kind, or with a body, that this program does not know: it counts in the log and shows
    nothing.
    """


Body = Posted | Created | Joined | Left | Invited | Declined | TopicSet | Moderated | Unknown

BODY_TYPES: Final[dict[EntryKind, type[Body]]] = {
    EntryKind.POSTED: Posted,
    EntryKind.CREATED: Created,
    EntryKind.JOINED: Joined,
    EntryKind.LEFT: Left,
    EntryKind.INVITED: Invited,
    EntryKind.DECLINED: Declined,
    EntryKind.TOPIC_SET: TopicSet,
    EntryKind.KICKED: Moderated,
    EntryKind.BANNED: Moderated,
    EntryKind.UNBANNED: Moderated,
    EntryKind.MUTED: Moderated,
    EntryKind.UNMUTED: Moderated,
    EntryKind.ROLE_SET: Moderated,
}

ENTRY_TYPE: Final = 0x8001
"""The packet type of an entry on the wire."""

MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are not what they should be: msgspec lets the last two through as they
are.
"""

_encoder: Final = msgspec.msgpack.Encoder()
_entry_decoder: Final = msgspec.msgpack.Decoder(Entry)
_body_decoders: Final = {int(kind): msgspec.msgpack.Decoder(body) for kind, body in BODY_TYPES.items()}


def kind_name(kind: int) -> str:
    """Return the name of a kind as scripts see it: `message`, else the kind in lower case, `unknown-N` if not
    known.
    """
    if kind == EntryKind.POSTED:
        return "message"
    try:
        return EntryKind(kind).name.lower()
    except ValueError:
        return f"unknown-{kind}"


def encode_body(body: Body) -> bytes:
    """Return the encoded body, as it stands in `Entry.body`."""
    return _encoder.encode(body)


def encode_entry(room: int, seq: int, at: int, author: str, nonce: bytes, kind: int, body: bytes) -> bytes:
    """Return the whole frame of an entry; `body` is already encoded."""
    payload = _encoder.encode((room, seq, at, author, nonce, kind, msgspec.Raw(body)))
    return encode_frame(ENTRY_TYPE, payload)


def decode_entry(payload: bytes) -> Entry:
    """Return the entry in the payload of its frame. Raises ProtocolError(BAD_PACKET) when it is not one."""
    try:
        return _entry_decoder.decode(payload)
    except MALFORMED as error:
        raise ProtocolError(ErrorCode.BAD_PACKET, f"entry: {error}") from None


def read_body(entry: Entry) -> Body:
    """Return the typed body of an entry; `Unknown` when its kind is not known or its body does not fit."""
    return decode_body(entry.kind, entry.body)


def decode_body(kind: int, body: bytes | msgspec.Raw) -> Body:
    """Return the typed body of an entry of this kind, as `read_body` does."""
    decoder = _body_decoders.get(kind)
    if decoder is None:
        return Unknown()
    try:
        return decoder.decode(body)
    except MALFORMED:
        return Unknown()
