"""What keeps a connection alive and what it does not understand: pings, pongs, requests of a newer protocol.

Read next: `table.py`.
"""

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Ping, Pong, Request
from chatroom.protocol.requests import Incoming
from chatroom.server.hub.context import Context
from chatroom.server.hub.state import Peer


def ping(context: Context, peer: Peer, packet: Ping) -> None:
    """Answer that the server is there."""
    context.say(peer, Pong(packet.token))


def pong(_context: Context, _peer: Peer, _packet: Pong) -> None:
    """The peer is there, which was noted when the packet came."""


def ignored(_context: Context, _peer: Peer, _packet: Incoming) -> None:
    """Something that may be ignored, by who does not know it."""


def unknown(context: Context, peer: Peer, request: Request) -> None:
    """Refuse what this server does not know."""
    context.refuse(peer, request, ErrorCode.UNKNOWN_REQUEST, "this server does not know this request")
