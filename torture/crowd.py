"""Clients that all come back at once, and one that says far too much.

Read next: `silence.py`, `machine.py`, `seats.py`.
"""

import bisect
import contextlib
import itertools
import select
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from chatroom.protocol.codec import encode
from chatroom.protocol.packets import Post
from support.raw_client import RawClient
from support.server_process import running_server
from torture.kills import UNLIMITED
from torture.machine import Relays, seated
from torture.report import Row
from torture.seats import run_until

FLOOD_PER_S: Final = 10_000
FLOOD_CHARS: Final = 200
BATCH: Final = 500
PACE_S: Final = 0.02
SAY_EVERY_S: Final = 0.06
"""What the others say stays within the limits as they are shipped: 20 messages a second."""

MOST_BACK_S: Final = 60.0


def storm(count: int) -> list[Row]:
    """Kill a server with many clients and start it again."""
    row = Row(f"reconnect storm of {count} clients", 1)
    with tempfile.TemporaryDirectory() as place, running_server(Path(place), UNLIMITED) as server:
        with seated(row, server, count) as (loop, seats):
            relays = Relays(loop, seats, server)
            relays.say("before")
            server.kill()
            seats[0].post(["while it is down"])
            relays.rest(3)
            server.start()
            began = time.monotonic()
            is_back = run_until(loop, lambda: all(seat.is_level and seat.shown for seat in seats), 90)
            back_s = time.monotonic() - began
            relays.say("after")
        row.remarks = f"all back after {back_s:.0f} s, jittered"
        if not is_back or back_s > MOST_BACK_S:
            row.faults.append(f"not all back after {back_s:.0f} s")
    return [row]


def flood(seconds: float) -> list[Row]:
    """One peer sends 10,000 messages a second, at the limits as they are shipped: nobody else notices."""
    row = Row(f"flood of {FLOOD_PER_S:,} messages/s by one peer", 1)
    with tempfile.TemporaryDirectory() as place, running_server(Path(place)) as server:
        with seated(row, server, 4) as (loop, seats), contextlib.closing(RawClient(server.port)) as client:
            lobby = client.enter("flooder", follow=False)
            flooder = _Flooder(client, lobby)
            relays = Relays(loop, seats, server)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                relays.say(f"amid the flood {len(relays.took_s)}")
                relays.rest(SAY_EVERY_S)
            offered, taken = flooder.stop()
            if "flooder" in server.log():
                row.faults.append("the flooder was cut off, not slowed down")
        row.remarks = f"{taken:,} of {offered:,} messages went into the buffers of the kernel, {relays}"
        if relays.are_slow or offered < 0.9 * FLOOD_PER_S * seconds:
            row.faults.append(row.remarks)
    return [row]


class _Flooder:
    """A thread that sends posts as fast as it should, or as fast as they are taken from it."""

    def __init__(self, client: RawClient, room: int) -> None:
        self._client = client
        self._room = room
        self._stops = threading.Event()
        self._offered = self._taken = 0
        client.socket.settimeout(PACE_S)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        began = time.monotonic()
        data, sent, ends = b"", 0, list[int]()
        while not self._stops.is_set():
            self._offered = int((time.monotonic() - began) * FLOOD_PER_S)
            if sent == len(data):
                if self._taken >= self._offered:
                    time.sleep(PACE_S)
                    continue
                frames = [self._frame(self._taken + number) for number in range(BATCH)]
                data, sent, ends = b"".join(frames), 0, list(itertools.accumulate(map(len, frames)))
                before = self._taken
            with contextlib.suppress(TimeoutError):
                sent += self._client.socket.send(data[sent:])
            self._taken = before + bisect.bisect_right(ends, sent)
            self._listen()

    def _frame(self, number: int) -> bytes:
        text = f"flood {number} ".ljust(FLOOD_CHARS, "x")
        return encode(Post(number + 10, self._room, number.to_bytes(16, "big"), text))

    def _listen(self) -> None:
        """Read what was answered, as a client must."""
        while select.select([self._client.socket], [], [], 0)[0]:
            self._client.read_more()
            self._client.received.clear()

    def stop(self) -> tuple[int, int]:
        """End, so that the server forgets what it has not read; return how many messages there were to say,
        and how many were taken.
        """
        self._stops.set()
        self._thread.join(MOST_BACK_S)
        self._client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return self._offered, self._taken
