"""Finding a name by some of its letters.

Read next: `boxes/pick.py`, which filters a list with it.
"""

from typing import Final

_BOUNDARY: Final = frozenset("#@-_. ")


def fuzzy_score(query: str, text: str) -> int | None:
    """Return how well `text` fits the letters typed, greater is better; None when it does not. "" fits
    everything.

    The letters must appear in order. A letter at the beginning of a word and letters side by side count
    more; of two names that fit alike the shorter one does better.
    """
    query, text = query.lower().replace(" ", ""), text.lower()
    if query and (at := text.find(query)) >= 0:
        is_start = at == 0 or text[at - 1] in _BOUNDARY
        return 1000 + 100 * is_start - len(text)
    score, at = 0, -1
    for letter in query:
        found = text.find(letter, at + 1)
        if found < 0:
            return None
        score += 5 if found == at + 1 else 0
        score += 10 if found == 0 or text[found - 1] in _BOUNDARY else 0
        at = found
    return score * 2 - len(text)
