"""Stored frames, read back: the entry and the body that stand in the bytes of a log.

A frame is encoded once, when its entry gets a seq, and never again. Read next: `writer.py`.
"""

from chatroom.protocol.entries import Body, Entry, decode_entry, read_body
from chatroom.protocol.errors import ProtocolError
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.server.hub.ports import StorageError


def entry_of(frame: bytes) -> Entry:
    """Return the entry of a stored frame. Raises StorageError when the bytes are not what was stored."""
    try:
        return decode_entry(frame[HEADER_BYTES:])
    except ProtocolError as error:
        raise StorageError(f"the log holds an entry that cannot be read: {error}") from None


def body_of(frame: bytes) -> Body:
    """Return the body of a stored frame; errors as for `entry_of`."""
    return read_body(entry_of(frame))


def within(frames: list[bytes], budget_bytes: int) -> list[bytes]:
    """Return the first frames that fit into the budget; one always does."""
    size = 0
    for count, frame in enumerate(frames):
        size += len(frame)
        if size > budget_bytes and count:
            return frames[:count]
    return frames
