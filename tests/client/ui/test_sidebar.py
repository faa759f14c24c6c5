from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.sidebar import draw_sidebar
from chatroom.client.ui.strips import plain, strip_columns
from chatroom.client.viewmodel.rows import SidebarRow
from support.screen_text import TEXTS

ROOMS = [
    SidebarRow(11, 1, "#lobby", is_current=True),
    SidebarRow(12, 2, "#algorithms", unread=7),
    SidebarRow(13, 3, "#homework", unread=12, mentions=2),
    SidebarRow(14, 4, "#random", has_draft=True),
    SidebarRow(15, 0, "#staff", is_invitation=True),
    SidebarRow(16, 5, "@ada", is_direct=True, presence="online"),
    SidebarRow(17, 6, "@grace", is_direct=True, presence="away", unread=1, mentions=1),
]


def picture(rows: list[SidebarRow], cols: int, height: int) -> list[str]:
    return [plain(line.strip).rstrip() for line in draw_sidebar(rows, cols, height, Emoji())]


def test_rooms_invitations_and_direct_rooms_stand_under_headings() -> None:
    assert picture(ROOMS, 20, 14) == [
        " ROOMS",
        " 1 #lobby",
        " 2 #algorithms    7",
        " 3 #homework  12  2",
        " 4 #random        …",
        "",
        " INVITATIONS",
        "   #staff",
        "",
        " DIRECT",
        " 5 ● ada",
        " 6 ◐ grace        1",
        "",
        "",
    ]


def test_a_long_title_is_shortened_before_its_count() -> None:
    row = SidebarRow(1, 1, "#release-planning", unread=12)
    assert picture([row], 16, 2)[1] == " 1 #releas…  12"


def test_a_mention_does_not_hide_how_much_is_new() -> None:
    row = SidebarRow(1, 1, "#algorithms", unread=4, mentions=1)
    [_, line] = draw_sidebar([row], 16, 2, Emoji())
    assert plain(line.strip).rstrip() == " 1 #algo…  4  1"
    assert [style for style, _, _ in line.strip][-2:] == [Style.BADGE_UNREAD, Style.BADGE_MENTION]
    assert picture([row], 15, 2)[1] == " 1 #algori…  1"
    assert picture([SidebarRow(1, 1, "#lobby", unread=2, mentions=2)], 20, 2)[1] == " 1 #lobby         2"


def test_a_count_that_stopped_says_that_there_may_be_more() -> None:
    row = SidebarRow(1, 1, "#algorithms", unread=99, mentions=98)
    assert picture([row], 24, 2)[1] == " 1 #algorithms  99+  98"


def test_a_narrow_sidebar_leaves_the_numbers_out() -> None:
    assert picture(ROOMS[:2], 12, 3) == [" ROOMS", " #lobby", " #algor…  7"]


def test_each_line_knows_its_room() -> None:
    lines = draw_sidebar(ROOMS, 20, 12, Emoji())
    assert [line.room for line in lines] == [0, 11, 12, 13, 14, 0, 0, 15, 0, 0, 16, 17]


def test_a_list_longer_than_the_pane_shows_the_current_room_and_counts_the_rest() -> None:
    rooms = [SidebarRow(number, 0, f"#room{number}", is_current=number == 20) for number in range(1, 41)]
    shown = picture(rooms, 20, 9)
    assert shown[0] == " ▴ 16 more"
    assert shown[4] == "   #room20"
    assert shown[-1] == " ▾ 17 more"


def test_what_is_beyond_the_edge_says_that_something_is_unread_there() -> None:
    rooms = [SidebarRow(n, 0, f"#r{n}", is_current=n == 1, mentions=n == 30) for n in range(1, 31)]
    assert "badge_mention" in str(draw_sidebar(rooms, 20, 8, Emoji())[-1].strip)


@given(
    st.lists(
        st.builds(
            SidebarRow,
            st.integers(1, 50),
            st.integers(0, 10),
            TEXTS,
            unread=st.integers(0, 99),
            mentions=st.integers(0, 99),
            is_current=st.booleans(),
            is_invitation=st.booleans(),
            is_direct=st.booleans(),
            presence=st.sampled_from(["", "online", "away", "offline"]),
        ),
        max_size=12,
    ),
    st.integers(1, 40),
    st.integers(0, 20),
)
def test_any_rooms_fill_any_pane_exactly(rows: list[SidebarRow], cols: int, height: int) -> None:
    lines = draw_sidebar(rows, cols, height, Emoji())
    assert len(lines) == height
    assert {strip_columns(line.strip) for line in lines} <= {cols}
