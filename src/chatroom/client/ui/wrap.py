"""Breaking a styled line into lines of a given width.

Between words, before and after wide characters (so Chinese and Japanese break anywhere but before a closing
sign), and inside a word only when it is wider than a whole line. Indentation at the beginning stays, blanks
at a break go. Pure: spans in, spans out. Next: `transcript.py`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar
from unicodedata import category

import urwid

from chatroom.client.ui.strips import columns, fitting

StyleT = TypeVar("StyleT")

_ATOMS = re.compile(" +|[^ ]+")
# Signs that do not begin a line in East Asian text.
_CLOSING = frozenset("、。，．：；！？）」』】〕〉》］｝ー…‥ぁぃぅぇぉっゃゅょァィゥェォッャュョ々")
# A word wider than a line is begun on the line it stands in when at least so many columns are left there.
_WORTH_BEGINNING = 12

Place = tuple[int, int]


def wrap_spans(
    spans: Sequence[tuple[StyleT, str]], cols: int, *, is_code: bool = False
) -> list[list[tuple[StyleT, str]]]:
    """Return the spans in lines of at most `cols` columns (at least 2 are taken for given), at least one
    line.

    Code is broken at the last column and nowhere else: blanks mean something there.
    """
    text = "".join(part for _, part in spans)
    if columns(text) <= cols:
        return [list(spans)]
    places = _hard_places(text, max(cols, 2)) if is_code else wrap_places(text, max(cols, 2))
    return [_between(spans, start, end) for start, end in places]


def _between(spans: Sequence[tuple[StyleT, str]], start: int, end: int) -> list[tuple[StyleT, str]]:
    line: list[tuple[StyleT, str]] = []
    at = 0
    for style, part in spans:
        piece = part[max(start - at, 0) : max(end - at, 0)]
        if piece:
            line.append((style, piece))
        at += len(part)
    return line


def wrap_places(text: str, cols: int) -> list[Place]:
    """Return where each line of `text` begins and ends, as offsets in characters."""
    lines: list[Place] = []
    start = end = width = 0  # the line so far: text[start:end] of `width` columns
    blanks = 0  # columns of the blanks after it
    for first, last, piece_width, is_blank in _pieces(text):
        if is_blank:
            if lines and start == end:
                start = end = last  # blanks at a break go
            else:
                blanks += piece_width
            continue
        if width + blanks + piece_width <= cols:
            end, width, blanks = last, width + blanks + piece_width, 0
            continue
        if piece_width <= cols:
            if width:  # else it is an indentation for which there is no room
                lines.append((start, end))
            start, end, width, blanks = first, last, piece_width, 0
            continue
        room = cols - width - blanks
        if room < min(_WORTH_BEGINNING, cols):
            if width:
                lines.append((start, end))
            start, room = first, cols
        hard = _hard_places(text, cols, first, last, room)
        hard[0] = (start, hard[0][1])
        lines.extend(hard[:-1])
        start, end = hard[-1]
        width, blanks = columns(text[start:end]), 0
    lines.append((start, end))
    return lines


def _pieces(text: str) -> Iterator[tuple[int, int, int, bool]]:
    """Yield what is never broken while it fits: (begin, end, columns, whether it is blank)."""
    for atom in _ATOMS.finditer(text):
        first, last = atom.span()
        word = atom[0]
        if word.isascii():
            yield first, last, last - first, word[0] == " "
        else:
            yield from _wide_pieces(text, first, last)


def _wide_pieces(text: str, first: int, last: int) -> Iterator[tuple[int, int, int, bool]]:
    """Yield the pieces of a word that is not ASCII: wide clusters alone, narrow ones in one piece."""
    begin, width, was_wide = first, 0, False
    at = first
    while at < last:
        after = urwid.move_next_char(text, at, last)
        while after < last and category(text[after]) == "Mc":  # a vowel sign, whatever urwid says of it
            after += 1
        cluster = urwid.calc_width(text, at, after)
        is_wide = cluster > 1
        if at > begin and (is_wide or was_wide) and text[at] not in _CLOSING:
            yield begin, at, width, False
            begin, width = at, 0
        width += cluster
        was_wide = is_wide
        at = after
    yield begin, last, width, False


def _hard_places(text: str, cols: int, first: int = 0, last: int | None = None, room: int = 0) -> list[Place]:
    """Return the lines of `text[first:last]` broken at the last column; the first line has `room` (0:
    `cols`).
    """
    end = len(text) if last is None else last
    places: list[Place] = []
    while first < end:
        place, _ = fitting(text, first, end, room or cols)
        if place == first:  # not even one cluster fits
            place = urwid.move_next_char(text, first, end)
        places.append((first, place))
        first, room = place, 0
    return places or [(first, end)]
