"""Reloading: the state is taken from the log anew, where an error kept the hub from hearing what was stored,
or from applying it.

Everybody is sent what was not told. Whoever may not know what he is to know, or what he may not do any more,
is closed: he comes back, and hears at login how it is. Read next: `hub.py`, for when that is.
"""

from collections.abc import Iterator

import msgspec

from chatroom.protocol.entries import Entry, EntryKind, Invited, Moderated, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.context import Context
from chatroom.server.hub.ports import AddDevice, AddEntry, AddRoom, Change, RevokeDevice
from chatroom.server.hub.state import Account, State

LOST_TRACK = "the server lost track of the account; come back"


def reload(context: Context, misled: set[Account]) -> None:
    """Let the state be as the log has it now. Close the peers of who is `misled`, and of whose rooms,
    invitations, keys or ban turn out to be others: they are added.

    Raises StorageError where the log cannot be read. After an error, do it again with the same set.
    """
    snapshot = context.log.load()
    context.state.take(snapshot, misled)
    for account in misled:
        for peer in account.peers:
            context.close(peer, ErrorCode.INTERNAL, LOST_TRACK)
    for record in snapshot.rooms:
        room = context.state.rooms[record.number]
        if record.head != room.sent:
            room.head = record.head
            context.delivery.skip_to(room, record.head)


def concerned(state: State, change: Change) -> Iterator[Account]:
    """Yield of whom it is not known what they were told of a change, when an error kept it from being applied
    as a whole: its author, who may have other connections, and those it names.
    """
    numbers: tuple[int, ...] = ()
    match change:
        case AddEntry() if change.kind != EntryKind.POSTED:
            numbers = (change.author,)
            body = read_body(Entry(change.room, 1, 0, "server", b"", change.kind, msgspec.Raw(change.body)))
            if isinstance(body, Invited | Moderated) and body.handle in state.by_handle:
                yield state.by_handle[body.handle]
        case AddRoom():
            numbers = change.members
        case AddDevice() | RevokeDevice():
            numbers = (change.account,)
        case _:
            pass
    yield from (state.accounts[number] for number in numbers if number in state.accounts)
