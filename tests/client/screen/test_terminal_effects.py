import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.client.screen.terminal_effects import TerminalEffects
from chatroom.client.viewmodel.effects import Bell, Copy, Notify, OpenEditor, OpenLink
from chatroom.net.loop import Loop


class World:
    """A terminal and a loop, and what became of effects there."""

    def __init__(self, **environ: str) -> None:
        self.loop = Loop()
        self.log: list[str] = []
        self.effects = TerminalEffects(
            self.loop,
            self,
            environ,
            self.pause,
            lambda text, is_error: self.log.append(f"{'!' if is_error else ''}{text}"),
            lambda text: self.log.append(f"edited {text}"),
        )

    def ring(self) -> None:
        self.log.append("bell")

    def notify(self, title: str, text: str) -> None:
        self.log.append(f"note {title}: {text}")

    def copy_to_clipboard(self, text: str) -> None:
        self.log.append(f"copied {text}")

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        self.log.append("paused")
        yield
        self.log.append("back")

    def run(self) -> None:
        deadline = self.loop.now() + 10
        while self.effects.is_terminal_given_away and self.loop.now() < deadline:
            self.loop.run_once(0.1)


@pytest.fixture
def world() -> Iterator[World]:
    editor = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); p.write_text(p.read_text() + '!')"
    world = World(EDITOR=f'{sys.executable} -c "{editor}"')
    yield world
    world.loop.close()


def test_what_is_heard_seen_and_copied_goes_to_the_terminal(world: World) -> None:
    for effect in (Bell(), Notify("ada", "hi"), Copy("text")):
        world.effects.carry_out(effect)
    assert world.log == ["bell", "note ada: hi", "copied text"]


def test_without_a_browser_an_address_is_copied_and_that_is_said(world: World) -> None:
    world.effects.carry_out(OpenLink("https://example.org/"))
    assert world.log == ["copied https://example.org/", "no browser here; the address is on the clipboard"]


def test_the_editor_has_the_terminal_until_it_ends(world: World) -> None:
    world.effects.carry_out(OpenEditor("draft"))
    assert world.effects.is_terminal_given_away
    world.effects.carry_out(OpenEditor("another"))  # one at a time
    world.run()
    assert world.log == ["paused", "back", "edited draft!"]


def test_an_editor_that_is_not_there_gives_the_terminal_back_at_once() -> None:
    world = World(EDITOR="no-such-editor-anywhere")
    world.effects.carry_out(OpenEditor("draft"))
    assert not world.effects.is_terminal_given_away
    assert world.log == [
        "paused",
        "back",
        "!no-such-editor-anywhere cannot be started; set EDITOR to another editor",
    ]
    world.loop.close()


def test_without_a_place_for_the_text_the_terminal_comes_back_and_the_reason_is_said(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    world.effects.carry_out(OpenEditor("draft"))
    assert not world.effects.is_terminal_given_away
    assert world.log == [
        "paused",
        "back",
        "!no file for the editor can be made: No such file or directory",
    ]
