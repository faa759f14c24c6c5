"""A theme as what urwid draws with: the palette.

Each style becomes one entry with its colours for 16, 88, 256 and 2²⁴ colours, and its marks for terminals
without colour. What takes the place of sixteen colours where there are eight is said here too. Read next:
`chatroom.client.themes.builtin`.
"""

from collections.abc import Callable
from typing import Final

from chatroom.client.themes.builtin import MONO
from chatroom.client.themes.look import DEFAULT, INHERIT, Look, read_look, to_256, to_sixteen
from chatroom.client.themes.styles import Style
from chatroom.client.themes.theme import Theme

Entry = tuple[str | None, str, str, str, str, str]

_URWID_MARKS: Final = {
    "bold": "bold",
    "italic": "italics",
    "underline": "underline",
    "reverse": "standout",
    "faint": "faint",
    "strike": "strikethrough",
}


_GREY: Final = "dark-gray"

_ON: Final = {DEFAULT: DEFAULT, "light-gray": "black", "brown": "black", "dark-cyan": "black"}
"""What grey becomes where there is no grey, by the ground it stands on; on all others light-gray."""


def palette(theme: Theme, *, has_eight: bool = False, has_256: bool = False) -> list[Entry]:
    """Return the entries for `register_palette`; the ground of the screen is the entry called None.

    `has_eight`: the terminal has eight colours, and of their bright half only what bold makes of it. A bold
    black is black on many of them, and a bright ground blinks or is no ground. `has_256`: it has so many and
    no more.
    """
    ground = theme.looks[Style.GROUND]
    below = _dark(to_sixteen(ground.bg)) if has_eight else ""
    high = to_256 if has_256 else str
    entries = [_entry(style, look, below, high) for style, look in theme.looks.items()]
    return [*entries, (None, *_entry(Style.GROUND, ground, below, high)[1:])]


def _entry(style: Style, look: Look, below: str, high: Callable[[str], str]) -> Entry:
    """Return the entry of a style; `below` is the ground of the screen where there are eight colours, else
    "". `high` gives a colour as it is where there are many.
    """
    mono = read_look(MONO.get(style, "")).marks
    fg, bg = to_sixteen(look.fg), to_sixteen(look.bg)
    if below:
        bg = _dark(bg)
        below = below if bg == INHERIT else bg
        fg = _ON.get(below, "light-gray") if fg in (_GREY, below) and fg != DEFAULT else fg
    return (
        style,
        _foreground(fg.replace("-", " "), look.marks),
        bg.replace("-", " "),
        ",".join(_URWID_MARKS[mark] for mark in mono) or DEFAULT,
        _foreground(high(look.fg).replace("-", " "), look.marks),
        high(look.bg).replace("-", " "),
    )


def _dark(ground: str) -> str:
    """Return the ground of the dark half that comes nearest."""
    others = {_GREY: "black", "white": "light-gray", "yellow": "brown"}
    return others.get(ground, ground if ground == "light-gray" else ground.replace("light-", "dark-"))


def _foreground(colour: str, marks: tuple[str, ...]) -> str:
    return ",".join((colour, *(_URWID_MARKS[mark] for mark in marks)))
