import pytest
import urwid
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import (
    blank,
    columns,
    cut,
    cut_strip,
    laid_over,
    layered,
    plain,
    right_aligned,
    rule,
    shorten,
    strip,
    strip_columns,
)
from support.screen_text import TEXTS

DRAWN = TEXTS.map(Emoji().fit)
FAMILY = "👨\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("text", "wide"),
    [("", 0), ("abc", 3), ("日本", 4), (FAMILY, 2), ("é", 1), ("e\u0301", 1), ("❤\ufe0f", 2)],
)
def test_columns_count_whole_clusters(text: str, wide: int) -> None:
    assert columns(text) == wide


@pytest.mark.parametrize(
    ("text", "cols", "left"),
    [
        ("hello", 3, "hel"),
        ("日本", 3, "日"),
        ("日本", 1, ""),
        (FAMILY + "x", 2, FAMILY),
        ("0\u1062", 1, "0"),
        ("x", 0, ""),
        ("x", -3, ""),
    ],
)
def test_cutting_never_halves_a_wide_character(text: str, cols: int, left: str) -> None:
    assert cut(text, cols) == left


@pytest.mark.parametrize(
    ("text", "cols", "shown"),
    [("hello", 5, "hello"), ("hello", 4, "hel…"), ("日本語", 4, "日…"), ("hello", 1, "…"), ("hello", 0, "")],
)
def test_a_shortened_text_ends_in_an_ellipsis(text: str, cols: int, shown: str) -> None:
    assert shorten(text, cols) == shown


def test_right_alignment_fills_to_the_left() -> None:
    assert right_aligned("ada", 6) == "   ada"
    assert right_aligned("margaret", 6) == "marga…"


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), DRAWN)), st.integers(0, 60))
def test_a_strip_is_always_exactly_so_wide(spans: list[tuple[str | None, str]], cols: int) -> None:
    assert strip_columns(strip(spans, cols)) == cols


def test_a_strip_keeps_the_styles_of_its_spans_and_fills_on_the_ground() -> None:
    assert strip([("a", "xy"), ("b", "z")], 5, "g") == [
        (urwid.LayeredAttr("a", "g"), None, b"xy"),
        (urwid.LayeredAttr("b", "g"), None, b"z"),
        ("g", None, b"  "),
    ]


def test_layers_without_a_partner_stay_plain() -> None:
    assert layered("a", None) == "a"
    assert layered(None, "g") == "g"
    assert layered(None, None) is None


@given(DRAWN, st.integers(0, 30), st.integers(0, 30))
def test_a_part_of_a_strip_is_exactly_as_wide_as_asked(text: str, first: int, count: int) -> None:
    line = strip([("a", text)], 60)
    assert strip_columns(cut_strip(line, first, count)) == count


def test_a_wide_character_at_the_edge_of_a_part_leaves_a_blank() -> None:
    line = strip([("a", "日本")], 4)
    assert plain(cut_strip(line, 1, 2)) == "  "
    assert plain(cut_strip(line, 1, 3)) == " 本"


def test_a_box_is_laid_over_lines_and_wide_characters_under_its_edge_vanish() -> None:
    below = [strip([("a", "日本語日本")], 10) for _ in range(3)]
    lines = laid_over(below, [strip([("b", "[]")], 2)], 3, 1, 10)
    assert [plain(line) for line in lines] == ["日本語日本", "日 [] 日本", "日本語日本"]


def test_rules_and_blanks_of_no_width_are_empty() -> None:
    assert rule(0, "x") == blank(0) == []
    assert plain(rule(3, "x")) == "───"
