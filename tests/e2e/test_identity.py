"""Codes, roles, bans and devices with real programs: what is printed, what lasts, what keeps out."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.protocol.codes import normalise_code
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Claim,
    Closing,
    CreateLink,
    Done,
    LinkCode,
    Moderate,
    ModerationAct,
    Refused,
    RevokeDevice,
    Role,
    RoomGone,
    Welcome,
)
from support.patience import PATIENCE_S
from support.raw_client import RawClient, raw_client
from support.server_process import ServerProcess, running_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as server:
        yield server


def run_server(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chatroom.cli.server", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def invite(server: ServerProcess, *arguments: str) -> list[str]:
    """Let the operator make codes beside the running server."""
    result = run_server("invite", "-c", str(server.config), "--data-dir", str(server.data_dir), *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()


def welcome(client: RawClient) -> Welcome:
    found = [packet for packet in client.received if isinstance(packet, Welcome)]
    assert len(found) == 1
    return found[0]


# -- the owner ---------------------------------------------------------------------------------------------


def test_the_first_start_prints_a_code_for_the_owner_once(server: ServerProcess) -> None:
    code = server.owner_code()
    assert code == "-".join(normalise_code(code)[start : start + 5] for start in range(0, 20, 5))
    with raw_client(server.port) as ana:
        ana.enter("ana")
    for _ in range(2):
        assert server.stop() == 0
        server.start()
    assert server.stop() == 0
    assert [line.split()[0] for line in server.output] == ["listening", "data", "join"]
    server.start()
    with raw_client(server.port, ana.key) as ana:
        ana.enter("ana")
        ana.send(Claim(77, code))
        assert ana.wait_for(Done) == Done(77)
    server.kill()
    server.start()
    with raw_client(server.port, ana.key) as ana:
        ana.enter("ana")
        assert welcome(ana).role == Role.OWNER
    assert code not in server.log()
    assert normalise_code(code).encode() not in (server.data_dir / "chatroom.db").read_bytes()


def test_a_port_in_use_does_not_lose_the_owners_code(server: ServerProcess, tmp_path: Path) -> None:
    other = tmp_path / "other"
    flags = ["--no-tls", "--host", "127.0.0.1", "--data-dir", str(other), "--port"]
    assert run_server(*flags, str(server.port)).returncode == 1
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "chatroom.cli.server", *flags, str(port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    words = [process.stdout.readline().split()[0] for _ in range(4)]
    process.kill()
    process.wait()
    process.stdout.close()
    assert words == ["listening", "data", "join", "owner"]


# -- invites -----------------------------------------------------------------------------------------------


def test_codes_are_made_while_the_server_runs_and_let_people_in(tmp_path: Path) -> None:
    with running_server(tmp_path, {"access": {"registration": "invite"}}) as server:
        with raw_client(server.port) as stranger:
            assert stranger.turned_away("bob").code == ErrorCode.NOT_ADMITTED
        codes = invite(server, "--count", "3") + invite(server, "--role", "moderator")
        assert len(set(map(normalise_code, codes))) == 4
        keys = []
        for handle, code in zip(("ana", "bob", "eve", "mia"), codes, strict=True):
            with raw_client(server.port) as client:
                client.enter(handle, invite=code.upper().replace("-", " "))
                keys.append(client.key)
        assert welcome(client).role == Role.MODERATOR
        with raw_client(server.port) as stranger:
            assert stranger.turned_away("zoe", codes[0]).code == ErrorCode.NOT_ADMITTED
        server.kill()
        server.start()
        with raw_client(server.port, keys[0]) as ana:
            ana.enter("ana")
        with raw_client(server.port) as stranger:
            assert stranger.turned_away("zoe", codes[0]).code == ErrorCode.NOT_ADMITTED


def test_codes_are_made_before_the_first_start_for_the_owner_only(tmp_path: Path) -> None:
    settings = {"access": {"registration": "invite"}}
    server = ServerProcess(tmp_path, settings)
    (code,) = invite(server, "--role", "owner")
    if os.name == "posix":
        assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((server.data_dir / "chatroom.db").stat().st_mode) == 0o600
    with running_server(tmp_path, settings) as server, raw_client(server.port) as ana:
        ana.enter("ana", invite=code)
        assert welcome(ana).role == Role.OWNER


@pytest.mark.parametrize(
    "arguments",
    [
        ["--count", "0"],
        ["--count", "-1"],
        ["--count", "1001"],
        ["--count", "x"],
        ["--role", "king"],
        ["extra"],
    ],
)
def test_what_cannot_be_made_is_a_mistake_of_the_command_line(tmp_path: Path, arguments: list[str]) -> None:
    result = run_server("invite", "--data-dir", str(tmp_path / "data"), *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert not (tmp_path / "data").exists()


def test_a_database_that_is_none_is_named_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "chatroom.db"
    database.write_bytes(b"no database at all" * 100)
    result = run_server("invite", "--data-dir", str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert str(database) in result.stderr
    assert database.read_bytes() == b"no database at all" * 100


def test_the_data_directory_of_the_settings_is_used_and_a_flag_beats_it(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text('[server]\ndata_dir = "here"\n[access]\nregistration = "closed"\n')
    for arguments in (["-c", str(config), "invite"], ["invite", "-c", str(config)]):
        result = run_server(*arguments)
        assert result.returncode == 0
        assert "closed" in result.stderr
    assert (tmp_path / "here" / "chatroom.db").exists()
    result = run_server("--data-dir", str(tmp_path / "there"), "invite", "-c", str(config))
    assert result.returncode == 0
    assert (tmp_path / "there" / "chatroom.db").exists()


# -- moderation --------------------------------------------------------------------------------------------


def test_a_kick_a_mute_and_a_ban_reach_who_they_are_for_and_last(server: ServerProcess) -> None:
    (code,) = invite(server, "--role", "moderator")
    with raw_client(server.port) as mia, raw_client(server.port) as bob:
        lobby = mia.enter("mia", invite=code)
        bob.enter("bob")
        mia.send(Moderate(50, lobby, ModerationAct.MUTE, "bob", 600, "calm down"))
        assert mia.wait_for(Done) == Done(50)
        bob.post(lobby, "may I?")
        refused = bob.wait_for(Refused)
        assert isinstance(refused, Refused)
        assert refused.code == ErrorCode.NOT_ALLOWED
        mia.send(Moderate(51, lobby, ModerationAct.KICK, "bob", 600, "spam"))
        gone = bob.wait_for(RoomGone)
        assert isinstance(gone, RoomGone)
        assert gone.text.startswith("kicked by mia until ")
        mia.send(Moderate(52, lobby, ModerationAct.BAN, "bob", 600, "more spam"))
        closing = bob.wait_for(Closing)
        assert isinstance(closing, Closing)
        assert closing.code == ErrorCode.BANNED
        assert closing.text.endswith(": more spam")
        mia.post(lobby, "peace")
        mia.wait_for_text("peace")
    server.kill()
    server.start()
    with raw_client(server.port, bob.key) as again:
        assert again.turned_away("bob").text == closing.text
    with raw_client(server.port, bob.key) as again:
        assert again.turned_away("robert").code == ErrorCode.BANNED


# -- devices -----------------------------------------------------------------------------------------------


def test_a_second_device_is_linked_and_taken_away_over_tls(tmp_path: Path) -> None:
    with running_server(tmp_path, tls=True) as server, raw_client(server.port, tls=True) as ana:
        ana.enter("ana")
        ana.send(CreateLink(50))
        link = ana.wait_for(LinkCode)
        assert isinstance(link, LinkCode)
        with raw_client(server.port, tls=True) as phone:
            lobby = phone.enter("", invite=link.code)
            assert welcome(phone).handle == "ana"
            phone.post(lobby, "from the phone")
            assert ana.wait_for_text("from the phone").author == "ana"
            public_key = phone.key.public_key().public_bytes_raw()
            ana.send(RevokeDevice(51, public_key))
            closing = phone.wait_for(Closing)
            assert isinstance(closing, Closing)
            assert closing.code == ErrorCode.NOT_ADMITTED
        with raw_client(server.port, phone.key, tls=True) as again:
            assert again.turned_away("ana").code == ErrorCode.HANDLE_TAKEN
        assert link.code not in server.log()


# -- guessing ----------------------------------------------------------------------------------------------


def test_hundreds_of_guesses_neither_get_in_nor_slow_others_down(tmp_path: Path) -> None:
    with running_server(tmp_path, {"access": {"password": "open sesame"}}) as server:
        with raw_client(server.port) as ana:
            lobby = ana.enter("ana", password="open sesame")
            codes, waits = [], []
            for number in range(200):
                with raw_client(server.port) as guesser:
                    codes.append(guesser.turned_away("bob", password=f"sesame {number}").code)
                if number % 10 == 0:
                    started = server.fair_s()
                    ana.post(lobby, f"calm {number}")
                    ana.wait_for_text(f"calm {number}")
                    waits.append(server.fair_s() - started)
            assert codes[:5] == [ErrorCode.NOT_ADMITTED] * 5
            assert codes.count(ErrorCode.NOT_ADMITTED) < 20
            assert set(codes) == {ErrorCode.NOT_ADMITTED, ErrorCode.TOO_MANY}
            assert sorted(waits)[-2] < 0.1
        with raw_client(server.port, ana.key) as back:
            back.enter("ana")
        assert "sesame" not in server.log()


def test_a_login_of_another_server_or_key_is_not_let_in(tmp_path: Path) -> None:
    """A signature is good for one connection, one server and one handle; a recorded one is worth nothing."""
    with running_server(tmp_path, tls=True) as server:
        with raw_client(server.port, tls=True) as ana:
            ana.enter("ana")
        with raw_client(server.port, ana.key, tls=True) as recorded:
            login = recorded.login_packet("ana")
            with raw_client(server.port, Ed25519PrivateKey.generate(), tls=True) as thief:
                thief.send(login)
                closing = thief.wait_for(Closing)
                assert isinstance(closing, Closing)
                assert closing.code == ErrorCode.BAD_SIGNATURE
        with raw_client(server.port, ana.key, tls=True) as relayed:
            relayed.server_key = bytes(32)  # as seen through a man in the middle with another key
            assert relayed.turned_away("ana").code == ErrorCode.BAD_SIGNATURE
