"""Asks a server for its pin, and for nothing else: what `chatroom trust --replace` needs.

Read next: `trust.py`.
"""

from chatroom.net.address import JoinAddress
from chatroom.net.connector import Connector
from chatroom.net.loop import Loop
from chatroom.net.stream import Stream, StreamClosed
from chatroom.net.tls import TlsStream, client_context, peer_pin


class Unreachable(Exception):  # noqa: N818 - said as it is: `except Unreachable`
    """The server did not show a key; the text is one line."""


def pin_shown_by(address: JoinAddress) -> str:
    """Connect, and return the pin of the key that the server shows. Raises Unreachable."""
    pins: list[str] = []
    faults: list[str] = []

    def take(stream: Stream) -> None:
        try:
            assert isinstance(stream, TlsStream)
            pins.append(peer_pin(stream))
        except StreamClosed as closed:
            faults.append(closed.reason)
        stream.close()

    loop = Loop()
    try:
        host = None if ":" in address.host else address.host
        Connector(loop, address.host, address.port, client_context(), host, take, faults.append)
        while not pins and not faults:
            loop.run_once()
    finally:
        loop.close()
    if faults:
        raise Unreachable(faults[0])
    return pins[0]
