"""The rooms of a log in memory, and what an entry changes in one.

The rules of `projections.py` and `moderation.py` in plain Python. Read next: `memory.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from chatroom.protocol.entries import EntryKind, Invited, Moderated, RoomKind, TopicSet, read_body
from chatroom.server.hub.ports import Failed, Logged
from chatroom.server.hub.records import RoomRecord
from chatroom.server.store import refusals
from chatroom.server.store.frames import body_of, entry_of
from chatroom.server.store.memory_people import People
from chatroom.server.store.moderation_rules import moderation_fault, standing_of_server


@dataclass(slots=True)
class Room:
    """One room with its whole log."""

    name: str
    kind: RoomKind
    topic: str = ""
    at: int = 0
    log: list[Logged] = field(default_factory=list)
    members: set[int] = field(default_factory=set)
    invited: dict[int, int] = field(default_factory=dict)

    def record(self, number: int, kicked: dict[int, int]) -> RoomRecord:
        """Return the room as `Log.load` does."""
        return RoomRecord(
            number=number,
            name=self.name,
            kind=self.kind,
            topic=self.topic,
            first=1,
            head=len(self.log),
            members=tuple(sorted(self.members)),
            invited=tuple(sorted(self.invited.items())),
            kicked=tuple(sorted(kicked.items())),
            creator=self.log[0].author,
        )


def join(room: Room, entry: Logged, people: People) -> Failed | None:
    """The author becomes a member, unless kicked for longer, and needs no invitation any more."""
    if people.kicked_from(entry.room).get(entry.author, 0) > entry_of(entry.frame).at:
        return refusals.STILL_KICKED
    if entry.author in room.members:
        return refusals.MEMBER_ALREADY
    room.members.add(entry.author)
    room.invited.pop(entry.author, None)
    people.come_back(entry.author, entry.room)
    return None


def leave(room: Room, entry: Logged, _people: People) -> Failed | None:
    """The author is no member any more."""
    if entry.author not in room.members:
        return refusals.NOT_A_MEMBER
    room.members.remove(entry.author)
    return None


def invite(room: Room, entry: Logged, people: People) -> Failed | None:
    """The account named in the body may join."""
    body = body_of(entry.frame)
    invited = people.number(body.handle) if isinstance(body, Invited) else None
    if invited is None:
        return refusals.NO_SUCH_ACCOUNT
    if invited in room.members:
        return refusals.MEMBER_ALREADY
    room.invited[invited] = entry.author
    return None


def decline(room: Room, entry: Logged, _people: People) -> Failed | None:
    """The author has no invitation any more."""
    had = room.invited.pop(entry.author, None)
    return refusals.NOT_A_MEMBER if had is None else None


def set_topic(room: Room, entry: Logged, _people: People) -> Failed | None:
    """The body is the topic."""
    body = body_of(entry.frame)
    if isinstance(body, TopicSet):
        room.topic = body.text
    return None


def moderate(room: Room, entry: Logged, people: People) -> Failed | None:
    """What the entry says is done to the account in its body."""
    decoded = entry_of(entry.frame)
    body, at = read_body(decoded), decoded.at
    if not isinstance(body, Moderated):
        return refusals.NO_SUCH_ACCOUNT
    target = people.standing(people.number(body.handle), at)
    author = standing_of_server(entry.kind, entry.author) or people.standing(entry.author, at)
    fault = moderation_fault(entry.kind, body, author, target, people.owners())
    if fault is not None or target is None:
        return fault
    if entry.kind == EntryKind.KICKED:
        if target.number not in room.members and not body.until:
            return refusals.NOBODY_TO_KICK
        room.members.discard(target.number)
    people.moderate(entry, target.number, body, at)
    return None


PROJECTIONS: Final[dict[int, Callable[[Room, Logged, People], Failed | None]]] = {
    EntryKind.JOINED: join,
    EntryKind.LEFT: leave,
    EntryKind.INVITED: invite,
    EntryKind.DECLINED: decline,
    EntryKind.TOPIC_SET: set_topic,
    EntryKind.KICKED: moderate,
    EntryKind.BANNED: moderate,
    EntryKind.UNBANNED: moderate,
    EntryKind.MUTED: moderate,
    EntryKind.UNMUTED: moderate,
    EntryKind.ROLE_SET: moderate,
}
"""What an entry of a kind changes besides the log, or why it may not be."""
