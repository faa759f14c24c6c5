import os
import pty
import sys
import termios
import threading
from collections.abc import Callable

import pytest

from chatroom.client.ui.emoji import Kind
from chatroom.client.ui.probe import misdrawn_kinds
from support.emulator import Emulator
from support.patience import PATIENCE_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")


def probed(
    answer: Callable[[int, bytes], None], wait_s: float = PATIENCE_S
) -> tuple[frozenset[Kind], bytes, bool]:
    """Probe a terminal that answers so: (kinds, what was written, whether the modes are as before)."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    written = bytearray()

    def be_terminal() -> None:
        while b"\x1b[K" not in written:
            data = os.read(master, 4096)
            written.extend(data)
            answer(master, data)

    thread = threading.Thread(target=be_terminal)
    thread.start()
    kinds = misdrawn_kinds(slave, slave, wait_s)
    thread.join()
    is_restored = termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)
    return kinds, bytes(written), is_restored


def test_a_terminal_that_draws_everything_right_has_no_misdrawn_kind() -> None:
    emulators: list[Emulator] = []

    def answer(fd: int, data: bytes) -> None:
        if not emulators:
            emulators.append(Emulator(80, 24, lambda reply: os.write(fd, reply) and None))
        emulators[0].feed(data)

    kinds, _, is_restored = probed(answer)
    assert kinds == frozenset()
    assert is_restored
    assert emulators[0].text.strip() == ""


def test_kinds_drawn_in_other_widths_are_found() -> None:
    widths = dict.fromkeys(Kind, 2) | {Kind.TEXT_STYLE: 1, Kind.SKIN_TONE: 4, Kind.EMOJI_STYLE: 1}

    def answer(fd: int, data: bytes) -> None:
        if b"\x1b[6n" in data:
            os.write(fd, b"".join(b"\x1b[1;%dR" % (widths[kind] + 1) for kind in Kind))

    kinds, _, _ = probed(answer)
    assert kinds == {Kind.SKIN_TONE, Kind.EMOJI_STYLE}


def test_a_silent_terminal_is_believed_and_left_as_it_was() -> None:
    kinds, written, is_restored = probed(lambda fd, data: None, wait_s=0.5)
    assert kinds == frozenset()
    assert is_restored
    assert written.endswith(b"\r\x1b[K")


def test_answers_that_do_not_match_the_questions_count_for_nothing() -> None:
    kinds, _, _ = probed(lambda fd, data: os.write(fd, b"\x1b[1;9R") and None, wait_s=0.5)
    assert kinds == frozenset()


def test_what_is_no_terminal_is_not_asked() -> None:
    read_fd, write_fd = os.pipe()
    assert misdrawn_kinds(read_fd, write_fd) == frozenset()
    os.set_blocking(read_fd, False)
    with pytest.raises(BlockingIOError):
        os.read(read_fd, 1)
    os.close(read_fd)
    os.close(write_fd)
