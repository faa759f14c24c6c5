"""The server as a process of its system: its output, its locale, signals, and being stopped and continued."""

import contextlib
import os
import pty
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.client.headless.headless import Exit
from chatroom.protocol.packets import Closing
from support.patience import PATIENCE_S, wait_until
from support.ports import held_port
from support.raw_client import RawClient, raw_client
from support.server_process import ServerProcess, running_server

FEW_FILES = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (256, r.getrlimit(r.RLIMIT_NOFILE)[1]))"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="descriptors and signals of POSIX")


@pytest.fixture
def port() -> Iterator[int]:
    with held_port() as port:
        yield port


def server_command(directory: Path, port: int) -> list[str]:
    config = directory / "server.toml"
    config.touch(mode=0o600)
    flags = ["-c", str(config), "--data-dir", str(directory / "data"), "--no-tls"]
    return [sys.executable, "-m", "chatroom.cli.server", *flags, "--host", "127.0.0.1", "--port", str(port)]


def client_of(port: int) -> RawClient:
    """Connect as soon as the server listens."""

    def listens() -> bool:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        return False

    wait_until(listens, "the server does not listen", between=lambda: time.sleep(0.05))
    return RawClient(port)


@contextlib.contextmanager
def ended_at_last(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def chats(client: RawClient, handle: str) -> None:
    lobby = client.enter(handle)
    client.post(lobby, f"{handle} is here")
    client.wait_for_text(f"{handle} is here")


# -- output and locale ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "redirection", ["<&- >&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"]
)
def test_a_server_whose_output_is_closed_or_full_serves_and_stops_as_ever(
    tmp_path: Path, port: int, redirection: str
) -> None:
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *server_command(tmp_path, port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with ended_at_last(process):
        for number in range(3):
            with contextlib.closing(client_of(port)) as hostile:
                hostile.socket.sendall(b"\xff" * 100)  # makes it log a line
                hostile.wait_for(Closing)
            with contextlib.closing(client_of(port)) as ana:
                chats(ana, f"ana{number}")
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    database = (tmp_path / "data" / "chatroom.db").read_bytes()
    assert database.startswith(b"SQLite format 3\0"), "no line was written where the log is kept"
    assert b"broke the protocol" not in database


PLAIN = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, PLAIN], ids=["C", "ascii"])
def test_a_server_in_a_locale_without_utf8_starts_and_serves(
    tmp_path: Path, port: int, locale: dict[str, str]
) -> None:
    place = tmp_path / "Übung"
    place.mkdir()
    environment = {**os.environ, **locale}
    process = subprocess.Popen(
        server_command(place, port), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with ended_at_last(process):
        with contextlib.closing(client_of(port)) as ana:
            lobby = ana.enter("ana")
            ana.post(lobby, "grüße ☃")
            ana.wait_for_text("grüße ☃")
        process.terminate()
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(PATIENCE_S) == 0
    assert (place / "data" / "chatroom.db").exists()


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, PLAIN], ids=["C", "ascii"])
def test_send_and_tail_work_in_a_locale_without_utf8(tmp_path: Path, locale: dict[str, str]) -> None:
    environment = {**os.environ, **locale}

    def run(name: str, *arguments: str, text: str = "") -> "subprocess.CompletedProcess[bytes]":
        places = ["--data-dir", str(tmp_path / "ana"), "--config", str(tmp_path / "client.toml")]
        command = [sys.executable, "-m", "chatroom.cli.client", name, *places]
        command += ["--to", server.join, "--handle", "ana", *arguments]
        return subprocess.run(
            command,
            env=environment,
            input=text.encode(),
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )

    with running_server(tmp_path) as server:
        sent = run("send", "lobby", text="grüße ☃\n")
        assert (sent.returncode, sent.stderr) == (Exit.DONE, b"")
        shown = run("tail", "--since", "0", "--no-follow", "lobby")
        assert (shown.returncode, shown.stderr) == (Exit.DONE, b"")
        assert "grüße ☃".encode() in shown.stdout
        with raw_client(server.port) as bob:
            lobby = bob.enter("bob", follow=False)
            bob.post(lobby, "marker")
        shown = run("tail", "--json", "--since", "0", "--no-follow", "lobby")
        assert (shown.returncode, shown.stderr) == (Exit.DONE, b"")


# -- stopped and continued --------------------------------------------------------------------------------


def test_a_server_that_was_stopped_and_continued_has_lost_nothing(tmp_path: Path) -> None:
    settings = {"limits": {"posts_per_s": 100_000.0, "post_burst": 100_000}}
    with running_server(tmp_path, settings) as server, raw_client(server.port) as ana:
        lobby = ana.enter("ana")
        with raw_client(server.port) as bob:
            bob.enter("bob")
            expected = [f"message {number}" for number in range(200)]
            for number, text in enumerate(expected):
                if number == 50:
                    os.kill(server.pid, signal.SIGSTOP)
                ana.post(lobby, text)
            time.sleep(3.5)
            os.kill(server.pid, signal.SIGCONT)
            ana.wait_for_text(expected[-1])
            bob.wait_for_text(expected[-1])
            assert ana.texts() == expected
            assert bob.texts() == expected


def test_who_spoke_while_the_server_was_stopped_is_not_taken_for_gone(tmp_path: Path) -> None:
    settings = {"limits": {"ping_s": 1.0, "gone_s": 2.0}}
    with running_server(tmp_path, settings) as server, raw_client(server.port) as ana:
        lobby = ana.enter("ana")
        os.kill(server.pid, signal.SIGSTOP)
        for number in range(5):
            ana.post(lobby, f"message {number}")
            time.sleep(0.6)
        os.kill(server.pid, signal.SIGCONT)
        ana.wait_for_text("message 4")


# -- signals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_server_and_clients_are_told(tmp_path: Path, first: signal.Signals) -> None:
    with running_server(tmp_path) as server, raw_client(server.port) as ana:
        chats(ana, "ana")
        assert server.end_by(first) == 0
        assert "Traceback" not in server.log()


def test_a_second_interrupt_ends_the_server_at_once(tmp_path: Path) -> None:
    limits = {"limits": {"posts_per_s": 100_000.0, "post_burst": 100_000}}
    patient = f"from chatroom.server import service; service.STOP_S = {PATIENCE_S}"
    with (
        running_server(tmp_path, limits, altered=patient) as server,
        raw_client(server.port, receive_bytes=4096) as ana,
        raw_client(server.port) as bob,
    ):
        lobby = bob.enter("bob")
        ana.enter("ana")
        texts = [
            f"{number} " + "x" * 10_000 for number in range(100)
        ]  # ana cannot be told before she takes that
        for text in texts:
            bob.post(lobby, text)
        bob.wait_for_text(texts[-1])
        os.kill(server.pid, signal.SIGINT)
        time.sleep(0.3)
        assert server.process is not None
        assert server.process.poll() is None, "it waits for a client that takes nothing"
        began = time.monotonic()
        assert server.end_by(signal.SIGINT) == 1
        assert time.monotonic() - began < PATIENCE_S / 2
        assert "Traceback" not in server.log()
        server.start()
        with raw_client(server.port) as carol:
            chats(carol, "carol")


def test_a_server_started_with_nohup_outlives_its_terminal(tmp_path: Path, port: int) -> None:
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *server_command(tmp_path, port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with ended_at_last(process):
        with contextlib.closing(client_of(port)) as ana, contextlib.closing(client_of(port)) as bob:
            chats(ana, "ana")
            process.send_signal(signal.SIGHUP)
            chats(bob, "bob")
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


def test_a_server_whose_terminal_is_closed_stops_in_order(tmp_path: Path, port: int) -> None:
    command = server_command(tmp_path, port)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    try:
        with contextlib.closing(client_of(port)) as ana:
            chats(ana, "ana")
            while select.select([terminal], [], [], 0.2)[0]:
                os.read(terminal, 4096)
            os.close(terminal)
            deadline = time.monotonic() + PATIENCE_S
            status = (0, 0)
            while status[0] == 0:
                assert time.monotonic() < deadline, "it goes on without its terminal"
                status = os.waitpid(pid, os.WNOHANG)
                time.sleep(0.02)
        assert os.waitstatus_to_exitcode(status[1]) == 0
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    with running_server(tmp_path) as server:
        assert isinstance(server, ServerProcess)


@pytest.mark.skipif(sys.platform != "linux", reason="limits the descriptors of another process")
def test_strangers_give_way_when_the_system_has_no_descriptor_left(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, contextlib.ExitStack() as stack:
        assert server.process is not None
        ana = stack.enter_context(raw_client(server.port))
        chats(ana, "ana")
        used = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used + 10, used + 10))
        for _ in range(40):
            stack.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", server.port))))
        for number in range(5):
            chats(stack.enter_context(raw_client(server.port)), f"bob-{number}")
        ana.wait_for_text("bob-4 is here")


@pytest.mark.skipif(sys.platform != "linux", reason="reads the limits of another process")
def test_the_server_asks_for_as_many_descriptors_as_connections_are_allowed(tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with running_server(tmp_path, {"limits": {"connections_total": 400}}, altered=FEW_FILES) as server:
        assert server.process is not None
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (500, hard)
