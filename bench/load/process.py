"""The process of the load generator: takes commands as JSON lines, answers each with one.

It runs on its own core, beside the server under test, and measures that server's CPU time and its own counts at the
same moments. Between commands it reads what comes and answers pings. Read next: `entrance.py`, `pump.py`.
"""

import json
import os
import select
import socket
import sys
import time
from typing import Any

from bench import build, machine
from bench.load.channels import Channel, OpenSsl, PlainChannel, PythonTlsChannel, server_key_hash
from bench.load.dialects import Chatroom, Dialect, Floor, Irc, Nats
from bench.load.entrance import Entrance
from bench.load.pump import CPump, Pump, Tally, percentile_ms
from bench.load.pump_python import PythonPump
from chatroom.protocol.auth import PLAIN_SERVER_KEY

Command = dict[str, Any]
Answer = dict[str, Any]

IDLE_S = 0.5
SETTLE_S = 60.0


class Load:
    """The members of one room on one server."""

    def __init__(self, command: Command) -> None:
        self._pid: int = command["pid"]
        self._members: int = command["members"]
        self._senders: int = command["senders"]
        self._window: int = command["window"]
        self._stalled = range(command["members"] - command.get("stalled", 0), command["members"])
        self._is_tls: bool = command["tls"]
        self._port: int = command["port"]
        self._channels: dict[int, Channel] = {}
        library = None if command.get("python_pump") else build.pump_library()
        self._openssl = OpenSsl() if self._is_tls and library else None
        self.dialect = _dialect(command)
        self._pump: Pump
        if library is None:
            self._pump = PythonPump(self._members, self._senders, self.dialect.shape)
        else:
            self._pump = CPump(library, self._members, self._senders, self.dialect.shape, self._openssl)

    def enter(self, command: Command) -> Answer:
        """Let members `first` to `last` in; the seconds that took, and the server's CPU time for it."""
        entrance = Entrance(
            self._port,
            self.dialect,
            self._wrap,
            self._take_over,
            lambda: self._pump.idle(0.0),
            command.get("receive_buffer", 0),
        )
        first, last = command.get("first", 0), command.get("last", self._members)
        cpu_s = machine.cpu_seconds(self._pid)
        seconds = entrance.let_in(range(first, last), command["at_once"], command["limit_s"])
        return {"seconds": seconds, "cpu_s": machine.cpu_seconds(self._pid) - cpu_s}

    def cast(self, _command: Command) -> Answer:
        """Choose who posts: members spread evenly over the room, for servers send in the order of arrival. The next
        member paces a sender, for in IRC nobody hears himself.
        """
        readers = self._members - len(self._stalled)
        for number in range(self._senders):
            member = number * readers // self._senders
            pacer = (member + 1) % readers
            self._pump.sender(number, member, pacer, self.dialect.post(member), self._window)
        self._pump.idle(0.3)
        return {}

    def run(self, command: Command) -> Answer:
        """Post for `seconds` after a warm-up; what was delivered meanwhile and what it cost the server."""
        self._pump.run(command["warm_s"])
        before, cpu_before, start = self._pump.tally(), machine.cpu_seconds(self._pid), time.monotonic()
        self._pump.run(command["seconds"])
        seconds, cpu_s = time.monotonic() - start, machine.cpu_seconds(self._pid) - cpu_before
        after = self._pump.tally()
        if command.get("settles", True):
            self._pump.settle(SETTLE_S)
        return _difference(before, after, seconds, cpu_s) | self._faults()

    def listen(self, command: Command) -> Answer:
        """Let the stalled members read, with buffers as large as others'; the seconds until they have everything."""
        start = time.monotonic()
        for number in self._stalled:
            self._channels[number].sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self._pump.listen(number)
        settled = self._pump.settle(command["limit_s"])
        return {"seconds": time.monotonic() - start, "settled": settled} | self._faults()

    def resume(self, command: Command) -> Answer:
        """Let everybody in, each behind by `expected` entries; the seconds until all have them."""
        self._pump.expect(command["expected"])
        start, cpu_s = time.monotonic(), machine.cpu_seconds(self._pid)
        entered = self.enter(command)
        settled = self._pump.settle(command["limit_s"])
        seconds = time.monotonic() - start
        cpu_s = machine.cpu_seconds(self._pid) - cpu_s
        return {"seconds": seconds, "in_s": entered["seconds"], "cpu_s": cpu_s, "settled": settled} | self._faults()

    def rest(self, command: Command) -> Answer:
        """Read and post nothing for `seconds`; the server's CPU time meanwhile."""
        cpu_s = machine.cpu_seconds(self._pid)
        start = time.monotonic()
        self._pump.idle(command["seconds"])
        seconds = time.monotonic() - start
        return {"seconds": seconds, "cpu_s": machine.cpu_seconds(self._pid) - cpu_s}

    def idle(self) -> None:
        """Nothing is asked for at the moment."""
        self._pump.idle(0.0)

    def _wrap(self, sock: socket.socket) -> Channel:
        if not self._is_tls:
            return PlainChannel(sock)
        return self._openssl.channel(sock) if self._openssl else PythonTlsChannel(sock)

    def _take_over(self, member: int, channel: Channel, rest: bytes) -> None:
        self._channels[member] = channel
        self._pump.member(member, channel, rest, listens=member not in self._stalled)

    def _faults(self) -> Answer:
        tally = self._pump.tally()
        return {"faults": tally.faults, "fault": tally.fault}


def _dialect(command: Command) -> Dialect:
    match command["dialect"]:
        case "chatroom":
            key_hash = server_key_hash(command["port"]) if command["tls"] else PLAIN_SERVER_KEY
            return Chatroom(key_hash, command.get("cursor"))
        case "irc":
            return Irc(joins=command.get("joins", True))
        case "nats":
            return Nats()
        case _:
            return Floor(command["record_bytes"])


def _difference(before: Tally, after: Tally, seconds: float, cpu_s: float) -> Answer:
    histogram = [late - early for early, late in zip(before.histogram, after.histogram, strict=True)]
    deliveries = after.deliveries - before.deliveries
    return {
        "seconds": seconds,
        "cpu_s": cpu_s,
        "deliveries": deliveries,
        "messages": after.posted - before.posted,
        "bytes": after.received_bytes - before.received_bytes,
        "per_s": deliveries / seconds,
        "per_cpu_s": deliveries / cpu_s if cpu_s else 0.0,
        "p50_ms": percentile_ms(histogram, 0.5),
        "p99_ms": percentile_ms(histogram, 0.99),
    }


def main() -> None:
    """Serve commands until standard input ends."""
    os.sched_setaffinity(0, {machine.LOAD_CORE})
    load: Load | None = None
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], IDLE_S)
        if not ready:
            if load is not None:
                load.idle()
            continue
        line = sys.stdin.readline()
        if not line:
            return
        command: Command = json.loads(line)
        try:
            if command["do"] == "begin":
                load, answer = Load(command), {}
            else:
                assert load is not None
                answer = getattr(load, command["do"])(command)
        except (OSError, ValueError, AssertionError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
