from chatroom.client.session.events import MembersChanged, MyRoleChanged, PutOut
from chatroom.protocol.entries import EntryKind, Moderated
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role
from support.session_world import Desk
from support.tiny_server import TinyServer


def online(role: Role = Role.MEMBER) -> tuple[TinyServer, Desk]:
    server = TinyServer("lobby", "dev")
    server.roles["alice"] = role
    server.room("lobby").members.append("bob")
    desk = Desk(server).online()
    desk.session.ask.load_members(1)
    desk.settle().forget_events()
    return server, desk


def moderate(server: TinyServer, kind: EntryKind, handle: str = "alice", **fields: object) -> None:
    server.add(server.room("lobby"), "bob", Moderated(handle, **fields), kind=kind)  # type: ignore[arg-type]


def roles(desk: Desk) -> dict[str, Role]:
    return {member.handle: member.role for member in desk.session.roster.members(1)}


def test_the_role_is_what_the_server_said_at_login_which_is_no_change() -> None:
    _, desk = online(Role.MODERATOR)
    assert desk.session.my_role is Role.MODERATOR
    assert not desk.session.is_muted
    assert desk.got(MyRoleChanged) == []


def test_a_role_given_is_told_and_shown() -> None:
    server, desk = online()
    moderate(server, EntryKind.ROLE_SET, role=Role.MODERATOR)
    moderate(server, EntryKind.ROLE_SET, "bob", role=Role.OWNER)
    desk.settle()
    assert desk.session.my_role is Role.MODERATOR
    assert desk.got(MyRoleChanged) == [MyRoleChanged(Role.MODERATOR, 0)]
    assert MembersChanged(0) in desk.events
    assert roles(desk) == {"alice": Role.MODERATOR, "bob": Role.OWNER}


def test_a_mute_with_a_time_ends_by_itself_by_the_clock_of_the_server() -> None:
    server, desk = online()
    until = server.now + 60_000
    moderate(server, EntryKind.MUTED, until=until)
    desk.settle()
    assert (desk.session.my_role, desk.session.muted_until) == (Role.MEMBER, until)
    assert roles(desk)["alice"] is Role.MUTED
    assert desk.session.next_tick() <= desk.now + 60.1
    desk.forget_events()
    desk.wait(19.0).wait(19.0).wait(19.0)
    assert desk.session.is_muted
    desk.wait(3.1)
    assert not desk.session.is_muted
    assert desk.got(MyRoleChanged) == [MyRoleChanged(Role.MEMBER, 0)]
    assert roles(desk)["alice"] is Role.MEMBER


def test_a_mute_for_ever_ends_when_it_is_taken_back() -> None:
    server, desk = online(Role.MODERATOR)
    moderate(server, EntryKind.MUTED)
    desk.settle()
    assert desk.session.muted_until == TIME_MAX
    moderate(server, EntryKind.UNMUTED)
    desk.settle()
    assert not desk.session.is_muted
    assert desk.session.my_role is Role.MODERATOR
    assert [event.muted_until for event in desk.got(MyRoleChanged)] == [TIME_MAX, 0]


def test_who_becomes_an_owner_is_not_muted_any_more() -> None:
    server, desk = online()
    moderate(server, EntryKind.MUTED)
    moderate(server, EntryKind.ROLE_SET, role=Role.OWNER)
    desk.settle()
    assert (desk.session.my_role, desk.session.muted_until) == (Role.OWNER, 0)


def test_what_the_log_says_of_the_time_before_the_login_changes_no_role() -> None:
    server = TinyServer()
    moderate(server, EntryKind.ROLE_SET, role=Role.OWNER)
    moderate(server, EntryKind.MUTED)
    server.now += 1
    desk = Desk(server).online()
    assert len(desk.session.timeline(1).items) > 2
    assert (desk.session.my_role, desk.session.is_muted) == (Role.MEMBER, False)


def test_who_comes_back_under_a_mute_learns_its_end_from_the_log() -> None:
    server = TinyServer()
    until = server.now + 60_000
    moderate(server, EntryKind.MUTED, until=server.now)
    moderate(server, EntryKind.MUTED, until=until)
    server.now += 1_000
    server.roles["alice"] = Role.MUTED
    desk = Desk(server).online()
    assert desk.session.muted_until == until


def test_a_mute_that_ended_while_we_were_gone_is_over() -> None:
    server, desk = online()
    moderate(server, EntryKind.MUTED, "bob", until=server.now + 1_000)
    desk.settle().drop()
    server.now += 5_000
    desk.online()
    assert roles(desk)["bob"] is Role.MEMBER


def test_who_is_kicked_goes_from_the_list_and_a_ban_leaves_it_as_it_is() -> None:
    server, desk = online()
    count = desk.session.rooms[1].member_count
    moderate(server, EntryKind.BANNED, "bob")
    desk.settle()
    assert "bob" in roles(desk)
    server.kick(server.room("lobby"), "eve", "bob")
    desk.settle()
    assert "bob" not in roles(desk)
    assert desk.session.rooms[1].member_count == count - 1


def test_who_is_kicked_is_told_by_whom_and_the_room_is_gone() -> None:
    server, desk = online()
    server.kick(server.room("lobby"), "bob", "alice")
    desk.settle()
    assert desk.got(PutOut) == [PutOut("#lobby", "kicked by bob")]
    assert desk.session.rooms == {}
