"""What the bench tells a load generator, and what it hears back: one JSON line each.

Read next: `process.py`.
"""

from typing import Final

import msgspec


class Begin(msgspec.Struct, tag=True, frozen=True):
    """Get ready for a room on a server: `pid` is the server's, `stalled` so many members never read."""

    dialect: str
    port: int
    pid: int
    tls: bool
    members: int
    senders: int = 0
    window: int = 0
    stalled: int = 0
    joins: bool = True
    """False: IRC clients join no room."""
    cursor: int | None = None
    """Where members of ours follow from; None: the head."""
    record_bytes: int = 0
    """How long a delivery of the floor is."""
    python_pump: bool = False


class Enter(msgspec.Struct, tag=True, frozen=True):
    """Let the members from `first` to before `last` in (None: all), at most `at_once` under way."""

    at_once: int
    limit_s: float
    first: int = 0
    last: int | None = None
    receive_buffer: int = 0
    expected: int = 0
    """Then wait until each has so many messages, which somebody else has posted."""


class Cast(msgspec.Struct, tag=True, frozen=True):
    """Choose who posts."""


class Run(msgspec.Struct, tag=True, frozen=True):
    """Post for `seconds`, after a warm-up that does not count; `together`: the next messages when everybody
    has all of those before.
    """

    seconds: float
    warm_s: float
    together: bool = False


class Listen(msgspec.Struct, tag=True, frozen=True):
    """Let the stalled members read."""

    limit_s: float


class Rest(msgspec.Struct, tag=True, frozen=True):
    """Post nothing for `seconds`."""

    seconds: float


Order = Begin | Enter | Cast | Run | Listen | Rest


class Answer(msgspec.Struct, frozen=True):
    """What came of an order; each fills in what it has. CPU time is the server's, faults are counted from the
    beginning and `fault` is the first one in words.
    """

    error: str = ""
    seconds: float = 0.0
    entered_s: float = 0.0
    cpu_s: float = 0.0
    deliveries: int = 0
    messages: int = 0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    settled: bool = True
    faults: int = 0
    fault: str = ""


order_decoder: Final = msgspec.json.Decoder(Order)
answer_decoder: Final = msgspec.json.Decoder(Answer)
