"""The rooms of the account as the user sees them: titles, topics, counts, kept right by the entries that
arrive.

A `RoomView` is what the server said at login, folded with every entry after that. Entries are counted once,
whether they come live or again after a drop: `folded_to` says up to where. Read next: `conversation.py`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from chatroom.client.session.intake import is_handle, room_fault, shown_topic
from chatroom.client.session.timeline import Line, Timeline
from chatroom.protocol import limits
from chatroom.protocol.entries import EntryKind, Joined, Left, Moderated, Posted, RoomKind, TopicSet
from chatroom.protocol.packets import ReadMarker, RoomInfo

MAX_ROOMS: Final = 5_000
"""Most rooms kept: a person follows tens, a hostile server could send millions."""


@dataclass(slots=True)
class RoomView:
    """One room. Others read it and change nothing.

    `title` is "#name", or "@partner" for a direct room. `head` is the greatest seq known. `unread` and
    `mentions` count messages of others after the read marker `read`, up to `limits.UNREAD_COUNT`.
    `invited_by` is the handle behind an open invitation, else empty. Entries up to `folded_to` are counted in
    all of it; those after `live_after` are news to the user.
    """

    number: int
    name: str
    kind: RoomKind
    title: str
    topic: str
    head: int
    read: int
    unread: int
    mentions: int
    is_member: bool
    invited_by: str
    partner: str
    member_count: int
    first: int = 1
    folded_to: int = 0
    live_after: int = 0


class Rooms:
    """All rooms of the account by number."""

    def __init__(self) -> None:
        self.by_number: dict[int, RoomView] = {}

    def named(self, typed: str) -> RoomView | None:
        """Return the room that a person means by "lobby", "#lobby" or "@bob"."""
        wanted = typed.strip().lower()
        title = wanted if wanted.startswith(("#", "@")) else f"#{wanted}"
        return next((view for view in self.by_number.values() if view.title == title), None)

    def take(self, info: RoomInfo) -> RoomView | None:
        """Take what the server says of a room now; None for a room that cannot be shown or is one too many.

        Messages of a direct room that somebody has just opened are news, though they came before it was known
        here.
        """
        known = self.by_number.get(info.room)
        if room_fault(info) is not None or (known is None and len(self.by_number) >= MAX_ROOMS):
            return None
        view = _view(info)
        if known is not None:
            view.head = view.folded_to = max(known.folded_to, info.head)
            view.live_after = known.live_after
        elif view.kind is RoomKind.DIRECT:
            view.live_after = view.read
        self.by_number[info.room] = view
        return view

    def take_all(self, infos: Iterable[RoomInfo], *, was_here: bool) -> set[int]:
        """Take all rooms there are, at login; returns the numbers of those that are gone.

        `was_here`: we were gone only for a moment, so that what came meanwhile is news to the user.
        """
        former = dict(self.by_number)
        self.by_number.clear()
        for info in infos:
            if room_fault(info) is None and len(self.by_number) < MAX_ROOMS:
                view = self.by_number[info.room] = _view(info)
                known = former.get(info.room)
                if was_here and known is not None:
                    view.live_after = min(known.folded_to, info.head)
        return set(former) - set(self.by_number)

    def forget(self, room: int) -> RoomView | None:
        """Forget a room; None when it was not known."""
        return self.by_number.pop(room, None)

    def __iter__(self) -> Iterator[RoomView]:
        """Iterate over the rooms, in the order they came."""
        return iter(list(self.by_number.values()))


def fold(view: RoomView, line: Line) -> bool:
    """Fold an entry into the room it belongs to; True when that changed what the room list shows."""
    if line.seq <= view.folded_to:
        return False
    view.head = view.folded_to = line.seq
    match line.body:
        case Posted() if not line.is_own and line.seq > view.read:
            view.unread = min(view.unread + 1, limits.UNREAD_COUNT)
            view.mentions = min(view.mentions + line.mentions_me, limits.UNREAD_COUNT)
        case TopicSet(text):
            view.topic = text
        case Joined():
            view.member_count += 1
        case Left():
            view.member_count = max(0, view.member_count - 1)
        case Moderated() if line.kind == EntryKind.KICKED:
            view.member_count = max(0, view.member_count - 1)
        case _:
            return False
    return True


def mark(view: RoomView, seq: int, timeline: Timeline | None) -> None:
    """Everything up to `seq` was read, says the user: count anew what is unread.

    Where the timeline does not show it, the old counts stay until the server has answered.
    """
    if seq <= view.read:
        return
    view.read = seq
    if seq >= view.head:
        view.unread = view.mentions = 0
    elif timeline is not None and _is_up_to_date(timeline, view, seq):
        view.unread, view.mentions = _count(timeline, seq)


def take_marker(view: RoomView, marker: ReadMarker, timeline: Timeline | None) -> None:
    """Take the read marker the server keeps.

    Its counts may include entries that are still on their way here, and those would be counted twice; so
    where the timeline is up to date, the count is made from it.
    """
    if marker.seq < view.read:
        return  # an answer to an earlier mark of ours
    view.read = marker.seq
    if timeline is not None and _is_up_to_date(timeline, view, marker.seq):
        view.unread, view.mentions = _count(timeline, marker.seq)
    else:
        view.unread = min(marker.unread, limits.UNREAD_COUNT)
        view.mentions = min(marker.mentions, limits.UNREAD_COUNT)


def _is_up_to_date(timeline: Timeline, view: RoomView, seq: int) -> bool:
    """Whether every entry after `seq` that is counted in the view is in the timeline."""
    return timeline.cursor >= view.folded_to and timeline.is_whole_after(seq)


def _count(timeline: Timeline, seq: int) -> tuple[int, int]:
    unread = mentions = 0
    for line in timeline.lines_after(seq):
        if isinstance(line.body, Posted) and not line.is_own:
            unread += 1
            mentions += line.mentions_me
    return min(unread, limits.UNREAD_COUNT), min(mentions, limits.UNREAD_COUNT)


def _view(info: RoomInfo) -> RoomView:
    kind = RoomKind(info.kind)
    is_direct = kind is RoomKind.DIRECT
    return RoomView(
        number=info.room,
        name="" if is_direct else info.name,
        kind=kind,
        title=f"@{info.partner}" if is_direct else f"#{info.name}",
        topic=shown_topic(info.topic),
        head=info.head,
        read=info.read,
        unread=min(info.unread, limits.UNREAD_COUNT),
        mentions=min(info.mentions, limits.UNREAD_COUNT),
        is_member=info.is_member,
        invited_by=info.invited_by if is_handle(info.invited_by) else "",
        partner=info.partner if is_direct else "",
        member_count=info.member_count,
        first=max(info.first, 1),
        folded_to=info.head,
        live_after=info.head,
    )
