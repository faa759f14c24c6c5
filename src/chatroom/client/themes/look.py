"""How one style looks, and the little language in which themes say it.

    "#ff8888"                   a colour of the text, on whatever is under it
    "#ffffff on #aa3333 bold"   colour, ground, marks
    "underline"                 marks only: both colours stay as they are

A colour is `#rrggbb`, one of the sixteen names of `SIXTEEN`, `default` (the terminal's own) or `inherit`
(what lies under it, also when nothing is said). Here lives that language and what a colour becomes where
there are sixteen. Tables of looks are in `builtin.py`. Next: `theme.py`.
"""

import colorsys
import re
from dataclasses import dataclass
from typing import Final

INHERIT: Final = "inherit"
DEFAULT: Final = "default"

SIXTEEN: Final = (
    "black", "dark-red", "dark-green", "brown", "dark-blue", "dark-magenta", "dark-cyan", "light-gray",
    "dark-gray", "light-red", "light-green", "yellow", "light-blue", "light-magenta", "light-cyan", "white",
)  # fmt: skip

MARKS: Final = ("bold", "italic", "underline", "reverse", "faint", "strike")

_HEX: Final = re.compile("#[0-9a-fA-F]{6}")

# Hue in sixths of a circle, dark and light.
_DARK: Final = ("dark-red", "brown", "dark-green", "dark-cyan", "dark-blue", "dark-magenta")
_LIGHT: Final = ("light-red", "yellow", "light-green", "light-cyan", "light-blue", "light-magenta")


class LookError(ValueError):
    """A look that is not written in the language above; the text says which word."""


@dataclass(frozen=True, slots=True)
class Look:
    """Colour of the text, colour of the ground and marks (of `MARKS`); colours as the module says them."""

    fg: str = INHERIT
    bg: str = INHERIT
    marks: tuple[str, ...] = ()


def read_look(text: str) -> Look:
    """Return the look that `text` says. Raises LookError on a word that is not known or stands twice."""
    fg, bg = INHERIT, INHERIT
    marks: list[str] = []
    words = text.split()
    place = 0
    while place < len(words):
        word = words[place].lower()
        if word == "on":
            place += 1
            if place == len(words):
                raise LookError("a colour must follow 'on'")
            bg = _read_colour(words[place])
        elif word in MARKS:
            marks.append(word)
        elif fg == INHERIT:
            fg = _read_colour(words[place])
        else:
            raise LookError(f"{words[place]!r}: the text has a colour already")
        place += 1
    return Look(fg, bg, tuple(marks))


def _read_colour(word: str) -> str:
    colour = word.lower()
    if colour in (INHERIT, DEFAULT) or colour in SIXTEEN or _HEX.fullmatch(colour):
        return colour
    known = ", ".join((*SIXTEEN, *MARKS))
    raise LookError(f"{word!r} is neither #rrggbb nor one of {known}")


def to_sixteen(colour: str) -> str:
    """Return the nearest of the sixteen by eye: hue first, since a hue is what tells one thing from another.

    Grounds that are nearly black or white become so, and colours with little hue become a grey.
    """
    if not colour.startswith("#"):
        return colour
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if lightness < 0.17:
        return "black"
    if lightness > 0.92 or (lightness > 0.82 and 0.2 <= saturation < 0.4):
        return "white"
    if saturation < 0.2:
        return "black" if lightness < 0.22 else "dark-gray" if lightness < 0.58 else "light-gray"
    return (_DARK if lightness < 0.5 else _LIGHT)[round(hue * 6) % 6]
