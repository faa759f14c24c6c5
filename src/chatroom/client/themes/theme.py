"""A theme: a look for every style. Made from a built-in table or from a table in `client.toml`.

Here lives what makes a theme whole (a style that a table leaves out gets the look of its base) and the choice
of one when none is named. Next: `builtin.py` for the tables, `chatroom.client.ui.palette` for what draws
them.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from chatroom.client.themes.builtin import BUILTIN
from chatroom.client.themes.look import Look, LookError, read_look
from chatroom.client.themes.styles import Style

BASE_KEY = "based_on"
"""The key of a user's theme that names the built-in one it changes; without it: dark."""


class ThemeError(ValueError):
    """A theme that cannot be used; the text names the theme, the key and the nearest right one. `own` is the
    theme of the user's in which the mistake is, or "".
    """

    def __init__(self, text: str, own: str = "") -> None:
        super().__init__(text)
        self.own = own


@dataclass(frozen=True, slots=True)
class Theme:
    """A name and a look for every style."""

    name: str
    looks: Mapping[Style, Look]


def builtin_theme(name: str) -> Theme:
    """Return the built-in theme. Raises ThemeError, naming those there are."""
    try:
        table = BUILTIN[name]
    except KeyError:
        raise ThemeError(f"there is no theme {name!r}; there are {', '.join(BUILTIN)}") from None
    return Theme(name, {style: read_look(table.get(style, "")) for style in Style})


def user_theme(name: str, table: Mapping[str, str]) -> Theme:
    """Return the theme that `table` (style name to look, and `based_on`) describes. Raises ThemeError."""
    try:
        base = builtin_theme(table.get(BASE_KEY, "dark"))
    except ThemeError as error:
        raise ThemeError(f"theme {name!r}, {BASE_KEY}: {error}", name) from None
    looks = dict(base.looks)
    for key, text in table.items():
        if key == BASE_KEY:
            continue
        try:
            looks[Style(key)] = read_look(text)
        except LookError as error:
            raise ThemeError(f"theme {name!r}, {key}: {error}", name) from None
        except ValueError:
            raise ThemeError(
                f"theme {name!r} has no style {key!r}; {_nearest(key.replace('_', '.'))}", name
            ) from None
    return Theme(name, looks)


def _nearest(key: str) -> str:
    close = difflib.get_close_matches(key, [style.value for style in Style], n=1)
    return f"did you mean {close[0]!r}?" if close else "docs/configuration.md lists them"


def choose_theme(
    name: str, user_tables: Mapping[str, Mapping[str, str]], environ: Mapping[str, str]
) -> Theme:
    """Return the theme called `name`: a user's, else a built-in one; "auto" chooses by the terminal.

    Terminals that set COLORFGBG ("15;0": text;ground) say whether their ground is light; others are taken for
    dark. Raises ThemeError.
    """
    if name in user_tables:
        return user_theme(name, user_tables[name])
    if name == "auto":
        return builtin_theme("light" if _is_ground_light(environ.get("COLORFGBG", "")) else "dark")
    return builtin_theme(name)


def _is_ground_light(colorfgbg: str) -> bool:
    ground = colorfgbg.rpartition(";")[2]
    return ground.isdecimal() and int(ground) in (7, 9, 10, 11, 12, 13, 14, 15)
