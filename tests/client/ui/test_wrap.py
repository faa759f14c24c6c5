import pytest
import urwid
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.ui.strips import columns
from chatroom.client.ui.wrap import wrap_places, wrap_spans
from support.screen_text import TEXTS


def lines(text: str, cols: int, *, is_code: bool = False) -> list[str]:
    wrapped = wrap_spans([("s", text)], cols, is_code=is_code)
    return ["".join(part for _, part in line) for line in wrapped]


@pytest.mark.parametrize(
    ("text", "cols", "expected"),
    [
        ("hello world, this is it", 10, ["hello", "world,", "this is it"]),
        ("fits", 10, ["fits"]),
        ("", 10, [""]),
        ("日本語のテスト: 幅の広い文字も", 12, ["日本語のテス", "ト: 幅の広い", "文字も"]),
        ("幅の広い。次", 8, ["幅の広", "い。次"]),  # no line begins with a full stop
        ("two  blanks", 5, ["two", "blank", "s"]),
        ("    indented code", 12, ["    indented", "code"]),
        ("    indented", 9, ["indented"]),  # no room for the indentation beside the word
        ("https://example.org/a/long/path", 12, ["https://exam", "ple.org/a/lo", "ng/path"]),
        ("see https://example.org/a/long/path", 20, ["see https://example.", "org/a/long/path"]),
        ("a verylongwordindeed", 8, ["a", "verylong", "wordinde", "ed"]),
    ],
)
def test_text_breaks_between_words_and_wide_characters(text: str, cols: int, expected: list[str]) -> None:
    assert lines(text, cols) == expected


def test_code_breaks_at_the_last_column_only() -> None:
    assert lines("for x in y:  pass", 8, is_code=True) == ["for x in", " y:  pas", "s"]


def test_styles_go_on_over_a_break() -> None:
    spans = [("a", "one two"), ("b", " three")]
    assert wrap_spans(spans, 7) == [[("a", "one two")], [("b", "three")]]
    assert wrap_spans(spans, 5) == [[("a", "one")], [("a", "two")], [("b", "three")]]


@given(TEXTS, st.integers(2, 40), st.booleans())
def test_no_line_is_wider_than_asked(text: str, cols: int, is_code: bool) -> None:
    for line in lines(text, cols, is_code=is_code):
        is_one_cluster = urwid.move_next_char(line, 0, len(line)) == len(line) if line else True
        assert columns(line) <= cols or is_one_cluster  # there are clusters of four columns


@given(TEXTS, st.integers(2, 40))
def test_nothing_but_blanks_is_lost(text: str, cols: int) -> None:
    assert "".join(lines(text, cols)).replace(" ", "") == text.replace(" ", "")
    assert "".join(lines(text, cols, is_code=True)) == text


@given(TEXTS, st.integers(1, 40))
def test_places_are_in_order_and_do_not_overlap(text: str, cols: int) -> None:
    places = wrap_places(text, cols)
    flat = [at for place in places for at in place]
    assert places
    assert flat == sorted(flat)
    assert flat[0] >= 0
    assert flat[-1] <= len(text)
