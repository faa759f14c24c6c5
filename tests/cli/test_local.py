"""A server and a client on one machine with nothing set up."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.cli import local
from chatroom.cli.local import LocalServer
from chatroom.net import address
from chatroom.protocol.names import handle_fault
from support.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a server is ended by SIGTERM")

ENSURE = "import sys; from chatroom.cli.local import *; print(LocalServer(Path(sys.argv[1])).ensure())"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    server = LocalServer(tmp_path)
    yield server
    server.stop()


def start_ensuring(server: LocalServer) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", ENSURE, str(server.directory)], stdout=subprocess.PIPE, text=True
    )


def ensured(process: "subprocess.Popen[str]") -> str:
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    return out.strip()


def test_of_three_who_come_at_once_one_starts_a_server_and_all_join_it(server: LocalServer) -> None:
    joins = [ensured(process) for process in [start_ensuring(server) for _ in range(3)]]
    assert len(set(joins)) == 1
    assert address.parse(joins[0]).host == "127.0.0.1"
    assert server.join_string() == joins[0]
    assert server.log.read_text().count("Traceback") == 0


def test_the_server_outlives_who_started_it_and_ends_when_told(server: LocalServer) -> None:
    join = ensured(start_ensuring(server))
    assert server.join_string() == join
    assert server.stop() is True
    assert server.join_string() is None
    assert server.stop() is False


def test_a_killed_server_is_not_taken_for_a_running_one(server: LocalServer) -> None:
    first = ensured(start_ensuring(server))
    os.kill(int(server.pid_file.read_text()), signal.SIGKILL)
    wait_until(lambda: not server.is_running(), "it runs on")
    assert server.join_string() is None
    assert address.parse(ensured(start_ensuring(server))).pin == address.parse(first).pin


def test_what_others_listen_with_is_not_our_server(server: LocalServer, tmp_path: Path) -> None:
    other = LocalServer(tmp_path / "other")
    other.directory.mkdir()
    join = ensured(start_ensuring(other))
    try:
        server.announced.write_text(f"join {join}\n")
        assert server.join_string() is None  # it answers, but nobody holds our data directory
    finally:
        other.stop()


def test_a_server_that_cannot_start_says_why(server: LocalServer) -> None:
    (server.directory / "server.toml").write_text("[limits]\npost_brust = 1\n")
    said = subprocess.run(
        [sys.executable, "-m", "chatroom.cli.local", "--directory", str(server.directory), "--handle", "bob"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert said.returncode == 1
    assert said.stderr.count("\n") == 1
    assert "server.toml:2: [limits] post_brust: unknown key; did you mean post_burst?" in said.stderr


@pytest.mark.parametrize(
    ("login", "handle"),
    [
        ("ann", "ann"),
        ("Ann.Lee", "annlee"),
        ("DOMAIN\\ann", "domainann"),
        ("root", "root-1"),
        ("1", "newcomer"),
        ("Ünal", "nal"),
        ("", "newcomer"),
        ("x" * 64, "x" * 20),
    ],
)
def test_a_login_name_becomes_a_handle_that_can_be_claimed(
    monkeypatch: pytest.MonkeyPatch, login: str, handle: str
) -> None:
    monkeypatch.setattr(local.getpass, "getuser", lambda: login)
    assert local.own_handle() == handle
    assert handle_fault(handle) is None


def test_a_handle_that_cannot_be_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert local.main(["--directory", str(tmp_path / "chat"), "--handle", "9 lives"]) == 2
    assert "'9 lives' cannot be a handle: " in capsys.readouterr().err
    assert not (tmp_path / "chat").exists()
    assert local.main(["--directory", str(tmp_path / "chat"), "--stop"]) == 0
    assert capsys.readouterr().out == "no server runs here\n"
