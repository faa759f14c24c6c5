"""A full-screen client that is killed, and hears nothing of it, loses no message and no more
than a second of a draft.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.config.state import load_state
from support.screen_client import ENTER, client
from support.server_process import ServerProcess, running_server
from support.terminal import Terminal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ptys are POSIX, and so is SIGKILL")

DRAFT_S = 1.0
"""What docs/guarantees.md says a kill may cost of a draft."""

SLACK_S = 14.0
"""What a busy machine may take for a second."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path) as server:
        yield server


def online(terminal: Terminal) -> Terminal:
    terminal.wait(lambda: "● online" in terminal.text, "to be online")
    return terminal


def kill(terminal: Terminal) -> None:
    terminal.signal(signal.SIGKILL)
    assert terminal.wait_end() == -signal.SIGKILL


def drafts(tmp_path: Path) -> list[str]:
    state = load_state(tmp_path / "ada" / "data" / "state.toml")
    return [draft for server in state.servers.values() for draft in server.drafts.values()]


def test_a_message_that_waits_is_sent_once_by_the_next_run(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "ada", server.join) as terminal:
        online(terminal).send("this one is stored")
        terminal.wait_text("❯ this one is stored")
        terminal.send(ENTER)
        terminal.wait_text("all sent")
        server.kill()
        terminal.wait_text("offline")
        terminal.send("this one waits")
        terminal.wait_text("❯ this one waits")
        terminal.send(ENTER)
        terminal.wait_text("… this one waits")
        kill(terminal)
    server.start()
    with client(tmp_path, "ada", server.join) as terminal:
        online(terminal).wait_text("all sent")
        terminal.wait_text("this one waits")
        assert "… this one waits" not in terminal.text
        assert terminal.text.count("this one waits") == terminal.text.count("this one is stored") == 1


def test_a_draft_is_there_in_the_next_run(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "ada", server.join) as terminal:
        online(terminal).send("half a thought")
        terminal.wait_text("❯ half a thought")
        terminal.wait(lambda: drafts(tmp_path) == ["half a thought"], "to be kept", DRAFT_S + SLACK_S)
        kill(terminal)
    with client(tmp_path, "ada", server.join) as terminal:
        online(terminal).wait_text("❯ half a thought")


def test_typing_on_and_on_does_not_put_off_the_keeping(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "ada", server.join) as terminal:
        online(terminal)

        def is_kept_while_typing() -> bool:
            terminal.send("x")
            terminal.settle(0.05)
            return drafts(tmp_path) != []

        terminal.wait(is_kept_while_typing, "to be kept", DRAFT_S + SLACK_S)
        kill(terminal)
