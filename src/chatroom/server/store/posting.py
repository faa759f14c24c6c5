"""Posting: plain messages that follow each other in a pass, of whomever, get their places together.

What is true of all that go into one room is done once: their time, their joined frames, the new head. What
remains for each author is to see that the nonces are new. Read next: `nonces.py`, `drafts.py`.
"""

from collections.abc import Sequence
from typing import Final

from chatroom.protocol.entries import EntryKind
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import Change
from chatroom.server.store.drafts import Draft
from chatroom.server.store.heads import Head, Heads
from chatroom.server.store.nonces import Nonces
from chatroom.server.store.schema import ROOM_SHIFT

MOST_BYTES: Final = 131_072
"""So much text is told together, unless one client wrote more at once. That is sent at once: with what is in
the frames besides, it must not be more than a stalled peer may cost (`BUFFER_BYTES` in `hub/delivery.py`).
"""

_POSTED: Final = int(EntryKind.POSTED)


class _RoomShare:
    """What goes into one room: `head` is moved on when all of it is there, `first` is the place of the first
    among the outcomes.
    """

    __slots__ = ("at", "first", "frames", "head", "seq")

    def __init__(self, head: Head, now_ms: int, first: int) -> None:
        self.head = head
        self.seq = head.seq + 1
        self.at = max(now_ms, head.at)
        self.first = first
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
        keys, handles, nonces = draft.keys, self._handles, self._nonces
        shares: dict[int, _RoomShare] = {}
        share: _RoomShare | None = None
        room = text_bytes = 0
        for number in range(len(draft.outcomes), len(changes)):
            change = changes[number]
            if type(change) is not AddPosts:
                break
            if share is None or change.room != room:
                room = change.room
                share = shares.get(room) or self._begin(room, draft, len(outcomes))
                if share is None:
                    break
                shares[room] = share
            author, posts, seq = change.author, change.posts, share.seq
            text_bytes += len(posts) * posts.longest_bytes
            if outcomes and text_bytes > MOST_BYTES:
                break
            entry, handle = room << ROOM_SHIFT | seq, handles.get(author)
            if handle is None or not nonces.take_if_new(keys, author, posts, entry, draft.looks_up):
                break
            frames = posts.entries(seq, share.at, handle)
            draft.add(author, entry, _POSTED, frames)
            outcomes.append(CommittedPosts(room, seq, 0, b""))
            share.frames += frames
            share.seq = seq + len(frames)
        for room, share in shares.items():
            if share.frames:
                draft.rooms.setdefault(room, share.at)
                _end(share, room, outcomes)
        return outcomes

    def _begin(self, room: int, draft: Draft, first: int) -> _RoomShare | None:
        head = self._heads.get(room)
        return None if head is None else _RoomShare(head, draft.now_ms, first)


def _end(share: _RoomShare, room: int, outcomes: list[CommittedPosts]) -> None:
    """Give the first outcome the frames of all, and move the head on. The draft has noted the room by then:
    should it fail, the head is forgotten with it.
    """
    share.head.seq = share.seq - 1
    share.head.at = share.at
    seq, frames = outcomes[share.first].seq, share.frames
    outcomes[share.first] = CommittedPosts(room, seq, len(frames), b"".join(frames))
