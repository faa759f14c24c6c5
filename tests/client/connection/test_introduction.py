from pathlib import Path

import pytest

from chatroom.client.connection.introduction import Unreachable, pin_shown_by
from chatroom.net.address import JoinAddress
from chatroom.net.keys import load_or_create_server_key
from support.tiny_host import tiny_host_in_thread
from support.tiny_server import TinyServer


def test_a_server_is_asked_for_its_pin_and_told_nothing(tmp_path: Path) -> None:
    key = load_or_create_server_key(tmp_path, ["localhost"])
    server = TinyServer()
    with tiny_host_in_thread(server, key) as host:
        assert pin_shown_by(JoinAddress("127.0.0.1", host.port)) == key.pin
        assert all(not connection.requests for connection in server.connections)


def test_a_server_without_tls_has_no_pin() -> None:
    with (
        tiny_host_in_thread(TinyServer()) as host,
        pytest.raises(Unreachable, match="TLS"),
    ):
        pin_shown_by(JoinAddress("127.0.0.1", host.port))


def test_a_server_that_is_not_there_is_said() -> None:
    with tiny_host_in_thread(TinyServer()) as host:
        address = JoinAddress("127.0.0.1", host.port)
    with pytest.raises(Unreachable, match="refused"):
        pin_shown_by(address)
