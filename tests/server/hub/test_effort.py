"""The effort of requests: what takes longer where there is more is declared to take longer."""

from chatroom.protocol.entries import RoomKind
from chatroom.protocol.packets import Cursor, Follow, ListMembers, ListRooms, Packet
from chatroom.server.hub.ports import AddRoom, Committed
from support.hub_world import Guest, World


def effort(guest: Guest, packet: Packet) -> int:
    found = guest.world.hub.receive(guest.peer, packet)
    guest.world.settle()
    return found


def rooms_of(world: World, guest: Guest, count: int) -> list[int]:
    """Put the guest's account into so many rooms; the hub learns of them when it starts again."""
    number = guest.peer.account.number  # type: ignore[union-attr]
    world.log.submit([AddRoom(f"room-{n}", RoomKind.PUBLIC, (number,)) for n in range(count)], world.now_ms)
    return [outcome.number for outcome in world.log.outcomes() if isinstance(outcome, Committed)]


def test_a_login_weighs_as_much_as_the_rooms_it_tells_of() -> None:
    world = World()
    ana = world.member("ana")
    few = world.guest(ana.key)
    assert effort(few, few.login_packet("ana")) <= 2
    rooms_of(world, ana, 300)
    later = World(world.log)
    back = later.guest(ana.key)
    assert 100 <= effort(back, back.login_packet("ana")) <= 300


def test_a_login_that_is_refused_weighs_little() -> None:
    world = World()
    world.member("ana")
    thief = world.guest()
    assert effort(thief, thief.login_packet("ana")) == 1


def test_following_many_rooms_weighs_more_than_following_one() -> None:
    world = World()
    ana = world.member("ana")
    numbers = rooms_of(world, ana, 200)
    later = World(world.log)
    back = later.guest(ana.key)
    back.login("ana")
    one = effort(back, Follow(1, [Cursor(numbers[0], 0)]))
    assert effort(back, Follow(2, [Cursor(number, 0) for number in numbers])) > one


def test_listing_weighs_more_where_there_is_more_to_sort() -> None:
    world = World()
    ana = world.member("ana")
    members, names = (effort(ana, packet) for packet in (ListMembers(1, world.lobby(ana)), ListRooms(2)))
    rooms_of(world, ana, 900)
    later = World(world.log)
    back = later.guest(ana.key)
    back.login("ana")
    lobby = later.hub.state.by_name["lobby"]
    lobby.members.update((number, lobby.members[1]) for number in range(2, 1_000))
    assert effort(back, ListMembers(3, lobby.number)) > members
    assert effort(back, ListRooms(4)) > names
    assert effort(back, ListMembers(5, 4_000)) == members, "no member of such a room"
