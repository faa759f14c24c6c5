from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.themes.styles import Style
from chatroom.client.ui.dialogs import DialogPane, DrawnDialog
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import plain, strip_columns
from chatroom.client.viewmodel.dialogs import Choice, Dialog, DialogKind, DialogRow, Field
from support.screen_text import TEXTS

QUIT = Dialog(
    DialogKind.QUIT,
    1,
    "Quit?",
    text=(((Style.TEXT, "2 messages wait to be stored."),),),
    choices=(Choice("y", "Yes, quit"), Choice("n", "No")),
    note="Esc closes",
)
SWITCHER = Dialog(
    DialogKind.SWITCHER,
    2,
    "Find a room",
    fields=(Field("", "", placeholder="letters of its name"),),
    rows=tuple(DialogRow(((Style.TEXT, f"#room{n}"),), right=f"{n} here") for n in range(20)),
    selected=0,
)
HELP = Dialog(
    DialogKind.HELP,
    3,
    "Help",
    rows=tuple(DialogRow(((Style.DIALOG_KEY, f"F{n}"), (Style.TEXT, f"  does {n}"))) for n in range(30)),
)
FIRST_RUN = Dialog(
    DialogKind.FIRST_RUN,
    4,
    "Welcome",
    text=(((Style.TEXT, "Choose a handle."),),),
    fields=(Field("Handle", "an a", fault="may not hold blanks"), Field("Server", "", "host:port#pin")),
)


def shown(dialog: Dialog, cols: int = 60, rows: int = 20) -> tuple[DialogPane, DrawnDialog]:
    pane = DialogPane(Emoji())
    pane.show(dialog)
    drawn = pane.draw(cols, rows)
    assert drawn is not None
    return pane, drawn


def picture(drawn: DrawnDialog) -> list[str]:
    return [plain(line) for line in drawn.strips]


def test_a_question_has_title_text_buttons_and_note() -> None:
    _, drawn = shown(QUIT)
    assert picture(drawn) == [
        "╭─ Quit? ──────────────────────────────╮",
        "│ 2 messages wait to be stored.        │",
        "│                                      │",
        "│  y Yes, quit    n No                 │",
        "╰───────────────────────── Esc closes ─╯",
    ]
    assert (drawn.area.left, drawn.area.top) == (10, 7)


def test_a_button_is_found_where_it_is_drawn() -> None:
    pane, drawn = shown(QUIT)
    row = drawn.area.top + 3
    line = picture(drawn)[3]
    yes, no = drawn.area.left + line.index("Yes"), drawn.area.left + line.index("No")
    first, second = pane.choice_at(yes, row), pane.choice_at(no, row)
    assert first is not None
    assert second is not None
    assert (first.letter, second.letter) == ("y", "n")
    assert pane.choice_at(yes, row - 1) is None


def test_a_list_shows_the_chosen_row_and_its_right_end() -> None:
    pane, drawn = shown(SWITCHER, rows=12)
    assert "│ #room0" in picture(drawn)[3]
    assert picture(drawn)[3].rstrip("│▐ ").endswith("0 here")
    assert "selected" in str(drawn.strips[3])
    pane.show(replace(SWITCHER, selected=15))
    again = pane.draw(60, 12)
    assert again is not None
    assert "#room15" in "".join(picture(again))
    assert pane.row_at(again.area.top + again.area.rows - 2) == 15


def test_fields_have_labels_faults_and_the_cursor() -> None:
    pane, drawn = shown(FIRST_RUN)
    lines = picture(drawn)
    assert lines[3].startswith("│ Handle an a")
    assert "may not hold blanks" in lines[4]
    assert lines[5].startswith("│ Server host:port#pin")
    assert drawn.cursor == (drawn.area.left + 2 + 7 + 4, drawn.area.top + 3)
    assert pane.focused is not None
    assert pane.focused[0] == 0


def test_the_cursor_follows_the_focus() -> None:
    pane, drawn = shown(replace(FIRST_RUN, focus=1))
    assert drawn.cursor == (drawn.area.left + 2 + 7, drawn.area.top + 5)
    assert pane.focused is not None
    assert pane.focused[0] == 1


def test_what_is_typed_into_a_field_stays_until_the_model_changes_it() -> None:
    pane, _ = shown(FIRST_RUN)
    pane.editors[0].press("!")
    pane.show(FIRST_RUN)
    assert pane.editors[0].text == "an a!"
    pane.show(replace(FIRST_RUN, revision=1, fields=(Field("Handle", "ana"), FIRST_RUN.fields[1])))
    assert pane.editors[0].text == "ana"
    pane.show(replace(FIRST_RUN, identity=9))
    assert pane.editors[0].text == "an a"


def test_a_closed_dialog_is_not_drawn() -> None:
    pane, _ = shown(QUIT)
    pane.show(None)
    assert pane.draw(60, 20) is None
    assert pane.focused is None


def test_a_warning_has_edges_of_another_colour() -> None:
    _, drawn = shown(replace(QUIT, is_alarm=True))
    assert "dialog_warning" in str(drawn.strips[0])


LINES = st.lists(
    st.tuples(st.sampled_from([Style.TEXT, Style.URL]), TEXTS).map(lambda span: (span,)), max_size=4
)


@given(
    TEXTS,
    LINES,
    st.lists(st.builds(Field, TEXTS, TEXTS, TEXTS, TEXTS), max_size=3),
    st.lists(st.builds(DialogRow, LINES.map(lambda lines: lines[0] if lines else ()), TEXTS), max_size=30),
    st.integers(-1, 29),
    st.lists(st.builds(Choice, st.sampled_from("yn"), TEXTS), max_size=3),
    st.integers(1, 120),
    st.integers(1, 40),
)
def test_any_dialog_fits_any_screen(
    title: str,
    text: list[tuple[tuple[Style, str]]],
    fields: list[Field],
    rows: list[DialogRow],
    selected: int,
    choices: list[Choice],
    cols: int,
    height: int,
) -> None:
    dialog = Dialog(
        DialogKind.HELP, 1, title, tuple(text), tuple(fields), 0, 0, tuple(rows),
        min(selected, len(rows) - 1), tuple(choices), 0, title,
    )  # fmt: skip
    pane = DialogPane(Emoji())
    pane.show(dialog)
    drawn = pane.draw(cols, height)
    if drawn is None:
        assert cols < 3 or height < 3
        return
    assert {strip_columns(line) for line in drawn.strips} == {drawn.area.cols}
    assert len(drawn.strips) == drawn.area.rows <= height
    assert drawn.area.left >= 0
    assert drawn.area.left + drawn.area.cols <= cols
    if drawn.cursor is not None:
        assert drawn.area.holds(*drawn.cursor)
