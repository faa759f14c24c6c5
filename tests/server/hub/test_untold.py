"""What the log stored and did not tell: the hub takes it in when it hears of it, and nobody lacks it."""

from collections.abc import Callable

import pytest

from chatroom.protocol.packets import (
    Done,
    History,
    HistoryPage,
    Join,
    Leave,
    MarkRead,
    Moderate,
    ModerationAct,
    Opened,
    Packet,
    Post,
    Role,
    RoomGone,
    SetTopic,
    Stored,
)
from chatroom.server.hub.ports import Outcome, StorageError
from chatroom.server.hub.state import Stage
from chatroom.server.store.memory import MemoryLog
from support.hub_world import Guest, World


class Silent(MemoryLog):
    """A log that says nothing of what it stored, when asked to, and cannot be read so often."""

    is_silent = False
    is_empty = False
    """Whether what cannot be read seems not to be there."""
    unreadable = 0

    def outcomes(self) -> list[Outcome]:
        """As `Log.outcomes`, or raise MemoryError and forget them."""
        outcomes = super().outcomes()
        if self.is_silent:
            raise MemoryError
        return outcomes

    def after(self, room: int, seq: int, limit: int, budget_bytes: int) -> list[bytes]:
        """As `Log.after`."""
        if self.unreadable:
            self.unreadable -= 1
            if self.is_empty:
                return []
            raise StorageError("damaged")
        return super().after(room, seq, limit, budget_bytes)


@pytest.fixture
def log() -> Silent:
    return Silent()


@pytest.fixture
def world(log: Silent) -> World:
    return World(log, rooms=("lobby", "lab"))


@pytest.fixture
def untold(log: Silent, world: World) -> Callable[..., Guest]:
    """Have packets carried out of which the hub hears nothing; give who asked, back again."""

    def carry_out(guest: Guest, handle: str, *packets: Packet) -> Guest:
        log.is_silent = True
        guest.say_all(packets)
        with pytest.raises(MemoryError):
            world.settle()
        log.is_silent = False
        world.give_up()
        world.settle()
        back = world.guest(guest.key)
        back.login(handle)
        return back

    return carry_out


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def seqs(guest: Guest, room: int) -> list[int]:
    return [entry.seq for entry in guest.entries(room)]


@pytest.mark.parametrize(("unreadable", "is_empty"), [(0, False), (1, False), (1, True)])
def test_entries_reach_everybody_before_the_next_ones(
    log: Silent, world: World, untold: Callable[..., Guest], unreadable: int, is_empty: bool
) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.post(lobby, "one", nonce(1))
    back = untold(ana, "ana", Post(5, lobby, nonce(2), "two"))
    log.unreadable, log.is_empty = unreadable, is_empty
    bob.ask_all([Post(6, lobby, nonce(3), "three"), SetTopic(7, lobby, "four")])
    world.wait(1)
    bob.post(lobby, "five", nonce(4))
    newcomer = world.member("cara")
    bob.post(lobby, "six", nonce(5))
    back.follow(lobby)
    for guest in (bob, newcomer, back):
        guest.follow(lobby, seqs(guest, lobby)[-1])
        assert guest.texts(lobby) == ["one", "two", "three", "four", "five", "six"]
        assert seqs(guest, lobby) == list(range(1, world.hub.state.rooms[lobby].head + 1))


@pytest.mark.parametrize("unreadable", [0, 1])
def test_of_one_pass_a_later_outcome_alone_is_enough(log: Silent, world: World, unreadable: int) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    for number, guest in enumerate((ana, bob, ana), 1):
        guest.say(Post(number, lobby, nonce(number), f"{number}"))
    world.hub.begin_pass(world.now, world.now_ms)
    first, _, last = world.hub.commit()
    world.hub.decide(*first)
    log.unreadable = unreadable
    world.hub.decide(*last)
    world.settle()
    room = world.hub.state.rooms[lobby]
    assert room.sent == room.head
    for guest in (ana, bob):
        assert guest.texts(lobby) == ["1", "2", "3"]


def test_a_message_that_is_sent_again_reaches_everybody(world: World, untold: Callable[..., Guest]) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    back = untold(ana, "ana", Post(5, lobby, nonce(1), "hello"))
    back.follow(lobby)
    back.post(lobby, "hello", nonce(1))
    assert back.texts(lobby) == bob.texts(lobby) == ["hello"]
    stored = back.last(Stored)
    assert isinstance(stored, Stored)
    assert isinstance(bob.ask(MarkRead(9, lobby, stored.seq))[-1], Done)
    page = bob.ask(History(10, lobby))[-1]
    assert isinstance(page, HistoryPage)
    assert page.entries[-1].seq == stored.seq


@pytest.mark.parametrize("is_message", [True, False])
def test_who_joined_is_a_member_when_something_follows(
    world: World, untold: Callable[..., Guest], is_message: bool
) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    ana.ask(Join(5, "den", create=True))
    den = world.hub.state.by_name["den"].number
    back = untold(bob, "bob", Join(6, "den"))
    ana.follow(den)
    ana.ask(Post(7, den, nonce(1), "welcome") if is_message else SetTopic(7, den, "welcome"))
    assert isinstance(back.ask(Join(8, "den"))[-1], Opened)
    back.follow(den)
    assert back.texts(den) == ["welcome"]


@pytest.mark.parametrize("act", [ModerationAct.KICK, ModerationAct.BAN])
def test_who_was_kicked_or_banned_reads_nothing_that_follows(
    world: World, untold: Callable[..., Guest], act: ModerationAct
) -> None:
    ana, bob = world.member("ana", role=Role.OWNER), world.member("bob")
    lobby = world.lobby(ana)
    back = untold(ana, "ana", Moderate(5, lobby, act, "bob", 0, ""))
    back.post(lobby, "secret", nonce(1))
    assert bob.peer.stage is Stage.CLOSING
    assert "secret" not in bob.texts(lobby)


def test_who_is_still_sent_the_end_of_a_room_gets_it(world: World, untold: Callable[..., Guest]) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    bob.capacity = 0
    ana.post(lobby, "the last he sees", nonce(1))
    bob.ask(Leave(5, lobby))
    back = untold(ana, "ana", Post(6, lobby, nonce(2), "untold"))
    back.post(lobby, "next", nonce(3))
    bob.drain()
    assert bob.texts(lobby) == ["the last he sees"]
    assert bob.got(RoomGone)
    assert bob.peer.stage is Stage.READY
