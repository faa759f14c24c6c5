"""Our loop as urwid's event loop: one selector watches the keyboard, the socket and the clock, and frames are
paced.

Here lives the rule for when the screen is drawn, and nothing about what is drawn. The stock loops of urwid
draw after everything that happens, and only in a pass in which nothing else is ready, so a busy socket makes
them either draw a thousand times a second or never. The rule here: what the user did is drawn at once, in the
same pass; what came from elsewhere asks for a frame (`want_frame`), and frames are at least `frame_s` apart.
Next: `app.py`.
"""

import contextlib
import sys
from collections.abc import Callable
from typing import Final

import urwid

from chatroom.net.loop import Loop, Timer

FRAME_S: Final = 1 / 25
SSH_FRAME_S: Final = 1 / 10
"""A scrolling transcript of 80×24 is 3 KB a frame, one of 200×50 is 13 KB: 25 a second are too much for a far
link.
"""

# A frame that took long to make and to write is followed by at least that much time for everything else.
_REST_PER_COST: Final = 1.0

# select() on Windows does not wake for Ctrl-C; elsewhere a signal ends the wait.
_LONGEST_WAIT_S: Final = 0.25 if sys.platform == "win32" else None


class UrwidLoop(urwid.EventLoop):
    """The event loop to give to `urwid.MainLoop`, over a `Loop` that its owner goes on using directly.

    Idle callbacks run in the order in which they were added; urwid adds the one that draws when it starts, so
    a callback added before `MainLoop.run` brings widgets up to date just before each drawing.
    """

    def __init__(self, loop: Loop, frame_s: float = FRAME_S) -> None:
        super().__init__()
        self._loop = loop
        self._frame_s = frame_s
        self._idle: dict[int, Callable[[], object]] = {}
        self._idle_made = 0
        self._watched: set[int] = set()
        self._frame: Timer | None = None
        self._next_frame_at = 0.0
        self._has_input = False
        self.frames = 0
        """How many times the idle callbacks ran."""

    # Frames

    def want_frame(self) -> None:
        """Draw soon: at once when the last frame is old enough, else when it is. Costs nothing when asked
        again.
        """
        if self._frame is None:
            self._frame = self._loop.call_at(self._next_frame_at, self._draw)

    def _draw(self) -> None:
        if self._frame is not None:
            self._frame.cancel()
            self._frame = None
        self._has_input = False
        began = self._loop.now()
        self._next_frame_at = began + self._frame_s  # a callback may want the next one already
        for callback in list(self._idle.values()):
            callback()
        self.frames += 1
        ended = self._loop.now()
        rested = ended + (ended - began) * _REST_PER_COST
        if rested > self._next_frame_at:
            self._next_frame_at = rested
            self._put_off(rested)

    def _put_off(self, when: float) -> None:
        """Draw the frame that a callback asked for meanwhile at `when`."""
        if self._frame is not None:
            self._frame.cancel()
            self._frame = self._loop.call_at(when, self._draw)

    # What urwid asks of an event loop

    def run(self) -> None:
        """Run until a callback raises; `ExitMainLoop` ends it quietly, everything else comes out."""
        with contextlib.suppress(urwid.ExitMainLoop):
            while True:
                self._loop.run_once(_LONGEST_WAIT_S)
                if self._has_input:
                    self._draw()

    def alarm(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call once after `seconds`, then want a frame."""

        def ring() -> None:
            callback()
            self.want_frame()

        return self._loop.call_later(seconds, ring)

    def remove_alarm(self, handle: Timer) -> bool:
        """Cancel an alarm; whether it was still to come."""
        was_pending = handle.is_pending
        handle.cancel()
        return was_pending

    def watch_file(self, fd: int, callback: Callable[[], object]) -> int:
        """Call whenever `fd` is readable. Only urwid's own input is watched through here, so it is drawn at
        once.
        """

        def read() -> None:
            self._has_input = True
            callback()

        self._loop.watch(fd, read)
        self._watched.add(fd)
        return fd

    def remove_watch_file(self, handle: int) -> bool:
        """Watch `fd` no more; whether it was watched."""
        if handle not in self._watched:
            return False
        self._watched.discard(handle)
        self._loop.unwatch(handle)
        return True

    def enter_idle(self, callback: Callable[[], object]) -> int:
        """Call before every rest, that is: for every frame."""
        self._idle_made += 1
        self._idle[self._idle_made] = callback
        return self._idle_made

    def remove_enter_idle(self, handle: int) -> bool:
        """Do not call it any more; whether it was called until now."""
        return self._idle.pop(handle, None) is not None
