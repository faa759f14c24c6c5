"""Texts as they arrive on a screen, for hypothesis: clean, and of every width."""

from hypothesis import strategies as st

from chatroom.protocol.text import clean_text

_CLUSTERS = [
    "👨\u200d👩\u200d👧\u200d👦", "👍🏽", "❤\ufe0f", "1\ufe0f\u20e3", "🇫🇷", "e\u0301", "ก็", "नि", "ᄀ",
    "\u200d", "\u0301", "🪿", "é", "ß", "—", "…", "⌚\ufe0e",
    "\u1000\u102c", "0\u1062",
]  # fmt: skip
_PIECES = st.one_of(
    st.text(alphabet="abc xyz.,-", max_size=12),
    st.text(alphabet="日本語のテスト、。", max_size=8),
    st.sampled_from(_CLUSTERS),
    st.text(max_size=6),
)


def _one_line(pieces: list[str]) -> str:
    return clean_text("".join(pieces)).replace("\n", " ")


TEXTS = st.lists(_PIECES, max_size=8).map(_one_line)
"""One line of clean text."""

MESSAGES = st.lists(TEXTS, min_size=1, max_size=4).map("\n".join)
"""Some lines of clean text."""
