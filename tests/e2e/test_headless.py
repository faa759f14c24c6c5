"""`chatroom send` and `chatroom tail` as processes, against the real server as a process."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatroom.client.headless.headless import Exit
from support.patience import PATIENCE_S
from support.server_process import ServerProcess, running_server

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the server is killed by SIGKILL")

NO_LIMITS = {"limits": {"posts_per_s": 100_000, "post_burst": 100_000}}


class Shell:
    """Runs the commands of one person, whose files are in one directory."""

    def __init__(self, directory: Path, server: ServerProcess, handle: str) -> None:
        self.directory = directory / handle
        self.server = server
        self.handle = handle

    def command(self, name: str, *arguments: str) -> list[str]:
        places = ["--data-dir", str(self.directory), "--config", str(self.directory / "client.toml")]
        who = ["--to", self.server.join, "--handle", self.handle]
        return [sys.executable, "-m", "chatroom.cli.client", name, *places, *who, *arguments]

    def start(self, name: str, *arguments: str, stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(name, *arguments), stdin=stdin, stdout=pipe, stderr=pipe, text=True
        )

    def run(self, name: str, *arguments: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        command = self.command(name, *arguments)
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def log(self, room: str = "lobby") -> list[dict[str, str]]:
        """All entries of a room, as `tail --json` shows them."""
        done = self.run("tail", "--json", "--since", "0", "--no-follow", room)
        assert done.returncode == Exit.DONE, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def messages(self, room: str = "lobby") -> list[str]:
        return [entry["text"] for entry in self.log(room) if entry["kind"] == "message"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path, NO_LIMITS) as server:
        yield server


@pytest.fixture
def alice(tmp_path: Path, server: ServerProcess) -> Shell:
    return Shell(tmp_path, server, "alice")


@pytest.fixture
def bob(tmp_path: Path, server: ServerProcess) -> Shell:
    return Shell(tmp_path, server, "bob")


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.02)


def test_what_one_sends_another_sees(alice: Shell, bob: Shell) -> None:
    sent = alice.run("send", "lobby", "hello", "bob")
    assert (sent.returncode, sent.stderr) == (Exit.DONE, "")
    room, seq = sent.stdout.split()
    (entry,) = [entry for entry in bob.log() if entry["kind"] == "message"]
    assert (room, seq, "hello bob") == (entry["room"], str(entry["seq"]), entry["text"])
    assert entry["author"] == "alice"
    assert entry["at"].endswith("Z")


def test_a_tail_that_follows_shows_what_comes_and_ends_with_its_reader(alice: Shell, bob: Shell) -> None:
    tail = bob.start("tail", "lobby", "--json", "--since", "0")
    assert tail.stdout is not None
    assert tail.stderr is not None
    while json.loads(tail.stdout.readline())["kind"] != "joined":
        pass
    assert alice.run("send", "lobby", "live").returncode == Exit.DONE
    while json.loads(tail.stdout.readline())["text"] != "live":
        pass
    tail.stdout.close()
    assert alice.run("send", "lobby", "nobody reads this").returncode == Exit.DONE
    assert tail.wait(PATIENCE_S) == Exit.DONE
    assert tail.stderr.read() == ""
    tail.stderr.close()


def test_ctrl_c_ends_a_tail_quietly(bob: Shell) -> None:
    tail = bob.start("tail", "lobby", "--since", "0")
    assert tail.stdout is not None
    tail.stdout.readline()
    tail.send_signal(signal.SIGINT)
    _, errors = tail.communicate(timeout=PATIENCE_S)
    assert tail.returncode == Exit.INTERRUPTED
    assert errors == ""


def test_a_message_to_a_person_is_read_by_that_person_only(alice: Shell, bob: Shell, tmp_path: Path) -> None:
    assert bob.run("send", "lobby", "here").returncode == Exit.DONE
    assert alice.run("send", "@bob", "psst").stdout.startswith("@bob ")
    assert bob.messages("@alice") == ["psst"]
    eve = Shell(tmp_path, alice.server, "eve")
    assert "psst" not in eve.messages("@alice")
    assert "psst" not in eve.messages()


def test_a_room_that_does_not_exist_is_exit_code_4(alice: Shell) -> None:
    done = alice.run("send", "nowhere", "hi")
    assert done.returncode == Exit.REFUSED
    assert done.stderr.count("\n") == 1


def test_a_handle_of_somebody_else_is_exit_code_4(alice: Shell, tmp_path: Path) -> None:
    assert alice.run("send", "lobby", "hi").returncode == Exit.DONE
    thief = Shell(tmp_path / "thief", alice.server, "alice")
    done = thief.run("send", "lobby", "hi")
    assert done.returncode == Exit.REFUSED
    assert "belongs to another key" in done.stderr


def test_a_server_that_is_down_is_exit_code_5(alice: Shell) -> None:
    alice.server.kill()
    done = alice.run("send", "--timeout", "1", "lobby", "hi")
    assert done.returncode == Exit.UNREACHABLE
    assert done.stderr.count("\n") == 1


def test_over_tls_a_changed_key_is_exit_code_3(tmp_path: Path) -> None:
    with running_server(tmp_path, NO_LIMITS, tls=True) as server:
        alice = Shell(tmp_path, server, "alice")
        assert alice.run("send", "lobby", "hi").returncode == Exit.DONE
        server.stop()
        for path in server.data_dir.glob("server-*.pem"):
            path.unlink()
        former = server.join
        server.start()
        assert server.join != former
        server.join = former.split("#")[0]
        done = alice.run("send", "lobby", "hi")
        assert done.returncode == Exit.NOT_TRUSTED
        assert former.split("#")[1] in done.stderr


# -- nothing lost, nothing twice, nothing out of order ----------------------------------------------------


def send_lines(shell: Shell, count: int, *options: str) -> tuple["subprocess.Popen[str]", threading.Thread]:
    """Start `send --lines` and feed it from a thread, as a pipe would."""
    process = shell.start("send", "--lines", *options, "lobby", stdin=subprocess.PIPE)

    pipe, process.stdin = process.stdin, None  # `communicate` leaves it to the thread

    def feed() -> None:
        with contextlib.suppress(BrokenPipeError), contextlib.closing(pipe):
            for number in range(count):
                pipe.write(f"line {number}\n")

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    return process, thread


def test_a_server_killed_while_lines_stream_stores_every_line_once_and_in_order(tmp_path: Path) -> None:
    """The server takes 1,000 lines a second, so that every kill falls into the stream."""
    with running_server(tmp_path, {"limits": {"posts_per_s": 1_000, "post_burst": 50}}) as server:
        stream_and_kill(Shell(tmp_path, server, "alice"), Shell(tmp_path, server, "bob"))


def stream_and_kill(alice: Shell, bob: Shell) -> None:
    count = 1_500
    process, thread = send_lines(alice, count)
    assert process.stdout is not None
    printed = 0
    for kills in (1, 2, 3):
        while printed < kills * 200:
            assert process.stdout.readline()
            printed += 1
        alice.server.kill()
        assert process.poll() is None
        alice.server.start()
    rest = process.stdout.read()  # communicate() would pass over what readline() has read ahead
    _, errors = process.communicate(timeout=PATIENCE_S)
    thread.join(PATIENCE_S)
    assert (process.returncode, errors) == (Exit.DONE, "")
    assert printed + rest.count("\n") == count
    assert bob.messages() == [f"line {number}" for number in range(count)]


def test_a_sender_killed_while_lines_stream_loses_nothing_it_had_taken(alice: Shell, bob: Shell) -> None:
    process, thread = send_lines(alice, 50_000)
    assert process.stdout is not None
    stored = [process.stdout.readline() for _ in range(300)]
    process.kill()
    process.communicate()
    thread.join(PATIENCE_S)
    assert alice.run("send", "lobby", "after the crash").returncode == Exit.DONE
    messages = bob.messages()
    assert len(messages) > len(stored)
    assert messages == [*(f"line {number}" for number in range(len(messages) - 1)), "after the crash"]
    assert not list((alice.directory / "outbox").glob("*/*/posts"))


def test_what_could_not_be_stored_in_time_is_sent_by_the_next_command(tmp_path: Path) -> None:
    with running_server(tmp_path, {"limits": {"posts_per_s": 200, "post_burst": 50}}) as server:
        alice, bob = Shell(tmp_path, server, "alice"), Shell(tmp_path, server, "bob")
        process, thread = send_lines(alice, 400, "--timeout", "1")
        assert process.stdout is not None
        process.stdout.readline()
        server.kill()
        _, errors = process.communicate(timeout=PATIENCE_S)
        thread.join(PATIENCE_S)
        assert process.returncode == Exit.UNREACHABLE
        assert "wait in the outbox" in errors
        server.start()
        assert alice.run("send", "lobby", "last").returncode == Exit.DONE
        assert bob.messages() == [*(f"line {number}" for number in range(400)), "last"]


def test_two_senders_with_one_data_directory_do_not_fight(alice: Shell, bob: Shell) -> None:
    assert alice.run("send", "lobby", "begin").returncode == Exit.DONE
    processes = [send_lines(alice, 300) for _ in range(2)]
    for process, thread in processes:
        output, errors = process.communicate(timeout=PATIENCE_S)
        thread.join(PATIENCE_S)
        assert (process.returncode, errors, output.count("\n")) == (Exit.DONE, "", 300)
    messages = bob.messages()
    assert sorted(messages[1:]) == sorted(f"line {number}" for number in range(300) for _ in range(2))
