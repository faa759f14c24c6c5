"""Laying a role of one's own down: who may, and that an owner is always left."""

from collections.abc import Callable, Sequence

import pytest

from chatroom.protocol.entries import EntryKind, Moderated, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Claim, Done, Moderate, ModerationAct, Packet, Refused, Role
from chatroom.server.hub.records import CodeKind
from chatroom.server.store.refusals import LAST_OWNER
from support.hub_world import Guest, World

SET_ROLE = ModerationAct.SET_ROLE


def role_of(world: World, handle: str) -> Role:
    return world.hub.state.by_handle[handle].role


def refusal(packets: Sequence[Packet]) -> Refused:
    (found,) = [packet for packet in packets if isinstance(packet, Refused)]
    return found


def step_down(guest: Guest, handle: str, role: Role) -> Sequence[Packet]:
    return guest.moderate(SET_ROLE, handle, role=role)


@pytest.mark.parametrize(
    ("role", "lower"),
    [
        (Role.OWNER, Role.MODERATOR),
        (Role.OWNER, Role.MEMBER),
        (Role.MODERATOR, Role.MEMBER),
    ],
)
def test_a_role_is_laid_down_for_a_lower_one(
    disk_world: Callable[[], World], role: Role, lower: Role
) -> None:
    world = disk_world()
    ina, mia = world.member("ina", role=Role.OWNER), world.member("mia", role=role)
    assert any(isinstance(packet, Done) for packet in step_down(mia, "mia", lower))
    entry = ina.entries(world.lobby(ina))[-1]
    assert (entry.author, entry.kind) == ("mia", EntryKind.ROLE_SET)
    assert read_body(entry) == Moderated("mia", 0, "", lower)
    assert role_of(world, "mia") is role_of(disk_world(), "mia") is lower


def test_the_last_owner_cannot_lose_the_role(world: World) -> None:
    ina, bob = world.member("ina", role=Role.OWNER), world.member("bob", role=Role.MODERATOR)
    for role in (Role.MODERATOR, Role.MEMBER):
        assert refusal(step_down(ina, "ina", role)).text == LAST_OWNER.text
    ina.moderate(SET_ROLE, "bob", role=Role.OWNER)
    step_down(ina, "ina", Role.MEMBER)
    assert refusal(step_down(bob, "bob", Role.MEMBER)).text == LAST_OWNER.text
    assert (role_of(world, "ina"), role_of(world, "bob")) == (Role.MEMBER, Role.OWNER)


def test_two_owners_who_step_down_at_once_leave_one(world: World) -> None:
    owners = [world.member(handle, role=Role.OWNER) for handle in ("ina", "bob")]
    for owner, handle in zip(owners, ("ina", "bob"), strict=True):
        owner.say(Moderate(50, world.lobby(owner), SET_ROLE, handle, 0, "", Role.MODERATOR))
    world.settle()
    assert refusal(owners[1].received).text == LAST_OWNER.text
    assert (role_of(world, "ina"), role_of(world, "bob")) == (Role.MODERATOR, Role.OWNER)


def test_who_stepped_down_gives_no_roles_any_more_in_the_same_pass(world: World) -> None:
    world.member("ina", role=Role.OWNER)
    bob = world.member("bob", role=Role.OWNER)
    world.member("eve")
    bob.say(Moderate(50, world.lobby(bob), SET_ROLE, "bob", 0, "", Role.MODERATOR))
    bob.say(Moderate(51, world.lobby(bob), SET_ROLE, "eve", 0, "", Role.OWNER))
    world.settle()
    assert refusal(bob.received).id == 51
    assert role_of(world, "eve") is Role.MEMBER


def test_nobody_gives_itself_a_higher_role_or_one_that_does_not_exist(world: World) -> None:
    world.member("ina", role=Role.OWNER)
    for handle, role in (("bob", Role.MEMBER), ("mia", Role.MODERATOR)):
        guest = world.member(handle, role=role)
        for given in (Role.MUTED, role, Role.OWNER, 9):
            assert refusal(guest.moderate(SET_ROLE, handle, role=given)).code == ErrorCode.NOT_ALLOWED
        assert role_of(world, handle) is role


def test_who_is_muted_lays_nothing_down(world: World) -> None:
    ina, mia = world.member("ina", role=Role.OWNER), world.member("mia", role=Role.MODERATOR)
    ina.moderate(ModerationAct.MUTE, "mia")
    assert "muted" in refusal(step_down(mia, "mia", Role.MEMBER)).text


def test_an_owner_who_stepped_down_comes_back_with_a_code_only(world: World) -> None:
    world.member("ina", role=Role.OWNER)
    bob = world.member("bob", role=Role.OWNER)
    step_down(bob, "bob", Role.MEMBER)
    assert refusal(step_down(bob, "bob", Role.OWNER)).code == ErrorCode.NOT_ALLOWED
    bob.ask(Claim(60, world.code(Role.OWNER, CodeKind.OWNER)))
    assert role_of(world, "bob") is Role.OWNER
