"""A hub with peers in one process: real log, real packets, links that are lists.

`World` runs passes; `Guest` is one connection with what it was sent. A guest's link may be given a capacity,
so that it stalls as a slow reader does.
"""

import contextlib
import os
from collections.abc import Iterable
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.net.keys import verify
from chatroom.protocol.auth import PLAIN_SERVER_KEY, login_message
from chatroom.protocol.codec import decode_from_server, encode
from chatroom.protocol.codes import SECRET_BYTES, hash_code, make_code
from chatroom.protocol.entries import Entry, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.frames import FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES, TIME_MAX, VERSION
from chatroom.protocol.packets import (
    Closing,
    Cursor,
    Follow,
    Hello,
    Login,
    Moderate,
    ModerationAct,
    Packet,
    Post,
    Request,
    Role,
    RoomState,
    ServerPacket,
    Welcome,
)
from chatroom.protocol.requests import RequestDecoder
from chatroom.server.hub.context import HubSettings
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import AddCode, Committed, Log, StorageError
from chatroom.server.hub.records import CodeKind
from chatroom.server.hub.state import Peer
from chatroom.server.store.memory import MemoryLog

START_MS = 1_700_000_000_000

HOME = "192.0.2.7:5001"
HOME_AGAIN = "192.0.2.7:5002"
ELSEWHERE = "198.51.100.1:5001"


class Guest:
    """One connection: the link the hub writes to, and the client end that reads it."""

    def __init__(self, world: "World", key: Ed25519PrivateKey, session: bytes, address: str) -> None:
        self.world = world
        self.key = key
        self.session = session
        self.capacity: int | None = None
        self.backlog = b""
        self.is_given_up = False
        self.received: list[ServerPacket] = []
        self.ids = count(1)
        self._decoder = FrameDecoder(FRAME_BYTES)
        self.peer: Peer = world.hub.connect(self, address, PLAIN_SERVER_KEY, bytes(32))
        world.settle()

    # the hub's side

    def send(self, data: bytes) -> bool:
        """Take the bytes, as far as the capacity goes; None is endless."""
        if self.backlog or (self.capacity is not None and self.capacity < len(data)):
            took = 0 if self.backlog else self.capacity or 0
            self._arrive(data[:took])
            self.capacity = 0
            self.backlog += data[took:]
            return False
        if self.capacity is not None:
            self.capacity -= len(data)
        self._arrive(data)
        return True

    def push(self, data: bytes) -> int:
        """Take what fits, as a socket does."""
        assert not self.backlog, "nothing is pushed to a link that keeps something"
        if self.capacity is None:
            self._arrive(data)
            return len(data)
        took = min(self.capacity, len(data))
        self.capacity -= took
        if not took:
            raise BlockingIOError
        self._arrive(data[:took])
        return took

    def keep(self, data: bytes, sent: int) -> None:
        """Keep the rest until `drain`."""
        self.capacity = 0
        self.backlog += data[sent:]

    def give_up(self) -> None:
        """Take nothing any more."""
        self.is_given_up = True

    def drain(self) -> None:
        """Take everything again, from now on."""
        self.capacity = None
        self._arrive(self.backlog)
        self.backlog = b""
        self.world.hub.writable(self.peer)
        self.world.settle()

    def _arrive(self, data: bytes) -> None:
        for packet_type, payload in self._decoder.feed(data):
            packet = decode_from_server(packet_type, payload)
            assert packet is not None
            self.received.append(packet)

    # the client's side

    def say(self, packet: Packet) -> None:
        """Send one packet through the codec; nothing is carried out before the world settles, but what was
        said before where the hub wants that decided first.
        """
        self.say_all([packet])

    def say_all(self, packets: Iterable[Packet]) -> None:
        """Send packets so that they arrive together; otherwise as `say`."""
        for decoded in RequestDecoder(FRAME_BYTES).packets(b"".join(map(encode, packets))):
            if self.peer.awaits:
                self.world.settle(0)
            self.world.hub.receive(self.peer, decoded)

    def ask(self, packet: Request) -> list[ServerPacket]:
        """Send a request, let the world settle, and return what came in the meantime."""
        before = len(self.received)
        self.say(packet)
        self.world.settle()
        return self.received[before:]

    def ask_all(self, packets: Iterable[Packet]) -> list[ServerPacket]:
        """Send packets together, let the world settle, and return what came in the meantime."""
        before = len(self.received)
        self.say_all(packets)
        self.world.settle()
        return self.received[before:]

    def login(self, handle: str, **fields: object) -> list[ServerPacket]:
        """Log in and return what came."""
        return self.ask(self.login_packet(handle, **fields))

    def login_packet(self, handle: str, **fields: object) -> Login:
        """Return a right login, with some fields replaced."""
        hello = next(packet for packet in self.received if isinstance(packet, Hello))
        message = login_message(hello.challenge, bytes(32), PLAIN_SERVER_KEY, handle)
        values: dict[str, object] = {
            "id": next(self.ids),
            "version": VERSION,
            "handle": handle,
            "public_key": self.public_key,
            "challenge": bytes(32),
            "signature": self.key.sign(message),
            "session": self.session,
        }
        return Login(**(values | fields))  # type: ignore[arg-type]

    def post(self, room: int, text: str, nonce: bytes) -> list[ServerPacket]:
        """Post and return what came."""
        return self.ask(Post(next(self.ids), room, nonce, text))

    def follow(self, room: int, cursor: int = 0, backlog: int = 0) -> list[ServerPacket]:
        """Follow one room and return what came."""
        return self.ask(Follow(next(self.ids), [Cursor(room, cursor)], backlog))

    def got(self, kind: type[Packet]) -> list[Packet]:
        """Return all packets of a class received so far."""
        return [packet for packet in self.received if isinstance(packet, kind)]

    def last(self, kind: type[Packet]) -> Packet:
        """Return the newest packet of a class."""
        return self.got(kind)[-1]

    def entries(self, room: int) -> list[Entry]:
        """Return the entries of a room in the order they came."""
        return [packet for packet in self.received if isinstance(packet, Entry) and packet.room == room]

    def texts(self, room: int) -> list[str]:
        """Return the texts of the messages of a room in the order they came."""
        bodies = [read_body(entry) for entry in self.entries(room)]
        return [body.text for body in bodies if hasattr(body, "text")]

    @property
    def public_key(self) -> bytes:
        """Its key, as the server knows it."""
        return self.key.public_key().public_bytes_raw()

    def closing(self) -> Closing:
        """Return the last packet, which says why the connection ends."""
        packet = self.received[-1]
        assert isinstance(packet, Closing), packet
        return packet

    def moderate(
        self, act: ModerationAct, handle: str, seconds: int = 0, reason: str = "", role: int = 0
    ) -> list[ServerPacket]:
        """Do something to an account, logged in the lobby, and return what came."""
        lobby = self.world.lobby(self)
        return self.ask(Moderate(next(self.ids), lobby, act, handle, seconds, reason, role))

    def hang_up(self) -> None:
        """Go away without a word."""
        self.world.hub.disconnect(self.peer)
        self.world.settle()


class World:
    """A hub on a log, a clock that is a number, and the passes."""

    def __init__(self, log: Log | None = None, **settings: object) -> None:
        self.log = log if log is not None else MemoryLog()
        self.now = 1000.0
        self.now_ms = START_MS
        self.hub = Hub(HubSettings(**settings), self.log, verify)  # type: ignore[arg-type]
        self.hub.begin_pass(self.now, self.now_ms)
        self.hub.make_listed_rooms(self.now_ms)
        self.closed: list[Peer] = []
        self._sessions = count(1)

    def settle(self, seconds: float = 0.3) -> None:
        """Let a little time pass and run passes until nothing is left to do."""
        self.now += seconds
        self.now_ms += int(seconds * 1000)
        for _ in range(100):
            self.hub.begin_pass(self.now, self.now_ms)
            for proposal, outcome in self.hub.commit():
                self.hub.decide(proposal, outcome)
            self.end_pass()
            for peer in self.hub.take_closing():
                self.hub.disconnect(peer)
                self.closed.append(peer)
            if self.hub.wait_s(self.now) != 0:
                return
        raise AssertionError("the hub does not come to rest")

    def end_pass(self) -> None:
        """The last steps of a pass, but for ending connections."""
        with contextlib.suppress(StorageError):
            if self.hub.is_behind:
                self.hub.reload()
        self.hub.write()

    def give_up(self) -> None:
        """Give up what was proposed, as a server does whose log failed, and end the pass."""
        for peer in self.hub.give_up_proposals():
            self.hub.close(peer, ErrorCode.INTERNAL, "the log is broken")
        self.end_pass()

    def wait(self, seconds: float) -> None:
        """Let time pass, with a tick each second."""
        for _ in range(int(seconds)):
            self.now += 1
            self.now_ms += 1000
            self.hub.begin_pass(self.now, self.now_ms)
            self.hub.tick()
            self.settle(0)

    def guest(self, key: Ed25519PrivateKey | None = None, address: str = "127.0.0.1:1") -> Guest:
        """Return a new connection that has not logged in."""
        session = next(self._sessions).to_bytes(16, "big")
        return Guest(self, key or Ed25519PrivateKey.generate(), session, address)

    def code(self, role: Role = Role.MEMBER, kind: CodeKind = CodeKind.INVITE) -> str:
        """Return a code that the operator made."""
        code = make_code(os.urandom(SECRET_BYTES))
        self.log.submit([AddCode(hash_code(code), kind, role, 0, TIME_MAX)], self.now_ms)
        assert self.log.outcomes() == [Committed(0, ())]
        return code

    def member(
        self,
        handle: str,
        key: Ed25519PrivateKey | None = None,
        *,
        role: Role = Role.MEMBER,
        address: str = "127.0.0.1:1",
    ) -> Guest:
        """Return a connection that logged in and follows the lobby; the role counts for a new handle."""
        guest = self.guest(key, address)
        guest.login(handle, invite="" if role is Role.MEMBER else self.code(role))
        assert guest.got(Welcome), guest.received
        guest.follow(self.lobby(guest))
        return guest

    @staticmethod
    def lobby(guest: Guest) -> int:
        """Return the number of the lobby, as the guest was told."""
        for packet in guest.received:
            if isinstance(packet, RoomState) and packet.info.name == "lobby":
                return packet.info.room
        raise AssertionError("nobody told of the lobby")
