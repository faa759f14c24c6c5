import pytest

from chatroom.client.ui.composer import Composer
from chatroom.client.ui.strips import plain, strip_columns
from chatroom.client.viewmodel.rows import ComposerView


def a_composer(text: str = "", *, placeholder: str = "", prompt: str = "❯", room: int = 1) -> Composer:
    composer = Composer(lambda text, cursor: [])
    composer.show(ComposerView(text, len(text), 1, prompt, placeholder), room)
    return composer


def picture(composer: Composer, cols: int, rows: int) -> list[str]:
    return [plain(line).rstrip() for line in composer.draw(cols, rows)[0]]


def test_the_prompt_stands_before_the_text_and_later_rows_are_indented() -> None:
    composer = a_composer("one two three four")
    assert composer.rows(14) == 2
    assert picture(composer, 14, 2) == ["❯ one two", "  three four"]


def test_rows_beyond_the_composer_are_pointed_at() -> None:
    composer = a_composer("\n".join("abcdefgh"))
    assert picture(composer, 40, 3) == [" ▴ f", "   g", "   h"]
    for _ in range(4):
        composer.editor.press("up")
    assert picture(composer, 40, 3) == [" ▴ d", "   e", " ▾ f"]
    for _ in range(3):
        composer.editor.press("up")
    assert picture(composer, 40, 3) == [" ❯ a", "   b", " ▾ c"]


def test_on_a_roomy_screen_the_prompt_stands_one_column_in() -> None:
    composer = a_composer("hi")
    assert picture(composer, 40, 1) == [" ❯ hi"]
    assert composer.draw(40, 1)[1] == (5, 0)


def test_an_empty_composer_shows_what_it_is_for() -> None:
    assert picture(a_composer(placeholder="Message #lobby"), 40, 1) == [" ❯ Message #lobby"]


def test_what_the_model_changed_is_taken_over_once() -> None:
    composer = a_composer("draft")
    composer.editor.press("x")
    composer.show(ComposerView("draft", 5, 1, "❯", ""), 1)
    assert composer.editor.text == "draftx"
    composer.show(ComposerView("completed ", 10, 2, "❯", ""), 1)
    assert composer.editor.text == "completed "
    composer.editor.press("ctrl _")
    assert composer.editor.text == "draftx"


def test_another_rooms_draft_cannot_be_undone_into_this_one() -> None:
    composer = a_composer("a secret")
    composer.show(ComposerView("other", 5, 2, "❯", ""), 2)
    composer.editor.press("ctrl _")
    assert composer.editor.text == "other"


@pytest.mark.parametrize("cols", [1, 2, 3, 5, 8, 12, 39, 40, 300])
@pytest.mark.parametrize("rows", [1, 2, 6])
@pytest.mark.parametrize("prompt", ["❯", "a long prompt ❯", ""])
def test_any_size_is_filled_exactly(cols: int, rows: int, prompt: str) -> None:
    composer = a_composer("日本語 text that is longer\nthan one row", prompt=prompt)
    assert composer.rows(cols) >= 1
    strips, (x, y) = composer.draw(cols, rows)
    assert len(strips) == rows
    assert {strip_columns(line) for line in strips} == {cols}
    assert 0 <= x < max(cols, 1)
    assert 0 <= y < rows
