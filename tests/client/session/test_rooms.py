import pytest

from chatroom.client.session import rooms
from chatroom.client.session.rooms import Rooms, RoomView
from chatroom.client.session.timeline import Line, Timeline
from chatroom.protocol import limits
from chatroom.protocol.entries import (
    Body,
    EntryKind,
    Joined,
    Left,
    Moderated,
    Posted,
    RoomKind,
    TopicSet,
    Unknown,
)
from chatroom.protocol.packets import ReadMarker, RoomInfo


def info(number: int = 1, name: str = "dev", **fields: object) -> RoomInfo:
    values: dict[str, object] = {"room": number, "name": name, "kind": 0, "topic": "", "first": 1, "head": 0}
    values |= {"member_count": 1, "is_member": True} | fields
    return RoomInfo(**values)  # type: ignore[arg-type]


def direct(number: int, partner: str, **fields: object) -> RoomInfo:
    return info(number, "", kind=RoomKind.DIRECT, partner=partner, **fields)


def line(
    seq: int,
    body: Body | None = None,
    *,
    mention: bool = False,
    own: bool = False,
    kind: EntryKind = EntryKind.POSTED,
) -> Line:
    return Line(1, seq, 0, "bob", kind, body or Posted("hi"), b"", mention, own)


def view(**fields: object) -> RoomView:
    made = Rooms().take(info(**fields))  # type: ignore[arg-type]
    assert made is not None
    return made


def timeline(start: int, *there: Line) -> Timeline:
    made = Timeline(1)
    made.begin(start)
    for one in there:
        made.append(one, is_shown=True)
    return made


@pytest.mark.parametrize(
    ("typed", "title"), [("dev", "#dev"), ("#dev", "#dev"), (" #DEV ", "#dev"), ("@bob", "@bob")]
)
def test_a_room_is_found_by_what_a_person_types(typed: str, title: str) -> None:
    table = Rooms()
    table.take_all([info(), direct(2, "bob")], was_here=False)
    found = table.named(typed)
    assert found is not None
    assert found.title == title


def test_a_room_that_is_not_there_is_not_found() -> None:
    table = Rooms()
    table.take_all([direct(2, "bob")], was_here=False)
    assert table.named("bob") is None
    assert table.named("") is None


def test_all_rooms_at_login_replace_those_before() -> None:
    table = Rooms()
    table.take_all([info(1), info(2, "x"), info(3, "y")], was_here=False)
    assert table.take_all([info(2, "x", unread=4)], was_here=False) == {1, 3}
    assert [found.unread for found in table] == [4]


def test_rooms_that_cannot_be_shown_are_left_out() -> None:
    table = Rooms()
    table.take_all([info(1, "B\x1bd"), info(2)], was_here=False)
    assert list(table.by_number) == [2]
    assert table.take(info(3, "no good")) is None


def test_the_number_of_rooms_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MAX_ROOMS", 2)
    table = Rooms()
    table.take_all([info(number, f"r{number}") for number in range(1, 9)], was_here=False)
    assert len(table.by_number) == 2
    assert table.take(info(9, "r9")) is None
    assert table.take(info(1, "r1", topic="new")) is not None


def test_messages_of_others_after_the_marker_are_unread() -> None:
    room = view(head=5, read=5)
    assert rooms.fold(room, line(6))
    assert rooms.fold(room, line(7, mention=True))
    rooms.fold(room, line(8, own=True))
    assert (room.unread, room.mentions, room.head) == (2, 1, 8)


def test_an_entry_is_counted_once_whether_it_comes_live_or_again() -> None:
    room = view(head=5, unread=3)
    assert not rooms.fold(room, line(5))
    rooms.fold(room, line(6))
    rooms.fold(room, line(6))
    assert room.unread == 4


def test_unread_counts_stop_at_their_limit() -> None:
    room = view(head=5, unread=limits.UNREAD_COUNT)
    rooms.fold(room, line(6))
    assert room.unread == limits.UNREAD_COUNT


@pytest.mark.parametrize("topic", ["\u2800", " \u2800\u3164", "\u200b"])
def test_a_topic_of_which_nothing_is_seen_is_none(topic: str) -> None:
    assert view(topic=topic).topic == ""


def test_topic_and_members_follow_the_entries() -> None:
    room = view(head=5, member_count=2)
    rooms.fold(room, line(6, TopicSet("new")))
    rooms.fold(room, line(7, Joined()))
    rooms.fold(room, line(8, Left()))
    rooms.fold(room, line(9, Left()))
    assert not rooms.fold(room, line(10, Unknown()))
    assert (room.topic, room.member_count, room.head) == ("new", 1, 10)


def test_who_is_kicked_is_no_member_and_who_is_banned_still_is() -> None:
    room = view(head=5, member_count=3)
    assert rooms.fold(room, line(6, Moderated("bob"), kind=EntryKind.KICKED))
    assert not rooms.fold(room, line(7, Moderated("eve"), kind=EntryKind.BANNED))
    assert room.member_count == 2


def test_marking_counts_what_is_left_from_the_timeline() -> None:
    room = view(head=5, unread=3)
    there = timeline(0, line(1), line(2, own=True), line(3), line(4, mention=True), line(5))
    rooms.mark(room, 3, there)
    assert (room.read, room.unread, room.mentions) == (3, 2, 1)
    rooms.mark(room, 5, there)
    assert (room.read, room.unread, room.mentions) == (5, 0, 0)


def test_a_mark_never_goes_back() -> None:
    room = view(head=5, read=4, unread=1)
    rooms.mark(room, 2, timeline(0))
    assert (room.read, room.unread) == (4, 1)


def test_a_mark_at_the_head_leaves_nothing_unread_even_without_a_timeline() -> None:
    room = view(head=5, unread=3, mentions=1)
    rooms.mark(room, 5, None)
    assert (room.unread, room.mentions) == (0, 0)


def test_a_mark_in_what_is_not_here_keeps_the_counts_until_the_server_answers() -> None:
    room = view(head=50, unread=30)
    rooms.mark(room, 20, timeline(40))
    assert (room.read, room.unread) == (20, 30)
    rooms.take_marker(room, ReadMarker(1, 20, 17, 2), timeline(40))
    assert (room.unread, room.mentions) == (17, 2)


def test_a_marker_of_another_device_counts_from_the_timeline_where_that_is_up_to_date() -> None:
    """The server's count may hold entries still on their way, which would then be counted twice."""
    room = view(head=2, unread=2)
    rooms.take_marker(room, ReadMarker(1, 1, 9, 9), timeline(0, line(1), line(2)))
    assert (room.read, room.unread, room.mentions) == (1, 1, 0)


def test_a_marker_while_entries_are_missing_takes_the_count_of_the_server() -> None:
    room = view(head=9, unread=9)
    rooms.take_marker(room, ReadMarker(1, 1, 8, 3), timeline(0, line(1), line(2)))
    assert (room.unread, room.mentions) == (8, 3)


def test_a_late_answer_to_an_earlier_mark_changes_nothing() -> None:
    room = view(head=5, read=5)
    rooms.take_marker(room, ReadMarker(1, 3, 2, 0), None)
    assert (room.read, room.unread) == (5, 0)


def test_counts_of_a_lying_server_are_bounded() -> None:
    room = view(head=9, unread=10**9, mentions=10**9, topic="a\x1b[2Jb\nc")
    assert (room.unread, room.mentions) == (limits.UNREAD_COUNT, limits.UNREAD_COUNT)
    assert room.topic == "a[2Jb c"
    rooms.take_marker(room, ReadMarker(1, 3, 10**9, 10**9), None)
    assert (room.unread, room.mentions) == (limits.UNREAD_COUNT, limits.UNREAD_COUNT)


def test_messages_of_a_direct_room_just_opened_are_news() -> None:
    table = Rooms()
    room = table.take(direct(4, "bob", head=4, unread=1))
    assert room is not None
    assert room.live_after == 0
    again = table.take(direct(4, "bob", head=6, unread=1))
    assert again is not None
    assert again.live_after == 0


def test_what_came_while_we_were_gone_for_a_moment_is_news() -> None:
    table = Rooms()
    table.take_all([info(head=4)], was_here=False)
    table.take_all([info(head=9), info(2, "new", head=5)], was_here=True)
    assert [found.live_after for found in table] == [4, 5]
    table.take_all([info(head=3)], was_here=True)
    assert table.by_number[1].live_after == 3


def test_what_was_there_at_login_is_no_news() -> None:
    table = Rooms()
    table.take_all([direct(4, "bob", head=4, unread=1)], was_here=False)
    assert table.by_number[4].live_after == 4
