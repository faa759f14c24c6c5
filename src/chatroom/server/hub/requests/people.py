"""Requests about people: whether one is there. Read next: `table.py`."""

from chatroom.protocol.packets import Done, Presence, SetPresence
from chatroom.server.hub.context import Context
from chatroom.server.hub.state import Peer


def set_presence(context: Context, peer: Peer, request: SetPresence) -> None:
    """Note whether somebody sits before this connection."""
    assert peer.account is not None
    peer.presence = Presence(request.presence)
    context.presence_changed[peer.account] = None
    context.say(peer, Done(request.id))
