"""The one rule for text that came from somebody else: what it may contain, and how to make it so.

The client cleans what it sends and what it receives; the server refuses what is not clean, so that nothing it
stores can harm a terminal, a log file or an export. Names have stricter rules in `names.py`.

What never travels: control characters but newline (C0, DEL, C1), bidirectional overrides, isolates and marks,
zero-width characters but the joiners that scripts and emoji need, line and paragraph separators, tag characters,
lone surrogates, non-characters, and more than `MARKS_PER_BASE` combining marks on one base. A tab becomes spaces.
"""

import re
import unicodedata
from typing import Final

from chatroom.protocol.limits import TEXT_BYTES, TEXT_LINES

MARKS_PER_BASE: Final = 8
"""Combining marks kept on one base character: every living script fits, stacked marks ("zalgo") do not."""

TAB_SPACES: Final = "    "

_FORBIDDEN: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f"  # C0 but newline, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners and fillers nobody sees
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # zero width, direction, line separators (U+200C and U+200D stay)
    "\u3164\ufeff\uffa0\ufff0-\uffff"  # fillers, byte order mark, interlinear, specials
    "\ud800-\udfff"  # lone surrogates
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # musical controls, tags and selectors
    "\U0001fffe\U0001ffff\U0010fffe\U0010ffff]"
)
_LINE_ENDS: Final = re.compile("\r\n?|\u2028|\u2029|\x85|\x0b|\x0c")
_INVISIBLE: Final = re.compile("[\\s\u2800\u200c\u200d\ufe00-\ufe0f]+")
_JOINERS: Final = "\u200c\u200d"


def clean_text(text: str) -> str:
    """Return `text` as it may travel: a message of one or more lines.

    Line ends of all systems become newlines, tabs become spaces, what never travels is deleted, stacked marks are
    cut, trailing white space and empty lines around the text go. Idempotent. It never shortens text otherwise: too
    long is for `text_fault` to say.
    """
    text = _LINE_ENDS.sub("\n", text).replace("\t", TAB_SPACES)
    text = _cap_marks(_FORBIDDEN.sub("", text))
    lines = [line.rstrip() for line in text.split("\n")]
    return "\n".join(lines).strip("\n")


def clean_line(text: str) -> str:
    """Return `text` as one line: a topic, a reason, a display of anything untrusted. Runs of white space become one."""
    return " ".join(clean_text(text).split())


def text_fault(text: str, *, max_bytes: int = TEXT_BYTES, max_lines: int = TEXT_LINES) -> str | None:
    """Return why `text` may not be stored as a message, in words for its author, or None when it may."""
    if len(text) > max_bytes or len(text.encode(errors="surrogatepass")) > max_bytes:
        return f"longer than {max_bytes} bytes"
    if text.count("\n") >= max_lines:
        return f"more than {max_lines} lines"
    if _FORBIDDEN.search(text) or (not text.isascii() and _cap_marks(text) != text):
        return "contains characters that may not travel"
    if is_blank(text):
        return "empty"
    return None


def line_fault(text: str, *, max_chars: int) -> str | None:
    """Return why `text` may not serve as one line of at most `max_chars` characters, or None; empty is allowed."""
    if len(text) > max_chars:
        return f"longer than {max_chars} characters"
    if text != clean_line(text):
        return "contains characters that may not travel"
    return None


def is_blank(text: str) -> bool:
    """Whether nothing of `text` would be seen."""
    return _INVISIBLE.fullmatch(text) is not None or not text


def log_safe(text: str, max_chars: int = 200) -> str:
    """Return `text` for one field of a log line: printable, one line, shortened, other characters escaped."""
    cut = text[: max_chars + 1]
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut)
    return shown if len(cut) <= max_chars else shown[:max_chars] + "..."


def _cap_marks(text: str) -> str:
    """Return `text` without the combining marks and joiners beyond `MARKS_PER_BASE` in a row."""
    if text.isascii():
        return text
    kept: list[str] = []
    row = 0
    for char in text:
        is_mark = char in _JOINERS or unicodedata.category(char) in ("Mn", "Me")
        row = row + 1 if is_mark else 0
        if row <= MARKS_PER_BASE:
            kept.append(char)
    return "".join(kept)
