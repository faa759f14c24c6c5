"""How many rooms and invitations an account may have, and that others cannot use them up for it."""

from collections.abc import Callable

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Done, Invite, Join, OpenDirect, Opened, Packet, Refused
from support.hub_world import Guest, World


def open_direct(guest: Guest, handle: str) -> Packet:
    return guest.ask(OpenDirect(next(guest.ids), handle))[-1]


def make_room(guest: Guest, name: str) -> Packet:
    return guest.ask(Join(next(guest.ids), name, create=True, kind=1))[-1]


def is_too_many(packet: Packet, words: str) -> bool:
    assert isinstance(packet, Refused), packet
    return packet.code == ErrorCode.TOO_MANY and words in packet.text


def test_trying_names_of_private_rooms_takes_as_long_as_making_rooms() -> None:
    world = World()
    ana, carl = world.member("ana"), world.member("carl")
    make_room(ana, "secret")
    codes = []
    for _ in range(21):
        refused = make_room(carl, "secret")
        assert isinstance(refused, Refused)
        codes.append(refused.code)
    assert codes == [ErrorCode.NAME_TAKEN] * 20 + [ErrorCode.TOO_MANY]


def test_where_nobody_may_make_rooms_a_private_one_is_not_told_from_none() -> None:
    opened = World()
    make_room(opened.member("ana"), "secret")
    world = World(opened.log, may_create_rooms=False)
    carl = world.member("carl")
    answers = [
        carl.ask(Join(5, name, create=create))[-1]
        for name in ("secret", "no-such")
        for create in (False, True)
    ]
    assert answers[:2] == answers[2:]


def test_direct_rooms_that_others_open_leave_room_for_named_ones() -> None:
    world = World(rooms_per_account=2)
    bob = world.member("bob")
    for number in range(5):
        assert isinstance(open_direct(world.member(f"user-{number}"), "bob"), Opened)
    assert isinstance(make_room(bob, "mine"), Opened)
    assert is_too_many(make_room(bob, "one-more"), "2 rooms")


def test_who_opened_as_many_direct_rooms_as_it_may_is_refused_and_others_are_not() -> None:
    world = World(direct_rooms_opened=2)
    ana, bob, eve, zoe = (world.member(handle) for handle in ("ana", "bob", "eve", "zoe"))
    assert isinstance(open_direct(ana, "bob"), Opened)
    assert isinstance(open_direct(ana, "eve"), Opened)
    assert is_too_many(open_direct(ana, "zoe"), "you have opened 2 direct rooms")
    assert isinstance(open_direct(ana, "bob"), Opened), "it is there already"
    assert isinstance(open_direct(zoe, "ana"), Opened)
    assert isinstance(open_direct(bob, "zoe"), Opened)
    assert isinstance(open_direct(eve, "zoe"), Opened)


def test_who_has_very_many_direct_rooms_still_opens_its_own() -> None:
    world = World(direct_rooms_per_account=3)
    bob = world.member("bob")
    for number in range(3):
        open_direct(world.member(f"user-{number}"), "bob")
    late = world.member("late")
    assert is_too_many(open_direct(late, "bob"), "bob has as many direct rooms")
    assert isinstance(open_direct(bob, "late"), Opened)
    assert isinstance(open_direct(late, "bob"), Opened), "it is there now"


def test_who_opened_a_direct_room_is_known_after_a_restart(disk_world: Callable[[], World]) -> None:
    world = disk_world()
    ana = world.member("ana")
    world.member("bob")
    open_direct(ana, "bob")
    loaded = disk_world().hub.state
    (room,) = loaded.direct.values()
    assert room.creator == loaded.by_handle["ana"].number
    assert loaded.by_name["lobby"].creator == 0


def test_open_invitations_are_bounded_and_the_inviter_is_told() -> None:
    world = World(invitations_per_account=2)
    bob = world.member("bob")
    rooms = []
    for number in range(3):
        ana = world.member(f"user-{number}")
        made = make_room(ana, f"den-{number}")
        assert isinstance(made, Opened)
        rooms.append((ana, made.info.room))
    answers = [ana.ask(Invite(next(ana.ids), room, "bob"))[-1] for ana, room in rooms]
    assert [type(answer) for answer in answers] == [Done, Done, Refused]
    assert is_too_many(answers[2], "bob has 2 open invitations already")
    ana, room = rooms[0]
    assert isinstance(ana.ask(Invite(next(ana.ids), room, "bob"))[-1], Done), "it is invited already"
    bob.ask(Join(next(bob.ids), "den-0"))
    ana, room = rooms[2]
    assert isinstance(ana.ask(Invite(next(ana.ids), room, "bob"))[-1], Done)
