"""The entrance: connects members, many at a time, and leads each through its dialect's login.

Whoever is in is handed to the pump at once, so that what the server tells the early ones about the late ones
is read as fast as it comes. Read next: `process.py`.
"""

import errno
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.load.channels import Channel
from bench.load.dialects import Dialect
from bench.load.stamps import record_bytes

Wrap = Callable[[socket.socket], Channel]
TakeOver = Callable[[int, Channel, bytes], None]


@dataclass(slots=True)
class _Newcomer:
    member: int
    channel: Channel
    is_connected: bool = False
    is_secured: bool = False
    rest: bytes = b""


@dataclass
class Entrance:
    """Lets members in. `take_over(member, channel, rest)` gets each one that is in; `meanwhile` is called
    often.
    """

    port: int
    dialect: Dialect
    wrap: Wrap
    take_over: TakeOver
    meanwhile: Callable[[], None]
    receive_buffer: int = 0
    """Size of the sockets' receive buffers; 0: the system's."""
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _still_out: int = 0

    def let_in(self, members: Sequence[int], at_once: int, limit_s: float) -> float:
        """Connect these members, at most `at_once` under way; return the seconds until the last one was in.

        Raises TimeoutError when that takes longer than `limit_s`.
        """
        start = time.monotonic()
        waiting = list(reversed(members))
        while waiting or self._still_out:
            while waiting and self._still_out < at_once:
                self._connect(waiting.pop())
            for key, _events in self._selector.select(0.002):
                self._go_on(key.data)
            self.meanwhile()
            if time.monotonic() - start > limit_s:
                raise TimeoutError(f"{len(waiting) + self._still_out} members are not in after {limit_s:g} s")
        return time.monotonic() - start

    def _connect(self, member: int) -> None:
        sock = socket.socket()
        if self.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        code = sock.connect_ex(("127.0.0.1", self.port))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, f"member {member} cannot connect")
        self._still_out += 1
        self._selector.register(sock, selectors.EVENT_WRITE, _Newcomer(member, self.wrap(sock)))

    def _go_on(self, newcomer: _Newcomer) -> None:
        if not newcomer.is_connected:
            newcomer.is_connected = True
            self._selector.modify(newcomer.channel.sock, selectors.EVENT_READ, newcomer)
        if not newcomer.is_secured:
            if not newcomer.channel.handshake():
                return
            newcomer.is_secured = True
            self._say(newcomer, self.dialect.opening(newcomer.member))
        while (data := newcomer.channel.read()) is not None:
            if not data:
                raise ConnectionError(f"the server closed the connection of member {newcomer.member}")
            newcomer.rest += data
            if self._hear(newcomer):
                self._selector.unregister(newcomer.channel.sock)
                self._still_out -= 1
                self.take_over(newcomer.member, newcomer.channel, newcomer.rest)
                return

    def _hear(self, newcomer: _Newcomer) -> bool:
        """Go through the whole records that came; True when the member is in, the rest being left."""
        while size := record_bytes(newcomer.rest, self.dialect.shape.framing):
            record, newcomer.rest = newcomer.rest[:size], newcomer.rest[size:]
            answer, is_in = self.dialect.hear(newcomer.member, record)
            self._say(newcomer, answer)
            if is_in:
                return True
        return False

    def _say(self, newcomer: _Newcomer, data: bytes) -> None:
        if data and newcomer.channel.write(data) != len(data):
            raise ConnectionError("a login did not fit into the kernel's buffer")
