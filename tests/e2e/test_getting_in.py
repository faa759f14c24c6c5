"""Invites, the password and links with the real programs: who gets in, and with which exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatroom.client.connection.identity import device_name
from chatroom.client.headless.headless import Exit
from chatroom.protocol.packets import CreateLink, DeviceList, LinkCode, ListDevices
from support.patience import PATIENCE_S
from support.raw_client import raw_client
from support.server_process import ServerProcess, running_server

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the server is killed by SIGKILL")


def run(program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", f"chatroom.cli.{program}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def client(name: str, place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    places = ["--data-dir", str(place), "--config", str(place / "client.toml")]
    return run("client", name, *places, *arguments)


def send(place: Path, server: ServerProcess, handle: str, *more: str) -> "subprocess.CompletedProcess[str]":
    return client("send", place, "--to", server.join, "--handle", handle, *more, "lobby", "hello")


def test_an_invite_code_lets_one_account_in_which_then_needs_no_code(tmp_path: Path) -> None:
    with running_server(tmp_path, {"access": {"registration": "invite"}}) as server:
        made = run("server", "invite", "-c", str(server.config), "--data-dir", str(server.data_dir))
        code = made.stdout.strip()
        ana, bob = tmp_path / "ana", tmp_path / "bob"
        refused = send(ana, server, "ana")
        assert refused.returncode == Exit.REFUSED
        assert "needs an invite code" in refused.stderr
        assert send(ana, server, "ana", "--invite", code.upper().replace("-", " ")).returncode == Exit.DONE
        assert send(ana, server, "ana").returncode == Exit.DONE
        used = send(bob, server, "bob", "--invite", code)
        assert used.returncode == Exit.REFUSED
        assert "used already" in used.stderr
        assert code not in server.log()


def test_the_password_is_asked_of_new_accounts_and_read_from_a_file(tmp_path: Path) -> None:
    right, wrong, empty = tmp_path / "right", tmp_path / "wrong", tmp_path / "empty"
    right.write_text("open sesame\nanother line\n")
    wrong.write_text("sesame\n")
    empty.write_text("\n")
    with running_server(tmp_path, {"access": {"password": "open sesame"}}) as server:
        ana = tmp_path / "ana"
        for given, code in (
            ([], Exit.REFUSED),
            (["--password-file", str(wrong)], Exit.REFUSED),
            (["--password-file", str(empty)], Exit.USAGE),
            (["--password-file", str(tmp_path / "none")], Exit.FAILED),
            (["--password-file", str(right)], Exit.DONE),
            ([], Exit.DONE),
        ):
            done = send(ana, server, "ana", *given)
            assert done.returncode == code, done.stderr
            assert "sesame" not in done.stderr


def test_a_link_code_makes_another_device_of_the_account(tmp_path: Path) -> None:
    phone = tmp_path / "phone"
    with running_server(tmp_path, tls=True) as server, raw_client(server.port, tls=True) as ana:
        ana.enter("ana")
        ana.send(CreateLink(50))
        link = ana.wait_for(LinkCode)
        assert isinstance(link, LinkCode)
        stranger = client("link", phone, server.join.partition("#")[0], link.code)
        assert stranger.returncode == Exit.NOT_TRUSTED
        linked = client("link", phone, server.join, link.code)
        assert (linked.returncode, linked.stderr) == (Exit.DONE, "")
        assert "ana's" in linked.stdout
        sent = client("send", phone, "lobby", "from the phone")
        assert sent.returncode == Exit.DONE, sent.stderr
        assert ana.wait_for_text("from the phone").author == "ana"
        again = client("link", tmp_path / "tablet", server.join, link.code)
        assert again.returncode == Exit.REFUSED
        assert "used already" in again.stderr


@pytest.mark.parametrize(
    ("settings", "name"),
    [('[client]\ndevice_name = "the phone"\n', "the phone"), ("", device_name(""))],
    ids=["settings", "machine"],
)
def test_a_device_is_listed_by_the_name_it_was_given_or_that_of_the_machine(
    tmp_path: Path, settings: str, name: str
) -> None:
    phone = tmp_path / "phone"
    phone.mkdir()
    (phone / "client.toml").write_text(settings)
    with running_server(tmp_path) as server, raw_client(server.port) as ana:
        ana.enter("ana")
        ana.send(CreateLink(50))
        link = ana.wait_for(LinkCode)
        assert isinstance(link, LinkCode)
        assert client("link", phone, server.join, link.code).returncode == Exit.DONE
        ana.send(ListDevices(51))
        listed = ana.wait_for(DeviceList)
        assert isinstance(listed, DeviceList)
        assert [device.name for device in listed.devices] == ["", name]
