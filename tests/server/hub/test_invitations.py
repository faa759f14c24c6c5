"""Declining an invitation: who may, what is logged, and that nothing of the room is shown for it."""

from collections.abc import Callable

import pytest

from chatroom.protocol.entries import EntryKind, RoomKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Done,
    Invite,
    Join,
    Leave,
    Moderate,
    ModerationAct,
    Opened,
    Packet,
    Refused,
    Role,
    RoomGone,
    RoomState,
)
from support.hub_world import Guest, World


def den_of(host: Guest) -> int:
    """Make a private room, follow it, and return its number."""
    opened = host.ask(Join(next(host.ids), "den", create=True, kind=RoomKind.PRIVATE))[-1]
    assert isinstance(opened, Opened)
    host.follow(opened.info.room)
    return opened.info.room


def invited_to_den(world: World) -> tuple[Guest, Guest, int]:
    """Return ana, bob, and the number of her private room, to which she has invited him."""
    ana, bob = world.member("ana", role=Role.MODERATOR), world.member("bob")
    den = den_of(ana)
    ana.ask(Invite(next(ana.ids), den, "bob"))
    return ana, bob, den


def refusal_code(packets: list[Packet]) -> int:
    (refused,) = [packet for packet in packets if isinstance(packet, Refused)]
    return refused.code


def test_a_declined_invitation_is_gone_on_all_devices_and_the_room_is_told() -> None:
    world = World()
    ana, bob, den = invited_to_den(world)
    phone = world.member("bob", key=bob.key)
    assert bob.ask(Leave(9, den)) == [Done(9), RoomGone(den)]
    assert phone.received[-1] == RoomGone(den)
    entry = ana.entries(den)[-1]
    assert (entry.author, entry.kind, bytes(entry.body)) == ("bob", EntryKind.DECLINED, b"\x90")
    assert refusal_code(list(bob.ask(Join(10, "den")))) == ErrorCode.NO_SUCH_ROOM
    assert bob.entries(den) == phone.entries(den) == []


def test_after_a_restart_it_is_still_declined(disk_world: Callable[[], World]) -> None:
    _, bob, den = invited_to_den(disk_world())
    bob.ask(Leave(9, den))
    back = disk_world().guest(bob.key)
    back.login("bob")
    assert [state.info.name for state in back.got(RoomState) if isinstance(state, RoomState)] == ["lobby"]


def test_who_is_neither_member_nor_invited_has_nothing_to_decline() -> None:
    world = World()
    _, bob, den = invited_to_den(world)
    eve = world.member("eve")
    for room in (den, 4_000_000):
        assert refusal_code(list(eve.ask(Leave(9, room)))) == ErrorCode.NOT_A_MEMBER
    bob.ask(Leave(9, den))
    assert refusal_code(list(bob.ask(Leave(10, den)))) == ErrorCode.NOT_A_MEMBER
    assert world.hub.state.rooms[den].head == 4


def test_the_invitation_to_a_public_room_can_be_declined_too() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    opened = ana.ask(Join(5, "lab", create=True))[-1]
    assert isinstance(opened, Opened)
    ana.ask(Invite(6, opened.info.room, "bob"))
    assert bob.ask(Leave(9, opened.info.room))[0] == Done(9)
    assert isinstance(bob.ask(Join(10, "lab"))[-1], Opened), "it is public all the same"


def test_who_declined_may_be_invited_again_and_come() -> None:
    ana, bob, den = invited_to_den(World())
    bob.ask(Leave(9, den))
    ana.ask(Invite(10, den, "bob"))
    assert ana.entries(den)[-1].kind == EntryKind.INVITED
    assert isinstance(bob.ask(Join(11, "den"))[-1], Opened)


def test_a_declined_invitation_makes_room_for_another() -> None:
    world = World(invitations_per_account=1)
    _, bob, den = invited_to_den(world)
    eve = world.member("eve")
    other = eve.ask(Join(5, "cave", create=True, kind=RoomKind.PRIVATE))[-1]
    assert isinstance(other, Opened)
    assert refusal_code(list(eve.ask(Invite(6, other.info.room, "bob")))) == ErrorCode.TOO_MANY
    bob.ask(Leave(9, den))
    assert eve.ask(Invite(7, other.info.room, "bob"))[0] == Done(7)


def test_who_is_muted_may_decline() -> None:
    ana, bob, den = invited_to_den(World())
    ana.moderate(ModerationAct.MUTE, "bob")
    assert bob.ask(Leave(9, den)) == [Done(9), RoomGone(den)]


@pytest.mark.parametrize("store_fails", [False, True])
def test_two_devices_that_decline_at_once_decline_once(store_fails: bool) -> None:
    world = World()
    ana, bob, den = invited_to_den(world)
    phone = world.member("bob", key=bob.key)
    head = world.hub.state.rooms[den].head
    world.log.fault = "the disk is full" if store_fails else ""  # type: ignore[attr-defined]
    bob.say(Leave(8, den))
    phone.say(Leave(9, den))
    world.settle()
    if store_fails:
        assert refusal_code(bob.received) == refusal_code(phone.received) == ErrorCode.STORAGE
        assert world.hub.state.rooms[den].head == head
    else:
        assert (bob.got(Done), refusal_code(phone.received)) == ([Done(8)], ErrorCode.NOT_A_MEMBER)
        assert [entry.kind for entry in ana.entries(den)][head:] == [EntryKind.DECLINED]


def test_an_invitation_accepted_and_declined_in_one_pass_is_a_room_joined_and_left() -> None:
    world = World()
    ana, bob, den = invited_to_den(world)
    bob.say(Join(8, "den"))
    bob.say(Leave(9, den))
    world.settle()
    kinds = [packet for packet in bob.received if isinstance(packet, Opened | Done | Refused | RoomGone)]
    assert [type(packet) for packet in kinds] == [Opened, Done, RoomGone]
    assert [entry.kind for entry in ana.entries(den)][-2:] == [EntryKind.JOINED, EntryKind.LEFT]
    assert den not in world.hub.state.by_handle["bob"].rooms


def kicked_and_invited_while_slow(world: World) -> tuple[Guest, int]:
    """Return bob, who has yet to read of his kick out of a room to which he is invited again."""
    ana, bob, den = invited_to_den(world)
    bob.ask(Join(7, "den"))
    bob.follow(den)
    bob.capacity = 0
    ana.post(den, "before", (1).to_bytes(16, "big"))
    ana.ask(Moderate(8, den, ModerationAct.KICK, "bob"))
    ana.post(den, "after", (2).to_bytes(16, "big"))
    ana.ask(Invite(9, den, "bob"))
    return bob, den


def told_of(guest: Guest, room: int) -> list[tuple[type[Packet], bool]]:
    """Return what the guest was told of a room at last: RoomGone, or RoomState and whether it is a member."""
    return [
        (type(packet), isinstance(packet, RoomState) and packet.info.is_member)
        for packet in guest.received
        if (isinstance(packet, RoomGone) and packet.room == room)
        or (isinstance(packet, RoomState) and packet.info.room == room)
    ]


def test_a_slow_reader_hears_of_a_new_invitation_after_the_kick_before_it() -> None:
    world = World()
    bob, den = kicked_and_invited_while_slow(world)
    before = len(told_of(bob, den))
    bob.drain()
    assert told_of(bob, den)[before:] == [(RoomGone, False), (RoomState, False)]
    assert bob.texts(den) == ["before"]


def test_declining_shows_a_slow_reader_nothing_of_what_came_after_its_kick() -> None:
    world = World()
    bob, den = kicked_and_invited_while_slow(world)
    before = len(told_of(bob, den))
    bob.say(Leave(10, den))
    world.settle()
    bob.drain()
    assert told_of(bob, den)[before:] == [(RoomGone, False), (RoomState, False), (RoomGone, False)]
    assert bob.texts(den) == ["before"]
    assert world.hub.state.by_handle["bob"].invitations == {}
