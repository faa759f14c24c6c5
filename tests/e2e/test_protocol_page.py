"""The session of docs/protocol.md, replayed against a real server by who knows nothing but the page."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.patience import PATIENCE_S
from support.protocol_page import Step, named_values, session
from support.server_process import ServerProcess, running_server

HEADER = struct.Struct(">IHHI")
PRESENCE_CHANGED = 0x8002
PING = 0x0002


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path, {"server": {"name": "demo"}}) as running:
        yield running


class Client:
    """A connection that sends what the page says and fills its holes."""

    def __init__(self, port: int, chunk: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._chunk = chunk
        self.challenge = b""

    def close(self) -> None:
        self._socket.close()

    def send(self, step: Step) -> None:
        """Send a frame; one with holes is a login, to be signed."""
        if None in step.data:
            place = step.hole(64)
            signature = _signature(self.challenge)
            frame = bytearray(byte or 0 for byte in step.data)
            frame[place : place + 64] = signature
            frame[8:12] = crc32(frame[12:]).to_bytes(4, "big")
        else:
            frame = bytearray(byte for byte in step.data if byte is not None)
        for start in range(0, len(frame), self._chunk):
            self._socket.sendall(frame[start : start + self._chunk])

    def expect(self, step: Step) -> None:
        """Receive a frame and compare it with that of the page."""
        frame = self._receive_frame()
        while struct.unpack_from(">H", frame, 4)[0] in (PRESENCE_CHANGED, PING):
            frame = self._receive_frame()
        shown = [byte if known is not None else None for byte, known in zip(frame, step.data, strict=False)]
        assert shown == step.data, f"received {frame.hex()}"
        assert step.is_open or len(frame) == len(step.data)
        if struct.unpack_from(">H", frame, 4)[0] == 0x4000:
            place = step.hole(32)
            self.challenge = frame[place : place + 32]

    def expect_end(self) -> None:
        """Nothing more comes."""
        assert self._socket.recv(1) == b""

    def _receive_frame(self) -> bytes:
        header = self._receive(HEADER.size)
        length, _packet_type, _flags, checksum = HEADER.unpack(header)
        payload = self._receive(length)
        assert crc32(payload) == checksum
        return header + payload

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            assert part, f"the server closed after {data.hex()}"
            data += part
        return data


def _signature(server_challenge: bytes) -> bytes:
    """The signature of a login, by the key and with the challenge of the page's example."""
    example = named_values("login-example")
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(example["private_key"]))
    parts = [b"chatroom-login-v1\0", server_challenge, bytes.fromhex(example["client_challenge"]), bytes(32)]
    return key.sign(b"".join(parts) + example["handle"].encode())


@pytest.mark.parametrize("chunk", [65_536, 1], ids=["whole frames", "one byte at a time"])
def test_the_session_of_the_page_happens_as_it_says(server: ServerProcess, chunk: int) -> None:
    client: Client | None = None
    for step in session():
        if step.what == "connect":
            client = Client(server.port, chunk)
            continue
        assert client is not None
        match step.what:
            case "C":
                client.send(step)
            case "S":
                client.expect(step)
            case "close":
                client.close()
            case "end":
                client.expect_end()
                client.close()
            case _:
                raise AssertionError(f"the page has a step {step.what!r}")
    assert server.stop() == 0
