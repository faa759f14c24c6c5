"""The door: who gets in, and what a newcomer is given.

A known handle opens with one of its keys; an unknown one becomes an account where the server admits new
ones. The signature binds the login to this connection and this server (`protocol/auth.py`). Read next:
`rooms.py`.
"""

import hmac
from functools import partial

from chatroom.protocol.auth import login_message
from chatroom.protocol.entries import EntryKind, Joined, encode_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import VERSION
from chatroom.protocol.names import handle_fault
from chatroom.protocol.packets import Login, Presence, Role, RoomState, Welcome
from chatroom.server.hub.context import Context
from chatroom.server.hub.ports import AccountRecord, AddAccount, AddEntry, Committed, Failed, Outcome
from chatroom.server.hub.state import Account, Peer, Stage

MIN_VERSION = 1
"""The oldest protocol version this server still speaks."""


def login(context: Context, peer: Peer, request: Login) -> None:
    """Check who it is; let an account in, or propose a new one."""
    if not MIN_VERSION <= request.version <= VERSION:
        context.close(peer, ErrorCode.BAD_VERSION, f"this server speaks versions {MIN_VERSION} to {VERSION}")
        return
    handle = request.handle
    if not handle.isascii() or not context.verify(
        request.public_key,
        request.signature,
        login_message(peer.challenge, request.challenge, peer.key_hash, handle),
    ):
        context.close(peer, ErrorCode.BAD_SIGNATURE, "the login signature does not verify")
        return
    account = context.state.by_handle.get(handle)
    if account is not None:
        _enter_known(context, peer, request, account)
        return
    fault = _admission_fault(context, request)
    if fault is not None:
        context.close(peer, *fault)
        return
    peer.stage = Stage.ENTERING
    change = AddAccount(handle, request.public_key, Role.MEMBER, request.program)
    context.propose(change, peer, partial(_account_added, context, peer, request))


def _admission_fault(context: Context, request: Login) -> tuple[ErrorCode, str] | None:
    """Return why no account is made for this new handle, or None."""
    settings = context.settings
    fault = handle_fault(request.handle)
    if fault is None and request.handle in settings.reserved_handles:
        fault = "this handle is reserved"
    if fault is not None:
        return ErrorCode.BAD_HANDLE, fault
    if settings.admission != "open":
        return ErrorCode.NOT_ADMITTED, "this server takes no new accounts by itself"
    if settings.password and not hmac.compare_digest(settings.password.encode(), request.password.encode()):
        return ErrorCode.NOT_ADMITTED, "this server asks new accounts for its password"
    return None


def _enter_known(context: Context, peer: Peer, request: Login, account: Account) -> None:
    if request.public_key not in account.public_keys:
        context.close(peer, ErrorCode.HANDLE_TAKEN, f"the handle {account.handle} belongs to another key")
        return
    welcome(context, peer, request, account, is_new=False)


def _account_added(context: Context, peer: Peer, request: Login, outcome: Outcome) -> None:
    """The new account is on disk (or its handle is not free): make it a member of the listed rooms."""
    if not isinstance(outcome, Committed):
        _account_failed(context, peer, request, outcome)
        return
    record = AccountRecord(outcome.number, request.handle, Role.MEMBER, (request.public_key,))
    account = context.state.add_account(record)
    entered = partial(_rooms_joined, context, peer, request, account)
    rooms = [room for name in context.settings.rooms if (room := context.state.by_name.get(name))]
    if not rooms:
        welcome(context, peer, request, account, is_new=True)
    for room in rooms:
        entry = AddEntry(room.number, account.number, EntryKind.JOINED, _JOINED)
        context.propose(entry, peer, entered if room is rooms[-1] else None)


def _account_failed(context: Context, peer: Peer, request: Login, outcome: Outcome) -> None:
    account = context.state.by_handle.get(request.handle)
    if account is not None:
        _enter_known(context, peer, request, account)  # the same person came twice within one pass
    elif isinstance(outcome, Failed):
        context.close(peer, outcome.code, outcome.text)


def _rooms_joined(context: Context, peer: Peer, request: Login, account: Account, _outcome: Outcome) -> None:
    """The newcomer's rooms were joined, or could not be: the account exists either way."""
    welcome(context, peer, request, account, is_new=True)


def welcome(context: Context, peer: Peer, request: Login, account: Account, *, is_new: bool) -> None:
    """Let the peer in: it replaces an older connection of the same client process and learns its rooms."""
    if peer.stage is Stage.CLOSING:
        return
    for other in list(account.peers):
        if other.session == request.session:
            context.close(other, ErrorCode.SUPERSEDED, "a newer connection of this client took over")
    peer.stage = Stage.READY
    peer.account = account
    peer.session = request.session
    peer.presence = Presence.ONLINE
    account.peers[peer] = None
    context.presence_changed[account] = None
    infos = context.room_infos(account, [*account.rooms.values(), *account.invitations])
    settings = context.settings
    context.say(
        peer,
        Welcome(
            request.id, account.handle, account.role, is_new, context.now_ms, len(infos), settings.welcome
        ),
    )
    for info in infos:
        context.say(peer, RoomState(info))


_JOINED = encode_body(Joined())
