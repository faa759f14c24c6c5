import pytest

from chatroom.client.session.events import Found, Listed, MembersChanged
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import RoomKind, TopicSet
from chatroom.protocol.packets import (
    ListMembers,
    ListRooms,
    Member,
    MemberList,
    RoomInfo,
    RoomList,
    SearchPage,
)
from support.session_world import Desk
from support.tiny_server import TinyServer


def test_a_list_of_rooms_comes_in_pages_sorted_by_name_without_direct_rooms() -> None:
    server = TinyServer("lobby", *(f"room{number:03}" for number in range(90)))
    server.make_room("", RoomKind.DIRECT, ("alice", "bob"))
    desk = Desk(server).online()
    desk.session.ask.list_rooms()
    desk.settle()
    assert desk.connection is not None
    assert len(desk.connection.asked(ListRooms)) == 3
    (listed,) = desk.got(Listed)
    assert [row[0] for row in listed.rooms] == ["lobby", *(f"room{number:03}" for number in range(90))]
    assert [row[3] for row in listed.rooms[:2]] == [True, False]


def test_rooms_of_a_hostile_list_are_cleaned_or_left_out() -> None:
    desk = Desk(TinyServer()).online()
    desk.session.ask.list_rooms()
    desk.up()
    assert desk.connection is not None
    request = desk.connection.asked(ListRooms)[-1]
    assert isinstance(request, ListRooms)
    rooms = [
        RoomInfo(1, "b\x1bad", 0, "", 1, 0, 1, False),
        RoomInfo(2, "good", 0, "top\x07ic\n", 1, 0, 1, False),
    ]
    desk.session.receive(encode(RoomList(request.id, rooms, True)), desk.now, 0)
    desk.session.receive(encode(RoomList(request.id + 1, rooms, True)), desk.now, 0)  # not the next page
    desk.settle()
    assert desk.got(Listed) == [Listed((("good", "topic", 1, False),))]


def test_members_come_in_pages() -> None:
    server = TinyServer()
    server.page_entries = 10
    server.room("lobby").members.extend(f"m{number:02}" for number in range(35))
    desk = Desk(server).online()
    assert desk.session.roster.members(1) == []
    desk.session.ask.load_members(1)
    desk.session.ask.load_members(1)
    desk.settle()
    assert desk.connection is not None
    assert len(desk.connection.asked(ListMembers)) == 4
    assert len(desk.session.roster.members(1)) == 36
    assert MembersChanged(1) in desk.events


def test_members_once_wanted_are_fetched_again_after_every_drop() -> None:
    server = TinyServer()
    desk = Desk(server)
    desk.online()
    desk.drop()
    desk.session.ask.load_members(1)
    desk.online()
    assert [member.handle for member in desk.session.roster.members(1)] == ["alice"]
    desk.drop()
    server.room("lobby").members.append("zoe")
    desk.online()
    assert [member.handle for member in desk.session.roster.members(1)] == ["alice", "zoe"]


def test_members_of_direct_rooms_are_fetched_unasked() -> None:
    """The room list shows whether the partner is there."""
    server = TinyServer()
    server.make_room("", RoomKind.DIRECT, ("alice", "bob"))
    desk = Desk(server).online()
    assert [member.handle for member in desk.session.roster.members(2)] == ["alice", "bob"]


def test_members_without_a_proper_handle_are_left_out() -> None:
    desk = Desk(TinyServer()).online()
    desk.session.ask.load_members(1)
    desk.up()
    assert desk.connection is not None
    request = desk.connection.asked(ListMembers)[-1]
    assert isinstance(request, ListMembers)
    members = [Member("b\x1b", 1, 2), Member("bob", 77, 77)]
    desk.session.receive(encode(MemberList(request.id, 1, members, False)), desk.now, 0)
    assert [(m.handle, m.role, m.presence) for m in desk.session.roster.members(1)] == [("bob", 1, 1)]


def test_hits_of_a_search_are_messages_newest_first() -> None:
    server = TinyServer()
    server.say("bob", "red apple")
    server.say("bob", "pear")
    server.say("eve", "green apple")
    server.add(server.room("lobby"), "bob", TopicSet("apple"))
    desk = Desk(server).online()
    desk.session.ask.search("  apple ", author="@Bob")
    desk.settle()
    (found,) = desk.got(Found)
    assert found.query == "apple"
    assert [(room, author, text) for room, _, _, author, text in found.hits] == [
        (1, "eve", "green apple"),
        (1, "bob", "red apple"),
    ]


def test_answers_to_what_was_not_asked_are_ignored() -> None:
    desk = Desk(TinyServer()).online()
    desk.forget_events()
    for packet in (RoomList(77, [], False), MemberList(77, 1, [], False), SearchPage(77, [], 0)):
        desk.session.receive(encode(packet), desk.now, 0)
    assert desk.session.must_close is None
    assert desk.session.take_events() == []


@pytest.mark.parametrize("query", ["", "  ", "x" * 201])
def test_a_search_for_nothing_is_refused_here(query: str) -> None:
    desk = Desk(TinyServer()).online()
    desk.session.ask.search(query)
    assert desk.session.data_to_send() == b""
