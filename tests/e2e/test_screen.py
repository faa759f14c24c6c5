"""The full-screen client on a terminal, against the real server."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from chatroom.config.state import load_state
from support.patience import PATIENCE_S, wait_until
from support.screen_client import (
    ALT_ENTER,
    CTRL_C,
    CTRL_E,
    CTRL_G,
    CTRL_X,
    ENTER,
    ESCAPE,
    F1,
    client,
    command,
)
from support.server_process import ServerProcess, running_server
from support.terminal import Terminal, wait_all

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ptys are POSIX")

MEGABYTE_S = 1.0
"""How long the program may be busy with a paste of a megabyte: it takes 0.08 s. As keys it took eight."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


def online(terminal: Terminal) -> Terminal:
    terminal.wait(lambda: "● online" in terminal.text and "write to #" in terminal.text, "to be online")
    return terminal


def test_two_people_read_each_other(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "ada", server.join) as ada, client(tmp_path, "bob", server.join) as bob:
        online(ada)
        online(bob)
        ada.send("hello bob")
        ada.wait_text(" ❯ hello bob")
        ada.send(ENTER)
        wait_all([ada, bob], lambda: "ada hello bob" in bob.text, "bob to read it")
        bob.send("hi @ada, 日本語 👍" + ENTER)
        wait_all([ada, bob], lambda: "▌" in ada.text and "日本語 👍" in ada.text, "ada to read it")
        wait_all([ada, bob], lambda: "… bob" not in bob.text, "the mark of waiting to go")


def test_the_first_run_asks_for_a_handle_and_keeps_it(server: ServerProcess, tmp_path: Path) -> None:
    argv = command(tmp_path, "new", server.join)
    with Terminal(argv, cols=80, rows=24) as terminal:
        terminal.wait_text("Choose a handle")
        terminal.send("a b" + ENTER)
        terminal.wait(
            lambda: "write to #" not in terminal.text and "╭─" in terminal.text, "to be asked again"
        )
        terminal.send("\x15" + "grace" + ENTER)
        online(terminal)
        terminal.wait_text("● grace") if "USERS" in terminal.text else None
        terminal.send("/quit" + ENTER)
        assert terminal.wait_end() == 0
    settings = tmp_path / "new" / "client.toml"
    assert 'handle = "grace"' in settings.read_text()
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    with Terminal(argv, cols=80, rows=24) as terminal:
        online(terminal)


def test_the_first_run_can_be_left(server: ServerProcess, tmp_path: Path) -> None:
    with Terminal(command(tmp_path, "nobody", server.join)) as terminal:
        terminal.wait_text("Choose a handle")
        terminal.send(ESCAPE)
        assert terminal.wait_end() == 0
    assert not (tmp_path / "nobody" / "client.toml").exists()


def test_an_unknown_server_is_asked_about_once(tmp_path: Path) -> None:
    with running_server(tmp_path, tls=True) as server:
        where, _, pin = server.join.partition("#")
        with client(tmp_path, "ada", where) as terminal:
            terminal.wait_text("Is this the right server?")
            assert pin in terminal.text
            terminal.send("n")
            assert terminal.wait_end() == 3
            assert "is not trusted" in terminal.text
        with client(tmp_path, "ada", where) as terminal:
            terminal.wait_text("Is this the right server?")
            terminal.send("y")
            online(terminal)
        with client(tmp_path, "ada", where) as terminal:
            online(terminal)
            assert "● TLS" in terminal.text


def test_a_handle_of_somebody_else_is_asked_for_anew(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "taken", server.join) as terminal:
        online(terminal)
    (tmp_path / "other").mkdir()
    with client(tmp_path / "other", "taken", server.join) as terminal:
        terminal.wait_text("Choose a handle")
        terminal.send("free" + ENTER)
        online(terminal)
        terminal.wait_text("free")


def test_what_is_written_offline_is_stored_later(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, client(tmp_path, "ada", server.join) as ada:
        online(ada)
        server.kill()
        ada.wait_text("○ offline")
        ada.send("are you there?" + ENTER)
        ada.wait_text("1 waiting")
        ada.wait_text("… ada are you there?")
        server.start()
        ada.wait_text("● online")
        ada.wait(lambda: "all sent" in ada.text and "… ada" not in ada.text, "the message to be stored")


def test_a_draft_survives_the_program(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "drafty", server.join) as terminal:
        online(terminal)
        terminal.send("half a thought")
        terminal.wait_text("half a thought")
        terminal.process.terminate()
        terminal.wait_end()
    with client(tmp_path, "drafty", server.join) as terminal:
        terminal.wait_text(" ❯ half a thought")
    state = load_state(tmp_path / "drafty" / "data" / "state.toml")
    assert state.handle == "drafty"
    assert state.server == server.join


def test_a_storm_of_sizes_leaves_a_whole_screen(server: ServerProcess, tmp_path: Path) -> None:
    random = Random(7)
    with client(tmp_path, "stormy", server.join) as terminal:
        online(terminal)
        for _ in range(60):
            terminal.resize(random.randint(1, 200), random.randint(1, 60))
            terminal.pump(0.01)
        for cols, rows in ((1, 1), (2, 3), (300, 100), (100, 24)):
            terminal.resize(cols, rows)
            terminal.settle(0.2)
        terminal.send("x")
        terminal.wait_text(" ❯ x")
        terminal.wait(lambda: terminal.lines[0].startswith(" #lobby"), "the first line")
        terminal.wait(lambda: terminal.lines[-1].startswith(" ● online"), "the last line")


def test_a_paste_is_one_text_and_presses_nothing(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "pasty", server.join) as terminal:
        online(terminal)
        terminal.send("\x1b[200~one\ntwo\x1bOP\x1b[5;5R\x03 and\x1b[201~")
        terminal.wait_text("   two and")
        assert terminal.lines[-3].startswith(" ❯ one")
        assert "╭─" not in terminal.text


def test_a_paste_of_a_megabyte_is_refused_at_once(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "floods", server.join) as terminal:
        online(terminal)
        began = terminal.busy_s()
        terminal.send("\x1b[200~" + "a line of it\r" * 80_000 + "\x1b[201~")
        terminal.wait_text("not pasted: too long by")
        assert terminal.busy_s() - began < MEGABYTE_S
        terminal.send("still here")
        terminal.wait_text(" ❯ still here")


def test_ctrl_j_and_alt_enter_begin_a_new_line(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "liner", server.join) as terminal:
        online(terminal)
        terminal.send("one\ntwo" + ALT_ENTER + "three")
        terminal.wait_text("   three")
        assert [line.strip() for line in terminal.lines[-4:-1]] == ["❯ one", "two", "three"]


def test_help_and_the_switcher_open_over_the_screen(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "helped", server.join) as terminal:
        online(terminal)
        terminal.send(F1)
        terminal.wait_text("╭─ Help")
        terminal.send(ESCAPE)
        terminal.wait(lambda: "╭─" not in terminal.text, "the help to close")
        terminal.send(CTRL_G)
        terminal.wait_text("╭─ Go to")


def test_a_click_opens_a_room(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "clicker", server.join) as terminal:
        online(terminal)
        terminal.send("/join #clicks" + ENTER)
        terminal.wait(lambda: terminal.lines[0].startswith(" #clicks"), "the room to open")
        row = next(at for at, line in enumerate(terminal.lines) if " 1 #lobby" in line)
        terminal.send(f"\x1b[<0;5;{row + 1}M\x1b[<0;5;{row + 1}m")
        terminal.wait(lambda: terminal.lines[0].startswith(" #lobby"), "the lobby to open")


def test_the_mouse_can_be_left_to_the_terminal(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "mouseless", server.join, "--no-mouse") as terminal:
        online(terminal)
        assert not terminal.emulator.has_mode(1000)
        terminal.send("\x1bm")
        terminal.wait(lambda: terminal.emulator.has_mode(1000), "the mouse to work")


def test_an_editor_of_ones_own_writes_the_text(server: ServerProcess, tmp_path: Path) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n"
        "print('in the editor', flush=True)\ninput()\npath.write_text(path.read_text() + ' edited')\n"
    )
    environ = {"EDITOR": f"{sys.executable} {editor}"}
    with client(tmp_path, "editor", server.join, environ=environ) as terminal:
        online(terminal)
        terminal.send("draft" + CTRL_X + CTRL_E)
        terminal.wait(lambda: b"in the editor" in terminal.raw, "the editor to start")
        assert b"\x1b[?1049l" in terminal.raw
        terminal.send("\n")
        terminal.wait_text(" ❯ draft edited")
        terminal.send(ENTER)
        terminal.wait_text("editor draft edited")


def test_a_mention_rings_the_bell_and_the_title_names_the_room(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "ringer", server.join) as one, client(tmp_path, "caller", server.join) as two:
        online(one)
        online(two)
        one.wait(lambda: one.emulator.title == "#lobby — chatroom", "the title")
        one.send("\x1b[O" + "x")  # the terminal lost the focus, and then there is something to see
        one.wait_text(" ❯ x")
        rang = one.raw.count(b"\a")
        two.send("@ringer ring" + ENTER)
        wait_all([one, two], lambda: "@ringer ring" in one.text, "the mention to arrive")
        one.wait(lambda: one.raw.count(b"\a") > rang, "the bell")
        one.settle()
        assert one.raw.count(b"\a") == rang + 1


def test_without_colours_the_screen_is_sent_without_colours(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "plainer", server.join, environ={"NO_COLOR": "1"}) as terminal:
        online(terminal)
        assert b"38;2" not in terminal.raw
        assert b"48;2" not in terminal.raw
        assert b"\x1b[0;39;7;49m" in terminal.raw or b";7;" in terminal.raw


def test_at_rest_nothing_is_sent_to_the_terminal(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "rester", server.join) as terminal:
        online(terminal)
        wait_until(lambda: not terminal.pump(1.0), "there is no second of rest")


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {}])
def test_without_a_terminal_one_line_says_what_else_there_is(
    server: ServerProcess, tmp_path: Path, environ: dict[str, str]
) -> None:
    argv = command(tmp_path, "scripted", server.join, "--handle", "scripted")
    if environ:
        with Terminal(argv, cols=120, environ=environ) as terminal:
            assert terminal.wait_end() == 2
            assert len([line for line in terminal.lines if line]) == 1
            return
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('[client]\n\n[keys]\nsend = "no key"\n', ":4: [keys] send: 'no key' is not the name of a key"),
        ('[themes.sea]\ntext = "blu"\n[look]\ntheme = "sea"\n', ":1: [themes] sea: theme 'sea', text: 'blu'"),
    ],
)
def test_a_mistake_in_the_settings_is_said_with_its_line(
    server: ServerProcess, tmp_path: Path, settings: str, said: str
) -> None:
    argv = command(tmp_path, "mistaken", server.join, "--handle", "mistaken")
    (tmp_path / "mistaken" / "client.toml").write_text(settings)
    with Terminal(argv, cols=400) as terminal:
        assert terminal.wait_end() == 2
        assert said in terminal.text


def test_ctrl_c_clears_and_twice_on_nothing_asks(server: ServerProcess, tmp_path: Path) -> None:
    with client(tmp_path, "quitter", server.join) as terminal:
        online(terminal)
        terminal.send("oops")
        terminal.wait_text(" ❯ oops")
        terminal.send(CTRL_C)
        terminal.wait(lambda: "oops" not in terminal.text, "the text to go")
        terminal.send(CTRL_C + CTRL_C)
        terminal.wait_text("╭─ Quit")
        terminal.send("y")
        assert terminal.wait_end() == 0
