"""The door: who is let in and who is not."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.limits import VERSION
from chatroom.protocol.packets import Closing, Done, Hello, Leave, ListRooms, Ping, Pong, RoomState, Welcome
from chatroom.server.hub.context import LOGINS, MANY_ROOMS
from chatroom.server.hub.state import Stage
from support.hub_world import World


def closing(guest: object) -> int:
    packet = guest.received[-1]  # type: ignore[attr-defined]
    assert isinstance(packet, Closing), packet
    return packet.code


def test_the_server_speaks_first_and_names_its_log() -> None:
    world = World(server_name="physics")
    guest = world.guest()
    hello = guest.received[0]
    assert isinstance(hello, Hello)
    assert (hello.server_name, hello.log_id, hello.admission) == ("physics", world.log.log_id, "open")


def test_a_newcomer_gets_an_account_and_is_in_the_listed_rooms() -> None:
    world = World(rooms=("lobby", "lab"))
    ana = world.guest()
    answer = ana.login("ana")
    assert isinstance(answer[0], Welcome)
    assert (answer[0].handle, answer[0].is_new, answer[0].room_count) == ("ana", True, 2)
    assert [packet.info.name for packet in answer[1:] if isinstance(packet, RoomState)] == ["lobby", "lab"]


def test_a_known_key_comes_back_and_is_not_new() -> None:
    world = World()
    ana = world.member("ana")
    ana.hang_up()
    back = world.guest(ana.key)
    welcome = back.login("ana")[0]
    assert isinstance(welcome, Welcome)
    assert not welcome.is_new


def test_another_key_cannot_have_a_taken_handle() -> None:
    world = World()
    world.member("ana")
    thief = world.guest()
    thief.login("ana")
    assert closing(thief) == ErrorCode.HANDLE_TAKEN
    assert thief.peer.stage is Stage.CLOSING


@pytest.mark.parametrize(
    "handle", ["server", "admin", "a", "Ana", "ana bell", "аna", "x" * 25, "s-e-r-v-e-r"]
)
def test_handles_that_break_the_rules_are_refused(handle: str) -> None:
    world = World()
    guest = world.guest()
    if not handle.isascii() or len(handle) > 24:
        with pytest.raises((UnicodeEncodeError, ProtocolError)):
            guest.login(handle)
        return
    guest.login(handle)
    assert closing(guest) == ErrorCode.BAD_HANDLE


def test_a_handle_that_looks_like_another_is_refused() -> None:
    world = World()
    world.member("alice")
    for lookalike in ("a1ice", "al-ice", "alice_"):
        guest = world.guest()
        guest.login(lookalike)
        assert closing(guest) == ErrorCode.BAD_HANDLE


def test_a_signature_for_another_handle_or_connection_does_not_verify() -> None:
    world = World()
    guest = world.guest()
    wrong = guest.login_packet("ana").signature
    guest.login("bob", signature=wrong)
    assert closing(guest) == ErrorCode.BAD_SIGNATURE


def test_a_signature_by_another_key_does_not_verify() -> None:
    world = World()
    guest = world.guest()
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    guest.login("ana", public_key=other)
    assert closing(guest) == ErrorCode.BAD_SIGNATURE


def test_two_logins_of_one_new_key_in_one_pass_are_one_account() -> None:
    world = World()
    key = Ed25519PrivateKey.generate()
    first, second = world.guest(key), world.guest(key)
    first.say(first.login_packet("ana"))
    second.say(second.login_packet("ana"))
    world.settle()
    assert first.got(Welcome)
    assert second.got(Welcome)
    assert len(world.hub.state.accounts) == 1


def test_a_new_connection_of_the_same_client_replaces_the_old_one() -> None:
    world = World()
    ana = world.member("ana")
    again = world.guest(ana.key)
    again.session = ana.session
    again.login("ana")
    assert closing(ana) == ErrorCode.SUPERSEDED
    assert list(world.hub.state.by_handle["ana"].peers) == [again.peer]


def test_another_client_of_the_account_stays_connected() -> None:
    world = World()
    ana = world.member("ana")
    world.member("ana", key=ana.key)
    assert not ana.got(Closing)


def test_nothing_but_a_login_is_answered_before_it() -> None:
    world = World()
    guest = world.guest()
    with pytest.raises(ProtocolError) as caught:
        guest.say(ListRooms(1))
    assert caught.value.code == ErrorCode.BAD_ORDER


def test_a_second_login_breaks_the_protocol() -> None:
    world = World()
    ana = world.member("ana")
    with pytest.raises(ProtocolError) as caught:
        ana.say(ana.login_packet("ana"))
    assert caught.value.code == ErrorCode.BAD_ORDER


@pytest.mark.parametrize("version", [0, VERSION + 1])
def test_a_version_the_server_does_not_speak_is_refused(version: int) -> None:
    world = World()
    guest = world.guest()
    guest.login("ana", version=version)
    assert closing(guest) == ErrorCode.BAD_VERSION


def test_a_closed_server_takes_no_new_handles_but_lets_old_ones_in() -> None:
    world = World()
    ana = world.member("ana")
    closed = World(world.log, admission="closed")
    stranger = closed.guest()
    stranger.login("bob")
    assert closing(stranger) == ErrorCode.NOT_ADMITTED
    back = closed.guest(ana.key)
    assert isinstance(back.login("ana")[0], Welcome)


def test_a_server_password_is_asked_of_new_accounts_only() -> None:
    world = World(password="open sesame")
    guest = world.guest()
    hello = guest.received[0]
    assert isinstance(hello, Hello)
    assert hello.password
    guest.login("ana", password="open sesam")
    assert closing(guest) == ErrorCode.NOT_ADMITTED
    right = world.guest(guest.key)
    right.login("ana", password="open sesame")
    assert right.got(Welcome)
    right.hang_up()
    back = world.guest(guest.key)
    back.login("ana")
    assert back.got(Welcome)


def test_who_does_not_log_in_is_closed_before_ten_seconds_are_over() -> None:
    world = World()
    silent = world.guest()
    talking = world.guest()
    world.wait(5)
    talking.say(Ping(1))
    world.wait(3)
    assert not silent.got(Closing)
    world.wait(2)
    assert closing(silent) == ErrorCode.TOO_SLOW
    assert closing(talking) == ErrorCode.TOO_SLOW
    assert talking.got(Pong)


def test_who_waits_for_the_log_is_not_silent() -> None:
    world = World()
    ana = world.member("ana")
    ana.say(Leave(9, world.lobby(ana)))
    for _ in range(100):
        world.now += 1
        world.hub.begin_pass(world.now, world.now_ms)
        world.hub.tick()
    world.settle()
    assert not ana.got(Closing)
    assert ana.got(Done)


def test_a_silent_peer_is_pinged_and_later_closed() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    world.wait(22)
    assert len(ana.got(Ping)) == 1
    bob.say(Pong(0))
    world.wait(40)
    assert closing(ana) == ErrorCode.TOO_SLOW
    assert not bob.got(Closing)


def test_nobody_is_closed_as_silent_who_was_not_asked_before() -> None:
    world = World(ping_s=1.0, gone_s=1.5)
    ana = world.member("ana")
    world.now += 1  # the first look at it is late
    world.wait(1)
    assert ana.got(Ping)
    assert not ana.got(Closing)
    world.wait(1)
    assert closing(ana) == ErrorCode.TOO_SLOW


def test_a_stranger_that_pings_is_left_unread_for_a_while() -> None:
    world = World()
    guest = world.guest()
    guest.say(Ping(1))
    assert guest.peer.paused_until == world.now + 1


@pytest.mark.parametrize("rooms", [MANY_ROOMS - 1, MANY_ROOMS])
def test_an_account_of_many_rooms_that_logs_in_all_the_time_has_to_wait_and_nobody_else(rooms: int) -> None:
    listed = tuple(f"room-{number}" for number in range(rooms))
    world = World(rooms=("lobby", *listed[1:]))
    ana = world.member("ana")
    guests = [world.guest(ana.key) for _ in range(LOGINS + 1)]
    world.settle(60)
    for guest in guests:
        guest.say(guest.login_packet("ana", session=b"s" * 16))
    world.settle(0)
    has_many = rooms >= MANY_ROOMS
    assert [bool(guest.got(Welcome)) for guest in guests] == [True] * LOGINS + [not has_many]
    if has_many:
        closing = guests[-1].closing()
        assert closing.code == ErrorCode.TOO_MANY
        assert 0 < closing.retry_ms <= 1_000
    world.member("bob")
    world.settle(1)
    back = world.guest(ana.key)
    back.login("ana")
    assert back.got(Welcome)
