"""Following, joining, leaving, inviting, topics and lists, through the hub's public verbs."""

from chatroom.protocol.entries import Entry, EntryKind, RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Cursor,
    Done,
    Follow,
    Followed,
    Following,
    Invite,
    Join,
    Leave,
    ListMembers,
    ListRooms,
    MemberList,
    OpenDirect,
    Opened,
    Post,
    Presence,
    PresenceChanged,
    PresenceOf,
    Refused,
    RoomGone,
    RoomInfo,
    RoomList,
    RoomState,
    SetPresence,
    SetTopic,
    Stored,
)
from support.hub_world import Guest, World


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def code_of(guest: Guest) -> int:
    refused = guest.received[-1]
    assert isinstance(refused, Refused), refused
    return refused.code


def open_room(guest: Guest, name: str, kind: RoomKind = RoomKind.PUBLIC) -> RoomInfo:
    answer = guest.ask(Join(next(guest.ids), name, create=True, kind=kind))
    opened = next(packet for packet in answer if isinstance(packet, Opened))
    return opened.info


def test_following_from_a_cursor_sends_exactly_what_comes_after_it() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    for number in range(10):
        ana.post(lobby, f"message {number}", nonce(number))
    head = ana.entries(lobby)[-1].seq
    bob = world.guest()
    bob.login("bob")
    answer = bob.follow(lobby, cursor=5)
    assert answer[0] == Following(2, [Followed(lobby, 5, head + 1)])
    assert [entry.seq for entry in bob.entries(lobby)] == list(range(6, head + 2))
    ana.post(lobby, "live", nonce(100))
    assert bob.texts(lobby)[-1] == "live"


def test_a_backlog_begins_that_many_entries_before_the_head() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    for number in range(30):
        ana.post(lobby, f"message {number}", nonce(number))
    head = ana.entries(lobby)[-1].seq
    bob = world.guest()
    bob.login("bob")
    answer = bob.follow(lobby, backlog=4)
    assert answer[0] == Following(2, [Followed(lobby, head + 1 - 4, head + 1)])
    assert len(bob.entries(lobby)) == 4


def test_a_cursor_ahead_of_the_head_is_told_the_head() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    answer = ana.follow(lobby, cursor=999)
    assert answer == [Following(3, [Followed(lobby, 2, 2)])]


def test_following_twice_moves_the_cursor_and_doubles_nothing_after_it() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    ana.post(lobby, "first", nonce(1))
    ana.follow(lobby, cursor=ana.entries(lobby)[-1].seq)
    ana.post(lobby, "second", nonce(2))
    assert ana.texts(lobby) == ["first", "second"]


def test_following_a_room_of_others_is_refused_as_a_whole() -> None:
    world = World()
    ana = world.member("ana")
    ana.ask(Follow(5, [Cursor(world.lobby(ana), 0), Cursor(77, 0)]))
    assert code_of(ana) == ErrorCode.NOT_A_MEMBER
    assert len(ana.got(Following)) == 1


def test_anybody_may_make_and_join_a_public_room() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    made = open_room(ana, "lab")
    assert (made.name, made.kind, made.is_member, made.head) == ("lab", RoomKind.PUBLIC, True, 2)
    ana.follow(made.room)
    assert [entry.kind for entry in ana.entries(made.room)] == [EntryKind.CREATED, EntryKind.JOINED]
    joined = bob.ask(Join(9, "lab"))[-1]
    assert isinstance(joined, Opened)
    assert joined.info.member_count == 2
    assert [entry.author for entry in ana.entries(made.room)][-1] == "bob"


def test_joining_again_is_answered_and_adds_no_entry() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    before = len(ana.entries(lobby))
    assert isinstance(ana.ask(Join(4, "lobby"))[-1], Opened)
    assert len(ana.entries(lobby)) == before


def test_two_who_make_one_room_in_one_pass_meet_there() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    ana.say(Join(50, "lab", create=True))
    bob.say(Join(51, "lab", create=True))
    world.settle()
    rooms = {
        packet.info.room for guest in (ana, bob) for packet in guest.got(Opened) if isinstance(packet, Opened)
    }
    assert len(rooms) == 1
    assert len(bob.got(Opened)) == 1


def test_a_second_join_of_one_pass_finds_the_account_a_member() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    open_room(ana, "lab")
    bob.say(Join(60, "lab"))
    bob.say(Join(61, "lab"))
    world.settle()
    assert [packet.id for packet in bob.got(Opened) if isinstance(packet, Opened)] == [60, 61]


def test_room_names_are_checked() -> None:
    world = World()
    ana = world.member("ana")
    for name in ("", "Lab", "#lab", "a b", "a\u202eb", "../x", "x y"):
        ana.ask(Join(5, name, create=True))
        assert code_of(ana) == ErrorCode.BAD_NAME, name


def test_a_private_room_is_hidden_from_who_is_not_invited() -> None:
    world = World()
    ana, bob, carl = world.member("ana"), world.member("bob"), world.member("carl")
    secret = open_room(ana, "secret", RoomKind.PRIVATE)
    bob.ask(Join(5, "secret"))
    assert code_of(bob) == ErrorCode.NO_SUCH_ROOM
    bob.ask(ListRooms(6))
    listed = bob.received[-1]
    assert isinstance(listed, RoomList)
    assert [room.name for room in listed.rooms] == ["lobby"]
    assert ana.ask(Invite(7, secret.room, "bob"))[-1] == Done(7)
    invitation = bob.last(RoomState)
    assert isinstance(invitation, RoomState)
    assert (invitation.info.name, invitation.info.is_member, invitation.info.invited_by) == (
        "secret",
        False,
        "ana",
    )
    assert isinstance(bob.ask(Join(8, "secret"))[-1], Opened)
    carl.ask(Join(9, "secret"))
    assert code_of(carl) == ErrorCode.NO_SUCH_ROOM


def test_an_invitation_waits_for_somebody_who_is_away() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    secret = open_room(ana, "secret", RoomKind.PRIVATE)
    bob.hang_up()
    ana.ask(Invite(7, secret.room, "bob"))
    back = world.guest(bob.key)
    back.login("bob")
    names = [packet.info.name for packet in back.got(RoomState) if isinstance(packet, RoomState)]
    assert names == ["lobby", "secret"]
    assert isinstance(back.ask(Join(8, "secret"))[-1], Opened)


def test_leaving_ends_delivery_on_all_devices_and_is_told_to_the_rest() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    phone = world.member("bob", key=bob.key)
    lobby = world.lobby(ana)
    answer = bob.ask(Leave(9, lobby))
    assert [type(packet) for packet in answer] == [Done, Entry, RoomGone]
    assert bob.entries(lobby)[-1].kind == phone.entries(lobby)[-1].kind == EntryKind.LEFT
    assert phone.received[-1] == RoomGone(lobby)
    ana.post(lobby, "gone?", nonce(1))
    assert bob.texts(lobby) == []
    assert phone.texts(lobby) == []
    assert ana.entries(lobby)[-2].kind == EntryKind.LEFT


def test_a_direct_room_is_one_for_two_and_keeps_messages_for_who_is_away() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    bob.hang_up()
    opened = ana.ask(OpenDirect(5, "bob"))[-1]
    assert isinstance(opened, Opened)
    assert (opened.info.kind, opened.info.partner, opened.info.name) == (RoomKind.DIRECT, "bob", "")
    room = opened.info.room
    ana.post(room, "read this later", nonce(1))
    back = world.guest(bob.key)
    back.login("bob")
    state = back.last(RoomState)
    assert isinstance(state, RoomState)
    assert (state.info.partner, state.info.unread) == ("ana", 1)
    again = back.ask(OpenDirect(6, "ana"))[-1]
    assert isinstance(again, Opened)
    assert again.info.room == room
    back.follow(room)
    assert back.texts(room) == ["read this later"]


def test_the_partner_who_is_here_is_told_of_a_new_direct_room() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    ana.ask(OpenDirect(5, "bob"))
    state = bob.last(RoomState)
    assert isinstance(state, RoomState)
    assert state.info.partner == "ana"


def test_a_direct_room_with_nobody_or_oneself_is_refused() -> None:
    world = World()
    ana = world.member("ana")
    ana.ask(OpenDirect(5, "nobody-there"))
    assert code_of(ana) == ErrorCode.NO_SUCH_ACCOUNT
    ana.ask(OpenDirect(6, "ana"))
    assert code_of(ana) == ErrorCode.NOT_ALLOWED


def test_a_stranger_reads_nothing_of_a_direct_room() -> None:
    world = World()
    ana, _bob, carl = world.member("ana"), world.member("bob"), world.member("carl")
    opened = ana.ask(OpenDirect(5, "bob"))[-1]
    assert isinstance(opened, Opened)
    room = opened.info.room
    for request in (
        Follow(9, [Cursor(room, 0)]),
        ListMembers(9, room),
        Post(9, room, nonce(3), "hi"),
        Leave(9, room),
    ):
        carl.ask(request)
        assert code_of(carl) == ErrorCode.NOT_A_MEMBER


def test_a_topic_is_an_entry_and_shows_in_the_list() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    assert Done(5) in ana.ask(SetTopic(5, lobby, "be kind"))
    assert bob.entries(lobby)[-1].kind == EntryKind.TOPIC_SET
    listed = bob.ask(ListRooms(6))[-1]
    assert isinstance(listed, RoomList)
    assert listed.rooms[0].topic == "be kind"
    ana.ask(SetTopic(7, lobby, "two\nlines"))
    assert code_of(ana) == ErrorCode.BAD_TEXT


def test_members_are_listed_page_by_page_with_their_presence() -> None:
    world = World()
    ana = world.member("ana")
    bob = world.member("bob")
    world.member("carl")
    bob.hang_up()
    lobby = world.lobby(ana)
    page = ana.ask(ListMembers(5, lobby, limit=2))[-1]
    assert isinstance(page, MemberList)
    assert [(member.handle, member.presence) for member in page.members] == [
        ("ana", Presence.ONLINE),
        ("bob", Presence.OFFLINE),
    ]
    assert page.more
    rest = ana.ask(ListMembers(6, lobby, after="bob"))[-1]
    assert isinstance(rest, MemberList)
    assert [member.handle for member in rest.members] == ["carl"]
    assert not rest.more


def test_rooms_are_listed_page_by_page() -> None:
    world = World(rooms=tuple(f"room-{number:02}" for number in range(10)))
    ana = world.guest()
    ana.login("ana")
    first = ana.ask(ListRooms(5, limit=7))[-1]
    assert isinstance(first, RoomList)
    assert (len(first.rooms), first.more) == (7, True)
    rest = ana.ask(ListRooms(6, after=first.rooms[-1].name, limit=7))[-1]
    assert isinstance(rest, RoomList)
    assert ([room.name for room in rest.rooms], rest.more) == (["room-07", "room-08", "room-09"], False)


def test_an_account_may_not_join_more_rooms_than_the_limit() -> None:
    world = World(rooms_per_account=2)
    ana = world.member("ana")
    open_room(ana, "one")
    ana.ask(Join(5, "two", create=True))
    assert code_of(ana) == ErrorCode.TOO_MANY


def test_rooms_cannot_be_made_where_the_settings_forbid_it() -> None:
    world = World(may_create_rooms=False)
    ana = world.member("ana")
    ana.ask(Join(5, "mine", create=True))
    assert code_of(ana) == ErrorCode.NOT_ALLOWED


def test_a_message_posted_just_before_leaving_is_heard_of_by_its_author() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.say(Post(8, lobby, nonce(1), "goodbye"))
    bob.say(Leave(9, lobby))
    world.settle()
    assert bob.texts(lobby) == ["goodbye"]
    assert isinstance(bob.received[-1], RoomGone)
    repeat = bob.post(lobby, "goodbye", nonce(1))
    assert [type(packet) for packet in repeat] == [Stored], "who lost the answer asks again, a member or not"


def test_who_lags_gets_a_room_up_to_its_end_and_nothing_of_what_comes_after() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 0
    for number in range(30):
        ana.post(lobby, f"message {number}", nonce(number))
    bob.say(Leave(9, lobby))
    world.settle()
    ana.post(lobby, "not for bob", nonce(99))
    bob.drain()
    assert bob.texts(lobby) == [f"message {number}" for number in range(30)]
    assert bob.entries(lobby)[-1].kind == EntryKind.LEFT
    assert isinstance(bob.received[-1], RoomGone)


def test_joining_again_before_the_end_was_delivered_goes_on_without_a_gap() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 0
    ana.post(lobby, "stall", nonce(1))
    bob.say(Leave(9, lobby))
    world.settle()
    bob.say(Join(10, "lobby"))
    world.settle()
    bob.drain()
    seqs = [entry.seq for entry in bob.entries(lobby)]
    assert seqs[-1] == ana.entries(lobby)[-1].seq
    assert not bob.got(RoomGone)


def test_an_account_makes_many_rooms_only_slowly() -> None:
    world = World()
    ana = world.member("ana")
    for number in range(20):
        made = open_room(ana, f"room-{number}")
        ana.ask(Leave(1000 + number, made.room))
    ana.ask(Join(5, "one-more", create=True))
    assert code_of(ana) == ErrorCode.TOO_MANY
    world.settle(61)
    open_room(ana, "one-more")


def test_a_server_has_only_so_many_rooms() -> None:
    world = World(rooms_total=2)
    ana = world.member("ana")
    open_room(ana, "second")
    ana.ask(Join(5, "third", create=True))
    assert code_of(ana) == ErrorCode.TOO_MANY


def test_who_shares_several_rooms_is_told_of_a_change_once() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    for name in ("one", "two", "three"):
        open_room(ana, name)
        bob.ask(Join(next(bob.ids), name))
    before = len(bob.got(PresenceChanged))
    ana.ask(SetPresence(6, Presence.AWAY))
    assert bob.got(PresenceChanged)[before:] == [PresenceChanged([PresenceOf("ana", Presence.AWAY)])]
