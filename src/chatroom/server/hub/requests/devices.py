"""Devices: the keys of an account. How one comes to it by a link code, is listed, and is taken away.

Read next: `codes.py`, `entering.py`.
"""

from functools import partial
from typing import Final

from chatroom.protocol.codes import SECRET_BYTES, hash_code, make_code
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import DEVICES
from chatroom.protocol.packets import (
    CreateLink,
    Device,
    DeviceList,
    Done,
    LinkCode,
    ListDevices,
    Login,
    RevokeDevice,
    Role,
)
from chatroom.server.hub import ports
from chatroom.server.hub.context import Context
from chatroom.server.hub.ports import AddCode, AddDevice, Failed, Outcome, StorageError
from chatroom.server.hub.records import CodeKind
from chatroom.server.hub.requests.codes import GoodCode, look_at_code
from chatroom.server.hub.requests.entering import enter, turn_back_banned
from chatroom.server.hub.requests.newcomers import ANOTHER_HANDLE, device_name, reject_code
from chatroom.server.hub.state import Account, Peer, Stage
from chatroom.server.hub.wording import try_again

LINK_S: Final = 600
"""How long a link code is good: time enough to walk to the other machine."""


# -- a second device comes ---------------------------------------------------------------------------------


def enter_by_link(context: Context, peer: Peer, request: Login) -> None:
    """Add the key of the peer to the account that made its link code."""
    if context.is_tired(peer, context.guesses):
        return
    found = look_at_code(context, request.invite, CodeKind.LINK)
    owner = context.state.by_key.get(request.public_key)
    if isinstance(found, Failed):
        if owner is not None:
            enter(context, peer, request, owner, is_new=False)  # linked before, and the answer was lost
        else:
            reject_code(context, peer, found)
        return
    account = context.state.accounts[found.record.account]
    ban = account.ban_at(context.now_ms)
    if owner is account:
        enter(context, peer, request, account, is_new=False)  # nothing to add: the code stays good
    elif owner is not None:
        context.close(peer, ErrorCode.HANDLE_TAKEN, ANOTHER_HANDLE)
    elif ban is not None:
        turn_back_banned(context, peer, account, ban)
    elif len(account.public_keys) >= DEVICES:
        context.close(peer, ErrorCode.TOO_MANY, f"the account has {DEVICES} devices; take one away first")
    else:
        _propose_device(context, peer, request, account, found)


def _propose_device(context: Context, peer: Peer, request: Login, account: Account, code: GoodCode) -> None:
    peer.stage = Stage.ENTERING
    change = AddDevice(account.number, request.public_key, device_name(request), code.hash)
    context.propose(change, peer, partial(_device_added, context, peer, request, account))


def _device_added(context: Context, peer: Peer, request: Login, account: Account, outcome: Outcome) -> None:
    """The key belongs to the account now, by this login or by another of the same pass."""
    if request.public_key in account.public_keys:
        enter(context, peer, request, account, is_new=False)
    elif isinstance(outcome, Failed):
        context.close(peer, outcome.code, outcome.text)


# -- what an account asks for ------------------------------------------------------------------------------


def create_link(context: Context, peer: Peer, request: CreateLink) -> None:
    """Make a link code; it replaces the one made before."""
    account = peer.account
    assert account is not None
    wait_s = context.new_codes.take(account.handle, context.now)
    if wait_s > 0:
        context.refuse(peer, request, ErrorCode.TOO_MANY, try_again(wait_s), wait_s)
        return
    code = make_code(context.random_bytes(SECRET_BYTES))
    expires_at = context.now_ms + LINK_S * 1_000
    change = AddCode(hash_code(code), CodeKind.LINK, Role.MEMBER, account.number, expires_at)
    context.propose(change, peer, partial(_link_made, context, peer, request, code))


def _link_made(context: Context, peer: Peer, request: CreateLink, code: str, outcome: Outcome) -> None:
    if not context.refused(peer, request, outcome):
        context.say(peer, LinkCode(request.id, code, LINK_S))


def list_devices(context: Context, peer: Peer, request: ListDevices) -> None:
    """Name the keys that may log in to the account."""
    account = peer.account
    assert account is not None
    try:
        known = context.log.devices(account.number)
    except StorageError as error:
        context.refuse(peer, request, ErrorCode.STORAGE, str(error))
        return
    devices = [
        Device(device.public_key, device.name, device.added_at, device.public_key == peer.public_key)
        for device in known[:DEVICES]
    ]
    context.say(peer, DeviceList(request.id, devices))


def revoke_device(context: Context, peer: Peer, request: RevokeDevice) -> None:
    """Take a key from the account, and end its connections."""
    account = peer.account
    assert account is not None
    change = ports.RevokeDevice(account.number, request.public_key)
    context.propose(change, peer, partial(_revoked, context, peer, request, account))


def _revoked(context: Context, peer: Peer, request: RevokeDevice, account: Account, outcome: Outcome) -> None:
    if context.refused(peer, request, outcome):
        return
    context.say(peer, Done(request.id))
    for other in list(account.peers):
        if other.public_key == request.public_key:
            context.close(other, ErrorCode.NOT_ADMITTED, "this device was taken from the account")
