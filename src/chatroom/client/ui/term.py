"""The terminal: urwid's raw screen set up for us, and what a program can ask of a terminal besides drawing.

Here live the modes we need (marked pastes, focus, no flow control, Ctrl-C and Ctrl-Z as keys, Ctrl-J apart
from Enter), bell, notifications, clipboard and title. Text that goes into a sequence is cleaned of control
characters here, whatever was done before. Read next: `probe.py` for what is asked before the screen starts.
"""

import os
import re
import sys
from collections.abc import Mapping
from typing import Final, Literal

import urwid
from urwid.display import raw

from chatroom.client.themes.theme import Theme
from chatroom.client.ui.palette import palette
from chatroom.client.ui.pastes import PasteReader

if sys.platform != "win32":
    import termios

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_NOTE_CHARS_MAX: Final = 200
_TITLE_CHARS_MAX: Final = 80

_LINE_FEED: Final = 10
_META_ENTER: Final = (27, 13)

COLOURS: Final[Mapping[str, Literal[1, 16, 256, 16777216]]] = {
    "true": 16777216,
    "256": 256,
    "16": 16,
    "mono": 1,
}


def is_usable(environ: Mapping[str, str]) -> bool:
    """Whether standard input and output are a terminal on which a full-screen program can draw."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return is_terminal and environ.get("TERM", "") != "dumb"


def let_go() -> None:
    """Have nothing more written to a terminal that is gone: it would fail when Python ends, with a code of
    its own.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for fd in (1, 2):
        os.dup2(nowhere, fd)
    os.close(nowhere)


class Terminal(raw.Screen):
    """The screen to give to `urwid.MainLoop`."""

    def __init__(self, theme: Theme, colours: str = "auto") -> None:
        urwid.set_encoding("utf-8")
        # What a terminal answers to "do you know this mode?" is not to be relied on: tmux 3.3 is silent.
        super().__init__(bracketed_paste_mode=True, focus_reporting=True)
        if colours in COLOURS:
            self.set_terminal_properties(colors=COLOURS[colours])
        has_eight = self.colors <= 16 and self.fg_bright_is_bold
        self.register_palette(palette(theme, has_eight=has_eight, has_256=self.colors == 256))
        self.pastes = PasteReader()

    def _start(self, alternate_buffer: bool = True, *args: object, **kwargs: object) -> None:
        super()._start(alternate_buffer, *args, **kwargs)
        # After urwid has noted the user's own settings, so that stopping gives those back.
        self.tty_signal_keys(
            intr="undefined",
            quit="undefined",
            start="undefined",
            stop="undefined",
            susp="undefined",
            fileno=self._input_fileno(),
        )
        self._tell_enter_from_line_feed()

    def _tell_enter_from_line_feed(self) -> None:
        """Have Enter arrive as the carriage return it is, so that Ctrl-J is another key."""
        if sys.platform == "win32":
            return
        fd = self._input_fileno()
        if fd is None or not os.isatty(fd):
            return
        modes = termios.tcgetattr(fd)
        modes[0] &= ~termios.ICRNL
        termios.tcsetattr(fd, termios.TCSADRAIN, modes)

    def get_available_raw_input(self) -> list[int]:
        """Return what was typed; a line feed (Ctrl-J) becomes Alt-Enter; pastes go to `pastes`."""
        codes = self.pastes.take(super().get_available_raw_input())
        if _LINE_FEED not in codes:
            return codes
        return [part for code in codes for part in (_META_ENTER if code == _LINE_FEED else (code,))]

    def ring(self) -> None:
        """Ring the bell."""
        self.write("\a")
        self.flush()

    def notify(self, title: str, text: str) -> None:
        """Ask for a desktop notification: OSC 777 where it is known, else OSC 9. Terminals that know neither
        ignore both.
        """
        if self.term in ("linux", "fbterm"):
            return
        head, body = (_CONTROLS.sub(" ", part)[:_NOTE_CHARS_MAX].replace(";", ",") for part in (title, text))
        is_777 = "rxvt" in self.term or "foot" in self.term or "VTE_VERSION" in os.environ
        self.write(f"\x1b]777;notify;{head};{body}\x1b\\" if is_777 else f"\x1b]9;{head}: {body}\x1b\\")
        self.flush()

    def show_title(self, title: str) -> None:
        """Name the window."""
        self.set_title(_CONTROLS.sub(" ", title)[:_TITLE_CHARS_MAX])
