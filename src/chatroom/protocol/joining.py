"""Invisible characters that belong to what is beside them: the two joiners and the variation selectors.

Where they join or vary nothing they are only a way to hide something: those are called strays here. Read
next: `text.py`, which takes them out.
"""

import re
import unicodedata
from functools import cache
from typing import Final

PICTOGRAPHS: Final = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3"
    "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685"
    "\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755"
    "\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030"
    "\u303d\u3297\u3299\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171"
    "\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f1ad-\U0001f1e5\U0001f201-\U0001f20f\U0001f21a"
    "\U0001f22f\U0001f232-\U0001f23a\U0001f23c-\U0001f23f\U0001f249-\U0001f3fa\U0001f400-\U0001f53d"
    "\U0001f546-\U0001f64f\U0001f680-\U0001f6ff\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff\U0001f80c-\U0001f80f"
    "\U0001f848-\U0001f84f\U0001f85a-\U0001f85f\U0001f888-\U0001f88f\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a"
    "\U0001f93c-\U0001f945\U0001f947-\U0001faff\U0001fc00-\U0001fffd"
)
"""Extended_Pictographic of Unicode 14, as a set of a pattern: what an emoji may begin with."""

JOINING_SCRIPTS: Final = (
    (0x0620, 0x0DFF),  # Arabic, Syriac, N'Ko …, the scripts of India and Sri Lanka
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x18AF),  # Khmer, Mongolian
    (0x1A20, 0x1C4F),  # Tai Tham, Balinese, Sundanese, Batak, Lepcha
    (0xA800, 0xA8FF),  # Syloti Nagri, Phags-pa, Saurashtra
    (0xA980, 0xAADF),  # Javanese, Cham
    (0xABC0, 0xABFF),  # Meetei Mayek
    (0x10A00, 0x11FFF),  # Kharoshthi, Manichaean, Rohingya, Brahmi and its descendants
    (0x1E900, 0x1E95F),  # Adlam
)
"""Where the letters are that a joiner can join or keep apart."""

_INVISIBLE: Final = "\u200c\u200d\ufe00-\ufe0f"
_HAS_ANY: Final = re.compile(f"[{_INVISIBLE}]")


def stray_in(text: str) -> bool:
    """Whether `text` has a joiner that joins nothing, or a variation selector that varies nothing."""
    return _HAS_ANY.search(text) is not None and _stray().search(text) is not None


def without_strays(text: str) -> str:
    """Return `text` without those."""
    return _stray().sub("", text) if _HAS_ANY.search(text) else text


@cache
def _stray() -> re.Pattern[str]:
    """Return what finds them. It is made when it is needed first: that takes some milliseconds."""
    letters = _joining_letters()
    emoji = f"[{PICTOGRAPHS}]"
    joins_emoji = f"(?=\u200d)(?:(?<={emoji})|(?<={emoji}[\ufe0f\U0001f3fb-\U0001f3ff]))\u200d{emoji}"
    joins_letters = f"(?=[\u200c\u200d])(?<=[{letters}])[\u200c\u200d][{letters}]"
    varies = f"[\ufe00-\ufe0f](?<=[^\x00-\x7f\\s{_INVISIBLE}].)|[\ufe0e\ufe0f](?<=[#*0-9].)"
    return re.compile(f"(?!{joins_emoji}|{joins_letters}|{varies})[{_INVISIBLE}]")


def _joining_letters() -> str:
    """Return the letters and marks of the joining scripts, as a set of a pattern."""
    runs: list[str] = []
    for first, last in JOINING_SCRIPTS:
        start: int | None = None
        for code in range(first, last + 2):
            is_letter = code <= last and unicodedata.category(chr(code))[0] in "LM"
            if is_letter and start is None:
                start = code
            elif not is_letter and start is not None:
                runs.append(f"{chr(start)}-{chr(code - 1)}")
                start = None
    return "".join(runs)
