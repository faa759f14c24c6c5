"""Moderation, codes and devices between real sessions and the real hub, and what becomes of posts then."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.client.session.events import (
    Devices,
    LinkMade,
    LoginRefused,
    MyRoleChanged,
    PostRefused,
    PostStored,
    PutOut,
    RequestDone,
    RequestRefused,
)
from chatroom.protocol.codes import hash_code
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import ModerationAct, Role
from chatroom.server.hub.ports import AddCode, Committed
from chatroom.server.hub.records import CodeKind
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.hub_server import HubServer
from support.session_world import Desk

OWNER_CODE = "0000000000000000000a"
OTHER = b"o" * 16


@pytest.fixture(params=["memory", "sqlite"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HubServer]:
    memory = MemoryLog()
    server = HubServer(lambda: memory if request.param == "memory" else SqliteLog(tmp_path / "chatroom.db"))
    server.log.submit([AddCode(hash_code(OWNER_CODE), CodeKind.OWNER, Role.OWNER, 0, TIME_MAX)], server.now)
    assert server.log.outcomes() == [Committed(0, ())]
    yield server
    server.log.close()


def owner_and_member(server: HubServer) -> tuple[Desk, Desk]:
    """Alice, who owns the server, and bob; both have the member list of the lobby."""
    alice, bob = Desk(server, "alice").online(), Desk(server, "bob").online()
    alice.session.ask.claim(OWNER_CODE)
    for desk in (alice, bob, alice):
        desk.session.ask.load_members(1)
        desk.settle()
    assert alice.session.my_role is Role.OWNER
    assert alice.got(RequestDone) == [RequestDone("claim")]
    alice.forget_events()
    bob.forget_events()
    return alice, bob


def roles(desk: Desk) -> dict[str, Role]:
    return {member.handle: member.role for member in desk.session.roster.members(1)}


def test_an_owner_code_is_good_once(server: HubServer) -> None:
    _, bob = owner_and_member(server)
    assert roles(bob) == {"alice": Role.OWNER, "bob": Role.MEMBER}
    bob.session.ask.claim(OWNER_CODE)
    bob.settle()
    assert [(event.request, event.code) for event in bob.got(RequestRefused)] == [
        ("claim", ErrorCode.NOT_ADMITTED)
    ]


def test_a_role_is_given_and_seen_at_once_and_after_a_restart(server: HubServer) -> None:
    alice, bob = owner_and_member(server)
    alice.session.ask.moderate(1, ModerationAct.SET_ROLE, "bob", role=Role.MODERATOR)
    alice.settle()
    bob.settle()
    assert bob.session.my_role is Role.MODERATOR
    assert bob.got(MyRoleChanged) == [MyRoleChanged(Role.MODERATOR, 0)]
    assert roles(alice)["bob"] is Role.MODERATOR
    server.restart()
    bob.drop()
    bob.start()
    bob.online()
    assert bob.session.my_role is Role.MODERATOR


def test_a_muted_member_knows_until_when_and_gets_the_text_back(server: HubServer) -> None:
    alice, bob = owner_and_member(server)
    alice.session.ask.moderate(1, ModerationAct.MUTE, "bob", seconds=3_600, reason="noise")
    alice.settle()
    bob.settle()
    assert bob.session.is_muted
    assert 3_590_000 < bob.session.muted_until - server.now <= 3_600_000
    assert roles(alice)["bob"] is Role.MUTED
    bob.post("but why")
    bob.settle()
    assert [event.text for event in bob.got(PostRefused)] == ["but why"]
    until = bob.session.muted_until
    bob.drop()
    bob.start()
    bob.online()
    assert bob.session.muted_until == until
    alice.session.ask.moderate(1, ModerationAct.UNMUTE, "bob")
    alice.settle()
    bob.settle()
    assert not bob.session.is_muted
    bob.post("thanks")
    bob.settle()
    alice.settle()
    assert alice.texts() == ["thanks"]


def test_a_kick_takes_the_room_and_no_message_that_was_stored(server: HubServer) -> None:
    alice, bob = owner_and_member(server)
    bob.post("last words")
    data = bob.session.data_to_send()
    assert bob.connection is not None
    bob.connection.think(data)  # type: ignore[attr-defined]
    alice.session.ask.moderate(1, ModerationAct.KICK, "bob", reason="spam")
    alice.settle()
    bob.settle()
    assert len(bob.got(PostStored)) == 1
    assert bob.got(PostRefused) == []
    assert bob.session.rooms == {}
    (put_out,) = bob.got(PutOut)
    assert put_out.title == "#lobby"
    assert put_out.text.startswith("kicked by alice")
    assert "spam" in put_out.text
    assert "bob" not in roles(alice)
    assert alice.session.rooms[1].member_count == 1


@pytest.mark.parametrize("how", ["left", "kicked"])
def test_the_server_says_what_was_stored_before_the_room_was_lost(server: HubServer, how: str) -> None:
    alice, bob = owner_and_member(server)
    alice.session.ask.join("lab", create=True)
    alice.settle()
    bob.session.ask.join("lab", create=False)
    bob.settle()
    lab = bob.number("#lab")
    bob.post("stored", "#lab")
    bob.up()
    bob.drop()
    bob.post("not stored", "#lab")
    if how == "kicked":
        alice.session.ask.moderate(lab, ModerationAct.KICK, "bob")
    else:
        other = Desk(server, "bob", session_id=OTHER).online()
        other.session.ask.leave(lab)
        other.settle()
    alice.settle()
    bob.online()
    assert alice.texts("#lab") == ["stored"]
    assert [event.room for event in bob.got(PostStored)] == [lab]
    assert [event.text for event in bob.got(PostRefused)] == ["not stored"]
    assert bob.session.waiting_count == 0


def test_what_is_posted_and_left_in_one_pass_is_acknowledged(server: HubServer) -> None:
    alice, bob = owner_and_member(server)
    bob.post("bye")
    bob.session.ask.leave(1)
    bob.settle()
    alice.settle()
    assert alice.texts() == ["bye"]
    assert len(bob.got(PostStored)) == 1
    assert bob.session.rooms == {}


def test_a_ban_is_for_good_until_it_is_taken_back(server: HubServer) -> None:
    alice, bob = owner_and_member(server)
    alice.session.ask.moderate(1, ModerationAct.BAN, "bob", seconds=60, reason="spam")
    alice.settle()
    bob.settle()
    assert bob.session.is_final
    assert [event.code for event in bob.got(LoginRefused)] == [ErrorCode.BANNED]
    assert alice.session.rooms[1].member_count == 2
    bob.start()
    bob.online()
    assert bob.session.is_final
    alice.session.ask.moderate(1, ModerationAct.UNBAN, "bob")
    alice.settle()
    bob.start()
    bob.online()
    assert not bob.session.is_final


def test_another_device_comes_by_a_link_and_is_taken_away(server: HubServer) -> None:
    alice, _ = owner_and_member(server)
    alice.session.ask.create_link()
    alice.settle()
    (link,) = alice.got(LinkMade)
    mine, phone = server.signer("alice"), server.signer("the phone of alice")
    device = Desk(server, "", session_id=OTHER, invite=link.code)
    server.keys["alice"] = server.keys[""] = phone
    device.start()
    device.online()
    assert device.session.is_final
    on_phone = Desk(server, "alice", session_id=OTHER).online()
    on_phone.post("from the phone")
    on_phone.settle()
    alice.session.ask.list_devices()
    alice.settle()
    (listed,) = alice.got(Devices)
    assert [(one.public_key, one.is_this) for one in listed.devices] == [
        (mine.public_key, True),
        (phone.public_key, False),
    ]
    alice.session.ask.revoke_device(phone.public_key)
    alice.settle()
    on_phone.settle()
    assert RequestDone("revoke") in alice.events
    assert [event.code for event in on_phone.got(LoginRefused)] == [ErrorCode.NOT_ADMITTED]
