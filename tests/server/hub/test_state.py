"""What an account is at a time, and what is known of where it came from."""

from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role
from chatroom.server.hub.records import AccountRecord, BanRecord, Snapshot
from chatroom.server.hub.state import ORIGINS, Account, State

ENDS_AT = 1_700_000_000_000
BAN = BanRecord(ENDS_AT, 1, "spam")


def state_of(*records: AccountRecord, barred: tuple[tuple[str, int], ...] = ()) -> State:
    return State(Snapshot(records, (), barred), 1, 1)


def account(muted_until: int = 0, ban: BanRecord | None = None) -> Account:
    record = AccountRecord(1, "bob", Role.MODERATOR, (b"k" * 32,), muted_until, ban)
    return state_of(record).accounts[1]


def test_a_mute_lasts_to_its_end_and_not_longer() -> None:
    bob = account(muted_until=ENDS_AT)
    assert (bob.role_at(ENDS_AT - 1), bob.is_muted(ENDS_AT - 1)) == (Role.MUTED, True)
    assert (bob.role_at(ENDS_AT), bob.is_muted(ENDS_AT)) == (Role.MODERATOR, False)


def test_a_ban_lasts_to_its_end_and_not_longer() -> None:
    bob = account(ban=BAN)
    assert bob.ban_at(ENDS_AT - 1) == BAN
    assert bob.ban_at(ENDS_AT) is None
    assert account(ban=BanRecord(TIME_MAX, 1, "")).ban_at(TIME_MAX - 1) is not None
    assert account().ban_at(0) is None


def test_an_origin_is_barred_while_one_of_the_bans_lasts() -> None:
    first = AccountRecord(1, "bob", Role.MEMBER, (), ban=BAN)
    second = AccountRecord(2, "eve", Role.MEMBER, (), ban=BanRecord(ENDS_AT + 5, 1, ""))
    state = state_of(first, second, barred=(("192.0.2.7", 1), ("192.0.2.7", 2), ("192.0.2.8", 1)))
    assert state.ban_from("192.0.2.7", ENDS_AT - 1) is not None
    assert state.ban_from("192.0.2.7", ENDS_AT) == second.ban
    assert state.ban_from("192.0.2.8", ENDS_AT) is None
    assert state.ban_from("192.0.2.9", 0) is None
    state.unbar(state.accounts[2])
    assert state.ban_from("192.0.2.7", ENDS_AT) is None
    assert set(state.barred) == {"192.0.2.7", "192.0.2.8"}


def test_of_two_mutes_and_kicks_the_longer_counts_for_an_origin() -> None:
    first = AccountRecord(1, "bob", Role.MEMBER, (), muted_until=ENDS_AT)
    second = AccountRecord(2, "eve", Role.MEMBER, (), muted_until=ENDS_AT + 5)
    state = state_of(first, second, barred=(("192.0.2.7", 1), ("192.0.2.7", 2), ("192.0.2.8", 1)))
    state.accounts[1].kicked.update({1: ENDS_AT, 2: ENDS_AT})
    state.accounts[2].kicked.update({1: ENDS_AT + 5})
    assert state.mute_from("192.0.2.7", ENDS_AT - 1) == ENDS_AT + 5
    assert state.mute_from("192.0.2.8", ENDS_AT) == state.mute_from("192.0.2.9", 0) == 0
    assert state.kicks_from("192.0.2.7", ENDS_AT - 1) == {1: ENDS_AT + 5, 2: ENDS_AT}
    assert state.kicks_from("192.0.2.7", ENDS_AT) == {1: ENDS_AT + 5}
    assert state.kicks_from("192.0.2.8", ENDS_AT) == {}


def test_an_account_is_free_when_nothing_is_in_force() -> None:
    assert account().is_free(0)
    bob = account(muted_until=ENDS_AT, ban=BAN)
    bob.kicked[1] = ENDS_AT + 5
    assert not bob.is_free(ENDS_AT)
    assert bob.is_free(ENDS_AT + 5)


def test_the_latest_places_are_remembered() -> None:
    bob = account()
    for number in range(ORIGINS + 3):
        bob.note_origin(f"192.0.2.{number}")
        bob.note_origin("192.0.2.0")
    assert list(bob.origins)[-1] == "192.0.2.0"
    assert len(bob.origins) == ORIGINS
    assert "192.0.2.1" not in bob.origins
