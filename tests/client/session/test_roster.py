import pytest

from chatroom.client.session import roster as roster_module
from chatroom.client.session.roster import MAX_MEMBERS, Member, Roster
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Presence, Role


def member(handle: str, presence: Presence = Presence.ONLINE, role: Role = Role.MEMBER) -> Member:
    return Member(handle, role, presence)


def handles(roster: Roster, room: int = 1) -> list[str]:
    return [found.handle for found in roster.members(room)]


def loaded(*members: Member) -> Roster:
    roster = Roster()
    roster.take_page(1, members, is_first=True, is_last=True)
    return roster


def test_members_are_sorted_by_presence_then_handle() -> None:
    roster = loaded(
        member("zoe"), member("bob", Presence.OFFLINE), member("ann", Presence.AWAY), member("eve")
    )
    assert handles(roster) == ["eve", "zoe", "ann", "bob"]


def test_nothing_is_known_of_a_room_that_was_not_asked_for() -> None:
    roster = Roster()
    assert roster.members(1) == []
    assert not roster.is_loaded(1)
    roster.joined(1, "bob")
    assert roster.members(1) == []


def test_a_first_list_grows_page_by_page() -> None:
    roster = Roster()
    roster.take_page(1, [member("ann")], is_first=True, is_last=False)
    assert handles(roster) == ["ann"]
    roster.take_page(1, [member("bob")], is_first=False, is_last=True)
    assert handles(roster) == ["ann", "bob"]


def test_a_list_asked_for_again_changes_only_when_it_is_complete() -> None:
    roster = loaded(member("ann"), member("bob"))
    roster.take_page(1, [member("cat")], is_first=True, is_last=False)
    assert handles(roster) == ["ann", "bob"]
    roster.joined(1, "eve")
    roster.take_page(1, [member("dan")], is_first=False, is_last=True)
    assert handles(roster) == ["cat", "dan", "eve"]


def test_a_list_cut_off_by_a_lost_connection_begins_anew() -> None:
    roster = loaded(member("ann"))
    roster.take_page(1, [member("bob")], is_first=True, is_last=False)
    roster.connection_lost()
    roster.take_page(1, [member("cat")], is_first=True, is_last=True)
    assert handles(roster) == ["cat"]


def test_joining_and_leaving_keep_the_list_right() -> None:
    roster = loaded(member("ann"))
    roster.joined(1, "bob")
    assert roster.members(1) == [member("ann"), member("bob", Presence.OFFLINE)]
    roster.set_presence("bob", Presence.ONLINE)
    assert roster.members(1) == [member("ann"), member("bob")]
    roster.left(1, "ann")
    assert handles(roster) == ["bob"]


def test_who_joins_again_keeps_role_and_presence() -> None:
    roster = loaded(member("ann", Presence.AWAY, Role.OWNER))
    roster.joined(1, "ann")
    assert roster.members(1) == [member("ann", Presence.AWAY, Role.OWNER)]


def test_presence_is_one_for_all_rooms() -> None:
    roster = loaded(member("ann"), member("bob"))
    roster.take_page(2, [member("ann")], is_first=True, is_last=True)
    roster.set_presence("ann", Presence.OFFLINE)
    assert handles(roster) == ["bob", "ann"]
    assert roster.presence("ann") is Presence.OFFLINE
    assert roster.presence("nobody") is Presence.OFFLINE


def test_a_forgotten_room_is_empty() -> None:
    roster = loaded(member("ann"))
    roster.forget_room(1)
    assert roster.members(1) == []


def test_the_two_of_a_direct_room_are_known_and_a_list_says_more_of_them() -> None:
    roster = Roster()
    roster.pair(1, "ann", "bob")
    assert handles(roster) == ["ann", "bob"]
    roster.take_page(1, [member("ann", role=Role.OWNER), member("bob")], is_first=True, is_last=True)
    roster.pair(1, "ann", "bob")
    assert [each.role for each in roster.members(1)] == [Role.OWNER, Role.MEMBER]


def test_the_number_of_members_is_bounded() -> None:
    roster = Roster()
    crowd = [member(f"a{number}") for number in range(MAX_MEMBERS + 5)]
    roster.take_page(1, crowd, is_first=True, is_last=True)
    assert len(roster.members(1)) == MAX_MEMBERS
    roster.joined(1, "late")
    assert len(roster.members(1)) == MAX_MEMBERS


def test_a_mute_hides_the_role_until_it_ends() -> None:
    roster = loaded(member("ann", role=Role.MODERATOR))
    roster.set_muted("ann", 5_000)
    assert roster.members(1) == [member("ann", role=Role.MUTED)]
    assert roster.next_end() == 5_000
    assert roster.end_mutes(4_999) == []
    assert roster.end_mutes(5_000) == ["ann"]
    assert roster.members(1) == [member("ann", role=Role.MODERATOR)]
    assert roster.next_end() is None


def test_a_role_given_under_a_mute_shows_when_the_mute_is_taken_back() -> None:
    roster = loaded(member("ann", role=Role.MUTED))
    assert roster.muted_until("ann") == TIME_MAX
    assert roster.next_end() is None
    roster.set_role("ann", Role.MODERATOR)
    assert roster.members(1) == [member("ann", role=Role.MUTED)]
    roster.set_muted("ann", 0)
    assert roster.members(1) == [member("ann", role=Role.MODERATOR)]


def test_a_list_knows_who_is_not_muted_any_more_and_no_end_it_was_not_told() -> None:
    roster = loaded(member("ann"), member("bob"))
    roster.set_muted("ann", 5_000)
    roster.set_muted("bob", 6_000)
    roster.take_page(1, [member("ann"), member("bob", role=Role.MUTED)], is_first=True, is_last=True)
    assert (roster.muted_until("ann"), roster.muted_until("bob")) == (0, 6_000)


def test_the_number_of_the_muted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_module, "MAX_PEOPLE", 2)
    roster = Roster()
    for number in range(5):
        roster.set_muted(f"m{number}", 5)
    assert len(roster.end_mutes(5)) == 2
