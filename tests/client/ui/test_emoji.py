from unicodedata import category

import pytest
import wcwidth
from hypothesis import given

from chatroom.client.ui.emoji import Emoji, Kind
from chatroom.client.ui.strips import columns
from support.screen_text import TEXTS

FAMILY = "👨\u200d👩\u200d👧\u200d👦"


def test_a_good_terminal_is_sent_everything_as_it_is() -> None:
    text = f"ok ❤\ufe0f 👍🏽 {FAMILY} 🇫🇷 1\ufe0f\u20e3"
    assert Emoji().fit(text) == text


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        (Kind.EMOJI_STYLE, "I ❤\ufe0f it", "I ❤ it"),
        (Kind.TEXT_STYLE, "at ⌚\ufe0e", "at ⌚"),
        (Kind.KEYCAP, "press 1\ufe0f\u20e3", "press 1"),
        (Kind.SKIN_TONE, "👍🏽!", "👍!"),
        (Kind.JOINED, f"a {FAMILY}", "a 👨"),
        (Kind.FLAG, "to 🇫🇷", "to FR"),
    ],
)
def test_what_a_terminal_draws_wrongly_is_simplified(kind: Kind, text: str, shown: str) -> None:
    assert Emoji([kind]).fit(text) == shown


def test_a_character_too_new_for_the_terminal_is_named_or_boxed() -> None:
    assert Emoji([Kind.NEW]).fit("🪿") in (":goose:", "▯")


@pytest.mark.parametrize("kind", list(Kind))
def test_other_kinds_than_the_misdrawn_one_stay(kind: Kind) -> None:
    emoji = Emoji([kind])
    untouched = [other.value for other in Kind if other is not kind and kind is not Kind.EMOJI_STYLE]
    if kind is Kind.KEYCAP:
        untouched.remove(Kind.EMOJI_STYLE.value)
    for sample in untouched:
        if not set(sample) & set(kind.value):
            assert emoji.fit(sample) == sample


def test_emoji_can_be_shown_by_name() -> None:
    assert Emoji(by_name=True).fit("🎉 and 日本 ❤\ufe0f") == ":party_popper: and 日本 :heavy_black_heart:"


def test_all_samples_are_measured_as_the_probe_expects() -> None:
    assert [columns(kind.value) for kind in Kind] == [2, 1, 2, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u200db", "ab"),
        ("、\u200d ", "、 "),
        ("日\u200d本\u200d", "日本"),
        ("a\ufe0f\u200db", "a\ufe0fb"),
        ("\u200d👩", "👩"),
        (FAMILY, FAMILY),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"),
        ("👩🏽\u200d💻", "👩🏽\u200d💻"),
        ("क्\u200dष", "क्\u200dष"),
    ],
)
def test_joiners_that_join_nothing_are_not_drawn(text: str, shown: str) -> None:
    assert Emoji().fit(text) == shown


@given(TEXTS)
def test_what_is_drawn_is_as_wide_as_its_parts(text: str) -> None:
    fitted = Emoji().fit(text)
    clusters: list[str] = []
    for cluster in wcwidth.iter_graphemes(fitted):
        if category(cluster[0]) == "Mc" and clusters:  # some vowel signs are told apart from what they follow
            clusters[-1] += cluster
        else:
            clusters.append(cluster)
    assert columns(fitted) == sum(columns(cluster) for cluster in clusters)
