"""Posting: plain messages that follow each other in a pass, of whomever, get their places in a room together.

What is true of all of them is done once: their time, and moving the head of the room. What remains for each
author is to see that the nonces are new. Read next: `nonces.py`, `drafts.py`.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Final

from chatroom.protocol.entries import EntryKind
from chatroom.server.hub.ports import AddPosts, Change, CommittedPosts
from chatroom.server.store.drafts import Draft
from chatroom.server.store.heads import Heads
from chatroom.server.store.nonces import Nonces
from chatroom.server.store.schema import ROOM_SHIFT

_POSTED: Final = int(EntryKind.POSTED)


class Posting:
    """Decides plain messages, where nothing but their nonces has to be asked."""

    def __init__(self, heads: Heads, nonces: Nonces, handles: dict[int, str]) -> None:
        self._heads = heads
        self._nonces = nonces
        self._handles = handles

    def take(self, changes: Sequence[Change], draft: Draft) -> list[CommittedPosts]:
        """Return what becomes of the changes that `draft` has not decided, as far as they are messages in the
        room of the first, and all of them new: none where the first is not. The first outcome has all frames.
        """
        decided = len(draft.outcomes)
        first = changes[decided]
        assert isinstance(first, AddPosts)
        room = first.room
        head = self._heads.get(room)
        if head is None or draft.is_unsettled:
            return []
        seq, at = head.seq + 1, max(draft.now_ms, head.at)
        outcomes: list[CommittedPosts] = []
        frames: list[bytearray] = []
        for change in islice(changes, decided, None):
            if type(change) is not AddPosts or change.room != room:
                break
            author, posts = change.author, change.posts
            handle, entry = self._handles.get(author), room << ROOM_SHIFT | seq
            if handle is None:
                break
            if not self._nonces.take_if_new(draft.keys, author, posts, entry, draft.looks_up):
                break
            own = posts.entries(seq, at, handle)
            draft.add(author, entry, _POSTED, own)
            outcomes.append(CommittedPosts(room, seq, 0, b""))
            frames += own
            seq += len(own)
        if outcomes:
            draft.rooms.setdefault(room, at)
            head.seq = seq - 1
            head.at = at
            outcomes[0] = CommittedPosts(room, outcomes[0].seq, len(frames), b"".join(frames))
        return outcomes
