"""Marked pastes, taken out of what was typed before it is read as keys.

As keys a paste costs 8 us a byte, so that one of a file stood still for seconds; here it is looked at as
bytes. What goes on to be read as keys is the two markers side by side, and the text waits to be fetched when
they arrive (`inputs.py`).
"""

import re
import time
from collections import deque
from collections.abc import Callable
from typing import Final

PASTE_BYTES_MAX: Final = 65_536
"""More of one paste is counted and thrown away: four times what the longest message holds."""

PASTE_PAUSE_S: Final = 3.0
"""A paste whose end got lost is over when nothing has come for so long; else no key would ever count again.
"""

_BEGIN: Final = b"\x1b[200~"
_END: Final = b"\x1b[201~"

# A colour, a movement of the cursor: no text. Their first byte alone would leave the rest to be read.
_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[@-~]|[^\[O])")


class PasteReader:
    """Takes pastes out of bytes that arrive in pieces; one may go on over many. `now` gives seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: bytearray | None = None  # of the paste under way
        self._size = 0
        self._read_at = 0.0
        self._ready: deque[tuple[str, int]] = deque()

    def take(self, codes: list[int]) -> list[int]:
        """Return what was typed beside pastes, with both markers of a paste where it ended."""
        now = self._now()
        is_late = now - self._read_at > PASTE_PAUSE_S
        self._read_at = now
        if self._kept is None and not _holds_begin(codes):
            return codes
        found = bytearray()
        if self._kept is not None and is_late:
            self._finish(found)
        data = bytes(codes)
        while data:
            data = self._outside(data, found) if self._kept is None else self._inside(data, found)
        return list(found)

    def fetch(self) -> tuple[str, int]:
        """Return the text of the paste whose markers came first, and how many bytes more it had."""
        return self._ready.popleft() if self._ready else ("", 0)

    def _outside(self, data: bytes, found: bytearray) -> bytes:
        before, begin, after = data.partition(_BEGIN)
        found += before
        if begin:
            self._kept, self._size = bytearray(), 0
        return after

    def _inside(self, data: bytes, found: bytearray) -> bytes:
        """Keep what belongs to the paste under way; return what comes after its end."""
        kept = self._kept
        assert kept is not None
        # The marker may have begun in the piece before. Of a paste too long its last bytes are kept as well.
        start = max(0, len(kept) - len(_END) + 1)
        kept += data
        self._size += len(data)
        at = kept.find(_END, start)
        if at < 0:
            if len(kept) > PASTE_BYTES_MAX + len(_END):
                del kept[PASTE_BYTES_MAX : -len(_END) + 1]
            return b""
        after = bytes(kept[at + len(_END) :])
        del kept[at:]
        self._size -= len(_END) + len(after)
        self._finish(found)
        return after

    def _finish(self, found: bytearray) -> None:
        assert self._kept is not None
        kept = bytes(self._kept[:PASTE_BYTES_MAX])
        self._kept = None
        text = _SEQUENCE.sub("", kept.decode("utf-8", "replace"))
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
        self._ready.append((text, self._size - len(kept)))
        found += _BEGIN + _END


def _holds_begin(codes: list[int]) -> bool:
    return 27 in codes and _BEGIN in bytes(codes)
