"""Where a connection comes from."""

import pytest

from chatroom.server.hub.origins import is_loopback, origin_of


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("192.0.2.7:4567", "192.0.2.7"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:1", "::1"),
        ("[2001:db8:1:2:3:4:5:6]:1", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:ffff::1]:2", "2001:db8:1:2::/64"),
        ("[2001:db8:1:3::1]:2", "2001:db8:1:3::/64"),
        ("[::ffff:192.0.2.7]:1", "192.0.2.7"),
        ("[fe80::1]:1", "fe80::1"),
        ("[fe80::1%eth0]:1", "fe80::1%eth0"),
        ("local", "local"),
        ("gone", "gone"),
    ],
)
def test_an_origin_is_an_address_or_the_first_half_of_one(address: str, origin: str) -> None:
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("127.0.0.1:1", True),
        ("127.9.9.9:1", True),
        ("[::1]:1", True),
        ("192.0.2.7:1", False),
        ("gone", False),
    ],
)
def test_the_servers_own_machine_is_told_apart(address: str, is_here: bool) -> None:
    assert is_loopback(origin_of(address)) is is_here
