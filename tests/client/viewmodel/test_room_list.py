import pytest

from chatroom.client.session.rooms import RoomView
from chatroom.client.viewmodel.room_list import activity, beside, in_sidebar_order, most_active, sidebar_row
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
    titles = [view.title for view in in_sidebar_order(views)]
    assert titles == ["#lobby", "#dev", "#zoo", "#secret", "@ada", "@zoe"]


def test_the_first_ten_rooms_have_a_number() -> None:
    rows = [sidebar_row(view(n, f"#r{n}"), n, 3, "", False) for n in range(12)]
    assert [row.index for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0]
    assert [row.is_current for row in rows].index(True) == 3


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
    assert activity(rooms, 1) == "[!2,4 ·3,5]"
    assert activity(rooms[:1], 1) == ""
    many = [view(n, f"#r{n}", n // 11) for n in range(14)]
    assert activity(many, 0) == "[·+]"
