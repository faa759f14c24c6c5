"""Real sessions and the real hub in one process, byte by byte: both ends of the protocol agree."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.client.session.events import (
    Found,
    Listed,
    LoginRefused,
    MessageArrived,
    PostRefused,
    PostStored,
    RequestRefused,
    Restored,
    RoomOpened,
    State,
)
from chatroom.protocol.entries import EntryKind, RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Presence
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.hub_server import HubServer
from support.session_world import Desk


@pytest.fixture(params=["memory", "sqlite"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubServer]:
    memory = MemoryLog()
    server = HubServer(lambda: memory if request.param == "memory" else SqliteLog(tmp_path / "chatroom.db"))
    yield server
    server.log.close()


def both(server: HubServer) -> tuple[Desk, Desk]:
    alice, bob = Desk(server, "alice").online(), Desk(server, "bob").online()
    alice.settle()
    alice.forget_events()
    bob.forget_events()
    return alice, bob


def test_newcomers_are_in_the_lobby_and_hear_each_other(server: HubServer) -> None:
    alice, bob = both(server)
    assert alice.session.state is bob.session.state is State.ONLINE
    alice.post("hello @bob")
    alice.settle()
    bob.settle()
    assert alice.texts() == bob.texts() == ["hello @bob"]
    assert [type(event) for event in alice.got(PostStored)] == [PostStored]
    assert bob.got(MessageArrived) == [MessageArrived(1, "alice", "hello @bob", True, False)]
    view = bob.session.rooms[bob.number()]
    assert (view.unread, view.mentions, view.member_count) == (1, 1, 2)


def test_a_restart_of_the_server_is_not_felt(server: HubServer) -> None:
    alice, bob = both(server)
    alice.post("one")
    alice.settle()
    server.restart()
    alice.drop()
    bob.drop()
    alice.post("two")
    alice.online()
    bob.online()
    bob.settle()
    assert alice.texts() == bob.texts() == ["one", "two"]
    assert alice.got(Restored) == bob.got(Restored) == []


def test_a_post_stored_by_a_server_that_died_before_it_could_say_so_is_stored_once(server: HubServer) -> None:
    alice, bob = both(server)
    alice.post("once")
    data = alice.session.data_to_send()
    server.links[0].think(data)
    server.restart()  # it flushes: the message is on disk, the answer is lost
    alice.drop()
    alice.online()
    bob.drop()
    bob.online()
    assert alice.session.waiting_count == 0
    assert bob.texts() == ["once"]


def test_two_devices_agree_on_what_is_read(server: HubServer) -> None:
    alice, bob = both(server)
    other = Desk(server, "alice", session_id=b"o" * 16).online()
    bob.post("read me")
    bob.settle()
    alice.settle()
    other.settle()
    assert alice.session.rooms[1].unread == other.session.rooms[1].unread == 1
    alice.session.mark_read(1, alice.session.rooms[1].head)
    alice.settle()
    other.settle()
    assert alice.session.rooms[1].unread == other.session.rooms[1].unread == 0
    other.drop()
    other.online()
    assert other.session.rooms[1].unread == 0


def test_a_message_to_somebody_offline_arrives_when_they_come_back(server: HubServer) -> None:
    alice, bob = both(server)
    bob.drop()
    alice.session.ask.open_direct("@bob")
    alice.settle()
    assert len(alice.got(RoomOpened)) == 1
    alice.post("psst", "@bob")
    alice.settle()
    bob.now += 1_000
    bob.online()
    view = bob.session.room_named("@alice")
    assert view is not None
    assert (view.unread, view.kind) == (1, RoomKind.DIRECT)
    assert bob.texts("@alice") == ["psst"]
    assert bob.session.roster.presence("alice") is Presence.ONLINE


def test_a_direct_message_to_somebody_online_is_news(server: HubServer) -> None:
    alice, bob = both(server)
    alice.session.ask.open_direct("bob")
    alice.settle()
    alice.post("psst", "@bob")
    alice.settle()
    bob.settle()
    assert [(event.text, event.is_direct) for event in bob.got(MessageArrived)] == [("psst", True)]


def test_rooms_are_made_joined_listed_and_left(server: HubServer) -> None:
    alice, bob = both(server)
    alice.session.ask.join("dev", create=True)
    alice.settle()
    alice.session.ask.set_topic(alice.number("#dev"), "how it is made")
    alice.settle()
    bob.session.ask.list_rooms()
    bob.settle()
    (listed,) = bob.got(Listed)
    assert listed.rooms == (("dev", "how it is made", 1, False), ("lobby", "", 2, True))
    bob.session.ask.join("dev", create=False)
    bob.settle()
    alice.settle()
    assert alice.session.rooms[alice.number("#dev")].member_count == 2
    bob.session.ask.leave(bob.number("#dev"))
    bob.settle()
    alice.settle()
    assert bob.session.room_named("#dev") is None
    assert alice.session.rooms[alice.number("#dev")].member_count == 1


def test_a_private_room_is_for_the_invited(server: HubServer) -> None:
    alice, bob = both(server)
    alice.session.ask.join("attic", create=True, private=True)
    alice.settle()
    bob.session.ask.join("attic", create=False)
    bob.settle()
    assert [event.code for event in bob.got(RequestRefused)] == [ErrorCode.NO_SUCH_ROOM]
    alice.session.ask.invite(alice.number("#attic"), "bob")
    alice.settle()
    bob.settle()
    view = bob.session.room_named("#attic")
    assert view is not None
    assert (view.is_member, view.invited_by) == (False, "alice")
    bob.session.ask.join("attic", create=False)
    bob.settle()
    assert bob.session.rooms[bob.number("#attic")].is_member


def test_an_invitation_that_is_declined_goes_from_all_devices_and_stays_away(server: HubServer) -> None:
    alice, bob = both(server)
    phone = Desk(server, "bob", session_id=b"o" * 16).online()
    alice.session.ask.join("attic", create=True, private=True)
    alice.settle()
    alice.session.ask.invite(alice.number("#attic"), "bob")
    for desk in (alice, bob, phone):
        desk.settle()
    assert phone.session.room_named("#attic") is not None
    bob.session.ask.leave(bob.number("#attic"))
    for desk in (bob, phone, alice):
        desk.settle()
    assert bob.session.room_named("#attic") is phone.session.room_named("#attic") is None
    assert bob.got(RequestRefused) == []
    last = list(alice.session.timeline(alice.number("#attic")).lines_after(0))[-1]
    assert (last.author, last.kind) == ("bob", EntryKind.DECLINED)
    bob.drop()
    assert bob.online().session.room_named("#attic") is None


def test_members_and_presence_are_seen_by_the_others(server: HubServer) -> None:
    alice, bob = both(server)
    alice.session.ask.load_members(1)
    alice.settle()
    assert [(m.handle, m.presence) for m in alice.session.roster.members(1)] == [
        ("alice", Presence.ONLINE),
        ("bob", Presence.ONLINE),
    ]
    bob.session.ask.set_presence(Presence.AWAY)
    bob.settle()
    server.flush()
    alice.settle()
    assert alice.session.roster.presence("bob") is Presence.AWAY
    bob.drop()
    server.flush()
    alice.settle()
    assert alice.session.roster.presence("bob") is Presence.OFFLINE


def test_history_comes_page_by_page_and_around_a_hit(server: HubServer) -> None:
    alice, _ = both(server)
    alice.session.post_many(1, [f"message {number}" for number in range(1_000)])
    alice.settle()
    server.log.index(5.0)
    fresh = Desk(server, "bob", session_id=b"n" * 16, follow_backlog=50).online()
    assert fresh.texts()[-1] == "message 999"
    assert len(fresh.session.timeline(1).items) == 50
    fresh.session.ask.search("message 321")
    fresh.settle()
    (found,) = fresh.got(Found)
    (_, seq, _, author, text) = found.hits[0]
    assert (author, text) == ("alice", "message 321")
    assert fresh.session.ask.load_around(1, seq)
    fresh.settle()
    assert "message 321" in fresh.texts()
    timeline = fresh.session.timeline(1)
    while not timeline.at_beginning:
        fresh.session.ask.load_older(1)
        fresh.settle()
    while timeline.gaps():
        fresh.session.ask.fill_gap(1, timeline.gaps()[0])
        fresh.settle()
    assert fresh.texts() == [f"message {number}" for number in range(1_000)]


def test_another_key_does_not_get_a_handle(server: HubServer) -> None:
    Desk(server, "alice").online()
    server.keys.clear()
    thief = Desk(server, "alice").online()
    assert thief.session.is_final
    assert [event.code for event in thief.got(LoginRefused)] == [ErrorCode.HANDLE_TAKEN]


def test_a_look_alike_handle_is_refused(server: HubServer) -> None:
    Desk(server, "alice").online()
    thief = Desk(server, "a1ice").online()
    assert [event.code for event in thief.got(LoginRefused)] == [ErrorCode.BAD_HANDLE]


def test_an_old_connection_is_superseded_by_a_new_one_of_the_same_process(server: HubServer) -> None:
    alice, bob = both(server)
    alice.post("from the old one")
    stale, alice.connection = alice.connection, None
    alice.session.connection_lost("half-open", alice.now)
    alice.online()
    bob.settle()
    assert bob.texts() == alice.texts() == ["from the old one"]
    assert stale is not None
    assert stale.take() != b""
    assert [link.peer.account for link in server.links].count(None) <= 1


def test_a_post_to_a_room_one_was_put_out_of_gives_its_text_back(server: HubServer) -> None:
    alice, _ = both(server)
    alice.session.ask.join("dev", create=True)
    alice.settle()
    other = Desk(server, "alice", session_id=b"o" * 16).online()
    room = alice.number("#dev")
    alice.drop()
    alice.post("too late", "#dev")
    other.session.ask.leave(room)
    other.settle()
    alice.online()
    assert [event.text for event in alice.got(PostRefused)] == ["too late"]
    assert alice.session.waiting_count == 0
