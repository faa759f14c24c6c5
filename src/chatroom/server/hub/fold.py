"""Folding: how the state of a room follows from its entries.

The only place where membership, topics and invitations change. It looks at the committed entry and nothing
else, so that a log which brings entries of other servers gives the same state. Read next: `ports.py`.
"""

from collections.abc import Callable
from typing import Final

from chatroom.protocol.entries import EntryKind, Invited, TopicSet, decode_entry, read_body
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.server.hub.ports import Logged
from chatroom.server.hub.state import Account, Room, State

Fold = Callable[[State, Room, Account, Logged], None]


def fold(state: State, room: Room, logged: Logged) -> None:
    """Move `room` on by one entry; its seq is the one after the room's head."""
    room.head = logged.seq
    change = FOLDS.get(logged.kind)
    if change is not None:
        change(state, room, state.accounts[logged.author], logged)


def _joined(_state: State, room: Room, author: Account, _logged: Logged) -> None:
    room.members[author.number] = author
    author.rooms[room.number] = room
    author.invitations.pop(room, None)


def _left(_state: State, room: Room, author: Account, _logged: Logged) -> None:
    room.members.pop(author.number, None)
    author.rooms.pop(room.number, None)


def _invited(state: State, room: Room, author: Account, logged: Logged) -> None:
    body = read_body(decode_entry(logged.frame[HEADER_BYTES:]))
    if isinstance(body, Invited):
        state.by_handle[body.handle].invitations[room] = author


def _topic_set(_state: State, room: Room, _author: Account, logged: Logged) -> None:
    body = read_body(decode_entry(logged.frame[HEADER_BYTES:]))
    if isinstance(body, TopicSet):
        room.topic = body.text


FOLDS: Final[dict[int, Fold]] = {
    EntryKind.JOINED: _joined,
    EntryKind.LEFT: _left,
    EntryKind.INVITED: _invited,
    EntryKind.TOPIC_SET: _topic_set,
}
"""What an entry of a kind changes besides the head; other kinds change nothing."""
