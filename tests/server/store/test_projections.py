"""Members, topics and invitations follow from the entries, in memory and on disk."""

import pytest

from chatroom.protocol.entries import Declined, EntryKind, Invited, RoomKind, TopicSet, encode_body
from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.ports import AddEntry, AddRoom, Committed, Failed, Outcome
from chatroom.server.store.projections import PROJECTIONS
from support.story import Story, joined, left


def invited(room: int, author: int, handle: str) -> AddEntry:
    return AddEntry(room, author, EntryKind.INVITED, encode_body(Invited(handle)))


def declined(room: int, author: int) -> AddEntry:
    return AddEntry(room, author, EntryKind.DECLINED, encode_body(Declined()))


def topic(room: int, author: int, text: str) -> AddEntry:
    return AddEntry(room, author, EntryKind.TOPIC_SET, encode_body(TopicSet(text)))


def codes(outcomes: list[Outcome]) -> list[ErrorCode | None]:
    """Return why each was refused; None where it was not."""
    return [outcome.code if isinstance(outcome, Failed) else None for outcome in outcomes]


@pytest.fixture
def garden(story: Story) -> Story:
    """Room 1, private, with the members 1 and 2; account 3 is no member."""
    for handle in ("ana", "bob", "eve"):
        story.account(handle)
    assert story.room("garden", 1, 2, kind=RoomKind.PRIVATE) == 1
    return story


def test_who_joins_is_a_member_and_who_leaves_is_none(garden: Story) -> None:
    assert codes(garden.submit(joined(1, 3))) == [None]
    assert garden.record(1).members == (1, 2, 3)
    assert codes(garden.submit(left(1, 1))) == [None]
    assert garden.record(1).members == (2, 3)


def test_joining_twice_and_leaving_twice_are_refused(garden: Story) -> None:
    assert codes(garden.submit(joined(1, 1))) == [ErrorCode.NOT_ALLOWED]
    assert codes(garden.submit(left(1, 3))) == [ErrorCode.NOT_A_MEMBER]
    assert garden.record(1).head == 3


def test_within_one_pass_each_change_sees_the_one_before(garden: Story) -> None:
    outcomes = garden.submit(joined(1, 3), joined(1, 3), left(1, 3), left(1, 3), joined(1, 3), left(1, 2))
    assert codes(outcomes) == [None, ErrorCode.NOT_ALLOWED, None, ErrorCode.NOT_A_MEMBER, None, None]
    assert garden.record(1).members == (1, 3)
    assert garden.record(1).head == 7


def test_an_invitation_names_who_invited_and_ends_with_joining(garden: Story) -> None:
    assert codes(garden.submit(invited(1, 2, "eve"))) == [None]
    assert garden.record(1).invited == ((3, 2),)
    garden.submit(joined(1, 3))
    assert garden.record(1).invited == ()


def test_an_invitation_is_declined_once_and_by_who_has_it(garden: Story) -> None:
    assert codes(garden.submit(declined(1, 3), declined(1, 1))) == [ErrorCode.NOT_A_MEMBER] * 2
    outcomes = garden.submit(invited(1, 2, "eve"), declined(1, 3), declined(1, 3), invited(1, 1, "eve"))
    assert codes(outcomes) == [None, None, ErrorCode.NOT_A_MEMBER, None]
    assert garden.record(1).invited == ((3, 1),)


def test_the_last_invitation_counts(garden: Story) -> None:
    garden.submit(invited(1, 2, "eve"), invited(1, 1, "eve"))
    assert garden.record(1).invited == ((3, 1),)


def test_nobody_is_invited_who_is_a_member_or_does_not_exist(garden: Story) -> None:
    outcomes = garden.submit(invited(1, 1, "bob"), invited(1, 1, "zoe"), joined(1, 3), invited(1, 1, "eve"))
    assert codes(outcomes) == [ErrorCode.NOT_ALLOWED, ErrorCode.NO_SUCH_ACCOUNT, None, ErrorCode.NOT_ALLOWED]
    assert garden.record(1).invited == ()


def test_an_invitation_without_a_readable_body_is_refused(garden: Story) -> None:
    outcomes = garden.submit(AddEntry(1, 1, EntryKind.INVITED, b"\x91\x05"))
    assert codes(outcomes) == [ErrorCode.NO_SUCH_ACCOUNT]


def test_the_topic_is_the_last_one_set_and_may_be_taken_away(garden: Story) -> None:
    garden.submit(topic(1, 1, "seeds"), topic(1, 2, "bulbs"))
    assert garden.record(1).topic == "bulbs"
    garden.submit(topic(1, 2, ""))
    assert garden.record(1).topic == ""


def test_rooms_do_not_share_members_topics_or_invitations(garden: Story) -> None:
    (outcome,) = garden.submit(AddRoom("kitchen", RoomKind.PUBLIC, (3,)))
    assert isinstance(outcome, Committed)
    other = outcome.number
    garden.submit(topic(1, 1, "seeds"), invited(1, 1, "eve"), left(1, 2))
    record = garden.record(other)
    assert (record.topic, record.invited, record.members) == ("", (), (3,))


def test_every_kind_that_the_hub_folds_has_a_projection() -> None:
    assert set(PROJECTIONS) == set(EntryKind) - {EntryKind.POSTED, EntryKind.CREATED}
