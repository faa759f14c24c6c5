"""Bans: what they end, and every way around one that has been thought of."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.protocol.entries import EntryKind
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Closing,
    CreateLink,
    LinkCode,
    ModerationAct,
    Post,
    PresenceChanged,
    PresenceOf,
    Refused,
    RevokeDevice,
    Role,
    Welcome,
)
from chatroom.server.hub.wording import utc
from chatroom.server.store.memory import MemoryLog
from support.hub_world import ELSEWHERE, HOME, HOME_AGAIN, Guest, World

BAN, UNBAN = ModerationAct.BAN, ModerationAct.UNBAN


def link_code(guest: Guest) -> str:
    answer = guest.ask(CreateLink(next(guest.ids)))[-1]
    assert isinstance(answer, LinkCode)
    return answer.code


def is_banned(guest: Guest) -> bool:
    return not guest.got(Welcome) and guest.closing().code == ErrorCode.BANNED


# -- what a ban does ---------------------------------------------------------------------------------------


def test_a_ban_closes_all_connections_and_says_who_until_when_and_why(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    second = world.member("bob", key=bob.key)
    until = utc(world.now_ms + 3_600_000)
    mia.moderate(BAN, "bob", 3600, "spam")
    for guest in (bob, second):
        closing = guest.closing()
        assert closing.code == ErrorCode.BANNED
        assert closing.text == f"you are banned by mia until {until}: spam"
        assert 0 < closing.retry_ms <= 3_600_000
        assert guest.peer in world.closed
    assert world.hub.state.by_handle["bob"].peers == {}


def test_others_see_the_ban_and_who_is_banned_does_not_stay_in_sight(world: World, mia: Guest) -> None:
    world.member("bob")
    mia.moderate(BAN, "bob")
    world.settle(1)
    assert mia.entries(world.lobby(mia))[-1].kind == EntryKind.BANNED
    assert mia.last(PresenceChanged) == PresenceChanged([PresenceOf("bob", 0)])


def test_what_the_banned_sent_before_hearing_of_it_does_nothing(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    lobby = world.lobby(bob)
    mia.moderate(BAN, "bob")
    bob.say(Post(9, lobby, bytes(16), "one more thing"))
    world.settle()
    assert mia.texts(lobby) == []


def test_a_ban_without_a_time_has_no_end(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    mia.moderate(BAN, "bob")
    assert bob.closing() == Closing(ErrorCode.BANNED, "you are banned by mia", 0)
    world.settle(10**8)
    back = world.guest(bob.key)
    back.login("bob")
    assert is_banned(back)


def test_a_ban_ends_by_itself(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    mia.moderate(BAN, "bob", 60)
    early, late = world.guest(bob.key), world.guest(bob.key)
    early.login("bob")
    assert is_banned(early)
    world.settle(60)
    late.login("bob")
    assert late.got(Welcome)


def test_a_ban_is_taken_back(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    mia.moderate(BAN, "bob")
    mia.moderate(UNBAN, "bob")
    back = world.guest(bob.key)
    back.login("bob")
    assert back.got(Welcome)


def test_a_new_ban_replaces_the_one_before(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    mia.moderate(BAN, "bob")
    mia.moderate(BAN, "bob", 60, "a minute is enough")
    world.settle(61)
    back = world.guest(bob.key)
    back.login("bob")
    assert back.got(Welcome)


def test_who_is_not_connected_is_banned_too(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    bob.hang_up()
    mia.moderate(BAN, "bob")
    back = world.guest(bob.key)
    back.login("bob")
    assert is_banned(back)


def test_a_ban_that_cannot_be_stored_bans_nobody(world: World, mia: Guest) -> None:
    assert isinstance(world.log, MemoryLog)
    bob = world.member("bob", address=HOME)
    world.log.fault = "the disk is full"
    answer = mia.moderate(BAN, "bob")
    world.log.fault = ""
    assert isinstance(answer[0], Refused)
    assert answer[0].code == ErrorCode.STORAGE
    assert not bob.got(Closing)
    newcomer = world.guest(address=HOME_AGAIN)
    newcomer.login("robert")
    assert newcomer.got(Welcome)


# -- ways around it ----------------------------------------------------------------------------------------


def test_a_ban_is_not_evaded_by_reconnecting(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    mia.moderate(BAN, "bob", reason="spam")
    for address in (HOME, ELSEWHERE, "127.0.0.1:9"):
        back = world.guest(bob.key, address)
        back.login("bob")
        assert is_banned(back)
        assert back.closing().text == "you are banned by mia: spam"


def test_a_ban_is_not_evaded_by_a_restart_of_the_server(world: World, mia: Guest) -> None:
    bob = world.member("bob", address=HOME)
    mia.moderate(BAN, "bob", 3600, "spam")
    again = World(world.log)
    back, newcomer = again.guest(bob.key), again.guest(address=HOME_AGAIN)
    back.login("bob")
    newcomer.login("robert")
    assert is_banned(back)
    assert is_banned(newcomer)


def test_a_ban_is_not_evaded_by_a_second_device(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    phone = world.guest()
    phone.login("", invite=link_code(bob))
    assert phone.got(Welcome)
    mia.moderate(BAN, "bob")
    assert phone.closing().code == ErrorCode.BANNED
    back = world.guest(phone.key)
    back.login("bob")
    assert is_banned(back)


def test_a_ban_is_not_evaded_by_a_link_code_made_before(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    code = link_code(bob)
    mia.moderate(BAN, "bob", 60)
    phone = world.guest()
    phone.login("", invite=code)
    assert is_banned(phone)
    assert world.hub.state.by_handle["bob"].public_keys == {bob.public_key}


def test_a_ban_is_not_evaded_by_a_device_that_comes_in_the_same_pass(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    code = link_code(bob)
    phone, again = world.guest(), world.guest(bob.key)
    phone.say(phone.login_packet("", invite=code))
    again.say(again.login_packet("bob"))
    mia.moderate(BAN, "bob")
    for guest in (phone, again):
        assert guest.closing().code == ErrorCode.BANNED
    assert world.hub.state.by_handle["bob"].peers == {}


def test_a_ban_is_not_evaded_by_a_new_handle_of_the_same_key(world: World, mia: Guest) -> None:
    bob = world.member("bob")
    mia.moderate(BAN, "bob", reason="spam")
    for handle in ("robert", "bob2", "nobody-knows"):
        back = world.guest(bob.key, ELSEWHERE)
        back.login(handle)
        assert is_banned(back)
    assert [account.handle for account in world.hub.state.accounts.values()] == ["mia", "bob"]


def test_a_ban_is_not_evaded_by_a_key_that_was_taken_from_the_account_before(world: World) -> None:
    mia = world.member("mia", role=Role.MODERATOR)
    bob = world.member("bob")
    phone = world.guest()
    phone.login("", invite=link_code(bob))
    bob.ask(RevokeDevice(5, phone.public_key))
    mia.moderate(BAN, "bob")
    for handle, invite in (("bob", ""), ("robert", ""), ("robert", world.code())):
        back = world.guest(phone.key)
        back.login(handle, invite=invite)
        assert not back.got(Welcome)
        assert back.closing().code == ErrorCode.HANDLE_TAKEN


@pytest.mark.parametrize("address", [HOME_AGAIN, "[::ffff:192.0.2.7]:9"])
def test_a_ban_is_not_evaded_by_a_new_key_from_the_same_address(
    world: World, mia: Guest, address: str
) -> None:
    world.member("bob", address=HOME)
    mia.moderate(BAN, "bob", 3600)
    newcomer = world.guest(address=address)
    newcomer.login("robert")
    assert is_banned(newcomer)
    assert "no new accounts" in newcomer.closing().text
    assert "bob" not in newcomer.closing().text
    assert newcomer.closing().retry_ms > 0


def test_a_ban_is_not_evaded_by_another_address_of_one_ipv6_network(world: World, mia: Guest) -> None:
    world.member("bob", address="[2001:db8:1:2::1]:1")
    mia.moderate(BAN, "bob")
    for address, is_welcome in (("[2001:db8:1:2:aaaa::9]:1", False), ("[2001:db8:1:3::1]:1", True)):
        newcomer = world.guest(address=address)
        newcomer.login("robert")
        assert bool(newcomer.got(Welcome)) is is_welcome


def test_a_ban_is_not_evaded_by_an_invite_code_at_the_same_address(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(BAN, "bob")
    code = world.code()
    newcomer = world.guest(address=HOME_AGAIN)
    newcomer.login("robert", invite=code)
    assert is_banned(newcomer)
    friend = world.guest(address=ELSEWHERE)
    friend.login("eve", invite=code)
    assert friend.got(Welcome), "the code was not used up"


def test_addresses_used_earlier_are_barred_too(world: World, mia: Guest) -> None:
    bob = world.member("bob", address=HOME)
    bob.hang_up()
    world.member("bob", key=bob.key, address=ELSEWHERE).hang_up()
    mia.moderate(BAN, "bob")
    for address in (HOME_AGAIN, ELSEWHERE):
        newcomer = world.guest(address=address)
        newcomer.login("robert")
        assert is_banned(newcomer)


def test_a_lengthened_ban_keeps_the_addresses(world: World, mia: Guest) -> None:
    world.member("bob", address=HOME)
    mia.moderate(BAN, "bob", 60)
    again = World(world.log)
    mia = again.member("mia", key=mia.key)
    mia.moderate(BAN, "bob", 600)
    again.settle(61)
    newcomer = again.guest(address=HOME_AGAIN)
    newcomer.login("robert")
    assert is_banned(newcomer)


# -- who is not meant --------------------------------------------------------------------------------------


def test_others_at_the_same_address_stay_and_come_back(world: World, mia: Guest) -> None:
    eve, bob = world.member("eve", address=HOME), world.member("bob", address=HOME_AGAIN)
    mia.moderate(BAN, "bob")
    assert not eve.got(Closing)
    eve.hang_up()
    back = world.guest(eve.key, bob.peer.address)
    back.login("eve")
    assert back.got(Welcome)
    phone = world.guest(address=HOME)
    phone.login("", invite=link_code(back))
    assert phone.got(Welcome)


@pytest.mark.parametrize("end", ["unban", "time"])
def test_the_address_is_free_again_when_the_ban_ends(world: World, mia: Guest, end: str) -> None:
    world.member("bob", address=HOME)
    mia.moderate(BAN, "bob", 60)
    if end == "unban":
        mia.moderate(UNBAN, "bob")
    else:
        world.settle(60)
    newcomer = world.guest(address=HOME_AGAIN)
    newcomer.login("robert")
    assert newcomer.got(Welcome)


def test_an_address_is_free_when_the_last_of_two_bans_ends(world: World, mia: Guest) -> None:
    for handle in ("bob", "eve"):
        world.member(handle, address=HOME)
    for handle in ("bob", "eve"):
        mia.moderate(BAN, handle)
    outcomes = []
    for handle in ("bob", "eve"):
        mia.moderate(UNBAN, handle)
        newcomer = world.guest(address=HOME_AGAIN)
        newcomer.login("robert")
        outcomes.append(bool(newcomer.got(Welcome)))
    assert outcomes == [False, True]


@pytest.mark.parametrize("address", ["127.0.0.1:7", "[::1]:7"])
def test_the_servers_own_machine_is_never_barred(world: World, mia: Guest, address: str) -> None:
    world.member("bob", address=address)
    mia.moderate(BAN, "bob")
    newcomer = world.guest(address=address)
    newcomer.login("robert")
    assert newcomer.got(Welcome)


def test_an_account_is_remembered_to_have_come_from_a_few_places(world: World, mia: Guest) -> None:
    key = Ed25519PrivateKey.generate()
    for number in range(20):
        world.member("bob", key=key, address=f"198.51.100.{number}:1").hang_up()
    mia.moderate(BAN, "bob")
    assert sorted(world.hub.state.barred) == sorted(f"198.51.100.{number}" for number in range(12, 20))


def test_what_a_ban_does_is_the_same_on_disk(disk_world: Callable[[], World]) -> None:
    world = disk_world()
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob", address=HOME)
    mia.moderate(BAN, "bob", 600, "spam")
    again = disk_world()
    back, newcomer = again.guest(bob.key), again.guest(address=HOME_AGAIN)
    back.login("bob")
    newcomer.login("robert")
    assert back.closing().text.endswith("UTC: spam")
    assert is_banned(newcomer)
