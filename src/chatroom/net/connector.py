"""The connector: from a host name to a stream that is ready for use, or one line that says why not.

The name is resolved in a thread, all its addresses are tried so that a dead one costs a quarter of a
second, and TLS is negotiated, all within one deadline. Whether and when to try again is the caller's
affair; `Backoff` says how long to wait. Next: `stream.py` and `tls.py`, what comes out.
"""

import errno
import os
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from random import Random

from chatroom.net.address import format_address
from chatroom.net.loop import Loop, Timer
from chatroom.net.stream import PlainStream, Stream, StreamClosed, reason_of
from chatroom.net.tls import TlsStream

CONNECT_TIMEOUT_S = 10.0

# RFC 8305 §5: how long an address may stay silent before the next one is tried beside it.
NEXT_ADDRESS_S = 0.25

_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})  # the last one on Windows


class Backoff:
    """How long to wait before the next attempt: doubling from `first_s` to `limit_s`, each cut by up to a
    half.

    The cut is random, so that those who lost the same server at the same moment come back spread over time.
    """

    def __init__(self, first_s: float = 0.2, limit_s: float = 30.0, random: Random | None = None) -> None:
        self._first_s = self._next_s = first_s
        self._limit_s = limit_s
        self._random = Random() if random is None else random

    def next_delay(self) -> float:
        """Seconds to wait now."""
        full_s = min(self._next_s, self._limit_s)
        self._next_s = min(full_s * 2, self._limit_s)
        return full_s * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin anew; call it when the other end has proved to work, not when it merely accepted."""
        self._next_s = self._first_s


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One address to try. `address` is what the socket wants, `where` what a person reads."""

    family: socket.AddressFamily
    address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
    where: str


class Connector:
    """One attempt to connect, from construction on. Exactly one callback runs, later, unless `cancel` comes
    first.

    `on_connected(stream)` gives a stream that nobody watches: the caller watches it and at once reads it
    once, since bytes may have come with the handshake (`more_to_read`). `on_failed(reason)` gives one line.
    With `tls` None the stream is plain; else `server_name` is asked for, and checked if the context does
    so.
    """

    def __init__(
        self,
        loop: Loop,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        server_name: str | None,
        on_connected: Callable[[Stream], None],
        on_failed: Callable[[str], None],
        timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        self._loop = loop
        self._tls = tls
        self._server_name = server_name
        self._on_connected = on_connected
        self._on_failed = on_failed
        self._candidates: deque[_Candidate] = deque()
        self._attempts: dict[socket.socket, str] = {}
        self._stream: TlsStream | None = None
        self._doing = f"looking up {host}"
        self._last_reason = f"{host} has no address"
        self._is_over = False
        self._next_address: Timer | None = None
        self._deadline = loop.call_later(timeout_s, partial(self._time_out, timeout_s))
        self._look_up(host, port)

    def cancel(self) -> None:
        """Give up quietly. Harmless when it is over."""
        self._is_over = True
        self._deadline.cancel()
        if self._next_address is not None:
            self._next_address.cancel()
        self._drop_attempts()
        if self._stream is not None:
            self._loop.unwatch(self._stream)
            self._stream.close()
            self._stream = None

    def _drop_attempts(self) -> None:
        for sock in self._attempts:
            self._loop.unwatch(sock)
            sock.close()
        self._attempts.clear()

    def _look_up(self, host: str, port: int) -> None:
        """Find the candidates: at once for a literal address, else in a thread, since resolving blocks."""
        try:
            found = _resolve(host, port, socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            name = f"look up {host}"
            threading.Thread(
                target=self._look_up_in_thread, args=(host, port), name=name, daemon=True
            ).start()
        else:
            self._next_address = self._loop.call_later(0, partial(self._looked_up, found))

    def _look_up_in_thread(self, host: str, port: int) -> None:
        try:
            outcome = partial(self._looked_up, _resolve(host, port, 0))
        except OSError as error:
            outcome = partial(self._fail, f"cannot find {host}: {reason_of(error)}")
        except UnicodeError:
            outcome = partial(self._fail, f"cannot find {host}: not a host name")
        self._loop.call_from_thread(outcome)

    def _looked_up(self, candidates: Iterable[_Candidate]) -> None:
        if not self._is_over:
            self._candidates.extend(candidates)
            self._try_next()

    def _try_next(self) -> None:
        """Begin with the next address that can be tried; fail when none is left or under way."""
        if self._next_address is not None:
            self._next_address.cancel()
            self._next_address = None
        while self._candidates:
            if self._begin(self._candidates.popleft()):
                if self._candidates:
                    self._next_address = self._loop.call_later(NEXT_ADDRESS_S, self._try_next)
                return
        if not self._attempts:
            self._fail(self._last_reason)

    def _begin(self, candidate: _Candidate) -> bool:
        """True when the connect is under way."""
        self._doing = f"connecting to {candidate.where}"
        try:
            sock = socket.socket(candidate.family, socket.SOCK_STREAM)
        except OSError as error:  # no such family here, or no descriptors
            self._last_reason = f"{candidate.where}: {reason_of(error)}"
            return False
        sock.setblocking(False)
        code = sock.connect_ex(candidate.address)
        if code not in _UNDER_WAY:
            self._last_reason = f"{candidate.where}: {_reason_of_code(code)}"
            sock.close()
            return False
        self._attempts[sock] = candidate.where
        self._loop.watch(sock, None, partial(self._decided, sock))
        self._loop.want_write(sock, True)
        return True

    def _decided(self, sock: socket.socket) -> None:
        """The kernel has finished a connect, well or badly."""
        self._loop.unwatch(sock)
        where = self._attempts.pop(sock)
        reason = _failure_of(sock)
        if reason is None:
            self._won(sock, where)
        else:
            sock.close()
            self._last_reason = f"{where}: {reason}"
            self._try_next()

    def _won(self, sock: socket.socket, where: str) -> None:
        """The first to connect: the others are closed."""
        self._candidates.clear()
        if self._next_address is not None:
            self._next_address.cancel()
        self._drop_attempts()
        if self._tls is None:
            self._succeed(PlainStream(sock))
            return
        self._doing = f"waiting for the TLS handshake with {where}"
        try:
            stream = TlsStream(sock, self._tls, server_side=False, server_name=self._server_name)
        except ValueError as error:  # a name that cannot be asked for
            sock.close()
            self._fail(f"{where}: {error}")
            return
        self._stream = stream
        go_on = partial(self._shake_hands, stream, where)
        self._loop.watch(stream, go_on, go_on)
        go_on()

    def _shake_hands(self, stream: TlsStream, where: str) -> None:
        try:
            is_done = stream.handshake()
            all_sent = stream.flush()
        except StreamClosed as closed:
            self._fail(f"{where}: {closed.reason}")
            return
        if is_done:
            self._loop.unwatch(stream)
            self._stream = None
            self._succeed(stream)
        else:
            self._loop.want_write(stream, not all_sent)

    def _succeed(self, stream: Stream) -> None:
        self.cancel()
        self._on_connected(stream)

    def _fail(self, reason: str) -> None:
        if not self._is_over:
            self.cancel()
            self._on_failed(reason)

    def _time_out(self, timeout_s: float) -> None:
        self._fail(f"no answer within {timeout_s:g} s while {self._doing}")


def _resolve(host: str, port: int, flags: int) -> list[_Candidate]:
    """All addresses, the system's favourite first and the families in turn (RFC 8305 §4)."""
    by_family: dict[socket.AddressFamily, list[_Candidate]] = {}
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags):
        candidate = _Candidate(family, address, format_address(str(address[0]), port))
        if candidate not in by_family.setdefault(family, []):
            by_family[family].append(candidate)
    in_turn = chain.from_iterable(zip_longest(*by_family.values()))
    return [candidate for candidate in in_turn if candidate is not None]


def _failure_of(sock: socket.socket) -> str | None:
    """Why a finished connect has failed; None when it has not."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        return _reason_of_code(code)
    try:
        # A connect to a free port of this machine can meet itself (simultaneous open, RFC 9293 §3.5).
        return _reason_of_code(errno.ECONNREFUSED) if sock.getpeername() == sock.getsockname() else None
    except OSError as error:
        return reason_of(error)


def _reason_of_code(code: int) -> str:
    return reason_of(OSError(code, os.strerror(code)))
