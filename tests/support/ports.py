"""Ports that nobody else is given meanwhile."""

import contextlib
import socket
from collections.abc import Iterator


@contextlib.contextmanager
def held_port() -> Iterator[int]:
    """A port of loopback that the system gives to nobody else for the time of a `with`.

    A server may listen on it all the same, stop, and listen again: the socket that holds it is bound, but
    does not listen, and both of them say SO_REUSEADDR.
    """
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]
