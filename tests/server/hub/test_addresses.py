"""Mutes and kicks that hold for new accounts of the same address; for bans see `test_bans.py`."""

from collections.abc import Callable, Sequence

import pytest

from chatroom.protocol.entries import EntryKind, Moderated, RoomKind, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Join, Moderate, ModerationAct, Opened, Refused, Role, RoomState, Welcome
from chatroom.server.hub.ports import Change
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.moderation_rules import PLACES
from support.hub_world import ELSEWHERE, HOME, HOME_AGAIN, Guest, World

MUTE, UNMUTE = ModerationAct.MUTE, ModerationAct.UNMUTE
KICK, BAN, UNBAN = ModerationAct.KICK, ModerationAct.BAN, ModerationAct.UNBAN


def newcomer(world: World, handle: str = "robert", address: str = HOME_AGAIN, **fields: object) -> Guest:
    guest = world.guest(address=address)
    guest.login(handle, **fields)
    assert guest.got(Welcome), guest.received
    return guest


def is_muted(guest: Guest) -> bool:
    """Whether it is told so, and may not make a room."""
    welcome = guest.last(Welcome)
    assert isinstance(welcome, Welcome)
    answers = guest.ask(Join(next(guest.ids), f"of-{welcome.handle}", create=True, kind=RoomKind.PUBLIC))
    refused = any(isinstance(answer, Refused) and "you are muted" in answer.text for answer in answers)
    assert refused == (welcome.role == Role.MUTED)
    return refused


def is_barred(guest: Guest) -> bool:
    """Whether it was not let in, or is muted, or not in the lobby."""
    return not guest.got(Welcome) or is_muted(guest) or not guest.got(RoomState)


# -- mutes -------------------------------------------------------------------------------------------------


def test_a_mute_is_not_evaded_by_a_new_account_of_the_same_address(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob", 600)
    assert is_muted(newcomer(world))
    assert not is_muted(newcomer(world, "eve", ELSEWHERE))


def test_everybody_sees_who_is_muted_because_of_the_address_and_a_moderator_takes_it_back(
    world: World, mia: Guest
) -> None:
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob", 600)
    robert = newcomer(world)
    lobby = world.lobby(mia)
    told = mia.entries(lobby)[-1]
    assert (told.author, told.kind) == ("server", EntryKind.MUTED)
    until = world.hub.state.by_handle["bob"].muted_until
    assert read_body(told) == Moderated("robert", until, "new from where somebody muted was")
    mia.moderate(UNMUTE, "robert")
    robert.post(lobby, "thank you", b"r" * 16)
    assert mia.texts(lobby)[-1] == "thank you"


def test_a_mute_with_a_time_ends_for_the_new_account_with_it(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob", 60)
    world.settle(30)
    robert = newcomer(world)
    assert is_muted(robert)
    world.settle(31)
    robert.post(world.lobby(robert), "at last", b"r" * 16)
    assert mia.texts(world.lobby(mia))[-1] == "at last"
    assert not is_muted(newcomer(world, "eve"))


def test_the_address_is_free_when_the_mute_is_taken_back(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob")
    mia.moderate(UNMUTE, "bob")
    assert not is_muted(newcomer(world))
    assert world.hub.state.barred == {}


def test_a_mute_outlasts_a_ban_that_is_taken_back(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob")
    mia.moderate(BAN, "bob")
    mia.moderate(UNBAN, "bob")
    assert is_muted(newcomer(world))


def test_an_invite_code_does_not_get_around_it_but_the_role_of_an_owner_does(
    world: World, mia: Guest
) -> None:
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob")
    mia.moderate(KICK, "bob", 600)
    assert is_muted(newcomer(world, invite=world.code(role=Role.MODERATOR)))
    owner = newcomer(world, "ina", invite=world.code(role=Role.OWNER))
    assert not is_muted(owner)
    assert world.lobby(owner)


def test_who_has_an_account_at_that_address_goes_on(world: World, mia: Guest) -> None:
    eve = world.member("eve", address=HOME)
    world.member("bob", address=HOME_AGAIN)
    mia.moderate(MUTE, "bob")
    mia.moderate(KICK, "bob", 600)
    eve.hang_up()
    back = world.guest(eve.key, HOME)
    back.login("eve")
    assert not is_muted(back)


# -- kicks -------------------------------------------------------------------------------------------------


def test_a_kick_with_a_time_is_not_evaded_by_a_new_account_of_the_same_address(
    world: World, mia: Guest
) -> None:
    world.member("bob", address=HOME)
    mia.moderate(KICK, "bob", 60)
    robert = newcomer(world)
    assert robert.got(RoomState) == []
    answer = robert.ask(Join(next(robert.ids), "lobby"))[-1]
    assert isinstance(answer, Refused)
    assert answer.code == ErrorCode.NOT_ALLOWED
    world.settle(61)
    assert isinstance(robert.ask(Join(next(robert.ids), "lobby"))[-1], Opened)


def test_a_kick_keeps_new_accounts_out_of_that_room_only(world: World, mia: Guest) -> None:
    bob = world.member("bob", address=HOME)
    garden = mia.ask(Join(next(mia.ids), "garden", create=True, kind=RoomKind.PUBLIC))[-1]
    assert isinstance(garden, Opened)
    bob.ask(Join(next(bob.ids), "garden"))
    mia.ask(Moderate(next(mia.ids), garden.info.room, KICK, "bob", 60))
    robert = newcomer(world)
    assert not is_muted(robert)
    assert isinstance(robert.ask(Join(next(robert.ids), "garden"))[-1], Refused)


def test_a_kick_without_a_time_bars_nobody(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(KICK, "bob")
    assert not is_muted(newcomer(world))


# -- where it does not hold --------------------------------------------------------------------------------


def misbehave(world: World, mia: Guest) -> None:
    """Have one muted, one kicked and one banned who all come from HOME."""
    handles = {"bob": MUTE, "eve": KICK, "zoe": BAN}
    for handle in handles:
        world.member(handle, address=HOME)
    for handle, act in handles.items():
        mia.moderate(act, handle, 600)


@pytest.mark.parametrize("address", ["127.0.0.1:7", "[::1]:7"])
def test_the_servers_own_machine_is_never_barred(world: World, mia: Guest, address: str) -> None:
    world.member("bob", address=address)
    mia.moderate(MUTE, "bob")
    assert not is_muted(newcomer(world, address=address))


def test_an_operator_may_leave_addresses_alone() -> None:
    world = World(bars_addresses=False)
    mia = world.member("mia", role=Role.MODERATOR)
    misbehave(world, mia)
    assert not is_muted(newcomer(world))
    assert world.hub.state.barred == {}


def test_what_was_barred_before_the_operator_decided_so_bars_no_more(
    disk_world: Callable[..., World],
) -> None:
    world = disk_world()
    mia = world.member("mia", role=Role.MODERATOR)
    misbehave(world, mia)
    again = World(world.log, bars_addresses=False)
    assert not is_muted(newcomer(again))


# -- restarts, and where the banned come from afterwards ---------------------------------------------------


def test_what_a_mute_and_a_kick_do_is_the_same_after_a_restart(disk_world: Callable[..., World]) -> None:
    world = disk_world()
    mia = world.member("mia", role=Role.MODERATOR)
    for handle in ("bob", "eve"):
        world.member(handle, address=HOME)
    mia.moderate(MUTE, "bob")
    mia.moderate(KICK, "eve", 600)
    newcomer(world, "before")
    again = disk_world()
    newcomer(again, "after")
    for handle in ("before", "after"):
        account = again.hub.state.by_handle[handle]
        assert account.muted_until == TIME_MAX
        assert account.rooms == {}
        assert len(account.kicks_at(again.now_ms)) == 1


def test_the_banned_bar_the_address_from_which_they_try_again(world: World, mia: Guest) -> None:
    bob = world.member("bob", address=HOME)
    mia.moderate(BAN, "bob", 600)
    world.guest(bob.key, ELSEWHERE).login("bob")
    robert = world.guest(address=ELSEWHERE)
    robert.login("robert")
    assert robert.closing().code == ErrorCode.BANNED


def test_the_banned_bar_a_bounded_number_of_addresses(world: World, mia: Guest) -> None:
    bob = world.member("bob", address=HOME)
    mia.moderate(BAN, "bob", 600)
    guests = [world.guest(bob.key, f"203.0.113.{number}:1") for number in range(2 * PLACES)]
    for guest in guests:  # within one pass
        guest.say(guest.login_packet("bob"))
    world.settle()
    assert len(world.hub.state.barred) == PLACES


# -- one after the other ------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [MUTE, KICK, BAN])
def test_what_is_done_again_after_its_end_bars_the_address_again(
    world: World, mia: Guest, act: ModerationAct
) -> None:
    bob = world.member("bob", address=HOME)
    bob.hang_up()
    mia.moderate(act, "bob", 60)
    world.settle(61)
    if act is KICK:
        back = world.guest(bob.key, ELSEWHERE)
        back.login("bob")
        back.ask(Join(9, "lobby"))
    mia.moderate(act, "bob", 600)
    assert "192.0.2.7" in world.hub.state.barred
    robert = world.guest(address=HOME_AGAIN)
    robert.login("robert")
    assert is_barred(robert)


def test_a_mute_that_is_taken_back_and_given_again_at_once_bars_the_address(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob")
    lobby = world.lobby(mia)
    max_ = world.member("max", role=Role.MODERATOR)
    mia.say(Moderate(next(mia.ids), lobby, UNMUTE, "bob"))
    max_.say(Moderate(next(max_.ids), lobby, MUTE, "bob"))
    world.settle()
    assert is_muted(newcomer(world))


def test_a_mute_given_while_the_clock_is_behind_bars_the_address(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.post(world.lobby(mia), "in the future", b"f" * 16)
    world.now_ms -= 3_600_000
    for seconds in (600, 1_200):
        mia.moderate(MUTE, "bob", seconds)
    assert is_muted(newcomer(world))


@pytest.mark.parametrize("act", [MUTE, KICK, BAN])
def test_who_comes_in_the_very_pass_of_the_act_does_not_get_around_it(
    world: World, mia: Guest, act: ModerationAct
) -> None:
    world.member("bob", address=HOME)
    robert, eve = world.guest(address=HOME_AGAIN), world.guest(address=ELSEWHERE)
    mia.say(Moderate(next(mia.ids), world.lobby(mia), act, "bob", 600))
    for handle, guest in (("robert", robert), ("eve", eve)):
        guest.say(guest.login_packet(handle))
    world.settle()
    assert is_barred(robert)
    assert not is_barred(eve)


def test_who_waits_for_what_becomes_of_an_act_and_goes_makes_no_account(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    robert = world.guest(address=HOME_AGAIN)
    mia.say(Moderate(next(mia.ids), world.lobby(mia), MUTE, "bob", 600))
    robert.say(robert.login_packet("robert"))
    world.hub.disconnect(robert.peer)
    world.settle()
    assert "robert" not in world.hub.state.by_handle


class CountingLog(MemoryLog):
    """A log that notes how many changes each commit has."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[int] = []

    def submit(self, changes: Sequence[Change], now_ms: int) -> None:
        self.commits.append(len(changes))
        super().submit(changes, now_ms)


def test_a_ban_is_stored_with_the_addresses_of_all_that_are_connected_in_one_commit() -> None:
    log = CountingLog()
    world = World(log)
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob", address=HOME)
    world.member("bob", key=bob.key, address=ELSEWHERE)
    log.commits.clear()
    mia.moderate(BAN, "bob")
    assert log.commits == [3]


def test_who_is_muted_because_of_an_address_bars_no_address(world: World, mia: Guest) -> None:
    """Innocent people come from the address of somebody muted, and go elsewhere: it ends with them."""
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob")
    mia.moderate(KICK, "bob", 600)
    eve = newcomer(world, "eve")
    eve.hang_up()
    back = world.guest(eve.key, ELSEWHERE)
    back.login("eve")
    assert is_muted(back)
    assert list(world.hub.state.barred) == ["192.0.2.7"]
    assert not is_barred(newcomer(world, "gus", ELSEWHERE))
    mia.moderate(UNMUTE, "bob")
    world.settle(601)
    assert not is_barred(newcomer(world, "fay"))


def test_a_newcomer_is_told_what_stands_against_the_address(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(MUTE, "bob")
    mia.moderate(KICK, "bob", 600)
    robert = newcomer(world)
    welcome = robert.last(Welcome)
    assert isinstance(welcome, Welcome)
    assert welcome.text.splitlines() == [
        "You are muted, because somebody is who came from your address.",
        "Some rooms are closed to you for a time, because somebody was kicked who came from there.",
    ]
    back = world.guest(robert.key, HOME)
    back.login("robert")
    welcome = back.last(Welcome)
    assert isinstance(welcome, Welcome)
    assert welcome.text == ""
