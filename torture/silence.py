"""Clients that go silent, as when a cable is pulled, and clients that stop reading.

How long that may take is said by the limits of the product and nothing else; what is added to a limit here
stands with its reason. Read next: `proxy.py`, `seats.py`.
"""

import contextlib
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatroom.client.session.events import State
from chatroom.net.loop import Loop
from chatroom.protocol.entries import Entry, Posted, read_body
from chatroom.protocol.packets import (
    Cursor,
    Follow,
    Following,
    Join,
    Opened,
    Ping,
    Pong,
    Presence,
    PresenceChanged,
)
from support.patience import PATIENCE_S
from support.raw_client import Ended, RawClient, raw_client
from support.server_process import ServerProcess, running_server
from torture.checker import check_files
from torture.history import History
from torture.kills import UNLIMITED
from torture.machine import Relays, seated
from torture.programs import Person, note_log
from torture.proxy import Proxy
from torture.report import Row
from torture.seats import Seat, new_signer, run_until

NOTICED_S: Final = 45.0
"""A client gives up a server that it does not hear."""

GONE_S: Final = 60.0
"""A server has let go of a client that it does not hear, and lets go of one that takes nothing."""

CLIENT_SLACK_S: Final = 0.5
"""A client wakes up for its deadline: what is added is the time this machine takes to get to it."""

STOPPED_SLACK_S: Final = 2.0
"""A server looks once a second: first it sees that a client takes nothing more, then that this was too long
ago.
"""

LAST_S: Final = 0.3
"""How long a client that stops takes talk: its kernel has 4 KB for it."""

BEFORE_S: Final = 0.3
"""From the last packet of all to the death of the link."""

TALK_EVERY_S: Final = 0.1
TALK_BYTES: Final = 2_000

BUSY_S: Final = 10.0
"""What a machine that has much else to do may take to get to it: without a limit nobody is ever closed."""

STALLED_S: Final = 3.0
MOST_KB: Final = 1_024
BIG_BYTES: Final = 16_000
"""600 of this size fill the cache of the database, and the buffers of the kernel for a reader that stops."""

RECEIVE_BYTES: Final = 65_536
"""What the kernel keeps for that reader: reading it all out of 4 KB takes 16 s."""

FILLS: Final = 50
"""So many of them fill the buffers of the kernel at both ends: 512 KB at the server's, 4 KB at the other."""


# -- half-open connections ---------------------------------------------------------------------------------


class _Witness:
    """Somebody who is told when others go."""

    def __init__(self, port: int) -> None:
        self.gone_at: dict[str, float] = {}
        self._client = RawClient(port)
        self._client.enter("witness")
        self._client.socket.settimeout(0.001)

    def look(self) -> None:
        """Note who went, and answer the server."""
        with contextlib.suppress(TimeoutError):
            self._client.read_more()
        for packet in self._client.received:
            if isinstance(packet, Ping):
                self._client.send(Pong(packet.token))
            elif isinstance(packet, PresenceChanged):
                for change in packet.changes:
                    if change.presence == Presence.OFFLINE:
                        self.gone_at.setdefault(change.handle, time.monotonic())
        self._client.received.clear()

    def close(self) -> None:
        self._client.close()


def half_open() -> list[Row]:
    """N4: no byte arrives any more, and nobody says so. In a quiet room and in a busy one the client notices
    and the server notices, each within its limit from the moment at which the link died.

    What is said in the busy room is swallowed on the way, so that the server never waits to send it; but for
    one client that stops taking it, for which the kernel of the server takes it for another half a minute.
    """
    row = Row("N4 half-open connections, in a quiet and in a busy room", 5)
    with tempfile.TemporaryDirectory() as place, running_server(Path(place), UNLIMITED) as server:
        history = History(Path(place) / "history.jsonl")
        with contextlib.closing(Loop()) as loop, contextlib.closing(Proxy(server.port)) as proxy:
            _let_links_die(row, loop, server, proxy, history)
            judge = Person(Path(place), server.join, "judge")
            for room in ("lobby", "talk"):
                note_log(judge, history, room)
        history.close()
        row.verdict = check_files([history.path])
    return [row]


def _let_links_die(row: Row, loop: Loop, server: ServerProcess, proxy: Proxy, history: History) -> None:
    lost_at: dict[str, float] = {}
    seats: dict[str, Seat] = {}

    def sit(name: str, room: str, port: int) -> None:
        def note() -> None:
            if name in seats and seats[name].session.state is not State.ONLINE:
                lost_at.setdefault(name, time.monotonic())

        signer = new_signer()
        seats[name] = Seat(loop, port, name, signer, history, room=room, screen=name, on_change=note)
        run_until(loop, lambda: seats[name].is_ready, PATIENCE_S)

    sit("talker", "talk", server.port)
    sit("ann", "lobby", proxy.port)
    sit("bea", "talk", proxy.port)
    quiet = [_enter(proxy.port, "silent"), _enter(proxy.port, "numb", "talk")]
    quiet.append(_enter(server.port, "full", "talk", receive_bytes=4_096))
    witness = _Witness(server.port)
    run_until(loop, lambda: False, BEFORE_S)
    lost_at.clear()
    proxy.swallow()
    died_at = said_at = time.monotonic()
    for name in ("ann", "bea"):
        seats[name].post([f"{name} {number}, said to nobody" for number in range(10)])

    def all_is_noticed() -> bool:
        nonlocal said_at
        if time.monotonic() >= said_at + TALK_EVERY_S:
            said_at += TALK_EVERY_S
            seats["talker"].post([f"at {said_at - died_at:.1f} s ".ljust(TALK_BYTES, "x")])
        witness.look()
        return {"silent", "numb", "full"} <= witness.gone_at.keys() and {"ann", "bea"} <= lost_at.keys()

    run_until(loop, all_is_noticed, 2 * GONE_S + 10)
    _judge_times(row, died_at, lost_at, witness.gone_at)
    if not run_until(loop, lambda: all(seat.is_level for seat in seats.values()), PATIENCE_S):
        row.faults.append("not everything that was said into the void was stored in the end")
    for client in (*quiet, witness, *seats.values()):
        client.close()


def _judge_times(row: Row, died_at: float, lost_at: dict[str, float], gone_at: dict[str, float]) -> None:
    never = float("inf")
    told = []
    for who, times, limit_s, slack_s in (
        ("ann", lost_at, NOTICED_S, CLIENT_SLACK_S),
        ("bea", lost_at, NOTICED_S, CLIENT_SLACK_S),
        ("silent", gone_at, GONE_S, 0.0),
        ("numb", gone_at, GONE_S, 0.0),
        ("full", gone_at, GONE_S, STOPPED_SLACK_S + LAST_S),
    ):
        after_s = times.get(who, never) - died_at
        told.append(f"{after_s:.1f}")
        if after_s > limit_s + slack_s:
            row.faults.append(f"{who}: noticed after {after_s:.1f} s, not within {limit_s:g} s")
    row.remarks = (
        f"clients noticed after {told[0]} s (quiet) and {told[1]} s (busy); others saw the silent ones go "
        f"after {told[2]} s (quiet), {told[3]} s (busy) and {told[4]} s (busy, taking nothing)"
    )


def _enter(port: int, handle: str, room: str = "", receive_bytes: int = 0) -> RawClient:
    """Come in, follow the lobby or the room, and say nothing more."""
    client = RawClient(port)
    if receive_bytes:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.enter(handle)
    if room:
        client.send(Join(next(client.ids), room))
        opened = client.wait_for(Opened)
        assert isinstance(opened, Opened)
        client.send(Follow(next(client.ids), [Cursor(opened.info.room, opened.info.head)]))
    client.wait_for(Following)
    return client


# -- a reader that stops -----------------------------------------------------------------------------------


def stopped_reader(texts: int) -> list[Row]:
    """A reader that takes nothing any more costs little, delays nobody, is closed when the limit is reached
    and not before; and when it comes back it goes on where it was.
    """
    row = Row("reader that stops reading, and comes back", 1)
    settings = {"limits": {**UNLIMITED["limits"], "stalled_reader_s": STALLED_S}}
    with tempfile.TemporaryDirectory() as place, running_server(Path(place), settings) as server:
        with seated(row, server, 2) as (loop, seats):
            control = Relays(loop, seats, server)
            for number in range(texts):  # so that caches are as full as they get
                control.say(f"before {number} ".ljust(BIG_BYTES, "x"))
            quiet_kb = _memory_kb(server.pid)
            for number in range(texts):  # what the same messages cost without that reader
                control.say(f"control {number} ".ljust(BIG_BYTES, "x"))
            control_kb = max(0, _memory_kb(server.pid) - quiet_kb)
            reader = _Reader(server.port, seats[0].history)
            relays = Relays(loop, seats, server)
            stop = _watch_the_stop(relays, server, texts)
            grown_kb = stop.peak_kb - stop.before_kb - control_kb
            caught_up = reader.come_back(server.port, lambda: control.say("for who is back"))
        row.remarks = (
            f"{grown_kb} KB of server memory, {relays}, "
            f"closed after {stop.closed_s:.1f} s (limit {STALLED_S:g} s), {caught_up:,} entries caught up"
        )
        on_time = STALLED_S <= stop.closed_s <= STALLED_S + stop.full_s + STOPPED_SLACK_S + BUSY_S
        if grown_kb > MOST_KB or relays.are_slow or not on_time or caught_up < texts // 2:
            row.faults.append(row.remarks)
    return [row]


@dataclass
class _Stop:
    """What came of a reader that stopped. Times are from the first message that it did not read."""

    before_kb: int
    peak_kb: int = 0
    full_s: float = 0.0
    """By then nothing more went into the buffers of the kernel."""
    closed_s: float = float("inf")


def _watch_the_stop(relays: Relays, server: ServerProcess, texts: int) -> _Stop:
    """Talk past a reader that does not read, until it is closed and everything was said."""
    stop, began = _Stop(_memory_kb(server.pid)), time.monotonic()
    count = 0
    while count < texts or (stop.closed_s == float("inf") and time.monotonic() < began + PATIENCE_S):
        if count >= texts:
            relays.rest(0.05)
        relays.say(f"{count} ".ljust(BIG_BYTES, "x"))
        count += 1
        now_s = time.monotonic() - began
        if count == FILLS:
            stop.full_s = now_s
        if count % FILLS == 0:
            stop.peak_kb = max(stop.peak_kb, _memory_kb(server.pid))
        if stop.closed_s == float("inf") and "took nothing" in server.log():
            stop.closed_s = now_s
    return stop


class _Reader:
    """Somebody who follows the lobby, reads nothing more, and comes back later."""

    def __init__(self, port: int, history: History) -> None:
        self._history = history
        self._client = RawClient(port)
        self._client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self._room = self._client.enter("stopped")
        following = self._client.wait_for(Following)
        assert isinstance(following, Following)
        self._cursor = following.rooms[0].start
        history.add("open", screen="stopped", room="lobby", after=self._cursor)

    def come_back(self, port: int, say: Callable[[], object]) -> int:
        """Read what had arrived, come back, and go on from there until a message that is said now; return how
        many entries that were. Everything read goes into the history.
        """
        with contextlib.suppress(Ended):
            while True:
                self._client.read_more()
        self._note()
        with raw_client(port, self._client.key) as self._client:
            self._client.enter("stopped", follow=False)
            had = self._cursor
            self._client.send(Follow(next(self._client.ids), [Cursor(self._room, had)]))
            say()
            self._client.wait_for_text("for who is back")
            self._note()
        return self._cursor - had

    def _note(self) -> None:
        for packet in self._client.received:
            if isinstance(packet, Entry):
                body = read_body(packet)
                text = body.text if isinstance(body, Posted) else None
                fields = {"seq": packet.seq, "author": packet.author, "text": text}
                self._history.add("seen", screen="stopped", room="lobby", **fields)
                self._cursor = packet.seq
        self._client.received.clear()


def _memory_kb(pid: int) -> int:
    """Resident memory; 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(status.split("VmRSS:")[1].split()[0])
