import pytest

from chatroom.client.themes.styles import Style
from chatroom.client.ui.dialog_list import DialogList, dialog_line, grounded, on_dialog
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import plain, strip, strip_columns
from chatroom.client.viewmodel.dialogs import Dialog, DialogKind, DialogRow

LONG = "says what it does in more words than there is room for in one line of this box"


def read(*rows: DialogRow) -> Dialog:
    return Dialog(DialogKind.HELP, 1, "Help", rows=rows)


def pair(key: str, does: str) -> DialogRow:
    return DialogRow(((Style.DIALOG_KEY, key), (Style.TEXT, does)))


def heading(text: str) -> DialogRow:
    return DialogRow(((Style.DIALOG_HEADING, text),), is_heading=True)


def choose(count: int, selected: int) -> Dialog:
    rows = tuple(DialogRow(((Style.TEXT, f"row{number}"),)) for number in range(count))
    return Dialog(DialogKind.SWITCHER, 1, "Go to", rows=rows, selected=selected)


def picture(shown: DialogList, dialog: Dialog, cols: int, rows: int) -> list[str]:
    return [plain(line).rstrip() for line in shown.draw(dialog, cols, rows)]


def test_what_is_only_read_is_wrapped_beside_its_first_column() -> None:
    dialog = read(pair("/join      ", LONG), pair("/a command of very many words itself", "x"))
    assert picture(DialogList(Emoji()), dialog, 46, 9) == [
        "/join      says what it does in more words",
        "           than there is room for in one line",
        "           of this box",
        "/a command of very many words itself",
        "           x",
    ]


def test_each_section_has_columns_of_its_own() -> None:
    dialog = read(
        heading("Commands"),
        pair("/join       ", "joins"),
        heading("Keys"),
        pair("F1 ", "helps"),
        pair("F2 ", "finds"),
    )
    assert picture(DialogList(Emoji()), dialog, 40, 9) == [
        "Commands",
        "/join       joins",
        "Keys",
        "F1 helps",
        "F2 finds",
    ]


def test_what_is_only_read_scrolls_by_lines_and_not_beyond_its_ends() -> None:
    shown = DialogList(Emoji())
    dialog = read(*(pair(f"F{number:02} ", "does it") for number in range(30)))
    assert picture(shown, dialog, 40, 10)[0] == "F00 does it"
    shown.scroll(3)
    assert picture(shown, dialog, 40, 10)[0] == "F03 does it"
    shown.scroll_pages(100)
    assert picture(shown, dialog, 40, 10)[-1] == "F29 does it"
    shown.scroll_pages(-100)
    assert picture(shown, dialog, 40, 10)[0] == "F00 does it"


def test_the_chosen_row_is_always_in_view() -> None:
    shown = DialogList(Emoji())
    for selected in (0, 5, 19, 18, 3, 0):
        lines = picture(shown, choose(20, selected), 20, 6)
        assert f"row{selected}" in lines
        assert len(lines) == 6


def test_the_thumb_goes_from_the_top_to_the_bottom() -> None:
    shown = DialogList(Emoji())
    shown.draw(choose(20, 0), 20, 5)
    assert list(shown.thumb) == [0]
    shown.draw(choose(20, 19), 20, 5)
    assert list(shown.thumb) == [4]
    shown.draw(choose(5, 0), 20, 5)
    assert list(shown.thumb) == []


@pytest.mark.parametrize("rows", [0, 1, 3])
@pytest.mark.parametrize("selected", [-1, 0, 4])
def test_with_hardly_any_room_what_fits_is_shown(rows: int, selected: int) -> None:
    lines = DialogList(Emoji()).draw(choose(5, selected), 8, rows)
    assert len(lines) == rows
    assert all(strip_columns(line) == 8 for line in lines)


def test_a_line_lies_on_the_ground_of_the_dialog() -> None:
    assert all("dialog" in str(attr) for attr, _, _ in dialog_line(((Style.URL, "x"),), 5))
    assert grounded(strip((), 2), "g") == [("g", None, b"  ")]
    assert on_dialog(Style.TEXT) is Style.DIALOG_TEXT
    assert on_dialog(Style.URL) is Style.URL


def test_the_right_end_of_a_row_has_what_the_left_leaves_and_half_in_any_case() -> None:
    def row(left: str) -> str:
        rows = (DialogRow(((Style.TEXT, left),), right="this device · since 16:48"),)
        return picture(DialogList(Emoji()), Dialog(DialogKind.DEVICES, 1, "Devices", rows=rows), 40, 1)[0]

    assert row("vm  key 0af25") == "vm  key 0af25  this device · since 16:48"
    assert row("a device with a long name") == "a device with a lo… this device · since…"
