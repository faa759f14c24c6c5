"""What an account is at a time, and what is known of where it came from."""

import pytest
from msgspec.structs import replace

from chatroom.protocol.entries import RoomKind
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role
from chatroom.server.hub.records import AccountRecord, BanRecord, RoomRecord, Snapshot
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


def shown(state: State) -> object:
    """Everything that a state says, but for heads."""
    accounts = {
        account.number: (
            account.handle,
            account.role,
            account.muted_until,
            account.ban,
            account.public_keys,
            set(account.rooms),
            {room.number: by.number for room, by in account.invitations.items()},
            account.kicked,
        )
        for account in state.accounts.values()
    }
    rooms = {
        room.number: (room.name, room.kind, room.topic, room.creator, set(room.members))
        for room in state.rooms.values()
    }
    found = [
        {key: account.number for key, account in accounts.items()}
        for accounts in (state.by_handle, state.skeletons, state.by_key)
    ]
    places = [{key: room.number for key, room in rooms.items()} for rooms in (state.by_name, state.direct)]
    barred = {origin: {account.number for account in barred} for origin, barred in state.barred.items()}
    return accounts, rooms, found, places, barred


ANA = AccountRecord(1, "ana", Role.MEMBER, (b"a" * 32, b"A" * 32))
BOB = AccountRecord(2, "bob", Role.MEMBER, (b"b" * 32,))
EVE = AccountRecord(3, "eve", Role.MEMBER, (b"e" * 32,))
DAN = AccountRecord(4, "dan", Role.MEMBER, (b"d" * 32,))
LOBBY = RoomRecord(1, "lobby", RoomKind.PUBLIC, "", 1, 9, (1, 2, 3), ((2, 1),), ((3, ENDS_AT),))
DIRECT = RoomRecord(2, "", RoomKind.DIRECT, "", 1, 3, (1, 2), (), (), 1)
BEFORE = Snapshot((ANA, BOB, EVE), (LOBBY,), (("192.0.2.7", 3),))


def but(**fields: object) -> Snapshot:
    """The snapshot of before, with some fields replaced."""
    return replace(BEFORE, **fields)


CHANGES = [
    (but(accounts=(replace(ANA, role=Role.OWNER), BOB, EVE)), ()),
    (but(accounts=(ANA, replace(BOB, muted_until=ENDS_AT), EVE)), ()),
    (but(accounts=(ANA, BOB, replace(EVE, ban=BAN))), (3,)),
    (but(accounts=(replace(ANA, public_keys=(b"n" * 32,)), BOB, EVE)), (1,)),
    (but(rooms=(replace(LOBBY, topic="news", creator=1, head=12),)), ()),
    (but(rooms=(replace(LOBBY, members=(1, 3)),)), (2,)),
    (but(rooms=(replace(LOBBY, invited=((3, 1),)),)), (2, 3)),
    (but(rooms=(replace(LOBBY, kicked=((2, 5),)),)), ()),
    (but(barred=(("192.0.2.7", 2), ("192.0.2.8", 3))), ()),
    (but(accounts=(ANA, BOB, EVE, DAN)), ()),
    (but(rooms=(LOBBY, DIRECT)), (1, 2)),
]
"""What may become of it, and of which accounts the peers are to know that."""


@pytest.mark.parametrize(("after", "changed"), CHANGES)
@pytest.mark.parametrize("goes_back", [False, True])
def test_a_state_that_takes_a_snapshot_is_what_it_says(
    after: Snapshot, changed: tuple[int, ...], goes_back: bool
) -> None:
    if goes_back and (DAN in after.accounts or DIRECT in after.rooms):
        after = replace(after, barred=())  # nothing that is there ever goes
    before, after = (after, BEFORE) if goes_back and after.barred else (BEFORE, after)
    state = State(before, 1, 1)
    known = {**state.accounts}, {**state.rooms}
    heads = {room.number: room.head for room in before.rooms}
    found: set[Account] = set()
    state.take(after, found)
    assert shown(state) == shown(State(after, 1, 1))
    assert {account.number for account in found} == set(changed)
    assert all(state.accounts[number] is account for number, account in known[0].items())
    assert all(state.rooms[number] is room for number, room in known[1].items())
    assert {number: state.rooms[number].head for number in heads} == heads
