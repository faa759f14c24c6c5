import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import columns, plain, strip_columns
from chatroom.client.ui.transcript import DrawnRow, draw_row, share_out
from chatroom.client.viewmodel.rows import RowKind, TranscriptRow
from support.rows import message, note
from support.screen_text import MESSAGES, TEXTS


def draw(row: TranscriptRow, cols: int, *, is_selected: bool = False) -> DrawnRow:
    share = share_out(cols, 5, max(columns(row.handle), 8))
    return draw_row(row, share, Emoji(), is_selected=is_selected)


def picture(row: TranscriptRow, cols: int) -> list[str]:
    return [plain(line).rstrip() for line in draw(row, cols).strips]


def attributes(row: TranscriptRow, cols: int, *, is_selected: bool = False) -> set[object]:
    return {run[0] for line in draw(row, cols, is_selected=is_selected).strips for run in line}


def test_time_handle_and_text_stand_in_columns() -> None:
    row = message(1, "ada", "morning! the relay is up again")
    assert picture(row, 60) == [" 16:40      ada morning! the relay is up again"]


def test_text_goes_on_under_itself() -> None:
    row = message(1, "grace", "one two three four five six seven eight nine ten eleven")
    assert picture(row, 44) == [
        " 16:40    grace one two three four five six",
        "                seven eight nine ten eleven",
    ]


def test_the_column_of_handles_is_narrower_where_the_text_needs_the_room() -> None:
    assert share_out(100, 5, 16).handle == 17
    assert share_out(100, 5, 8).handle == 9
    assert share_out(50, 5, 16).handle == 11
    assert share_out(30, 5, 16).handle == 9


def test_a_long_handle_is_shortened() -> None:
    row = message(1, "bartholomew", "hi")
    assert draw_row(row, share_out(60, 5, 8), Emoji()).strips[0][2][2] == b"barthol\xe2\x80\xa6"


def test_wide_characters_fill_lines_exactly_and_no_line_begins_with_a_closing_sign() -> None:
    row = message(1, "grace", "日本語のテスト: 幅の広い文字も正しく折り返される？")
    assert picture(row, 40) == [
        " 16:40    grace 日本語のテスト: 幅の広い",
        "                文字も正しく折り返され",
        "                る？",
    ]


def test_the_lines_above_a_message_belong_to_it() -> None:
    row = replace(message(1, "ada", "hi", day="Sunday 21 September"), is_first_unread=True)
    drawn = draw(row, 40)
    assert drawn.above == 2
    assert picture(row, 40) == [
        "───────── Sunday 21 September ──────────",
        "───────────────────────── new messages ─",
        " 16:40      ada hi",
    ]


def test_a_waiting_message_has_a_mark_left_of_the_handle() -> None:
    row = message(1, "me", "yes", kind=RowKind.WAITING, mark="…")
    assert picture(row, 40) == [" 16:40     … me yes"]
    assert picture(replace(row, handle="", time=""), 40) == ["              … yes"]


def test_a_note_is_aligned_with_the_text() -> None:
    assert picture(note(1, "→", "margaret joined"), 40) == [" 16:49        → margaret joined"]


def test_code_has_a_ground_to_the_right_edge_and_keeps_its_indentation() -> None:
    row = message(1, "ken", "if a:\n    b()", is_code=True)
    strips = draw(row, 40).strips
    assert picture(row, 40) == [" 16:40      ken  if a:", "                     b()"]
    assert all(Style.CODE_GROUND in str(line[-1][0]) for line in strips)
    assert columns(plain([run for run in strips[0] if "code_ground" in str(run[0])])) == 24


def test_lines_of_code_stand_among_text() -> None:
    row = message(1, "ken", "look:\nx = 1\nright?", code_lines=frozenset({1}))
    assert picture(row, 40) == [
        " 16:40      ken look:",
        "                 x = 1",
        "                right?",
    ]


def test_a_mention_has_a_bar_and_a_ground() -> None:
    row = message(1, "ada", "@you look", is_mention=True)
    assert picture(row, 40) == ["▌16:40      ada @you look"]
    assert all(Style.MENTION_ROW in str(name) for name in attributes(row, 40))


def test_the_chosen_row_lies_on_the_ground_of_a_choice() -> None:
    row = message(1, "ada", "look", is_mention=True)
    assert all("selected" in str(name) for name in attributes(row, 40, is_selected=True))


def test_narrow_panes_drop_the_time_then_the_column_of_handles() -> None:
    row = message(1, "ada", "hello there")
    assert picture(row, 36) == ["      ada hello there"]
    assert picture(row, 20) == [" ada hello there"]
    assert picture(row, 8) == ["ada", "hello", "there"]


def test_inline_a_message_of_code_still_says_who_wrote_it() -> None:
    row = message(1, "ada", "x = 1", is_code=True)
    assert picture(row, 20) == ["ada", "  x = 1"]


ROWS = st.builds(
    message,
    st.just(1),
    st.from_regex(r"[a-z][a-z0-9_-]{0,23}", fullmatch=True),
    MESSAGES,
    time=st.sampled_from(["", "16:40", "16:40:59 Uhr"]),
    day=st.sampled_from(["", "Sunday 21 September"]),
    mark=st.sampled_from(["", "…", "!"]),
    kind=st.sampled_from(list(RowKind)),
    is_first_unread=st.booleans(),
    is_mention=st.booleans(),
    is_code=st.booleans(),
)


@given(ROWS, st.integers(1, 300), st.integers(0, 12), st.integers(0, 16), st.booleans())
def test_any_row_is_drawn_at_any_width_in_lines_of_exactly_that_width(
    row: TranscriptRow, cols: int, time_cols: int, handle_cols: int, is_selected: bool
) -> None:
    drawn = draw_row(row, share_out(cols, time_cols, handle_cols), Emoji(), is_selected=is_selected)
    assert len(drawn.strips) > drawn.above
    assert {strip_columns(line) for line in drawn.strips} == {cols}


@given(TEXTS)
def test_no_control_character_is_ever_drawn(text: str) -> None:
    row = message(1, "ada", text)
    assert not re.search("[\x00-\x1f\x7f-\x9f]", "".join(plain(line) for line in draw(row, 40).strips))


@pytest.mark.parametrize("cols", [1, 2, 3])
def test_the_smallest_panes_show_something(cols: int) -> None:
    assert plain(draw(message(1, "ada", "hi"), cols).strips[0]).strip()
