"""`chatroom` and its commands, called as the command line calls them, against a tiny server."""

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatroom.cli import client
from chatroom.client.connection.trust import TrustQuestion
from chatroom.client.headless.headless import Exit
from chatroom.config.paths import client_paths
from chatroom.config.state import ClientState, ServerState, load_state, save_state
from chatroom.net.keys import ServerKey, load_or_create_server_key, verify
from support.tiny_host import TinyHost, in_host, tiny_host_in_thread
from support.tiny_server import TinyServer


@pytest.fixture
def server() -> TinyServer:
    server = TinyServer()
    server.verify = verify
    return server


@pytest.fixture
def host(server: TinyServer) -> Iterator[TinyHost]:
    with tiny_host_in_thread(server) as host:
        yield host


class Shell:
    """Runs commands with one data directory and reads what they print."""

    def __init__(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.data = tmp_path / "data"
        self.config = tmp_path / "client.toml"
        self.capfd = capfd
        self.out = ""
        self.errors = ""

    def run(self, command: str, *arguments: str, who: tuple[str, ...] = ("--handle", "alice")) -> int:
        places = ["--data-dir", str(self.data)]
        if command != "trust":
            places += ["--config", str(self.config), *who]
        code = client.main([command, *places, *arguments])
        sys.stdout.flush()
        captured = self.capfd.readouterr()
        self.out, self.errors = captured.out, captured.err
        return code


@pytest.fixture
def shell(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capfd)


@pytest.fixture
def join(host: TinyHost) -> str:
    return f"tcp://127.0.0.1:{host.port}"


StandardInput = Callable[[bytes], None]


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandardInput]:
    """Give the command a standard input, which is a file."""
    opened: list[io.TextIOWrapper] = []

    def give(data: bytes) -> None:
        path = tmp_path / "stdin"
        path.write_bytes(data)
        opened.append(io.TextIOWrapper(path.open("rb")))
        monkeypatch.setattr(sys, "stdin", opened[-1])

    yield give
    for stream in opened:
        stream.close()


def test_words_are_one_message(shell: Shell, server: TinyServer, join: str) -> None:
    assert shell.run("send", "--to", join, "lobby", "hello", "world") == Exit.DONE
    assert server.texts() == ["hello world"]
    assert re.fullmatch(r"lobby \d+\n", shell.out)
    assert shell.errors == ""


def test_without_words_standard_input_is_one_message(
    shell: Shell, server: TinyServer, join: str, standard_input: StandardInput
) -> None:
    standard_input(b"two\nlines\n")
    assert shell.run("send", "--to", join, "lobby") == Exit.DONE
    assert server.texts() == ["two\nlines"]


def test_lines_are_a_message_each(
    shell: Shell, server: TinyServer, join: str, standard_input: StandardInput
) -> None:
    standard_input(b"one\ntwo\n")
    assert shell.run("send", "--to", join, "--lines", "lobby") == Exit.DONE
    assert server.texts() == ["one", "two"]


def test_tail_prints_json(shell: Shell, server: TinyServer, join: str) -> None:
    server.say("bob", "hëllo")
    assert shell.run("tail", "--to", join, "--json", "--no-follow", "--since", "0", "lobby") == Exit.DONE
    shown = [json.loads(line) for line in shell.out.splitlines()]
    assert [(entry["seq"], entry["kind"], entry["text"]) for entry in shown] == [
        (1, "created", "lobby"),
        (2, "message", "hëllo"),
        (3, "joined", ""),
    ]


def test_the_server_and_handle_one_used_last_need_not_be_said(
    shell: Shell, server: TinyServer, join: str
) -> None:
    save_state(client_paths(None, shell.data).state, ClientState(handle="carol", server=join))
    assert shell.run("send", "lobby", "hi", who=()) == Exit.DONE
    assert "carol" in server.room("lobby").members


def test_server_and_handle_may_stand_in_the_settings(shell: Shell, server: TinyServer, join: str) -> None:
    shell.config.write_text(f'[client]\nhandle = "Dave"\nserver = "{join}"\n')
    assert shell.run("send", "lobby", "hi", who=()) == Exit.DONE
    assert "dave" in server.room("lobby").members


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["send", "lobby", "hi"], "which server?"),
        (["send", "--to", "h.org", "lobby", ""], "the message is empty"),
        (["send", "--to", "h.org", "lobby", "x" * 20_000], "longer than 16384 bytes"),
        (["send", "--to", "h.org", "--lines", "lobby", "word"], "say no TEXT"),
        (["send", "--to", "h.org", "--password-file", "empty", "lobby", "hi"], "is no password"),
        (["tail", "lobby"], "which server?"),
    ],
)
def test_what_cannot_be_right_is_one_line_and_exit_code_2(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    assert shell.run(*arguments) == Exit.USAGE
    assert words in shell.errors
    assert shell.errors.count("\n") == 1
    assert shell.errors.startswith(f"chatroom {arguments[0]}: ")


def test_nobody_is_asked_who_they_are(shell: Shell) -> None:
    assert shell.run("send", "--to", "h.org", "lobby", "hi", who=()) == Exit.USAGE
    assert "who are you?" in shell.errors


def test_mistakes_in_the_settings_name_their_place(shell: Shell) -> None:
    shell.config.write_text("[client]\nhandel = 3\n")
    assert shell.run("send", "--to", "h.org", "lobby", "hi") == Exit.USAGE
    assert "client.toml:2: [client] handel" in shell.errors


@pytest.mark.parametrize(
    "state", [ClientState(server="no:such:join"), ClientState(handle="No Body", server="h")]
)
def test_what_is_remembered_wrongly_is_said(shell: Shell, state: ClientState) -> None:
    save_state(client_paths(None, shell.data).state, state)
    assert shell.run("send", "lobby", "hi", who=()) == Exit.USAGE
    assert "state.toml" in shell.errors
    assert shell.errors.count("\n") == 1


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"\n \n"])
def test_a_standard_input_that_is_no_message_is_exit_code_2(
    shell: Shell, standard_input: StandardInput, data: bytes
) -> None:
    standard_input(data)
    assert shell.run("send", "--to", "h.org", "lobby") == Exit.USAGE


@pytest.mark.skipif(os.name != "posix", reason="permissions are not bits there")
def test_a_key_that_others_may_read_is_exit_code_1(shell: Shell, join: str) -> None:
    assert shell.run("send", "--to", join, "lobby", "hi") == Exit.DONE
    (shell.data / "identity-key.pem").chmod(0o644)
    assert shell.run("send", "--to", join, "lobby", "hi") == Exit.FAILED
    assert "chmod 600" in shell.errors


def test_a_file_that_is_missing_is_exit_code_1(shell: Shell, join: str) -> None:
    assert shell.run("send", "--to", join, "--password-file", "nowhere", "lobby", "hi") == Exit.FAILED
    assert "nowhere" in shell.errors


def test_without_a_terminal_there_is_no_full_screen(
    tmp_path: Path, standard_input: StandardInput, capsys: pytest.CaptureFixture[str]
) -> None:
    standard_input(b"")
    assert client.main(["--config", str(tmp_path / "c.toml"), "--data-dir", str(tmp_path)]) == Exit.USAGE
    assert "this needs a terminal" in capsys.readouterr().err


def test_wrong_settings_are_said_before_the_terminal_is_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "client.toml"
    config.write_text('[look]\ntheme = "drak"\n')
    assert client.main(["--config", str(config), "--data-dir", str(tmp_path)]) == Exit.USAGE
    assert "did you mean dark?" in capsys.readouterr().err


# -- trust ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> ServerKey:
    return load_or_create_server_key(tmp_path_factory.mktemp("key"), ["localhost"])


def test_a_linked_device_knows_from_then_on_who_and_where_it_is(
    shell: Shell, server: TinyServer, join: str
) -> None:
    server.linked = "alice"
    state = client_paths(shell.config, shell.data).state
    save_state(state, ClientState(handle="bob", server="elsewhere.org", servers={"x": ServerState(room="a")}))
    assert shell.run("link", join, server.link_code.upper(), who=()) == Exit.DONE
    port = join.rpartition(":")[2]
    assert shell.out == f"this device is alice's on 127.0.0.1:{port} now; chatroom goes there\n"
    assert shell.errors == ""
    assert load_state(state) == ClientState(handle="alice", server=join, servers={"x": ServerState(room="a")})
    assert shell.run("send", "lobby", "hello", who=()) == Exit.DONE
    assert server.texts() == ["hello"]


def test_a_device_that_is_not_linked_stays_who_it_was(shell: Shell, join: str) -> None:
    state = client_paths(shell.config, shell.data).state
    save_state(state, ClientState(handle="bob"))
    assert shell.run("link", join, "0" * 20, who=()) == Exit.REFUSED
    assert "this code is not known here" in shell.errors
    assert shell.out == ""
    assert load_state(state) == ClientState(handle="bob")


def test_an_unknown_server_is_refused_where_nobody_can_be_asked(
    shell: Shell, server: TinyServer, key: ServerKey
) -> None:
    with tiny_host_in_thread(server, key) as host:
        join = f"127.0.0.1:{host.port}"
        assert shell.run("send", "--to", join, "lobby", "hi") == Exit.NOT_TRUSTED
        assert key.pin in shell.errors
        assert shell.run("trust") == Exit.DONE
        assert shell.out == ""
        assert shell.run("send", "--to", join, "--accept-new", "lobby", "hi") == Exit.DONE
        assert shell.run("send", "--to", join, "lobby", "hi again") == Exit.DONE
        assert shell.run("trust") == Exit.DONE
        assert shell.out.startswith(f"{join} {key.pin} ")


def test_only_trust_replace_changes_a_key(
    shell: Shell, server: TinyServer, key: ServerKey, tmp_path: Path
) -> None:
    other = load_or_create_server_key(tmp_path / "other", ["localhost"])
    with tiny_host_in_thread(server, key) as host:
        join = f"127.0.0.1:{host.port}"
        assert shell.run("trust", "--replace", f"{join}#{other.pin}") == Exit.DONE
        assert shell.run("send", "--to", join, "--accept-new", "lobby", "hi") == Exit.NOT_TRUSTED
        assert f"chatroom trust --replace {join}" in shell.errors
        assert key.pin in shell.errors
        assert other.pin in shell.errors
        assert server.texts() == []
        assert shell.run("trust", "--replace", join) == Exit.DONE
        assert shell.out == f"{join} was {other.pin}\n{join} is {key.pin}\n"
        assert shell.run("send", "--to", join, "lobby", "hi") == Exit.DONE
        assert shell.run("trust", "--forget", join) == Exit.DONE
        assert shell.run("send", "--to", join, "lobby", "hi") == Exit.NOT_TRUSTED
        assert shell.run("trust", "--forget", join) == Exit.USAGE


def test_a_server_that_is_gone_has_no_key_to_trust(shell: Shell, host: TinyHost) -> None:
    in_host(host, host.kill)
    assert shell.run("trust", "--replace", f"127.0.0.1:{host.port}") == Exit.UNREACHABLE
    assert "refused" in shell.errors


def test_known_servers_that_are_not_right_are_exit_code_3(shell: Shell) -> None:
    shell.data.mkdir(mode=0o700)
    (shell.data / "known_servers.toml").write_text("junk")
    (shell.data / "known_servers.toml").chmod(0o600)
    assert shell.run("trust") == Exit.NOT_TRUSTED
    assert "known_servers.toml" in shell.errors


@pytest.mark.parametrize(
    ("answer", "is_trusted"), [("yes\n", True), ("y\n", True), ("no\n", False), ("", False)]
)
def test_a_person_at_a_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, is_trusted: bool
) -> None:
    typed = io.StringIO(answer)
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert client._ask(TrustQuestion("h.org:4567", "a" * 24)) is is_trusted
    assert "a" * 24 in capsys.readouterr().err
