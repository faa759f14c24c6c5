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

    __slots__ = ("at", "frames", "head", "place", "seq", "text_bytes")

    def __init__(self, head: Head, now_ms: int, place: int) -> None:
        self.head = head
        self.seq = head.seq + 1
        self.at = max(now_ms, head.at)
        self.place = place
        self.frames: list[bytearray] = []
        self.text_bytes = 0
        """How long the texts are at most."""


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
        stretches: dict[int, _Stretch] = {}
        for place in range(len(draft.outcomes), len(changes)):
            change = changes[place]
            if type(change) is not AddPosts:
                break
            room, author, posts = change.room, change.author, change.posts
            stretch = stretches.get(room) or self._begin(room, draft, len(outcomes))
            handle = self._handles.get(author)
            if stretch is None or handle is None:
                break
            seq = stretch.seq
            entry = room << ROOM_SHIFT | seq
            if not self._nonces.take_if_new(draft.keys, author, posts, entry, draft.looks_up):
                break
            frames = posts.entries(seq, stretch.at, handle)
            draft.add(author, entry, _POSTED, frames)
            outcomes.append(CommittedPosts(room, seq, 0, b""))
            stretch.frames += frames
            stretch.seq = seq + len(frames)
            stretch.text_bytes += len(frames) * posts.longest_bytes
            stretches[room] = stretch
            if stretch.text_bytes > MOST_BYTES:
                break
        for room, stretch in stretches.items():
            draft.rooms.setdefault(room, stretch.at)  # before the head moves: with the draft it is forgotten
            stretch.head.seq = stretch.seq - 1
            stretch.head.at = stretch.at
            frames, seq = stretch.frames, outcomes[stretch.place].seq
            outcomes[stretch.place] = CommittedPosts(room, seq, len(frames), b"".join(frames))
        return outcomes

    def _begin(self, room: int, draft: Draft, place: int) -> _Stretch | None:
        head = self._heads.get(room)
        return None if head is None else _Stretch(head, draft.now_ms, place)
