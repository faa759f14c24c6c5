"""Kicks, mutes and roles: who may do what to whom, and what follows."""

import itertools

import pytest

from chatroom.protocol.entries import Entry, EntryKind, Moderated, Posted, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Closing,
    Cursor,
    Done,
    Follow,
    History,
    Invite,
    Join,
    Leave,
    ListMembers,
    Member,
    MemberList,
    Moderate,
    ModerationAct,
    OpenDirect,
    Opened,
    Post,
    Refused,
    Role,
    RoomGone,
    RoomState,
    SetTopic,
    Welcome,
)
from chatroom.server.hub.permissions import LEAST_ROLE, Act, is_above, may
from support.hub_world import Guest, World

KICK, BAN, UNBAN = ModerationAct.KICK, ModerationAct.BAN, ModerationAct.UNBAN
MUTE, UNMUTE, SET_ROLE = ModerationAct.MUTE, ModerationAct.UNMUTE, ModerationAct.SET_ROLE
NOBODY = 999


def refusal(answer: object) -> Refused:
    """The refusal among what came."""
    assert isinstance(answer, list)
    found = [packet for packet in answer if isinstance(packet, Refused)]
    assert len(found) == 1, answer
    return found[0]


def is_done(answer: list[object]) -> bool:
    return any(isinstance(packet, Done) for packet in answer)


def newest(guest: Guest) -> Entry:
    """The last entry of the lobby a guest was sent."""
    return guest.entries(guest.world.lobby(guest))[-1]


def say(guest: Guest, text: str) -> list[object]:
    """Post to the lobby with a nonce of its own."""
    number = next(guest.ids)
    return list(guest.post(guest.world.lobby(guest), text, number.to_bytes(16, "big")))


def members(guest: Guest) -> dict[str, Member]:
    guest.ask(ListMembers(next(guest.ids), guest.world.lobby(guest)))
    listed = guest.last(MemberList)
    assert isinstance(listed, MemberList)
    return {member.handle: member for member in listed.members}


# -- the table ---------------------------------------------------------------------------------------------


def test_the_table_says_what_each_role_may() -> None:
    allowed = {role: {act for act in Act if may(role, act)} for role in Role}
    as_member = {Act.POST, Act.CREATE_ROOM, Act.SET_TOPIC, Act.INVITE}
    assert allowed[Role.MUTED] == set()
    assert allowed[Role.MEMBER] == as_member
    assert allowed[Role.MODERATOR] == set(Act) - {Act.SET_ROLE}
    assert allowed[Role.OWNER] == set(Act) == set(LEAST_ROLE)


def test_one_is_above_lower_roles_only() -> None:
    above = {(one, other) for one, other in itertools.product(Role, Role) if is_above(one, other)}
    assert above == {(one, other) for one in Role for other in Role if one.value > other.value}


@pytest.mark.parametrize("act", ModerationAct)
@pytest.mark.parametrize("role", [Role.MEMBER, Role.MODERATOR, Role.OWNER])
@pytest.mark.parametrize("other", [Role.MEMBER, Role.MODERATOR, Role.OWNER])
def test_every_act_against_every_role(world: World, act: ModerationAct, role: Role, other: Role) -> None:
    world.member("chief", role=Role.OWNER)
    asks, target = world.member("asks", role=role), world.member("target", role=other)
    given = Role.MODERATOR if other is Role.MEMBER else Role.MEMBER
    before = len(asks.entries(world.lobby(asks)))
    answer = asks.moderate(act, "target", role=given)
    has_right = role >= (Role.OWNER if act is SET_ROLE else Role.MODERATOR)
    if not has_right or role <= other:
        assert refusal(answer).code == ErrorCode.NOT_ALLOWED
        assert len(asks.entries(world.lobby(asks))) == before
        assert not target.got(RoomGone)
        assert not target.got(Closing)
    elif act in (UNBAN, UNMUTE):
        assert refusal(answer).code == ErrorCode.NOT_ALLOWED
        assert "is not" in refusal(answer).text
    else:
        assert is_done(list(answer))
        assert newest(asks).author == "asks"


@pytest.mark.parametrize("act", ModerationAct)
@pytest.mark.parametrize("role", [Role.MODERATOR, Role.OWNER])
def test_nobody_does_it_to_oneself(world: World, act: ModerationAct, role: Role) -> None:
    mia = world.member("mia", role=role)
    for given in (Role.MUTED, role, Role.OWNER):  # a lower one: test_stepping_down.py
        assert refusal(mia.moderate(act, "mia", role=given)).code == ErrorCode.NOT_ALLOWED
    assert world.hub.state.by_handle["mia"].role is role


# -- any act -----------------------------------------------------------------------------------------------


def test_an_act_is_an_entry_that_everybody_sees(world: World) -> None:
    mia, bob, eve = world.member("mia", role=Role.MODERATOR), world.member("bob"), world.member("eve")
    until = world.now_ms + 60_000
    mia.moderate(MUTE, "bob", 60, "too loud")
    for guest in (mia, bob, eve):
        entry = newest(guest)
        assert (entry.author, entry.kind) == ("mia", EntryKind.MUTED)
        assert read_body(entry) == Moderated("bob", until, "too loud", 0)


def test_each_act_has_its_kind(world: World) -> None:
    ina = world.member("ina", role=Role.OWNER)
    world.member("bob")
    kinds = []
    for act in (MUTE, UNMUTE, SET_ROLE, BAN, UNBAN, KICK):
        ina.moderate(act, "bob", role=Role.MODERATOR)
        kinds.append(newest(ina).kind)
    assert kinds == [
        EntryKind.MUTED,
        EntryKind.UNMUTED,
        EntryKind.ROLE_SET,
        EntryKind.BANNED,
        EntryKind.UNBANNED,
        EntryKind.KICKED,
    ]


def test_a_role_travels_only_where_one_is_given(world: World) -> None:
    ina = world.member("ina", role=Role.OWNER)
    world.member("bob")
    ina.moderate(MUTE, "bob", role=Role.OWNER)
    assert read_body(newest(ina)) == Moderated("bob")
    ina.moderate(SET_ROLE, "bob", 60, role=Role.MODERATOR)
    assert read_body(newest(ina)) == Moderated("bob", 0, "", Role.MODERATOR)


def test_an_account_that_does_not_exist_is_told(world: World) -> None:
    mia = world.member("mia", role=Role.MODERATOR)
    assert refusal(mia.moderate(KICK, "nobody-here")).code == ErrorCode.NO_SUCH_ACCOUNT


def test_a_member_does_not_learn_who_exists(world: World) -> None:
    ana = world.member("ana")
    assert refusal(ana.moderate(KICK, "nobody-here")).code == ErrorCode.NOT_ALLOWED


def test_one_moderates_only_from_rooms_one_is_in(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    opened = bob.ask(Join(5, "den", create=True, kind=1))[0]
    assert isinstance(opened, Opened)
    for room in (opened.info.room, NOBODY):
        assert refusal(mia.ask(Moderate(6, room, BAN, "bob"))).code == ErrorCode.NOT_A_MEMBER


def test_an_act_of_a_later_protocol_is_not_known(world: World) -> None:
    mia = world.member("mia", role=Role.MODERATOR)
    world.member("bob")
    answer = mia.ask(Moderate(6, world.lobby(mia), 77, "bob"))
    assert refusal(answer).code == ErrorCode.UNKNOWN_REQUEST


@pytest.mark.parametrize("reason", ["two\nlines", " blank", "esc\x1b[2J", "r\u202eeverse", "two  spaces"])
def test_a_reason_is_one_clean_line(world: World, reason: str) -> None:
    mia = world.member("mia", role=Role.MODERATOR)
    world.member("bob")
    assert refusal(mia.moderate(MUTE, "bob", reason=reason)).code == ErrorCode.BAD_TEXT


def test_a_time_beyond_all_calendars_is_the_end_of_time(world: World) -> None:
    mia = world.member("mia", role=Role.MODERATOR)
    world.member("bob")
    world.now_ms = 253_402_300_799_000
    assert is_done(list(mia.moderate(MUTE, "bob", 2**32 - 1)))


# -- kicks -------------------------------------------------------------------------------------------------


def test_who_is_kicked_is_out_of_the_room_and_told_why(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    second = world.member("bob", key=bob.key)
    lobby = world.lobby(bob)
    seen = len(bob.entries(lobby))
    assert is_done(list(mia.moderate(KICK, "bob", reason="spam")))
    say(mia, "now we are alone")
    for guest in (bob, second):
        assert guest.got(RoomGone) == [RoomGone(lobby, "kicked by mia: spam")]
    assert bob.entries(lobby)[-1].kind == EntryKind.KICKED
    assert len(bob.entries(lobby)) == seen + 1
    for request in (
        Post(9, lobby, bytes(16), "hi"),
        History(10, lobby),
        Follow(11, [Cursor(lobby, 0)]),
        ListMembers(12, lobby),
        SetTopic(13, lobby, "mine"),
        Leave(14, lobby),
    ):
        assert refusal(bob.ask(request)).code == ErrorCode.NOT_A_MEMBER
    assert list(members(mia)) == ["mia"]


def test_a_kick_without_a_time_lets_one_come_back_at_once(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    mia.moderate(KICK, "bob")
    assert read_body(newest(mia)) == Moderated("bob")
    assert isinstance(bob.ask(Join(9, "lobby"))[0], Opened)
    assert sorted(members(mia)) == ["bob", "mia"]


def test_a_kick_with_a_time_keeps_out_until_then(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    mia.moderate(KICK, "bob", 60)
    gone = bob.last(RoomGone)
    assert isinstance(gone, RoomGone)
    assert "until" in gone.text
    other = world.guest(bob.key)
    other.login("bob")
    for guest in (bob, other):
        refused = refusal(guest.ask(Join(9, "lobby")))
        assert refused.code == ErrorCode.NOT_ALLOWED
        assert "UTC" in refused.text
    world.settle(61)
    assert isinstance(bob.ask(Join(10, "lobby"))[0], Opened)


def test_a_kick_with_a_time_holds_after_a_restart(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    mia.moderate(KICK, "bob", 600)
    again = World(world.log)
    back = again.guest(bob.key)
    back.login("bob")
    assert refusal(back.ask(Join(9, "lobby"))).code == ErrorCode.NOT_ALLOWED


def test_an_invitation_does_not_shorten_a_kick(world: World) -> None:
    mia, bob, eve = world.member("mia", role=Role.MODERATOR), world.member("bob"), world.member("eve")
    mia.moderate(KICK, "bob", 60)
    assert is_done(list(eve.ask(Invite(9, world.lobby(eve), "bob"))))
    assert refusal(bob.ask(Join(9, "lobby"))).code == ErrorCode.NOT_ALLOWED


def test_a_kick_out_of_a_private_room_takes_a_new_invitation(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    opened = mia.ask(Join(5, "den", create=True, kind=1))[0]
    assert isinstance(opened, Opened)
    den = opened.info.room
    mia.ask(Invite(6, den, "bob"))
    bob.ask(Join(7, "den"))
    assert is_done(list(mia.ask(Moderate(8, den, KICK, "bob"))))
    assert refusal(bob.ask(Join(9, "den"))).code == ErrorCode.NO_SUCH_ROOM
    mia.ask(Invite(10, den, "bob"))
    assert isinstance(bob.ask(Join(11, "den"))[0], Opened)


def test_nobody_is_kicked_twice_or_out_of_a_direct_room(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    direct = mia.ask(OpenDirect(5, "bob"))[0]
    assert isinstance(direct, Opened)
    assert refusal(mia.ask(Moderate(6, direct.info.room, KICK, "bob"))).code == ErrorCode.NOT_ALLOWED
    mia.say(Moderate(7, world.lobby(mia), KICK, "bob"))
    mia.say(Moderate(8, world.lobby(mia), KICK, "bob"))
    world.settle()
    assert refusal(mia.got(Refused)[-1:]).id == 8
    assert len(bob.got(RoomGone)) == 1


def test_a_kick_with_a_time_keeps_out_who_comes_writes_and_leaves_in_one_breath(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    lobby = world.lobby(bob)
    bob.ask(Leave(next(bob.ids), lobby))
    before = len(bob.received)
    assert isinstance(mia.moderate(ModerationAct.KICK, "bob")[-1], Refused), "there is nobody to take out"
    mia.moderate(ModerationAct.KICK, "bob", 600)
    assert mia.entries(lobby)[-1].kind == EntryKind.KICKED
    assert bob.received[before:] == []
    assert isinstance(bob.ask(Join(next(bob.ids), "lobby"))[-1], Refused)


def test_who_is_kicked_keeps_the_other_rooms(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    opened = bob.ask(Join(5, "den", create=True))[0]
    assert isinstance(opened, Opened)
    mia.moderate(KICK, "bob")
    assert not bob.got(Closing)
    bob.follow(opened.info.room, 2)
    bob.post(opened.info.room, "still here", bytes(16))
    assert bob.texts(opened.info.room) == ["still here"]


# -- mutes -------------------------------------------------------------------------------------------------


def test_who_is_muted_reads_and_does_not_write(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    world.member("eve")
    lobby = world.lobby(bob)
    mia.moderate(MUTE, "bob", 3600, "calm down")
    for request in (
        Post(9, lobby, bytes(16), "hi"),
        SetTopic(10, lobby, "mine"),
        Invite(11, lobby, "eve"),
        Join(12, "den", create=True),
        OpenDirect(13, "eve"),
    ):
        refused = refusal(bob.ask(request))
        assert refused.code == ErrorCode.NOT_ALLOWED
        assert "muted until 2023-11-14 23:1" in refused.text
        assert refused.retry_ms == 0
    say(mia, "can you hear me?")
    assert bob.texts(lobby)[-1] == "can you hear me?"
    assert members(mia)["bob"].role == Role.MUTED


def test_what_exists_may_be_opened_while_muted(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    bob.ask(OpenDirect(5, "mia"))
    mia.ask(Join(6, "den", create=True))
    mia.moderate(MUTE, "bob")
    assert isinstance(bob.ask(OpenDirect(7, "mia"))[0], Opened)
    assert isinstance(bob.ask(Join(8, "den"))[0], Opened)


def test_a_mute_ends_by_itself(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    mia.moderate(MUTE, "bob", 30)
    assert refusal(say(bob, "now?"))
    entries = len(mia.entries(world.lobby(mia)))
    world.settle(30)
    say(bob, "and now?")
    assert mia.texts(world.lobby(mia))[-1] == "and now?"
    assert members(mia)["bob"].role == Role.MEMBER
    assert len(mia.entries(world.lobby(mia))) == entries + 1


def test_a_mute_without_a_time_lasts_until_it_is_taken_back(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    mia.moderate(MUTE, "bob")
    world.settle(10**7)
    refused = refusal(say(bob, "after a third of a year"))
    assert refused.text == "you are muted"
    mia.moderate(UNMUTE, "bob")
    say(bob, "thank you")
    assert mia.texts(world.lobby(mia))[-1] == "thank you"


def test_a_new_mute_replaces_the_one_before(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    mia.moderate(MUTE, "bob")
    mia.moderate(MUTE, "bob", 5)
    world.settle(6)
    say(bob, "short")
    assert mia.texts(world.lobby(mia))[-1] == "short"


@pytest.mark.parametrize("way", ["reconnect", "device", "restart"])
def test_a_mute_is_not_evaded_by_coming_back(world: World, way: str) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    mia.moderate(MUTE, "bob", 3600)
    place = World(world.log) if way == "restart" else world
    if way == "reconnect":
        bob.hang_up()
    back = place.guest(bob.key)
    welcome = back.login("bob")[0]
    assert isinstance(welcome, Welcome)
    assert welcome.role == Role.MUTED
    assert refusal(say(back, "hi")).code == ErrorCode.NOT_ALLOWED


def test_a_muted_moderator_moderates_nothing(world: World) -> None:
    ina, mia = world.member("ina", role=Role.OWNER), world.member("mia", role=Role.MODERATOR)
    world.member("bob")
    ina.moderate(MUTE, "mia")
    assert "muted" in refusal(mia.moderate(KICK, "bob")).text
    assert "muted" in refusal(mia.moderate(UNMUTE, "mia")).text


def test_a_mute_makes_nobody_prey_of_lower_roles(world: World) -> None:
    ina, mia = world.member("ina", role=Role.OWNER), world.member("mia", role=Role.MODERATOR)
    max_ = world.member("max", role=Role.MODERATOR)
    ina.moderate(MUTE, "mia")
    assert refusal(max_.moderate(BAN, "mia")).code == ErrorCode.NOT_ALLOWED
    assert refusal(max_.moderate(UNMUTE, "mia")).code == ErrorCode.NOT_ALLOWED
    assert not mia.got(Closing)


# -- roles -------------------------------------------------------------------------------------------------


def test_a_role_that_was_given_is_in_force_at_once_and_after_a_restart(world: World) -> None:
    ina, bob = world.member("ina", role=Role.OWNER), world.member("bob")
    world.member("eve")
    assert refusal(bob.moderate(MUTE, "eve")).code == ErrorCode.NOT_ALLOWED
    ina.moderate(SET_ROLE, "bob", role=Role.MODERATOR)
    assert is_done(list(bob.moderate(MUTE, "eve")))
    assert members(ina)["bob"].role == Role.MODERATOR
    welcome = World(world.log).guest(bob.key).login("bob")[0]
    assert isinstance(welcome, Welcome)
    assert welcome.role == Role.MODERATOR
    ina.moderate(SET_ROLE, "bob", role=Role.MEMBER)
    assert refusal(bob.moderate(UNMUTE, "eve")).code == ErrorCode.NOT_ALLOWED


@pytest.mark.parametrize("role", [Role.MUTED, 4, 65_535])
def test_only_roles_that_exist_are_given(world: World, role: int) -> None:
    ina = world.member("ina", role=Role.OWNER)
    world.member("bob")
    assert refusal(ina.moderate(SET_ROLE, "bob", role=role)).code == ErrorCode.BAD_RANGE


def test_a_role_somebody_has_is_not_given_again(world: World) -> None:
    ina = world.member("ina", role=Role.OWNER)
    world.member("bob")
    assert refusal(ina.moderate(SET_ROLE, "bob", role=Role.MEMBER)).code == ErrorCode.NOT_ALLOWED


def test_an_owner_is_out_of_reach_of_another(world: World) -> None:
    ina, bob = world.member("ina", role=Role.OWNER), world.member("bob")
    ina.moderate(SET_ROLE, "bob", role=Role.OWNER)
    for one, other in ((ina, "bob"), (bob, "ina")):
        for role in (Role.MODERATOR, Role.MEMBER):
            assert refusal(one.moderate(SET_ROLE, other, role=role)).code == ErrorCode.NOT_ALLOWED
        for act in (BAN, KICK, MUTE):
            assert refusal(one.moderate(act, other)).code == ErrorCode.NOT_ALLOWED


def test_who_becomes_an_owner_is_not_muted_any_more(world: World) -> None:
    ina, bob = world.member("ina", role=Role.OWNER), world.member("bob")
    ina.moderate(MUTE, "bob")
    ina.moderate(SET_ROLE, "bob", role=Role.OWNER)
    say(bob, "my voice is back")
    assert ina.texts(world.lobby(ina)) == ["my voice is back"]


def test_a_banned_account_does_not_become_an_owner(world: World) -> None:
    ina = world.member("ina", role=Role.OWNER)
    world.member("bob")
    ina.moderate(BAN, "bob")
    assert refusal(ina.moderate(SET_ROLE, "bob", role=Role.OWNER)).code == ErrorCode.NOT_ALLOWED
    assert is_done(list(ina.moderate(SET_ROLE, "bob", role=Role.MODERATOR)))


# -- two requests in one pass ------------------------------------------------------------------------------


def test_who_is_made_an_owner_in_the_same_pass_is_not_banned(world: World) -> None:
    ina, mia = world.member("ina", role=Role.OWNER), world.member("mia", role=Role.MODERATOR)
    bob = world.member("bob")
    lobby = world.lobby(ina)
    ina.say(Moderate(8, lobby, SET_ROLE, "bob", role=Role.OWNER))
    mia.say(Moderate(9, lobby, BAN, "bob"))
    world.settle()
    assert refusal(mia.got(Refused)).code == ErrorCode.NOT_ALLOWED
    assert not bob.got(Closing)
    assert world.hub.state.by_handle["bob"].ban is None


def test_who_is_banned_first_bans_nobody_later_in_the_pass(world: World) -> None:
    ina, mia = world.member("ina", role=Role.OWNER), world.member("mia", role=Role.MODERATOR)
    bob = world.member("bob")
    lobby = world.lobby(ina)
    ina.say(Moderate(8, lobby, BAN, "mia"))
    mia.say(Moderate(9, lobby, BAN, "bob"))
    world.settle()
    assert mia.closing().code == ErrorCode.BANNED
    assert not bob.got(Closing)


def test_a_room_told_of_at_login_is_gone_when_one_was_kicked_in_the_same_pass(world: World) -> None:
    mia, bob = world.member("mia", role=Role.MODERATOR), world.member("bob")
    second = world.guest(bob.key)
    mia.say(Moderate(8, world.lobby(mia), KICK, "bob"))
    second.say(second.login_packet("bob"))
    world.settle()
    assert [type(packet) for packet in second.received[1:]].count(RoomState) == 1
    assert second.got(RoomGone)


def test_a_post_costs_one_look_at_an_attribute(world: World) -> None:
    """Nothing but `muted_until` is asked of an account that was never muted."""
    mia = world.member("mia", role=Role.MODERATOR)
    account = world.hub.state.by_handle["mia"]
    assert account.muted_until == 0
    world.hub._context.allows = None  # type: ignore[assignment,method-assign]
    say(mia, "no more was asked")
    assert read_body(newest(mia)) == Posted("no more was asked")
