"""One peer that sends ten thousand posts a second, and how long the others wait meanwhile."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatroom.protocol.codec import encode
from chatroom.protocol.packets import Cursor, Follow, Join, Opened, Post
from support.raw_client import RawClient, raw_client
from support.server_process import running_server

POSTS_PER_S = 10_000
FLOOD_S = 3.0
SLICE_S = 0.05
SAMPLES = 125
ENOUGH = 0.8
"""The share of the flood that has to go out for it to be one: a busy machine takes longer for that."""
MOST_S = 0.1


def slices(lobby: int) -> list[bytes]:
    """The posts of the flood, encoded before it begins, as many at a time as are due in a slice of time."""
    per_slice = int(POSTS_PER_S * SLICE_S)
    numbers = range(1_000_000, 1_000_000 + int(POSTS_PER_S * FLOOD_S))
    frames = [
        encode(Post(number, lobby, number.to_bytes(16, "big"), f"flood {number}")) for number in numbers
    ]
    return [b"".join(frames[start : start + per_slice]) for start in range(0, len(frames), per_slice)]


def joins(client: RawClient, name: str) -> int:
    """Become a member of a room and follow it from here."""
    client.send(Join(next(client.ids), name, create=True))
    opened = client.wait_for(Opened)
    assert isinstance(opened, Opened)
    client.send(Follow(next(client.ids), [Cursor(opened.info.room, opened.info.head)]))
    return opened.info.room


@contextmanager
def flooding(client: RawClient, data: list[bytes]) -> Iterator[list[int]]:
    """Have a thread send that, a slice at a time when it is due, or as fast as the server takes it; gives the
    bytes that went out.
    """
    sent = [0]
    is_over = threading.Event()

    def flood() -> None:
        began = time.monotonic()
        for number, piece in enumerate(data):
            time.sleep(max(0.0, began + number * SLICE_S - time.monotonic()))
            rest = memoryview(piece)
            while rest and not is_over.is_set():
                try:
                    count = client.socket.send(rest)
                except TimeoutError:
                    continue
                sent[0] += count
                rest = rest[count:]

    client.socket.settimeout(0.1)
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield sent
    finally:
        is_over.set()
        thread.join()


@pytest.mark.parametrize(
    "limits", [{}, {"posts_per_s": 100_000.0, "post_burst": 100_000}], ids=["slowed-down", "unlimited"]
)
def test_while_one_floods_the_others_wait_less_than_a_tenth_of_a_second(
    tmp_path: Path, limits: dict[str, object]
) -> None:
    with (
        running_server(tmp_path, {"limits": limits}) as server,
        raw_client(server.port) as flooder,
        raw_client(server.port) as ana,
        raw_client(server.port) as bob,
    ):
        lobby = flooder.enter("flooder", follow=False)
        ana.enter("ana", follow=False)
        bob.enter("bob", follow=False)
        calm = joins(ana, "calm")
        joins(bob, "calm")
        data, waits = slices(lobby), []
        total = sum(map(len, data))
        with flooding(flooder, data) as sent:
            number, began = 0, time.monotonic()
            while number < SAMPLES or (limits and sent[0] < ENOUGH * total):
                time.sleep(max(0.0, began + number * FLOOD_S / SAMPLES - time.monotonic()))
                started = server.fair_s()
                ana.post(calm, f"calm {number}")
                bob.wait_for_text(f"calm {number}")
                waits.append(server.fair_s() - started)
                number += 1
        waits.sort()
        p50_s, p99_s = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
        print(  # noqa: T201 - the numbers are worth knowing
            f"\n{sent[0] / 1e6:.1f} MB of flood; each of {len(waits)} others' posts took"
            f"\n{p50_s * 1e3:.1f} ms (p50), {p99_s * 1e3:.1f} (p99), {waits[-1] * 1e3:.1f} (longest)"
        )
        assert p99_s < MOST_S
