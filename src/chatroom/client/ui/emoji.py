"""Emoji as the terminal can draw them.

A terminal that draws a character in fewer or more columns than urwid counted shifts everything right of it.
So the kinds of character on which terminals differ are drawn once before the screen starts (`probe.py`), and
those it gets wrong are simplified here: the mark that makes the difference is left out, or a name is shown.
Pure. Read next: `transcript.py`, which draws every text through here.
"""

import re
import unicodedata
from collections.abc import Collection
from enum import Enum
from typing import Final

import urwid

UNDRAWABLE: Final = "▯"


class Kind(Enum):
    """A kind of character that terminals measure differently; the value is a sample of it."""

    EMOJI_STYLE = "❤\ufe0f"  # a sign made an emoji by U+FE0F
    TEXT_STYLE = "⌚\ufe0e"  # an emoji made a sign by U+FE0E
    KEYCAP = "1\ufe0f\u20e3"
    SKIN_TONE = "👍🏽"
    JOINED = "👩\u200d💻"
    FLAG = "🇫🇷"
    NEW = "🪿"  # of Unicode 15 (2022) or later


_JOINER: Final = "\u200d"
_VIRAMA: Final = 9  # the canonical combining class
_BETWEEN_PICTURES: Final = "\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_SKIN_TONES: Final = "\U0001f3fb-\U0001f3ff"
# What Unicode 15, 16 and 17 added among the emoji.
_NEW: Final = (
    "\U0001f6d8\U0001f6dc\U0001fa75-\U0001fa77\U0001fa87-\U0001fa8f\U0001faad-\U0001faaf\U0001fabb-\U0001fabf"
    "\U0001fac6\U0001fac8\U0001facd-\U0001facf\U0001fada-\U0001fadf\U0001fae8-\U0001faef\U0001faf7\U0001faf8"
)
_MARK_OF: Final = {
    Kind.EMOJI_STYLE: "\ufe0f",
    Kind.TEXT_STYLE: "\ufe0e",
    Kind.KEYCAP: "\u20e3",
    Kind.SKIN_TONE: _SKIN_TONES,
    Kind.JOINED: "\u200d",
    Kind.FLAG: "\U0001f1e6-\U0001f1ff",
    Kind.NEW: _NEW,
}
_EMOJI: Final = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u231a\u231b\u23e9-\u23f3\ufe0f\u2b50\u2b55]")
_STYLE_MARKS: Final = re.compile(f"[\ufe0e\ufe0f\u20e3{_SKIN_TONES}]")


class Emoji:
    """How emoji are drawn: as sent, but for the kinds the terminal draws wrongly; or all by name."""

    def __init__(self, misdrawn: Collection[Kind] = (), *, by_name: bool = False) -> None:
        self._by_name = by_name
        marks = "".join(_MARK_OF[kind] for kind in misdrawn)
        self._suspect = _EMOJI if by_name else re.compile(f"[{marks}]") if marks else None
        self._misdrawn = frozenset(misdrawn)

    def fit(self, text: str) -> str:
        """Return `text` with the clusters this terminal cannot draw replaced; usually `text` itself."""
        if text.isascii():
            return text
        if _JOINER in text:
            text = _without_stray_joiners(text)
        if self._suspect is None or not self._suspect.search(text):
            return text
        shown = []
        at = 0
        while at < len(text):
            after = urwid.move_next_char(text, at, len(text))
            cluster = text[at:after]
            shown.append(self._replaced(cluster) if self._suspect.search(cluster) else cluster)
            at = after
        return "".join(shown)

    def _replaced(self, cluster: str) -> str:
        if self._by_name:
            return _named(cluster)
        if Kind.FLAG in self._misdrawn and "\U0001f1e6" <= cluster[0] <= "\U0001f1ff":
            return "".join(chr(ord(char) - 0x1F1E6 + ord("A")) for char in cluster if char >= "\U0001f1e6")
        if Kind.JOINED in self._misdrawn:
            cluster = cluster.partition("\u200d")[0]
        if self._suspect is not None and self._suspect.search(cluster):
            cluster = _STYLE_MARKS.sub("", cluster)
        if self._suspect is not None and self._suspect.search(cluster):
            return _named(cluster)
        return cluster


def _without_stray_joiners(text: str) -> str:
    """Return `text` without the joiners that join nothing.

    urwid counts no column for what follows a joiner, whatever it is; terminals only between pictures. So
    "a", joiner, "b" is one column to urwid and two on the screen, and a line of such pairs would run over the
    panes right of it. Kept are joiners between pictures and behind a virama, where scripts need them.
    """
    kept = []
    for at, char in enumerate(text):
        if char == _JOINER and not _joins(
            text[:at].rstrip(_BETWEEN_PICTURES), text[at + 1 : at + 2], text[:at]
        ):
            continue
        kept.append(char)
    return "".join(kept)


def _joins(bare: str, after: str, before: str) -> bool:
    if before and unicodedata.combining(before[-1]) == _VIRAMA:
        return True
    return bool(bare and after) and _is_picture(bare[-1]) and _is_picture(after)


def _is_picture(char: str) -> bool:
    return unicodedata.category(char) == "So" or char >= "\U0001f000"


def _named(cluster: str) -> str:
    """Return `:name:` of the first character of a cluster, or a box when it has none here."""
    name = unicodedata.name(cluster[:1], "")
    return f":{name.lower().replace(' ', '_').replace('-', '_')}:" if name else UNDRAWABLE
