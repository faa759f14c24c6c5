"""The ClientHello, looked at before OpenSSL is given it: how long it says it is.

OpenSSL takes up to 128 KiB for one as soon as its header is there (RFC 8446 §4 counts it with 24 bits), so a
hundred bytes of a stranger cost 146 KiB of memory until the handshake's deadline. Clients send 0.3 to 2 kB.
Nothing is decrypted or kept here. Next: `tls.py`.
"""

from typing import Final

HELLO_BYTES: Final = 8 * 1024
"""The longest ClientHello that is taken: several key shares of post-quantum methods fit (1.6 kB each)."""

RECORD_HEAD_BYTES: Final = 5
"""Type, version, length (RFC 8446 §5.1)."""
MESSAGE_HEAD_BYTES: Final = 4
"""Type, length (RFC 8446 §4)."""

HANDSHAKE: Final = 22
"""The type of records that carry a handshake that is not encrypted: of a client its ClientHello alone, once
more where it was asked for another key share.
"""


class HelloGuard:
    """Follows the records of a client's handshake, however they were split on the way."""

    __slots__ = ("_head", "_left", "_wanted")

    def __init__(self) -> None:
        self._head = b""
        self._wanted = RECORD_HEAD_BYTES
        self._left = 0  # of the record that is under way

    def is_fair(self, data: bytes) -> bool:
        """Whether these next bytes begin no message that is too long, nor one whose length cannot be seen."""
        start = 0
        while start < len(data):
            if self._left:
                step = min(self._left, len(data) - start)
                self._left -= step
            else:
                step = min(self._wanted - len(self._head), len(data) - start)
                self._head += data[start : start + step]
                if len(self._head) == self._wanted and not self._head_is_fair():
                    return False
            start += step
        return True

    def _head_is_fair(self) -> bool:
        """Look at a head that is whole: of a record, or of a record and the message in it."""
        head = self._head
        record_bytes = int.from_bytes(head[3:RECORD_HEAD_BYTES])
        if head[0] == HANDSHAKE and len(head) == RECORD_HEAD_BYTES:
            self._wanted += MESSAGE_HEAD_BYTES
            return record_bytes >= MESSAGE_HEAD_BYTES
        self._left = record_bytes - (len(head) - RECORD_HEAD_BYTES)
        self._head, self._wanted = b"", RECORD_HEAD_BYTES
        return int.from_bytes(head[RECORD_HEAD_BYTES + 1 :]) <= HELLO_BYTES
