"""The pictures of the README: a real server, six real clients on terminals of their own, one class in the middle of it.

    python tools/screenshots.py [DIRECTORY]

Everything a picture shows was typed by somebody: nothing is drawn by hand. `make screenshots` runs this.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

from picture import FontMissingError, Paper, check_fonts, picture, save
from support.server_process import ServerProcess
from support.terminal import Terminal, wait_all

LIGHT: Final = Paper(text="2a2f35", ground="fbfbf9")
DARK: Final = Paper()

TOPIC: Final = "CS 244 · distributed systems — ask early, be kind"

PASTE_BEGIN, PASTE_END = "\x1b[200~", "\x1b[201~"

CODE: Final = """\
```python
for fd, events in poller.poll(timeout):
    handlers[fd](events)  # one at a time
```"""


@dataclass
class Person:
    """Somebody at a terminal."""

    name: str
    terminal: Terminal
    room: str = "#lobby"


class Class:
    """The server and everybody on it."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self._stack = stack
        self._directory = directory
        self.server = ServerProcess(directory, {"server": {"name": "chat.example.org"}})
        self.server.start()
        stack.callback(self.server.kill)
        self.people: dict[str, Person] = {}

    def arrive(self, name: str, cols: int = 100, rows: int = 24, *, theme: str = "") -> Person:
        """Somebody starts the client and sees the lobby."""
        folder = self._directory / name
        folder.mkdir(exist_ok=True)
        settings = folder / "client.toml"
        if not settings.exists():
            look = f'[look]\ntheme = "{theme}"\n' if theme else ""
            settings.write_text(f'[client]\nhandle = "{name}"\n{look}', encoding="utf-8")
        argv = [sys.executable, "-m", "chatroom", self.server.join]
        argv += ["--config", str(settings), "--data-dir", str(folder / "data")]
        terminal = self._stack.enter_context(Terminal(argv, cols=cols, rows=rows, cwd=ROOT))
        person = self.people[name] = Person(name, terminal)
        self.wait(lambda: "● online" in terminal.text and "#lobby" in terminal.text, f"{name} to be online")
        return person

    def wait(self, holds: object, what: str) -> None:
        """Read all terminals until something holds."""
        wait_all([person.terminal for person in self.people.values()], holds, what)  # type: ignore[arg-type]

    def rest(self, seconds: float = 0.4) -> None:
        """Read all terminals until they have come to rest."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < seconds:
            if any([person.terminal.pump(0.01) for person in self.people.values()]):
                quiet_since = time.monotonic()

    def say(self, name: str, text: str) -> None:
        """Somebody types a message and sends it; it is stored when this returns."""
        terminal = self.people[name].terminal
        if "\n" in text:
            terminal.send(PASTE_BEGIN + text + PASTE_END)
        else:
            terminal.send(text)
        self.rest(0.05)
        terminal.send("\r")
        self.rest(0.12)

    def leave(self, name: str) -> None:
        """Somebody ends the client."""
        person = self.people.pop(name)
        person.terminal.send("/quit\r")
        person.terminal.wait_end()


@contextmanager
def a_class() -> Iterator[Class]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        yield Class(stack, Path(name))
