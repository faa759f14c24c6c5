"""The listener: accepts connections, and stays calm when the process has no descriptors left.

It hands each new socket over and knows nothing of limits per address or of TLS. While descriptors are
exhausted, a spare one lets it answer those who wait: somebody else gives way to them, or they are closed, and
it rests between attempts. Next: `stream.py`, what becomes of a socket; `connector.py`, the other end.
"""

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Callable

from chatroom.net.address import format_address, plain_host
from chatroom.net.loop import Loop, Timer

BACKLOG = 1024  # a whole hall that reconnects at once; the system may cap it (Linux: net.core.somaxconn)
ACCEPTS_PER_PASS = 64  # the others of a rush wait for the next pass, so that those inside are served between

# How long accepting rests when it cannot work. Retrying at once costs a whole processor and a log line each
# time; somebody who waits longer than this believes the server dead.
REST_S = 1.0

ANY_HOSTS = frozenset({"", "*"})

_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
# One connection failed before it was accepted, and is gone from the backlog (accept(2), "Error handling").
_CONNECTION_LOST = frozenset(
    {
        errno.ECONNABORTED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EPERM,
        errno.EPROTO,
        errno.ETIMEDOUT,
    }
)

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]  # as getaddrinfo gives it
AcceptCallback = Callable[[socket.socket, tuple[str, int]], None]


def _ignore(text: str) -> None:
    """Nobody wants to hear of trouble."""


def _nobody_gives_way() -> bool:
    """Whoever holds a descriptor keeps it."""
    return False


class Listener:
    """Listens from construction to `close`, calling `on_accept(sock, (host, port))` for each connection.

    The socket given is non-blocking and owned by whoever takes it; an IPv4 client of a dual-stack listener
    is given by its IPv4 address. `host` is an address, a name (its first IPv4 address, else its first IPv6
    one), or empty or `*` for all addresses of both families. `port` 0 takes a free one. OSError when it
    cannot listen; its text names the address.

    `on_trouble(text)` gets one line when accepting cannot work, at most once in `REST_S`. `make_room` is
    asked for each who comes when there is no descriptor left: it frees one, or returns False.
    """

    def __init__(
        self,
        loop: Loop,
        host: str,
        port: int,
        on_accept: AcceptCallback,
        *,
        on_trouble: Callable[[str], None] = _ignore,
        make_room: Callable[[], bool] = _nobody_gives_way,
    ) -> None:
        self._loop = loop
        self._on_accept = on_accept
        self._on_trouble = on_trouble
        self._make_room = make_room
        self._rest: Timer | None = None
        try:
            self._sock = _listening_socket(host, port)
        except OSError as error:
            where = format_address(host or "*", port)
            raise OSError(error.errno, f"cannot listen on {where}: {error.strerror or error}") from error
        name = self._sock.getsockname()
        self.address: tuple[str, int] = (str(name[0]), int(name[1]))
        self._spare_fd = _spare()
        loop.watch(self._sock, self._accept_some)

    def close(self) -> None:
        """Stop listening; those in the backlog are refused. Twice is harmless."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        self._loop.unwatch(self._sock)
        self._sock.close()
        self._drop_spare()

    def _accept_some(self) -> None:
        for _ in range(ACCEPTS_PER_PASS):
            try:
                sock, address = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _CONNECTION_LOST:
                    continue
                if error.errno in _NO_DESCRIPTORS:
                    self._accept_with_spare(error)
                else:  # no memory, or what nobody has foreseen: trying again at once would spin
                    self._take_rest(error)
                return
            self._hand_over(sock, address)
            if self._sock.fileno() < 0:  # closed by the callback
                return

    def _hand_over(self, sock: socket.socket, address: tuple[str, int]) -> None:
        try:
            sock.setblocking(False)
            self._on_accept(sock, (plain_host(address[0]), address[1]))
        except BaseException:
            sock.close()
            raise

    def _accept_with_spare(self, error: OSError) -> None:
        """Take those who wait, with the spare descriptor, while others give way; close the rest, and rest.

        Linux looks for a free descriptor before it looks at the backlog, so this error comes too when nobody
        waits: then there is no trouble yet.
        """
        self._drop_spare()
        turned_away = 0
        is_stuck = False
        try:
            for _ in range(ACCEPTS_PER_PASS):
                sock, address = self._sock.accept()
                if self._make_room():
                    self._hand_over(sock, address)
                else:
                    sock.close()
                    turned_away += 1
        except BlockingIOError:
            pass  # nobody is left
        except OSError:  # another thread or process took the descriptor: they go on waiting
            is_stuck = True
        self._spare_fd = _spare()
        if turned_away or is_stuck:
            self._take_rest(error, turned_away)

    def _take_rest(self, error: OSError, turned_away: int = 0) -> None:
        self._loop.unwatch(self._sock)
        self._rest = self._loop.call_later(REST_S, self._resume)
        self._on_trouble(f"cannot accept connections: {error.strerror}; {turned_away} turned away")

    def _resume(self) -> None:
        self._rest = None
        if self._spare_fd is None:
            self._spare_fd = _spare()
        self._loop.watch(self._sock, self._accept_some)

    def _drop_spare(self) -> None:
        if self._spare_fd is not None:
            os.close(self._spare_fd)
            self._spare_fd = None


def _spare() -> int | None:
    """A descriptor to give up when there is no other; None when there is none to be had."""
    try:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None


def _listening_socket(host: str, port: int) -> socket.socket:
    if host not in ANY_HOSTS:
        return _bound(*_resolve(host, port))
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):  # built in but switched off, or the port is taken: IPv4 will tell
            return _bound(socket.AF_INET6, ("::", port), is_dual=True)
    return _bound(socket.AF_INET, ("0.0.0.0", port))  # noqa: S104 - asked for by name


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, SocketAddress]:
    """The first address of a name, IPv4 first: who types 127.0.0.1 must find what listens on localhost."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:
        raise OSError(errno.EINVAL, "not a host name") from error
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, address


def _bound(family: socket.AddressFamily, address: SocketAddress, *, is_dual: bool = False) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # There SO_REUSEADDR would let two servers share a port; this one forbids it.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # A restarted server must not wait for its old connections to time out.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not is_dual)
        sock.setblocking(False)
        sock.bind(address)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock
