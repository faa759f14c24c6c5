"""Changes: what the store asks of one, whatever its kind.

Read next: `writer.py`.
"""

from collections.abc import Sequence

from chatroom.protocol.entries import EntryKind, Posted, encode_body
from chatroom.protocol.posts import posts_of
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import (
    AddAccount,
    AddCode,
    AddDevice,
    AddEntry,
    AddRoom,
    BarAddress,
    Change,
    Committed,
    Repeated,
    RevokeDevice,
    SetRead,
    Several,
    SingleOutcome,
)
from chatroom.server.store import refusals
from chatroom.server.store.frames import entry_of


def author_of(change: Change) -> int:
    """Return the account whose changes are kept in order; what is new, and codes, have none yet."""
    match change:
        case AddEntry() | AddPosts():
            return change.author
        case SetRead() | AddDevice() | RevokeDevice() | BarAddress():
            return change.account
        case AddAccount() | AddRoom() | AddCode():
            return -1


def entries_of(change: AddPosts) -> list[AddEntry]:
    """Return each message as a change of its own."""
    return [
        AddEntry(
            change.room,
            change.author,
            int(EntryKind.POSTED),
            encode_body(Posted(post.text, post.manner)),
            post.nonce,
        )
        for post in posts_of(change.posts)
    ]


def repeated(frame: bytes, change: AddEntry) -> SingleOutcome:
    """Return what becomes of an entry when this one stands, or is about to, under its nonce."""
    known = entry_of(frame)
    if (known.room, known.kind, bytes(known.body)) == (change.room, change.kind, change.body):
        return Repeated(known.room, known.seq)
    return refusals.NONCE_REUSED


def together(outcomes: Sequence[SingleOutcome]) -> CommittedPosts | Several:
    """Return what became of an `AddPosts`, of whose messages this became."""
    logged = [outcome.entries[0] for outcome in outcomes if isinstance(outcome, Committed)]
    if len(logged) < len(outcomes):
        return Several(tuple(outcomes))
    frames = b"".join(entry.frame for entry in logged)
    return CommittedPosts(logged[0].room, logged[0].seq, len(logged), frames)
