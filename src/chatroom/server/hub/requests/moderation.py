"""Moderation: kicks, bans, mutes and roles, and how the first owner comes to be.

A request is checked against the table of roles and against whom it is directed; what it changes follows from
the entry it is logged as (`fold.py`). Read next: `hub/permissions.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from chatroom.protocol.entries import EntryKind, Moderated, encode_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import ACT_REASON_CHARS, TIME_MAX
from chatroom.protocol.packets import Claim, Moderate, ModerationAct, Role, RoomGone
from chatroom.protocol.text import line_fault
from chatroom.server.hub.context import Context
from chatroom.server.hub.permissions import Act, is_above
from chatroom.server.hub.ports import AddEntry, Committed, Failed, Outcome
from chatroom.server.hub.records import CodeKind
from chatroom.server.hub.requests.codes import look_at_code
from chatroom.server.hub.requests.entering import close_banned
from chatroom.server.hub.state import Account, Peer, Room
from chatroom.server.hub.wording import done_by, try_again

Fault = Callable[[Context, Moderate, Room, Account], Failed | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One act: the right it needs, the entry it becomes, what else may stand against it, whether it lasts for
    a time, and whether it is done to oneself or to others.
    """

    act: Act
    kind: EntryKind
    fault: Fault
    is_timed: bool = False
    is_of_oneself: bool = False


def moderate(context: Context, peer: Peer, request: Moderate) -> None:
    """Propose what a moderator wants to do to an account."""
    found = context.joined_room(peer, request, request.room)
    if found is None:
        return
    account, room = found
    row = STEP_DOWN if _steps_down(request, account) else ROWS.get(request.act)
    if row is None:
        context.refuse(peer, request, ErrorCode.UNKNOWN_REQUEST, "this server does not know this act")
        return
    if not context.allows(peer, request, account, row.act):
        return
    target = context.state.by_handle.get(request.handle)
    if target is None:
        context.refuse(peer, request, ErrorCode.NO_SUCH_ACCOUNT, "nobody has this handle")
        return
    fault = _general_fault(request, row, account, target) or row.fault(context, request, room, target)
    if fault is not None:
        context.refuse(peer, request, fault.code, fault.text)
        return
    _propose(context, peer, request, row, account, room, target)


def _steps_down(request: Moderate, account: Account) -> bool:
    """Whether the account gives itself a lower role."""
    is_own_role = request.act == ModerationAct.SET_ROLE and request.handle == account.handle
    return is_own_role and Role.MEMBER <= request.role < account.role


def _general_fault(request: Moderate, row: Row, account: Account, target: Account) -> Failed | None:
    """Return why nothing is done to this account by that one, or with this reason."""
    if not row.is_of_oneself:
        if target is account:
            return Failed(ErrorCode.NOT_ALLOWED, "nobody does this to oneself")
        if not is_above(account.role, target.role):
            return Failed(ErrorCode.NOT_ALLOWED, f"{target.handle} has a role as high as yours")
    fault = line_fault(request.reason, max_chars=ACT_REASON_CHARS)
    return Failed(ErrorCode.BAD_TEXT, f"the reason {fault}") if fault else None


def _propose(
    context: Context,
    peer: Peer,
    request: Moderate,
    row: Row,
    account: Account,
    room: Room,
    target: Account,
) -> None:
    ends_at = 0
    if row.is_timed and request.seconds:
        ends_at = min(context.now_ms + request.seconds * 1_000, TIME_MAX)
    role = request.role if row.kind is EntryKind.ROLE_SET else 0
    body = encode_body(Moderated(target.handle, ends_at, request.reason, role))
    entry = AddEntry(room.number, account.number, row.kind, body)
    context.propose(entry, peer, partial(_moderated, context, peer, request, row, room, target))
    if row.is_timed and (ends_at or row.kind is not EntryKind.KICKED):
        for origin in target.origins:
            context.bar(target, origin, peer)


def _moderated(
    context: Context,
    peer: Peer,
    request: Moderate,
    row: Row,
    room: Room,
    target: Account,
    outcome: Outcome,
) -> None:
    """It is on disk and in force: answer, and end what must not go on."""
    context.finish(peer, request, outcome)
    if not isinstance(outcome, Committed):
        return
    if row.kind is EntryKind.KICKED and room.parted is target:
        _show_out(context, peer, request, room, target)
    ban = target.ban_at(context.now_ms) if row.kind is EntryKind.BANNED else None
    if ban is not None:
        for other in list(target.peers):
            close_banned(context, other, ban)


def _show_out(context: Context, peer: Peer, request: Moderate, room: Room, target: Account) -> None:
    """The entry that says so is the last of the room that goes to who was kicked."""
    assert peer.account is not None
    ends_at = target.kicked.get(room.number, TIME_MAX)
    text = done_by("kicked", peer.account.handle, ends_at, request.reason)
    context.end_room(target, room, RoomGone(room.number, text))


# -- what may stand against an act -------------------------------------------------------------------------


def _kick_fault(_context: Context, request: Moderate, room: Room, target: Account) -> Failed | None:
    if room.is_direct:
        return Failed(ErrorCode.NOT_ALLOWED, "nobody is kicked from a direct room")
    if target.number not in room.members and not request.seconds:
        return Failed(ErrorCode.NOT_ALLOWED, f"{target.handle} is not a member of this room")
    return None


def _no_fault(_context: Context, _request: Moderate, _room: Room, _target: Account) -> None:
    return None


def _unban_fault(context: Context, _request: Moderate, _room: Room, target: Account) -> Failed | None:
    if target.ban_at(context.now_ms) is None:
        return Failed(ErrorCode.NOT_ALLOWED, f"{target.handle} is not banned")
    return None


def _unmute_fault(context: Context, _request: Moderate, _room: Room, target: Account) -> Failed | None:
    if not target.is_muted(context.now_ms):
        return Failed(ErrorCode.NOT_ALLOWED, f"{target.handle} is not muted")
    return None


def _role_fault(context: Context, request: Moderate, _room: Room, target: Account) -> Failed | None:
    if request.role not in (Role.MEMBER, Role.MODERATOR, Role.OWNER):
        return Failed(ErrorCode.BAD_RANGE, "there is no such role to give")
    if request.role == target.role:
        return Failed(ErrorCode.NOT_ALLOWED, f"{target.handle} has this role already")
    if request.role == Role.OWNER and target.ban_at(context.now_ms) is not None:
        return Failed(ErrorCode.NOT_ALLOWED, f"{target.handle} is banned; take the ban back first")
    return None


ROWS: Final[dict[int, Row]] = {
    ModerationAct.KICK: Row(Act.KICK, EntryKind.KICKED, _kick_fault, is_timed=True),
    ModerationAct.BAN: Row(Act.BAN, EntryKind.BANNED, _no_fault, is_timed=True),
    ModerationAct.UNBAN: Row(Act.UNBAN, EntryKind.UNBANNED, _unban_fault),
    ModerationAct.MUTE: Row(Act.MUTE, EntryKind.MUTED, _no_fault, is_timed=True),
    ModerationAct.UNMUTE: Row(Act.UNMUTE, EntryKind.UNMUTED, _unmute_fault),
    ModerationAct.SET_ROLE: Row(Act.SET_ROLE, EntryKind.ROLE_SET, _role_fault),
}
"""What `Moderate` knows."""

STEP_DOWN: Final = Row(Act.STEP_DOWN, EntryKind.ROLE_SET, _no_fault, is_of_oneself=True)
"""`SET_ROLE` of oneself. That an owner is left, the log sees to: two may step down in one pass."""


# -- the first owner ---------------------------------------------------------------------------------------


def claim(context: Context, peer: Peer, request: Claim) -> None:
    """Make who has an owner code an owner."""
    account = peer.account
    assert account is not None
    room = _room_to_tell(context, account)
    wait_s = context.guesses.wait_s(peer.origin, context.now)
    if account.role is Role.OWNER:
        context.refuse(peer, request, ErrorCode.NOT_ALLOWED, "you are an owner already")
    elif room is None:
        context.refuse(peer, request, ErrorCode.NOT_ALLOWED, "join a room first: this has to stand in a room")
    elif wait_s > 0:
        context.refuse(peer, request, ErrorCode.TOO_MANY, try_again(wait_s), wait_s)
    else:
        _claim_with(context, peer, request, account, room)


def _room_to_tell(context: Context, account: Account) -> Room | None:
    """Return where a claim is logged: the first listed room, where nearly all are, else an own one."""
    rooms = (context.state.by_name.get(name) for name in context.settings.rooms)
    return next((room for room in (*rooms, *account.rooms.values()) if room is not None), None)


def _claim_with(context: Context, peer: Peer, request: Claim, account: Account, room: Room) -> None:
    found = look_at_code(context, request.code, CodeKind.OWNER)
    if isinstance(found, Failed):
        if found.code is ErrorCode.NOT_ADMITTED:
            context.guesses.take(peer.origin, context.now)
        context.refuse(peer, request, found.code, found.text)
        return
    body = encode_body(Moderated(account.handle, 0, "", Role.OWNER))
    entry = AddEntry(room.number, account.number, EntryKind.ROLE_SET, body, code=found.hash)
    context.propose(entry, peer, partial(context.finish, peer, request))
