"""The pump in C, called through ctypes. `pump_python.py` has the same verbs for machines without a compiler.

Read next: `pump.c`.
"""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from bench.load.channels import Channel, OpenSsl
from bench.load.stamps import Post, Shape

BUCKETS: Final = 2048


@dataclass(slots=True)
class Tally:
    """What was counted since the beginning: deliveries, posts, faults with the first one in words, and a
    histogram of times from sending to receipt (`bucket_ns` of its indexes).
    """

    deliveries: int
    received_bytes: int
    posted: int
    faults: int
    fault: str
    histogram: list[int]


class Pump(Protocol):
    """The members of one room once they are in."""

    def member(self, number: int, channel: Channel, rest: bytes, *, listens: bool) -> None:
        """Take over a member, whose channel the caller keeps; `rest` was read already. One that does not
        listen is never read.
        """
        ...

    def sender(self, number: int, member: int, pacer: int, post: Post, window: int) -> None:
        """Let `member` post, `window` messages at a time; the next when `pacer` has got one."""
        ...

    def listen(self, number: int) -> None:
        """A member that did not listen begins to."""
        ...

    def expect(self, messages: int) -> None:
        """Somebody else posts, stamped as sender 0: so many messages are to arrive."""
        ...

    def run(self, seconds: float, *, together: bool = False) -> None:
        """Post and read for so long; `together`: nobody posts again before everybody has everything."""
        ...

    def settle(self, quiet_s: float) -> bool:
        """Read what is under way. True: all of it has arrived; False: nothing more came for so long."""
        ...

    def idle(self, seconds: float) -> None:
        """Read what comes, answer pings."""
        ...

    def tally(self) -> Tally:
        """What was counted."""
        ...


def bucket_ns(index: int) -> float:
    """The middle of the times that are counted at `index`: 32 steps for each power of two."""
    if index < 32:
        return index
    power, step = index // 32 + 4, index % 32
    return (32 + step + 0.5) * 2.0 ** (power - 5)


def percentile_ms(histogram: list[int], share: float) -> float:
    """The time in milliseconds that `share` of the deliveries did not exceed; 0 when there were none."""
    wanted = sum(histogram) * share
    seen = 0
    for index, count in enumerate(histogram):
        seen += count
        if count and seen >= wanted:
            return bucket_ns(index) / 1e6
    return 0.0


class _Shape(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int) for name in ("framing", "text_bytes", "tail_bytes", "echoes", "one_order")
    ]


class _Counts(ctypes.Structure):
    _fields_ = [
        ("deliveries", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("reads", ctypes.c_uint64),
        ("posted", ctypes.c_uint64),
        ("faults", ctypes.c_uint64),
        ("histogram", ctypes.c_uint64 * BUCKETS),
        ("fault", ctypes.c_char * 200),
    ]


class CPump:
    """See `Pump`."""

    def __init__(
        self, library: Path, members: int, senders: int, shape: Shape, openssl: OpenSsl | None
    ) -> None:
        self._lib = ctypes.CDLL(str(library))
        self._lib.pump_new.restype = ctypes.c_void_p
        self._lib.pump_counts.restype = ctypes.POINTER(_Counts)
        c_shape = _Shape(shape.framing, shape.text_bytes, shape.tail_bytes, shape.echoes, shape.one_order)
        functions = (openssl.entry("SSL_read"), openssl.entry("SSL_write")) if openssl else (None, None)
        new = self._lib.pump_new(members, senders, ctypes.byref(c_shape), *map(ctypes.c_void_p, functions))
        self._pump = ctypes.c_void_p(new)

    def member(self, number: int, channel: Channel, rest: bytes, *, listens: bool) -> None:
        pointer = ctypes.c_void_p(channel.tls_pointer or None)
        self._lib.pump_member(self._pump, number, channel.sock.fileno(), pointer, rest, len(rest), listens)

    def sender(self, number: int, member: int, pacer: int, post: Post, window: int) -> None:
        places = (post.text_at, post.nonce_at, window)
        self._lib.pump_sender(self._pump, number, member, pacer, post.data, len(post.data), *places)

    def listen(self, number: int) -> None:
        self._lib.pump_listen(self._pump, number)

    def expect(self, messages: int) -> None:
        self._lib.pump_expect(self._pump, messages)

    def run(self, seconds: float, *, together: bool = False) -> None:
        run = self._lib.pump_run_together if together else self._lib.pump_run
        run(self._pump, ctypes.c_double(seconds))

    def settle(self, quiet_s: float) -> bool:
        return bool(self._lib.pump_settle(self._pump, ctypes.c_double(quiet_s)))

    def idle(self, seconds: float) -> None:
        self._lib.pump_idle(self._pump, ctypes.c_double(seconds))

    def tally(self) -> Tally:
        counts = self._lib.pump_counts(self._pump).contents
        return Tally(
            counts.deliveries,
            counts.bytes,
            counts.posted,
            counts.faults,
            counts.fault.decode(errors="replace"),
            list(counts.histogram),
        )
