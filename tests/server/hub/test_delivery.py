"""Cursors: slow readers lose nothing, get nothing twice, and cost nobody anything."""

from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatroom.protocol.entries import Entry, RoomKind
from chatroom.protocol.packets import (
    Cursor,
    Follow,
    Join,
    ListRooms,
    Opened,
    Ping,
    Post,
    PresenceChanged,
    RoomList,
    RoomState,
)
from chatroom.server.hub import delivery
from chatroom.server.hub.delivery import PASS_BYTES, READ_BYTES, broadcast_in_python
from chatroom.server.hub.ports import StorageError
from chatroom.server.hub.state import Room
from chatroom.server.store.memory import MemoryLog
from support.hub_world import Guest, World

Key = TypeVar("Key")


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def seqs(guest: Guest, room: int) -> list[int]:
    return [entry.seq for entry in guest.entries(room)]


def test_a_reader_that_stalls_gets_the_rest_in_order_when_it_takes_it() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 100
    for number in range(2_500):
        ana.say(Post(number, lobby, nonce(number), f"message {number}"))
    world.settle()
    assert len(ana.texts(lobby)) == 2_500
    assert len(bob.texts(lobby)) < 2_500
    bob.drain()
    assert bob.texts(lobby) == ana.texts(lobby)
    assert seqs(bob, lobby) == list(range(1, len(seqs(bob, lobby)) + 1))


def test_nothing_is_queued_for_a_stalled_reader_but_what_was_under_way() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 0
    ana.post(lobby, "first", nonce(0))
    waiting = len(bob.backlog)
    for number in range(1, 200):
        ana.post(lobby, "x" * 1000, nonce(number))
    assert len(bob.backlog) == waiting


def test_a_push_that_fails_costs_nobody_an_entry_or_one_too_many() -> None:
    world = World()
    ana, bob, carl = world.member("ana"), world.member("bob"), world.member("carl")
    lobby = world.lobby(ana)
    room = world.hub.state.rooms[lobby]

    def fails(_data: bytes) -> int:
        raise ConnectionResetError

    room.live[bob.peer] = fails
    ana.post(lobby, "one", nonce(0))
    bob.drain()
    ana.post(lobby, "two", nonce(1))
    for guest in (ana, bob, carl):
        assert guest.texts(lobby) == ["one", "two"]


def test_a_push_for_which_memory_is_lacking_may_have_sent_so_all_are_given_up() -> None:
    world = World()
    ana, bob, carl = world.member("ana"), world.member("bob"), world.member("carl")
    lobby = world.lobby(ana)

    def fails(_data: bytes) -> int:
        raise MemoryError

    world.hub.state.rooms[lobby].live[bob.peer] = fails
    with pytest.raises(MemoryError):
        ana.post(lobby, "one", nonce(0))
    assert all(guest.is_given_up for guest in (ana, bob, carl))
    assert not world.hub.state.rooms[lobby].live


class Lacking(dict[Room, int]):
    """Cursors for which memory is lacking."""

    def __setitem__(self, room: Room, cursor: int) -> None:
        raise MemoryError


@pytest.mark.parametrize("lags", [False, True])
def test_a_peer_of_which_nobody_knows_where_it_stands_is_given_up(lags: bool) -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 10
    go_on = partial(ana.post, lobby, "one", nonce(0))
    if lags:
        ana.post(lobby, "stall", nonce(8))
        ana.post(lobby, "missed", nonce(9))
        go_on = bob.drain
    bob.peer.cursors = Lacking(bob.peer.cursors)
    with pytest.raises(MemoryError):
        go_on()
    assert bob.is_given_up
    assert bob.peer not in world.hub.state.rooms[lobby].live
    assert not bob.peer.cursors


@pytest.mark.parametrize("lags", [False, True])
def test_a_peer_whose_turn_fails_before_it_begins_has_it_later(
    monkeypatch: pytest.MonkeyPatch, lags: bool
) -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    ana.post(lobby, "one", nonce(0))
    if lags:
        world.hub._context.delivery.follow(bob.peer, world.hub.state.rooms[lobby], 0)
    else:
        bob.say(ListRooms(9))

    def fails(*_: object) -> NoReturn:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(delivery.Delivery, "_or_given_up", fails)
        with pytest.raises(MemoryError):
            world.hub.write()
    world.settle()
    ana.post(lobby, "two", nonce(1))
    assert bob.texts(lobby) == (["one", "one", "two"] if lags else ["one", "two"])
    assert lags or bob.got(RoomList)


@pytest.mark.parametrize("fails_after", [0, 1, 3])
def test_after_a_broadcast_of_which_nobody_knows_what_went_out_all_live_peers_are_given_up(
    fails_after: int,
) -> None:
    world = World()
    guests = [world.member(handle) for handle in ("ana", "bob", "carl")]
    lobby = world.lobby(guests[0])

    def broadcast(pushes: dict[Key, Callable[[bytes], int]], data: bytes) -> list[tuple[Key, int]]:
        for push in list(pushes.values())[:fails_after]:
            push(data)
        raise MemoryError

    world.hub._context.delivery._push_to_all = broadcast
    with pytest.raises(MemoryError):
        guests[0].post(lobby, "one", nonce(0))
    assert all(guest.is_given_up for guest in guests)
    world.hub._context.delivery._push_to_all = broadcast_in_python
    told = [guest.texts(lobby) for guest in guests]
    dora = world.member("dora")
    dora.post(lobby, "two", nonce(1))
    assert [guest.texts(lobby) for guest in guests] == told, "nothing follows what may be torn"
    assert dora.texts(lobby)[-1:] == ["two"]


def test_a_peer_to_whom_an_answer_may_have_been_sent_in_part_is_given_up_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)

    def fails(_data: bytes) -> bool:
        raise MemoryError

    monkeypatch.setattr(bob, "send", fails)
    with pytest.raises(MemoryError):
        bob.ask(ListRooms(9))
    assert bob.is_given_up
    assert bob.peer not in world.hub.state.rooms[lobby].live
    ana.post(lobby, "goes on", nonce(0))
    assert ana.texts(lobby) == ["goes on"]
    assert not ana.is_given_up


def test_presence_missed_while_stalled_is_told_afterwards_latest_value_only() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 0
    ana.post(lobby, "stall", nonce(0))
    carl = world.member("carl")
    carl.hang_up()
    dora = world.member("dora")
    assert dora.received
    bob.drain()
    packets = [packet for packet in bob.got(PresenceChanged) if isinstance(packet, PresenceChanged)]
    changes = {change.handle: change.presence for packet in packets for change in packet.changes}
    assert (changes["carl"], changes["dora"]) == (0, 2)


def test_a_peer_that_stalls_in_one_room_resumes_in_all() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    opened = ana.ask(Join(5, "lab", create=True))[-1]
    assert isinstance(opened, Opened)
    lab, lobby = opened.info.room, world.lobby(ana)
    bob.ask(Join(6, "lab"))
    for guest in (ana, bob):
        guest.follow(lab)
    bob.capacity = 0
    for number in range(20):
        ana.say(Post(number, lobby if number % 2 else lab, nonce(number), f"message {number}"))
    world.settle()
    bob.drain()
    assert seqs(bob, lab) == seqs(ana, lab)
    assert seqs(bob, lobby)[-10:] == seqs(ana, lobby)[-10:]


def follow_eight_rooms(world: World, bob: Guest) -> list[int]:
    """Have bob ask for all of eight rooms: in each are 20 messages of 1,000 bytes, and three more entries."""
    ana = world.member("ana")
    rooms: list[int] = []
    for name in "abcdefgh":
        opened = ana.ask(Join(next(ana.ids), f"room-{name}", create=True, kind=RoomKind.PUBLIC))[-1]
        assert isinstance(opened, Opened)
        rooms.append(opened.info.room)
        for number in range(20):
            ana.post(rooms[-1], "x" * 1000, nonce(1000 * ord(name) + number))
        bob.ask(Join(next(bob.ids), f"room-{name}"))
    bob.say(Follow(next(bob.ids), [Cursor(room, 0) for room in rooms]))
    return rooms


def test_who_lags_in_many_rooms_gives_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "TURN_BYTES", 20_000)
    monkeypatch.setattr(delivery, "PASS_BYTES", 10_000)  # one turn a pass
    world = World()
    bob, carl = world.member("bob"), world.member("carl")
    rooms = follow_eight_rooms(world, bob)
    before = len(carl.received)
    carl.say(Follow(next(carl.ids), [Cursor(world.lobby(carl), 0)]))
    served: list[int] = []
    for _ in range(20):
        world.hub.write()
        served.append(sum(len(bob.entries(room)) for room in rooms))
        if any(isinstance(packet, Entry) for packet in carl.received[before:]):
            break
    assert 0 < served[-1] < 60, "carl was not left until last"
    world.settle()
    for room in rooms:
        assert seqs(bob, room) == list(range(1, len(seqs(bob, room)) + 1))
        assert len(bob.texts(room)) == 20


def test_the_rooms_in_which_somebody_lags_come_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FEED_BYTES", 5_000)  # a helping is a fourth of a room
    monkeypatch.setattr(delivery, "TURN_BYTES", 20_000)
    world = World()
    bob = world.member("bob")
    rooms = follow_eight_rooms(world, bob)
    for _ in range(4):
        world.hub.write()
    counts = [len(bob.entries(room)) for room in rooms]
    assert min(counts) > 0, "the last room did not wait for the end of the first"


def test_many_short_readings_are_no_short_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FEED_ENTRIES", 1)
    monkeypatch.setattr(delivery, "TURN_BYTES", 4 * delivery.READ_BYTES)
    world = World()
    bob = world.member("bob")
    rooms = follow_eight_rooms(world, bob)
    world.hub.write()
    assert sum(len(bob.entries(room)) for room in rooms) <= 4


class Damaged(MemoryLog):
    """A log of which some rooms cannot be read."""

    damaged: frozenset[int] = frozenset()
    reads = 0

    def after(self, room: int, seq: int, limit: int, budget_bytes: int) -> list[bytes]:
        """As `Log.after`."""
        self.reads += 1
        if room in self.damaged:
            raise StorageError("damaged")
        return super().after(room, seq, limit, budget_bytes)


@pytest.mark.parametrize("first", [0, 1])
def test_a_room_that_cannot_be_read_keeps_nobody_from_the_others(first: int) -> None:
    log = Damaged()
    world = World(log, rooms=("lobby", "lab"))
    ana, bob = world.member("ana"), world.member("bob")
    lobby, lab = sorted(state.info.room for state in ana.got(RoomState) if isinstance(state, RoomState))
    bob.follow(lab)
    log.damaged = frozenset({lobby})
    back = world.guest(ana.key)
    back.login("ana")
    cursors = [Cursor(lobby, 0), Cursor(lab, 0)]
    back.ask(Follow(9, [cursors[first], cursors[1 - first]]))
    bob.post(lab, "theirs", nonce(1))
    back.post(lab, "mine", nonce(2))
    assert back.texts(lab) == bob.texts(lab) == ["theirs", "mine"]
    world.wait(1)
    assert not back.entries(lobby)
    log.damaged = frozenset()
    world.wait(1)
    assert seqs(back, lobby) == list(range(1, world.hub.state.rooms[lobby].head + 1))


def test_who_follows_again_a_room_that_could_not_be_read_gets_it_at_once() -> None:
    log = Damaged()
    world = World(log)
    ana = world.member("ana")
    lobby = world.lobby(ana)
    log.damaged = frozenset({lobby})
    ana.received.clear()
    ana.follow(lobby)
    log.damaged = frozenset()
    ana.ask(Follow(9, [Cursor(lobby, 0)]))
    assert seqs(ana, lobby) == list(range(1, world.hub.state.rooms[lobby].head + 1))


def test_rooms_that_cannot_be_read_hold_up_nobody() -> None:
    log = Damaged()
    names = [f"room-{number}" for number in range(40)]
    world = World(log, rooms=("lobby", *names), connections_per_account=100)
    ana = world.member("ana")
    rooms = sorted(world.hub.state.rooms)
    peers = [ana, *(world.guest(ana.key) for _ in range(60))]
    for guest in peers[1:]:
        guest.login("ana")
    log.damaged = frozenset(rooms)
    for guest in peers:
        guest.say(Follow(9, [Cursor(room, 0) for room in rooms]))
    log.reads = 0
    world.hub.write()
    assert len(rooms) <= log.reads < PASS_BYTES / READ_BYTES
    world.settle()
    assert not world.hub._context.delivery.has_work


def test_a_stalled_peer_is_not_fed_when_the_log_can_be_read_again() -> None:
    log = Damaged()
    world = World(log)
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    for number in range(30):
        ana.post(lobby, "y" * 1_000, nonce(number))
    log.damaged = frozenset({lobby})
    bob.received.clear()
    bob.follow(lobby)
    bob.capacity = 0
    bob.ask(Ping(1))
    log.damaged = frozenset()
    kept = bob.backlog
    world.wait(1)
    assert bob.backlog == kept
    bob.drain()
    assert seqs(bob, lobby) == list(range(1, world.hub.state.rooms[lobby].head + 1))


def test_an_answer_that_is_not_taken_does_not_cost_the_entries_of_the_same_pass() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 5
    bob.say(ListRooms(7))
    ana.post(lobby, "in the same pass", nonce(1))
    assert bob.texts(lobby) == []
    bob.drain()
    assert bob.texts(lobby) == ["in the same pass"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("post"), st.integers(0, 2), st.integers(1, 400)),
            st.tuples(st.just("stall"), st.integers(0, 2), st.integers(0, 300)),
            st.tuples(st.just("drain"), st.integers(0, 2), st.just(0)),
            st.tuples(st.just("drop"), st.integers(0, 2), st.just(0)),
            st.tuples(st.just("settle"), st.just(0), st.just(0)),
        ),
        max_size=60,
    )
)
def test_any_mix_of_posts_stalls_and_drops_gives_everybody_the_log(steps: list[tuple[str, int, int]]) -> None:
    """Each guest keeps a cursor across its connections, as a session does."""
    world = World()
    guests = [world.member(handle) for handle in ("ana", "bob", "carl")]
    lobby = world.lobby(guests[0])
    histories: list[list[int]] = [[], [], []]
    posted = 0
    for what, who, size in steps:
        guest = guests[who]
        if what == "post":
            numbers = range(posted + 1, posted + 2 + size % 3)
            guest.say_all(Post(number, lobby, nonce(number), "x" * size) for number in numbers)
            posted = numbers[-1]
        elif what == "stall" and guest.capacity is None:
            guest.capacity = size
        elif what == "drain":
            guest.drain()
        elif what == "drop":
            histories[who] += seqs(guest, lobby)
            guest.hang_up()
            guests[who] = world.guest(guest.key)
            guests[who].login(("ana", "bob", "carl")[who])
            guests[who].follow(lobby, cursor=histories[who][-1] if histories[who] else 0)
        else:
            world.settle()
    for who, guest in enumerate(guests):
        guest.drain()
        histories[who] += seqs(guest, lobby)
    head = world.hub.state.by_name["lobby"].head
    assert histories == [list(range(1, head + 1))] * 3
