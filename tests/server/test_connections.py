"""Who may come in when places are scarce, and who gives way."""

import gc
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chatroom.net.keys import load_or_create_server_key
from chatroom.net.tls import server_context
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.protocol.packets import Hello, Ping, Pong
from chatroom.server.connection import Connection
from chatroom.server.settings import ServiceSettings
from support.patience import PATIENCE_S, wait_until
from support.raw_client import Ended, RawClient, raw_client
from support.service_thread import ServiceThread, running_service

CLASS = "192.0.2.7"
"""One address with a whole class behind it."""


class Crowd:
    """Clients that come from where they are told to, to one service."""

    def __init__(self, host: ServiceThread, stack: ExitStack) -> None:
        self.host = host
        self.stack = stack

    def comes(self, address: str) -> RawClient:
        """Connect from there; whether it was let in shows when it speaks."""
        self.host.comes_from = address
        client = self.stack.enter_context(raw_client(self.host.port))
        self.host.call(lambda: None)
        return client

    def stranger(self, address: str) -> RawClient:
        """Connect from there and say nothing."""
        client = self.comes(address)
        client.wait_for(Hello)
        return client

    def member(self, handle: str, address: str) -> RawClient:
        """Connect from there and log in."""
        client = self.comes(address)
        client.enter(handle)
        return client


def crowd(total: int, per_address: int) -> Iterator[Crowd]:
    settings = ServiceSettings(connections_total=total, connections_per_address=per_address)
    with running_service(settings=settings) as host, ExitStack() as stack:
        yield Crowd(host, stack)


@pytest.fixture
def narrow() -> Iterator[Crowd]:
    """Three places for an address."""
    yield from crowd(100, 3)


@pytest.fixture
def small() -> Iterator[Crowd]:
    """Three places in all."""
    yield from crowd(3, 100)


def is_turned_away(client: RawClient) -> bool:
    try:
        client.wait_for(Hello)
    except Ended:
        return True
    return False


def is_there(client: RawClient) -> bool:
    client.send(Ping(1))
    try:
        client.wait_for(Pong)
    except (Ended, OSError):
        return False
    return True


def test_an_address_full_of_members_takes_no_more(narrow: Crowd) -> None:
    members = [narrow.member(handle, CLASS) for handle in ("ana", "bob", "cleo")]
    assert is_turned_away(narrow.comes(CLASS))
    assert all(is_there(member) for member in members)
    assert is_there(narrow.stranger("192.0.2.8")), "another address has places of its own"


def test_a_place_is_free_again_when_somebody_goes(narrow: Crowd) -> None:
    members = [narrow.member(handle, CLASS) for handle in ("ana", "bob", "cleo")]
    members[1].close()
    narrow.host.call(lambda: None)
    narrow.member("dan", CLASS)


def test_the_stranger_who_has_waited_longest_gives_way_to_a_newcomer_of_its_address(narrow: Crowd) -> None:
    elsewhere = narrow.stranger("192.0.2.8")
    ana = narrow.member("ana", CLASS)
    first, second = narrow.stranger(CLASS), narrow.stranger(CLASS)
    bob = narrow.member("bob", CLASS)
    assert not is_there(first)
    assert all(is_there(client) for client in (elsewhere, ana, second, bob))


def test_silent_connections_keep_no_class_out(narrow: Crowd) -> None:
    for _ in range(3):
        narrow.stranger(CLASS)
    for handle in ("ana", "bob", "cleo"):
        narrow.member(handle, CLASS)
    assert is_turned_away(narrow.comes(CLASS))


def test_the_addresses_of_one_ipv6_network_share_their_places(narrow: Crowd) -> None:
    for number, handle in enumerate(("ana", "bob", "cleo")):
        narrow.member(handle, f"2001:db8:0:1::{number + 1}")
    assert is_turned_away(narrow.comes("2001:db8:0:1:ffff::9"))
    narrow.member("dan", "2001:db8:0:2::1")


def test_loopback_has_as_many_places_as_there_are(narrow: Crowd) -> None:
    for handle in ("ana", "bob", "cleo", "dan"):
        narrow.member(handle, "127.0.0.1")


def test_a_full_server_takes_no_more(small: Crowd) -> None:
    members = [small.member(handle, f"192.0.2.{len(handle)}") for handle in ("ana", "bobo", "cleop")]
    assert is_turned_away(small.comes("192.0.2.99"))
    assert is_turned_away(small.comes("127.0.0.1"))
    assert all(is_there(member) for member in members)


def test_a_full_server_lets_a_newcomer_in_for_the_stranger_who_has_waited_longest(small: Crowd) -> None:
    ana = small.member("ana", "192.0.2.1")
    first, second = small.stranger("192.0.2.2"), small.stranger("192.0.2.3")
    bob = small.member("bob", "192.0.2.4")
    assert not is_there(first)
    assert all(is_there(client) for client in (ana, second, bob))


def test_who_is_still_at_its_handshake_gives_way_too(tmp_path: Path) -> None:
    key = load_or_create_server_key(tmp_path, ["localhost"])
    tls = server_context(key.cert_path, key.key_path)
    settings = ServiceSettings(connections_per_address=2)
    with running_service(settings=settings, tls=tls, key_hash=key.spki_hash) as host:
        host.comes_from = CLASS
        silent = [socket.create_connection(("127.0.0.1", host.port), timeout=PATIENCE_S) for _ in range(2)]
        with raw_client(host.port, tls=True) as ana:
            ana.enter("ana")
            assert silent[0].recv(1) == b""
        for client in silent:
            client.close()


@pytest.mark.parametrize("how", ["stranger", "handshake", "member"])
def test_what_a_connection_held_is_free_when_it_is_gone(tmp_path: Path, how: str) -> None:
    key = load_or_create_server_key(tmp_path, ["localhost"])
    tls = server_context(key.cert_path, key.key_path) if how == "handshake" else None
    with running_service(tls=tls, key_hash=key.spki_hash if tls else PLAIN_SERVER_KEY) as host:
        gc.collect()
        gc.disable()
        try:
            for number in range(5):
                with raw_client(host.port) as client:
                    if how == "handshake":
                        client.socket.sendall(b"\x16\x03\x01\x00\xc8\x01")  # the beginning of a ClientHello
                    elif how == "stranger":
                        client.wait_for(Hello)
                    else:
                        client.enter(f"ana{number}")
            wait_until(lambda: len(host.accepted) == 5, "not all are accepted")
            wait_until(lambda: not held(host), "a connection that is gone is still in memory")
        finally:
            gc.enable()


def held(host: ServiceThread) -> list[Connection]:
    """The connections that are still somewhere in memory, when the service has nothing left to do."""
    host.call(lambda: None)
    return [thing for thing in gc.get_objects() if isinstance(thing, Connection)]
