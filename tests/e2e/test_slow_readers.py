"""Readers that stop, and one that is very slow: what they cost the others, and which of them is let go."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chatroom.protocol.packets import Presence, PresenceChanged, PresenceOf
from support.patience import PATIENCE_S
from support.raw_client import RawClient, raw_client
from support.server_process import running_server

LIMIT_S = 3.0
SETTINGS = {
    "limits": {"posts_per_s": 100_000.0, "post_burst": 100_000, "stalled_reader_s": LIMIT_S, "gone_s": 60.0}
}

KEPT_BYTES = 400_000
"""What the kernel certainly takes for a peer that reads nothing: at 20 kB/s it is full after 25 seconds."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what a reader has taken")


@contextmanager
def reading_slowly(client: RawClient, bytes_per_s: int) -> Iterator[list[float]]:
    """Have a thread read so fast; gives when the connection ended, if it did."""
    ended: list[float] = []
    is_over = threading.Event()

    def read() -> None:
        while not is_over.wait(0.25):
            try:
                is_there = client.socket.recv(bytes_per_s // 4) != b""
            except TimeoutError:
                continue
            except OSError:
                is_there = False
            if not is_there:
                ended.append(time.monotonic())
                return

    client.socket.settimeout(0.1)
    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield ended
    finally:
        is_over.set()
        thread.join()


def note_gone(watcher: RawClient, gone: set[str]) -> None:
    for packet in watcher.received:
        if isinstance(packet, PresenceChanged):
            for handle in [f"stopped{number}" for number in range(5)] + ["slow"]:
                if PresenceOf(handle, Presence.OFFLINE) in packet.changes:
                    gone.add(handle)
    watcher.received.clear()


def test_stopped_readers_and_a_slow_one_delay_nobody_and_only_the_stopped_are_let_go(tmp_path: Path) -> None:
    with running_server(tmp_path, SETTINGS) as server, ExitStack() as stack:
        ana = stack.enter_context(raw_client(server.port))
        lobby = ana.enter("ana")
        for number in range(5):
            stopped = stack.enter_context(raw_client(server.port, receive_bytes=4096))
            stopped.enter(f"stopped{number}")
        slow = stack.enter_context(raw_client(server.port, receive_bytes=2048))
        slow.enter("slow")
        ended = stack.enter_context(reading_slowly(slow, 1_000))
        gone: set[str] = set()
        waits = []
        began = time.monotonic()
        number = 0
        while len(gone) < 5 or time.monotonic() - began < 3 * LIMIT_S:
            assert time.monotonic() - began < PATIENCE_S, f"let go are: {gone}"
            started = server.fair_s()
            text = f"{number} " + "x" * 8_000
            ana.post(lobby, text)
            ana.wait_for_text(text)
            waits.append(server.fair_s() - started)
            note_gone(ana, gone)
            number += 1
            time.sleep(0.02)
        p99_s = sorted(waits)[len(waits) * 99 // 100]
        print(f"p99 of {len(waits)} messages: {p99_s * 1000:.1f} ms")  # noqa: T201 - the number is worth knowing
        assert p99_s < 0.1
        assert sorted(gone) == [f"stopped{number}" for number in range(5)]
        assert not ended


def test_a_reader_that_stopped_is_let_go_in_time_although_the_kernel_still_takes_what_is_sent(
    tmp_path: Path,
) -> None:
    with (
        running_server(tmp_path, SETTINGS) as server,
        raw_client(server.port) as ana,
        raw_client(server.port, receive_bytes=4096) as stopped,
    ):
        lobby = ana.enter("ana")
        stopped.enter("stopped0")
        gone: set[str] = set()
        for number in range(KEPT_BYTES // 2_000):
            text = f"{number} " + "x" * 2_000
            ana.post(lobby, text)
            ana.wait_for_text(text)
            note_gone(ana, gone)
            if gone:
                break
            time.sleep(2 * LIMIT_S / 100)
        assert gone == {"stopped0"}
