"""Newcomers: whose first login makes an account, and what it is given.

Who is known by its key, or must not come here, is told so before passwords and codes are looked at. Which
handles are taken is told after that: a stranger whom the server would not admit does not learn it. Read next:
`entering.py`.
"""

import hmac
from functools import partial
from math import ceil
from typing import Final

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import WORD_CHARS
from chatroom.protocol.names import handle_fault, skeleton
from chatroom.protocol.packets import Login, Role
from chatroom.protocol.text import clean_line
from chatroom.server.hub.context import Context
from chatroom.server.hub.origins import is_loopback
from chatroom.server.hub.ports import AddAccount, BarAddress, Failed, Outcome
from chatroom.server.hub.records import CodeKind
from chatroom.server.hub.requests.codes import look_at_code
from chatroom.server.hub.requests.entering import enter, left_ms, turn_back_banned
from chatroom.server.hub.state import Peer, Stage
from chatroom.server.hub.wording import try_again, until

ANOTHER_HANDLE: Final = "this key has an account here, under another handle"


def admit(context: Context, peer: Peer, request: Login) -> None:
    """Propose an account for a handle that is new, or say why there is none."""
    fault = handle_fault(request.handle)
    if fault is None and request.handle in context.settings.reserved_handles:
        fault = "this handle is reserved"
    if fault is not None:
        context.close(peer, ErrorCode.BAD_HANDLE, fault)
    elif (
        not _waits(context, peer, request)
        and not _is_turned_back(context, peer, request)
        and not _lacks_password(context, peer, request)
    ):
        _admit_with_code(context, peer, request)


def _waits(context: Context, peer: Peer, request: Login) -> bool:
    """Whether something is about to stand against the address in this pass: then what becomes of that is
    awaited, by asking for it again, and the newcomer judged afterwards.
    """
    for proposal in context.proposals:
        change = proposal.change
        if isinstance(change, BarAddress) and change.origin == peer.origin:
            context.propose(change, peer, partial(_go_on, context, peer, request))
            return True
    return False


def _go_on(context: Context, peer: Peer, request: Login, _outcome: Outcome) -> None:
    if peer.stage is Stage.GREETED:  # it may have gone in the meantime
        admit(context, peer, request)


def _admit_with_code(context: Context, peer: Peer, request: Login) -> None:
    """Propose the account, with the role of the code if there is one."""
    role, code = Role.MEMBER, b""
    if request.invite:
        if context.is_tired(peer, context.guesses):
            return
        found = look_at_code(context, request.invite, CodeKind.INVITE)
        if isinstance(found, Failed):
            reject_code(context, peer, found)
            return
        role, code = found.record.role, found.hash
    if not _is_taken(context, peer, request) and not _is_one_too_many(context, peer):
        _propose(context, peer, request, role, code)


def _is_taken(context: Context, peer: Peer, request: Login) -> bool:
    """Whether the peer was closed because the handle is somebody's, or looks like one that is."""
    handle = request.handle
    if handle in context.state.by_handle:
        context.close(peer, ErrorCode.HANDLE_TAKEN, f"the handle {handle} belongs to another key")
    elif skeleton(handle) in context.state.skeletons:
        context.close(peer, ErrorCode.BAD_HANDLE, "this handle looks like one that is taken")
    else:
        return False
    return True


def device_name(request: Login) -> str:
    """Return what the client calls itself, as it may be kept."""
    return clean_line(request.program)[:WORD_CHARS]


def _is_turned_back(context: Context, peer: Peer, request: Login) -> bool:
    """Whether the peer was closed: its key has an account, a ban stands against the place it comes from, or
    there are no new accounts without a code it does not show.
    """
    owner = context.state.by_key.get(request.public_key)
    ban = owner.ban_at(context.now_ms) if owner is not None else None
    settings = context.settings
    barred = context.state.ban_from(peer.origin, context.now_ms) if settings.bars_addresses else None
    admission = settings.admission
    if owner is not None and ban is not None:
        turn_back_banned(context, peer, owner, ban)
    elif owner is not None:
        context.close(peer, ErrorCode.HANDLE_TAKEN, ANOTHER_HANDLE)
    elif barred is not None:
        text = f"no new accounts are made from your address{until(barred.until)}, because of a ban"
        context.close(peer, ErrorCode.BANNED, text, left_ms(context, barred))
    elif admission == "closed":
        _not_admitted(context, peer, request, "this server takes no new accounts")
    elif admission != "open" and not request.invite:
        _not_admitted(context, peer, request, "a new account needs an invite code here")
    else:
        return False
    return True


def _lacks_password(context: Context, peer: Peer, request: Login) -> bool:
    """Whether the peer was closed because of the server's password. No password is no guess."""
    needed, given = context.settings.password.encode(), request.password.encode()
    if not needed:
        return False
    if not given:
        _not_admitted(context, peer, request, "a new account needs the password of the server")
    elif not context.is_tired(peer, context.guesses):
        if hmac.compare_digest(needed, given):
            return False
        text = "this is not the password of the server"
        context.turn_away(peer, context.guesses, ErrorCode.NOT_ADMITTED, text)
    return True


def _not_admitted(context: Context, peer: Peer, request: Login, reason: str) -> None:
    """Close a peer in the same words whether its handle is somebody's or free."""
    text = f"this key does not belong to an account {request.handle}, and {reason}"
    context.close(peer, ErrorCode.NOT_ADMITTED, text)


def _is_one_too_many(context: Context, peer: Peer) -> bool:
    """Whether the peer was closed because many accounts came from where it is."""
    wait_s = 0.0 if is_loopback(peer.origin) else context.newcomers.take(peer.origin, context.now)
    if wait_s > 0:
        context.close(peer, ErrorCode.TOO_MANY, try_again(wait_s), ceil(wait_s * 1_000))
    return wait_s > 0


def _propose(context: Context, peer: Peer, request: Login, role: Role, code: bytes) -> None:
    peer.stage = Stage.ENTERING
    by_name = context.state.by_name
    listed = [by_name[name].number for name in context.settings.rooms if name in by_name]
    kicked, muted_until = _shared(context, peer, role)
    change = AddAccount(
        request.handle,
        request.public_key,
        role,
        device_name(request),
        code,
        rooms=tuple(room for room in listed if room not in kicked),
        kicked=tuple(kicked.items()),
        muted_until=muted_until if listed else 0,
        muted_in=listed[0] if listed else 0,
    )
    context.propose(change, peer, partial(_account_added, context, peer, request))


def _shared(context: Context, peer: Peer, role: Role) -> tuple[dict[int, int], int]:
    """Return the rooms to which nobody new may come from where the peer is, with the times when that ends,
    and until when whoever is new there is muted.
    """
    if role is Role.OWNER or not context.settings.bars_addresses:  # nobody could take a mute of an owner back
        return {}, 0
    state, now_ms = context.state, context.now_ms
    return state.kicks_from(peer.origin, now_ms), state.mute_from(peer.origin, now_ms)


def reject_code(context: Context, peer: Peer, failed: Failed) -> None:
    """Close a peer whose code is not good, which counts as a guess, or could not be looked at."""
    if failed.code is ErrorCode.NOT_ADMITTED:
        context.turn_away(peer, context.guesses, failed.code, failed.text)
    else:
        context.close(peer, failed.code, failed.text)


def _account_added(context: Context, peer: Peer, request: Login, outcome: Outcome) -> None:
    """The new account is on disk, with its rooms, or nothing of it is."""
    account = context.state.by_key.get(request.public_key)
    if account is not None and account.handle == request.handle:
        # A failure: the same person came twice within one pass.
        enter(context, peer, request, account, is_new=not isinstance(outcome, Failed))
    elif isinstance(outcome, Failed):
        context.close(peer, outcome.code, outcome.text)
