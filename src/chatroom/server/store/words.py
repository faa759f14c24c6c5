"""Words: what a message is searched by, and what a query asks for.

One rule for both implementations, so that the text index of the database only sees words that were cut
here. A word is a run of letters, digits and their marks, folded to lower case and compatibility form,
without accents. Scripts that put no spaces between words give one word per character, and what stands
together in a query must stand together in the message: so any part of a Chinese or Thai sentence is
found. Read next: `search.py`.
"""

import re
import unicodedata
from typing import Final, NamedTuple

WORD_CHARS: Final = 64
"""Longer words are cut: nobody searches for them, and pasted data would fill the index."""

PREFIX_CHARS: Final = 2
"""Least characters before a `*`: one letter stands for a tenth of all words."""

_ASCII_WORDS: Final = re.compile("[a-z0-9]+")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"  # Kana, Han, Hangul
    "\U00020000-\U0003ffff]"  # further Han
)


class Term(NamedTuple):
    """Words that must follow each other in a message; `is_prefix`: the last one may go on."""

    words: tuple[str, ...]
    is_prefix: bool


def cut_words(text: str) -> list[str]:
    """Return the words of `text`, in order."""
    if text.isascii():
        words = _ASCII_WORDS.findall(text.lower())
    else:
        words = _cut_unicode(text)
    return [word[:WORD_CHARS] for word in words]


def _cut_unicode(text: str) -> list[str]:
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    folded = unicodedata.normalize("NFKC", bare.casefold())
    spaced = _UNSPACED.sub(r" \g<0> ", folded)
    return "".join(char if _is_of_a_word(char) else " " for char in spaced).split()


def _is_of_a_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char) in ("Mn", "Mc")


def parse_query(query: str) -> list[Term]:
    """Return what a message must hold, each term once.

    Nothing in a query is an operator but a `*` after a word, which stands for any ending; quotes, colons,
    parentheses and the like only part words. Raises ValueError, with a text for the asker, when there is no
    word.
    """
    terms: dict[Term, None] = {}
    for piece in query.split():
        words = cut_words(piece)
        if words:
            is_prefix = piece.endswith("*") and len(words[-1]) >= PREFIX_CHARS
            terms[Term(tuple(words), is_prefix)] = None
    if not terms:
        raise ValueError("type a word to search for")
    return list(terms)


def holds(words: list[str], term: Term) -> bool:
    """Whether the words of a message hold the term."""
    size = len(term.words)
    *head, last = term.words
    for start in range(len(words) - size + 1):
        stop = start + size - 1
        is_last = words[stop].startswith(last) if term.is_prefix else words[stop] == last
        if is_last and words[start:stop] == head:
            return True
    return False
