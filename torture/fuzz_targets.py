"""What is fuzzed: the decoder with the codec, the posts that are cut, the hub, the session, each behind one
verb that takes bytes.

Read next: `noise.py`.
"""

import itertools
import tempfile
from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from chatroom.client.session.session import Session, TextRefused
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.protocol.codec import decode_from_client, decode_from_server, encode
from chatroom.protocol.codes import SECRET_BYTES, hash_code, make_code
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.frames import FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES, NONCE_BYTES, TIME_MAX
from chatroom.protocol.packets import (
    Cursor,
    Follow,
    Hello,
    Login,
    Moderate,
    ModerationAct,
    Post,
    Request,
    Role,
    RoomInfo,
    RoomState,
    Welcome,
)
from chatroom.protocol.posts import cut_posts, cut_posts_in_python
from chatroom.protocol.requests import Incoming, RequestDecoder
from chatroom.server.hub.context import HubSettings
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import AddCode
from chatroom.server.hub.records import CodeKind
from chatroom.server.hub.requests.table import ROWS
from chatroom.server.hub.state import Peer, Stage
from chatroom.server.store.sqlite import SqliteLog
from support.session_world import ListOutbox
from torture.noise import CLIENT_PACKETS, SERVER_PACKETS, Noise

IMPATIENCE: Final = 0.5
"""How often a connection is given up that waits for the rest of a frame: the rest is not meant to come."""

PEOPLE: Final = (
    ("alice", Role.OWNER),
    ("bob", Role.MODERATOR),
    ("carol", Role.MODERATOR),
    ("dave", Role.MEMBER),
    ("erin", Role.MEMBER),
    ("frank", Role.MEMBER),
)
"""Who is connected to the hub; the noise has some of these names too."""

INDEX_S: Final = 0.005

MOST_WAITING: Final = 20
"""Posts that a session may have outstanding: all of them are sent again over every new connection."""


class Target(ABC):
    """What is fuzzed. `next` makes a piece of bytes and `take` takes it; what that raises is a fault."""

    name = ""

    def __init__(self, noise: Noise) -> None:
        self.noise = noise
        self.counts: Counter[str] = Counter()

    @abstractmethod
    def next(self) -> bytes: ...

    @abstractmethod
    def take(self, data: bytes) -> None: ...

    def close(self) -> None:  # noqa: B027 - most have nothing on disk
        """Let go of what is on disk."""


class DecoderTarget(Target):
    """Frames cut out and decoded, as either end would; split anywhere."""

    name = "decoder and codec"

    def __init__(self, noise: Noise) -> None:
        super().__init__(noise)
        self._decoder = FrameDecoder(FRAME_BYTES)

    def next(self) -> bytes:
        classes = CLIENT_PACKETS if self.noise.chance.random() < 0.5 else SERVER_PACKETS
        return self.noise.frame(classes, 0.3)

    def take(self, data: bytes) -> None:
        cut = self.noise.chance.randrange(len(data) + 1)
        try:
            for part in (data[:cut], data[cut:]):
                for packet_type, payload in self._decoder.feed(part):
                    self._decode(packet_type, payload)
            assert self._decoder.kept_bytes <= FRAME_BYTES + 12
            if self._decoder.kept_bytes and self.noise.chance.random() < IMPATIENCE:
                self._decoder = FrameDecoder(FRAME_BYTES)
        except ProtocolError as error:
            self.counts[ErrorCode(error.code).name] += 1
            self._decoder = FrameDecoder(FRAME_BYTES)

    def _decode(self, packet_type: int, payload: bytes) -> None:
        for decode in (decode_from_client, decode_from_server):
            try:
                packet = decode(packet_type, payload)
                self.counts["ignored" if packet is None else "decoded"] += 1
            except ProtocolError as error:
                self.counts[ErrorCode(error.code).name] += 1


class PostsTarget(Target):
    """Posts cut several at once: by the module in C, where it is built, never more than by Python."""

    name = "posts"

    def next(self) -> bytes:
        parts = (self._part() for _ in range(self.noise.chance.randint(1, 6)))
        return self.noise.chance.randbytes(2) + b"".join(parts)

    def _part(self) -> bytes:
        if self.noise.chance.random() < 0.3:
            return self.noise.frame((Post,), 0)
        return encode(msgspec.structs.replace(self.noise.packet(Post), room=1))

    def take(self, data: bytes) -> None:
        start = self.noise.chance.choice((2, 2, 2, self.noise.chance.randrange(len(data) + 1)))
        limit_bytes = self.noise.chance.choice((60, FRAME_BYTES))
        answer = cut_posts(data, start, limit_bytes)
        known = cut_posts_in_python(data, start, limit_bytes)
        count = len(answer[0]) if answer else 0
        self.counts[f"{count} cut"] += 1
        if answer:
            assert known is not None
            assert answer[0].payloads() == known[0].payloads()[:count]
            assert answer[0].nonces() == known[0].nonces()[: count * NONCE_BYTES]
            assert answer[0].entries(1, TIME_MAX, "bob") == known[0].entries(1, TIME_MAX, "bob")[:count]


class Link:
    """Takes what the hub sends; a stalled one takes nothing."""

    def __init__(self, is_stalled: bool) -> None:
        self.is_stalled = is_stalled
        self.sent = 0

    def send(self, data: bytes) -> bool:
        self.sent += len(data)
        return not self.is_stalled

    def push(self, data: bytes) -> int:
        self.sent += len(data)
        return 0 if self.is_stalled else len(data)

    def keep(self, data: bytes, sent: int) -> None:
        """What a real link keeps is of no interest."""

    def give_up(self) -> None:
        raise AssertionError("a broadcast failed")


class HubTarget(Target):
    """A hub on a log on disk, with several peers: an owner, a moderator, members, strangers; some of them
    read nothing. The log grows on disk and not in memory, so that whatever grows there was left behind.
    """

    name = "hub"

    def __init__(self, noise: Noise) -> None:
        super().__init__(noise)
        self._now = 1_000.0
        self._place = tempfile.TemporaryDirectory()
        self._log = SqliteLog(Path(self._place.name) / "fuzz.db")
        settings = HubSettings(posts_per_s=1e6, post_burst=1e6)
        self._hub = Hub(settings, self._log, lambda *_: noise.chance.random() < 0.9)
        self._settle()
        self._hub.make_listed_rooms(1)
        self._peers: list[tuple[Peer, RequestDecoder]] = [
            self._enter(number) for number in range(len(PEOPLE))
        ]

    def close(self) -> None:
        """Remove the log."""
        self._log.close()
        self._place.cleanup()

    def _settle(self) -> None:
        self._now += 0.1
        for _ in range(20):
            self._hub.begin_pass(self._now, int(self._now * 1_000))
            for proposal, outcome in self._hub.commit():
                self._hub.decide(proposal, outcome)
            self._hub.write()
            for peer in self._hub.take_closing():
                self._hub.disconnect(peer)
            if self._hub.wait_s(self._now) != 0:
                return

    def _enter(self, number: int) -> tuple[Peer, RequestDecoder]:
        link = Link(is_stalled=self.noise.chance.random() < 0.1)
        peer = self._hub.connect(link, f"10.0.0.{number}:1", PLAIN_SERVER_KEY, bytes(32))
        if self.noise.chance.random() < 0.9:
            handle, role = PEOPLE[number]
            code = self._code(role) if handle not in self._hub.state.by_handle else ""
            key = bytes([number]) * 32
            login = Login(1, 1, handle, key, bytes(32), bytes(64), bytes([number]) * 16, invite=code)
            self._receive(peer, login)
            self._settle()
            if peer.stage is Stage.READY:
                self._receive(peer, Follow(2, [Cursor(1, 0)]))
        return peer, RequestDecoder(FRAME_BYTES)

    def _code(self, role: Role) -> str:
        """Return a code of the operator with which a newcomer gets that role."""
        code = make_code(self.noise.chance.randbytes(SECRET_BYTES))
        self._log.submit([AddCode(hash_code(code), CodeKind.INVITE, role, 0, TIME_MAX)], 1)
        self._log.outcomes()
        return code

    def _pardon(self) -> None:
        """Let the owner take back what was done to people: soon nobody else would be allowed anything."""
        owner, number = self._peers[0][0], itertools.count(3)
        for handle, role in PEOPLE[1:]:
            for act in (ModerationAct.UNBAN, ModerationAct.UNMUTE, ModerationAct.SET_ROLE):
                if owner.stage is Stage.READY:
                    self._receive(owner, Moderate(next(number), 1, act, handle, role=role))

    def _receive(self, peer: Peer, packet: Incoming) -> None:
        try:
            self._hub.receive(peer, packet)
        except ProtocolError as error:
            self.counts[ErrorCode(error.code).name] += 1
            self._hub.close(peer, error.code, error.text)

    def next(self) -> bytes:
        return self.noise.frame(CLIENT_PACKETS, 0.9)

    def take(self, data: bytes) -> None:
        number = self.noise.chance.randrange(len(self._peers))
        peer, decoder = self._peers[number]
        try:
            for packet in decoder.packets(data):
                if packet is not None:
                    self.counts[ROWS[type(packet)].name] += 1
                    self._receive(peer, packet)
        except ProtocolError as error:
            self.counts[ErrorCode(error.code).name] += 1
            self._hub.close(peer, error.code, error.text)
        if self.noise.chance.random() < 0.1:
            self._settle()
        if self.noise.chance.random() < 0.01:
            self._now += 5
            self._hub.tick()
            if peer.is_stalled and peer.stage is Stage.READY:
                self._hub.writable(peer)
            self._settle()
            self._pardon()
            self._log.index(INDEX_S)
        is_waiting = decoder.kept_bytes and self.noise.chance.random() < IMPATIENCE
        if is_waiting or peer.stage is Stage.CLOSING:
            self._settle()
            self._hub.disconnect(peer)
            self._peers[number] = self._enter(number)


class Signs:
    """A key that signs everything with zeros."""

    public_key = bytes(32)

    def sign(self, message: bytes) -> bytes:
        return bytes(64)


class SessionTarget(Target):
    """A session at the hands of a server that says anything."""

    name = "session"

    def __init__(self, noise: Noise) -> None:
        super().__init__(noise)
        self._now = 1.0
        self._session = Session(
            "alice", Signs(), ListOutbox(), session_id=bytes(16), new_nonce=lambda: noise.chance.randbytes(16)
        )
        self._connect()

    def _connect(self) -> None:
        self._session.connection_lost("fuzz", self._now)
        self._session.connecting()
        self._session.connected(PLAIN_SERVER_KEY, self._now, 1)
        if self.noise.chance.random() < 0.05:
            return
        info = RoomInfo(1, "lobby", 0, "", 1, 3, 1, True)
        hello = Hello(1, 1, "fuzz", bytes(32), bytes(16), "open", False)
        self._session.receive(encode(hello), self._now, 1)
        (login,) = self._session._wire.asked
        for packet in (Welcome(login, "alice", 1, False, 1, 1, ""), RoomState(info)):
            self._session.receive(encode(packet), self._now, 1)

    def next(self) -> bytes:
        chance = self.noise.chance
        asked: dict[int, Request] = self._session._wire.asked
        if asked and chance.random() < 0.4:
            packet = self.noise.packet(chance.choice(SERVER_PACKETS[: len(SERVER_PACKETS) // 2]))
            if hasattr(packet, "id"):
                fields = {name: getattr(packet, name) for name in packet.__struct_fields__}
                return encode(type(packet)(**(fields | {"id": chance.choice(list(asked))})))
        return self.noise.frame(SERVER_PACKETS, 0.9)

    def take(self, data: bytes) -> None:
        session, chance = self._session, self.noise.chance
        self._now += 0.01
        cut = chance.randrange(len(data) + 1)
        for part in (data[:cut], data[cut:]):
            session.receive(part, self._now, int(self._now * 1_000))
        if chance.random() < 0.1:
            self._ask()
        session.data_to_send()
        self.counts["events"] += len(session.take_events())
        if chance.random() < 0.02:
            self._now += 1
            session.tick(self._now)
        is_waiting = session._wire._decoder.kept_bytes and chance.random() < IMPATIENCE
        if is_waiting or session.must_close is not None:
            self.counts["closed"] += 1
            self._connect()

    def _ask(self) -> None:
        """Do what a user may do."""
        session, chance = self._session, self.noise.chance
        room = chance.choice([1, 1, *session.rooms])
        if session.waiting_count < MOST_WAITING:
            try:
                session.post(room, "x")
            except TextRefused:
                self.counts["text refused"] += 1
        session.ask.load_older(room)
        session.mark_read(room, chance.randrange(5))
        session.ask.join("dev", create=True)
        session.ask.search("x")
        session.ask.load_members(room)
