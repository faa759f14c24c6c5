import pytest

from chatroom.client.session.events import Found, Listed, MembersChanged
from chatroom.client.session.listings import MAX_PAGES, MAX_PARTNERS
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import RoomKind, TopicSet
from chatroom.protocol.packets import (
    Follow,
    ListMembers,
    ListRooms,
    Login,
    Member,
    MemberList,
    Post,
    Presence,
    RoomInfo,
    RoomList,
    RoomState,
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


def asked_for(desk: Desk) -> list[int]:
    """Return of which rooms the members were asked for on the present connection."""
    assert desk.connection is not None
    return [packet.room for packet in desk.connection.asked(ListMembers) if isinstance(packet, ListMembers)]


def test_only_the_room_looked_at_last_is_asked_for_after_a_drop_and_others_when_they_are_seen() -> None:
    server = TinyServer("lobby", "dev", "tea")
    for room in server.rooms.values():
        room.members.append("alice")
    desk = Desk(server).online()
    assert asked_for(desk) == []
    for number in (1, 2, 3, 1, 2):
        desk.session.ask.load_members(number)
        desk.settle()
    assert asked_for(desk) == [1, 2, 3]
    desk.drop()
    desk.online()
    assert asked_for(desk) == [2]
    desk.session.ask.load_members(1)
    desk.settle()
    assert asked_for(desk) == [2, 1]


def server_with_strangers(count: int) -> TinyServer:
    server = TinyServer()
    for number in range(count):
        server.make_room("", RoomKind.DIRECT, ("alice", f"sock{number}"))
    return server


def test_the_members_of_a_direct_room_are_known_unasked_and_their_presence_while_there_are_few() -> None:
    server = server_with_strangers(1_000)
    server.presence["sock0"] = Presence.AWAY
    desk = Desk(server).online()
    assert len(asked_for(desk)) == MAX_PARTNERS
    assert desk.session.roster.presence("sock0") is Presence.AWAY
    for room in (2, 1_001):
        assert {member.handle for member in desk.session.roster.members(room)} == {"alice", f"sock{room - 2}"}
    assert desk.connection is not None
    for number in range(1_000, 1_100):
        room = server.make_room("", RoomKind.DIRECT, ("alice", f"sock{number}"))
        desk.connection.send(RoomState(server.info(room, "alice")))
    desk.settle()
    assert {member.handle for member in desk.session.roster.members(1_101)} == {"alice", "sock1099"}
    assert len(asked_for(desk)) == MAX_PARTNERS


def test_who_follows_not_all_rooms_asks_for_no_members() -> None:
    desk = Desk(server_with_strangers(1_000), follow_rooms=False).online()
    desk.session.ask.follow(1)
    desk.post("hello")
    desk.settle()
    assert desk.connection is not None
    assert [type(packet) for packet in desk.connection.requests] == [Login, Follow, Post]


def test_members_and_rooms_are_asked_for_in_a_bounded_number_of_pages() -> None:
    desk = Desk(TinyServer()).online()
    desk.session.ask.load_members(1)
    desk.session.ask.list_rooms()
    assert desk.connection is not None
    asked: list[ListMembers | ListRooms] = []
    for number in range(10 * MAX_PAGES):
        desk.up()
        desk.connection.take()
        new = [p for p in desk.connection.requests[1:] if isinstance(p, ListMembers | ListRooms)][
            len(asked) :
        ]
        asked += new
        for request in new:
            name = f"m{number:06}"
            if isinstance(request, ListMembers):
                answer = encode(MemberList(request.id, 1, [Member(name.upper(), 1, 2)], True))
            else:
                answer = encode(RoomList(request.id, [RoomInfo(9, name, 0, "", 1, 0, 1, False)], True))
            desk.session.receive(answer, desk.now, 0)
    assert len([request for request in asked if isinstance(request, ListMembers)]) == MAX_PAGES
    assert len([request for request in asked if isinstance(request, ListRooms)]) == MAX_PAGES
    desk.settle()
    assert len(desk.got(Listed)[0].rooms) == MAX_PAGES


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
