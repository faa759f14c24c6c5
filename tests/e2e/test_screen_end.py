"""However the full-screen client ends, the terminal is as it was."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.patience import PATIENCE_S
from support.screen_client import CHECKOUT, CTRL_C, CTRL_Z, ENTER, client, command
from support.server_process import ServerProcess, running_server
from support.terminal import Terminal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ptys are POSIX")

# What was switched on is off again: the other screen, marked pastes, focus, mouse; the cursor is shown.
GIVEN_BACK = (b"\x1b[?1049l", b"\x1b[?2004l", b"\x1b[?1004l", b"\x1b[?1000l", b"\x1b[?25h")

CRASHING = """
import sys
from chatroom.client.viewmodel.screen import ScreenModel
def crash(*_):
    raise RuntimeError("a fault of ours")
ScreenModel.composer_edited = crash
from chatroom.cli.client import main
sys.exit(main())
"""

WRITING_INTO_NOTHING = CRASHING.replace('RuntimeError("a fault of ours")', 'OSError(5, "Input/output error")')
"""Where the terminal goes in the middle of a frame, writing fails before the signal has come."""

NOISY = """
import logging, sys, warnings
from chatroom.cli.client import main
from chatroom.client.screen import app
run = app.Client.run
def run_noisily(self):
    print("to stderr", file=sys.stderr)
    logging.getLogger("x").warning("logged")
    warnings.warn("warned")
    return run(self)
app.Client.run = run_noisily
sys.exit(main())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


def assert_given_back(terminal: Terminal) -> None:
    for sequence in GIVEN_BACK:
        assert sequence in terminal.raw, sequence
        on = sequence[:-1] + (b"h" if sequence.endswith(b"l") else b"l")
        assert terminal.raw.rfind(sequence) > terminal.raw.rfind(on), sequence
    assert terminal.modes_now() == terminal.modes_before


def started(terminal: Terminal) -> Terminal:
    terminal.wait(lambda: "● online" in terminal.text, "to be online")
    return terminal


def test_after_quitting(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "quits", server.join) as terminal:
        started(terminal).send("/quit" + ENTER)
        assert terminal.wait_end() == 0
        assert_given_back(terminal)


def test_after_ctrl_c_before_anything_is_there(tmp_path: Path) -> None:
    with client(tmp_path, "ada", "tcp://127.0.0.1:1") as terminal:
        terminal.wait_text("offline")
        terminal.send(CTRL_C + CTRL_C)
        terminal.wait_text("Quit")
        terminal.send("y")
        assert terminal.wait_end() == 0
        assert_given_back(terminal)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"])
def test_after_a_signal(server: ServerProcess, tmp_path: Path, name: str) -> None:
    signum = getattr(signal, name)
    with client(tmp_path, name.lower(), server.join) as terminal:
        started(terminal).signal(signum)
        assert terminal.wait_end() == 128 + signum
        assert_given_back(terminal)


def test_after_a_crash(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "crashes", server.join, program=("-c", CRASHING)) as terminal:
        started(terminal).send("x")
        assert terminal.wait_end() == 1
        assert_given_back(terminal)
        assert "the client crashed; what is known of it is in" in terminal.text
        assert "Traceback" not in terminal.text
    log = (tmp_path / "crashes" / "data" / "chatroom.log").read_text()
    assert "RuntimeError: a fault of ours" in log


def test_a_terminal_that_goes_in_the_middle_of_a_frame_is_no_crash(
    server: ServerProcess, tmp_path: Path
) -> None:
    with client(tmp_path, "amid", server.join, program=("-c", WRITING_INTO_NOTHING)) as terminal:
        started(terminal).send("x")
        assert terminal.wait_end() == 128 + signal.SIGHUP
    assert "Traceback" not in (tmp_path / "amid" / "data" / "chatroom.log").read_text()


def test_a_terminal_that_is_gone_ends_the_program(server: ServerProcess, tmp_path: Path) -> None:
    terminal = client(tmp_path, "gone", server.join)
    started(terminal)
    process = terminal.process
    os.close(terminal._master)
    os.close(terminal._slave)
    try:
        assert process.wait(PATIENCE_S) == 128 + signal.SIGHUP
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in (tmp_path / "gone" / "data" / "chatroom.log").read_text()


ALONE = ""
WRAPPED = f"'{sys.executable}' -c 'import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))' "
"""Under a program that stops at once and waits for its child, as `make` does."""


@pytest.mark.parametrize("wrapper", [ALONE, WRAPPED], ids=["alone", "wrapped"])
def test_ctrl_z_gives_the_terminal_to_the_shell_and_one_fg_takes_it_back(
    server: ServerProcess, tmp_path: Path, wrapper: str
) -> None:
    handle = "wrapped" if wrapper else "pauses"
    argv = " ".join(f"'{part}'" for part in command(tmp_path, handle, server.join, "--handle", handle))
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Terminal(shell, cols=100, rows=24, cwd=CHECKOUT, environ={"PS1": "$ "}) as terminal:
        terminal.wait_text("$")
        terminal.send(wrapper + argv + "\n")
        started(terminal)
        terminal.send(CTRL_Z)
        terminal.wait(lambda: b"Stopped" in terminal.raw, "the shell to say so")
        assert_given_back_modes(terminal)
        assert terminal.raw.rfind(b"\x1b[?1049l") < terminal.raw.rfind(b"Stopped")
        terminal.send("fg\n")
        terminal.wait(
            lambda: terminal.raw.rfind(b"\x1b[?1049h") > terminal.raw.rfind(b"Stopped"), "to be back"
        )
        terminal.wait_text("● online")
        terminal.send("still here")
        terminal.wait_text(" ❯ still here")
        terminal.send(CTRL_C + "/quit" + ENTER)
        terminal.wait(
            lambda: terminal.raw.rfind(b"\x1b[?1049l") > terminal.raw.rfind(b"\x1b[?1049h"), "to end"
        )


def assert_given_back_modes(terminal: Terminal) -> None:
    for sequence in GIVEN_BACK:
        assert sequence in terminal.raw, sequence


def test_nothing_of_the_run_is_left_on_the_screen_of_the_shell(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "noisy", server.join, program=("-c", NOISY)) as terminal:
        started(terminal)
        assert not [word for word in ("stderr", "logged", "warned") if word in terminal.text]
        terminal.send("/quit" + ENTER)
        assert terminal.wait_end() == 0
        assert not [word for word in (b"stderr", b"logged", b"warned") if word in terminal.raw]
    log = (tmp_path / "noisy" / "data" / "chatroom.log").read_text()
    assert all(word in log for word in ("to stderr", "logged", "warned"))
