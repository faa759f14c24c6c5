"""The edge where what a server sent becomes what may be shown: every string is cleaned, every code known.

Nothing from the network reaches a timeline, a roster, a room list or an event but through here. A server may
be hostile; all it can achieve is to say nothing. Read next: `chatroom.protocol.text`.
"""

from typing import Final

from chatroom.client.session.timeline import Line
from chatroom.protocol import limits
from chatroom.protocol.entries import (
    Body,
    Created,
    Declined,
    Entry,
    Invited,
    Joined,
    Left,
    Manner,
    Moderated,
    Posted,
    RoomKind,
    TopicSet,
    Unknown,
    read_body,
)
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.mentions import mentions
from chatroom.protocol.names import RESERVED_HANDLES, handle_fault, room_name_fault
from chatroom.protocol.packets import Presence, Role, RoomInfo
from chatroom.protocol.text import clean_line, clean_text, is_blank

CUT_MARK: Final = " …"
"""Stands at the end of a text that was too long to show."""

_ROOM_KINDS: Final = frozenset(RoomKind)
_ROLES: Final = frozenset(Role)
_PRESENCES: Final = frozenset(Presence)
_CODES: Final = frozenset(ErrorCode)
_CLASSES: Final = {1: ErrorCode.BAD_PACKET, 2: ErrorCode.NOT_ADMITTED, 3: ErrorCode.NOT_ALLOWED}

NOBODY: Final = "?"
"""Stands for an author whose handle has no proper form; what it wrote is not shown."""


def is_handle(text: str) -> bool:
    """Whether `text` has the form of a handle, reserved ones included."""
    return handle_fault(text) is None or text in RESERVED_HANDLES


def shown_line(text: str, max_chars: int) -> str:
    """Return a text of the server as one clean line of at most `max_chars` characters."""
    line = clean_line(text[: 4 * max_chars])
    if len(line) <= max_chars:
        return line
    return clean_line(line[: max_chars - len(CUT_MARK)]) + CUT_MARK  # the cut may have parted what was joined


def shown_topic(text: str) -> str:
    """Return a topic as one clean line; one of which nothing would be seen is none."""
    line = shown_line(text, limits.TOPIC_CHARS)
    return "" if is_blank(line) else line


def shown_text(text: str) -> str:
    """Return the text of a message, clean and of no more lines than a message may have."""
    text = clean_text(text)
    if text.count("\n") >= limits.TEXT_LINES:
        text = "\n".join(text.split("\n")[: limits.TEXT_LINES]) + CUT_MARK
    return text


def line_of(entry: Entry, me: str) -> Line:
    """Return the entry as a line for `me`. What cannot be shown has the body `Unknown`."""
    author, body = entry.author, _clean_body(entry)
    if not is_handle(author):
        author, body = NOBODY, Unknown()
    is_own = author == me
    mentions_me = isinstance(body, Posted) and not is_own and mentions(body.text, me)
    return Line(entry.room, entry.seq, entry.at, author, entry.kind, body, entry.nonce, mentions_me, is_own)


def is_shown(line: Line) -> bool:
    """Whether a line has anything to show."""
    return not isinstance(line.body, Unknown)


def room_fault(info: RoomInfo) -> str | None:
    """Return why a room cannot be shown, or None."""
    if info.kind not in _ROOM_KINDS:
        return "unknown kind of room"
    if info.kind == RoomKind.DIRECT:
        return None if is_handle(info.partner) else "no proper partner"
    return room_name_fault(info.name)


def role_of(number: int) -> Role:
    """Return the role, the least harmful one for a number that is not known."""
    return Role(number) if number in _ROLES else Role.MEMBER


def presence_of(number: int) -> Presence:
    """Return the presence; a number that is not known counts as away."""
    return Presence(number) if number in _PRESENCES else Presence.AWAY


def code_of(number: int) -> ErrorCode:
    """Return the error code; one of a later version stands for its class: 1xx, 2xx …"""
    return ErrorCode(number) if number in _CODES else _CLASSES.get(number // 100, ErrorCode.INTERNAL)


def _clean_body(entry: Entry) -> Body:
    body = read_body(entry)
    match body:
        case Posted():
            text = shown_text(body.text)
            manner = Manner.ACTION if body.manner == Manner.ACTION else Manner.SPEECH
            return Unknown() if is_blank(text) else Posted(text, manner)
        case TopicSet():
            return TopicSet(shown_topic(body.text))
        case Created():
            name = body.name if room_name_fault(body.name) is None else ""
            return Created(name, body.kind)
        case Invited():
            return body if is_handle(body.handle) else Unknown()
        case Moderated():
            reason = shown_line(body.reason, limits.ACT_REASON_CHARS)
            known = is_handle(body.handle)
            return Moderated(body.handle, body.until, reason, body.role) if known else Unknown()
        case Joined() | Left() | Declined() | Unknown():
            return body
