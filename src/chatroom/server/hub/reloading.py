"""Reloading: the state is taken from the log anew, where an error kept the hub from hearing what was stored,
or from applying it.

Everybody is sent what was not told. Whoever may not know what he is to know, or what he may not do any more,
is closed: he is let in when that is done, and hears at login how it is. Read next: `hub.py`, for when.
"""

from collections.abc import Iterable, Iterator, Sequence

from chatroom.protocol.entries import EntryKind, Invited, Moderated, decode_body
from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.context import Context
from chatroom.server.hub.ports import AddDevice, AddEntry, AddRoom, Change, RevokeDevice
from chatroom.server.hub.state import Account, State

LOST_TRACK = "the server lost track of the account; come back"


def take_from_log(context: Context, half_applied: Sequence[Change]) -> None:
    """Let the state be as the log has it now. Close the peers of who is `misled`: of all whom a change
    concerns that is `half_applied`, and of whose rooms, invitations, keys or ban turn out to be others: they
    are added.

    Raises StorageError where the log cannot be read. After an error, do it again with the same changes.
    """
    misled = context.misled
    for change in half_applied:
        misled.update(concerned(context.state, change))
    _close(context, misled)
    snapshot = context.log.load()
    context.state.take(snapshot, misled)
    _close(context, misled)
    for record in snapshot.rooms:
        room = context.state.rooms[record.number]
        room.head = record.head
        if record.head != room.sent:
            context.delivery.skip_to(room, record.head)


def _close(context: Context, accounts: Iterable[Account]) -> None:
    for account in accounts:
        for peer in account.peers:
            context.close(peer, ErrorCode.INTERNAL, LOST_TRACK)


def concerned(state: State, change: Change) -> Iterator[Account]:
    """Yield of whom it is not known what they were told of a change, when an error kept it from being applied
    as a whole: its author, who may have other connections, and those it names.
    """
    numbers: tuple[int, ...] = ()
    match change:
        case AddEntry() if change.kind != EntryKind.POSTED:
            numbers = (change.author,)
            body = decode_body(change.kind, change.body)
            if isinstance(body, Invited | Moderated) and body.handle in state.by_handle:
                yield state.by_handle[body.handle]
        case AddRoom():
            numbers = change.members
        case AddDevice() | RevokeDevice():
            numbers = (change.account,)
        case _:
            pass
    yield from (state.accounts[number] for number in numbers if number in state.accounts)
