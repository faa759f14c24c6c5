"""A caller: one connection of ours that asks one thing at a time and measures how long the answer took.

Read next: `profiles/archive.py`.
"""

import select
import socket
import time
from collections.abc import Sequence
from itertools import count

from bench.load.dialects import Chatroom
from bench.load.stamps import STAMP_BYTES, TEXT_BYTES
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.protocol.codec import decode_from_server, encode
from chatroom.protocol.frames import FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES, NONCE_BYTES
from chatroom.protocol.packets import Ping, Pong, Post, Request, ServerPacket

WAIT_S = 30.0


class Caller:
    """Logged in as a member of the bench, in the lobby."""

    def __init__(self, port: int, member: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._decoder = FrameDecoder(FRAME_BYTES)
        self._ids = count(10)
        self._waiting: list[ServerPacket] = []
        dialect = Chatroom(PLAIN_SERVER_KEY)
        is_in = False
        while not is_in:
            for packet_type, payload in self._decoder.feed(self._socket.recv(65_536)):
                record = bytes(4) + packet_type.to_bytes(2, "big") + bytes(6) + payload
                answer, is_in_now = dialect.hear(member, record)
                is_in = is_in or is_in_now
                self._socket.sendall(answer)
        self.room, self.head = dialect.lobby, dialect.heads[member]

    def next_id(self) -> int:
        """A number for a request."""
        return next(self._ids)

    def send(self, *packets: Request | Ping) -> None:
        """Send without waiting."""
        self._socket.sendall(b"".join(map(encode, packets)))

    def receive(self) -> list[ServerPacket]:
        """What came, at least one packet unless the wait is over."""
        packets: list[ServerPacket] = []
        while not packets:
            for packet_type, payload in self._decoder.feed(self._socket.recv(1 << 18)):
                packet = decode_from_server(packet_type, payload)
                if packet is not None:
                    packets.append(packet)
        return packets

    def post_stamped(self, numbers: Sequence[int]) -> None:
        """Post messages that count as those of the load generator's sender 0, and wait until they are
        stored.
        """
        for number in numbers:
            stamp = b"^%08x%04x%016x" % (number, 0, time.monotonic_ns())
            assert len(stamp) == STAMP_BYTES
            nonce = number.to_bytes(NONCE_BYTES, "big")
            self.send(Post(self.next_id(), self.room, nonce, stamp.ljust(TEXT_BYTES, b"x").decode()))
        left = len(numbers)
        while left > 0:
            left -= sum(getattr(packet, "author", None) is not None for packet in self.receive())

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def timed(asker: Caller, bystander: Caller, request: Request) -> tuple[float, float, ServerPacket]:
    """Ask, and let a bystander ping at once: the seconds until the answer, and until the pong; and the
    answer.

    While the server works on the request it answers nobody: what the bystander waits is how long the loop
    was held.
    """
    start = time.perf_counter()
    asker.send(request)
    bystander.send(Ping(1))
    answer: ServerPacket | None = None
    answer_s = pong_s = 0.0
    while answer is None or not pong_s:
        ready, _, _ = select.select([asker, bystander], [], [], WAIT_S)
        if not ready:
            raise TimeoutError(f"no answer to {type(request).__name__}")
        for caller in ready:
            packets = caller.receive()
            now = time.perf_counter() - start
            if caller is asker:
                found = [packet for packet in packets if getattr(packet, "id", None) == request.id]
                answer, answer_s = (found[0], now) if found else (answer, answer_s)
            elif any(isinstance(packet, Pong) for packet in packets):
                pong_s = now
    return answer_s, pong_s, answer
