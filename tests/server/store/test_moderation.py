"""What follows from kicks, bans, mutes and roles, in memory and on disk."""

import time
from pathlib import Path

import pytest

from chatroom.protocol.entries import EntryKind, Moderated, encode_body, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddAccount, AddEntry, BarAddress, Committed, Failed, Outcome
from chatroom.server.hub.records import AccountRecord, BanRecord
from chatroom.server.store.frames import entry_of
from chatroom.server.store.moderation_rules import PLACES, Standing, moderation_fault
from chatroom.server.store.sqlite import SqliteLog
from support.story import BOB, EVE, INA, MIA, START_MS, Story, joined, left, new_account

SOON = START_MS + 3_600_000


def codes(outcomes: list[Outcome]) -> list[ErrorCode | None]:
    return [outcome.code if isinstance(outcome, Failed) else None for outcome in outcomes]


def act(
    kind: EntryKind,
    handle: str,
    until: int = 0,
    reason: str = "",
    role: int = 0,
    by: int = MIA,
    room: int = 1,
) -> AddEntry:
    return AddEntry(room, by, kind, encode_body(Moderated(handle, until, reason, role)))


@pytest.fixture
def garden(story: Story) -> Story:
    """A room with an owner, a moderator and two members."""
    story.garden(INA, MIA, BOB, EVE)
    return story


def account(story: Story, number: int = BOB) -> AccountRecord:
    return story.log.load().accounts[number - 1]


# -- kicks -------------------------------------------------------------------------------------------------


def test_a_kick_takes_out_of_the_room(garden: Story) -> None:
    garden.one(act(EntryKind.KICKED, "bob"))
    record = garden.record(1)
    assert record.members == (INA, MIA, EVE)
    assert record.kicked == ()
    assert codes(garden.submit(joined(1, BOB))) == [None]


def test_a_kick_with_a_time_keeps_out_until_then(garden: Story) -> None:
    garden.one(act(EntryKind.KICKED, "bob", SOON))
    assert garden.record(1).kicked == ((BOB, SOON),)
    for at, code in ((SOON - 1, ErrorCode.NOT_ALLOWED), (SOON, None)):
        assert codes(garden.submit(joined(1, BOB), at=at)) == [code]
    assert garden.record(1).kicked == ()
    assert BOB in garden.record(1).members


def test_who_is_no_member_is_not_kicked_but_kept_out(garden: Story) -> None:
    outcomes = garden.submit(left(1, BOB), act(EntryKind.KICKED, "bob"))
    assert codes(outcomes) == [None, ErrorCode.NOT_ALLOWED]
    assert garden.record(1).kicked == ()
    garden.one(act(EntryKind.KICKED, "bob", SOON))
    assert garden.record(1).kicked == ((BOB, SOON),)


def test_a_kick_and_a_coming_back_in_one_pass(garden: Story) -> None:
    outcomes = garden.submit(act(EntryKind.KICKED, "bob", SOON), joined(1, BOB))
    assert codes(outcomes) == [None, ErrorCode.NOT_ALLOWED]


# -- bans --------------------------------------------------------------------------------------------------


def test_a_ban_is_kept_with_its_end_author_and_reason(garden: Story) -> None:
    garden.one(act(EntryKind.BANNED, "bob", SOON, "spam"))
    assert account(garden).ban == BanRecord(SOON, MIA, "spam")
    garden.one(act(EntryKind.BANNED, "bob"))
    assert account(garden).ban == BanRecord(TIME_MAX, MIA, "")
    assert BOB in garden.record(1).members
    garden.one(act(EntryKind.UNBANNED, "bob"))
    assert account(garden).ban is None


# -- addresses ---------------------------------------------------------------------------------------------

HOME, CAFE = "192.0.2.7", "192.0.2.8"


@pytest.mark.parametrize("kind", [EntryKind.BANNED, EntryKind.MUTED, EntryKind.KICKED])
def test_addresses_are_barred_while_something_stands_against_an_account(
    garden: Story, kind: EntryKind
) -> None:
    bar = BarAddress(BOB, HOME)
    assert codes(garden.submit(bar)) == [ErrorCode.NOT_ALLOWED]
    assert codes(garden.submit(act(kind, "bob", SOON), bar, bar)) == [None, None, None]
    assert garden.log.load().barred == ((HOME, BOB),)
    assert codes(garden.submit(BarAddress(BOB, CAFE), at=SOON)) == [ErrorCode.NOT_ALLOWED]


def test_of_two_accounts_each_has_its_own_addresses(garden: Story) -> None:
    garden.submit(act(EntryKind.BANNED, "bob"), BarAddress(BOB, HOME))
    garden.submit(act(EntryKind.BANNED, "eve"), BarAddress(EVE, HOME), BarAddress(EVE, CAFE))
    assert garden.log.load().barred == ((HOME, BOB), (HOME, EVE), (CAFE, EVE))
    garden.one(act(EntryKind.UNBANNED, "eve"))
    assert garden.log.load().barred == ((HOME, BOB),)


def test_the_addresses_are_free_when_the_last_of_a_ban_a_mute_and_a_kick_ends(garden: Story) -> None:
    garden.submit(act(EntryKind.BANNED, "bob"), BarAddress(BOB, HOME))
    garden.submit(act(EntryKind.MUTED, "bob"), act(EntryKind.KICKED, "bob", SOON))
    for kind in (EntryKind.UNBANNED, EntryKind.UNMUTED):
        garden.one(act(kind, "bob"))
        assert garden.log.load().barred == ((HOME, BOB),)
    garden.submit(act(EntryKind.ROLE_SET, "bob", role=Role.MODERATOR, by=INA), at=SOON)
    assert garden.log.load().barred == ()


def test_one_account_bars_a_bounded_number_of_addresses(garden: Story) -> None:
    bars = [BarAddress(BOB, f"192.0.2.{number}") for number in range(PLACES)]
    assert codes(garden.submit(act(EntryKind.MUTED, "bob"), *bars)) == [None] * (PLACES + 1)
    outcomes = garden.submit(BarAddress(BOB, "198.51.100.1"), bars[0])
    assert codes(outcomes) == [ErrorCode.TOO_MANY, None]


def test_a_server_that_starts_forgets_the_addresses_of_what_is_over_since_a_day(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "chatroom.db")
    story = Story(log)
    for handle in ("ina", "mia", "bob", "eve"):
        story.one(AddAccount(handle, new_account(handle).public_key, Role(2 * (handle == "mia")), ""))
    story.room("garden", INA, MIA, BOB, EVE)
    an_hour_ago = time.time_ns() // 1_000_000 - 3_600_000
    story.submit(act(EntryKind.BANNED, "bob", SOON), BarAddress(BOB, HOME))
    story.submit(act(EntryKind.BANNED, "eve", an_hour_ago), BarAddress(EVE, CAFE))
    log.begin(renews=False)
    assert log.load().barred == ((CAFE, EVE),)
    log.close()


def test_a_new_account_is_kept_out_and_muted_from_the_start(garden: Story) -> None:
    other = garden.room("lawn", INA)
    robert = AddAccount(
        "robert",
        b"r" * 32,
        Role.MODERATOR,
        "",
        rooms=(1,),
        kicked=((other, SOON),),
        muted_until=SOON,
        muted_in=1,
    )
    outcome = garden.one(robert)
    assert isinstance(outcome, Committed)
    joined_at, muted_at = (entry_of(entry.frame) for entry in outcome.entries)
    assert (joined_at.author, joined_at.kind) == ("robert", EntryKind.JOINED)
    assert (muted_at.author, muted_at.kind) == ("server", EntryKind.MUTED)
    assert read_body(muted_at) == Moderated("robert", SOON, "new from where somebody muted was")
    assert account(garden, 5).muted_until == SOON
    assert garden.record(other).kicked == ((5, SOON),)
    assert codes(garden.submit(joined(other, 5))) == [ErrorCode.NOT_ALLOWED]


def test_a_new_account_that_cannot_be_told_of_is_not_made(garden: Story) -> None:
    robert = AddAccount("robert", b"r" * 32, Role.MEMBER, "", muted_until=SOON, muted_in=9)
    assert codes(garden.submit(robert)) == [ErrorCode.NO_SUCH_ROOM]
    assert len(garden.log.load().accounts) == 4


# -- mutes and roles ---------------------------------------------------------------------------------------


def test_a_mute_is_kept_until_it_is_taken_back(garden: Story) -> None:
    garden.one(act(EntryKind.MUTED, "bob", SOON))
    assert account(garden).muted_until == SOON
    garden.one(act(EntryKind.MUTED, "bob"))
    assert account(garden).muted_until == TIME_MAX
    garden.one(act(EntryKind.UNMUTED, "bob"))
    assert account(garden).muted_until == 0


def test_a_role_is_kept_and_the_last_one_counts(garden: Story) -> None:
    given = [Role.MODERATOR, Role.MEMBER]
    garden.submit(*(act(EntryKind.ROLE_SET, "bob", role=role, by=INA) for role in given))
    assert account(garden).role is Role.MEMBER
    garden.one(act(EntryKind.ROLE_SET, "bob", role=Role.OWNER, by=INA))
    assert account(garden).role is Role.OWNER


def test_an_owner_is_not_muted(garden: Story) -> None:
    garden.submit(act(EntryKind.MUTED, "bob"), act(EntryKind.ROLE_SET, "bob", role=Role.OWNER, by=INA))
    assert account(garden).muted_until == 0


def test_the_only_owner_keeps_the_role_also_within_one_pass(garden: Story) -> None:
    down = act(EntryKind.ROLE_SET, "ina", role=Role.MODERATOR, by=INA)
    assert codes(garden.submit(down)) == [ErrorCode.NOT_ALLOWED]
    up = act(EntryKind.ROLE_SET, "bob", role=Role.OWNER, by=INA)
    also_down = act(EntryKind.ROLE_SET, "bob", role=Role.MEMBER, by=BOB)
    assert codes(garden.submit(up, down, also_down)) == [None, None, ErrorCode.NOT_ALLOWED]
    assert [one.role for one in garden.log.load().accounts[:3]] == [
        Role.MODERATOR,
        Role.MODERATOR,
        Role.OWNER,
    ]


def test_only_an_owner_gives_roles(garden: Story) -> None:
    assert codes(garden.submit(act(EntryKind.ROLE_SET, "bob", role=Role.MEMBER))) == [ErrorCode.NOT_ALLOWED]


# -- what is refused ---------------------------------------------------------------------------------------

KINDS = [EntryKind.KICKED, EntryKind.BANNED, EntryKind.UNBANNED, EntryKind.MUTED, EntryKind.UNMUTED]


@pytest.mark.parametrize("kind", [*KINDS, EntryKind.ROLE_SET])
def test_nothing_is_done_upwards_or_to_equals(garden: Story, kind: EntryKind) -> None:
    before = garden.log.load(), len(garden.entries(1))
    outcomes = garden.submit(
        act(kind, "ina", role=1), act(kind, "mia", role=1, by=BOB), act(kind, "eve", role=2, by=BOB)
    )
    assert codes(outcomes) == [ErrorCode.NOT_ALLOWED] * 3
    assert (garden.log.load(), len(garden.entries(1))) == before


@pytest.mark.parametrize("kind", [*KINDS, EntryKind.ROLE_SET])
def test_nothing_is_done_to_or_by_who_is_not_there(garden: Story, kind: EntryKind) -> None:
    outcomes = garden.submit(act(kind, "zoe", role=1), act(kind, "bob", role=2, by=99))
    assert codes(outcomes) == [ErrorCode.NO_SUCH_ACCOUNT] * 2


@pytest.mark.parametrize("kind", [*KINDS, EntryKind.ROLE_SET])
def test_the_server_does_nothing_by_itself_but_mute(garden: Story, kind: EntryKind) -> None:
    is_mute = kind is EntryKind.MUTED
    for handle in ("bob", "mia"):
        outcome = codes(garden.submit(act(kind, handle, role=2, by=0)))
        assert outcome == [None if is_mute else ErrorCode.NO_SUCH_ACCOUNT]
    if is_mute:
        assert codes(garden.submit(act(kind, "ina", by=0))) == [ErrorCode.NOT_ALLOWED]


@pytest.mark.parametrize("kind", [*KINDS, EntryKind.ROLE_SET])
def test_a_body_that_cannot_be_read_does_nothing(garden: Story, kind: EntryKind) -> None:
    before = garden.log.load()
    assert codes(garden.submit(AddEntry(1, MIA, kind, b"\x91\x05"))) == [ErrorCode.NO_SUCH_ACCOUNT]
    assert garden.log.load() == before


def test_the_banned_do_nothing_even_in_the_same_pass(garden: Story) -> None:
    outcomes = garden.submit(act(EntryKind.BANNED, "mia", by=INA), act(EntryKind.MUTED, "bob"))
    assert codes(outcomes) == [None, ErrorCode.BANNED]
    assert account(garden).muted_until == 0


@pytest.mark.parametrize("role", [0, 4, 65_535])
def test_there_are_three_roles_to_give(garden: Story, role: int) -> None:
    outcomes = garden.submit(act(EntryKind.ROLE_SET, "bob", role=role, by=INA))
    assert codes(outcomes) == [ErrorCode.BAD_RANGE]


def test_a_banned_account_does_not_become_an_owner(garden: Story) -> None:
    outcomes = garden.submit(
        act(EntryKind.BANNED, "bob"),
        act(EntryKind.ROLE_SET, "bob", role=Role.OWNER, by=INA),
        act(EntryKind.ROLE_SET, "bob", role=Role.MODERATOR, by=INA),
    )
    assert codes(outcomes) == [None, ErrorCode.NOT_ALLOWED, None]


def test_an_owner_is_out_of_reach_whoever_asks() -> None:
    owner = Standing(INA, Role.OWNER, is_banned=False)
    for role in Role:
        other = Standing(MIA, role, is_banned=False)
        for kind in (*KINDS, EntryKind.ROLE_SET):
            assert moderation_fault(kind, Moderated("ina", 0, "", 1), other, owner, 2) is not None
