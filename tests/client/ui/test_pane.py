from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.pane import CACHED_ROWS, MessagePane, Viewport
from chatroom.client.ui.strips import plain, strip_columns
from chatroom.client.viewmodel.rows import RowKind
from support.rows import Rows, message, note
from support.screen_text import MESSAGES


def beginning() -> Rows:
    return Rows([note(0, "", "#lobby begins here", RowKind.BEGINNING)])


def numbered(count: int, lines: int = 1) -> Rows:
    rows = beginning()
    rows.rows += [message(seq, "ada", "\n".join([f"m{seq}"] * lines)) for seq in range(1, count + 1)]
    return rows


def a_pane() -> MessagePane:
    pane = MessagePane(Emoji())
    pane.show_room(1)
    return pane


def seen(pane: MessagePane, rows: Rows, cols: int = 46, height: int = 5) -> list[str]:
    """The texts in view, without time and handle."""
    return [plain(line)[16:].strip(" ▐") for line in pane.draw(rows, cols, height)]


def follows(pane: MessagePane) -> bool:
    return pane.viewport is not None and pane.viewport.is_at_end


def test_a_new_pane_shows_the_end_and_follows_it() -> None:
    pane, rows = a_pane(), numbered(10)
    assert seen(pane, rows) == ["m6", "m7", "m8", "m9", "m10"]
    rows.rows.append(message(11, "ada", "m11"))
    assert seen(pane, rows) == ["m7", "m8", "m9", "m10", "m11"]
    assert follows(pane)


def test_few_messages_stand_at_the_bottom() -> None:
    assert seen(a_pane(), numbered(2), height=5) == ["", "", "#lobby begins here", "m1", "m2"]


def test_a_message_of_several_rows_is_wholly_in_view_when_it_arrives() -> None:
    pane, rows = a_pane(), numbered(5)
    seen(pane, rows)
    rows.rows.append(message(6, "ada", "a\nb\nc"))
    assert seen(pane, rows) == ["m4", "m5", "a", "b", "c"]


def test_a_message_taller_than_the_pane_shows_its_end_and_scrolls_by_rows() -> None:
    pane, rows = a_pane(), numbered(0)
    rows.rows.append(message(1, "ada", "\n".join("abcdefg")))
    assert seen(pane, rows, height=3) == ["e", "f", "g"]
    pane.scroll(1)
    assert seen(pane, rows, height=3) == ["d", "e", "f"]
    pane.scroll(2)
    assert seen(pane, rows, height=3) == ["b", "c", "d"]


def test_scrolling_moves_by_exact_lines_over_messages_of_many_rows() -> None:
    pane, rows = a_pane(), numbered(10, lines=3)
    first = seen(pane, rows, height=6)
    pane.scroll(1)
    assert seen(pane, rows, height=6)[1:] == first[:-1]
    pane.scroll(-1)
    assert seen(pane, rows, height=6) == first
    assert follows(pane)


def test_a_scrolled_view_stays_when_messages_arrive() -> None:
    pane, rows = a_pane(), numbered(20)
    seen(pane, rows)
    pane.scroll(4)
    before = seen(pane, rows)
    rows.rows += [message(seq, "ada", f"m{seq}\nmore") for seq in range(21, 40)]
    assert seen(pane, rows) == before
    assert not follows(pane)


def test_a_scrolled_view_stays_when_older_messages_load_above() -> None:
    pane = a_pane()
    rows = Rows([note(99, "", "loading", RowKind.LOADING)])
    rows.rows += [message(seq, "ada", f"m{seq}") for seq in range(100, 110)]
    seen(pane, rows)
    pane.scroll(100)
    assert seen(pane, rows) == ["loading", "m100", "m101", "m102", "m103"]
    older = [message(seq, "ada", f"m{seq}", day="Sunday" if seq == 50 else "") for seq in range(50, 100)]
    rows.rows[0:1] = [note(49, "", "loading", RowKind.LOADING), *older]
    assert seen(pane, rows) == ["m99", "m100", "m101", "m102", "m103"]


def test_a_view_at_the_very_beginning_stays_when_the_day_line_above_it_goes() -> None:
    pane = a_pane()
    rows = Rows([note(9, "", "loading", RowKind.LOADING), message(10, "ada", "m10", day="Sunday")])
    rows.rows += [message(seq, "ada", f"m{seq}") for seq in range(11, 30)]
    pane.scroll(100)
    seen(pane, rows)
    pane.scroll(-2)
    assert seen(pane, rows)[0] == "m10"
    rows.rows[0:2] = [
        note(4, "", "loading", RowKind.LOADING),
        *(message(s, "ada", f"m{s}") for s in range(5, 11)),
    ]
    assert seen(pane, rows)[0] == "m10"


def test_a_scrolled_view_stays_when_it_changes_height_and_follows_when_the_end_comes_into_view() -> None:
    pane, rows = a_pane(), numbered(20)
    seen(pane, rows)
    pane.scroll(3)
    assert seen(pane, rows, height=5)[0] == "m13"
    assert seen(pane, rows, height=7)[0] == "m13"
    assert seen(pane, rows, height=12)[-1] == "m20"
    assert follows(pane)


def test_a_narrower_pane_keeps_the_row_at_its_top() -> None:
    pane, rows = a_pane(), numbered(0)
    rows.rows += [message(seq, "ada", f"m{seq} " + "word " * 12) for seq in range(1, 30)]
    seen(pane, rows, cols=80)
    pane.scroll(9)
    top = seen(pane, rows, cols=80)[0].split()[0]
    assert seen(pane, rows, cols=44)[0].split()[0] == top


def test_the_beginning_and_the_end_are_one_step_away() -> None:
    pane, rows = a_pane(), numbered(50)
    seen(pane, rows)
    pane.to_beginning(rows)
    assert seen(pane, rows)[0] == "#lobby begins here"
    pane.to_end()
    assert seen(pane, rows)[-1] == "m50"


def test_nothing_scrolls_beyond_the_beginning() -> None:
    pane, rows = a_pane(), numbered(10)
    pane.scroll(1000)
    assert seen(pane, rows)[0] == "#lobby begins here"
    pane.scroll(-1)
    assert seen(pane, rows)[0] == "m1"


def test_pages_overlap_by_two_lines() -> None:
    pane, rows = a_pane(), numbered(50)
    last = seen(pane, rows, height=10)
    pane.scroll_pages(1)
    assert seen(pane, rows, height=10)[-2:] == last[:2]


def test_a_row_asked_for_comes_to_the_middle_and_stays_where_it_is_when_in_view() -> None:
    pane, rows = a_pane(), numbered(50)
    seen(pane, rows)
    pane.bring_into_view((20,))
    assert seen(pane, rows) == ["m18", "m19", "m20", "m21", "m22"]
    pane.bring_into_view((21,))
    assert seen(pane, rows) == ["m18", "m19", "m20", "m21", "m22"]


def test_the_last_row_asked_for_makes_the_pane_follow() -> None:
    pane, rows = a_pane(), numbered(50)
    pane.to_beginning(rows)
    seen(pane, rows)
    pane.bring_into_view((50,))
    assert seen(pane, rows)[-1] == "m50"
    assert follows(pane)


def test_another_room_is_shown_at_its_end() -> None:
    pane, rows = a_pane(), numbered(50)
    pane.scroll(20)
    seen(pane, rows)
    pane.show_room(2)
    assert seen(pane, numbered(9))[-1] == "m9"


def test_the_column_of_handles_widens_for_a_long_one_and_does_not_shrink_again() -> None:
    pane, rows = a_pane(), numbered(3)
    assert plain(pane.draw(rows, 64, 3)[2])[16:18] == "m3"
    rows.rows.append(message(4, "bartholomew", "hello"))
    assert [plain(line)[7:24] for line in pane.draw(rows, 64, 2)] == [
        "        ada m3   ",
        "bartholomew hello",
    ]
    rows.rows += [message(seq, "ada", "x") for seq in range(5, 15)]
    assert plain(pane.draw(rows, 64, 1)[0])[7:20] == "        ada x"


def test_the_scroll_bar_is_at_the_bottom_when_following_and_at_the_top_at_the_beginning() -> None:
    pane, rows = a_pane(), numbered(100)
    bar = [plain(line)[-1] for line in pane.draw(rows, 40, 10)]
    assert bar == [" "] * 9 + ["▐"]
    pane.to_beginning(rows)
    assert [plain(line)[-1] for line in pane.draw(rows, 40, 10)] == ["▐"] + [" "] * 9


def test_there_is_no_thumb_when_everything_is_in_view() -> None:
    assert all(plain(line)[-1] == " " for line in a_pane().draw(numbered(3), 40, 10))


def test_a_place_on_the_scroll_bar_leads_to_that_share_of_the_rows() -> None:
    pane, rows = a_pane(), numbered(100)
    seen(pane, rows)
    pane.to_share(rows, 0.5)
    assert seen(pane, rows)[0] == "m50"
    pane.to_share(rows, 0.0)
    assert seen(pane, rows)[0] == "#lobby begins here"
    pane.to_share(rows, 1.0)
    assert seen(pane, rows)[-1] == "m100"


def test_the_viewport_says_which_rows_are_in_view() -> None:
    pane, rows = a_pane(), numbered(20)
    assert pane.viewport is None
    seen(pane, rows)
    assert pane.viewport == Viewport(16, 20, is_at_end=True)
    pane.scroll(3)
    seen(pane, rows)
    assert pane.viewport == Viewport(13, 17, is_at_end=False)


def test_a_click_finds_the_row_it_hits() -> None:
    pane, rows = a_pane(), numbered(5, lines=2)
    seen(pane, rows)
    assert [pane.row_at(line) for line in range(-1, 6)] == [None, 3, 4, 4, 5, 5, None]


def test_a_changed_row_is_drawn_anew() -> None:
    pane, rows = a_pane(), numbered(3)
    seen(pane, rows)
    rows.rows[3] = replace(rows.rows[3], lines=(((Style.TEXT, "edited"),),))
    assert seen(pane, rows)[-1] == "edited"


def test_the_chosen_row_lies_on_its_ground_and_off_it_again() -> None:
    pane, rows = a_pane(), numbered(3)
    pane.selected = (3,)
    assert "selected" in str(pane.draw(rows, 40, 3)[2])
    pane.selected = None
    assert "selected" not in str(pane.draw(rows, 40, 3)[2])


def test_a_hundred_thousand_rows_cost_no_more_than_a_screen_of_them() -> None:
    pane, rows = a_pane(), numbered(100_000)
    for _ in range(30):
        pane.scroll(7)
        pane.draw(rows, 80, 24)
    assert rows.asked < 30 * 40
    assert len(pane._cache) <= CACHED_ROWS


def test_no_more_rows_are_kept_drawn_than_said() -> None:
    pane, rows = a_pane(), numbered(3000)
    for _ in range(200):
        pane.scroll(10)
        pane.draw(rows, 40, 20)
    assert len(pane._cache) == CACHED_ROWS


def test_an_empty_transcript_is_blank() -> None:
    assert [plain(line) for line in a_pane().draw(Rows([]), 10, 2)] == [" " * 10] * 2


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 5), (11, 3), (12, 3), (300, 100)])
def test_any_size_is_filled_exactly(size: tuple[int, int]) -> None:
    lines = a_pane().draw(numbered(30), *size)
    assert len(lines) == size[1]
    assert {strip_columns(line) for line in lines} == {size[0]}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("scroll"), st.integers(-30, 30)),
        st.tuples(st.just("append"), MESSAGES),
        st.tuples(st.just("prepend"), st.integers(1, 5)),
        st.tuples(st.just("size"), st.tuples(st.integers(1, 90), st.integers(1, 30))),
        st.tuples(st.just("end"), st.none()),
        st.tuples(st.just("top"), st.none()),
        st.tuples(st.just("show"), st.integers(-50, 50)),
    ),
    max_size=12,
)


@settings(max_examples=150)
@given(STEPS)
def test_whatever_happens_the_pane_is_full_and_what_is_read_does_not_move(
    steps: list[tuple[str, object]],
) -> None:
    pane, rows, size = a_pane(), Rows([message(0, "ada", "m0")]), (60, 8)
    first = 0
    for name, value in steps:
        before = [plain(line)[:-1] for line in pane.draw(rows, *size)]
        held = pane._anchor
        match name, value:
            case "scroll", int(lines):
                pane.scroll(lines)
            case "append", str(text):
                rows.rows.append(message(len(rows.rows) + 1000, "grace", text))
            case "prepend", int(count):
                first -= count
                rows.rows[0:0] = [message(first + at, "ada", f"old {at}\nmore") for at in range(count)]
            case "size", (int(cols), int(height)):
                size = (cols, height)
            case "end", _:
                pane.to_end()
            case "top", _:
                pane.to_beginning(rows)
            case "show", int(seq):
                pane.bring_into_view((seq,))
        lines = pane.draw(rows, *size)
        assert len(lines) == size[1]
        assert {strip_columns(line) for line in lines} == {size[0]}
        if name in ("append", "prepend") and held is not None and not follows(pane):
            assert [plain(line)[:-1] for line in lines] == before
