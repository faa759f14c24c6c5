"""How many connections one account may have."""

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import CreateLink, LinkCode, SetPresence, Welcome
from support.hub_world import Guest, World


def again(world: World, first: Guest, session: bytes | None = None) -> Guest:
    guest = world.guest(first.key)
    guest.session = session or guest.session
    guest.login("ana")
    return guest


def test_one_connection_more_than_the_limit_is_refused_in_one_line() -> None:
    world = World(connections_per_account=3)
    ana = world.member("ana")
    others = [again(world, ana) for _ in range(3)]
    assert [bool(guest.got(Welcome)) for guest in others] == [True, True, False]
    closing = others[2].closing()
    assert closing.code == ErrorCode.TOO_MANY
    assert closing.text == "the account has 3 connections already; close one first"
    assert closing.retry_ms > 0
    ana.ask(SetPresence(5, 1))
    assert len(world.hub.state.by_handle["ana"].peers) == 3


def test_where_one_ends_another_gets_in() -> None:
    world = World(connections_per_account=2)
    ana = world.member("ana")
    again(world, ana)
    ana.hang_up()
    assert again(world, ana).got(Welcome)


def test_a_client_that_comes_back_takes_its_own_place() -> None:
    world = World(connections_per_account=2)
    ana = world.member("ana")
    again(world, ana)
    assert again(world, ana, session=ana.session).got(Welcome)
    assert ana.closing().code == ErrorCode.SUPERSEDED


def test_the_connections_of_others_do_not_count() -> None:
    world = World(connections_per_account=1)
    assert world.member("ana").got(Welcome)
    assert world.member("bob").got(Welcome)


def test_a_device_that_is_linked_while_there_are_too_many_belongs_to_the_account_all_the_same() -> None:
    world = World(connections_per_account=1)
    ana = world.member("ana")
    link = ana.ask(CreateLink(5))[-1]
    assert isinstance(link, LinkCode)
    phone = world.guest()
    phone.login("", invite=link.code)
    assert phone.closing().code == ErrorCode.TOO_MANY
    ana.hang_up()
    assert again(world, phone).got(Welcome)
