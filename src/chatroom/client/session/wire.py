"""One connection as packets: bytes in, packets out, and whether the other end is still there.

It knows frames, request numbers and heartbeats, not what a packet means. A new connection begins with `open`.
Read next: `session.py`, which gives it bytes, and `conversation.py`, which answers packets.
"""

from collections.abc import Iterator
from typing import Final

from chatroom.protocol import limits
from chatroom.protocol.codec import decode_from_server, encode
from chatroom.protocol.frames import FrameDecoder
from chatroom.protocol.packets import Packet, Ping, Pong, Request, ServerPacket

SILENCE_S: Final = 20.0
"""After so long without a byte the other end is asked whether it is there."""

DEAD_S: Final = 45.0
"""After so long without a byte it is not (faults.md: a client notices within 45 s)."""

LOGIN_S: Final = 20.0
"""Longest time until the login is done: the server allows 10 s, a slow link takes as much again."""


class Wire:
    """The packets of one connection at a time.

    `asked` holds every request that was not answered yet, by its number; its size is bounded by what asks.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.asked: dict[int, Request] = {}
        self._decoder = FrameDecoder(limits.LOGIN_FRAME_BYTES)
        self._out: list[bytes] = []
        self._number = 0
        self._heard_at = 0.0
        self._pinged_at: float | None = None
        self._login_by: float | None = None

    def open(self, now: float) -> None:
        """A new connection: nothing of the one before it is left."""
        self.close()
        self.is_open = True
        self._decoder = FrameDecoder(limits.LOGIN_FRAME_BYTES)
        self._heard_at = now
        self._login_by = now + LOGIN_S

    def close(self) -> None:
        """The connection is gone, with all that was queued for it. `asked` is emptied."""
        self.is_open = False
        self.asked.clear()
        self._out.clear()
        self._pinged_at = self._login_by = None

    def greeted(self) -> None:
        """The server has said who it is: frames of full length may come."""
        self._decoder.limit_bytes = limits.FRAME_BYTES

    def logged_in(self) -> None:
        """The login is over in time."""
        self._login_by = None

    # -- packets ---------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> Iterator[ServerPacket]:
        """Yield the packets that `data` completes; heartbeats are answered here. Raises ProtocolError."""
        self._heard_at = now
        self._pinged_at = None
        for packet_type, payload in self._decoder.feed(data):
            packet = decode_from_server(packet_type, payload)
            if isinstance(packet, Ping):
                self.send(Pong(packet.token))
            elif packet is not None and not isinstance(packet, Pong):
                yield packet

    def send(self, packet: Packet) -> None:
        """Queue a packet."""
        self._out.append(encode(packet))

    def next_id(self) -> int:
        """Return a number for the next request, not in use."""
        while True:
            self._number = self._number % limits.ID_MAX + 1
            if self._number not in self.asked:
                return self._number

    def ask(self, request: Request) -> None:
        """Queue a request that carries a number of `next_id`, and remember it until it is answered."""
        self.asked[request.id] = request
        self.send(request)

    def answered(self, number: int) -> Request | None:
        """Return the request of this number, which is answered now; None when there is none."""
        return self.asked.pop(number, None)

    def take(self) -> bytes:
        """Return everything queued, which counts as sent."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    # -- time ------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> str | None:
        """Ask a silent server whether it is there. Returns why the connection must be given up, or None."""
        if not self.is_open:
            return None
        if self._login_by is not None and now >= self._login_by:
            return "the server does not answer"
        if now >= self._heard_at + DEAD_S:
            return "the server no longer answers"
        if self._pinged_at is None and now >= self._heard_at + SILENCE_S:
            self._pinged_at = now
            self.send(Ping(self._number))
        return None

    def next_tick(self) -> float:
        """Return when `tick` has something to do; infinity without a connection."""
        if not self.is_open:
            return float("inf")
        next_at = self._heard_at + (SILENCE_S if self._pinged_at is None else DEAD_S)
        return next_at if self._login_by is None else min(next_at, self._login_by)
