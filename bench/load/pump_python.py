"""The pump without a compiler: the same verbs and checks, several times slower.

With it the load generator may be what is measured: results say which pump they come from. Read next:
`pump.py`.
"""

import re
import selectors
import time
import zlib
from typing import Final

from bench.load.channels import Channel
from bench.load.pump import BUCKETS, Tally
from bench.load.stamps import FRAMES, LINES, Post, Shape, record_bytes
from chatroom.protocol.frames import HEADER_BYTES

_STAMP: Final = re.compile(rb"\^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{16})x*")
_PING_LINE: Final = re.compile(rb"^PING([^\n]*\n)", re.MULTILINE)
_TYPE_PING: Final = 2
_TYPE_PONG: Final = 3


class _Member:
    __slots__ = ("channel", "got", "listens", "next", "order", "paces", "rest", "unsent")

    def __init__(self, channel: Channel, rest: bytes, senders: int, *, listens: bool) -> None:
        self.channel = channel
        self.rest = rest
        self.unsent = b""
        self.next = [0] * senders
        self.got = 0
        self.order = 0
        self.paces = -1
        self.listens = listens


class _Sender:
    __slots__ = ("member", "paced", "post", "posted", "window")

    def __init__(self, member: int, post: Post, window: int) -> None:
        self.member = member
        self.post = post
        self.window = window
        self.posted = 0
        self.paced = 0


class PythonPump:
    """See `pump.Pump`."""

    def __init__(self, members: int, senders: int, shape: Shape) -> None:
        self._shape = shape
        self._members: dict[int, _Member] = {}
        self._senders: dict[int, _Sender] = {}
        self._sender_count = senders
        self._selector = selectors.DefaultSelector()
        self._tally = Tally(0, 0, 0, 0, "", [0] * BUCKETS)

    def member(self, number: int, channel: Channel, rest: bytes, *, listens: bool) -> None:
        self._members[number] = _Member(channel, rest, self._sender_count, listens=listens)
        if listens:
            self._selector.register(channel.sock, selectors.EVENT_READ, number)

    def sender(self, number: int, member: int, pacer: int, post: Post, window: int) -> None:
        self._senders[number] = _Sender(member, post, window)
        self._members[pacer].paces = number

    def listen(self, number: int) -> None:
        member = self._members[number]
        member.listens = True
        self._selector.register(member.channel.sock, selectors.EVENT_READ, number)

    def expect(self, messages: int) -> None:
        self._tally.posted = messages

    def run(self, seconds: float, *, together: bool = False) -> None:
        end = time.monotonic() + seconds
        is_due = True
        while time.monotonic() < end:
            if is_due:
                for number in self._senders:
                    self._fill_window(number)
            self._pass(0.02, posting=not together)
            is_due = together and self._is_settled()

    def settle(self, quiet_s: float) -> bool:
        seen, end = self._tally.deliveries, time.monotonic() + quiet_s
        while time.monotonic() < end:
            self._pass(0.01, posting=False)
            if self._tally.deliveries != seen:
                seen, end = self._tally.deliveries, time.monotonic() + quiet_s
            if self._is_settled():
                orders = {member.order for member in self._members.values() if member.listens}
                if self._shape.one_order and len(orders) > 1:
                    self._fault("members saw different orders")
                return True
        self._fault(f"not every message arrived: {self._tally.posted} posted")
        return False

    def _is_settled(self) -> bool:
        return all(self._has_all(number) for number, member in self._members.items() if member.listens)

    def idle(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while True:
            self._pass(0.005 if seconds else 0.0, posting=False)
            if time.monotonic() >= end:
                return

    def tally(self) -> Tally:
        return Tally(
            self._tally.deliveries,
            self._tally.received_bytes,
            self._tally.posted,
            self._tally.faults,
            self._tally.fault,
            list(self._tally.histogram),
        )

    def _pass(self, timeout_s: float, *, posting: bool) -> None:
        for key, _events in self._selector.select(timeout_s):
            number: int = key.data
            member = self._members[number]
            if member.unsent:
                self._send(member, b"")
            while data := member.channel.read():
                self._digest(number, member, data)
            if data == b"":
                self._fault(f"the server closed the connection of member {number}")
                self._selector.unregister(member.channel.sock)
            elif posting and member.paces >= 0:
                self._fill_window(member.paces)

    def _digest(self, number: int, member: _Member, data: bytes) -> None:
        self._tally.received_bytes += len(data)
        data = member.rest + data
        end = self._answer_pings(member, data)
        now = time.monotonic_ns()
        senders = self._sender_count
        for found in _STAMP.finditer(data, 0, end):
            count, sender, sent_at = (int(found[group], 16) for group in (1, 2, 3))
            if sender >= senders or count != member.next[sender]:
                self._fault(
                    f"member {number}: message {count} of sender {sender} is lost, repeated or misplaced"
                )
                continue
            member.next[sender] = count + 1
            member.order = hash((member.order, sender, count))
            member.got += 1
            self._tally.deliveries += 1
            self._tally.histogram[_bucket(now - sent_at)] += 1
            if member.paces == sender:
                self._senders[sender].paced += 1
        member.rest = data[end:]

    def _answer_pings(self, member: _Member, data: bytes) -> int:
        """Answer the pings among the whole records of `data`; return where those end."""
        if self._shape.framing == LINES:
            end = data.rfind(b"\n") + 1
            for found in _PING_LINE.finditer(data, 0, end):
                self._send(member, b"PONG" + found[1])
            return end
        at = 0
        while size := record_bytes(data[at:], self._shape.framing):
            if self._shape.framing == FRAMES and data[at + 4 : at + 6] == bytes((0, _TYPE_PING)):
                self._send(member, data[at : at + 5] + bytes((_TYPE_PONG,)) + data[at + 6 : at + size])
            at += size
        return at

    def _fill_window(self, number: int) -> None:
        sender = self._senders[number]
        posts: list[bytes] = []
        while sender.posted - sender.paced < sender.window:
            posts.append(self._stamped(number, sender))
            sender.posted += 1
            self._tally.posted += 1
        if posts:
            self._send(self._members[sender.member], b"".join(posts))

    def _stamped(self, number: int, sender: _Sender) -> bytes:
        data, at = bytearray(sender.post.data), sender.post.text_at
        stamp = b"^%08x%04x%016x" % (sender.posted, number, time.monotonic_ns())
        data[at : at + len(stamp)] = stamp
        if sender.post.nonce_at >= 0:
            nonce = sender.posted.to_bytes(4, "big") + number.to_bytes(4, "big")
            data[sender.post.nonce_at : sender.post.nonce_at + 8] = nonce
        if self._shape.framing == FRAMES:
            data[8:12] = zlib.crc32(data[HEADER_BYTES:]).to_bytes(4, "big")
        return bytes(data)

    def _send(self, member: _Member, data: bytes) -> None:
        member.unsent += data
        member.unsent = member.unsent[member.channel.write(member.unsent) :]

    def _has_all(self, number: int) -> bool:
        own = sum(sender.posted for sender in self._senders.values() if sender.member == number)
        return self._members[number].got == self._tally.posted - (0 if self._shape.echoes else own)

    def _fault(self, text: str) -> None:
        self._tally.faults += 1
        self._tally.fault = self._tally.fault or text


def _bucket(ns: int) -> int:
    if ns < 32:
        return max(0, ns)
    power = ns.bit_length() - 1
    return (power - 4) * 32 + (ns >> (power - 5) & 31)
