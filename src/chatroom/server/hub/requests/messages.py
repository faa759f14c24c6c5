"""Requests about messages: posting, reading back, searching, marking as read.

Read next: `people.py`.
"""

from functools import partial
from typing import Final

from chatroom.protocol.entries import EntryKind, Posted, decode_entry, encode_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.protocol.limits import PAGE_BYTES, SEQ_MAX
from chatroom.protocol.mentions import find_mentions, may_mention
from chatroom.protocol.packets import (
    Done,
    History,
    HistoryPage,
    MarkRead,
    Post,
    ReadMarker,
    Search,
    SearchPage,
    Stored,
)
from chatroom.protocol.posts import Posts, posts_of
from chatroom.protocol.text import text_fault
from chatroom.server.hub.context import NOT_A_MEMBER, Context, Proposal
from chatroom.server.hub.permissions import LEAST_ROLE, Act
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import (
    AddEntry,
    Committed,
    Failed,
    Outcome,
    Repeated,
    SetRead,
    Several,
    StorageError,
)
from chatroom.server.hub.state import Account, Peer, Room

POSTED: Final = int(EntryKind.POSTED)
LEAST_POSTER: Final = LEAST_ROLE[Act.POST]
"""For the path of every message: to look a member up in its Enum takes 0.12 us in Python 3.11, to hash one as
much again.
"""

MENTIONS_OF_A_POST: Final = 8
"""So many cost as much to store as a message: one with a thousand takes 1.3 ms."""

NONCE_REUSED: Final = Failed(ErrorCode.NONCE_REUSED, "this nonce stands for another message")


def post(context: Context, peer: Peer, request: Post) -> None:
    """Propose a message. Where the peer follows the room, the entry itself is the answer."""
    context.posts += 1
    held = peer.held_nonce
    if held and request.nonce != held and not _is_stored(context, peer, held):
        context.refuse(peer, request, ErrorCode.STORAGE, "an earlier message of yours waits to be stored")
        return
    peer.held_nonce = b""
    account = peer.account
    assert account is not None
    room = account.rooms.get(request.room)
    fault = _post_fault(context, account, room, request)
    if room is None or fault is not None:
        _refuse_post(context, peer, request, account, fault or NOT_A_MEMBER)
        return
    body = encode_body(Posted(request.text, request.manner))
    mentioned = _mentioned(room, context, request.text)
    context.posts += len(mentioned) // MENTIONS_OF_A_POST
    entry = AddEntry(room.number, account.number, POSTED, body, request.nonce, mentioned)
    context.proposals.append(_Posting(entry, peer, context, request, room))


def _is_stored(context: Context, peer: Peer, nonce: bytes) -> bool:
    """Whether a post of the peer's account is stored, though that was not told as its answer; False while the
    disk cannot be read.
    """
    assert peer.account is not None
    try:
        return context.log.find_post(peer.account.number, nonce) is not None
    except StorageError:
        return False


class _Posting(Proposal):
    """A message that is to be stored: in one value what is a `Proposal` and a `partial` elsewhere."""

    __slots__ = ("context", "request", "room")

    def __init__(self, entry: AddEntry, peer: Peer, context: Context, request: Post, room: Room) -> None:
        super().__init__(entry, peer)
        self.context: Final = context
        self.request: Final = request
        self.room: Final = room

    def decided(self, outcome: Outcome) -> None:
        """Answer, where the entry itself is no answer."""
        _answer(self.context, self.peer, self.request, self.room, outcome)


def post_several(context: Context, peer: Peer, posts: Posts) -> None:
    """Propose plain messages together; one by one where any of them may have to be refused."""
    account = peer.account
    assert account is not None
    if len(posts) > 1:  # for the first the bucket has given
        peer.paused_until = context.now + account.bucket.take(len(posts) - 1, context.now)
    room = account.rooms.get(posts.room)
    is_fine = room is not None and posts.longest_bytes <= context.settings.text_bytes
    if not is_fine or peer.held_nonce or account.muted_until or account.role < LEAST_POSTER:
        for request in posts_of(posts):
            post(context, peer, request)
        return
    assert room is not None
    context.posts += len(posts)
    entries = AddPosts(room.number, account.number, posts)
    context.proposals.append(_PostingSeveral(entries, peer, context, posts, room))


class _PostingSeveral(Proposal):
    """Plain messages that are to be stored."""

    __slots__ = ("context", "posts", "room")

    def __init__(self, entries: AddPosts, peer: Peer, context: Context, posts: Posts, room: Room) -> None:
        super().__init__(entries, peer)
        self.context: Final = context
        self.posts: Final = posts
        self.room: Final = room

    def decided(self, outcome: Outcome) -> None:
        """Answer each, where its entry is no answer: the hub looks first whether all of them are."""
        context, peer, room = self.context, self.peer, self.room
        requests = posts_of(self.posts)
        if type(outcome) is CommittedPosts:
            for seq, request in enumerate(requests, outcome.seq):
                _answer_unseen(context, peer, request, room, seq)
            return
        each = outcome.outcomes if isinstance(outcome, Several) else [outcome] * len(requests)
        for request, single in zip(requests, each, strict=True):
            _answer(context, peer, request, room, single)


def _answer(context: Context, peer: Peer, request: Post, room: Room, outcome: Outcome) -> None:
    """Say what became of a post, where its entry does not."""
    if type(outcome) is Committed:
        if room not in peer.live:
            _answer_unseen(context, peer, request, room, outcome.entries[0].seq)
    else:
        _answer_not_stored(context, peer, request, outcome)


def _post_fault(context: Context, account: Account, room: Room | None, request: Post) -> Failed | None:
    if room is None:
        return NOT_A_MEMBER
    if account.muted_until or account.role < LEAST_POSTER:
        fault = context.act_fault(account, Act.POST)
        if fault is not None:
            return fault
    wrong = text_fault(request.text, max_bytes=context.settings.text_bytes)
    return None if wrong is None else Failed(ErrorCode.BAD_TEXT, f"the message {wrong}")


def _refuse_post(context: Context, peer: Peer, request: Post, account: Account, fault: Failed) -> None:
    """Refuse a post, unless it was stored before: who may not post any more still hears that it is there, or
    that its nonce stands for another message.
    """
    try:
        frame = context.log.find_post(account.number, request.nonce)
    except StorageError as error:
        context.refuse(peer, request, ErrorCode.STORAGE, str(error))
        return
    if frame is None:
        context.refuse(peer, request, fault.code, fault.text)
        return
    stored = decode_entry(frame[HEADER_BYTES:])
    asked = (request.room, EntryKind.POSTED, encode_body(Posted(request.text, request.manner)))
    if (stored.room, stored.kind, bytes(stored.body)) == asked:
        context.say(peer, Stored(request.id, stored.room, stored.seq, request.nonce, repeat=True))
    else:
        context.refuse(peer, request, NONCE_REUSED.code, NONCE_REUSED.text)


def _mentioned(room: Room, context: Context, text: str) -> tuple[int, ...]:
    """Return the members of the room that the text mentions."""
    if not may_mention(text):
        return ()
    known = context.state.by_handle
    found = {known[mention.handle].number for mention in find_mentions(text) if mention.handle in known}
    return tuple(number for number in found if number in room.members)


def _answer_unseen(context: Context, peer: Peer, request: Post, room: Room, seq: int) -> None:
    """Answer who lags in the room or does not follow it, unless the entry will come to it."""
    if not peer.will_be_sent(room, seq):
        context.say(peer, Stored(request.id, room.number, seq, request.nonce))


def _answer_not_stored(context: Context, peer: Peer, request: Post, outcome: Outcome) -> None:
    if isinstance(outcome, Repeated):
        context.say(peer, Stored(request.id, outcome.room, outcome.seq, request.nonce, repeat=True))
    elif isinstance(outcome, Failed):
        if outcome.code is ErrorCode.STORAGE:
            peer.held_nonce = peer.held_nonce or request.nonce
        context.refused(peer, request, outcome)


# -- reading back -----------------------------------------------------------------------------------------


def history(context: Context, peer: Peer, request: History) -> None:
    """Give one page of a room's entries."""
    found = context.joined_room(peer, request, request.room)
    if found is None:
        return
    room = found[1]
    before = min(request.before or SEQ_MAX, room.head + 1)
    after = max(request.after, room.first - 1)
    try:
        if request.before:
            frames = context.log.before(room.number, before, after, request.limit, PAGE_BYTES)
        else:
            limit = max(0, min(request.limit, before - 1 - after))
            frames = context.log.after(room.number, after, limit, PAGE_BYTES) if limit else []
    except StorageError as error:
        context.refuse(peer, request, ErrorCode.STORAGE, str(error))
        return
    entries = [decode_entry(frame[HEADER_BYTES:]) for frame in frames]
    more = len(entries) < before - 1 - after
    context.say(peer, HistoryPage(request.id, room.number, entries, more))


def search(context: Context, peer: Peer, request: Search) -> None:
    """Find messages in the rooms of the account."""
    account = peer.account
    assert account is not None
    if request.room and context.joined_room(peer, request, request.room) is None:
        return
    author = 0
    if request.author:
        known = context.state.by_handle.get(request.author)
        if known is None:
            context.refuse(peer, request, ErrorCode.NO_SUCH_ACCOUNT, "nobody has this handle")
            return
        author = known.number
    rooms = [request.room] if request.room else list(account.rooms)
    try:
        hits = context.log.search(request.query, rooms, author, request.before, request.limit)
    except ValueError as error:
        context.refuse(peer, request, ErrorCode.BAD_QUERY, str(error))
        return
    except StorageError as error:
        context.refuse(peer, request, ErrorCode.STORAGE, str(error))
        return
    entries = [decode_entry(frame[HEADER_BYTES:]) for frame in hits.frames]
    context.say(peer, SearchPage(request.id, entries, hits.next, hits.unindexed))


# -- read markers -----------------------------------------------------------------------------------------


def mark_read(context: Context, peer: Peer, request: MarkRead) -> None:
    """Move the account's read marker of a room forward."""
    found = context.joined_room(peer, request, request.room)
    if found is None:
        return
    account, room = found
    if request.seq > room.head:
        context.refuse(peer, request, ErrorCode.BAD_RANGE, "there is no such entry yet")
        return
    change = SetRead(account.number, room.number, request.seq)
    then = partial(_marked, context, peer, request, account, room)
    context.propose(change, peer, then, is_awaited=False)


def _marked(
    context: Context, peer: Peer, request: MarkRead, account: Account, room: Room, outcome: Outcome
) -> None:
    if context.refused(peer, request, outcome):
        return
    marker = context.markers(account, [room]).get(room.number)
    if marker is not None:
        context.tell(account, ReadMarker(room.number, marker.read, marker.unread, marker.mentions))
    context.say(peer, Done(request.id))
