import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.ui.editor import TEXT_CHARS_MAX, Editor
from chatroom.client.ui.strips import plain, strip_columns
from support.screen_text import MESSAGES


def typed(text: str, **options: object) -> Editor:
    editor = Editor(**options)  # type: ignore[arg-type]
    for char in text:
        editor.press(char)
    return editor


def picture(editor: Editor, cols: int, rows: int = 6) -> list[str]:
    strips, (x, y) = editor.draw(cols, rows, "s")
    lines = [plain(line) for line in strips]
    lines[y] = lines[y][:x] + "▏" + lines[y][x + 1 :]
    return [line.rstrip() for line in lines]


def test_what_is_typed_stands_before_the_cursor() -> None:
    assert picture(typed("say hi"), 10) == ["say hi▏"]


def test_a_long_text_goes_on_in_the_next_row() -> None:
    assert picture(typed("one two three"), 9) == ["one two", "three▏"]


def test_blanks_at_the_end_are_seen_as_they_are_typed() -> None:
    assert picture(typed("ab  "), 10) == ["ab  ▏"]


def test_the_last_column_stays_free_for_the_cursor() -> None:
    assert picture(typed("12345678"), 9) == ["12345678▏"]
    assert picture(typed("123456789"), 9) == ["12345678", "9▏"]


def test_up_and_down_move_over_broken_lines_and_end_at_the_edges() -> None:
    editor = typed("one two three")
    picture(editor, 9)
    assert editor.press("up")
    assert picture(editor, 9) == ["one t▏o", "three"]
    assert not editor.press("up")
    assert editor.press("down")
    assert not editor.press("down")


def test_more_rows_than_there_is_room_for_scroll_with_the_cursor() -> None:
    editor = Editor()
    editor.insert("a\nb\nc\nd")
    assert picture(editor, 9, rows=2) == ["c", "d▏"]
    editor.press("up")
    editor.press("up")
    assert picture(editor, 9, rows=2) == ["b▏", "c"]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (["ctrl w"], "one "),
        (["meta backspace"], "one two-"),
        (["ctrl u"], ""),
        (["ctrl a", "ctrl k"], ""),
        (["ctrl a", "meta d"], " two-three"),
        (["ctrl w", "ctrl a", "ctrl y"], "two-threeone "),
        (["ctrl a", "ctrl d"], "ne two-three"),
        (["ctrl b", "ctrl b", "x"], "one two-thrxee"),
        (["ctrl left", "x"], "one two-xthree"),
        (["meta b", "x"], "one two-xthree"),
        (["home", "x"], "xone two-three"),
        (["ctrl e", "x"], "one two-threex"),
        (["ctrl u", "ctrl _"], "one two-three"),
    ],
)
def test_readline_keys_do_what_they_do_everywhere(keys: list[str], text: str) -> None:
    editor = typed("one two-three")
    picture(editor, 40)
    for key in keys:
        editor.press(key)
    assert editor.text == text


def test_a_family_is_deleted_by_one_key() -> None:
    editor = Editor()
    editor.insert("hi 👨\u200d👩\u200d👧\u200d👦")
    editor.press("backspace")
    assert editor.text == "hi "


def test_a_paste_is_one_step_of_undo() -> None:
    editor = typed("see ")
    editor.press("left")
    editor.press("right")
    editor.insert("line one\nline two")
    assert editor.text == "see line one\nline two"
    editor.press("ctrl _")
    assert editor.text == "see "


def test_a_text_taken_over_can_be_undone_and_a_reset_cannot() -> None:
    editor = typed("mine")
    editor.take_over("theirs", 2)
    assert (editor.text, editor.cursor) == ("theirs", 2)
    editor.press("ctrl _")
    assert editor.text == "mine"
    editor.reset("new")
    editor.press("ctrl _")
    assert (editor.text, editor.cursor) == ("new", 3)


def test_a_text_of_one_line_takes_no_new_line() -> None:
    assert not typed("x", is_multiline=False).press("enter")


def test_completion_goes_forth_and_back_and_any_other_key_ends_it() -> None:
    editor = typed("a", completer=lambda text, cursor: [("ada ", 4), ("adam ", 5)])
    assert editor.completion is None
    assert editor.complete(1)
    assert editor.text == "ada "
    assert editor.completion == ([("a", 1), ("ada ", 4), ("adam ", 5)], 1)
    editor.complete(1)
    assert editor.text == "adam "
    editor.complete(-1)
    assert editor.text == "ada "
    editor.press("x")
    assert editor.text == "ada x"
    assert editor.completion is None


def test_without_a_way_to_complete_nothing_happens() -> None:
    editor = typed("a", completer=lambda text, cursor: [])
    assert not editor.complete(1)
    assert editor.text == "a"


def test_there_is_a_limit_to_the_text() -> None:
    editor = Editor()
    editor.insert("x" * (TEXT_CHARS_MAX + 10))
    assert len(editor.text) == TEXT_CHARS_MAX
    assert not editor.press("y")


KEYS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "left",
                "right",
                "up",
                "down",
                "home",
                "end",
                "backspace",
                "delete",
                "enter",
                "ctrl w",
                "ctrl _",
                "ctrl k",
            ]
        ),
        st.sampled_from("ab 日"),
    ),
    max_size=30,
)


@given(MESSAGES, KEYS, st.integers(1, 60), st.integers(1, 8))
def test_the_cursor_is_always_in_view_and_every_line_exactly_so_wide(
    text: str, keys: list[str], cols: int, rows: int
) -> None:
    editor = Editor()
    editor.insert(text)
    for key in keys:
        editor.press(key)
        strips, (x, y) = editor.draw(cols, rows, "s")
        assert 1 <= len(strips) <= rows
        assert {strip_columns(line) for line in strips} == {cols}
        assert 0 <= x < cols
        assert 0 <= y < len(strips)
