"""Devices: how a second one comes to an account, and how one is taken away."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.protocol.codes import normalise_code
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import DEVICES
from chatroom.protocol.packets import (
    Closing,
    CreateLink,
    Device,
    DeviceList,
    Done,
    LinkCode,
    ListDevices,
    ModerationAct,
    Refused,
    RevokeDevice,
    Role,
    RoomState,
    Welcome,
)
from chatroom.server.hub.requests.devices import LINK_S
from chatroom.server.store.memory import MemoryLog
from support.hub_world import Guest, World


def link_code(guest: Guest) -> str:
    answer = guest.ask(CreateLink(next(guest.ids)))[-1]
    assert isinstance(answer, LinkCode), answer
    assert answer.seconds == LINK_S
    return answer.code


def linked(guest: Guest) -> Guest:
    """A second device of the same account."""
    phone = guest.world.guest()
    phone.login("", invite=link_code(guest), program="phone 1")
    assert phone.got(Welcome), phone.received
    return phone


def devices(guest: Guest) -> list[Device]:
    answer = guest.ask(ListDevices(next(guest.ids)))[-1]
    assert isinstance(answer, DeviceList)
    return answer.devices


def turned_away(guest: Guest, code: str) -> ErrorCode:
    guest.login("", invite=code)
    assert not guest.got(Welcome)
    return ErrorCode(guest.closing().code)


# -- coming ------------------------------------------------------------------------------------------------


def test_a_link_code_brings_a_second_key_to_the_account(world: World) -> None:
    ana = world.member("ana")
    phone = linked(ana)
    welcome = phone.last(Welcome)
    assert isinstance(welcome, Welcome)
    assert (welcome.handle, welcome.is_new, welcome.room_count) == ("ana", False, 1)
    assert phone.got(RoomState)
    assert not ana.got(Closing)
    assert set(world.hub.state.by_handle["ana"].peers) == {ana.peer, phone.peer}


def test_the_second_key_logs_in_by_the_handle_from_then_on(world: World) -> None:
    phone = linked(world.member("ana"))
    for place in (world, World(world.log)):
        back = place.guest(phone.key)
        back.login("ana")
        assert back.got(Welcome)


def test_a_link_code_is_used_once(world: World) -> None:
    ana = world.member("ana")
    code = link_code(ana)
    phone = world.guest()
    phone.login("", invite=code)
    assert turned_away(world.guest(), code) is ErrorCode.NOT_ADMITTED


def test_a_device_that_lost_the_answer_shows_its_code_again_and_is_let_in(world: World) -> None:
    bob = world.member("bob")
    code = link_code(bob)
    phone = world.guest()
    phone.login("", invite=code)
    phone.hang_up()
    again = world.guest(phone.key)
    again.login("", invite=code)
    welcome = again.last(Welcome)
    assert isinstance(welcome, Welcome)
    assert welcome.handle == "bob"


def test_two_who_show_one_link_code_at_the_same_time_do_not_both_get_in(world: World) -> None:
    code = link_code(world.member("ana"))
    first, second = world.guest(), world.guest()
    for guest in (first, second):
        guest.say(guest.login_packet("", invite=code))
    world.settle()
    assert first.got(Welcome)
    assert second.closing().code == ErrorCode.NOT_ADMITTED
    assert second.public_key not in world.hub.state.by_handle["ana"].public_keys


def test_one_device_that_comes_twice_at_the_same_time_is_let_in_twice(world: World) -> None:
    code = link_code(world.member("ana"))
    first = world.guest()
    second = world.guest(first.key)
    for guest in (first, second):
        guest.say(guest.login_packet("", invite=code))
    world.settle()
    assert first.got(Welcome)
    assert second.got(Welcome)


def test_a_link_code_is_good_for_ten_minutes(world: World) -> None:
    ana = world.member("ana")
    code = link_code(ana)
    world.settle(LINK_S - 2)
    phone = world.guest()
    phone.login("", invite=code)
    assert phone.got(Welcome)
    late = link_code(ana)
    world.settle(LINK_S)
    assert turned_away(world.guest(), late) is ErrorCode.NOT_ADMITTED


def test_a_new_link_code_makes_the_one_before_void(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    first, of_bob, second = link_code(ana), link_code(bob), link_code(ana)
    assert turned_away(world.guest(), first) is ErrorCode.NOT_ADMITTED
    for code in (of_bob, second):
        phone = world.guest()
        phone.login("", invite=code)
        assert phone.got(Welcome)


def test_a_link_code_is_shown_in_groups_and_taken_as_typed(world: World) -> None:
    code = link_code(world.member("ana"))
    assert [len(group) for group in code.split("-")] == [5, 5, 5, 5]
    phone = world.guest()
    phone.login("", invite=normalise_code(code).upper())
    assert phone.got(Welcome)


def test_a_key_with_an_account_is_not_linked_to_another(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    code = link_code(ana)
    assert turned_away(world.guest(bob.key), code) is ErrorCode.HANDLE_TAKEN
    phone = world.guest()
    phone.login("", invite=code)
    assert phone.got(Welcome), "the code is still good"


def test_a_device_of_the_account_uses_no_link_code_up(world: World) -> None:
    ana = world.member("ana")
    code = link_code(ana)
    again = world.guest(ana.key)
    again.login("", invite=code)
    assert again.got(Welcome)
    phone = world.guest()
    phone.login("", invite=code)
    assert phone.got(Welcome)


def test_a_link_code_with_a_handle_makes_no_account(world: World) -> None:
    code = link_code(world.member("ana"))
    guest = world.guest()
    guest.login("robert", invite=code)
    assert guest.closing().code == ErrorCode.NOT_ADMITTED
    thief = world.guest()
    thief.login("ana", invite=code)
    assert thief.closing().code == ErrorCode.NOT_ADMITTED


def test_an_invite_code_without_a_handle_links_nothing(world: World) -> None:
    assert turned_away(world.guest(), world.code()) is ErrorCode.NOT_ADMITTED


def test_a_signature_for_a_handle_is_none_for_a_link(world: World) -> None:
    code = link_code(world.member("ana"))
    phone = world.guest()
    signed = phone.login_packet("ana").signature
    phone.login("", invite=code, signature=signed)
    assert phone.closing().code == ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize("admission", ["invite", "closed"])
def test_a_device_is_linked_where_no_new_accounts_are_made(world: World, admission: str) -> None:
    ana = world.member("ana")
    door = World(world.log, admission=admission, password="open sesame")
    back = door.member("ana", key=ana.key)
    assert linked(back).got(Welcome)


def test_who_is_muted_may_link_a_device_which_is_muted_too(world: World) -> None:
    mia, ana = world.member("mia", role=Role.MODERATOR), world.member("ana")
    mia.moderate(ModerationAct.MUTE, "ana")
    welcome = linked(ana).last(Welcome)
    assert isinstance(welcome, Welcome)
    assert welcome.role == Role.MUTED


def test_an_account_has_no_more_devices_than_their_list_holds(world: World) -> None:
    ana = world.member("ana")
    account = world.hub.state.by_handle["ana"]
    for number in range(DEVICES - 1):
        account.public_keys.add(number.to_bytes(32, "big"))
    assert turned_away(world.guest(), link_code(ana)) is ErrorCode.TOO_MANY


def test_codes_are_made_five_at_once_and_then_one_in_ten_seconds(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    second = world.member("ana", key=ana.key)
    codes = {link_code(ana if number % 2 else second) for number in range(5)}
    assert len(codes) == 5
    refused = second.ask(CreateLink(99))[-1]
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.TOO_MANY
    assert 0 < refused.retry_ms <= 10_000
    assert not second.got(Closing)
    link_code(bob)
    world.settle(refused.retry_ms / 1000)
    link_code(ana)


def test_a_link_code_that_cannot_be_stored_is_not_told(world: World) -> None:
    assert isinstance(world.log, MemoryLog)
    ana = world.member("ana")
    world.log.fault = "the disk is full"
    for request in (CreateLink(5), ListDevices(6), RevokeDevice(7, ana.public_key)):
        refused = ana.ask(request)[-1]
        assert isinstance(refused, Refused)
        assert refused.code == ErrorCode.STORAGE


# -- the list ----------------------------------------------------------------------------------------------


def test_devices_are_listed_with_their_names_the_oldest_first(world: World) -> None:
    ana = world.guest()
    ana.login("ana", program="laptop 1")
    began_ms = world.now_ms
    phone = linked(ana)
    assert devices(ana) == [
        Device(ana.public_key, "laptop 1", began_ms, True),
        Device(phone.public_key, "phone 1", world.now_ms - 300, False),
    ]
    assert [device.is_this for device in devices(phone)] == [False, True]
    bob = world.guest()
    bob.login("bob", program="desk")
    assert [device.name for device in devices(bob)] == ["desk"], "nobody sees those of others"


# -- going -------------------------------------------------------------------------------------------------


def test_a_key_that_was_taken_away_logs_in_no_more(world: World) -> None:
    ana = world.member("ana")
    phone = linked(ana)
    second = world.member("ana", key=phone.key)
    assert isinstance(ana.ask(RevokeDevice(5, phone.public_key))[-1], Done)
    for gone in (phone, second):
        assert gone.closing().code == ErrorCode.NOT_ADMITTED
    assert not ana.got(Closing)
    assert [device.public_key for device in devices(ana)] == [ana.public_key]
    for place in (world, World(world.log)):
        back = place.guest(phone.key)
        back.login("ana")
        assert back.closing().code == ErrorCode.HANDLE_TAKEN


def test_a_device_may_take_itself_away(world: World) -> None:
    phone = linked(world.member("ana"))
    answer = phone.ask(RevokeDevice(5, phone.public_key))
    assert [type(packet) for packet in answer] == [Done, Closing]


def test_the_last_key_stays(world: World) -> None:
    ana = world.member("ana")
    refused = ana.ask(RevokeDevice(5, ana.public_key))[-1]
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.NOT_ALLOWED
    phone = linked(ana)
    ana.say(RevokeDevice(6, phone.public_key))
    phone.say(RevokeDevice(7, ana.public_key))
    world.settle()
    assert world.hub.state.by_handle["ana"].public_keys == {ana.public_key}
    assert not ana.got(Closing)


def test_nobody_takes_a_key_from_another_account(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    linked(ana)
    for key in (bob.public_key, bytes(32)):
        refused = ana.ask(RevokeDevice(5, key))[-1]
        assert isinstance(refused, Refused)
        assert refused.code == ErrorCode.NOT_ALLOWED
    assert not bob.got(Closing)


def test_a_revoked_key_comes_back_to_its_account_by_a_new_code_only(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    phone = linked(ana)
    ana.ask(RevokeDevice(5, phone.public_key))
    assert turned_away(world.guest(phone.key), link_code(bob)) is ErrorCode.HANDLE_TAKEN
    back = world.guest(phone.key)
    back.login("", invite=link_code(ana))
    assert back.got(Welcome)
    assert len(devices(ana)) == 2


def test_a_connection_that_opened_in_the_same_pass_is_closed_with_its_key(world: World) -> None:
    ana = world.member("ana")
    phone = linked(ana)
    again = world.guest(phone.key)
    again.say(again.login_packet("ana"))
    ana.ask(RevokeDevice(5, phone.public_key))
    assert again.closing().code == ErrorCode.NOT_ADMITTED


def test_a_key_nobody_knows_is_a_newcomer(world: World) -> None:
    world.member("ana")
    guest = world.guest(Ed25519PrivateKey.generate())
    guest.login("bob")
    assert guest.got(Welcome)
