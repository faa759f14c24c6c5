"""Clients that all come back at once, that go silent, that stop reading.

Read next: `machine.py`, `seats.py`.
"""

import contextlib
import socket
import tempfile
import time
from pathlib import Path
from typing import Final

from chatroom.net.loop import Loop
from chatroom.protocol.packets import Ping, Pong, Presence, PresenceChanged
from support.raw_client import RawClient
from support.server_process import running_server
from torture.checker import check_files
from torture.history import History
from torture.kills import UNLIMITED
from torture.machine import relay_s, seated
from torture.programs import Person, note_log
from torture.proxy import Cut, Fault, Proxy
from torture.report import Row
from torture.seats import Seat, new_signer, run_until

STALLED_S: Final = 3.0
SLOWEST_S: Final = 0.1
MOST_KB: Final = 1_024
BIG_BYTES: Final = 16_000
"""600 of this size fill the cache of the database, and the buffers of the kernel for a reader that stops."""


def storm(count: int) -> list[Row]:
    """Kill a server with many clients and start it again."""
    row = Row(f"reconnect storm of {count} clients", 1)
    with tempfile.TemporaryDirectory() as place, running_server(Path(place), UNLIMITED) as server:
        with seated(row, server, count) as (loop, seats):
            relay_s(loop, seats, "before")
            server.kill()
            seats[0].post(["while it is down"])
            run_until(loop, lambda: False, 3)
            server.start()
            began = time.monotonic()
            is_back = run_until(loop, lambda: all(seat.is_level and seat.shown for seat in seats), 90)
            back_s = time.monotonic() - began
            relay_s(loop, seats, "after")
        row.remarks = f"all back after {back_s:.0f} s, jittered"
        if not is_back or back_s > 60:
            row.faults.append(f"not all back after {back_s:.0f} s")
    return [row]


def half_open() -> list[Row]:
    """N4: no byte arrives any more, and nobody says so: the client notices, the server notices."""
    row = Row("N4 half-open connections", 2)
    with tempfile.TemporaryDirectory() as place, running_server(Path(place), UNLIMITED) as server:
        history = History(Path(place) / "history.jsonl")
        silent, witness = RawClient(server.port), RawClient(server.port)
        proxy = Proxy(server.port)
        proxy.plan(Fault(up=600, cut=Cut.HOLE))
        with contextlib.closing(Loop()) as loop:
            silent.enter("silent")
            witness.enter("witness")
            witness.socket.settimeout(0.001)
            seat = Seat(loop, proxy.port, "ann", new_signer(), history, room="lobby", screen="ann")
            run_until(loop, lambda: seat.is_ready, 20)
            seat.post([f"into the hole {number}" for number in range(20)])
            began, noticed = time.monotonic(), dict.fromkeys(("client", "server"), 0.0)

            def look() -> bool:
                if not noticed["client"] and seat.is_level:
                    noticed["client"] = time.monotonic() - began
                if not noticed["server"] and _is_told_gone(witness, "silent"):
                    noticed["server"] = time.monotonic() - began
                return all(noticed.values())

            if not run_until(loop, look, 70):
                row.faults.append(f"not noticed: {noticed}")
            witness.close()
            note_log(Person(Path(place), server.join, "judge"), history)
            seat.close("done")
        silent.close()
        proxy.close()
        history.close()
        row.verdict = check_files([history.path])
        row.remarks = (
            f"the client was back and had sent after {noticed['client']:.0f} s, "
            f"others saw the silent one go after {noticed['server']:.0f} s"
        )
        if noticed["client"] > 48 or noticed["server"] > 62:
            row.faults.append(row.remarks)
    return [row]


def _is_told_gone(witness: RawClient, handle: str) -> bool:
    """Whether the witness has been told that somebody is offline; it answers pings meanwhile."""
    with contextlib.suppress(TimeoutError):
        witness.read_more()
    is_gone = False
    for packet in witness.received:
        if isinstance(packet, Ping):
            witness.send(Pong(packet.token))
        elif isinstance(packet, PresenceChanged):
            is_gone |= any(
                one.handle == handle and one.presence == Presence.OFFLINE for one in packet.changes
            )
    witness.received.clear()
    return is_gone


def stopped_reader(texts: int) -> list[Row]:
    """A reader that takes nothing any more: it costs little, delays nobody, and is closed in the end."""
    row = Row("reader that stops reading", 1)
    settings = {"limits": {**UNLIMITED["limits"], "stalled_reader_s": STALLED_S}}
    with tempfile.TemporaryDirectory() as place, running_server(Path(place), settings) as server:
        with seated(row, server, 2) as (loop, seats):
            for number in range(texts):  # so that caches are as full as they get
                relay_s(loop, seats, f"before {number} ".ljust(BIG_BYTES, "x"))
            quiet = _memory_kb(server.pid)
            for number in range(texts):  # what the same messages cost without that reader
                relay_s(loop, seats, f"control {number} ".ljust(BIG_BYTES, "x"))
            control = max(0, _memory_kb(server.pid) - quiet)
            stopped = RawClient(server.port)
            stopped.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            stopped.enter("stopped")
            before, began = _memory_kb(server.pid), time.monotonic()
            relays = [relay_s(loop, seats, f"{n} ".ljust(BIG_BYTES, "x")) for n in range(texts)]
            slowest = sorted(relays)[-texts // 100]
            grown = _memory_kb(server.pid) - before - control
            run_until(loop, lambda: "took nothing" in server.log(), 3 * STALLED_S + 10)
            closed_s = time.monotonic() - began
            if "took nothing" not in server.log():
                row.faults.append("it was never closed")
            stopped.close()
        row.remarks = (
            f"{grown} KB of server memory, 99% of relays to others within {slowest * 1000:.0f} ms, "
            f"closed after {closed_s:.0f} s (limit {STALLED_S:g} s)"
        )
        if grown > MOST_KB or slowest > SLOWEST_S:
            row.faults.append(row.remarks)
    return [row]


def _memory_kb(pid: int) -> int:
    """Resident memory; 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(status.split("VmRSS:")[1].split()[0])
