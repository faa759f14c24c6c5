"""What the text of a post looks like, so that whoever receives it can tell whose it is and how long it took.

`^`, then in hex the message's number among its sender's (8 digits), the sender (4), the time of sending in monotonic
nanoseconds (16), then filling. `pump.c` and `pump_python.py` write and read it. Read next: `dialects.py`.
"""

from dataclasses import dataclass
from typing import Final

STAMP_BYTES: Final = 29
TEXT_BYTES: Final = 100


def blank_text(text_bytes: int = TEXT_BYTES) -> bytes:
    """A text with a stamp of zeros."""
    return b"^".ljust(STAMP_BYTES, b"0").ljust(text_bytes, b"x")


@dataclass(frozen=True, slots=True)
class Post:
    """What a sender sends: bytes, where the text stands in them, and where the nonce, if there is one (else -1)."""

    data: bytes
    text_at: int
    nonce_at: int = -1


@dataclass(frozen=True, slots=True)
class Shape:
    """How messages travel: framing (0: frames with a length, 1: lines), the bytes of a delivered record after its
    text, whether a sender gets its own, and whether all members see one order.
    """

    framing: int
    tail_bytes: int
    echoes: bool
    one_order: bool
    text_bytes: int = TEXT_BYTES
