"""The door: who gets in.

A known handle opens with one of its keys. Any other login is that of a newcomer: an unknown handle becomes an
account where the server admits new ones, and with an empty one a link code says whose device this is. The
signature binds the login to this connection and this server (`protocol/auth.py`). Read next: `newcomers.py`,
`devices.py`, `entering.py`.
"""

from chatroom.protocol.auth import login_message
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import VERSION
from chatroom.protocol.packets import Login
from chatroom.server.hub.context import Context
from chatroom.server.hub.requests.devices import enter_by_link
from chatroom.server.hub.requests.entering import enter
from chatroom.server.hub.requests.newcomers import admit
from chatroom.server.hub.state import Peer

MIN_VERSION = 1
"""The oldest protocol version this server still speaks."""


def login(context: Context, peer: Peer, request: Login) -> None:
    """Check who it is, and let it in, or propose what has to be stored first."""
    if not MIN_VERSION <= request.version <= VERSION:
        context.close(peer, ErrorCode.BAD_VERSION, f"this server speaks versions {MIN_VERSION} to {VERSION}")
        return
    handle = request.handle
    if not handle.isascii() or not context.verify(
        request.public_key,
        request.signature,
        login_message(peer.challenge, request.challenge, peer.key_hash, handle),
    ):
        text = "the login signature does not verify"
        context.turn_away(peer, context.bad_signatures, ErrorCode.BAD_SIGNATURE, text)
        return
    account = context.state.by_handle.get(handle)
    if account is not None and request.public_key in account.public_keys:
        enter(context, peer, request, account, is_new=False)
    elif handle or not request.invite:
        admit(context, peer, request)
    else:
        enter_by_link(context, peer, request)
