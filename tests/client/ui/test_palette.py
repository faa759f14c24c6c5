import pytest
import urwid
from urwid.testing import resolve_attr

from chatroom.client.themes.builtin import BUILTIN
from chatroom.client.themes.styles import Style
from chatroom.client.themes.theme import builtin_theme
from chatroom.client.ui.palette import palette
from chatroom.client.ui.strips import layered


@pytest.mark.parametrize("name", list(BUILTIN))
@pytest.mark.parametrize("colours", [1, 16, 88, 256, 2**24])
def test_every_style_of_every_theme_can_be_drawn_with_any_number_of_colours(name: str, colours: int) -> None:
    entries = palette(builtin_theme(name))
    for style in Style:
        assert resolve_attr(style, entries, colors=colours) is not None


def test_a_style_without_a_ground_shows_the_one_below_it() -> None:
    entries = palette(builtin_theme("dark"))
    spec = resolve_attr(layered(Style.TEXT, Style.SELECTED), entries, colors=2**24)
    assert (spec.foreground, spec.background) == ("#d0d4d8", "#335577")
    assert resolve_attr(Style.TEXT, entries, colors=2**24).background == "#14171a"


def test_marks_of_both_layers_are_drawn() -> None:
    entries = palette(builtin_theme("dark"))
    spec = resolve_attr(layered(Style.ITALIC, Style.ROOM_UNREAD), entries, colors=2**24)
    assert "italics" in spec.foreground


def test_a_terminal_of_256_colours_is_given_colours_it_has() -> None:
    entries = palette(builtin_theme("dark"), has_256=True)
    spec = resolve_attr(Style.HEADER, entries, colors=256)
    assert (spec.colors, spec.background) == (256, "#068")  # what urwid calls number 24


def test_a_terminal_of_sixteen_colours_tells_the_handles_apart() -> None:
    entries = palette(builtin_theme("dark"))
    specs = {resolve_attr(Style(f"handle_{n}"), entries, colors=16).foreground for n in range(1, 11)}
    assert len(specs) >= 5


EIGHT = ("black", "dark red", "dark green", "brown", "dark blue", "dark magenta", "dark cyan", "light gray")


@pytest.mark.parametrize("name", list(BUILTIN))
def test_a_terminal_of_eight_colours_shows_every_style(name: str) -> None:
    entries = palette(builtin_theme(name), has_eight=True)
    for style in Style:
        spec = resolve_attr(style, entries, colors=16)
        colour = spec.foreground.split(",")[0]
        assert colour != "dark gray", style
        assert spec.background in (*EIGHT, "default"), style
        assert colour != spec.background or colour == "default", style


def test_without_colours_a_mention_and_the_current_room_are_still_marked() -> None:
    entries = palette(builtin_theme("dark"))
    for style in (Style.MENTION, Style.ROOM_CURRENT, Style.BADGE_MENTION, Style.HEADER, Style.SELECTED):
        spec = resolve_attr(style, entries, colors=1)
        assert spec.bold or spec.standout, style


def test_the_ground_of_the_screen_is_that_of_the_theme() -> None:
    assert resolve_attr(None, palette(builtin_theme("light")), colors=2**24) == urwid.AttrSpec(
        "#2a2f35", "#fbfbf9", 2**24
    )
