"""What a pass takes from somebody counts for the rest of the same pass, in memory and on disk."""

import pytest

from chatroom.protocol.entries import Declined, EntryKind, Invited, Moderated, RoomKind, TopicSet, encode_body
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddCode, AddEntry, AddRoom, Change, Failed, Repeated
from chatroom.server.hub.records import CodeKind
from chatroom.server.store import refusals
from support.story import BOB, EVE, INA, MIA, START_MS, Story, joined, left

FOREVER = START_MS + 10**12


def act(kind: EntryKind, handle: str, until: int = FOREVER, by: int = INA) -> AddEntry:
    return AddEntry(1, by, kind, encode_body(Moderated(handle, until, "")))


def topic(author: int) -> AddEntry:
    return AddEntry(1, author, EntryKind.TOPIC_SET, encode_body(TopicSet("bulbs")))


def invited(author: int, handle: str) -> AddEntry:
    return AddEntry(1, author, EntryKind.INVITED, encode_body(Invited(handle)))


def declined(author: int) -> AddEntry:
    return AddEntry(1, author, EntryKind.DECLINED, encode_body(Declined()))


@pytest.fixture
def garden(story: Story) -> Story:
    """A room with an owner, a moderator and a member; eve is not in it."""
    story.garden(INA, MIA, BOB)
    return story


def last_kinds(story: Story, after: int = 4) -> list[int]:
    return [entry.kind for entry in story.entries(1)[after:]]


TAKES_AWAY = [
    (left(1, BOB), refusals.NOT_A_MEMBER),
    (act(EntryKind.KICKED, "bob"), refusals.NOT_A_MEMBER),
    (act(EntryKind.BANNED, "bob"), refusals.AUTHOR_BANNED),
    (act(EntryKind.MUTED, "bob"), refusals.AUTHOR_MUTED),
]
KINDS = ["left", "kicked", "banned", "muted"]


@pytest.mark.parametrize(("before", "refusal"), TAKES_AWAY, ids=KINDS)
def test_nothing_of_the_same_pass_is_stored_behind_what_forbids_it(
    garden: Story, before: AddEntry, refusal: Failed
) -> None:
    later: list[Change] = [garden.message(1, BOB, "late"), topic(BOB), invited(BOB, "eve")]
    outcomes = garden.submit(before, *later, garden.message(1, MIA, "still here"))
    assert outcomes[1:4] == [refusal] * 3
    assert last_kinds(garden) == [before.kind, EntryKind.POSTED]
    assert garden.texts(1) == ["still here"]


@pytest.mark.parametrize(("before", "_refusal"), TAKES_AWAY, ids=KINDS)
def test_what_came_before_it_in_the_pass_is_stored(garden: Story, before: AddEntry, _refusal: Failed) -> None:
    outcomes = garden.submit(garden.message(1, BOB, "in time"), before)
    assert not any(isinstance(outcome, Failed) for outcome in outcomes)
    assert last_kinds(garden) == [EntryKind.POSTED, before.kind]


def test_a_moderator_who_is_muted_or_left_does_nothing_more_to_others(garden: Story) -> None:
    for before in (act(EntryKind.MUTED, "mia"), left(1, MIA)):
        outcomes = garden.submit(before, act(EntryKind.KICKED, "bob", by=MIA))
        assert isinstance(outcomes[1], Failed)
    assert BOB in garden.record(1).members


def test_who_leaves_and_joins_in_one_pass_may_post_after_it(garden: Story) -> None:
    outcomes = garden.submit(left(1, BOB), joined(1, BOB), garden.message(1, BOB, "back"))
    assert not any(isinstance(outcome, Failed) for outcome in outcomes)
    assert garden.texts(1) == ["back"]


def test_who_is_muted_may_join_and_leave_and_who_is_banned_may_not_join(garden: Story) -> None:
    outcomes = garden.submit(act(EntryKind.MUTED, "eve"), joined(1, EVE), left(1, EVE))
    assert not any(isinstance(outcome, Failed) for outcome in outcomes)
    assert garden.submit(act(EntryKind.BANNED, "eve"), joined(1, EVE))[1] == refusals.AUTHOR_BANNED


def test_who_is_muted_may_decline_in_the_same_pass_and_who_is_banned_may_not(garden: Story) -> None:
    garden.one(invited(BOB, "eve"))
    assert garden.submit(act(EntryKind.BANNED, "eve"), declined(EVE))[1] == refusals.AUTHOR_BANNED
    garden.one(act(EntryKind.UNBANNED, "eve"))
    assert not isinstance(garden.submit(act(EntryKind.MUTED, "eve"), declined(EVE))[1], Failed)


def test_a_mute_that_is_over_forbids_nothing(garden: Story) -> None:
    outcomes = garden.submit(act(EntryKind.MUTED, "bob", START_MS), garden.message(1, BOB, "hello"))
    assert not isinstance(outcomes[1], Failed)


def test_a_repeat_is_told_where_the_message_stands_whatever_forbids_it_now(garden: Story) -> None:
    old, new = garden.message(1, BOB, "old"), garden.message(1, BOB, "new")
    garden.one(old)
    outcomes = garden.submit(new, left(1, BOB), old, new)
    assert outcomes[2:] == [Repeated(1, 5), Repeated(1, 6)]


@pytest.mark.parametrize("kind", [RoomKind.PRIVATE, RoomKind.DIRECT])
@pytest.mark.parametrize(("before", "refusal"), TAKES_AWAY[2:], ids=KINDS[2:])
def test_who_is_muted_or_banned_makes_no_room_in_the_same_pass(
    garden: Story, kind: RoomKind, before: AddEntry, refusal: Failed
) -> None:
    members, name = ((BOB, EVE), "") if kind is RoomKind.DIRECT else ((BOB,), "shed")
    assert garden.submit(before, AddRoom(name, kind, members))[1] == refusal
    assert len(garden.log.load().rooms) == 1


def test_a_direct_room_with_somebody_who_is_banned_in_the_same_pass_is_made(garden: Story) -> None:
    outcomes = garden.submit(act(EntryKind.BANNED, "bob"), AddRoom("", RoomKind.DIRECT, (EVE, BOB)))
    assert not isinstance(outcomes[1], Failed)


def test_a_room_of_the_server_is_made_whoever_leaves(garden: Story) -> None:
    outcomes = garden.submit(left(1, BOB), AddRoom("shed", RoomKind.PUBLIC, ()))
    assert not isinstance(outcomes[1], Failed)


def test_who_has_an_owner_code_claims_the_role_from_outside(garden: Story) -> None:
    garden.one(AddCode(b"o" * 32, CodeKind.OWNER, Role.OWNER, 0, FOREVER))
    body = encode_body(Moderated("bob", 0, "", Role.OWNER))
    claim = AddEntry(1, BOB, EntryKind.ROLE_SET, body, code=b"o" * 32)
    outcomes = garden.submit(left(1, BOB), claim)
    assert not any(isinstance(outcome, Failed) for outcome in outcomes)


def test_tried_alone_after_a_fault_a_change_is_judged_all_the_same(disk: Story) -> None:
    """A kind of entry that no column takes makes the whole pass fail once; then each is tried alone."""
    disk.account("ana")
    disk.account("bob")
    disk.room("garden", 1, 2)
    unstorable = AddEntry(1, 1, 2**63, b"\x90")
    outcomes = disk.submit(left(1, 2), disk.message(1, 2, "late"), unstorable)
    assert outcomes[1] == refusals.NOT_A_MEMBER
    assert isinstance(outcomes[2], Failed)
    assert disk.texts(1) == []
