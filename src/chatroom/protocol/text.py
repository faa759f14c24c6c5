"""The one rule for text that came from somebody else: what it may contain, and how to make it so.

The client cleans what it sends and what it receives; the server refuses what is not clean, so that nothing it
stores can harm a terminal, a log file or an export. Names have stricter rules in `names.py`.

What never travels: control characters but newline (C0, DEL, C1), bidirectional overrides, isolates and marks,
zero-width characters but where a joiner joins two emoji or two letters of a script that needs it, line and
paragraph separators, tag characters, lone surrogates, non-characters, and more than `MARKS_PER_BASE` marks on
one base. A tab becomes spaces. Read next: `joining.py`.
"""

import re
import unicodedata
from typing import Final

from chatroom.protocol.joining import stray_in, without_strays
from chatroom.protocol.limits import TEXT_BYTES, TEXT_LINES

MARKS_PER_BASE: Final = 8
"""Marks kept on one base: every living script and every emoji fits, stacked marks ("zalgo") do not."""

TAB_SPACES: Final = "    "

_NEVER: Final = (
    "\x00-\x09\x0b-\x1f\x7f-\x9f"  # C0 but newline, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners and fillers nobody sees
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # zero width, direction, line separators
    "\u3164\ufeff\uffa0\ufff0-\ufffc"  # fillers, byte order mark, interlinear annotation
    "\ud800-\udfff"  # lone surrogates
    "\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff\U0002fffe\U0002ffff"  # non-characters
    "\U000efffe\U000effff\U000ffffe\U000fffff\U0010fffe\U0010ffff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # controls of three notations
    "\U0003fffe-\U000e0fff"  # planes nothing is in; tags; supplementary selectors
)
_FORBIDDEN: Final = re.compile(f"[{_NEVER}]")
_INVISIBLE: Final = re.compile(f"[{_NEVER}\\s\u2800\u200c\u200d\ufe00-\ufe0f]*")
_LINE_ENDS: Final = re.compile("\r\n?|\u2028|\u2029|\x85|\x0b|\x0c")

_JOINER: Final = "\u200d"
_JOINERS: Final = "\u200c\u200d"

_MARK_BLOCKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u1fff\u200c\u200d\u20d0-\u20ff\u2cef-\u2cf1\u2d7f\u2de0-\u2dff"
    "\u302a-\u302f\u3099\u309a\ua66f-\uabff\ud7b0-\ud7ff\ufb1e\ufe00-\ufe2f\U00010000-\U0001efff"
    "\U0001f3fb-\U0001f3ff\U000e0000-\U000effff"
)
_MAYBE_STACKED: Final = re.compile(f"[{_MARK_BLOCKS}]{{{MARKS_PER_BASE + 1}}}")
"""Finds every text without joiners that `_cap_marks` could change, and passes over most others."""

_MARK_CATEGORIES: Final = frozenset({"Mn", "Mc", "Me"})


def clean_text(text: str) -> str:
    """Return `text` as it may travel: a message of one or more lines.

    Line ends of all systems become newlines, tabs become spaces, what never travels is deleted, stacked marks
    are cut, then what would join or vary nothing is deleted, trailing white space and empty lines around the
    text go. Idempotent. It never shortens text otherwise: too long is for `text_fault` to say.
    """
    text = _LINE_ENDS.sub("\n", text).replace("\t", TAB_SPACES)
    if not _may_travel(text):
        text = without_strays(_cap_marks(_FORBIDDEN.sub("", text)))
    lines = [line.rstrip() for line in text.split("\n")]
    return "\n".join(lines).strip("\n")


def clean_line(text: str) -> str:
    """Return `text` as one line: a topic, a reason, a display of anything untrusted.

    As `clean_text`, and every run of white space becomes one space, none at the ends. Idempotent.
    """
    return " ".join(clean_text(text).split())


def text_fault(text: str, *, max_bytes: int = TEXT_BYTES, max_lines: int = TEXT_LINES) -> str | None:
    """Return why `text` may not be stored as a message, as "is empty" follows "the message"; None: it may."""
    chars = len(text)
    if chars <= max_bytes and text[:1] >= "!" and text.isascii() and text.isprintable():
        return None  # one line of plain ASCII, as most messages are: 0.3 us, 0.85 by all that follows
    if chars > max_bytes or (chars * 4 > max_bytes and _byte_length(text) > max_bytes):
        return f"is longer than {max_bytes} bytes"
    if text.count("\n") >= max_lines:
        return f"has more than {max_lines} lines"
    if not _may_travel(text):
        return "contains characters that may not travel"
    if is_blank(text):
        return "is empty"
    return None


def line_fault(text: str, *, max_chars: int) -> str | None:
    """Return why `text` may not serve as one line of at most `max_chars` characters, or None; empty may."""
    if len(text) > max_chars:
        return f"is longer than {max_chars} characters"
    if "\n" in text or not _may_travel(text):
        return "contains characters that may not travel"
    if text != clean_line(text):
        return "contains white space at an end, or more than one space in a row"
    return None


def is_blank(text: str) -> bool:
    """Whether nothing of `text` would be seen."""
    if "!" <= text[:1] <= "~":  # as nearly every text begins: 0.3 us less than by the pattern
        return False
    return _INVISIBLE.fullmatch(text) is not None


def log_safe(text: str, max_chars: int = 200) -> str:
    """Return `text` for one field of a log line: one line, shortened, what is not seen is escaped."""
    start = text[: max_chars + 1]
    shown = "".join(char if char == " " or _is_seen(char) else ascii(char)[1:-1] for char in start)
    return shown if len(shown) <= max_chars else shown[:max_chars] + "..."


def _is_seen(char: str) -> bool:
    return char.isprintable() and _INVISIBLE.fullmatch(char) is None


def _byte_length(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _may_travel(text: str) -> bool:
    """Whether nothing in `text` is what `clean_text` deletes for what it is (white space apart)."""
    if text.isascii():  # 0.2 us for 100 characters, against 1.3 us by the pattern
        return text.replace("\n", "").isprintable()
    return not (_FORBIDDEN.search(text) or stray_in(text)) and _cap_marks(text) == text


def _cap_marks(text: str) -> str:
    """Return `text` without marks beyond `MARKS_PER_BASE` on one base; what a joiner joins is one base."""
    if not (_JOINER in text or _MAYBE_STACKED.search(text)):
        return text
    kept: list[str] = []
    marks = 0
    is_joined = False
    for char in text:
        if _is_mark(char):
            marks += 1
            if marks > MARKS_PER_BASE:
                continue
        elif not is_joined:
            marks = 0
        is_joined = char == _JOINER
        kept.append(char)
    return "".join(kept)


def _is_mark(char: str) -> bool:
    """Whether `char` is drawn on the one before: combining, joiner, skin tone, vowel or final of Hangul."""
    if char < "\u0300":
        return False
    if unicodedata.category(char) in _MARK_CATEGORIES or char in _JOINERS:
        return True
    return (
        "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff" or "\U0001f3fb" <= char <= "\U0001f3ff"
    )
