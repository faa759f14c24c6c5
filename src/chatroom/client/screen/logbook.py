"""The log of the full-screen client: a file, because the screen is not free for it.

While it is open, everything that would be written to standard error goes there too: log lines, warnings, the
words of libraries and the trace of a crash. Keys and texts never do: urwid, which logs every key it decodes,
may only warn. What a server said may stand in an error; it is escaped, as everything is that a terminal might
obey or that would look like another line. Next: `app.py`.
"""

import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Final, TextIO

from chatroom.config.private_files import make_private_directory
from chatroom.protocol.text import log_safe

LOG_BYTES_MAX: Final = 1_000_000
"""A log that has grown beyond this begins anew at the next start; one old log is kept."""

LINE_CHARS_MAX: Final = 2_000
"""Longest line; what is longer is cut."""

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_OWNER_ONLY: Final = 0o600


class _Harmless(logging.Formatter):
    """A line for each record, and below it, set in, the lines of a trace; all of it printable."""

    def format(self, record: logging.LogRecord) -> str:
        own = copy(record)
        own.exc_text = None  # another handler may have left its text of the trace there
        return super().format(own)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is that of logging
        return log_safe(super().formatMessage(record), LINE_CHARS_MAX)

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"    {log_safe(line, LINE_CHARS_MAX)}" for line in lines)


@contextmanager
def logging_to(path: Path, level: str = "info") -> Iterator[None]:
    """Log to `path` inside the block; without a log when the file cannot be opened: chatting goes on."""
    try:
        file = _opened(path)
    except OSError:
        logging.getLogger().addHandler(logging.NullHandler())
        yield
        return
    with file, _stderr_in(file):
        handler = logging.StreamHandler(file)
        handler.setFormatter(_Harmless(_FORMAT))
        root = logging.getLogger()
        before = root.level
        root.addHandler(handler)
        root.setLevel(level.upper())
        logging.getLogger("urwid").setLevel(logging.WARNING)
        logging.captureWarnings(True)
        try:
            yield
        finally:
            logging.captureWarnings(False)
            root.removeHandler(handler)
            root.setLevel(before)


def _opened(path: Path) -> TextIO:
    make_private_directory(path.parent)
    if path.is_file() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_name(path.name + ".1"))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY)
    return os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace", buffering=1)


@contextmanager
def _stderr_in(file: TextIO) -> Iterator[None]:
    """Have descriptor 2 lead to the file, when it leads to a terminal: there it would spoil the screen."""
    if not os.isatty(2):
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    os.dup2(file.fileno(), 2)
    was_watched = faulthandler.is_enabled()
    faulthandler.enable(file)
    try:
        yield
    finally:
        sys.stderr.flush()
        faulthandler.disable()
        os.dup2(kept, 2)
        os.close(kept)
        if was_watched:
            faulthandler.enable()
