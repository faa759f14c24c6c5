"""Folding: how the state follows from what was committed.

The only place where accounts, keys, membership, topics, invitations, roles and bans change one by one. It
looks at the committed entry or change and nothing else, so that a log which brings entries of other servers
gives the same state. Read next: `ports.py`.
"""

from collections.abc import Callable
from typing import Final

from chatroom.protocol.entries import EntryKind, Invited, Moderated, TopicSet, decode_entry, read_body
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.protocol.packets import Role
from chatroom.server.hub.plain_posts import CommittedPosts
from chatroom.server.hub.ports import (
    AddAccount,
    AddDevice,
    BarAddress,
    Change,
    Committed,
    Logged,
    RevokeDevice,
)
from chatroom.server.hub.records import AccountRecord, BanRecord
from chatroom.server.hub.state import Account, Room, State

Fold = Callable[[State, Room, Logged], None]


def fold(state: State, room: Room, logged: Logged) -> None:
    """Move `room` on by one entry; its seq is the one after the room's head."""
    room.head = logged.seq
    change = FOLDS.get(logged.kind)
    if change is not None:
        change(state, room, logged)


def fold_posts(room: Room, committed: CommittedPosts) -> None:
    """Move `room` on by messages, whose frames it was given; with none to just before its seq."""
    room.head = committed.seq + committed.count - 1


def fold_change(state: State, change: Change, outcome: Committed) -> None:
    """Take in a committed change but for the entries it added, before them; a new room comes with its
    entries.
    """
    match change:
        case AddAccount() if outcome.number not in state.accounts:  # else it came with a reload
            record = AccountRecord(outcome.number, change.handle, change.role, (change.public_key,))
            state.add_account(record).kicked.update(change.kicked)
        case AddDevice():
            account = state.accounts[change.account]
            account.public_keys.add(change.public_key)
            state.by_key[change.public_key] = account
        case RevokeDevice():
            state.accounts[change.account].public_keys.discard(change.public_key)
            state.by_key.pop(change.public_key, None)
        case BarAddress():
            state.bar(change.origin, state.accounts[change.account])
        case _:
            pass


# -- rooms -------------------------------------------------------------------------------------------------


def _joined(state: State, room: Room, logged: Logged) -> None:
    author = state.accounts[logged.author]
    room.members[author.number] = author
    author.rooms[room.number] = room
    author.kicked.pop(room.number, None)
    author.invitations.pop(room, None)


def _left(state: State, room: Room, logged: Logged) -> None:
    _part(room, state.accounts[logged.author])


def _part(room: Room, account: Account) -> None:
    room.members.pop(account.number, None)
    account.rooms.pop(room.number, None)


def _invited(state: State, room: Room, logged: Logged) -> None:
    body = read_body(decode_entry(logged.frame[HEADER_BYTES:]))
    if isinstance(body, Invited):
        state.by_handle[body.handle].invitations[room] = state.accounts[logged.author]


def _declined(state: State, room: Room, logged: Logged) -> None:
    state.accounts[logged.author].invitations.pop(room, None)


def _topic_set(_state: State, room: Room, logged: Logged) -> None:
    body = read_body(decode_entry(logged.frame[HEADER_BYTES:]))
    if isinstance(body, TopicSet):
        room.topic = body.text


# -- moderation --------------------------------------------------------------------------------------------


def _moderated(state: State, room: Room, logged: Logged) -> None:
    entry = decode_entry(logged.frame[HEADER_BYTES:])
    body = read_body(entry)
    if not isinstance(body, Moderated):
        return
    target = state.by_handle[body.handle]
    match logged.kind:
        case EntryKind.KICKED:
            room.parted = room.members.get(target.number)
            _part(room, target)
            if body.until:
                target.kicked[room.number] = body.until
        case EntryKind.BANNED:
            target.ban = BanRecord(body.ends_at, logged.author, body.reason)
        case EntryKind.UNBANNED:
            target.ban = None
        case EntryKind.MUTED:
            target.muted_until = body.ends_at
        case EntryKind.UNMUTED:
            target.muted_until = 0
        case EntryKind.ROLE_SET:
            target.role = Role(body.role)
            if target.role is Role.OWNER:
                target.muted_until = 0
        case _:
            pass
    if target.is_free(entry.at):
        state.unbar(target)


FOLDS: Final[dict[int, Fold]] = {
    EntryKind.JOINED: _joined,
    EntryKind.LEFT: _left,
    EntryKind.INVITED: _invited,
    EntryKind.DECLINED: _declined,
    EntryKind.TOPIC_SET: _topic_set,
    EntryKind.KICKED: _moderated,
    EntryKind.BANNED: _moderated,
    EntryKind.UNBANNED: _moderated,
    EntryKind.MUTED: _moderated,
    EntryKind.UNMUTED: _moderated,
    EntryKind.ROLE_SET: _moderated,
}
"""What an entry of a kind changes besides the head; other kinds change nothing."""
