"""Guessing at the door: many tries from one place and from many, and nobody else the worse for it."""

import pytest

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Closing, CreateLink, LinkCode, Welcome
from chatroom.server.hub.context import BAD_SIGNATURES
from chatroom.server.hub.throttle import KEYS, TRIES
from support.hub_world import Guest, World

HERE = "192.0.2.7:1"
PASSWORD = "open sesame"


def knock(world: World, address: str = HERE, handle: str = "bob", **fields: object) -> Closing | None:
    """Try to log in with a new key; the reason why not, or None."""
    guest = world.guest(address=address)
    guest.login(handle, **fields)
    return None if guest.got(Welcome) else guest.closing()


def code_of(closing: Closing | None) -> ErrorCode:
    assert closing is not None
    return ErrorCode(closing.code)


WRONG = {
    "password": ({"password": "sesame"}, ErrorCode.NOT_ADMITTED),
    "code": ({"password": PASSWORD, "invite": "00000-00000-00000-00000"}, ErrorCode.NOT_ADMITTED),
    "no code at all": ({"password": PASSWORD, "invite": "?"}, ErrorCode.NOT_ADMITTED),
    "link": ({"handle": "", "invite": "00000-00000-00000-00000"}, ErrorCode.NOT_ADMITTED),
}


@pytest.mark.parametrize("address", [HERE, "127.0.0.1:1", "[::1]:1"])
@pytest.mark.parametrize("what", WRONG)
def test_five_wrong_tries_are_answered_and_the_sixth_has_to_wait(what: str, address: str) -> None:
    world = World(password=PASSWORD)
    fields, code = WRONG[what]
    assert [code_of(knock(world, address, **fields)) for _ in range(TRIES)] == [code] * TRIES  # type: ignore[arg-type]
    closing = knock(world, address, **fields)  # type: ignore[arg-type]
    assert closing is not None
    assert closing.code == ErrorCode.TOO_MANY
    assert 0 < closing.retry_ms <= 10_000


def test_wrong_signatures_are_answered_thirty_times_and_then_once_a_second() -> None:
    world = World()
    began = world.now
    codes = []
    for _ in range(BAD_SIGNATURES + 1):
        world.now = began  # all at once
        codes.append(code_of(knock(world, signature=bytes(64))))
    assert codes == [ErrorCode.BAD_SIGNATURE] * BAD_SIGNATURES + [ErrorCode.TOO_MANY]
    world.settle(1)
    assert code_of(knock(world, signature=bytes(64))) is ErrorCode.BAD_SIGNATURE


def test_wrong_signatures_use_up_no_try_for_a_password_or_a_code() -> None:
    world = World(password=PASSWORD)
    code = world.code()
    for _ in range(BAD_SIGNATURES + 5):
        knock(world, signature=bytes(64))
    assert knock(world, handle="eve", password=PASSWORD, invite=code) is None


def test_the_right_password_is_not_looked_at_while_there_is_no_try_left() -> None:
    world = World(password=PASSWORD)
    for _ in range(TRIES):
        knock(world, password="sesame")
    assert code_of(knock(world, password=PASSWORD)) is ErrorCode.TOO_MANY
    world.settle(10)
    assert knock(world, password=PASSWORD) is None


@pytest.mark.parametrize("handle", ["bob", ""], ids=["invite", "link"])
def test_a_right_code_is_not_looked_at_while_there_is_no_try_left(handle: str) -> None:
    world = World()
    ana = world.member("ana")
    link = ana.ask(CreateLink(5))[-1]
    assert isinstance(link, LinkCode)
    code = world.code() if handle else link.code
    for _ in range(TRIES):
        knock(world, handle=handle, invite="00000-00000-00000-00000")
    assert code_of(knock(world, handle=handle, invite=code)) is ErrorCode.TOO_MANY
    world.settle(10)
    assert knock(world, handle=handle, invite=code) is None


def test_a_thousand_guesses_from_one_address_are_hardly_looked_at() -> None:
    world = World(password=PASSWORD)
    began = world.now
    answered = sum(
        code_of(knock(world, password=f"sesame {number}")) is ErrorCode.NOT_ADMITTED for number in range(1000)
    )
    assert answered <= TRIES + (world.now - began) / 10 + 1


def test_guesses_from_fifty_addresses_are_counted_for_each() -> None:
    world = World(password=PASSWORD)
    answered: dict[str, int] = {}
    began = world.now
    for number in range(1000):
        address = f"192.0.2.{number % 50}:1"
        world.now = began  # all at once
        code = code_of(knock(world, address, password=f"sesame {number}"))
        answered[address] = answered.get(address, 0) + (code is ErrorCode.NOT_ADMITTED)
    assert set(answered.values()) == {TRIES}


def test_one_ipv6_network_is_one_place() -> None:
    world = World(password=PASSWORD)
    codes = [code_of(knock(world, f"[2001:db8::{number}]:1", password="sesame")) for number in range(1, 8)]
    assert codes[TRIES:] == [ErrorCode.TOO_MANY] * (7 - TRIES)


def test_nobody_is_locked_out_of_an_account_by_others() -> None:
    world = World(password=PASSWORD)
    ana = world.guest(address=HERE)
    ana.login("ana", password=PASSWORD)
    for _ in range(50):
        knock(world, handle="ana", signature=bytes(64))
        knock(world, handle="ana")
        knock(world, password="sesame")
    back = world.guest(ana.key, HERE)
    back.login("ana")
    assert back.got(Welcome)
    assert not ana.got(Closing)


def test_newcomers_are_let_in_where_there_is_nothing_to_guess() -> None:
    world = World()
    for _ in range(20):
        knock(world, signature=bytes(64))
    assert knock(world, handle="eve") is None


def test_right_tries_and_missing_secrets_cost_nothing() -> None:
    world = World(password=PASSWORD)
    for number in range(20):
        assert knock(world, handle=f"user-{number}", password=PASSWORD) is None
        assert code_of(knock(world, handle=f"other-{number}")) is ErrorCode.NOT_ADMITTED


def test_who_claims_a_handle_of_somebody_else_guesses_nothing() -> None:
    world = World()
    world.member("ana")
    for _ in range(20):
        assert code_of(knock(world, handle="ana")) is ErrorCode.HANDLE_TAKEN


def test_what_is_remembered_of_guesses_is_bounded() -> None:
    world = World(password=PASSWORD)
    guesses = world.hub._context.guesses
    for number in range(KEYS + 100):
        guesses.take(f"10.{number >> 8}.{number & 255}", world.now)
    knock(world, password="sesame")
    assert len(guesses) <= KEYS


def test_texts_do_not_tell_what_was_nearly_right() -> None:
    world = World(password=PASSWORD)
    texts = set()
    for password in ("open sesam", "x", "open sesame "):
        closing = knock(world, password=password)
        assert closing is not None
        texts.add(closing.text)
    assert len(texts) == 1


def test_a_guest_that_was_turned_away_is_heard_no_more() -> None:
    world = World(password=PASSWORD)
    guest: Guest = world.guest(address=HERE)
    guest.login("bob", password="wrong")
    count = len(guest.received)
    guest.login("bob", password=PASSWORD)
    assert len(guest.received) == count
