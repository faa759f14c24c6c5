"""New accounts: for whom, with which role, at what cost."""

import pytest

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import CreateLink, LinkCode, Role, Welcome
from chatroom.server.hub.records import CodeKind
from chatroom.server.store.memory import MemoryLog
from support.hub_world import ELSEWHERE, Guest, World


def came_in(world: World, handle: str, **fields: object) -> Welcome | None:
    """Log in with a new key; the welcome, or None where there was none."""
    guest = world.guest()
    guest.login(handle, **fields)
    welcome = guest.got(Welcome)
    assert len(welcome) <= 1
    return welcome[0] if welcome else None  # type: ignore[return-value]


def turned_away(world: World, handle: str, **fields: object) -> ErrorCode:
    guest = world.guest()
    guest.login(handle, **fields)
    assert not guest.got(Welcome)
    return ErrorCode(guest.closing().code)


@pytest.fixture
def closed_door() -> World:
    """A server that wants invite codes."""
    return World(admission="invite")


# -- codes -------------------------------------------------------------------------------------------------


def test_without_a_code_nobody_new_comes_in(closed_door: World) -> None:
    assert turned_away(closed_door, "bob") is ErrorCode.NOT_ADMITTED
    assert closed_door.hub.state.accounts == {}


def test_a_code_lets_one_new_account_in(closed_door: World) -> None:
    code = closed_door.code()
    welcome = came_in(closed_door, "bob", invite=code)
    assert welcome is not None
    assert (welcome.handle, welcome.role, welcome.is_new) == ("bob", Role.MEMBER, True)
    assert turned_away(closed_door, "eve", invite=code) is ErrorCode.NOT_ADMITTED
    assert list(closed_door.hub.state.by_handle) == ["bob"]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MODERATOR, Role.OWNER])
@pytest.mark.parametrize("admission", ["invite", "open"])
def test_a_code_gives_its_role(role: Role, admission: str) -> None:
    world = World(admission=admission)
    welcome = came_in(world, "bob", invite=world.code(role))
    assert welcome is not None
    assert welcome.role == role
    assert World(world.log).hub.state.by_handle["bob"].role is role


def test_a_code_is_accepted_as_people_type_it(closed_door: World) -> None:
    code = closed_door.code()
    assert came_in(closed_door, "bob", invite=f" {code.upper().replace('-', ' ')} ") is not None


def test_who_has_an_account_needs_no_code_and_uses_none_up(closed_door: World) -> None:
    bob = closed_door.guest()
    bob.login("bob", invite=closed_door.code())
    spare = closed_door.code()
    for invite in ("", spare, "nonsense"):
        back = closed_door.guest(bob.key)
        back.login("bob", invite=invite)
        assert back.got(Welcome)
    assert came_in(closed_door, "eve", invite=spare) is not None


@pytest.mark.parametrize("typed", ["nonsense", "00000-00000-00000-00000", "u" * 20, "-", "é" * 20])
@pytest.mark.parametrize("admission", ["invite", "open"])
def test_a_wrong_code_lets_nobody_in_even_where_none_is_needed(typed: str, admission: str) -> None:
    world = World(admission=admission)
    assert turned_away(world, "bob", invite=typed) is ErrorCode.NOT_ADMITTED
    assert world.hub.state.accounts == {}


def test_a_code_of_another_kind_is_no_invite(closed_door: World) -> None:
    ana = closed_door.guest()
    ana.login("ana", invite=closed_door.code())
    link = ana.ask(CreateLink(5))[-1]
    assert isinstance(link, LinkCode)
    for code in (closed_door.code(kind=CodeKind.OWNER), link.code):
        assert turned_away(closed_door, "bob", invite=code) is ErrorCode.NOT_ADMITTED


def test_two_who_show_one_code_at_the_same_time_do_not_both_get_in(closed_door: World) -> None:
    code = closed_door.code()
    guests = [closed_door.guest() for _ in range(3)]
    for guest, handle in zip(guests, ("bob", "eve", "zoe"), strict=True):
        guest.say(guest.login_packet(handle, invite=code))
    closed_door.settle()
    assert [bool(guest.got(Welcome)) for guest in guests] == [True, False, False]
    assert [guest.closing().code for guest in guests[1:]] == [ErrorCode.NOT_ADMITTED] * 2
    assert list(closed_door.hub.state.by_handle) == ["bob"]


def test_one_who_comes_twice_at_the_same_time_uses_one_code_up(closed_door: World) -> None:
    code = closed_door.code()
    first = closed_door.guest()
    second = closed_door.guest(first.key)
    for guest in (first, second):
        guest.say(guest.login_packet("bob", invite=code))
    closed_door.settle()
    assert first.got(Welcome)
    assert second.got(Welcome)


def test_a_code_is_not_lost_when_the_account_is_refused(closed_door: World) -> None:
    code = closed_door.code()
    came_in(closed_door, "alice", invite=closed_door.code())
    assert turned_away(closed_door, "a1ice", invite=code) is ErrorCode.BAD_HANDLE
    assert turned_away(closed_door, "root", invite=code) is ErrorCode.BAD_HANDLE
    first, second = closed_door.guest(), closed_door.guest()
    first.say(first.login_packet("bob", invite=closed_door.code()))
    second.say(second.login_packet("b0b", invite=code))  # found out only when both are decided
    closed_door.settle()
    assert second.closing().code == ErrorCode.BAD_HANDLE
    assert came_in(closed_door, "eve", invite=code) is not None


def test_a_code_is_not_lost_when_the_disk_is_full(closed_door: World) -> None:
    assert isinstance(closed_door.log, MemoryLog)
    code = closed_door.code()
    guest = closed_door.guest()
    guest.say(guest.login_packet("bob", invite=code))
    closed_door.log.fault = "the disk is full"
    closed_door.settle()
    assert guest.closing().code == ErrorCode.STORAGE
    assert turned_away(closed_door, "bob", invite=code) is ErrorCode.STORAGE
    closed_door.log.fault = ""
    assert came_in(closed_door, "bob", invite=code) is not None


def test_a_closed_server_takes_no_codes() -> None:
    world = World(admission="closed")
    code = world.code()
    assert turned_away(world, "bob", invite=code) is ErrorCode.NOT_ADMITTED
    opened = World(world.log)
    assert came_in(opened, "bob", invite=code) is not None


def test_a_code_does_not_stand_in_for_the_password() -> None:
    world = World(password="open sesame", admission="invite")
    code = world.code()
    assert turned_away(world, "bob", invite=code) is ErrorCode.NOT_ADMITTED
    assert turned_away(world, "bob", invite=code, password="wrong") is ErrorCode.NOT_ADMITTED
    assert turned_away(world, "bob", password="open sesame") is ErrorCode.NOT_ADMITTED
    assert came_in(world, "bob", invite=code, password="open sesame") is not None


@pytest.mark.parametrize("password", ["open sesam", "Open sesame", "open sesame\0", "\0", "é" * 200])
def test_no_other_password_is_the_password(password: str) -> None:
    world = World(password="open sesame")
    assert turned_away(world, "bob", password=password) is ErrorCode.NOT_ADMITTED


# -- what a stranger learns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{"admission": "closed"}, {"admission": "invite"}, {"password": "open sesame"}],
    ids=["closed", "invite", "password"],
)
@pytest.mark.parametrize("fields", [{}, {"invite": "00000-00000-00000-00000"}, {"password": "sesame"}])
def test_who_would_not_be_let_in_does_not_learn_which_handles_are_taken(
    settings: dict[str, str], fields: dict[str, str]
) -> None:
    opened = World()
    opened.member("alice")
    world = World(opened.log, **settings)
    answers = set()
    for handle in ("alice", "a1ice", "zoe"):  # taken, like one that is taken, free
        guest = world.guest()
        guest.login(handle, **fields)
        closing = guest.closing()
        answers.add((closing.code, closing.text.replace(handle, "…"), closing.retry_ms))
    assert len(answers) == 1
    assert answers.pop()[0] == ErrorCode.NOT_ADMITTED


def test_who_would_be_let_in_is_told_that_the_handle_is_taken(closed_door: World) -> None:
    assert came_in(closed_door, "alice", invite=closed_door.code()) is not None
    code = closed_door.code()
    assert turned_away(closed_door, "alice", invite=code) is ErrorCode.HANDLE_TAKEN
    assert turned_away(closed_door, "a1ice", invite=code) is ErrorCode.BAD_HANDLE
    assert came_in(closed_door, "eve", invite=code) is not None, "the code is still good"


def test_who_comes_with_a_key_that_is_not_the_right_one_is_told_so_where_nobody_is_admitted() -> None:
    world = World(World().log, admission="closed")
    guest = world.guest()
    guest.login("alice")
    assert "does not belong to an account alice" in guest.closing().text


# -- keys --------------------------------------------------------------------------------------------------


def test_a_key_with_an_account_gets_no_other_handle() -> None:
    world = World()
    ana = world.member("ana")
    world.member("bob")
    for handle in ("anna", "bob"):
        guest = world.guest(ana.key)
        guest.login(handle)
        closing = guest.closing()
        assert closing.code == ErrorCode.HANDLE_TAKEN
        assert "another handle" in closing.text
        assert "ana" not in closing.text.replace(handle, "").replace("an account", "")
    assert sorted(world.hub.state.by_handle) == ["ana", "bob"]


def test_a_key_that_claims_two_handles_in_one_pass_gets_the_first() -> None:
    world = World()
    first = world.guest()
    second = world.guest(first.key)
    first.say(first.login_packet("ana"))
    second.say(second.login_packet("bob"))
    world.settle()
    assert first.got(Welcome)
    assert second.closing().code == ErrorCode.HANDLE_TAKEN
    assert list(world.hub.state.by_handle) == ["ana"]


def test_what_a_client_calls_itself_is_kept_clean() -> None:
    world = World()
    came_in(world, "ana", program="ev\x1b[2Jil\n\u202eprogram " + "x" * 40)
    (device,) = world.log.devices(1)
    assert device.name == "ev[2Jil program " + "x" * 40


def test_an_empty_handle_without_a_code_is_no_handle() -> None:
    world = World()
    assert turned_away(world, "") is ErrorCode.BAD_HANDLE


def test_codes_made_by_the_operator_do_not_expire(closed_door: World) -> None:
    code = closed_door.code()
    closed_door.now_ms = TIME_MAX - 10_000_000
    assert came_in(closed_door, "bob", invite=code) is not None


def test_a_guest_from_elsewhere_is_a_newcomer_like_any_other(closed_door: World) -> None:
    guest: Guest = closed_door.guest(address=ELSEWHERE)
    guest.login("bob", invite=closed_door.code())
    assert guest.got(Welcome)


def test_a_lecture_hall_gets_in_at_once_and_a_crowd_of_made_up_accounts_does_not() -> None:
    world = World()
    began = world.now
    came = 0
    while True:
        guest = world.guest(address="10.1.2.3:9")
        guest.login(f"student-{came}")
        if not guest.got(Welcome):
            break
        came += 1
    assert 300 <= came <= 301 + (world.now - began) / 5
    closing = guest.closing()
    assert closing.code == ErrorCode.TOO_MANY
    assert closing.retry_ms > 0
    elsewhere = world.guest(address="10.9.9.9:9")
    elsewhere.login("somebody-else")
    assert elsewhere.got(Welcome)
    assert len(world.hub.state.accounts) == came + 1
