"""One connection of the server: a byte stream, the packets cut out of it, and the peer it is to the hub.

It is the hub's `Link`. It decides nothing: when it is read, paused or ended is decided in `reading.py`,
`stalls.py` and `connections.py`. Read next: those.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

from chatroom.net.stream import PlainStream, StreamClosed
from chatroom.net.tls import TlsStream
from chatroom.protocol.limits import LOGIN_FRAME_BYTES
from chatroom.protocol.requests import Incoming, RequestDecoder
from chatroom.server.hub.state import Peer


class Phase(Enum):
    """What a connection is doing."""

    HANDSHAKE = "handshake"  # TLS is being set up; the hub does not know it yet
    OPEN = "open"
    ENDING = "ending"  # the last bytes were sent; what still comes in is thrown away
    GONE = "gone"


HANDSHAKE: Final = Phase.HANDSHAKE
ENDING: Final = Phase.ENDING
GONE: Final = Phase.GONE
"""For the path of every read: to look a member up in its Enum takes 0.12 us in Python 3.11."""


class Connection:
    """A stream with its decoder and its peer."""

    __slots__ = (
        "decoder",
        "failure",
        "has_input_ended",
        "is_stranger",
        "on_readable",
        "on_stall",
        "opened_at",
        "origin",
        "packets",
        "peer",
        "phase",
        "progress_at",
        "push",
        "put_off",
        "stream",
        "taken_bytes",
        "waits",
    )

    def __init__(
        self,
        stream: PlainStream | TlsStream,
        origin: str,
        now: float,
        on_stall: Callable[["Connection"], None],
    ) -> None:
        self.stream = stream
        self.push: Callable[[bytes], int] = stream.push
        self.origin = origin
        self.phase = Phase.HANDSHAKE
        self.opened_at = now
        self.waits = False
        """Whether bytes waited for the peer to take them when that was last looked at."""
        self.taken_bytes = 0
        """How many it had taken then."""
        self.progress_at = now
        """When it was last seen to take some, or they began to wait."""
        self.failure = ""
        """Why sending failed, once it did."""
        self.is_stranger = True
        """It has not logged in, as far as reading has noticed."""
        self.decoder = RequestDecoder(LOGIN_FRAME_BYTES)
        self.packets: Iterator[Incoming] | None = None
        """What was read and not handled yet: the peer was paused in the middle."""
        self.put_off: tuple[Incoming, ...] = ()
        """The packet before those, for which there was no time; empty: there is none."""
        self.has_input_ended = False
        """The peer said that it sends no more; what it sent is still carried out and answered."""
        self.peer: Peer | None = None
        self.on_stall = on_stall
        self.on_readable: Callable[[], None]
        """What the loop calls; also called when there is something left from the pass before."""

    def let_go(self) -> None:
        """It is gone: hold nothing that holds it. OpenSSL keeps 48 KB for each, and what is held in a circle
        is freed late, if at all, for Python does not see how much that is.
        """
        self.phase = Phase.GONE
        self.packets = None
        self.peer = None
        self.on_readable = _hears_nothing

    @property
    def owes_nothing(self) -> bool:
        """Whether everything that the peer sent was carried out, and every answer handed to the kernel."""
        peer = self.peer
        if peer is None:
            return True
        waits = self.packets is not None or self.stream.pending_bytes
        return not (waits or peer.outbox_bytes or peer.cursors)

    def send(self, data: bytes) -> bool:
        """See `hub.ports.Link`. The service ends a stream that failed at the end of the pass."""
        try:
            if self.stream.send(data):
                return True
        except StreamClosed as closed:
            self.failure = self.failure or closed.reason
        except BaseException:
            self.give_up()
            raise
        self.on_stall(self)
        return False

    def keep(self, data: bytes, sent: int) -> None:
        """See `hub.ports.Link`."""
        self.stream.keep(data, sent)
        self.on_stall(self)

    def give_up(self) -> None:
        """See `hub.ports.Link`."""
        self.failure = self.failure or "sending failed"
        self.on_stall(self)

    def __str__(self) -> str:
        return str(self.peer) if self.peer is not None else f"-@{self.stream.peer_address}"


def _hears_nothing() -> None:
    """What the loop calls for a connection that is gone."""
