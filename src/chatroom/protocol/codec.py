"""The registry of packets: which number stands for which packet, and the way from value to frame and back.

Which direction a packet may travel is part of the registry: neither side decodes what only the other one may
receive. Types below 0x4000 are for clients to send, those from there on for servers; types from 0x8000 on may
be ignored by who does not know them. Read next: `frames.py`.
"""

from typing import Final

import msgspec

from chatroom.protocol.entries import ENTRY_TYPE, MALFORMED, Entry
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.frames import encode_frame
from chatroom.protocol.packets import (
    Claim,
    Closing,
    CreateLink,
    DeviceList,
    Done,
    Follow,
    Following,
    Hello,
    History,
    HistoryPage,
    Invite,
    Join,
    Leave,
    LinkCode,
    ListDevices,
    ListMembers,
    ListRooms,
    Login,
    MarkRead,
    MemberList,
    Moderate,
    OpenDirect,
    Opened,
    Packet,
    Ping,
    Pong,
    Post,
    PresenceChanged,
    ReadMarker,
    Refused,
    Request,
    RevokeDevice,
    RoomGone,
    RoomList,
    RoomState,
    Search,
    SearchPage,
    ServerPacket,
    SetPresence,
    SetTopic,
    Stored,
    Welcome,
)

REQUESTS: Final[dict[int, type[Request]]] = {
    0x0001: Login,
    0x0010: Follow,
    0x0011: Join,
    0x0012: OpenDirect,
    0x0013: Leave,
    0x0014: SetTopic,
    0x0015: Invite,
    0x0016: ListRooms,
    0x0017: ListMembers,
    0x0018: Moderate,
    0x0020: Post,
    0x0021: History,
    0x0022: Search,
    0x0023: MarkRead,
    0x0030: SetPresence,
    0x0031: Claim,
    0x0032: CreateLink,
    0x0033: ListDevices,
    0x0034: RevokeDevice,
}
"""What a client may send, besides `Ping` and `Pong`."""

RESPONSES: Final[dict[int, type[Packet]]] = {
    0x4001: Welcome,
    0x4002: Done,
    0x4003: Refused,
    0x4010: Following,
    0x4011: Opened,
    0x4016: RoomList,
    0x4017: MemberList,
    0x4020: Stored,
    0x4021: HistoryPage,
    0x4022: SearchPage,
    0x4032: LinkCode,
    0x4033: DeviceList,
}

NOTICES: Final[dict[int, type[Packet]]] = {
    0x4000: Hello,
    0x4004: Closing,
    0x8002: PresenceChanged,
    0x8003: RoomState,
    0x8004: RoomGone,
    0x8005: ReadMarker,
}

HEARTBEATS: Final[dict[int, type[Packet]]] = {0x0002: Ping, 0x0003: Pong}

SERVER_SENDS: Final = 0x4000
"""Packet types from here to `IGNORABLE` are sent by servers only; those below, but heartbeats, by clients
only.
"""

IGNORABLE: Final = 0x8000
"""A packet type with this bit may be ignored by a receiver that does not know it."""

_types: Final = {
    cls: number for table in (REQUESTS, RESPONSES, NOTICES, HEARTBEATS) for number, cls in table.items()
}
_encoder: Final = msgspec.msgpack.Encoder()
_sent: Final[dict[int, type[Packet]]] = {**REQUESTS, **HEARTBEATS}
_from_client: Final = {number: msgspec.msgpack.Decoder(cls) for number, cls in _sent.items()}
_received: Final[dict[int, type[ServerPacket]]] = {**RESPONSES, **NOTICES, **HEARTBEATS, ENTRY_TYPE: Entry}
_from_server: Final = {number: msgspec.msgpack.Decoder(cls) for number, cls in _received.items()}
_any_request: Final = msgspec.msgpack.Decoder(Request)


def packet_type(cls: type[Packet]) -> int:
    """Return the number that stands for a packet class on the wire."""
    return _types[cls]


def encode(packet: Packet) -> bytes:
    """Return the whole frame that carries `packet`."""
    return encode_frame(_types[type(packet)], _encoder.encode(packet))


def decode_from_client(packet_type: int, payload: bytes) -> Packet | None:
    """Return what a client sent; None for an unknown packet that may be ignored.

    An unknown request comes back as a bare `Request` with its id, to be refused. Raises ProtocolError:
    BAD_PACKET when the payload is not what its type says, BAD_ORDER for what only servers send.
    """
    decoder = _from_client.get(packet_type)
    try:
        if decoder is not None:
            return decoder.decode(payload)
        if packet_type in _received or SERVER_SENDS <= packet_type < IGNORABLE:
            raise _wrong_direction(packet_type, "client")
        return None if packet_type & IGNORABLE else _any_request.decode(payload)
    except MALFORMED as error:
        raise _bad_packet(packet_type, error) from None


def decode_from_server(packet_type: int, payload: bytes) -> ServerPacket | None:
    """Return what a server sent; None for an unknown packet that may be ignored.

    Raises ProtocolError: BAD_PACKET when the payload is not what its type says or the type is unknown and may
    not be ignored, BAD_ORDER for what only clients send.
    """
    decoder = _from_server.get(packet_type)
    try:
        if decoder is not None:
            return decoder.decode(payload)
    except MALFORMED as error:
        raise _bad_packet(packet_type, error) from None
    if packet_type & IGNORABLE:
        return None
    if packet_type < SERVER_SENDS:
        raise _wrong_direction(packet_type, "server")
    raise ProtocolError(ErrorCode.BAD_PACKET, f"packet {packet_type:#06x} is not known here")


def _bad_packet(packet_type: int, error: Exception) -> ProtocolError:
    return ProtocolError(ErrorCode.BAD_PACKET, f"packet {packet_type:#06x}: {error}")


def _wrong_direction(packet_type: int, sender: str) -> ProtocolError:
    return ProtocolError(ErrorCode.BAD_ORDER, f"packet {packet_type:#06x} is not for a {sender} to send")
