import pytest

from chatroom.client.themes.look import MARKS, SIXTEEN, Look, LookError, read_look, to_256, to_sixteen


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("", Look()),
        ("#ff8888", Look("#ff8888")),
        ("#FF8888 on #AA3333 bold", Look("#ff8888", "#aa3333", ("bold",))),
        ("underline italic", Look(marks=("underline", "italic"))),
        ("on #224466", Look(bg="#224466")),
        ("light-red on dark-blue", Look("light-red", "dark-blue")),
        ("default on default", Look("default", "default")),
    ],
)
def test_a_look_is_read_as_it_is_written(text: str, look: Look) -> None:
    assert read_look(text) == look


@pytest.mark.parametrize("text", ["#ff", "#gggggg", "redish", "#ff0000 #00ff00", "bold on", "on bold"])
def test_a_word_that_is_no_look_is_refused_and_named(text: str) -> None:
    with pytest.raises(LookError, match=r"'|on"):
        read_look(text)


@pytest.mark.parametrize(
    ("colour", "sixteen"),
    [
        ("#14171a", "black"),
        ("#fbfbf9", "white"),
        ("#224466", "dark-blue"),
        ("#aa3333", "dark-red"),
        ("#ff8888", "light-red"),
        ("#ffdd66", "yellow"),
        ("#66dd66", "light-green"),
        ("#7a8087", "dark-gray"),
        ("#d0d4d8", "light-gray"),
        ("inherit", "inherit"),
        ("default", "default"),
        ("brown", "brown"),
    ],
)
def test_a_colour_becomes_the_nearest_of_sixteen_by_hue(colour: str, sixteen: str) -> None:
    assert to_sixteen(colour) == sixteen


def test_every_name_and_mark_of_the_language_is_understood() -> None:
    for name in SIXTEEN:
        assert read_look(name).fg == name
    assert read_look(" ".join(MARKS)).marks == MARKS


@pytest.mark.parametrize(
    ("colour", "shade"),
    [
        ("#224466", "h24"),  # a dark blue, where the nearest is a teal
        ("#335577", "h24"),
        ("#14171a", "h233"),
        ("#2a2516", "h235"),
        ("#ffffff", "h231"),
        ("#ff0000", "h196"),
        ("#808080", "h244"),
        ("default", "default"),
        ("dark-red", "dark-red"),
        ("inherit", "inherit"),
    ],
)
def test_where_there_are_256_colours_a_hue_stays_what_it_is(colour: str, shade: str) -> None:
    assert to_256(colour) == shade
