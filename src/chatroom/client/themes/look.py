"""How one style looks, and the little language in which themes say it.

    "#ff8888"                   a colour of the text, on whatever is under it
    "#ffffff on #aa3333 bold"   colour, ground, marks
    "underline"                 marks only: both colours stay as they are

A colour is `#rrggbb`, one of the sixteen names of `SIXTEEN`, `default` (the terminal's own) or `inherit`
(what lies under it, also when nothing is said). Here lives that language and what a colour becomes where
there are 256, or sixteen. Tables of looks are in `builtin.py`. Next: `theme.py`.
"""

import colorsys
import re
from dataclasses import dataclass
from functools import cache
from itertools import product
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


# The levels of the cube of six by six by six and the ramp of greys that a terminal of 256 colours has.
_LEVELS: Final = (0, 95, 135, 175, 215, 255)
_GREYS: Final = tuple(range(8, 239, 10))
_GREY_HUE_OFF: Final = 1 / 3  # what a grey counts as being off in hue, in halves of the circle
_HUE_WEIGHT: Final = 25  # chosen by looking: a dark blue ground becomes a dark blue and not a teal


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


@cache
def to_256(colour: str) -> str:
    """Return the nearest of the 256 by eye, as `h24`; what is no `#rrggbb` stays as it is.

    The nearest alone turns the dark blues of a header into teal and violet: so hue counts too, the more the
    stronger the colour is.
    """
    if not colour.startswith("#"):
        return colour
    wanted = (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
    shades = {
        (_LEVELS[red], _LEVELS[green], _LEVELS[blue]): 16 + 36 * red + 6 * green + blue
        for red, green, blue in product(*(_levels_beside(value) for value in wanted))
    }
    for number, grey in enumerate(_GREYS, 232):
        shades.setdefault((grey, grey, grey), number)
    return f"h{shades[min(shades, key=lambda shade: _distance(wanted, shade))]}"


def _levels_beside(value: int) -> tuple[int, int]:
    """Return which two levels of the cube a value lies between."""
    above = next(number for number, level in enumerate(_LEVELS) if level >= value)
    return max(above - 1, 0), above


def _distance(wanted: tuple[int, int, int], shade: tuple[int, int, int]) -> float:
    strength = max(wanted) - min(wanted)
    if max(shade) == min(shade):
        hue_off = _GREY_HUE_OFF
    else:
        turn = abs(colorsys.rgb_to_hls(*wanted)[0] - colorsys.rgb_to_hls(*shade)[0])
        hue_off = 2 * min(turn, 1 - turn)
    apart = sum((one - other) ** 2 for one, other in zip(wanted, shade, strict=True))
    return apart + _HUE_WEIGHT * (strength * hue_off) ** 2
