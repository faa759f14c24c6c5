import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.client.screen.outside import browser_command, edit_outside, editor_command, open_link
from chatroom.net.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


def edited(loop: Loop, program: str, text: str = "before") -> tuple[str | None, str]:
    """Run `program` as editor on a file with `text`; what came of it."""
    answers: list[tuple[str | None, str]] = []
    command = [sys.executable, "-c", "import sys, pathlib\np = pathlib.Path(sys.argv[1])\n" + program]
    assert edit_outside(loop, command, text, lambda *answer: answers.append(answer)) == ""
    deadline = loop.now() + 10
    while not answers and loop.now() < deadline:
        loop.run_once(0.1)
    return answers[0]


def test_the_editors_text_comes_back(loop: Loop) -> None:
    assert edited(loop, "p.write_text(p.read_text() + ' and ü', encoding='utf-8')") == ("before and ü", "")


def test_an_editor_that_fails_changes_nothing(loop: Loop) -> None:
    assert edited(loop, "sys.exit(3)") == (None, "the editor ended with status 3; nothing was taken over")


def test_bytes_that_are_no_text_do_no_harm(loop: Loop) -> None:
    assert edited(loop, r"p.write_bytes(b'a\xff')") == ("a\ufffd", "")


def test_a_text_too_long_for_any_message_is_refused(loop: Loop) -> None:
    assert edited(loop, "p.write_text('x' * 2_000_000)") == (None, "the editor's text is too long")


def test_the_file_is_gone_afterwards(loop: Loop, tmp_path: Path) -> None:
    name = tmp_path / "name"
    edited(loop, f"pathlib.Path({str(name)!r}).write_text(str(p))")
    assert not Path(name.read_text()).exists()


def test_an_editor_that_is_not_there_is_said_at_once(loop: Loop) -> None:
    fault = edit_outside(loop, ["no-such-editor-anywhere"], "x", lambda text, reason: None)
    assert fault == "no-such-editor-anywhere cannot be started; set EDITOR to another editor"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_is_said_and_leaves_nothing_behind(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = tmp_path / "full"

    def on_a_full_disk(**_: str) -> tuple[int, str]:
        full.write_bytes(b"")
        return os.open("/dev/full", os.O_WRONLY), str(full)

    monkeypatch.setattr(tempfile, "mkstemp", on_a_full_disk)
    fault = edit_outside(loop, [sys.executable], "x", lambda text, reason: None)
    assert fault == "no file for the editor can be made: No space left on device"
    assert not full.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="another shell language")
@pytest.mark.parametrize(
    ("environ", "command"),
    [
        ({"VISUAL": "emacs -nw", "EDITOR": "ed"}, ["emacs", "-nw"]),
        ({"EDITOR": "'my editor' +1"}, ["my editor", "+1"]),
        ({}, ["vi"]),
        ({"EDITOR": "it's"}, ["it's"]),
    ],
)
def test_the_editor_is_the_one_the_user_named(environ: dict[str, str], command: list[str]) -> None:
    assert editor_command(environ) == command


@pytest.mark.skipif(sys.platform != "linux", reason="about desktops on Linux")
def test_without_a_desktop_there_is_no_browser(tmp_path: Path) -> None:
    opener = tmp_path / "xdg-open"
    opener.write_text("#!/bin/sh\n")
    opener.chmod(0o755)
    path = str(tmp_path)
    assert browser_command({"PATH": path}) is None
    assert browser_command({"PATH": path, "DISPLAY": ":0"}) == [str(opener)]


def test_only_web_addresses_are_opened() -> None:
    assert not open_link([sys.executable, "-c", "pass"], "file:///etc/passwd")
    assert open_link([sys.executable, "-c", "pass"], "https://example.org/")
    assert not open_link(["no-such-browser-anywhere"], "https://example.org/")
