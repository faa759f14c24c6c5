"""Standard output of a command: lines of UTF-8, quiet when nobody reads any more.

Read next: `sending.py`, `tailing.py`.
"""

import os
from typing import BinaryIO


class Output:
    """Writes lines; `is_closed` once the reader is gone, and from then on everything is dropped."""

    def __init__(self, stream: BinaryIO) -> None:
        self.is_closed = False
        self._stream = stream

    def line(self, text: str) -> None:
        """Write one line; it may leave with the next `flush` only."""
        if not self.is_closed:
            try:
                self._stream.write(text.encode() + b"\n")
            except (BrokenPipeError, ValueError):
                self._close()

    def flush(self) -> None:
        """See to it that all lines have left."""
        if not self.is_closed:
            try:
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                self._close()

    def _close(self) -> None:
        """Let what is still buffered go nowhere, or the interpreter complains of it when it ends."""
        self.is_closed = True
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):  # not a real file, or closed for good: nothing will complain
            pass
