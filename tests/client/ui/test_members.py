import pytest

from chatroom.client.themes.styles import Style, handle_style
from chatroom.client.ui.members import draw_members
from chatroom.client.ui.strips import plain, strip_columns
from chatroom.client.viewmodel.rows import MemberRow, MembersView


def member(handle: str, presence: str = "online", mark: str = "") -> MemberRow:
    return MemberRow(handle, handle_style(handle), presence, mark)


VIEW = MembersView(
    "USERS 4", (member("ada", mark="@"), member("grace"), member("ken", "away"), member("x", "offline"))
)


def picture(view: MembersView, cols: int, height: int) -> list[str]:
    return [plain(line.strip).rstrip() for line in draw_members(view, cols, height)]


def test_members_stand_with_presence_and_role() -> None:
    assert picture(VIEW, 16, 6) == [" USERS 4", " ● @ada", " ● grace", " ◐ ken", " ○ x", ""]


@pytest.mark.parametrize(
    ("height", "shown"),
    [
        (5, [" USERS 4", " ● @ada", " ● grace", " ◐ ken", " ○ x"]),
        (4, [" USERS 4", " ● @ada", " ● grace", " and 2 more"]),
        (2, [" USERS 4", " and 4 more"]),
        (1, [" USERS 4"]),
        (0, []),
    ],
)
def test_what_does_not_fit_is_counted(height: int, shown: list[str]) -> None:
    assert picture(VIEW, 16, height) == shown


def test_members_that_were_not_listed_are_counted_too() -> None:
    view = MembersView("USERS 100", VIEW.rows, more=96)
    assert picture(view, 16, 6)[-1] == " and 96 more"
    assert picture(view, 16, 5)[-1] == " and 97 more"
    assert picture(view, 16, 4)[-1] == " and 98 more"


def test_who_is_offline_is_dim() -> None:
    assert str(Style.MEMBER_OFFLINE) in str(draw_members(VIEW, 16, 6)[4].strip)


@pytest.mark.parametrize("cols", range(1, 20))
@pytest.mark.parametrize("height", range(6))
def test_any_size_is_filled_exactly(cols: int, height: int) -> None:
    lines = draw_members(VIEW, cols, height)
    assert len(lines) == height
    assert {strip_columns(line.strip) for line in lines} <= {cols}
