import pytest

from chatroom.client.themes.builtin import BUILTIN, DARK, LIGHT
from chatroom.client.themes.look import read_look
from chatroom.client.themes.styles import Style
from chatroom.client.themes.theme import ThemeError, builtin_theme, choose_theme, user_theme

# Contrast of the smallest text that must be read, by WCAG 2: 4.5:1 for text, 3:1 for what is only seen.
_SEEN_ONLY = {
    Style.RULE, Style.SCROLL_TRACK, Style.SCROLL_THUMB, Style.ROOM_INDEX, Style.PLACEHOLDER,
    Style.PRESENCE_OFFLINE, Style.PRESENCE_AWAY, Style.PRESENCE_ONLINE, Style.DIALOG_EDGE,
    Style.CODE_LANGUAGE, Style.HINT, Style.MEMBER_OFFLINE, Style.TIME, Style.DIM, Style.ROLE, Style.DAY,
    Style.LINK_TLS, Style.LINK_PLAIN, Style.NOTE, Style.BEGINNING, Style.DIALOG_DIM,
}  # fmt: skip
_NOT_TEXT = {Style.RULE, Style.SCROLL_TRACK, Style.SCROLL_THUMB, Style.DIALOG_EDGE}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", list(BUILTIN))
def test_every_built_in_theme_has_a_look_for_every_style(name: str) -> None:
    assert set(builtin_theme(name).looks) == set(Style)


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast"])
def test_themes_with_a_ground_of_their_own_can_be_read_on_it(name: str) -> None:
    looks = builtin_theme(name).looks
    ground = looks[Style.GROUND]
    for style, look in looks.items():
        if style in _NOT_TEXT or not look.fg.startswith("#"):
            continue
        below = look.bg if look.bg.startswith("#") else ground.bg
        if style.startswith(("header_", "link_")):
            below = looks[Style.HEADER].bg
        elif style.startswith("dialog_") and not look.bg.startswith("#"):
            below = looks[Style.DIALOG].bg
        least = 3.0 if style in _SEEN_ONLY else 4.5
        assert contrast(look.fg, below) >= least, (style, look)


def test_high_contrast_is_seven_to_one_in_the_transcript() -> None:
    looks = builtin_theme("high-contrast").looks
    for style in (Style.TEXT, Style.NOTE, Style.TIME, Style.URL, Style.MENTION, *map(Style, handles())):
        assert contrast(looks[style].fg, looks[Style.GROUND].bg) >= 7, style


def handles() -> list[str]:
    return [f"handle_{number}" for number in range(1, 11)]


def test_dark_and_light_speak_of_the_same_styles() -> None:
    assert set(DARK) == set(LIGHT) == set(Style)


def test_mono_has_no_colour_at_all() -> None:
    for look in builtin_theme("mono").looks.values():
        assert {look.fg, look.bg} <= {"inherit", "default"}


def test_a_theme_of_ones_own_changes_what_it_names_and_keeps_the_rest() -> None:
    theme = user_theme("mine", {"based_on": "light", "url": "#ff0000 bold"})
    assert theme.name == "mine"
    assert theme.looks[Style.URL] == read_look("#ff0000 bold")
    assert theme.looks[Style.TIME] == builtin_theme("light").looks[Style.TIME]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"ulr": "#ff0000"}, "did you mean 'url'"),
        ({"url": "rainbow"}, "theme 'mine', url: 'rainbow'"),
        ({"based_on": "drak"}, "there is no theme 'drak'"),
    ],
)
def test_a_mistake_in_a_theme_names_theme_key_and_what_would_be_right(
    table: dict[str, str], said: str
) -> None:
    with pytest.raises(ThemeError, match=said):
        user_theme("mine", table)


@pytest.mark.parametrize(
    ("colorfgbg", "chosen"),
    [
        ("15;0", "dark"),
        ("0;15", "light"),
        ("0;default;15", "light"),
        ("12;8", "dark"),
        ("", "dark"),
        ("x", "dark"),
    ],
)
def test_auto_looks_at_what_the_terminal_says_of_its_ground(colorfgbg: str, chosen: str) -> None:
    assert choose_theme("auto", {}, {"COLORFGBG": colorfgbg}).name == chosen


def test_a_theme_of_ones_own_may_take_the_name_of_a_built_in_one() -> None:
    assert choose_theme("dark", {"dark": {"url": "#123456"}}, {}).looks[Style.URL].fg == "#123456"
