from chatroom.client.session.events import (
    MembersChanged,
    MessageArrived,
    Noticed,
    PutOut,
    RequestRefused,
    RoomOpened,
    RoomsChanged,
    State,
)
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import Joined, Left, Posted, RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    MarkRead,
    Opened,
    Packet,
    Presence,
    PresenceChanged,
    PresenceOf,
    ReadMarker,
    Refused,
    RoomGone,
    RoomInfo,
    RoomState,
    SetPresence,
)
from support.session_world import Desk
from support.tiny_server import TinyServer


def online(*rooms: str) -> tuple[TinyServer, Desk]:
    server = TinyServer(*(rooms or ("lobby", "dev")))
    return server, Desk(server).online()


def tell(desk: Desk, *packets: Packet) -> None:
    desk.session.receive(b"".join(map(encode, packets)), desk.now, 0)
    desk.settle()


def test_a_live_message_is_news_and_history_is_not() -> None:
    server = TinyServer()
    server.say("bob", "before")
    desk = Desk(server).online()
    server.say("bob", "@alice now")
    desk.settle()
    assert desk.got(MessageArrived) == [MessageArrived(1, "bob", "@alice now", True, False)]


def test_what_came_while_we_were_away_is_unread_but_no_news() -> None:
    server, desk = online()
    desk.drop()
    server.say("bob", "@alice missed")
    desk.now += 1_000
    desk.online()
    assert desk.got(MessageArrived) == []
    assert desk.session.rooms[1].unread == 1


def test_what_came_while_the_server_restarted_is_news() -> None:
    server, desk = online()
    server.say("bob", "before")
    desk.settle()
    desk.drop()
    server.say("bob", "@alice missed")
    desk.now += 20
    desk.connect()
    desk.drop()
    desk.now += 20
    desk.online()
    assert [event.text for event in desk.got(MessageArrived)] == ["before", "@alice missed"]
    assert desk.session.rooms[1].unread == 2


def test_ones_own_message_is_no_news() -> None:
    _, desk = online()
    desk.post("hi")
    desk.settle()
    assert desk.got(MessageArrived) == []
    assert desk.session.rooms[1].unread == 0


def test_a_room_joined_is_followed_and_opened() -> None:
    server, desk = online()
    server.say("bob", "in dev", "dev")
    desk.session.ask.join("#Dev", create=False)
    desk.settle()
    assert desk.got(RoomOpened) == [RoomOpened(2)]
    assert desk.texts("#dev") == ["in dev"]
    server.say("bob", "live", "dev")
    desk.settle()
    assert desk.texts("#dev") == ["in dev", "live"]


def test_a_room_that_does_not_exist_is_refused_or_made() -> None:
    _, desk = online()
    desk.session.ask.join("new", create=False)
    desk.settle()
    assert desk.got(RequestRefused) == [
        RequestRefused("join", ErrorCode.NO_SUCH_ROOM, "there is no such room")
    ]
    desk.session.ask.join("new", create=True, private=True)
    desk.settle()
    view = desk.session.room_named("new")
    assert view is not None
    assert view.kind is RoomKind.PRIVATE


def test_leaving_takes_the_room_its_timeline_and_its_members_away() -> None:
    _, desk = online()
    desk.session.ask.join("dev", create=False)
    desk.session.ask.load_members(1)
    desk.settle()
    desk.session.ask.leave(2)
    desk.settle()
    assert desk.session.room_named("dev") is None
    assert desk.session.timeline(2).items == []
    assert RoomsChanged() in desk.events
    desk.drop()
    desk.online()
    assert desk.session.room_named("dev") is None


def test_a_room_taken_away_says_why() -> None:
    _, desk = online()
    tell(desk, RoomGone(1, "kicked by eve\x1b"), RoomGone(99))
    assert desk.got(PutOut) == [PutOut("#lobby", "kicked by eve")]
    assert desk.session.rooms == {}


def test_an_invitation_is_listed_and_not_followed() -> None:
    server, desk = online()
    info = RoomInfo(2, "dev", RoomKind.PRIVATE, "", 1, 5, 1, False, invited_by="bob")
    tell(desk, RoomState(info))
    view = desk.session.rooms[2]
    assert (view.invited_by, view.is_member) == ("bob", False)
    assert not desk.session.timeline(2).has_begun
    assert server.connections[0].cursors == {1: server.room("lobby").head}


def test_a_room_joined_on_another_device_is_followed_here_too() -> None:
    server, desk = online()
    other = Desk(server).online()
    other.session.ask.join("dev", create=False)
    other.settle()
    tell(desk, RoomState(server.info(server.room("dev"), "alice")))
    server.say("bob", "hi", "dev")
    desk.settle()
    assert desk.texts("#dev") == ["hi"]


def test_a_direct_room_opened_by_somebody_brings_its_first_message_as_news() -> None:
    server, desk = online()
    room = server.make_room("", RoomKind.DIRECT, ("alice", "bob"))
    server.add(room, "bob", Posted("psst"))
    tell(desk, RoomState(server.info(room, "alice")))
    assert desk.got(MessageArrived) == [MessageArrived(3, "bob", "psst", False, True)]
    view = desk.session.room_named("@bob")
    assert view is not None
    assert (view.partner, view.unread, view.title) == ("bob", 1, "@bob")


def test_a_room_that_cannot_be_shown_is_said_when_it_was_asked_for() -> None:
    _, desk = online()
    desk.session.ask.join("dev", create=False)
    desk.up()
    assert desk.connection is not None
    request = desk.connection.requests[-1]
    desk.connection.take()
    info = RoomInfo(2, "d\x1bev", 0, "", 1, 0, 1, True)
    tell(desk, Opened(request.id, info), RoomState(info))  # type: ignore[attr-defined]
    assert desk.got(RoomOpened) == []
    assert len(desk.got(Noticed)) == 1


def test_topics_and_member_counts_follow_the_log() -> None:
    server, desk = online()
    desk.session.ask.set_topic(1, "  a\tnew topic\n")
    server.add(server.room("lobby"), "zoe", Joined())
    desk.settle()
    assert (desk.session.rooms[1].topic, desk.session.rooms[1].member_count) == ("a new topic", 2)


def test_members_follow_the_log_and_presence_the_notices() -> None:
    server, desk = online()
    desk.session.ask.load_members(1)
    desk.settle()
    server.add(server.room("lobby"), "zoe", Joined())
    desk.settle()
    assert [m.handle for m in desk.session.roster.members(1)] == ["alice", "zoe"]
    tell(desk, PresenceChanged([PresenceOf("zoe", 0), PresenceOf("b\x1b", 2)]))
    assert desk.session.roster.presence("zoe") is Presence.OFFLINE
    assert MembersChanged(0) in desk.events
    server.add(server.room("lobby"), "zoe", Left())
    desk.settle()
    assert [m.handle for m in desk.session.roster.members(1)] == ["alice"]


def test_history_does_not_change_who_is_a_member() -> None:
    server = TinyServer()
    server.add(server.room("lobby"), "zoe", Joined())
    for number in range(30):
        server.say("bob", str(number))
    desk = Desk(server, follow_backlog=5).online()
    desk.session.ask.load_members(1)
    desk.settle()
    desk.session.ask.load_older(1)
    desk.settle()
    assert [m.handle for m in desk.session.roster.members(1)] == ["alice"]
    assert desk.session.rooms[1].member_count == 1


# -- read markers -----------------------------------------------------------------------------------------


def marks(desk: Desk) -> list[int]:
    assert desk.connection is not None
    return [packet.seq for packet in desk.connection.asked(MarkRead)]  # type: ignore[attr-defined]


def test_a_read_marker_travels_at_most_once_a_second() -> None:
    server, desk = online()
    for number in range(5):
        server.say("bob", str(number))
        desk.settle()
        desk.session.mark_read(1, server.room("lobby").head)
        desk.settle()
    assert marks(desk) == [3]
    assert desk.session.rooms[1].unread == 0
    assert desk.session.next_tick() == desk.now + 1.0
    desk.wait(1.0)
    assert marks(desk) == [3, 7]
    assert desk.session.next_tick() > desk.now + 1.0
    assert server.read["alice", 1] == 7


def test_what_was_read_offline_is_told_on_the_next_connection() -> None:
    server, desk = online()
    server.say("bob", "hi")
    desk.settle()
    desk.drop()
    desk.session.mark_read(1, 3)
    desk.online()
    assert desk.session.rooms[1].unread == 0
    assert server.read["alice", 1] == 3


def test_a_marker_lost_with_the_connection_is_sent_again() -> None:
    server, desk = online()
    server.say("bob", "hi")
    desk.settle()
    desk.session.mark_read(1, 3)
    desk.session.data_to_send()
    desk.drop()
    desk.online()
    assert server.read["alice", 1] == 3


def test_a_mark_beyond_the_head_is_one_at_the_head() -> None:
    server, desk = online()
    server.say("bob", "hi")
    desk.settle()
    desk.session.mark_read(1, 10**6)
    desk.settle()
    assert marks(desk) == [3]
    desk.session.mark_read(99, 1)


def test_a_marker_of_another_device_clears_the_count_here() -> None:
    server, desk = online()
    server.say("bob", "hi")
    desk.settle()
    assert desk.session.rooms[1].unread == 1
    tell(desk, ReadMarker(1, 3, 0, 0), ReadMarker(77, 1, 0, 0))
    assert desk.session.rooms[1].unread == 0


# -- presence and refusals --------------------------------------------------------------------------------


def test_being_away_is_said_again_after_a_drop() -> None:
    _, desk = online()
    desk.session.ask.set_presence(Presence.AWAY)
    desk.settle()
    assert desk.session.my_presence is Presence.AWAY
    desk.drop()
    desk.online()
    assert desk.connection is not None
    assert [packet.presence for packet in desk.connection.asked(SetPresence)] == [1]  # type: ignore[attr-defined]
    desk.session.ask.set_presence(Presence.ONLINE)
    desk.drop()
    desk.online()
    assert desk.connection.asked(SetPresence) == []


def test_what_was_asked_and_not_answered_is_refused_when_the_connection_is_lost() -> None:
    _, desk = online()
    desk.session.ask.join("dev", create=False)
    desk.session.ask.load_members(1)
    desk.up()
    desk.drop()
    desk.settle()
    assert [(event.request, event.code) for event in desk.got(RequestRefused)] == [
        ("join", ErrorCode.SHUTDOWN)
    ]


def test_refusals_are_told_by_the_name_the_user_knows() -> None:
    _, desk = online()
    desk.session.ask.invite(1, "@Bob")
    desk.up()
    assert desk.connection is not None
    request = desk.connection.requests[-1]
    desk.connection.take()
    tell(desk, Refused(request.id, 9999, "no\x07!"), Refused(4711, 300, "?"))  # type: ignore[attr-defined]
    assert desk.got(RequestRefused) == [RequestRefused("invite", ErrorCode.INTERNAL, "no!")]


def test_a_read_marker_of_a_room_that_went_before_the_answer_is_forgotten() -> None:
    server, desk = online()
    desk.session.ask.join("dev", create=False)
    desk.settle()
    dev = desk.number("#dev")
    server.say("bob", "hi", "dev")
    desk.settle()
    desk.session.mark_read(dev, server.room("dev").head)
    server.kick(server.room("dev"), "bob", "alice")
    desk.down()
    desk.drop()
    desk.online()
    assert desk.session.state is State.ONLINE
    assert marks(desk) == []
