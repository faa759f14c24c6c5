import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.ui.layout import Area, composer_rows_max, place

SIDE = st.sampled_from([None, True, False])


def test_three_panes_on_a_wide_screen() -> None:
    places = place(104, 28, 1)
    assert places.header == Area(0, 0, 104, 1)
    assert places.sidebar == Area(0, 1, 20, 24)
    assert places.transcript == Area(21, 1, 66, 24)
    assert places.members == Area(88, 1, 16, 24)
    assert places.rule == Area(0, 25, 104, 1)
    assert places.composer == Area(0, 26, 104, 1)
    assert places.status == Area(0, 27, 104, 1)


@pytest.mark.parametrize(
    ("cols", "has_rooms", "has_members"),
    [(88, True, True), (87, True, False), (64, True, False), (63, False, False)],
)
def test_side_panes_hide_by_themselves(cols: int, has_rooms: bool, has_members: bool) -> None:
    places = place(cols, 24, 1)
    assert (places.sidebar.is_shown, places.members.is_shown) == (has_rooms, has_members)


def test_a_pane_asked_for_is_shown_while_the_transcript_keeps_room() -> None:
    assert place(50, 24, 1, rooms=True).sidebar.is_shown
    assert not place(40, 24, 1, rooms=True).sidebar.is_shown
    assert not place(200, 24, 1, rooms=False, members=False).members.is_shown


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (1, {"composer"}),
        (2, {"composer", "transcript"}),
        (3, {"composer", "transcript", "status"}),
        (4, {"composer", "transcript", "status", "header"}),
        (5, {"composer", "transcript", "status", "header"}),
        (6, {"composer", "transcript", "status", "header", "rule"}),
    ],
)
def test_with_few_rows_the_composer_goes_last(rows: int, shown: set[str]) -> None:
    places = place(40, rows, 1)
    names = ("composer", "transcript", "status", "header", "rule")
    assert {name for name in names if getattr(places, name).is_shown} == shown


def test_the_composer_grows_to_six_rows_and_to_a_third_of_the_screen() -> None:
    assert composer_rows_max(40) == 6
    assert composer_rows_max(9) == 3
    assert composer_rows_max(1) == 1
    assert place(80, 24, 4).composer.rows == 4


@given(st.integers(1, 300), st.integers(1, 100), st.integers(1, 20), SIDE, SIDE)
def test_the_parts_fill_every_screen_exactly(
    cols: int, rows: int, wanted: int, rooms: bool | None, members: bool | None
) -> None:
    places = place(cols, rows, wanted, rooms=rooms, members=members)
    stacked = [places.header, places.transcript, places.rule, places.composer, places.status]
    assert sum(box.rows for box in stacked) == rows
    tops = [box.top for box in stacked if box.is_shown]
    assert tops == sorted(set(tops))
    beside = [places.sidebar, places.transcript, places.members]
    uprights = places.sidebar.is_shown + places.members.is_shown if places.transcript.rows else 0
    if places.transcript.rows:
        assert sum(box.cols for box in beside) + uprights == cols
    assert places.composer.rows >= 1


def test_a_box_holds_what_lies_in_it() -> None:
    box = Area(2, 3, 4, 5)
    assert box.holds(2, 3)
    assert box.holds(5, 7)
    assert not box.holds(6, 3)
    assert not box.holds(2, 8)
    assert not Area().is_shown
