"""The shipped programs as processes, each with a thread that notes what it is given, told and shown.

`Writer` is `chatroom send --lines`, `Watcher` is `chatroom tail --json`. They are ended by their own ids.
Read next: `history.py`, `kills.py`.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from torture.history import History

WAIT_S: Final = 60.0
CLIENT: Final = (sys.executable, "-m", "chatroom.cli.client")


def wait_until(holds: Callable[[], object], what: str, within_s: float = WAIT_S) -> None:
    """Wait until something holds. Raises TimeoutError."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.005)


class Person:
    """Somebody with files of their own, and the commands they type."""

    def __init__(self, directory: Path, join: str, handle: str, client: Sequence[str] = CLIENT) -> None:
        self.directory = directory / handle
        self.join = join
        self.handle = handle
        self.client = client

    def command(self, name: str, *arguments: str) -> list[str]:
        places = ["--data-dir", str(self.directory), "--config", str(self.directory / "client.toml")]
        return [*self.client, name, *places, "--to", self.join, "--handle", self.handle, *arguments]

    def entries(self, room: str) -> list[dict[str, object]]:
        """The whole room as a fresh reader sees it."""
        command = self.command("tail", "--json", "--since", "0", "--no-follow", room)
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]


class Writer:
    """`chatroom send --lines`, fed as fast as `most_unanswered` allows until it is told to stop."""

    def __init__(
        self,
        person: Person,
        history: History,
        *,
        room: str = "lobby",
        name: str = "",
        count: int | None = None,
        most_unanswered: int = 200,
    ) -> None:
        self.person = person
        self.history = history
        self.room = room
        self.name = name or person.handle
        self.count = count
        self.most_unanswered = most_unanswered
        self.given = 0
        self.ok_times: list[float] = []
        self._stops = threading.Event()
        command = person.command("send", "--lines", "--timeout", str(WAIT_S), room)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, bufsize=1)
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._feed, self._hear)]
        for thread in self._threads:
            thread.start()

    @property
    def told(self) -> int:
        """How many of its messages are acknowledged."""
        return len(self.ok_times)

    def _feed(self) -> None:
        pipe = self.process.stdin
        assert pipe is not None
        with contextlib.suppress(BrokenPipeError, ValueError):
            while not self._stops.is_set() and (self.count is None or self.given < self.count):
                if self.given - self.told >= self.most_unanswered:
                    time.sleep(0.002)
                    continue
                text = f"{self.name} {self.given}"
                self.history.add("invoke", who=self.person.handle, room=self.room, text=text)
                self.given += 1
                pipe.write(f"{text}\n")
                if not self.given % 20:
                    time.sleep(0.005)
        with contextlib.suppress(BrokenPipeError):
            pipe.close()

    def _hear(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            room, seq = line.split()
            self.ok_times.append(time.monotonic())
            self.history.add("ok", who=self.person.handle, room=room, seq=int(seq))

    def finish(self) -> str:
        """Give it the rest of its `count`, or no more; wait until all is stored; return its complaints."""
        if self.count is None:
            self._stops.set()
        code = self.process.wait(WAIT_S)
        return self._over("done" if code == 0 else "killed", "" if code == 0 else f"exit code {code}: ")

    def kill(self) -> None:
        """SIGKILL."""
        self._stops.set()
        self.process.kill()
        self.process.wait(WAIT_S)
        self._over("killed", "")

    def died(self) -> None:
        """Wait until it ends by itself, by a crash that was asked for."""
        self.process.wait(WAIT_S)
        self._stops.set()
        self._over("killed", "")

    def _over(self, op: str, prefix: str) -> str:
        for thread in self._threads:
            thread.join(WAIT_S)
        assert self.process.stderr is not None
        assert self.process.stdout is not None
        complaint = self.process.stderr.read()
        self.process.stderr.close()
        self.process.stdout.close()
        self.history.add(op, who=self.person.handle)
        return f"{self.person.handle}: {prefix}{complaint}" if prefix or complaint else ""


class Watcher:
    """`chatroom tail --json` from the beginning of a room."""

    def __init__(self, person: Person, history: History, *, room: str = "lobby", screen: str = "") -> None:
        self.screen = screen or person.handle
        self.history = history
        self.room = room
        self.shown = 0
        history.add("open", screen=self.screen, room=room, after=0)
        self.process = subprocess.Popen(
            person.command("tail", "--json", "--since", "0", room),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def _hear(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.endswith("\n"):
                break  # it was killed in the middle of a line
            entry = json.loads(line)
            self.history.add("seen", screen=self.screen, **note(entry))
            self.shown = entry["seq"]

    def finish(self, head: int) -> None:
        """Wait until it shows everything up to `head`; what is missing then is for the checker to find."""
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: self.shown >= head or self.process.poll() is not None, "watcher")
        self.history.add("end", screen=self.screen, room=self.room)
        self.kill()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(WAIT_S)
        self._thread.join(WAIT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


def note(entry: dict[str, object]) -> dict[str, object]:
    """What the checker wants to know of an entry."""
    text = entry["text"] if entry["kind"] == "message" else None
    return {"room": entry["room"], "seq": entry["seq"], "author": entry["author"], "text": text}


def note_log(person: Person, history: History, room: str = "lobby") -> int:
    """Note the whole room as it is at the end; return its head."""
    entries = person.entries(room)
    for entry in entries:
        history.add("log", **note(entry))
    return len(entries)
