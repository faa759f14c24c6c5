"""The languages of the servers: how a member gets in, and how a post looks. One class each, no sockets.

`opening` is what a member says first, `hear` what it answers to one record (a frame or a line) until it is
in. Once in, the pump takes over, which knows stamps only. Read next: `entrance.py`, `pump.py`.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.load.stamps import FRAMES, LINES, SHORT_FRAMES, Post, Shape, blank_text
from chatroom.protocol.auth import login_message
from chatroom.protocol.codec import decode_from_server, encode
from chatroom.protocol.entries import EntryKind, Posted, encode_body, encode_entry
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.protocol.limits import VERSION
from chatroom.protocol.packets import (
    Cursor,
    Follow,
    Following,
    Hello,
    Login,
    Ping,
    Pong,
    RoomInfo,
    RoomState,
    Welcome,
)
from chatroom.protocol.packets import Post as PostPacket


class Dialect(Protocol):
    """One language; keeps what it has to remember of each member until that one is in."""

    shape: Shape

    def opening(self, member: int) -> bytes:
        """What the member says when it is connected."""
        ...

    def hear(self, member: int, record: bytes) -> tuple[bytes, bool]:
        """What the member answers, and whether it is in now."""
        ...

    def post(self, member: int) -> Post:
        """How a post of this member looks."""
        ...


# -- ours --------------------------------------------------------------------------------------------------


def handle_of(member: int) -> str:
    """The handle of a member of ours."""
    return f"user{member:05}"


def key_of(member: int) -> Ed25519PrivateKey:
    """The key of a member: the same in every run, so that it can come back."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(handle_of(member).encode()).digest())


@dataclass
class Chatroom:
    """Our protocol. Members follow the lobby from its head, or from `cursor` where that is given."""

    server_key_hash: bytes
    cursor: int | None = None
    text_bytes: int = 100
    lobby: int = 0
    heads: dict[int, int] = field(default_factory=dict)
    """The head of the lobby as each member was last told it."""
    _missing: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text = blank_text(self.text_bytes).decode()
        frame = encode_entry(1, 1, 1, "user", bytes(16), EntryKind.POSTED, encode_body(Posted(text)))
        self.shape = Shape(
            FRAMES, len(frame) - frame.index(b"^") - self.text_bytes, True, True, self.text_bytes
        )

    def opening(self, member: int) -> bytes:
        return b""

    def hear(self, member: int, record: bytes) -> tuple[bytes, bool]:
        packet = decode_from_server(int.from_bytes(record[4:6], "big"), record[HEADER_BYTES:])
        match packet:
            case Hello():
                return encode(self._login(member, packet)), False
            case Welcome():
                self._missing[member] = packet.room_count
            case RoomState():
                return self._learn(member, packet.info)
            case Ping():
                return encode(Pong(packet.token)), False
            case Following():
                self.heads[member] = packet.rooms[0].head
                return b"", True
            case _:
                pass
        return b"", False

    def _login(self, member: int, hello: Hello) -> Login:
        key = key_of(member)
        challenge = secrets.token_bytes(32)
        signed = key.sign(login_message(hello.challenge, challenge, self.server_key_hash, handle_of(member)))
        session = secrets.token_bytes(16)
        return Login(
            1, VERSION, handle_of(member), key.public_key().public_bytes_raw(), challenge, signed, session
        )

    def _learn(self, member: int, info: RoomInfo) -> tuple[bytes, bool]:
        if info.name == "lobby":
            self.lobby, self.heads[member] = info.room, info.head
        self._missing[member] -= 1
        if self._missing[member]:
            return b"", False
        cursor = self.heads[member] if self.cursor is None else self.cursor
        return encode(Follow(2, [Cursor(self.lobby, cursor)])), False

    def post(self, member: int) -> Post:
        nonce = bytes(8) + secrets.token_bytes(8)
        data = encode(PostPacket(3, self.lobby, nonce, blank_text(self.text_bytes).decode()))
        return Post(data, data.index(b"^" + b"0" * 28), data.index(nonce))


# -- the others --------------------------------------------------------------------------------------------


class Irc:
    """IRC: a member is in when the list of names of the room has ended; with `joins` False, when it is
    welcome.
    """

    def __init__(self, *, joins: bool = True, text_bytes: int = 100) -> None:
        self._joins = joins
        self.shape = Shape(LINES, len(b"\r\n"), echoes=False, one_order=False, text_bytes=text_bytes)

    def opening(self, member: int) -> bytes:
        return f"NICK u{member:05}\r\nUSER u 0 * :u\r\n".encode()

    def hear(self, member: int, record: bytes) -> tuple[bytes, bool]:
        if record.startswith(b"PING"):
            return b"PONG" + record[4:], False
        words = record.split(b" ", 2)
        code = words[1] if len(words) > 1 else b""
        if code == b"001":
            return (b"JOIN #lobby\r\n", False) if self._joins else (b"", True)
        return b"", code == b"366"

    def post(self, member: int) -> Post:
        start = b"PRIVMSG #lobby :"
        return Post(start + blank_text(self.shape.text_bytes) + b"\r\n", len(start))


class Nats:
    """NATS: one subject for the room. The payload is a line of its own."""

    def __init__(self, text_bytes: int = 100) -> None:
        self.shape = Shape(LINES, len(b"\r\n"), echoes=True, one_order=False, text_bytes=text_bytes)

    def opening(self, member: int) -> bytes:
        return b'CONNECT {"verbose":false,"pedantic":false,"echo":true}\r\nSUB lobby 1\r\nPING\r\n'

    def hear(self, member: int, record: bytes) -> tuple[bytes, bool]:
        if record.startswith(b"PING"):
            return b"PONG\r\n", False
        return b"", record.startswith(b"PONG")

    def post(self, member: int) -> Post:
        start = f"PUB lobby {self.shape.text_bytes}\r\n".encode()
        return Post(start + blank_text(self.shape.text_bytes) + b"\r\n", len(start))


class Lantern:
    """lantern-chat: registers, logs in, joins; everything is text behind a length of four bytes."""

    def __init__(self, text_bytes: int = 100) -> None:
        self.shape = Shape(SHORT_FRAMES, 0, echoes=False, one_order=False, text_bytes=text_bytes)

    def opening(self, member: int) -> bytes:
        return _short_frame(f"[REGISTER]|u{member:05}|secret".encode())

    def hear(self, member: int, record: bytes) -> tuple[bytes, bool]:
        text = record[4:]
        if text.startswith(b"[REGISTER_OK]"):
            return _short_frame(f"[LOGIN]|u{member:05}|secret".encode()), False
        if text.startswith(b"[AUTH_OK]"):
            return _short_frame(f"[JOIN]|u{member:05}".encode()), False
        return b"", text.startswith(b"[USERS]")

    def post(self, member: int) -> Post:
        return Post(_short_frame(blank_text(self.shape.text_bytes)), 4)


def _short_frame(text: bytes) -> bytes:
    return len(text).to_bytes(4, "big") + text


class Floor:
    """The floor sends back what it gets: a line with as many bytes as an entry of ours has on the wire."""

    def __init__(self, record_bytes: int, text_bytes: int = 100) -> None:
        self.shape = Shape(LINES, 1, echoes=True, one_order=True, text_bytes=text_bytes)
        self._filling = b"." * (record_bytes - text_bytes - 1)

    def opening(self, member: int) -> bytes:
        return b"\n"

    def hear(self, member: int, record: bytes) -> tuple[bytes, bool]:
        return b"", True

    def post(self, member: int) -> Post:
        return Post(self._filling + blank_text(self.shape.text_bytes) + b"\n", len(self._filling))
