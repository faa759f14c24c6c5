"""Streams: a connected socket as a byte stream that never blocks, bounded in both directions.

Here lives the plain stream and the shape that every stream has. It keeps order, drops nothing and copies
nothing: what the kernel does not take at once is kept as a view of the sender's own bytes, so a thousand
slow peers share one buffer. What the bytes mean is not known here. Next: `tls.py`, the same shape over TLS.
"""

import contextlib
import socket
import struct
import sys
from collections.abc import Callable
from typing import NamedTuple, Protocol

from chatroom.net.address import format_address, plain_host
from chatroom.net.broadcast import Push, close_push, make_push

# A read takes what one call gives, up to this: large enough to empty a busy socket, small enough that one
# peer cannot hold a pass.
READ_BUDGET_BYTES = 64 * 1024

# What may wait behind something that waits already. A peer is fed from the log only when its stream is
# empty, so more than this means that whoever feeds it does not look at what `send` answers.
PENDING_LIMIT_BYTES = 1024 * 1024

# Buffers given to the kernel in one call when a backlog is flushed; below IOV_MAX (1024) everywhere.
# Sending 8 buffers of 8 kB so took 12.3 µs against 13.1 µs for joining them; a few short ones are no faster
# than joined, which is why `send` takes one buffer and the caller joins.
FLUSH_BUFFERS = 64


# Of Linux's `struct tcp_info` (linux/tcp.h): tcpi_unacked, tcpi_bytes_acked, tcpi_notsent_bytes.
_TCP_INFO = struct.Struct("=24xI92xQ16xI")


class StreamClosed(Exception):  # noqa: N818 - an end is not always an error
    """The stream is at its end. `reason` is one line for a person; `clean` when the other end simply left."""

    def __init__(self, reason: str, *, clean: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.clean = clean


class Sent(NamedTuple):
    """What the kernel knows of the bytes that were sent."""

    waits: bool
    """Whether the other end has yet to take some."""
    taken_bytes: int
    """How many it has taken since the connection was made."""


class Stream(Protocol):
    """A byte stream that never blocks. Its owner reads when `fileno()` is readable, flushes when writable."""

    @property
    def more_to_read(self) -> bool:
        """True when bytes may be left that the selector will not report: call `read` again."""

    @property
    def pending_bytes(self) -> int:
        """How many bytes were accepted by `send` and not yet taken by the kernel."""

    @property
    def look(self) -> Callable[[], Sent | None]:
        """What became of the bytes that were sent; None where the system does not say."""

    @property
    def peer_address(self) -> str:
        """The other end as `host:port`, IPv6 in brackets; `local` for a socket pair."""

    def read(self, budget_bytes: int = READ_BUDGET_BYTES) -> bytes:
        """What is there now, up to about the budget; empty when nothing is. StreamClosed at the end."""

    def send(self, data: bytes | memoryview) -> bool:
        """Send or keep all of it. True: the kernel has everything. False: call `flush` when writable."""

    @property
    def push(self) -> Push:
        """The shortest way to send while nothing is pending: gives how many bytes the kernel took.

        Anything but all of them, or an OSError (as if 0), is to be followed by `keep`. One call of a
        bound method instead of three saves 0.3 µs of the 5 µs that a small send costs.
        """

    def keep(self, data: bytes, sent: int) -> None:
        """Keep what `push` did not send of `data`: call `flush` when writable, which tells what failed."""

    def flush(self) -> bool:
        """Go on with what is pending. True when nothing is left."""

    def shutdown_write(self) -> None:
        """No more sends: what is pending goes out, then the end is signalled. Reading goes on."""

    def close(self) -> None:
        """Close at once; what is pending is lost. Twice is harmless."""

    def fileno(self) -> int:
        """The descriptor to watch; negative once closed."""


class PlainStream:
    """A stream over a connected socket, which it owns from now on: made non-blocking, Nagle's delay off.

    After a failed send nothing is sent any more; reading goes on to what had arrived before. A caller that
    has several buffers for one peer joins them: one call of the kernel costs more than the join.
    """

    __slots__ = (
        "_broken",
        "_end_wanted",
        "_limit_bytes",
        "_queue",
        "_recv",
        "_send",
        "_sock",
        "more_to_read",
        "peer_address",
        "pending_bytes",
        "push",
    )

    def __init__(self, sock: socket.socket, pending_limit_bytes: int = PENDING_LIMIT_BYTES) -> None:
        sock.setblocking(False)
        with contextlib.suppress(
            OSError
        ):  # a socket pair has no such option, a reset socket on macOS neither
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.more_to_read = False
        self.pending_bytes = 0
        self.peer_address = _peer_address(sock)
        self._sock = sock
        self._recv = sock.recv
        self._send: Callable[[bytes | memoryview], int] = sock.send
        self.push: Push = make_push(sock)
        self._limit_bytes = pending_limit_bytes
        self._queue: list[memoryview] = []
        self._broken: StreamClosed | None = None
        self._end_wanted = False

    def look(self) -> Sent | None:
        """See `Stream.look`."""
        if sys.platform != "linux":
            return None
        try:
            info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
            unacked, taken_bytes, unsent_bytes = _TCP_INFO.unpack(info)
        except (OSError, struct.error):  # not TCP, or a kernel of before 4.6
            return None
        return Sent(bool(unacked or unsent_bytes), taken_bytes)

    def read(self, budget_bytes: int = READ_BUDGET_BYTES) -> bytes:
        """See `Stream.read`. One call of the kernel: a read shorter than the budget has emptied the socket.

        What comes between that call and the next pass makes the socket readable again, so nothing is
        overlooked.
        """
        try:
            data = self._recv(budget_bytes)
        except BlockingIOError:
            self.more_to_read = False
            return b""
        except OSError as error:
            self.more_to_read = False
            reason = "closed at this end" if self._sock.fileno() < 0 else reason_of(error)
            raise StreamClosed(reason) from error
        self.more_to_read = len(data) == budget_bytes
        if not data:
            raise StreamClosed("closed by the other end", clean=True)
        return data

    def send(self, data: bytes | memoryview) -> bool:
        """See `Stream.send`. StreamClosed when the socket has failed or more waits than the limit."""
        if self.pending_bytes or self._broken is not None:
            return self._keep(data)
        try:
            sent = self._send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise self._break(reason_of(error)) from error
        if sent == len(data):
            return True
        self.keep(data, sent)
        return False

    def keep(self, data: bytes | memoryview, sent: int) -> None:
        """See `Stream.keep`."""
        self._queue.append(memoryview(data)[sent:])
        self.pending_bytes += len(data) - sent

    def flush(self) -> bool:
        """See `Stream.flush`. Goes on until the kernel takes no more."""
        while self.pending_bytes:
            try:
                sent = self._send_queue()
            except BlockingIOError:
                return False
            except OSError as error:
                raise self._break(reason_of(error)) from error
            self.pending_bytes -= sent
            self._drop(sent)
        if self._end_wanted:
            self._end_wanted = False
            _end(self._sock)
        return True

    def shutdown_write(self) -> None:
        """See `Stream.shutdown_write`. A later `send` raises StreamClosed."""
        if self._broken is None:
            self._broken = StreamClosed("nothing may be sent after the end was signalled", clean=True)
            if self.pending_bytes:
                self._end_wanted = True
            else:
                _end(self._sock)

    def close(self) -> None:
        """See `Stream.close`. Take the loop's watch off first."""
        close_push(self.push)
        try:
            self._break("closed at this end", clean=True)
        finally:
            self._sock.close()

    def fileno(self) -> int:
        """See `Stream.fileno`."""
        return self._sock.fileno()

    def _keep(self, data: bytes | memoryview) -> bool:
        """Queue behind what is pending; here because something is, or because the stream may not send."""
        if self._broken is not None:
            raise StreamClosed(self._broken.reason, clean=self._broken.clean)
        if self.pending_bytes + len(data) > self._limit_bytes:
            raise self._break(f"more than {self._limit_bytes} bytes wait to be sent")
        if data:
            self._queue.append(memoryview(data))
            self.pending_bytes += len(data)
        return False

    def _send_queue(self) -> int:
        if len(self._queue) == 1 or not hasattr(self._sock, "sendmsg"):  # Windows has none
            return self._send(self._queue[0])
        return self._sock.sendmsg(self._queue[:FLUSH_BUFFERS])

    def _drop(self, sent_bytes: int) -> None:
        """Take the first `sent_bytes` off the queue."""
        queue = self._queue
        whole = 0
        while sent_bytes and sent_bytes >= len(queue[whole]):
            sent_bytes -= len(queue[whole])
            whole += 1
        if sent_bytes:
            queue[whole] = queue[whole][sent_bytes:]
        del queue[:whole]

    def _break(self, reason: str, *, clean: bool = False) -> StreamClosed:
        """Give up sending: part of the bytes may be gone, so nothing may follow them."""
        self._queue.clear()
        self.pending_bytes = 0
        self._end_wanted = False
        self._broken = StreamClosed(reason, clean=clean)
        return StreamClosed(reason, clean=clean)


# The failures that people meet, in words that say who did it; for all others the system's own text.
_REASONS: tuple[tuple[type[OSError], str], ...] = (
    (ConnectionResetError, "reset by the other end"),
    (BrokenPipeError, "closed by the other end"),
    (ConnectionAbortedError, "given up by the system"),
    (ConnectionRefusedError, "refused: nothing listens there"),
    (TimeoutError, "the other end no longer answers"),
)


def reason_of(error: OSError) -> str:
    """One line that tells a person what failed."""
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text
    return (error.strerror or str(error) or type(error).__name__).lower()


def _peer_address(sock: socket.socket) -> str:
    try:
        name = sock.getpeername()
    except OSError:  # gone already: the first read will tell
        return "gone"
    return format_address(plain_host(str(name[0])), int(name[1])) if isinstance(name, tuple) else "local"


def _end(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # reset meanwhile: the next read tells
        sock.shutdown(socket.SHUT_WR)
