"""A program on a terminal of its own: a pty, the emulator, keys in and screen out.

Nothing here waits for a time to pass: `wait` reads until a condition holds or a deadline is over. POSIX
only, since ptys are; tests that use it skip elsewhere. Next: `emulator.py`.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from support.emulator import Emulator
from support.patience import PATIENCE_S, busy_s, wait_until

_READ_BYTES = 65536
FRAME_BEGINS, FRAME_ENDS = b"\x1b[?2026h", b"\x1b[?2026l"

# A new session has no terminal until it takes one; without it no Ctrl-C, no hang-up, no word of a new size.
_LAUNCH = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""

ENVIRON = {
    "LANG": "C.UTF-8",
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "PATH": os.environ.get("PATH", ""),
}


def set_size(fd: int, cols: int, rows: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


class Terminal:
    """`argv` running on a terminal of `cols` × `rows`; a context manager that ends it."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        cols: int = 80,
        rows: int = 24,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._master, slave = pty.openpty()
        set_size(slave, cols, rows)
        self.modes_before = termios.tcgetattr(slave)
        self._slave = slave  # kept open: what the program leaves behind can be looked at after its end
        self.emulator = Emulator(cols, rows, self._answer)
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", _LAUNCH, *(str(part) for part in argv)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={**ENVIRON, **(environ or {})},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Keys and signals

    def send(self, keys: str | bytes) -> None:
        """Type `keys`; returns when the terminal has taken them."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            _, writable, _ = select.select([], [self._master], [], 0.01)
            if writable:
                data = data[os.write(self._master, data[:1024]) :]
            self.pump(0)

    def _answer(self, data: bytes) -> None:
        """Send what the terminal itself answers; nothing is read meanwhile, or a later frame would come
        first.
        """
        os.write(self._master, data)

    def resize(self, cols: int, rows: int) -> None:
        """Change the size of the window; the kernel tells the program."""
        self.emulator.resize(cols, rows)
        set_size(self._master, cols, rows)

    def signal(self, signum: signal.Signals) -> None:
        self.process.send_signal(signum)

    # Screen

    def pump(self, timeout_s: float) -> bool:
        """Take what the program wrote, waiting at most so long for it; whether there was anything."""
        readable, _, _ = select.select([self._master], [], [], timeout_s)
        if not readable:
            return False
        try:
            data = os.read(self._master, _READ_BYTES)
        except OSError:  # Linux: no program has the terminal open any more
            return False
        self.emulator.feed(data)
        return bool(data)

    def wait(self, holds: Callable[[], bool], what: str = "", deadline_s: float = PATIENCE_S) -> float:
        """Read until `holds()`; return the seconds it took. Fails with the screen as it is when the time
        is over.
        """
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > deadline_s:
                raise AssertionError(f"not within {deadline_s} s: {what or holds}\n{self.picture()}")
            self.pump(0.01)
        return time.monotonic() - began

    def wait_text(self, text: str) -> float:
        """Read until `text` is on the screen."""
        return self.wait(lambda: text in self.emulator.text, f"{text!r} on the screen")

    def settle(self, quiet_s: float = 0.15) -> None:
        """Read until nothing has come for `quiet_s`, and no frame is half drawn."""
        while self.pump(quiet_s) or (self.process.poll() is None and self._is_drawing):
            pass

    @property
    def _is_drawing(self) -> bool:
        return self.raw.rfind(FRAME_BEGINS) > self.raw.rfind(FRAME_ENDS)

    def busy_s(self) -> float:
        """`patience.busy_s` of the program."""
        return busy_s(self.process.pid)

    @property
    def text(self) -> str:
        return self.emulator.text

    @property
    def lines(self) -> list[str]:
        return self.emulator.lines

    @property
    def raw(self) -> bytearray:
        return self.emulator.raw

    def picture(self) -> str:
        """The screen in a frame, for a failing test."""
        cols = self.emulator.screen.columns
        return "\n".join(("+" + "-" * cols + "+", *self.lines, "+" + "-" * cols + "+"))

    # The end

    def modes_now(self) -> list[object]:
        """The terminal's modes as the program left them, to compare with `modes_before`."""
        return termios.tcgetattr(self._slave)

    def wait_end(self) -> int:
        """Read until the program has ended; return its exit status (negative: the signal)."""
        self.wait(lambda: self.process.poll() is not None, "the program to end")
        self.settle(0.05)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in (self._master, self._slave):
            os.close(fd)


def wait_all(terminals: Sequence[Terminal], holds: Callable[[], bool], what: str) -> None:
    """As `Terminal.wait` for several programs: all are read, so that none waits for its terminal."""

    def pump() -> None:
        for terminal in terminals:
            terminal.pump(0.005)

    wait_until(holds, f"not seen: {what}", between=pump)
