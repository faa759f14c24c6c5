"""Broadcast: one buffer to many sockets, with no Python in between where the module in C was built.

A room of a hundred is sent to a hundred times a message. A loop in Python that calls `socket.send` costs
0.3 us for each beside the 2.2 to 5.6 us of the kernel, and touches three objects of each member, which are
rarely in the caches. Where nothing was built, for want of a C compiler or on Windows, a push is `socket.send`
and the hub has a loop of its own. What is sent, and what follows from what was not, is never decided here.
Read next: `_broadcast.c`.
"""

import socket
from collections.abc import Callable
from typing import TypeVar

try:
    from chatroom.net import _broadcast
except ImportError:
    IS_BUILT = False
else:
    IS_BUILT = True

Key = TypeVar("Key")
Push = Callable[[bytes], int]
"""Sends to one socket and gives how many bytes the kernel took, or an OSError."""


def make_push(sock: socket.socket) -> Push:
    """Return the shortest way to send to a non-blocking socket; `close_push` ends it before that closes."""
    return _broadcast.Push(sock) if IS_BUILT else sock.send


def close_push(push: Push) -> None:
    """Nothing goes out by it any more, whoever still has it: its descriptor will be another connection's."""
    if IS_BUILT and isinstance(push, _broadcast.Push):
        push.close()


def broadcast_in_c(pushes: dict[Key, Push], data: bytes) -> list[tuple[Key, int]]:
    """Send the data to all, in their order, and return who did not take all of it, with how many bytes it
    took: 0 also for an error. Only where the module in C is built, and for what `make_push` made.
    """
    taken = _broadcast.broadcast(pushes, data)
    if taken is None:
        return []
    numbers = memoryview(taken).cast("q")
    return [(key, sent) for key, sent in zip(pushes, numbers, strict=True) if sent != len(data)]
