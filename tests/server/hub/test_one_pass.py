"""Requests of one pass that concern each other: what an earlier one takes away counts for the later ones."""

import pytest

from chatroom.protocol.entries import EntryKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Closing,
    Cursor,
    Done,
    Follow,
    Invite,
    Join,
    Leave,
    Moderate,
    ModerationAct,
    Opened,
    Packet,
    Post,
    Refused,
    Role,
    RoomGone,
    SetTopic,
    Stored,
)
from chatroom.server.hub.context import NOT_A_MEMBER
from chatroom.server.hub.ports import Outcome
from chatroom.server.hub.requests.messages import NONCE_REUSED
from chatroom.server.hub.state import Stage
from chatroom.server.store import refusals
from chatroom.server.store.memory import MemoryLog
from support.hub_world import Guest, World


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def settled(world: World, guest: Guest, *packets: Packet) -> list[Packet]:
    """Send packets within one pass and return what came."""
    before = len(guest.received)
    for packet in packets:
        guest.say(packet)
    world.settle()
    return list(guest.received[before:])


def refusal(packets: list[Packet], number: int) -> Refused:
    (found,) = [packet for packet in packets if isinstance(packet, Refused) and packet.id == number]
    return found


def test_a_post_behind_a_leave_is_refused_as_in_the_next_pass(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(bob)
    came = settled(world, bob, Leave(8, lobby), Post(9, lobby, nonce(1), "ghost"))
    refused = refusal(came, 9)
    assert (refused.code, refused.text) == (NOT_A_MEMBER.code, NOT_A_MEMBER.text)
    assert ana.entries(lobby)[-1].kind == EntryKind.LEFT
    later = refusal(settled(world, bob, Post(10, lobby, nonce(1), "ghost")), 10)
    assert (later.code, later.text) == (refused.code, refused.text)


@pytest.mark.parametrize(
    ("act", "kind", "code", "text"),
    [
        (ModerationAct.KICK, EntryKind.KICKED, ErrorCode.NOT_A_MEMBER, NOT_A_MEMBER.text),
        (ModerationAct.MUTE, EntryKind.MUTED, ErrorCode.NOT_ALLOWED, "you are muted"),
    ],
)
def test_a_post_behind_a_kick_or_a_mute_is_refused(
    world: World, act: ModerationAct, kind: EntryKind, code: ErrorCode, text: str
) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    lobby = world.lobby(mia)
    mia.say(Moderate(7, lobby, act, "bob"))
    refused = refusal(settled(world, bob, Post(9, lobby, nonce(1), "late")), 9)
    assert (refused.code, refused.text) == (code, text)
    assert mia.entries(lobby)[-1].kind == kind


@pytest.mark.parametrize("is_leaving", [False, True])
def test_who_joins_and_is_kicked_in_one_pass_is_shown_out(world: World, is_leaving: bool) -> None:
    """Also where the end of the room, from before, was still on its way."""
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    lobby = world.lobby(mia)
    if is_leaving:
        bob.capacity = 0
        mia.post(lobby, "long", nonce(1))
    bob.ask(Leave(7, lobby))
    bob.say(Join(8, "lobby"))
    mia.say(Moderate(9, lobby, ModerationAct.KICK, "bob", 3600))
    world.settle()
    bob.drain()
    mia.post(lobby, "secret", nonce(2))
    gone = bob.got(RoomGone)[-1]
    assert isinstance(gone, RoomGone)
    assert "kicked" in gone.text
    assert "secret" not in bob.texts(lobby)


def test_who_left_before_the_kick_is_not_shown_out(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    lobby = world.lobby(mia)
    bob.say(Leave(7, lobby))
    mia.say(Moderate(9, lobby, ModerationAct.KICK, "bob", 3600))
    world.settle()
    assert [packet.text for packet in bob.got(RoomGone) if isinstance(packet, RoomGone)] == [""]


def test_a_post_behind_a_ban_is_stored_nowhere(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    lobby = world.lobby(mia)
    mia.say(Moderate(7, lobby, ModerationAct.BAN, "bob"))
    assert isinstance(settled(world, bob, Post(9, lobby, nonce(1), "late"))[-1], Closing)
    assert mia.entries(lobby)[-1].kind == EntryKind.BANNED


def test_store_and_hub_refuse_in_the_same_words() -> None:
    assert refusals.NOT_A_MEMBER == NOT_A_MEMBER
    assert refusals.NONCE_REUSED == NONCE_REUSED


def test_who_leaves_and_joins_a_public_room_in_one_pass_is_a_member(world: World) -> None:
    bob = world.member("bob")
    lobby = world.lobby(bob)
    came = settled(world, bob, Leave(8, lobby), Join(9, "lobby"))
    kinds = [type(packet) for packet in came if isinstance(packet, Done | RoomGone | Opened)]
    assert kinds == [Done, RoomGone, Opened]
    assert lobby in world.hub.state.by_handle["bob"].rooms
    bob.follow(lobby)
    bob.post(lobby, "back", nonce(1))
    assert bob.texts(lobby) == ["back"]


def test_who_leaves_a_private_room_does_not_come_back_in_the_same_pass(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    opened = ana.ask(Join(1, "den", create=True, kind=1))[-1]
    assert isinstance(opened, Opened)
    den = opened.info.room
    ana.ask(Invite(2, den, "bob"))
    bob.ask(Join(3, "den"))
    came = settled(world, bob, Leave(8, den), Join(9, "den"))
    assert refusal(came, 9).code == ErrorCode.NO_SUCH_ROOM
    assert den not in world.hub.state.by_handle["bob"].rooms


def test_who_is_kicked_for_a_time_does_not_come_back_in_the_same_pass(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    mia.say(Moderate(7, world.lobby(mia), ModerationAct.KICK, "bob", 600))
    came = settled(world, bob, Join(9, "lobby"))
    assert [type(packet) for packet in came if isinstance(packet, Opened | RoomGone)] == [Opened, RoomGone]
    assert world.lobby(bob) not in world.hub.state.by_handle["bob"].rooms
    refused = refusal(settled(world, bob, Join(10, "lobby")), 10)
    assert refused.code == ErrorCode.NOT_ALLOWED
    assert "closed to you" in refused.text


def test_who_leaves_here_and_joins_there_in_one_pass_is_told_the_same_in_both_places(world: World) -> None:
    here = world.member("bob")
    there = world.guest(here.key)
    there.login("bob")
    lobby = world.lobby(here)
    here.say(Leave(8, lobby))
    came = settled(world, there, Join(9, "lobby"))
    assert [type(packet) for packet in came if isinstance(packet, Opened | RoomGone)] == [Opened, RoomGone]
    assert here.got(RoomGone)
    assert lobby not in world.hub.state.by_handle["bob"].rooms


def test_a_peer_awaits_what_it_asked_for_and_no_message(world: World) -> None:
    bob = world.member("bob")
    lobby = world.lobby(bob)
    bob.say(Post(8, lobby, nonce(1), "hello"))
    assert not bob.peer.awaits
    bob.say(Leave(9, lobby))
    assert bob.peer.awaits == 1
    world.settle()
    assert not bob.peer.awaits


def test_who_asked_for_what_was_given_up_awaits_nothing(world: World) -> None:
    bob = world.member("bob")
    bob.say(Leave(9, world.lobby(bob)))
    world.give_up()
    assert not bob.peer.awaits
    assert bob.peer.stage is Stage.CLOSING


class Unheard(MemoryLog):
    """A log that does not say what it stored, once for each time it is told to."""

    times = 0

    def outcomes(self) -> list[Outcome]:
        """As `Log.outcomes`, or raise MemoryError."""
        if self.times:
            self.times -= 1
            raise MemoryError
        return super().outcomes()


def test_an_outcome_of_what_was_given_up_is_nobody_elses() -> None:
    log = Unheard()
    world = World(log)
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    ana.say(Post(8, lobby, nonce(1), "hello"))
    log.times = 1
    with pytest.raises(MemoryError):
        world.hub.commit()
    world.give_up()
    came = settled(world, bob, SetTopic(9, lobby, "news"))
    assert [packet for packet in came if isinstance(packet, Done)] == [Done(9)]
    assert world.hub.state.rooms[lobby].topic == "news"


def test_whoever_else_is_given_up_is_so_when_one_goodbye_fails(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    ana.say(Leave(8, world.lobby(ana)))
    bob.say(Leave(9, world.lobby(bob)))
    assert {guest.peer for guest in (ana, bob)} == set(world.hub.give_up_proposals())
    world.settle()
    assert not ana.peer.awaits
    assert not bob.peer.awaits
    came = settled(world, bob, SetTopic(10, world.lobby(bob), "news"))
    assert [packet for packet in came if isinstance(packet, Done)] == [Done(10)]
    assert not ana.got(RoomGone)


def test_a_member_who_joins_again_is_answered_and_nothing_is_stored(world: World) -> None:
    bob = world.member("bob")
    lobby = world.lobby(bob)
    head = world.hub.state.rooms[lobby].head
    assert isinstance(settled(world, bob, Join(9, "lobby"))[-1], Opened)
    assert world.hub.state.rooms[lobby].head == head


def test_an_author_who_is_not_sent_the_entry_any_more_is_told_where_it_stands(world: World) -> None:
    """The room has an end for this connection at its head of now."""
    bob = world.member("bob")
    lobby = world.lobby(bob)
    bob.capacity = 0
    bob.post(lobby, "first", nonce(1))
    room = world.hub.state.rooms[lobby]
    world.hub._context.delivery.end(bob.peer, room, b"")
    assert bob.peer.will_be_sent(room, room.head)
    assert not bob.peer.will_be_sent(room, room.head + 1)
    bob.say(Post(9, lobby, nonce(2), "second"))
    world.settle()
    bob.drain()
    stored = bob.got(Stored)
    assert [packet.seq for packet in stored if isinstance(packet, Stored)] == [room.head]


def test_whom_a_room_is_sent_to_again_gets_the_entry_itself(world: World) -> None:
    bob = world.member("bob")
    lobby = world.lobby(bob)
    settled(world, bob, Leave(1, lobby))
    settled(world, bob, Join(2, "lobby"))
    settled(world, bob, Follow(3, [Cursor(lobby, 0)]), Post(4, lobby, nonce(1), "hello"))
    assert bob.texts(lobby) == ["hello"]
    assert not bob.got(Stored)
