"""Histories: what clients were asked, told and shown, one JSON object a line.

`checker.py` reads them and says what the operations mean. Nothing here judges. Read next: `checker.py`.
"""

import json
import threading
import time
from pathlib import Path


class History:
    """One history, written by any number of threads; on disk when `close` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()

    def add(self, op: str, **fields: object) -> None:
        """Note one operation, with the monotonic time of this machine."""
        line = json.dumps({"op": op, "t": time.monotonic(), **fields}, ensure_ascii=True)
        with self._lock:
            self._file.write(f"{line}\n")

    def close(self) -> None:
        """Write out everything."""
        with self._lock:
            self._file.close()
