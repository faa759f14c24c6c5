"""The loop: one selector, timers, signals, and calls from other threads. Both programs run on it.

A pass waits, then calls what is ready, then the timers that are due, then what signals and threads left. It
knows descriptors and callbacks only: reading, writing and every policy about peers live above. Next:
`stream.py`.
"""

import contextlib
import os
import select
import selectors
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Final, Protocol

from chatroom.net.timers import Timer, TimerQueue

__all__ = ["Callback", "HasFileno", "Loop", "Timer"]

Callback = Callable[[], None]

# Takes the longest wait, in seconds, and how many to give at most: descriptors and what epoll says of them.
Poll = Callable[[float, int], list[tuple[int, int]]]

# The longest single wait. Some selectors overflow on waits of weeks; a pass that returns early does no harm.
MAX_WAIT_S = 3600.0
NO_EVENTS = 0

# What epoll reports: data or an end; room to write. An error or a hang-up counts as both.
EPOLL_READABLE: Final = 1
EPOLL_WRITABLE: Final = 4


class HasFileno(Protocol):
    """A socket, or anything else that stands for a descriptor."""

    def fileno(self) -> int:
        """The descriptor; negative when it is closed."""


class _Watch:
    """What the loop knows of one descriptor; emptied by `unwatch`, so a stale event finds no callback."""

    __slots__ = ("events", "fd", "on_readable", "on_writable", "source")

    def __init__(self, source: HasFileno | int, fd: int) -> None:
        self.source = source
        self.fd = fd
        self.events = NO_EVENTS
        self.on_readable: Callback | None = None
        self.on_writable: Callback | None = None


class Loop:
    """A single-threaded event loop. All but `call_from_thread` belongs to the thread that runs it.

    Readiness is level-triggered: what a callback leaves unread is reported again in the next pass. `selector`
    is for tests; by default it is the best one the system has.
    """

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        self.now: Callable[[], float] = time.monotonic
        """Monotonic seconds; no Python between caller and clock."""
        self._selector = selectors.DefaultSelector() if selector is None else selector
        self._poll = _poll_of(self._selector)
        self._watches: dict[int, _Watch] = {}
        self._timers = TimerQueue()
        self._calls: deque[Callback] = deque()
        self._signals: deque[int] = deque()
        self._on_signal: dict[int, Callback] = {}
        self._former_handlers: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}
        self._former_wakeup_fd: int | None = None
        self._wake_lock = threading.Lock()  # no thread may write to a descriptor that close() gave back
        self._is_closed = False
        # A socket pair and not a pipe: on Windows select() takes sockets only.
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self.watch(self._wake_reader, self._drain_wake)

    # Descriptors

    def watch(
        self,
        sock_or_fd: HasFileno | int,
        on_readable: Callback | None,
        on_writable: Callback | None = None,
    ) -> None:
        """Call `on_readable` in every pass in which the descriptor can be read, is at its end or has failed.

        `on_writable` is called only while `want_write` asks for it. Watching a watched descriptor again
        replaces the callbacks and keeps the wish to write. Take the watch off before closing the descriptor.
        Raises OSError when the system cannot watch such a thing (epoll: a regular file).
        """
        fd = sock_or_fd if isinstance(sock_or_fd, int) else sock_or_fd.fileno()
        watch = self._watches.get(fd)
        if watch is not None and watch.source is not sock_or_fd:
            self.unwatch(fd)  # the number was given to another socket: the system has forgotten the old one
            watch = None
        if watch is None:
            watch = self._watches[fd] = _Watch(sock_or_fd, fd)
        watch.on_readable = on_readable
        watch.on_writable = on_writable
        events = watch.events & selectors.EVENT_WRITE if on_writable is not None else NO_EVENTS
        try:
            self._ask_for(watch, events if on_readable is None else events | selectors.EVENT_READ)
        except (OSError, ValueError):
            del self._watches[fd]  # leave no half-made watch
            raise

    def want_write(self, sock_or_fd: HasFileno | int, wanted: bool) -> None:
        """Ask for `on_writable` while `wanted`. A look-up and no system call when nothing changes."""
        watch = self._watches[sock_or_fd if isinstance(sock_or_fd, int) else sock_or_fd.fileno()]
        events = watch.events | selectors.EVENT_WRITE if wanted else watch.events & ~selectors.EVENT_WRITE
        if events != watch.events:
            self._ask_for(watch, events)

    def want_read(self, sock_or_fd: HasFileno | int, wanted: bool) -> None:
        """Pause or resume reading: while paused, bytes wait in the kernel and hold their sender back."""
        watch = self._watches[sock_or_fd if isinstance(sock_or_fd, int) else sock_or_fd.fileno()]
        events = watch.events | selectors.EVENT_READ if wanted else watch.events & ~selectors.EVENT_READ
        if events != watch.events:
            self._ask_for(watch, events)

    def unwatch(self, sock_or_fd: HasFileno | int) -> None:
        """Forget the descriptor. Safe in any callback: none of its own runs after that, even in this pass.

        Harmless for what is not watched. A socket object that was closed first is found by identity.
        """
        fd = sock_or_fd if isinstance(sock_or_fd, int) else sock_or_fd.fileno()
        if fd < 0:
            fd = next((known for known, watch in self._watches.items() if watch.source is sock_or_fd), fd)
        watch = self._watches.pop(fd, None)
        if watch is not None:
            watch.on_readable = watch.on_writable = None
            self._ask_for(watch, NO_EVENTS)

    def _ask_for(self, watch: _Watch, events: int) -> None:
        """Bring the selector in step with the wish.

        Without any wish the descriptor is taken out: a selector refuses an empty mask, and epoll would report
        a hang-up for ever to somebody who does not listen.
        """
        former = watch.events
        if not former:
            if events:
                self._selector.register(watch.fd, events, watch)
        elif not events:
            self._selector.unregister(watch.fd)
        elif former != events:
            self._selector.modify(watch.fd, events, watch)
        watch.events = events

    # Timers

    def call_at(self, when: float, callback: Callback) -> Timer:
        """Call once when `now()` has reached `when`. Equal times keep their order."""
        return self._timers.add(when, callback)

    def call_later(self, delay_s: float, callback: Callback) -> Timer:
        """Call once, `delay_s` seconds from now. Made by a timer, it runs in a later pass."""
        return self._timers.add(time.monotonic() + delay_s, callback)

    # Threads and signals

    def call_from_thread(self, callback: Callback) -> None:
        """Call in the loop's thread, in order of arrival; wakes it. Dropped after `close`."""
        with self._wake_lock:
            if self._is_closed:
                return
            self._calls.append(callback)
            with contextlib.suppress(BlockingIOError):  # full of earlier wake-ups, so it wakes anyway
                self._wake_writer.send(b"\0")

    def on_signal(self, signum: int, callback: Callback) -> None:
        """Call in the loop for every arrival of the signal. Main thread only.

        `close` restores the handler that was there before.
        """
        former = signal.signal(signum, self._note_signal)
        self._former_handlers.setdefault(signum, former)
        self._on_signal[signum] = callback
        if self._former_wakeup_fd is None:
            wake_fd = self._wake_writer.fileno()
            self._former_wakeup_fd = signal.set_wakeup_fd(wake_fd, warn_on_full_buffer=False)

    def _note_signal(self, signum: int, frame: FrameType | None) -> None:
        self._signals.append(signum)

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_reader.recv(4096):
                pass

    # The pass

    def run_once(
        self, timeout_s: float | None = None, pause_for: Callable[[int], float] | None = None
    ) -> None:
        """One pass: wait at most `timeout_s` (None: until something happens), call what there is to call.

        When something is ready, `pause_for` is told how many descriptors are, and says how many seconds to
        wait for more before anything is called; what is ready then is called in this pass too.

        What a callback raises comes out of here, and nothing is lost by it: descriptors still ready are
        reported by the next pass; timers still due, signals and threads' calls still waiting are called then.
        """
        wait_s = MAX_WAIT_S if timeout_s is None else min(timeout_s, MAX_WAIT_S)
        if self._calls or self._signals:
            wait_s = 0.0
        ready = self._ready(max(0.0, min(wait_s, self._timers.next_when - time.monotonic())))
        if ready and pause_for is not None and (pause_s := pause_for(len(ready))) > 0:
            time.sleep(pause_s)
            ready = self._ready(0.0)
        for watch, events in ready:
            if events & selectors.EVENT_READ and watch.on_readable is not None:
                watch.on_readable()
            if events & selectors.EVENT_WRITE and watch.on_writable is not None:
                watch.on_writable()
        now = time.monotonic()
        if now >= self._timers.next_when:
            self._timers.run_due(now)
        for _ in range(len(self._signals)):
            self._on_signal[self._signals.popleft()]()
        for _ in range(len(self._calls)):  # those that arrive meanwhile wait for the next pass
            self._calls.popleft()()

    def _ready(self, wait_s: float) -> list[tuple[_Watch, int]]:
        """Wait at most so long, and return what is ready, with the events of `selectors`.

        Where the selector is an epoll it is asked directly: `select` of the standard library is Python that
        runs once a pass, cold: 12 us of the 500 of a pass in `chat`, 22 of 780 in `busy`.
        """
        if self._poll is None:
            return [(key.data, events) for key, events in self._selector.select(wait_s)]
        ready: list[tuple[_Watch, int]] = []
        for fd, reported in self._poll(wait_s, len(self._watches)):
            watch = self._watches.get(fd)
            if watch is not None:  # an error and a hang-up are reported to who wants nothing, too
                events = selectors.EVENT_READ if reported == EPOLL_READABLE else _events_of(reported)
                ready.append((watch, events & watch.events))
        return ready

    def close(self) -> None:
        """Give back signal handlers and the loop's own descriptors; watched ones stay open."""
        with self._wake_lock:
            if self._is_closed:
                return
            self._is_closed = True
        if self._former_wakeup_fd is not None:
            signal.set_wakeup_fd(self._former_wakeup_fd)
        for signum, former in self._former_handlers.items():
            if former is not None:  # None: it was not set from Python and cannot be put back
                signal.signal(signum, former)
        self._poll = None  # with the epoll that it belongs to
        self._selector.close()
        self._wake_reader.close()
        self._wake_writer.close()
        self._watches.clear()


def _poll_of(selector: selectors.BaseSelector) -> Poll | None:
    """Return what waits at the epoll of a selector; None where it has none. It has a descriptor of its own,
    for the object that the selector holds is private.
    """
    if sys.platform != "linux" or type(selector) is not selectors.EpollSelector:
        return None
    return select.epoll.fromfd(os.dup(selector.fileno())).poll


def _events_of(events: int) -> int:
    """Return the events of `selectors` for those of epoll."""
    readable = selectors.EVENT_READ if events & ~EPOLL_WRITABLE else NO_EVENTS
    return readable | selectors.EVENT_WRITE if events & ~EPOLL_READABLE else readable
