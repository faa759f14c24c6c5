"""The pictures of the README: a real server, six real clients on terminals of their own, in the middle of a
class.

    python tools/screenshots.py [DIRECTORY]

Everything a picture shows was typed by somebody into a client: nothing is drawn by hand. `make screenshots`
runs this.
"""

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from PIL import Image

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

from picture import FontMissingError, Paper, check_fonts, picture, save  # noqa: E402 - found by the line above

from support.server_process import ServerProcess  # noqa: E402
from support.terminal import Terminal, wait_all  # noqa: E402

DARK: Final = Paper()
LIGHT: Final = Paper(text="2a2f35", ground="fbfbf9")

DAY_S: Final = 86_400.0
LESSON: Final = dt.time(10, 12)

TOPIC: Final = "CS 244 · distributed systems — ask early, be kind"
HOMEWORK_TOPIC: Final = "sheet 5 is due on Friday, 18:00"
CODE: Final = """\
```python
for fd, events in poller.poll(timeout):
    handlers[fd](events)  # one pass, no threads
```"""

ENTER, ESCAPE, F1, CTRL_F, CTRL_N, ALT_1, ALT_2 = "\r", "\x1b", "\x1bOP", "\x06", "\x0e", "\x1b1", "\x1b2"
PASTE_BEGIN, PASTE_END = "\x1b[200~", "\x1b[201~"


# Given to every program as `sitecustomize`: its wall clock is ahead by the seconds in a file, so that half an
# hour of class is typed in half a minute and the pictures show the times of a class.
_CLOCK: Final = """
import time
from pathlib import Path
_real, _real_ns, _ahead = time.time, time.time_ns, Path({path!r})
time.time = lambda: _real() + float(_ahead.read_text())
time.time_ns = lambda: _real_ns() + int(float(_ahead.read_text()) * 1e9)
"""


class Class:
    """The server and everybody on it, each at a terminal."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self._stack = stack
        self._directory = directory
        self._ahead_s = 0.0
        self._ahead = directory / "ahead"
        self._lesson_ahead_s = _lesson_begins().timestamp() - time.time()
        self.set_clock(self._lesson_ahead_s - DAY_S)
        (directory / "sitecustomize.py").write_text(_CLOCK.format(path=str(self._ahead)))
        self.server = ServerProcess(directory, tls=True)
        os.environ["PYTHONPATH"] = str(directory)
        self.server.start()
        del os.environ["PYTHONPATH"]
        stack.callback(self.server.kill)
        self.people: dict[str, Terminal] = {}

    def let_lesson_begin(self) -> None:
        """It is the day after, and the lesson begins."""
        self.set_clock(self._lesson_ahead_s)

    def set_clock(self, ahead_s: float) -> None:
        """Have everybody's clock so far ahead of the real one."""
        self._ahead_s = ahead_s
        fresh = self._ahead.with_suffix(".new")
        fresh.write_text(str(ahead_s))
        fresh.replace(self._ahead)  # at no moment is there an empty file for a program to read

    def let_pass(self, minutes: float) -> None:
        """Let so much time pass."""
        self.set_clock(self._ahead_s + minutes * 60)

    def arrive(self, name: str, cols: int = 100, rows: int = 26, *, theme: str = "dark") -> Terminal:
        """Somebody starts the client and sees the lobby."""
        folder = self._directory / name
        folder.mkdir(exist_ok=True)
        settings = folder / "client.toml"
        settings.write_text(f'[client]\nhandle = "{name}"\n[look]\ntheme = "{theme}"\n', encoding="utf-8")
        argv = [sys.executable, "-m", "chatroom", self.server.join.replace("127.0.0.1", "localhost")]
        argv += ["--config", str(settings), "--data-dir", str(folder / "data")]
        environ = {"PYTHONPATH": str(self._directory)}
        terminal = self._stack.enter_context(Terminal(argv, cols=cols, rows=rows, cwd=ROOT, environ=environ))
        self.people[name] = terminal
        self.wait(lambda: "● online" in terminal.text and "#lobby" in terminal.text, f"{name} to be online")
        self.rest()
        return terminal

    def leave(self, name: str) -> None:
        """Somebody ends the client."""
        terminal = self.people.pop(name)
        terminal.send("/quit" + ENTER)
        terminal.wait_end()
        self.rest()

    def wait(self, holds: Callable[[], bool], what: str, deadline_s: float = 20.0) -> None:
        """Read all terminals until something holds."""
        wait_all(list(self.people.values()), holds, what, deadline_s)

    def rest(self, seconds: float = 0.25) -> None:
        """Read all terminals until they have come to rest."""
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < seconds:
            if sum(terminal.pump(0.005) for terminal in self.people.values()):
                quiet_since = time.monotonic()

    def press(self, name: str, *keys: str) -> None:
        """Somebody presses keys, one after the other."""
        for key in keys:
            self.people[name].send(key)
            self.rest(0.1)

    def say(self, name: str, *texts: str) -> None:
        """Somebody types messages; text of several lines is pasted."""
        for text in texts:
            is_paste = "\n" in text
            self.press(name, PASTE_BEGIN + text + PASTE_END if is_paste else text, ENTER)
            self.let_pass(0.4 + len(text) / 60)


def _lesson_begins() -> dt.datetime:
    """Return when the last lesson began that is over by now."""
    now = dt.datetime.now().astimezone()
    begins = now.replace(hour=LESSON.hour, minute=LESSON.minute)
    return begins if now - begins > dt.timedelta(hours=1) else begins - dt.timedelta(days=1)


@contextmanager
def a_class() -> Iterator[Class]:
    """A class in a directory of its own; all its processes end with it."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        yield Class(stack, Path(name))


def yesterday(cs: Class) -> None:
    """Rooms, topics, and what was talked about the day before."""
    for name in ("radia", "mei", "kenji", "hedy", "alan"):
        cs.arrive(name)
    cs.say("radia", f"/topic {TOPIC}", "/join #homework", f"/topic {HOMEWORK_TOPIC}", "/join #announcements")
    cs.press("radia", ALT_1)
    for name in ("mei", "kenji", "hedy", "alan"):
        cs.press(name, "/join #homework" + ENTER, ALT_1)
    cs.arrive("priya", 110, 30)
    cs.press("priya", "/join #homework" + ENTER, "/join #announcements" + ENTER, "/msg @mei" + ENTER, ALT_1)
    cs.say("hedy", "is the room open to everybody?")
    cs.say("radia", "it is. Tomorrow: one loop, ten thousand clients ☕")


def today(cs: Class) -> None:
    """What stands above the line of new messages."""
    cs.let_lesson_begin()
    cs.say("kenji", "my relay from last week falls over at 1,024 of them 🙈")
    cs.say("hedy", "file descriptors? `ulimit -n` says 1024 here too")
    cs.say("kenji", "…that was it. accept() gave EMFILE and I spun on it")
    cs.say(
        "radia",
        "a classic, see https://example.org/c10k — back off, and keep one descriptor in reserve",
    )
    cs.say("mei", "日本語のノートも置いておきます: 幅の広い文字も正しく折り返されるので、安心してどうぞ")
    cs.say("alan", CODE)


def while_away(cs: Class) -> None:
    """What arrives in the lobby and elsewhere while priya reads another room."""
    cs.press("priya", CTRL_N)
    cs.say("alan", "is that really all?")
    cs.say("radia", "nearly: **never** block inside a handler, and bound every buffer")
    cs.say("hedy", "@priya didn't you measure this? how many clients did yours take?")
    for name in ("kenji", "alan"):
        cs.press(name, ALT_2)
    cs.say("kenji", "@priya which port does the test in 5b use?", "found it, never mind")
    cs.say("alan", "5c is nice")
    cs.press("alan", ALT_1, "/away" + ENTER)
    cs.press("mei", "/msg @priya lunch at one? 🍜" + ENTER, ALT_1)
    cs.leave("kenji")
    cs.press("priya", ALT_1)


def moderation(cs: Class) -> None:
    """Somebody who floods the room, and what the owner does about it."""
    cs.people["radia"].resize(110, 30)
    cs.press("radia", f"/claim {cs.server.owner_code()}" + ENTER, "/role hedy moderator" + ENTER)
    spam = "BUY CHEAP TOKENS at https://tokens.example 🚀🚀🚀"
    cs.arrive("spammy")
    cs.say("spammy", spam, spam, spam)
    cs.say("hedy", "/mute spammy 10m that is enough", "please don't")
    cs.say("spammy", "/join #homework", spam)
    cs.say("radia", "/ban spammy 7d advertising", "back to work 🙂")


def take(terminal: Terminal, path: Path, paper: Paper = DARK) -> None:
    """Take one picture."""
    save(picture(terminal.emulator.screen, paper), path)


def pictures(directory: Path) -> None:
    """Take every picture."""
    with a_class() as cs:
        yesterday(cs)
        today(cs)
        while_away(cs)
        cs.say("priya", "9,800 before the laptop gave up, at 40 % of one core")
        cs.say("mei", "wow 👏🏽")
        cs.wait(lambda: "lunch at one" not in cs.people["priya"].lines[-1], "the toast to go")
        cs.press("priya", "I can show it in the break, @hedy")
        cs.rest(0.5)
        priya = cs.people["priya"]
        take(priya, directory / "main.png")

        cs.press("priya", "\x03", F1)
        take(priya, directory / "help.png")
        cs.press("priya", ESCAPE)
        cs.rest(0.4)
        cs.press("priya", CTRL_F, "descriptor")
        cs.wait(lambda: "found" in priya.text, "the search to find")
        cs.rest(0.4)
        take(priya, directory / "search.png")
        cs.press("priya", ESCAPE)
        cs.rest(0.4)

        priya.resize(58, 24)
        cs.rest(0.4)
        take(priya, directory / "narrow.png")

        moderation(cs)
        cs.wait(lambda: "now" not in cs.people["radia"].lines[-1], "the toast to go")
        take(cs.people["radia"], directory / "moderation.png")
        priya.resize(110, 30)
        cs.press("priya", "/link" + ENTER)
        cs.wait(lambda: "chatroom link" in priya.text, "the code to be there")
        take(priya, directory / "link.png")
        cs.press("priya", ESCAPE)
        cs.rest(0.4)

        cs.leave("hedy")
        hedy = cs.arrive("hedy", 110, 30, theme="light")
        cs.press("hedy", "see you in the break ")
        cs.rest(0.4)
        take(hedy, directory / "light.png", LIGHT)

        cs.server.kill()
        cs.wait(lambda: "○ offline" in priya.text, "priya to be offline")
        cs.say("priya", "I put the script into #homework", "and the numbers: 9,800 clients, 31 MB")
        cs.wait(lambda: "next attempt in" in priya.text, "the next attempt to be planned")
        cs.rest(0.3)
        take(priya, directory / "offline.png")


def main() -> int:
    """Take the pictures; 1 when a font is missing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("directory", nargs="?", type=Path, default=ROOT / "screenshots")
    arguments = parser.parse_args()
    try:
        check_fonts()
    except FontMissingError as error:
        print(error, file=sys.stderr)
        return 1
    pictures(arguments.directory)
    for path in sorted(arguments.directory.glob("*.png")):
        width, height = Image.open(path).size
        print(f"{path}: {width}×{height}, {path.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
