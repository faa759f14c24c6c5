"""Reloading: the state is taken from the log anew, where an error kept the hub from hearing what was stored.

Nobody lacks an entry by it, and nobody stays where he does not belong. Read next: `hub.py`, for when that is.
"""

from collections import defaultdict

from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.context import Context
from chatroom.server.hub.records import Snapshot

LOST_TRACK = "the server lost track of the account; come back"


def reload(context: Context) -> None:
    """Let the state be as the log has it now, and have everybody who is live sent what was not told.

    Raises StorageError where the log cannot be read. After an error, do it again.
    """
    snapshot = context.log.load()
    _close_changed(context, snapshot)
    context.state.take(snapshot)
    for record in snapshot.rooms:
        room = context.state.rooms[record.number]
        if record.head > room.head:
            context.delivery.skip_to(room, record.head)
            room.head = record.head


def _close_changed(context: Context, snapshot: Snapshot) -> None:
    """Close all peers of an account that has other rooms or keys than was known, or is banned. They come
    back, and hear at login how it is.
    """
    rooms: defaultdict[int, set[int]] = defaultdict(set)
    invitations: defaultdict[int, set[int]] = defaultdict(set)
    for room in snapshot.rooms:
        for number in room.members:
            rooms[number].add(room.number)
        for number, _ in room.invited:
            invitations[number].add(room.number)
    for record in snapshot.accounts:
        account = context.state.accounts.get(record.number)
        if account is None or not account.peers:
            continue
        invited_to = {room.number for room in account.invitations}
        if (
            record.ban != account.ban
            or account.public_keys != set(record.public_keys)
            or account.rooms.keys() != rooms[record.number]
            or invited_to != invitations[record.number]
        ):
            for peer in account.peers:
                context.close(peer, ErrorCode.INTERNAL, LOST_TRACK)
