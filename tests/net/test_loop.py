import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.net.loop import Loop
from support.patience import PATIENCE_S, wait_until

SELECTORS = [
    getattr(selectors, name)
    for name in ("EpollSelector", "PollSelector", "SelectSelector", "KqueueSelector")
    if hasattr(selectors, name)
]


@pytest.fixture(params=SELECTORS, ids=lambda kind: kind.__name__)
def loop(request: pytest.FixtureRequest) -> Iterator[Loop]:
    loop = Loop(request.param())
    yield loop
    loop.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


Pair = tuple[socket.socket, socket.socket]


def _fail() -> None:
    raise ZeroDivisionError


def test_what_is_left_unread_is_reported_again(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    got: list[bytes] = []
    loop.watch(ours, lambda: got.append(ours.recv(1)))
    theirs.send(b"abc")
    for _ in range(4):
        loop.run_once(0)
    assert got == [b"a", b"b", b"c"]


def test_what_comes_during_a_pause_is_served_in_the_same_pass(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    asked: list[int] = []
    got: list[bytes] = []
    loop.watch(ours, lambda: got.append(ours.recv(10)))
    loop.watch(theirs, lambda: got.append(theirs.recv(10)))

    def pause_for(ready: int) -> float:
        asked.append(ready)
        ours.send(b"late")
        return 0.001

    loop.run_once(0, pause_for)
    assert (asked, got) == ([], [])
    theirs.send(b"early")
    loop.run_once(0, pause_for)
    assert asked == [1]
    assert sorted(got) == [b"early", b"late"]


def test_a_pass_without_events_ends_at_its_timeout(loop: Loop) -> None:
    start = time.monotonic()
    loop.run_once(0.05)
    assert 0.04 < time.monotonic() - start < PATIENCE_S


def test_a_timer_cuts_the_wait_short_and_runs_once(loop: Loop) -> None:
    ran: list[float] = []
    timer = loop.call_later(0.02, lambda: ran.append(loop.now()))
    while not ran:
        loop.run_once(PATIENCE_S)
    assert timer.when <= ran[0] < timer.when + PATIENCE_S / 2
    loop.run_once(0)
    assert len(ran) == 1


def test_a_timer_of_the_past_runs_at_once(loop: Loop) -> None:
    ran: list[int] = []
    loop.call_at(loop.now() - 100, lambda: ran.append(1))
    loop.run_once(None)
    assert ran == [1]


def test_a_timer_years_ahead_does_not_break_the_wait(loop: Loop) -> None:
    loop.call_later(1e12, lambda: None)
    loop.run_once(0.01)


def test_writability_is_reported_only_while_it_is_wanted(loop: Loop, pair: Pair) -> None:
    ours, _ = pair
    ran: list[str] = []
    loop.watch(ours, lambda: ran.append("read"), lambda: ran.append("write"))
    loop.run_once(0)
    assert ran == []
    loop.want_write(ours, True)
    loop.run_once(0)
    assert ran == ["write"]
    loop.want_write(ours, False)
    loop.run_once(0)
    assert ran == ["write"]


def test_reading_can_be_paused_and_resumed(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    got: list[bytes] = []
    loop.watch(ours, lambda: got.append(ours.recv(10)))
    loop.want_read(ours, False)
    theirs.send(b"x")
    loop.run_once(0)
    assert got == []
    loop.want_read(ours, True)
    loop.run_once(0)
    assert got == [b"x"]


def test_a_paused_descriptor_that_hangs_up_does_not_spin(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    loop.watch(ours, lambda: None)
    loop.want_read(ours, False)
    theirs.close()
    start = time.monotonic()
    loop.run_once(0.05)
    assert time.monotonic() - start > 0.04


def _hang_up(pair: Pair) -> None:
    """Reset both directions, as a peer that is gone does."""
    ours, theirs = pair
    ours.shutdown(socket.SHUT_RDWR)
    theirs.close()


@pytest.mark.parametrize(("reads", "writes"), [(True, False), (False, True), (True, True), (False, False)])
def test_a_hang_up_is_told_to_what_is_wanted_and_to_nothing_else(
    loop: Loop, pair: Pair, reads: bool, writes: bool
) -> None:
    ours, _theirs = pair
    called: set[str] = set()
    loop.watch(ours, lambda: called.add("readable"), lambda: called.add("writable"))
    loop.want_read(ours, wanted=reads)
    loop.want_write(ours, wanted=writes)
    _hang_up(pair)
    loop.run_once(0.05)
    assert called == {name for name, wanted in (("readable", reads), ("writable", writes)) if wanted}
    loop.unwatch(ours)


@pytest.mark.skipif(not hasattr(selectors, "EpollSelector"), reason="only epoll reports them")
def test_a_closed_socket_whose_copy_lives_calls_nobody_who_got_its_number(pair: Pair) -> None:
    loop, called = Loop(), []
    ours, theirs = socket.socketpair()
    with ours.dup():
        loop.watch(ours, lambda: called.append("old"))
        number = ours.fileno()
        ours.close()
        theirs.send(b"x")
        loop.unwatch(ours)
        loop.run_once(0.01)
        new = socket.socket(fileno=os.dup2(pair[0].fileno(), number))
        loop.watch(new, None, lambda: called.append("new"))
        loop.run_once(0.01)
        assert called == []
        loop.want_write(new, wanted=True)
        loop.run_once(PATIENCE_S)
        assert called == ["new"]
        loop.unwatch(new)
    new.close()
    theirs.close()
    loop.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
@pytest.mark.parametrize("kind", SELECTORS)
def test_a_closed_loop_leaves_no_descriptor(kind: type[selectors.BaseSelector]) -> None:
    def count() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    before = count()
    loop = Loop(kind())
    assert count() > before
    loop.close()
    assert count() == before


def test_nothing_is_asked_of_the_selector_when_a_wish_does_not_change() -> None:
    class Counting(selectors.SelectSelector):
        changes = 0

        def modify(self, *args: object) -> selectors.SelectorKey:
            self.changes += 1
            return super().modify(*args)

    selector = Counting()
    loop = Loop(selector)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        loop.watch(ours, lambda: None, lambda: None)
        for wanted in (False, False, True, True, True, False, False):
            loop.want_write(ours, wanted)
        assert selector.changes == 2
        loop.unwatch(ours)
    loop.close()


def test_unwatching_another_in_a_callback_keeps_its_ready_callback_from_running(loop: Loop) -> None:
    pairs = [socket.socketpair() for _ in range(5)]
    ran: list[int] = []

    def first_takes_all(index: int) -> None:
        ran.append(index)
        for ours, _ in pairs:
            loop.unwatch(ours)

    for index, (ours, theirs) in enumerate(pairs):
        loop.watch(ours, lambda index=index: first_takes_all(index))
        theirs.send(b"x")
    loop.run_once(0)
    loop.run_once(0)
    assert len(ran) == 1
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_unwatching_itself_when_readable_keeps_its_write_callback_from_running(
    loop: Loop, pair: Pair
) -> None:
    ours, theirs = pair
    ran: list[str] = []
    loop.watch(ours, lambda: loop.unwatch(ours), lambda: ran.append("write"))
    loop.want_write(ours, True)
    theirs.send(b"x")
    loop.run_once(0)
    assert ran == []


def test_a_descriptor_number_used_again_in_the_same_pass_gets_no_event_of_the_old_one(loop: Loop) -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    fresh: list[socket.socket] = []
    stale: list[str] = []

    def replace_other(other: socket.socket) -> None:
        if fresh:
            return
        number = other.fileno()
        loop.unwatch(other)
        other.close()
        fresh.extend(socket.socketpair())
        assert number in [sock.fileno() for sock in fresh]
        for sock in fresh:
            loop.watch(sock, lambda: stale.append("stale"))

    (ours_a, theirs_a), (ours_b, theirs_b) = pairs
    loop.watch(ours_a, lambda: replace_other(ours_b))
    loop.watch(ours_b, lambda: replace_other(ours_a))
    theirs_a.send(b"x")
    theirs_b.send(b"x")
    loop.run_once(0)
    assert fresh
    assert stale == []
    for sock in (ours_a, ours_b, theirs_a, theirs_b, *fresh):
        loop.unwatch(sock)
        sock.close()


def test_a_socket_closed_before_its_watch_was_taken_off_is_still_forgotten(loop: Loop) -> None:
    ours, theirs = socket.socketpair()
    loop.watch(ours, lambda: None)
    ours.close()
    loop.unwatch(ours)
    loop.unwatch(ours)
    loop.run_once(0)
    theirs.close()


def test_a_new_socket_under_the_number_of_one_closed_while_watched_is_watched_afresh(loop: Loop) -> None:
    ours, theirs = socket.socketpair()
    number = ours.fileno()
    loop.watch(ours, lambda: None)
    ours.close()
    theirs.close()
    sockets = socket.socketpair()
    fresh = next(sock for sock in sockets if sock.fileno() == number)
    other = next(sock for sock in sockets if sock is not fresh)
    got: list[bytes] = []
    loop.watch(fresh, lambda: got.append(fresh.recv(10)))
    other.send(b"x")
    loop.run_once(1)
    assert got == [b"x"]
    loop.unwatch(fresh)
    fresh.close()
    other.close()


def test_an_exception_comes_out_and_the_others_are_served_by_the_next_pass(loop: Loop) -> None:
    pairs = [socket.socketpair() for _ in range(4)]
    served: list[int] = []

    def serve(index: int) -> None:
        pairs[index][0].recv(1)
        served.append(index)
        if len(served) == 1:
            raise LookupError("the first one fails")

    for index, (ours, theirs) in enumerate(pairs):
        loop.watch(ours, lambda index=index: serve(index))
        theirs.send(b"x")
    loop.call_at(0, lambda: served.append(-1))
    loop.call_from_thread(lambda: served.append(-2))
    with pytest.raises(LookupError):
        loop.run_once(0)
    loop.run_once(0)
    assert sorted(served) == [-2, -1, 0, 1, 2, 3]
    for ours, theirs in pairs:
        ours.close()
        theirs.close()


def test_a_failing_call_from_a_thread_does_not_swallow_those_behind_it(loop: Loop) -> None:
    ran: list[int] = []
    loop.call_from_thread(_fail)
    loop.call_from_thread(lambda: ran.append(1))
    with pytest.raises(ZeroDivisionError):
        loop.run_once(1)
    loop.run_once(None)
    assert ran == [1]


def test_calls_from_a_thread_wake_the_loop_and_keep_their_order(loop: Loop) -> None:
    got: list[int] = []
    count = 5000  # more than a socket pair holds as wake-ups

    def talk() -> None:
        for number in range(count):
            loop.call_from_thread(lambda number=number: got.append(number))

    thread = threading.Thread(target=talk)
    thread.start()
    wait_until(lambda: len(got) == count, between=lambda: loop.run_once(PATIENCE_S))
    thread.join()
    assert got == list(range(count))


def test_a_call_made_by_a_call_waits_for_the_next_pass(loop: Loop) -> None:
    ran: list[str] = []
    loop.call_from_thread(lambda: (ran.append("first"), loop.call_from_thread(lambda: ran.append("second"))))
    loop.run_once(1)
    assert ran == ["first"]
    loop.run_once(None)
    assert ran == ["first", "second"]


def test_a_pass_runs_descriptors_then_timers_then_calls(loop: Loop, pair: Pair) -> None:
    ours, theirs = pair
    ran: list[str] = []
    loop.call_from_thread(lambda: ran.append("call"))
    loop.call_at(0, lambda: ran.append("timer"))
    loop.watch(ours, lambda: (ours.recv(1), ran.append("read")))
    theirs.send(b"x")
    loop.run_once(0)
    assert ran == ["read", "timer", "call"]


def test_a_call_from_a_thread_after_close_is_dropped(loop: Loop) -> None:
    loop.close()
    loop.call_from_thread(lambda: pytest.fail("called"))
    loop.close()


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="Windows cannot send itself such signals")
def test_a_signal_wakes_the_loop_and_is_called_in_it_each_time(loop: Loop) -> None:
    before = signal.getsignal(signal.SIGUSR1)
    got: list[int] = []
    loop.on_signal(signal.SIGUSR1, lambda: got.append(1))
    threading.Timer(0.03, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    wait_until(lambda: got, between=lambda: loop.run_once(PATIENCE_S))
    assert got == [1]
    signal.raise_signal(signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    assert got == [1], "a handler must not run the callback"
    loop.run_once(5)
    assert got == [1, 1, 1]
    loop.close()
    assert signal.getsignal(signal.SIGUSR1) == before
    assert signal.set_wakeup_fd(-1) == -1


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="Windows cannot send itself such signals")
def test_a_signal_that_the_loop_does_not_know_does_not_end_a_wait_in_error(loop: Loop) -> None:
    got: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda signum, frame: got.append(signum))
    try:
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        wait_until(lambda: got, between=lambda: loop.run_once(0.1))
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_thousands_of_timers_that_are_armed_again_and_again_stay_cheap() -> None:
    loop = Loop()
    timers = [loop.call_later(60, lambda: None) for _ in range(5000)]
    start = time.process_time()
    for _ in range(10):
        for index, timer in enumerate(timers):
            timer.cancel()
            timers[index] = loop.call_later(60, lambda: None)
    spent_s = time.process_time() - start
    assert spent_s < 2.0, f"50,000 re-armed timers took {spent_s:.2f} s"
    loop.close()


@pytest.mark.skipif(not hasattr(selectors, "EpollSelector"), reason="the other selectors accept files")
def test_a_descriptor_that_the_system_refuses_to_watch_leaves_no_trace(tmp_path: Path) -> None:
    loop = Loop(selectors.EpollSelector())
    with (tmp_path / "file").open("wb") as file:
        for _ in range(2):
            with pytest.raises(PermissionError):
                loop.watch(file, lambda: None)
        loop.unwatch(file)
    loop.close()
