"""The keys of accounts, in memory and on disk."""

import pytest

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddCode, AddDevice, Committed, Failed, Outcome, RevokeDevice
from chatroom.server.hub.records import CodeKind, DeviceRecord
from support.story import START_MS, Story, new_account

PHONE = b"p" * 32
TABLET = b"t" * 32


def code(outcome: Outcome) -> ErrorCode:
    assert isinstance(outcome, Failed), outcome
    return outcome.code


def link(number: int, account: int = 1, expires_at: int = TIME_MAX) -> AddCode:
    return AddCode(bytes([number]) * 32, CodeKind.LINK, Role.MEMBER, account, expires_at)


def device(number: int, key: bytes = PHONE, account: int = 1) -> AddDevice:
    return AddDevice(account, key, "phone", bytes([number]) * 32)


@pytest.fixture
def pair(story: Story) -> Story:
    """A log with ana (1) and bob (2)."""
    story.account("ana")
    story.account("bob")
    return story


def keys(story: Story, account: int = 1) -> tuple[bytes, ...]:
    return story.log.load().accounts[account - 1].public_keys


def test_a_device_is_added_at_the_cost_of_a_code(pair: Story) -> None:
    pair.one(link(7))
    assert pair.one(device(7)) == Committed(0, ())
    ana = new_account("ana").public_key
    assert keys(pair) == (ana, PHONE)
    assert pair.log.devices(1) == [
        DeviceRecord(ana, "laptop", START_MS + 1_000),
        DeviceRecord(PHONE, "phone", START_MS + 4_000),
    ]
    assert code(pair.one(device(7, TABLET))) is ErrorCode.NOT_ADMITTED


def test_of_two_devices_in_one_pass_the_first_gets_the_code(pair: Story) -> None:
    _, first, second = pair.submit(link(7), device(7), device(7, TABLET))
    assert first == Committed(0, ())
    assert code(second) is ErrorCode.NOT_ADMITTED


def test_a_code_of_one_account_adds_no_device_to_another(pair: Story) -> None:
    pair.one(link(7))
    assert code(pair.one(device(7, account=2))) is ErrorCode.NOT_ADMITTED
    assert isinstance(pair.one(device(7)), Committed)


def test_a_code_that_has_expired_adds_no_device(pair: Story) -> None:
    pair.one(link(7, expires_at=START_MS + 60_000))
    (outcome,) = pair.submit(device(7), at=START_MS + 60_000)
    assert code(outcome) is ErrorCode.NOT_ADMITTED


def test_a_key_of_another_account_is_refused_and_the_code_stays(pair: Story) -> None:
    pair.one(link(7))
    assert code(pair.one(device(7, new_account("bob").public_key))) is ErrorCode.HANDLE_TAKEN
    assert code(pair.one(device(7, new_account("ana").public_key))) is ErrorCode.NOT_ALLOWED
    assert isinstance(pair.one(device(7)), Committed)


def test_nobody_unknown_gets_a_device(pair: Story) -> None:
    assert code(pair.one(device(7, account=9))) is ErrorCode.NO_SUCH_ACCOUNT
    assert pair.log.devices(9) == []


def test_a_revoked_key_is_gone_but_not_free(pair: Story) -> None:
    pair.submit(link(7), device(7), link(8, 2))
    assert pair.one(RevokeDevice(1, PHONE)) == Committed(0, ())
    assert PHONE not in keys(pair)
    assert code(pair.one(new_account("eve", PHONE))) is ErrorCode.HANDLE_TAKEN
    assert code(pair.one(device(8, PHONE, 2))) is ErrorCode.HANDLE_TAKEN
    assert code(pair.one(RevokeDevice(1, PHONE))) is ErrorCode.NOT_ALLOWED


def test_a_revoked_key_comes_back_to_its_account(pair: Story) -> None:
    pair.submit(link(7), device(7))
    pair.submit(RevokeDevice(1, PHONE), link(8))
    assert pair.one(device(8)) == Committed(0, ())
    assert keys(pair) == (new_account("ana").public_key, PHONE)


def test_the_last_key_stays_even_when_both_go_in_one_pass(pair: Story) -> None:
    ana = new_account("ana").public_key
    assert code(pair.one(RevokeDevice(1, ana))) is ErrorCode.NOT_ALLOWED
    pair.submit(link(7), device(7))
    first, second = pair.submit(RevokeDevice(1, ana), RevokeDevice(1, PHONE))
    assert first == Committed(0, ())
    assert code(second) is ErrorCode.NOT_ALLOWED
    assert keys(pair) == (PHONE,)


def test_a_key_of_somebody_else_is_not_revoked(pair: Story) -> None:
    pair.submit(link(7), device(7))
    assert code(pair.one(RevokeDevice(1, new_account("bob").public_key))) is ErrorCode.NOT_ALLOWED
    assert len(keys(pair, 2)) == 1
