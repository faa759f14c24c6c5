"""What the text of a post looks like, so that whoever receives it can tell whose it is and how long it took.

`^`, then in hex the message's number among its sender's (8 digits), the sender (4), the time of sending in
monotonic nanoseconds (16), then filling. `pump.c` and `pump_python.py` write and read it. Read next:
`dialects.py`.
"""

from dataclasses import dataclass
from typing import Final

from chatroom.protocol.frames import HEADER_BYTES

STAMP_BYTES: Final = 29
TEXT_BYTES: Final = 100

FRAMES: Final = 0
"""Ours: a header of 12 bytes that begins with the length of what follows."""
LINES: Final = 1
"""Lines that end with a newline."""
SHORT_FRAMES: Final = 2
"""A length of four bytes and what follows."""


def record_bytes(data: bytes, framing: int) -> int:
    """The size of the first record of `data`, 0 when it is not whole."""
    if framing == LINES:
        return data.find(b"\n") + 1
    header = HEADER_BYTES if framing == FRAMES else 4
    if len(data) < header:
        return 0
    whole = header + int.from_bytes(data[:4], "big")
    return whole if whole <= len(data) else 0


def blank_text(text_bytes: int = TEXT_BYTES) -> bytes:
    """A text with a stamp of zeros."""
    return b"^".ljust(STAMP_BYTES, b"0").ljust(text_bytes, b"x")


@dataclass(frozen=True, slots=True)
class Post:
    """What a sender sends: bytes, where the text stands in them, and where the nonce, if there is one (else
    -1).
    """

    data: bytes
    text_at: int
    nonce_at: int = -1


@dataclass(frozen=True, slots=True)
class Shape:
    """How messages travel: framing (see below), the bytes of a delivered record after its
    text, whether a sender gets its own, and whether all members see one order.
    """

    framing: int
    tail_bytes: int
    echoes: bool
    one_order: bool
    text_bytes: int = TEXT_BYTES
