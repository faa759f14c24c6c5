"""Frames: how packets are cut out of a stream of bytes.

A frame is a fixed header of 12 bytes and a payload. This module turns bytes into (type, payload) pairs and
back, checks length, flags and checksum, and knows nothing of what a payload means. Read next: `packets.py`.

    0       4       6       8        12
    +-------+-------+-------+--------+---------------------+
    | length| type  | flags | crc-32 | payload (length)    |     all numbers big-endian
    +-------+-------+-------+--------+---------------------+
"""

import struct
from collections.abc import Iterator
from typing import Final
from zlib import crc32

from chatroom.protocol.errors import ErrorCode, ProtocolError

HEADER: Final = struct.Struct("!IHHI")
"""Payload length in bytes (u32), packet type (u16), flags (u16), CRC-32 of the payload (u32, as in zlib)."""

HEADER_BYTES: Final = HEADER.size

MUST_UNDERSTAND_FLAGS: Final = 0x00FF
"""Flag bits that a receiver must know to read the payload; the others are ignored. Version 1 defines none."""

Frame = tuple[int, bytes]
"""Packet type and payload."""


def encode_frame(packet_type: int, payload: bytes) -> bytes:
    """Return the frame that carries `payload`. The caller keeps payloads below the limit of its receiver."""
    return HEADER.pack(len(payload), packet_type, 0, crc32(payload)) + payload


class FrameDecoder:
    """Cuts frames out of the bytes of one connection, however they were split on the way.

    `limit_bytes` is the longest payload accepted and may be raised while the connection lives (after login).
    Between two calls less than one header and one payload of that length is kept. Each byte is copied a fixed
    number of times, also where a peer sends them one by one.
    """

    __slots__ = ("_kept", "_wanted", "limit_bytes")

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._kept = bytearray()
        self._wanted = 0  # no frame is complete before so many bytes are there

    @property
    def kept_bytes(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self._kept)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that `data` completes, in order; consume them all.

        Raises ProtocolError(BAD_FRAME) when it comes to a length over the limit (before any of the payload is
        kept), an unknown must-understand flag or a wrong checksum. The frames before it were yielded, so any
        split of the same bytes gives the same frames and the same error; the decoder must not be fed again.
        """
        whole = self._behind_kept(data) if self._kept else data
        start, stop = 0, len(whole)
        while start < stop:
            cut = self._cut(whole, start)
            if cut is None:
                self._kept += whole[start:]
                return
            packet_type, payload, start = cut
            yield packet_type, payload

    def _behind_kept(self, data: bytes) -> bytes:
        """Return the data behind what is kept; nothing, having kept it, while that is too little for a
        frame.
        """
        kept = self._kept
        kept += data
        if len(kept) < self._wanted:
            return b""
        self._kept = bytearray()
        return bytes(kept)

    def _cut(self, data: bytes, start: int) -> tuple[int, bytes, int] | None:
        """Return type and payload of the frame that begins there, and where it ends; None: not whole."""
        rest_bytes = len(data) - start
        if rest_bytes < HEADER_BYTES:
            self._wanted = HEADER_BYTES
            return None
        length, packet_type, flags, checksum = HEADER.unpack_from(data, start)
        if length > self.limit_bytes:
            raise ProtocolError(
                ErrorCode.BAD_FRAME, f"frame of {length} bytes; the limit is {self.limit_bytes}"
            )
        if flags & MUST_UNDERSTAND_FLAGS:
            raise ProtocolError(ErrorCode.BAD_FRAME, f"unknown frame flags {flags:#06x}")
        if rest_bytes < HEADER_BYTES + length:
            self._wanted = HEADER_BYTES + length
            return None
        stop = start + HEADER_BYTES + length
        payload = data[start + HEADER_BYTES : stop]
        if crc32(payload) != checksum:
            raise ProtocolError(ErrorCode.BAD_FRAME, "frame checksum does not match")
        return packet_type, payload, stop
