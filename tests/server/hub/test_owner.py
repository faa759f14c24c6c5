"""The first owner: a code that the operator is shown, and who may claim the role with it."""

import pytest

from chatroom.protocol.entries import EntryKind, Moderated, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Claim,
    Closing,
    CreateLink,
    Done,
    LinkCode,
    Moderate,
    ModerationAct,
    Refused,
    Role,
)
from chatroom.server.hub.records import CodeKind
from chatroom.server.store.memory import MemoryLog
from support.hub_world import Guest, World


def refusal(guest: Guest, code: str) -> Refused:
    answer = guest.ask(Claim(next(guest.ids), code))[-1]
    assert isinstance(answer, Refused)
    return answer


def test_a_new_server_makes_one_code_until_it_is_used(world: World) -> None:
    code = world.hub.make_owner_code(world.now_ms)
    assert len(code) == 23
    again = World(world.log)
    assert again.hub.make_owner_code(again.now_ms) == ""
    ana = again.member("ana")
    assert ana.ask(Claim(5, code))[0] == Done(5)
    assert World(world.log).hub.make_owner_code(0) == ""


def test_a_server_with_an_owner_makes_none(world: World) -> None:
    world.member("ana", role=Role.OWNER)
    assert World(world.log).hub.make_owner_code(0) == ""


def test_no_code_is_shown_that_could_not_be_stored(world: World) -> None:
    assert isinstance(world.log, MemoryLog)
    world.log.fault = "the disk is full"
    assert world.hub.make_owner_code(0) == ""
    world.log.fault = ""
    assert world.hub.make_owner_code(0) != ""


def test_who_claims_is_an_owner_and_everybody_sees_it(world: World) -> None:
    code = world.hub.make_owner_code(world.now_ms)
    ana, bob = world.member("ana"), world.member("bob")
    ana.ask(Claim(5, code))
    entry = bob.entries(world.lobby(bob))[-1]
    assert (entry.author, entry.kind) == ("ana", EntryKind.ROLE_SET)
    assert read_body(entry) == Moderated("ana", 0, "", Role.OWNER)
    assert world.hub.state.by_handle["ana"].role is Role.OWNER
    assert World(world.log).hub.state.by_handle["ana"].role is Role.OWNER


def test_a_code_is_claimed_once(world: World) -> None:
    code = world.hub.make_owner_code(world.now_ms)
    ana, bob = world.member("ana"), world.member("bob")
    ana.say(Claim(5, code))
    bob.say(Claim(6, code))
    world.settle()
    assert ana.got(Done)
    assert refusal(bob, code).code == ErrorCode.NOT_ADMITTED
    assert [type(packet) for packet in bob.received].count(Refused) == 2
    roles = {account.handle: account.role for account in world.hub.state.accounts.values()}
    assert roles == {"ana": Role.OWNER, "bob": Role.MEMBER}


def test_an_owner_does_not_use_a_code_up(world: World) -> None:
    code = world.hub.make_owner_code(world.now_ms)
    ana, bob = world.member("ana", role=Role.OWNER), world.member("bob")
    assert refusal(ana, code).code == ErrorCode.NOT_ALLOWED
    assert bob.ask(Claim(5, code))[0] == Done(5)


@pytest.mark.parametrize("kind", [CodeKind.INVITE, CodeKind.LINK])
def test_no_other_code_makes_an_owner(world: World, kind: CodeKind) -> None:
    ana = world.member("ana")
    if kind is CodeKind.INVITE:
        code = world.code(Role.OWNER)
    else:
        link = ana.ask(CreateLink(4))[-1]
        assert isinstance(link, LinkCode)
        code = link.code
    assert refusal(ana, code).code == ErrorCode.NOT_ADMITTED
    assert world.hub.state.by_handle["ana"].role is Role.MEMBER


def test_who_guesses_has_to_wait_and_stays_connected(world: World) -> None:
    code = world.hub.make_owner_code(world.now_ms)
    ana = world.member("ana")
    for _ in range(5):
        assert refusal(ana, "00000-00000-00000-00000").code == ErrorCode.NOT_ADMITTED
    refused = refusal(ana, code)
    assert refused.code == ErrorCode.TOO_MANY
    assert 0 < refused.retry_ms <= 10_000
    assert not ana.got(Closing)
    world.settle(10)
    assert ana.ask(Claim(5, code))[0] == Done(5)


def test_no_moderator_keeps_the_operator_from_the_role_by_a_mute(world: World) -> None:
    code = world.hub.make_owner_code(world.now_ms)
    mia, ana = world.member("mia", role=Role.MODERATOR), world.member("ana")
    mia.moderate(ModerationAct.MUTE, "ana")
    assert ana.ask(Claim(5, code))[0] == Done(5)
    assert not world.hub.state.by_handle["ana"].is_muted(world.now_ms)


def test_who_is_banned_in_the_same_pass_does_not_use_the_code_up(world: World) -> None:
    code = world.hub.make_owner_code(world.now_ms)
    mia, ana, bob = world.member("mia", role=Role.MODERATOR), world.member("ana"), world.member("bob")
    mia.say(Moderate(5, world.lobby(mia), ModerationAct.BAN, "ana"))
    ana.say(Claim(6, code))
    world.settle()
    assert ana.closing().code == ErrorCode.BANNED
    assert world.hub.state.by_handle["ana"].role is Role.MEMBER
    assert bob.ask(Claim(7, code))[0] == Done(7)


def test_a_claim_is_logged_in_a_room_of_the_account_where_none_is_listed() -> None:
    world = World(rooms=())
    code = world.hub.make_owner_code(world.now_ms)
    ana = world.guest()
    ana.login("ana")
    assert refusal(ana, code).code == ErrorCode.NOT_ALLOWED
