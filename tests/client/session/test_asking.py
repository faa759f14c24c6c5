from collections.abc import Callable

import pytest

from chatroom.client.session.asking import Asking
from chatroom.client.session.events import (
    Devices,
    KnownDevice,
    LinkMade,
    RequestDone,
    RequestRefused,
)
from chatroom.client.session.timeline import Line
from chatroom.protocol.entries import EntryKind, Moderated
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import ACT_REASON_CHARS, COUNT_MAX
from chatroom.protocol.packets import Claim, Moderate, ModerationAct, Request, RevokeDevice, Role
from support.session_world import Desk
from support.tiny_server import TinyServer

KEY = bytes(range(32))
CODE = "0000000000000000000a"


def online(role: Role = Role.OWNER) -> tuple[TinyServer, Desk]:
    server = TinyServer("lobby")
    server.roles["alice"] = role
    server.room("lobby").members.append("bob")
    return server, Desk(server).online()


def asked(desk: Desk, kind: type[Request]) -> list[Request]:
    assert desk.connection is not None
    return desk.connection.asked(kind)  # type: ignore[attr-defined, no-any-return]


ACTS = {
    ModerationAct.KICK: ("kick", EntryKind.KICKED),
    ModerationAct.BAN: ("ban", EntryKind.BANNED),
    ModerationAct.UNBAN: ("unban", EntryKind.UNBANNED),
    ModerationAct.MUTE: ("mute", EntryKind.MUTED),
    ModerationAct.UNMUTE: ("unmute", EntryKind.UNMUTED),
    ModerationAct.SET_ROLE: ("role", EntryKind.ROLE_SET),
}


@pytest.mark.parametrize("act", list(ModerationAct))
def test_every_act_of_moderation_is_asked_for_logged_and_told(act: ModerationAct) -> None:
    _, desk = online()
    name, kind = ACTS[act]
    desk.session.ask.moderate(1, act, "Bob", seconds=60, reason=" no\x1b spam ", role=Role.MODERATOR)
    desk.settle()
    (request,) = asked(desk, Moderate)
    assert isinstance(request, Moderate)
    assert request == Moderate(request.id, 1, act, "bob", 60, "no spam", Role.MODERATOR)
    assert desk.got(RequestDone) == [RequestDone(name)]
    item = desk.session.timeline(1).items[-1]
    assert isinstance(item, Line)
    assert item.kind == kind
    assert isinstance(item.body, Moderated)
    assert (item.body.handle, item.body.reason) == ("bob", "no spam")


def test_a_refused_act_is_told_by_its_name() -> None:
    _, desk = online(Role.MEMBER)
    desk.session.ask.moderate(1, ModerationAct.BAN, "bob")
    desk.settle()
    assert desk.got(RequestRefused) == [RequestRefused("ban", ErrorCode.NOT_ALLOWED, "members may not")]
    assert desk.got(RequestDone) == []


@pytest.mark.parametrize(
    ("verb", "name", "code"),
    [
        (lambda s: s.moderate(1, ModerationAct.KICK, "b\x1bob"), "kick", ErrorCode.BAD_HANDLE),
        (
            lambda s: s.moderate(1, ModerationAct.MUTE, "bob", reason="x" * (ACT_REASON_CHARS + 1)),
            "mute",
            ErrorCode.BAD_TEXT,
        ),
        (
            lambda s: s.moderate(1, ModerationAct.BAN, "bob", seconds=COUNT_MAX + 1),
            "ban",
            ErrorCode.BAD_RANGE,
        ),
        (lambda s: s.moderate(1, ModerationAct.MUTE, "bob", seconds=-1), "mute", ErrorCode.BAD_RANGE),
        (lambda s: s.claim("abcde"), "claim", ErrorCode.NOT_ADMITTED),
    ],
)
def test_what_cannot_be_is_refused_without_the_server(
    verb: Callable[[Asking], None], name: str, code: ErrorCode
) -> None:
    _, desk = online()
    verb(desk.session.ask)
    desk.settle()
    assert [(event.request, event.code) for event in desk.got(RequestRefused)] == [(name, code)]
    assert asked(desk, Moderate) + asked(desk, Claim) == []


@pytest.mark.parametrize(
    ("verb", "name"),
    [
        (lambda s: s.moderate(1, ModerationAct.SET_ROLE, "bob", role=Role.OWNER), "role"),
        (lambda s: s.claim(CODE), "claim"),
        (lambda s: s.create_link(), "link"),
        (lambda s: s.list_devices(), "devices"),
        (lambda s: s.revoke_device(KEY), "revoke"),
        (lambda s: s.list_rooms(), "list"),
        (lambda s: s.join("dev", create=True), "join"),
    ],
)
def test_without_a_connection_every_request_is_refused_at_once(
    verb: Callable[[Asking], None], name: str
) -> None:
    desk = Desk(TinyServer())
    verb(desk.session.ask)
    assert desk.session.take_events() == [RequestRefused(name, ErrorCode.SHUTDOWN, "not connected")]


def test_an_owner_code_is_read_as_people_type_it() -> None:
    _, desk = online(Role.MEMBER)
    desk.session.ask.claim(" OOOOO-ooooo-00000-0000A ")
    desk.settle()
    assert [request.code for request in asked(desk, Claim)] == [CODE]  # type: ignore[attr-defined]
    assert desk.got(RequestDone) == [RequestDone("claim")]
    assert desk.session.my_role is Role.OWNER


def test_a_key_is_taken_away() -> None:
    _, desk = online()
    desk.session.ask.revoke_device(KEY)
    desk.settle()
    assert [request.public_key for request in asked(desk, RevokeDevice)] == [KEY]  # type: ignore[attr-defined]
    assert desk.got(RequestDone) == [RequestDone("revoke")]


def test_an_answer_that_a_lost_connection_took_away_is_told() -> None:
    _, desk = online()
    desk.session.ask.moderate(1, ModerationAct.KICK, "bob")
    desk.drop()
    desk.settle()
    assert [(event.request, event.code) for event in desk.got(RequestRefused)] == [
        ("kick", ErrorCode.SHUTDOWN)
    ]


def test_a_link_code_and_the_devices_come_as_events() -> None:
    server, desk = online()
    desk.session.ask.create_link()
    desk.session.ask.list_devices()
    desk.settle()
    assert desk.got(LinkMade) == [LinkMade("00000-00000-00000-00001", 600)]
    mine = KnownDevice(server.signer("alice").public_key, "chatroom", 5, True)
    assert desk.got(Devices) == [Devices((mine, KnownDevice(bytes(32), "old[2J", 6, False)))]
