"""Strips: one line of the screen as runs of styled bytes, exactly so many columns wide.

Everything drawn is made of strips; panes give lists of them, and `view.py` lays them side by side and on top
of each other into the one canvas that urwid paints. Here lives what a text measures in columns, cutting and
filling, and nothing that knows what is shown. Widths are urwid's (whole grapheme clusters, UTF-8). Next:
`wrap.py`, `transcript.py`.
"""

from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Literal

import urwid

# (attribute, character set, UTF-8): what a urwid canvas is made of. The attribute is a `Style` or several.
Run = tuple[Hashable, Literal["0", "U"] | None, bytes]

Strip = list[Run]

ELLIPSIS = "…"


def columns(text: str) -> int:
    """Return how many columns `text` takes; it holds no control characters."""
    return len(text) if text.isascii() else urwid.calc_width(text, 0, len(text))


def cut(text: str, cols: int) -> str:
    """Return the beginning of `text` that fits into `cols` columns; a wide character is never halved."""
    if cols <= 0:
        return ""
    if text.isascii():
        return text[:cols]
    return text[: fitting(text, 0, len(text), cols)[0]]


def fitting(text: str | bytes, start: int, end: int, cols: int) -> tuple[int, int]:
    """Return where the part of `text` from `start` on ends that fits into `cols` columns, and its width.

    urwid finds the place cluster by cluster and measures the whole: a vowel sign that is a cluster of its own
    (Burmese U+102C) counts nothing there and a column here, so that the place may have to go back.
    """
    place, width = urwid.calc_text_pos(text, start, end, cols)
    while place > start and (width := urwid.calc_width(text, start, place)) > cols:
        place = urwid.move_prev_char(text, start, place)
    return place, width if place > start else 0


def shorten(text: str, cols: int) -> str:
    """Return `text`, or its beginning and an ellipsis when it is wider than `cols`."""
    if columns(text) <= cols:
        return text
    return cut(text, cols - 1) + ELLIPSIS if cols > 0 else ""


def right_aligned(text: str, cols: int) -> str:
    """Return `text` shortened to `cols` columns and pushed to their right end."""
    text = shorten(text, cols)
    return " " * (cols - columns(text)) + text


@lru_cache(maxsize=512)
def layered(style: Hashable, ground: Hashable) -> Hashable:
    """Return the attribute of `style` lying on `ground`; either may be None."""
    if style is None or ground is None:
        return style if ground is None else ground
    return urwid.LayeredAttr.layer(style, ground)


def strip(spans: Iterable[tuple[Hashable, str]], cols: int, ground: Hashable = None) -> Strip:
    """Return the spans as a strip of exactly `cols` columns: cut at the right, filled with blanks on
    `ground`.
    """
    runs: Strip = []
    left = cols
    for style, text in spans:
        width = columns(text)
        if width > left:
            text = cut(text, left)
            width = columns(text)
            if text:
                runs.append((layered(style, ground), None, text.encode()))
            left -= width
            break
        if text:
            runs.append((layered(style, ground), None, text.encode()))
            left -= width
    if left > 0:
        runs.append((ground, None, b" " * left))
    return runs


def blank(cols: int, ground: Hashable = None) -> Strip:
    """Return an empty line."""
    return [(ground, None, b" " * cols)] if cols > 0 else []


def rule(cols: int, style: Hashable, char: str = "─") -> Strip:
    """Return a line right across; `char` is one column wide."""
    return [(style, None, (char * cols).encode())] if cols > 0 else []


def cut_strip(line: Strip, first: int, count: int) -> Strip:
    """Return `count` columns of a strip, from column `first` on. A wide character cut in two leaves a
    blank.
    """
    runs: Strip = []
    at = 0
    for attr, charset, text in line:
        width = urwid.calc_width(text, 0, len(text))
        begin, end = max(first - at, 0), min(first + count - at, width)
        at += width
        if begin >= end:
            continue
        if begin == 0 and end == width:
            runs.append((attr, charset, text))
            continue
        from_place, from_col = urwid.calc_text_pos(text, 0, len(text), begin)
        if from_col < begin:  # the character at `begin` started before it
            from_place, _ = urwid.calc_text_pos(text, 0, len(text), begin + 1)
            runs.append((attr, charset, b" "))
            begin += 1
        to_place, to_col = fitting(text, from_place, len(text), end - begin)
        runs.append((attr, charset, text[from_place:to_place] + b" " * (end - begin - to_col)))
    return runs


def laid_over(below: Sequence[Strip], above: Sequence[Strip], left: int, top: int, cols: int) -> list[Strip]:
    """Return the lines of `below` (each `cols` wide) with `above` put on them at column `left`, line
    `top`.
    """
    lines = list(below)
    for offset, upper in enumerate(above):
        place = top + offset
        if not 0 <= place < len(lines):
            continue
        width = strip_columns(upper)
        line = lines[place]
        lines[place] = [
            *cut_strip(line, 0, left),
            *upper,
            *cut_strip(line, left + width, cols - left - width),
        ]
    return lines


def strip_columns(line: Strip) -> int:
    """Return how wide a strip is: run by run, since the end of one never joins the beginning of the next."""
    return sum(urwid.calc_width(text, 0, len(text)) for _, _, text in line)


def plain(line: Strip) -> str:
    """Return the text of a strip."""
    return b"".join(text for _, _, text in line).decode()
