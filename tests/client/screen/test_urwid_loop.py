import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import urwid

from chatroom.client.screen.urwid_loop import UrwidLoop
from chatroom.net.loop import Loop

FRAME_S = 0.04


class Rig:
    """A loop, what it drew and when, and a socket pair that is its keyboard."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.urwid_loop = UrwidLoop(self.loop, FRAME_S)
        self.keyboard, self.typist = socket.socketpair()
        self.drawn_at: list[float] = []
        self.keys: list[bytes] = []
        self.urwid_loop.watch_file(self.keyboard.fileno(), self.read_keys)
        self.urwid_loop.enter_idle(self.draw)

    def read_keys(self) -> None:
        self.keys.append(self.keyboard.recv(1024))

    def draw(self) -> None:
        self.drawn_at.append(self.loop.now())

    def stop_in(self, seconds: float) -> None:
        self.loop.call_later(seconds, self.stop)

    def stop(self) -> None:
        raise urwid.ExitMainLoop

    def close(self) -> None:
        self.loop.close()
        self.keyboard.close()
        self.typist.close()


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


def test_a_key_is_drawn_in_the_pass_that_reads_it(rig: Rig) -> None:
    rig.typist.send(b"a")
    rig.loop.call_later(0, lambda: None)
    rig.stop_in(0.001)
    rig.urwid_loop.run()
    assert rig.keys == [b"a"]
    assert len(rig.drawn_at) == 1


def test_what_comes_from_elsewhere_is_drawn_at_once_when_the_last_frame_is_old(rig: Rig) -> None:
    asked_at = rig.loop.now()
    rig.urwid_loop.want_frame()
    rig.stop_in(0.01)
    rig.urwid_loop.run()
    assert rig.drawn_at[0] - asked_at < 0.01


def test_frames_asked_for_without_end_keep_their_distance(rig: Rig) -> None:
    def again() -> None:
        rig.urwid_loop.want_frame()
        rig.loop.call_later(0.001, again)

    again()
    rig.stop_in(0.5)
    rig.urwid_loop.run()
    gaps = [late - early for early, late in zip(rig.drawn_at, rig.drawn_at[1:], strict=False)]
    assert all(gap > FRAME_S * 0.95 for gap in gaps)
    assert 5 <= len(rig.drawn_at) <= 13


def test_a_frame_wanted_while_one_is_drawn_keeps_its_distance_too(rig: Rig) -> None:
    rig.urwid_loop.enter_idle(rig.urwid_loop.want_frame)
    rig.urwid_loop.want_frame()
    rig.stop_in(0.3)
    rig.urwid_loop.run()
    assert 4 <= len(rig.drawn_at) <= 9


def test_a_socket_that_is_always_ready_starves_neither_frames_nor_keys(rig: Rig) -> None:
    noisy, noise = socket.socketpair()
    noise.send(b"x")
    seen_at: list[float] = []

    def read_noise() -> None:  # never empties the socket: it stays readable
        noisy.recv(1, socket.MSG_PEEK)
        busy_until = rig.loop.now() + 0.005
        while rig.loop.now() < busy_until:
            pass
        rig.urwid_loop.want_frame()

    rig.loop.watch(noisy, read_noise)
    typed_at = rig.loop.now() + 0.3

    def type_key() -> None:
        rig.typist.send(b"k")

    rig.loop.call_at(typed_at, type_key)
    rig.urwid_loop.enter_idle(lambda: seen_at.append(rig.loop.now()) if rig.keys else None)
    rig.stop_in(0.6)
    rig.urwid_loop.run()
    assert 8 <= len(rig.drawn_at) <= 20
    assert seen_at[0] - typed_at < 0.05
    noisy.close()
    noise.close()


def test_a_frame_that_takes_long_leaves_as_much_time_for_the_rest(rig: Rig) -> None:
    def slow() -> None:
        until = rig.loop.now() + 0.05
        while rig.loop.now() < until:
            pass

    def again() -> None:
        rig.urwid_loop.want_frame()
        rig.loop.call_later(0.001, again)

    rig.urwid_loop.enter_idle(slow)
    again()
    rig.stop_in(0.5)
    rig.urwid_loop.run()
    assert len(rig.drawn_at) <= 6


def test_at_rest_nothing_is_drawn(rig: Rig) -> None:
    rig.stop_in(0.1)
    rig.urwid_loop.run()
    assert rig.drawn_at == []


def test_alarms_ring_in_order_and_are_drawn(rig: Rig) -> None:
    rang: list[str] = []
    rig.urwid_loop.alarm(0.02, lambda: rang.append("second"))
    rig.urwid_loop.alarm(0.01, lambda: rang.append("first"))
    never = rig.urwid_loop.alarm(0.015, lambda: rang.append("never"))
    assert rig.urwid_loop.remove_alarm(never)
    assert not rig.urwid_loop.remove_alarm(never)
    rig.stop_in(0.1)
    rig.urwid_loop.run()
    assert rang == ["first", "second"]
    assert rig.drawn_at


def test_a_removed_watch_is_called_no_more(rig: Rig) -> None:
    fd = rig.keyboard.fileno()
    assert rig.urwid_loop.remove_watch_file(fd)
    assert not rig.urwid_loop.remove_watch_file(fd)
    rig.typist.send(b"a")
    rig.stop_in(0.02)
    rig.urwid_loop.run()
    assert rig.keys == []


def test_idle_callbacks_run_in_the_order_they_were_added_and_can_be_removed(rig: Rig) -> None:
    order: list[int] = []
    rig.urwid_loop.enter_idle(lambda: order.append(1))
    gone = rig.urwid_loop.enter_idle(lambda: order.append(2))
    rig.urwid_loop.enter_idle(lambda: order.append(3))
    assert rig.urwid_loop.remove_enter_idle(gone)
    assert not rig.urwid_loop.remove_enter_idle(gone)
    rig.urwid_loop.want_frame()
    rig.stop_in(0.01)
    rig.urwid_loop.run()
    assert order == [1, 3]


def test_what_a_callback_raises_comes_out(rig: Rig) -> None:
    def fail() -> None:
        raise KeyError("gone")

    rig.urwid_loop.alarm(0, fail)
    with pytest.raises(KeyError):
        rig.urwid_loop.run()


def test_urwids_main_loop_runs_on_it(rig: Rig, tmp_path: Path) -> None:
    read_fd, write_fd = os.pipe()
    edit = urwid.Edit()
    with os.fdopen(read_fd) as typed, (tmp_path / "out").open("w", encoding="utf-8") as out:
        screen = urwid.display.raw.Screen(typed, out)
        loop = urwid.MainLoop(
            urwid.Filler(edit), screen=screen, event_loop=rig.urwid_loop, handle_mouse=False
        )
        os.write(write_fd, "hi ü".encode())
        rig.stop_in(0.3)
        loop.run()
        os.close(write_fd)
    assert edit.edit_text == "hi ü"
    assert "hi ü" in (tmp_path / "out").read_text(encoding="utf-8")
