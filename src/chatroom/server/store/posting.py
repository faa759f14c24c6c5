"""Posting: plain messages that follow each other in a pass, of whomever, get their places together.

What is true of all that go into one room is done once: their time, their joined frames, the new head. What
remains for each author is to see that the nonces are new. Read next: `nonces.py`, `drafts.py`.
"""

from collections.abc import Sequence
from typing import Final

from chatroom.protocol.entries import EntryKind
from chatroom.server.hub.ports import AddPosts, Change, CommittedPosts
from chatroom.server.store.drafts import Draft
from chatroom.server.store.heads import Head, Heads
from chatroom.server.store.nonces import Nonces
from chatroom.server.store.schema import ROOM_SHIFT

MOST_BYTES: Final = 98_304
"""So much text is told together. That is sent at once, and with 64 KiB of whoever came last, and all that is
in a frame besides, it must not be more than a stalled peer may cost (`BUFFER_BYTES` in `hub/delivery.py`).
"""

_POSTED: Final = int(EntryKind.POSTED)


class _Stretch:
    """What goes into one room: `head` is moved on when all of it is there, `place` is that of the first."""

    __slots__ = ("at", "frames", "head", "place", "seq")

    def __init__(self, head: Head, now_ms: int, place: int) -> None:
        self.head = head
        self.seq = head.seq + 1
        self.at = max(now_ms, head.at)
        self.place = place
        self.frames: list[bytearray] = []


class Posting:
    """Decides plain messages, where nothing but their nonces has to be asked."""

    def __init__(self, heads: Heads, nonces: Nonces, handles: dict[int, str]) -> None:
        self._heads = heads
        self._nonces = nonces
        self._handles = handles

    def take(self, changes: Sequence[Change], draft: Draft) -> list[CommittedPosts]:
        """Return what becomes of the changes that `draft` has not decided, as far as they are new messages:
        nothing where the first is not. The first outcome of each room has the frames of all.
        """
        outcomes: list[CommittedPosts] = []
        if draft.is_unsettled:
            return outcomes
        keys, handles, take_if_new = draft.keys, self._handles, self._nonces.take_if_new
        stretches: dict[int, _Stretch] = {}
        stretch: _Stretch | None = None
        room = text_bytes = 0
        for place in range(len(draft.outcomes), len(changes)):
            change = changes[place]
            if type(change) is not AddPosts:
                break
            if stretch is None or change.room != room:
                room = change.room
                stretch = stretches.get(room) or self._begin(room, draft, len(outcomes))
                if stretch is None:
                    break
                stretches[room] = stretch
            author, posts, seq = change.author, change.posts, stretch.seq
            entry, handle = room << ROOM_SHIFT | seq, handles.get(author)
            if handle is None or not take_if_new(keys, author, posts, entry, draft.looks_up):
                break
            frames = posts.entries(seq, stretch.at, handle)
            draft.add(author, entry, _POSTED, frames)
            outcomes.append(CommittedPosts(room, seq, 0, b""))
            stretch.frames += frames
            stretch.seq = seq + len(frames)
            text_bytes += len(frames) * posts.longest_bytes
            if text_bytes > MOST_BYTES:
                break
        for room, stretch in stretches.items():
            if stretch.frames:
                draft.rooms.setdefault(room, stretch.at)
                _end(stretch, room, outcomes)
        return outcomes

    def _begin(self, room: int, draft: Draft, place: int) -> _Stretch | None:
        head = self._heads.get(room)
        return None if head is None else _Stretch(head, draft.now_ms, place)


def _end(stretch: _Stretch, room: int, outcomes: list[CommittedPosts]) -> None:
    """Give the first outcome the frames of all, and move the head on. The draft has noted the room by then:
    should it fail, the head is forgotten with it.
    """
    stretch.head.seq = stretch.seq - 1
    stretch.head.at = stretch.at
    first, frames = outcomes[stretch.place], stretch.frames
    outcomes[stretch.place] = CommittedPosts(room, first.seq, len(frames), b"".join(frames))
