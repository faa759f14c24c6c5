import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.client.connection.trust import KnownServers
from chatroom.client.headless.headless import Exit, Headless, Target, World
from chatroom.client.headless.linking import Linker
from chatroom.client.headless.tailing import NoOutbox
from chatroom.net.address import JoinAddress
from support.patience import PATIENCE_S
from support.tiny_host import TinyHost, in_host, tiny_host_in_thread
from support.tiny_server import FakeSigner, TinyServer


@pytest.fixture
def server() -> TinyServer:
    server = TinyServer()
    server.linked = "alice"
    return server


@pytest.fixture
def host(server: TinyServer) -> Iterator[TinyHost]:
    with tiny_host_in_thread(server) as host:
        yield host


class Device:
    """A device that is nobody's yet."""

    def __init__(self, port: int, tmp_path: Path) -> None:
        self.join = JoinAddress("127.0.0.1", port, tls=False)
        self.known = KnownServers(tmp_path / "known_servers.toml")
        self.errors = io.StringIO()

    def link(self, code: str, timeout_s: float = PATIENCE_S) -> tuple[Exit, str]:
        target = Target(self.join, "", "", timeout_s, invite=code)
        world = World(FakeSigner("phone"), self.known, self.errors, lambda question: False, "phone")
        headless = Headless(target, world, NoOutbox())
        linker = Linker(headless)
        return headless.run(linker), linker.handle


def test_a_device_is_told_whose_it_is(server: TinyServer, host: TinyHost, tmp_path: Path) -> None:
    device = Device(host.port, tmp_path)
    assert device.link(server.link_code) == (Exit.DONE, "alice")
    assert device.errors.getvalue() == ""


def test_a_wrong_code_is_refused_at_once(host: TinyHost, tmp_path: Path) -> None:
    device = Device(host.port, tmp_path)
    assert device.link("0" * 20) == (Exit.REFUSED, "")
    said = "chatroom: the server does not let this device in: this code is not known here\n"
    assert device.errors.getvalue() == said


def test_a_server_that_is_not_there_is_unreachable(host: TinyHost, tmp_path: Path) -> None:
    port = host.port
    in_host(host, host.kill)
    device = Device(port, tmp_path)
    assert device.link("0" * 20, timeout_s=0.2) == (Exit.UNREACHABLE, "")
    assert "gave up after 0.2 s" in device.errors.getvalue()
