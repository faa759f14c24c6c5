"""The feed: which rooms are followed from which cursor, and how what arrives finds its place in the
timelines.

A cursor is the end of a timeline. After a drop the server is asked to go on from there; an entry up to the
cursor is ignored, the one after it is added, and a later one leaves a gap that is fetched with `History`: by
itself where one page fills it, else when the user comes to it. So a timeline equals the log, whatever was cut
or sent twice. Read next: `timeline.py`.
"""

from collections.abc import Iterable
from typing import Final

from chatroom.client.session.intake import is_shown, line_of
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.timeline import Gap, Line, Timeline
from chatroom.client.session.wire import Wire
from chatroom.protocol import limits
from chatroom.protocol.entries import Entry
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.packets import Cursor, Follow, Following, History, HistoryPage

FILL_BY_ITSELF: Final = limits.PAGE_ENTRIES
"""A gap of so many entries is filled unasked: one page does it."""


MAX_CHARS: Final = 96 * 1024 * 1024
"""Most characters of text in all timelines: a hostile server has rooms enough to fill any memory."""

BOUND_EVERY: Final = 500
"""After so many entries it is looked at: they are 8 MB at the most, and looking costs a look at each room."""


class Feed:
    """The timelines of all followed rooms.

    `backlog` is how many entries a room begins with. A room that fell more than `skip_over` entries behind
    goes on at its end and shows a gap; 0 means that nothing is ever skipped and every gap is filled at once.
    `is_complete` keeps entries that show nothing as lines too.
    """

    def __init__(self, wire: Wire, me: str, *, backlog: int, skip_over: int, is_complete: bool) -> None:
        self.timelines: dict[int, Timeline] = {}
        self.followed: set[int] = set()
        self._wire = wire
        self._me = me
        self._backlog = backlog
        self._skip_over = skip_over
        self._is_complete = is_complete
        self._appended = 0

    def timeline(self, room: int) -> Timeline:
        """Return the timeline of a room, an empty one where nothing is known."""
        return self.timelines.setdefault(room, Timeline(room))

    # -- following -------------------------------------------------------------------------------------------

    def follow(self, views: Iterable[RoomView]) -> list[int]:
        """Ask for these rooms from their cursors on. Returns those whose log went back; they begin anew."""
        resumed: list[tuple[int, int]] = []
        fresh: list[tuple[int, int]] = []
        went_back: list[int] = []
        for view in views:
            timeline = self.timeline(view.number)
            if timeline.has_begun and view.head < timeline.cursor:
                timeline.drop()
                went_back.append(view.number)
            timeline.first = view.first
            timeline.head = max(timeline.head, view.head)
            is_far_behind = self._skip_over and view.head - timeline.cursor > self._skip_over
            is_fresh = not timeline.has_begun or is_far_behind
            (fresh if is_fresh else resumed).append((view.number, timeline.cursor))
        self._ask_to_follow(resumed, 0)
        self._ask_to_follow(fresh, self._backlog)
        return went_back

    def follow_from(self, view: RoomView, after: int) -> None:
        """Follow a room from a seq on that the user chose."""
        timeline = self.timeline(view.number)
        timeline.drop()
        timeline.first, timeline.head = view.first, view.head
        timeline.begin(after)
        self._ask_to_follow([(view.number, after)], 0)

    def _ask_to_follow(self, cursors: list[tuple[int, int]], backlog: int) -> None:
        for start in range(0, len(cursors), limits.CURSORS):
            part = [Cursor(room, after) for room, after in cursors[start : start + limits.CURSORS]]
            self._wire.ask(Follow(self._wire.next_id(), part, backlog))

    def is_asked_for(self, room: int) -> bool:
        """Whether a room is followed, or will be when the server has answered."""
        return room in self.followed or any(
            room == cursor.room
            for request in self._wire.asked.values()
            if isinstance(request, Follow)
            for cursor in request.cursors
        )

    def take_following(self, request: Follow, answer: Following) -> list[int]:
        """The server follows these rooms for us. Returns those whose log went back: asked for anew."""
        asked_for = {cursor.room for cursor in request.cursors}
        went_back: list[tuple[int, int]] = []
        for followed in answer.rooms:
            room, head = followed.room, followed.head
            timeline = self.timelines.get(room)
            if room not in asked_for or timeline is None:
                continue
            start = min(followed.start, head)
            if timeline.has_begun and head < timeline.cursor:
                timeline.drop()
                self.followed.discard(room)
                went_back.append((room, 0))
                continue
            if timeline.has_begun:
                timeline.skip_to(start)
            else:
                timeline.begin(start)
            timeline.head = max(timeline.head, head)
            self.followed.add(room)
            self.fill_gaps(timeline)
        self._ask_to_follow(went_back, self._backlog)
        return [room for room, _ in went_back]

    def refused(self, request: Follow) -> bool:
        """Several rooms were refused: ask for each alone, for one of them is to blame. False: it was one."""
        if len(request.cursors) < 2:
            return False
        for cursor in request.cursors:
            self._ask_to_follow([(cursor.room, cursor.after)], request.backlog)
        return True

    # -- entries ---------------------------------------------------------------------------------------------

    def take_entry(self, entry: Entry) -> Line | None:
        """Return the entry as a line, now the last of its timeline; None where it has no place there."""
        if not entry.seq:
            raise ProtocolError(ErrorCode.BAD_PACKET, "an entry with seq 0")
        timeline = self.timelines.get(entry.room)
        if timeline is None or entry.room not in self.followed or entry.seq <= timeline.cursor:
            return None
        line = line_of(entry, self._me)
        if entry.seq > timeline.cursor + 1:
            timeline.skip_to(entry.seq - 1)
            self.fill_gaps(timeline)
        timeline.append(line, is_shown=self._is_complete or is_shown(line))
        self._appended += 1
        if self._appended % BOUND_EVERY == 0:
            self._bound()
        return line

    def _bound(self) -> None:
        """Cut the longest timelines to the half until all of them together are short enough."""
        total = sum(timeline.chars for timeline in self.timelines.values())
        while total > MAX_CHARS:
            longest = max(self.timelines.values(), key=lambda timeline: timeline.chars)
            before = longest.chars
            longest.shrink(before // 2)
            if longest.chars == before:  # one item each: nothing more can go
                return
            total -= before - longest.chars

    # -- history ---------------------------------------------------------------------------------------------

    def load_older(self, room: int) -> bool:
        """Ask for the page before the first entry here. False: nothing to ask, or a page is on its way."""
        timeline = self.timelines.get(room)
        if timeline is None or not timeline.has_begun or timeline.at_beginning:
            return False
        return self._ask_history(timeline, 0, timeline.floor + 1)

    def fill_gap(self, room: int, gap: Gap) -> bool:
        """Ask for the newest page of a gap. False: nothing to ask, or a page is on its way."""
        timeline = self.timelines.get(room)
        return timeline is not None and self._ask_history(timeline, gap.after, gap.before)

    def load_around(self, room: int, seq: int) -> bool:
        """Ask for the page that has `seq` in its middle. True: it comes, or the entry is here already."""
        timeline = self.timelines.get(room)
        if timeline is None or not timeline.has_begun or not 1 <= seq <= timeline.head:
            return False
        end = seq + limits.PAGE_ENTRIES // 2
        if seq <= timeline.floor:
            return self._ask_history(timeline, 0, min(end, timeline.floor + 1))
        index = timeline.index_of(seq)
        item = timeline.items[index] if index < len(timeline.items) else None
        if isinstance(item, Gap) and item.after < seq:
            return self._ask_history(timeline, item.after, min(end, item.before))
        return True

    def fill_gaps(self, timeline: Timeline) -> None:
        """Ask for a gap that is to be filled by itself, if there is one."""
        for gap in reversed(timeline.gaps()):
            if not self._skip_over or gap.size <= FILL_BY_ITSELF:
                self._ask_history(timeline, gap.after, gap.before)
                return

    def _ask_history(self, timeline: Timeline, after: int, before: int) -> bool:
        if timeline.is_loading or not self._wire.is_open:
            return False
        timeline.is_loading = True
        timeline.version += 1
        self._wire.ask(History(self._wire.next_id(), timeline.room, after, before))
        return True

    def take_page(self, request: History, page: HistoryPage) -> list[Line]:
        """Put a page in its place; returns its lines. Raises ProtocolError when it is another one."""
        timeline = self.timelines.get(request.room)
        if timeline is None:
            return []
        timeline.is_loading = False
        timeline.version += 1
        _check_page(request, page)
        lines = [line_of(entry, self._me) for entry in page.entries]
        shown = lines if self._is_complete else [line for line in lines if is_shown(line)]
        first = request.after + 1
        if page.more:
            first = lines[0].seq
        elif not request.after:  # the room begins here, and what is before has never to be asked for
            timeline.first = lines[0].seq if lines else request.before
        timeline.put(shown, first, request.before - 1)
        self.fill_gaps(timeline)
        return lines

    def page_refused(self, request: History) -> None:
        """The page will not come."""
        timeline = self.timelines.get(request.room)
        if timeline is not None:
            timeline.is_loading = False
            timeline.version += 1

    # -- ends ------------------------------------------------------------------------------------------------

    def connection_lost(self) -> None:
        """Nothing is followed any more and no page will come; timelines and cursors stay."""
        self.followed.clear()
        for timeline in self.timelines.values():
            if timeline.is_loading:
                timeline.is_loading = False
                timeline.version += 1

    def forget_room(self, room: int) -> None:
        """The room is no longer ours."""
        self.followed.discard(room)
        timeline = self.timelines.pop(room, None)
        if timeline is not None:
            timeline.drop()

    def drop_all(self) -> None:
        """The log is another one: forget all entries."""
        for timeline in self.timelines.values():
            timeline.drop()


def _check_page(request: History, page: HistoryPage) -> None:
    """Raise ProtocolError unless the page is an unbroken run of entries that ends where it should, and has
    one where there are others: asking again and again would bring nothing.
    """
    if page.more and not page.entries:
        raise ProtocolError(ErrorCode.BAD_PACKET, "a history page with nothing, though there is more")
    first = request.before - len(page.entries)
    is_right = first > request.after and all(
        entry.room == request.room and entry.seq == first + index for index, entry in enumerate(page.entries)
    )
    if not is_right:
        raise ProtocolError(ErrorCode.BAD_PACKET, "a history page with holes or of another place")
