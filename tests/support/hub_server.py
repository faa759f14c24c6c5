"""The real hub for desks: real log, real signatures, connections that are bytes in the hand of the test.

`HubServer` has what `Desk` needs of a server. `restart` is what a killed process and a new one are to its
clients: every connection is gone, and what the log holds is all that is left.
"""

import secrets
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.client.connection.identity import KeySigner
from chatroom.net.keys import IdentityKey, verify
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.limits import FRAME_BYTES
from chatroom.protocol.requests import RequestDecoder
from chatroom.server.hub.context import HubSettings
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import Log

START_MS = 1_700_000_000_000

ALL_POSTS = {"posts_per_s": 1e6, "post_burst": 1e6}


class HubServer:
    """A hub on a log that `open_log` opens, again after every restart."""

    def __init__(self, open_log: Callable[[], Log], **settings: object) -> None:
        self.open_log = open_log
        self.settings = HubSettings(**(ALL_POSTS | settings))  # type: ignore[arg-type]
        self.clock = 1_000.0
        self.now = START_MS
        self.keys: dict[str, KeySigner] = {}
        self.links: list[HubLink] = []
        self._start()

    def _start(self) -> None:
        self.log = self.open_log()
        self.hub = Hub(self.settings, self.log, verify)
        self.hub.begin_pass(self.clock, self.now)
        self.hub.make_listed_rooms(self.now)

    def signer(self, handle: str) -> KeySigner:
        """Return the key of a handle, always the same one."""
        if handle not in self.keys:
            self.keys[handle] = KeySigner(IdentityKey(Ed25519PrivateKey.generate()))
        return self.keys[handle]

    def connect(self) -> "HubLink":
        """Accept a connection."""
        link = HubLink(self)
        self.links.append(link)
        self.flush()
        return link

    def flush(self) -> None:
        """Let a moment pass, and run passes until nothing is left to do."""
        self.clock += 0.3
        self.now += 300
        for _ in range(200):
            self.hub.begin_pass(self.clock, self.now)
            for proposal, outcome in self.hub.commit():
                self.hub.decide(proposal, outcome)
            self.hub.write()
            for peer in self.hub.take_closing():
                self.hub.disconnect(peer)
            if self.hub.wait_s(self.clock) != 0:
                return
        raise AssertionError("the hub does not come to rest")

    def restart(self, *, loses_the_pass: bool = False, meanwhile: Callable[[], object] | None = None) -> None:
        """Kill the server and start it again; with `loses_the_pass` before what it was thinking is stored.

        `meanwhile` is called while no server has the log open.
        """
        if not loses_the_pass:
            self.flush()
        self.links.clear()
        self.log.close()
        if meanwhile is not None:
            meanwhile()
        self._start()


class HubLink:
    """One connection of the hub: bytes from the client go in, bytes for it wait in `out`.

    With a `capacity`, `out` is as a socket's buffer of that size: what does not fit is kept behind it.
    """

    def __init__(self, server: HubServer) -> None:
        self.server = server
        self.hub = server.hub
        self.out = bytearray()
        self.capacity: int | None = None
        self.kept = b""
        self.taken = b""
        """What was taken, for whoever wants to look at it; it is theirs to clear."""
        self._decoder = RequestDecoder(FRAME_BYTES)
        self.peer = self.hub.connect(self, "127.0.0.1:1", PLAIN_SERVER_KEY, secrets.token_bytes(32))

    def send(self, data: bytes) -> bool:
        """Take what the hub sends, as far as it fits, and keep the rest."""
        self.kept += data
        self._fill()
        return not self.kept

    def push(self, data: bytes) -> int:
        """Take of what the hub pushes as much as fits."""
        assert not self.kept, "nothing is pushed to a link that keeps something"
        took = len(data) if self.capacity is None else max(0, min(len(data), self.capacity - len(self.out)))
        if not took:
            raise BlockingIOError
        self.out += data[:took]
        return took

    def keep(self, data: bytes, sent: int) -> None:
        """Keep what a push did not take."""
        self.kept += data[sent:]

    def give_up(self) -> None:
        """Nothing fails here that would leave open what went out."""
        raise AssertionError("a broadcast failed")

    def take(self, limit: int | None = None) -> bytes:
        """Return what is to travel to the client, at most `limit` bytes, and go on with what is kept."""
        data = bytes(self.out[:limit])
        del self.out[: len(data)]
        self.taken += data
        if self.kept:
            self._fill()
            if not self.kept and self in self.server.links:
                self.hub.writable(self.peer)
        return data

    def _fill(self) -> None:
        room = len(self.kept) if self.capacity is None else max(0, self.capacity - len(self.out))
        self.out += self.kept[:room]
        self.kept = self.kept[room:]

    def think(self, data: bytes) -> None:
        """Hand bytes to the hub; nothing is stored before the server's next `flush`, but what the hub wants
        decided before it hears more.
        """
        if self not in self.server.links:
            return  # the process that held the other end is gone
        try:
            for packet in self._decoder.packets(data):
                if self.peer.awaits:
                    self.server.flush()
                if packet is not None:
                    self.hub.receive(self.peer, packet)
        except ProtocolError as error:
            self.hub.close(self.peer, ErrorCode(error.code), error.text)

    def receive(self, data: bytes) -> None:
        """Hand bytes to the hub and let it work."""
        self.think(data)
        self.server.flush()

    def close(self) -> None:
        """The client is gone."""
        if self in self.server.links:
            self.server.links.remove(self)
            self.hub.disconnect(self.peer)
            self.server.flush()
