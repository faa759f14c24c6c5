"""A theme as what urwid draws with: the palette.

Each style becomes one entry with its colours for 16, 88, 256 and 2²⁴ colours, and its marks for terminals
without colour. Read next: `chatroom.client.themes.builtin`.
"""

from typing import Final

from chatroom.client.themes.builtin import MONO
from chatroom.client.themes.look import DEFAULT, Look, read_look, to_sixteen
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


def palette(theme: Theme) -> list[Entry]:
    """Return the entries for `register_palette`; the ground of the screen is the entry called None."""
    entries = [_entry(style, look) for style, look in theme.looks.items()]
    ground = _entry(Style.GROUND, theme.looks[Style.GROUND])
    return [*entries, (None, *ground[1:])]


def _entry(style: Style, look: Look) -> Entry:
    mono = read_look(MONO.get(style, "")).marks
    return (
        style,
        _foreground(to_sixteen(look.fg).replace("-", " "), look.marks),
        to_sixteen(look.bg).replace("-", " "),
        ",".join(_URWID_MARKS[mark] for mark in mono) or DEFAULT,
        _foreground(look.fg.replace("-", " "), look.marks),
        look.bg.replace("-", " "),
    )


def _foreground(colour: str, marks: tuple[str, ...]) -> str:
    return ",".join((colour, *(_URWID_MARKS[mark] for mark in marks)))
