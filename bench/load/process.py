"""The process of the load generator: takes orders as JSON lines, answers each with one.

It runs on its own core, beside the server under test, and reads that server's CPU time at the moments at
which it reads its own counts. Between orders it reads what comes and answers pings. Read next:
`entrance.py`, `pump.py`.
"""

import os
import select
import socket
import sys
import time
from typing import Final, assert_never

import msgspec

from bench import build, machine
from bench.load.channels import Channel, OpenSsl, PlainChannel, PythonTlsChannel, server_key_hash
from bench.load.dialects import Chatroom, Dialect, Floor, Irc, Lantern, Nats
from bench.load.entrance import Entrance
from bench.load.orders import Answer, Begin, Cast, Enter, Listen, Order, Rest, Run, order_decoder
from bench.load.pump import CPump, Pump, Tally, percentile_ms
from bench.load.pump_python import PythonPump
from chatroom.protocol.auth import PLAIN_SERVER_KEY

IDLE_S: Final = 0.5
SETTLE_S: Final = 10.0
"""Nothing arrived for so long: what is missing does not come any more."""
LARGE_BUFFER: Final = 1 << 20


class Load:
    """The members of one room on one server."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._readers = begin.members - begin.stalled
        self._channels: dict[int, Channel] = {}
        self._dialect = _dialect(begin)
        shape = self._dialect.shape
        library = None if begin.python_pump else build.pump_library()
        self._openssl = OpenSsl() if begin.tls and library else None
        self._pump: Pump
        if library is None:
            self._pump = PythonPump(begin.members, begin.senders, shape)
        else:
            self._pump = CPump(library, begin.members, begin.senders, shape, self._openssl)

    def carry_out(self, order: Order) -> Answer:
        """Do it, and say what came of it."""
        match order:
            case Begin():
                return Answer()
            case Enter():
                return self._enter(order)
            case Cast():
                return self._cast()
            case Run():
                return self._run(order)
            case Listen():
                return self._listen(order)
            case Rest():
                return self._rest(order)
            case _:
                assert_never(order)

    def idle(self) -> None:
        """Nothing is asked for at the moment."""
        self._pump.idle(0.0)

    def _enter(self, order: Enter) -> Answer:
        begin = self._begin
        entrance = Entrance(
            begin.port, self._dialect, self._wrap, self._take_over, self.idle, order.receive_buffer
        )
        members = range(order.first, begin.members if order.last is None else order.last)
        if order.expected:
            self._pump.expect(order.expected)
        cpu_s, start = machine.cpu_seconds(begin.pid), time.monotonic()
        entered_s = entrance.let_in(members, order.at_once, order.limit_s)
        settled = self._pump.settle(order.limit_s) if order.expected else True
        return self._answer(
            seconds=time.monotonic() - start,
            entered_s=entered_s,
            cpu_s=machine.cpu_seconds(begin.pid) - cpu_s,
            settled=settled,
        )

    def _cast(self) -> Answer:
        """Senders are spread evenly over the room, for servers send in the order of arrival. The next member
        paces a sender, for in IRC nobody hears himself.
        """
        for number in range(self._begin.senders):
            member = number * self._readers // self._begin.senders
            pacer = (member + 1) % self._readers
            self._pump.sender(number, member, pacer, self._dialect.post(member), self._begin.window)
        self._pump.idle(0.3)
        return Answer()

    def _run(self, order: Run) -> Answer:
        self._pump.run(order.warm_s, together=order.together)
        before, cpu_s, start = self._pump.tally(), machine.cpu_seconds(self._begin.pid), time.monotonic()
        self._pump.run(order.seconds, together=order.together)
        seconds, cpu_s = time.monotonic() - start, machine.cpu_seconds(self._begin.pid) - cpu_s
        after = self._pump.tally()
        settled = self._pump.settle(SETTLE_S)
        times = _difference(before, after)
        return self._answer(
            seconds=seconds,
            cpu_s=cpu_s,
            deliveries=after.deliveries - before.deliveries,
            messages=after.posted - before.posted,
            p50_ms=percentile_ms(times, 0.5),
            p99_ms=percentile_ms(times, 0.99),
            settled=settled,
        )

    def _listen(self, order: Listen) -> Answer:
        """Stalled members read from now on, with buffers as large as others'."""
        start = time.monotonic()
        for number in range(self._readers, self._begin.members):
            self._channels[number].sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGE_BUFFER)
            self._pump.listen(number)
        settled = self._pump.settle(order.limit_s)
        return self._answer(seconds=time.monotonic() - start, settled=settled)

    def _rest(self, order: Rest) -> Answer:
        cpu_s, start = machine.cpu_seconds(self._begin.pid), time.monotonic()
        self._pump.idle(order.seconds)
        seconds = time.monotonic() - start
        return self._answer(seconds=seconds, cpu_s=machine.cpu_seconds(self._begin.pid) - cpu_s)

    def _answer(
        self,
        *,
        seconds: float,
        cpu_s: float = 0.0,
        entered_s: float = 0.0,
        deliveries: int = 0,
        messages: int = 0,
        p50_ms: float = 0.0,
        p99_ms: float = 0.0,
        settled: bool = True,
    ) -> Answer:
        tally = self._pump.tally()
        return Answer(
            "",
            seconds,
            entered_s,
            cpu_s,
            deliveries,
            messages,
            p50_ms,
            p99_ms,
            settled,
            tally.faults,
            tally.fault,
        )

    def _wrap(self, sock: socket.socket) -> Channel:
        if not self._begin.tls:
            return PlainChannel(sock)
        return self._openssl.channel(sock) if self._openssl else PythonTlsChannel(sock)

    def _take_over(self, member: int, channel: Channel, rest: bytes) -> None:
        self._channels[member] = channel
        self._pump.member(member, channel, rest, listens=member < self._readers)


def _dialect(begin: Begin) -> Dialect:
    match begin.dialect:
        case "chatroom":
            return Chatroom(server_key_hash(begin.port) if begin.tls else PLAIN_SERVER_KEY, begin.cursor)
        case "irc":
            return Irc(joins=begin.joins)
        case "nats":
            return Nats()
        case "lantern":
            return Lantern()
        case _:
            return Floor(begin.record_bytes)


def _difference(before: Tally, after: Tally) -> list[int]:
    return [late - early for early, late in zip(before.histogram, after.histogram, strict=True)]


def main() -> None:
    """Carry out orders until standard input ends."""
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
        order = order_decoder.decode(line)
        try:
            if isinstance(order, Begin):
                load = Load(order)
            assert load is not None, "begin first"
            answer = load.carry_out(order)
        except (OSError, ValueError, AssertionError) as error:
            answer = Answer(error=f"{type(error).__name__}: {error}")
        print(msgspec.json.encode(answer).decode(), flush=True)


if __name__ == "__main__":
    main()
