"""Noise for fuzzing: packets with random values, payloads that are nearly right, bytes that are nothing.

Values are made from the types of the fields, so that a new packet is fuzzed from the day it exists. Fast
rather than clever: a million frames are a minute. Read next: `fuzz.py`.
"""

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import inspect

from chatroom.protocol.codec import HEARTBEATS, NOTICES, REQUESTS, RESPONSES, encode
from chatroom.protocol.entries import BODY_TYPES, Entry, encode_entry
from chatroom.protocol.frames import HEADER, HEADER_BYTES, encode_frame
from chatroom.protocol.packets import Packet

CLIENT_PACKETS: Final = (*REQUESTS.values(), *HEARTBEATS.values())
SERVER_PACKETS: Final = (*RESPONSES.values(), *NOTICES.values(), *HEARTBEATS.values())

TEXTS: Final = (
    "", "a", "lobby", "#lobby", "@bob", "alice", "bob", "hello @bob", "*", '"', "a" * 300, "x\n" * 40,
    "\x00", "\x1b[2J", "\x9b31m", "\u202eevil", "\u200b", "e" + "\u0301" * 60, "\N{PILE OF POO}" * 20,
    "\ufeff", "\u2028", "今天", "NEAR(", "te*", "/me", "a1ice", "server", "\U000e0041",
)  # fmt: skip
NAMES: Final = ("alice", "bob", "carol", "dave", "erin", "lobby")
KNOWN_SHARE: Final = 0.3
"""How often a text is the name of somebody or something that is there."""

MUTATIONS: Final = 6
NEW_SHARE: Final = 0.7
"""How often bytes are new ones: most posts are to be stored, some to be repeated."""


class Noise:
    """Everything random, from one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._infos: dict[type, inspect.Type] = {}
        self._makers: dict[type[inspect.Type], Callable[[Any], Any]] = {
            inspect.IntType: self._integer,
            inspect.StrType: self._text,
            inspect.BytesType: self._bytes,
            inspect.BoolType: lambda _of: self.chance.random() < 0.5,
            inspect.ListType: self._list,
            inspect.TupleType: lambda of: tuple(map(self._make, of.item_types)),
            inspect.StructType: self._struct,
            inspect.RawType: lambda _of: msgspec.Raw(self.body()),
        }

    # -- values --------------------------------------------------------------------------------------------

    def packet(self, cls: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - a value of that class
        """A packet, entry or body with random values within the limits of its fields."""
        if cls not in self._infos:
            self._infos[cls] = inspect.type_info(cls)
        return self._make(self._infos[cls])

    def _make(self, of: inspect.Type) -> Any:  # noqa: ANN401
        return self._makers[type(of)](of)

    def _integer(self, of: inspect.IntType) -> int:
        low, high = of.ge or 0, of.le if of.le is not None else 2**63
        kind = self.chance.random()
        if kind < 0.75:
            return min(high, low + self.chance.randrange(6))
        return self.chance.choice((low, high, self.chance.randint(low, high)))

    def _text(self, of: inspect.StrType) -> str:
        limit = of.max_length or 300
        if self.chance.random() < 0.005:
            return "\N{PILE OF POO}" * limit
        texts = NAMES if self.chance.random() < KNOWN_SHARE else TEXTS
        return self.chance.choice(texts)[:limit]

    def _bytes(self, of: inspect.BytesType) -> bytes:
        low, high = of.min_length or 0, of.max_length if of.max_length is not None else 40
        size = low if low == high else self.chance.randint(low, min(high, low + 20))
        if self.chance.random() < NEW_SHARE:
            return self.chance.randbytes(size)
        return bytes([self.chance.randrange(4)]) * size  # few different ones, so that nonces repeat

    def _list(self, of: inspect.ListType) -> list[Any]:
        most = min(of.max_length or 3, 3)
        if self.chance.random() < 0.002:
            most = of.max_length or 3
        return [self._make(of.item_type) for _ in range(self.chance.randint(0, most))]

    def _struct(self, of: inspect.StructType) -> Any:  # noqa: ANN401
        return of.cls(**{field.name: self._make(field.type) for field in of.fields})

    def body(self) -> bytes:
        """The body of an entry: of a kind that exists, or any MessagePack."""
        if self.chance.random() < 0.8:
            return msgspec.msgpack.encode(self.packet(self.chance.choice(list(BODY_TYPES.values()))))
        return self.payload()

    # -- frames --------------------------------------------------------------------------------------------

    def right(self, classes: tuple[type[Packet], ...]) -> bytes:
        """A frame that says something; of a server, often an entry."""
        if classes is SERVER_PACKETS and self.chance.random() < 0.2:
            entry = self.packet(Entry)
            body = bytes(entry.body)
            return encode_entry(entry.room, entry.seq, entry.at, entry.author, entry.nonce, entry.kind, body)
        return encode(self.packet(self.chance.choice(classes)))

    def payload(self, depth: int = 0) -> bytes:
        """Any MessagePack, sometimes cut."""
        data = msgspec.msgpack.encode(self._any(depth))
        return data[: self.chance.randrange(len(data) + 1)] if self.chance.random() < 0.1 else data

    def _any(self, depth: int) -> Any:  # noqa: ANN401
        kind = self.chance.randrange(9 if depth < 4 else 7)
        match kind:
            case 0:
                return None
            case 1:
                return self.chance.random() < 0.5
            case 2:
                return self.chance.choice((0, 1, -1, 2**63, 2**64 - 1, -(2**63), self.chance.getrandbits(20)))
            case 3:
                return self.chance.choice((0.0, float("nan"), float("inf"), -1.5))
            case 4 | 5:
                return self.chance.choice(TEXTS)
            case 6:
                return self.chance.randbytes(self.chance.randrange(20))
            case 7:
                return {
                    self.chance.choice(TEXTS): self._any(depth + 1) for _ in range(self.chance.randrange(3))
                }
            case _:
                return [self._any(depth + 1) for _ in range(self.chance.randrange(7))]

    def nearly_right(self, classes: tuple[type[Packet], ...]) -> bytes:
        """A right frame with something wrong in it; mostly with a right checksum, so that it is read."""
        frame = bytearray(self.right(classes))
        match self.chance.randrange(MUTATIONS):
            case 0:  # some bytes are others
                for _ in range(self.chance.randint(1, 4)):
                    frame[self.chance.randrange(len(frame))] = self.chance.getrandbits(8)
            case 1:  # another type
                kind = self.chance.choice((self.chance.getrandbits(16), *REQUESTS, *RESPONSES, *NOTICES))
                return encode_frame(kind, bytes(frame[HEADER_BYTES:]))
            case 2:  # another payload
                return encode_frame(HEADER.unpack_from(frame)[1], self.payload())
            case 3:  # cut short, with the length it has
                payload = frame[HEADER_BYTES : HEADER_BYTES + self.chance.randrange(len(frame))]
                return encode_frame(HEADER.unpack_from(frame)[1], bytes(payload))
            case 4:  # a wrong length
                length = self.chance.choice((0, 1, 4_096, 4_097, 65_536, 65_537, 2**32 - 1))
                HEADER.pack_into(frame, 0, length, *HEADER.unpack_from(frame)[1:])
            case _:  # bytes of the payload are others
                payload = bytearray(frame[HEADER_BYTES:])
                for _ in range(self.chance.randint(1, 3) if payload else 0):
                    payload[self.chance.randrange(len(payload))] = self.chance.getrandbits(8)
                return encode_frame(HEADER.unpack_from(frame)[1], bytes(payload))
        return bytes(frame)

    def nothing(self) -> bytes:
        """Bytes that are nothing."""
        return self.chance.choice(
            (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"SSH-2.0-x\r\n", b"\x16\x03\x01\x02\x00\x01", bytes(40))
        ) + self.chance.randbytes(self.chance.randrange(60))

    def frame(self, classes: tuple[type[Packet], ...], right_share: float) -> bytes:
        """A frame: right, nearly right, or none."""
        kind = self.chance.random()
        if kind < right_share:
            return self.right(classes)
        if kind < right_share + (1 - right_share) * 0.8:
            return self.nearly_right(classes)
        return self.nothing()
