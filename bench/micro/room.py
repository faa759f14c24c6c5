"""A hub with a room full of peers whose links take everything: what a pass costs without sockets.

Read next: `test_hub.py`.
"""

from collections.abc import Callable
from itertools import count, cycle
from typing import Final

from bench.load.stamps import TEXT_BYTES
from chatroom.protocol.codec import encode
from chatroom.protocol.limits import FRAME_BYTES
from chatroom.protocol.packets import Cursor, Follow, Login, Post
from chatroom.protocol.requests import RequestDecoder
from chatroom.server.hub.context import HubSettings
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import Log
from chatroom.server.hub.state import Peer

NOW_MS: Final = 1_700_000_000_000


class Sink:
    """A link that takes everything and counts it."""

    __slots__ = ("taken_bytes",)

    def __init__(self) -> None:
        self.taken_bytes = 0

    def push(self, data: bytes, /) -> int:
        self.taken_bytes += len(data)
        return len(data)

    def keep(self, data: bytes, sent: int, /) -> None:
        raise AssertionError("a sink takes everything")

    def give_up(self) -> None:
        raise AssertionError("a broadcast failed")

    def send(self, data: bytes, /) -> bool:
        return self.push(data) == len(data)


class BusyRoom:
    """`members` peers that follow the lobby; `run_pass` lets them post in turn."""

    def __init__(self, log: Log, members: int) -> None:
        self._hub = Hub(HubSettings(posts_per_s=1e9, post_burst=1e9), log, lambda *_signed: True)
        self._hub.make_listed_rooms(NOW_MS)
        self._now = 1.0
        self._nonces = count(1)
        self._decoder = RequestDecoder(FRAME_BYTES)
        self.sinks = [Sink() for _ in range(members)]
        self._peers: list[Peer] = []
        for number, sink in enumerate(self.sinks):
            self._peers.append(self._enter(number, sink))
        self.room = self._hub.state.by_name["lobby"].number

    def _enter(self, number: int, sink: Sink) -> Peer:
        peer = self._hub.connect(sink, "bench", bytes(32), bytes(32))
        handle = f"user{number:05}"
        key = number.to_bytes(32, "big")
        login = Login(1, 1, handle, key, bytes(32), bytes(64), number.to_bytes(16, "big"))
        self._pass(lambda: self._hub.receive(peer, login))
        self._pass(lambda: None)
        room = self._hub.state.by_name["lobby"]
        self._pass(lambda: self._hub.receive(peer, Follow(2, [Cursor(room.number, room.head)])))
        return peer

    def frames(self, posts: int) -> list[bytes]:
        """So many fresh messages, encoded."""
        text = "x" * TEXT_BYTES
        return [
            encode(Post(3, self.room, next(self._nonces).to_bytes(16, "big"), text)) for _ in range(posts)
        ]

    def run_pass(self, frames: list[bytes]) -> None:
        """One pass with these frames, each from the next member."""
        self._pass(lambda: self._receive(frames))

    def _receive(self, frames: list[bytes]) -> None:
        for peer, data in zip(cycle(self._peers), frames, strict=False):
            for packet in self._decoder.packets(data):
                self._hub.receive(peer, packet)

    def _pass(self, work: Callable[[], object]) -> None:
        self._now += 0.001
        self._hub.begin_pass(self._now, NOW_MS + int(self._now * 1e3))
        work()
        for proposal, outcome in self._hub.commit():
            self._hub.decide(proposal, outcome)
        self._hub.write()
