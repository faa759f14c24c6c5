import pytest

from chatroom.client.session.rooms import RoomView
from chatroom.client.viewmodel.numbers import Numbers
from chatroom.client.viewmodel.room_list import (
    activity,
    beside,
    by_name,
    in_sidebar_order,
    most_active,
    sidebar_row,
)
from chatroom.protocol.entries import RoomKind


def view(number: int, title: str, unread: int = 0, mentions: int = 0, *, is_member: bool = True) -> RoomView:
    is_direct = title.startswith("@")
    kind = RoomKind.DIRECT if is_direct else RoomKind.PUBLIC
    name, partner = ("", title[1:]) if is_direct else (title[1:], "")
    inviter = "" if is_member else "bob"
    return RoomView(number, name, kind, title, "", 9, 0, unread, mentions, is_member, inviter, partner, 2)


def test_the_lobby_comes_first_then_rooms_then_invitations_then_people() -> None:
    views = [
        view(1, "@zoe"),
        view(2, "#zoo"),
        view(3, "#secret", is_member=False),
        view(4, "@ada"),
        view(5, "#lobby"),
        view(6, "#dev"),
    ]
    titles = [view.title for view in by_name(views)]
    assert titles == ["#lobby", "#dev", "#zoo", "#secret", "@ada", "@zoe"]


def test_rooms_stand_by_their_numbers_in_three_parts() -> None:
    views = [view(n, title) for n, title in enumerate(("#lobby", "@ada", "#zoo", "#dev"))]
    views.append(view(9, "#secret", is_member=False))
    numbers = Numbers({"#lobby": 1, "#zoo": 2, "@ada": 3, "#secret": 4, "#dev": 5})
    titles = [view.title for view in in_sidebar_order(views, numbers)]
    assert titles == ["#lobby", "#zoo", "#dev", "#secret", "@ada"]


def test_a_number_of_three_digits_has_no_place_in_the_sidebar() -> None:
    rows = [sidebar_row(view(n, f"#r{n}"), n, 10, "", False) for n in (1, 10, 99, 100)]
    assert [row.index for row in rows] == [1, 10, 99, 0]
    assert [row.is_current for row in rows].index(True) == 1


def test_the_next_room_is_found_around_the_ends_and_past_invitations() -> None:
    views = [view(1, "#a"), view(2, "#b", is_member=False), view(3, "#c")]
    assert beside(views, 1, 1) is views[2]
    assert beside(views, 3, 1) is views[0]
    assert beside(views, 1, -1) is views[2]
    assert beside(views, 99, 1) is views[0]
    assert beside([], 1, 1) is None


@pytest.mark.parametrize(
    ("rooms", "title"),
    [
        ([view(1, "#a"), view(2, "#b", 3), view(3, "@c", 1), view(4, "#d", 1, 1)], "#d"),
        ([view(1, "#a"), view(2, "#b", 3), view(3, "@c", 1)], "@c"),
        ([view(1, "#a"), view(2, "#b", 3), view(3, "#c", 9)], "#b"),
        ([view(2, "#b", 3), view(1, "#a"), view(3, "#c", 9)], "#c"),
        ([view(1, "#a", 5, 5), view(2, "#b")], None),
        ([view(1, "#a"), view(2, "#b", 1, is_member=False)], None),
    ],
)
def test_a_mention_is_more_active_than_a_person_and_a_person_than_talk(
    rooms: list[RoomView], title: str | None
) -> None:
    found = most_active(rooms, 1)
    assert (found.title if found is not None else None) == title


def test_activity_names_rooms_by_their_number() -> None:
    rooms = [view(1, "#a", 9), view(2, "#b", 1, 1), view(3, "#c", 4), view(4, "@d", 1), view(5, "#e", 1)]
    rooms.append(view(6, "#f", is_member=False))
    numbers = Numbers({"#a": 1, "#b": 2, "#c": 12, "@d": 4, "#e": 5, "#f": 3})
    assert activity(rooms, 1, numbers, {6}) == "[!2,3,4 ·5,12]"
    assert activity(rooms, 1, numbers, ()) == "[!2,4 ·5,12]"
    assert activity(rooms[:1], 1, numbers, ()) == ""
