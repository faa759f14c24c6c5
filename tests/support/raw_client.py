"""A client that is nothing but a blocking socket and the codec: to say right things, and wrong ones."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.net.keys import spki_hash
from chatroom.net.tls import client_context
from chatroom.protocol.auth import PLAIN_SERVER_KEY, login_message
from chatroom.protocol.codec import decode_from_server, encode
from chatroom.protocol.entries import Entry, Posted, read_body
from chatroom.protocol.frames import FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES, VERSION
from chatroom.protocol.packets import (
    Closing,
    Cursor,
    Follow,
    Hello,
    Login,
    Packet,
    Post,
    RoomState,
    ServerPacket,
    Welcome,
)
from support.patience import PATIENCE_S


class Ended(Exception):  # noqa: N818 - an end is not always an error
    """The server closed the connection."""


class RawClient:
    """One connection to a server on loopback."""

    def __init__(
        self,
        port: int,
        key: Ed25519PrivateKey | None = None,
        *,
        tls: bool = False,
        receive_bytes: int | None = None,
    ) -> None:
        self.key = key or Ed25519PrivateKey.generate()
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        if receive_bytes is not None:  # before it connects: a window that was once offered stays
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.socket.connect(("127.0.0.1", port))
        self.server_key = PLAIN_SERVER_KEY
        if tls:
            wrapped = client_context().wrap_socket(self.socket)
            self.socket = wrapped
            certificate = wrapped.getpeercert(binary_form=True)
            assert certificate is not None
            self.server_key = spki_hash(certificate)
        self.received: list[ServerPacket] = []
        self.ids = count(1)
        self._decoder = FrameDecoder(FRAME_BYTES)
        self._unseen: list[ServerPacket] = []

    def send(self, packet: Packet) -> None:
        """Send one packet."""
        self.socket.sendall(encode(packet))

    def read_more(self) -> None:
        """Wait for bytes and decode them. Raises Ended when there are no more."""
        try:
            data = self.socket.recv(65_536)
        except (ConnectionResetError, ssl.SSLEOFError):
            data = b""
        if not data:
            raise Ended
        for packet_type, payload in self._decoder.feed(data):
            packet = decode_from_server(packet_type, payload)
            if packet is not None:
                self.received.append(packet)
                self._unseen.append(packet)

    def wait_for(self, matches: Callable[[ServerPacket], bool] | type[ServerPacket]) -> ServerPacket:
        """Return the next packet not looked at that matches; those before it are passed over."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            while self._unseen:
                packet = self._unseen.pop(0)
                if isinstance(packet, matches) if isinstance(matches, type) else matches(packet):
                    return packet
            assert time.monotonic() < deadline, f"not seen: {matches}"
            self.read_more()

    def login_packet(self, handle: str, invite: str = "", password: str = "") -> Login:
        """Return the login for this connection; waits for the greeting."""
        hello = self.wait_for(Hello)
        assert isinstance(hello, Hello)
        challenge = bytes(range(32))
        message = login_message(hello.challenge, challenge, self.server_key, handle)
        public_key = self.key.public_key().public_bytes_raw()
        session = id(self).to_bytes(16, "big")
        return Login(
            next(self.ids),
            VERSION,
            handle,
            public_key,
            challenge,
            self.key.sign(message),
            session,
            password=password,
            invite=invite,
        )

    def enter(self, handle: str, *, follow: bool = True, invite: str = "", password: str = "") -> int:
        """Log in, follow the lobby from its head, and return its number."""
        self.send(self.login_packet(handle, invite, password))
        self.wait_for(Welcome)
        state = self.wait_for(lambda packet: isinstance(packet, RoomState) and packet.info.name == "lobby")
        assert isinstance(state, RoomState)
        if follow:
            self.send(Follow(next(self.ids), [Cursor(state.info.room, state.info.head)]))
        return state.info.room

    def post(self, room: int, text: str) -> None:
        """Post without waiting."""
        number = next(self.ids)
        self.send(Post(number, room, number.to_bytes(16, "big"), text))

    def wait_for_text(self, text: str) -> Entry:
        """Return the entry of the message with this text."""

        def matches(packet: ServerPacket) -> bool:
            if not isinstance(packet, Entry):
                return False
            body = read_body(packet)
            return isinstance(body, Posted) and body.text == text

        found = self.wait_for(matches)
        assert isinstance(found, Entry)
        return found

    def texts(self) -> list[str]:
        """Return the texts of all messages received so far."""
        bodies = [read_body(packet) for packet in self.received if isinstance(packet, Entry)]
        return [body.text for body in bodies if isinstance(body, Posted)]

    def end_output(self) -> None:
        """Say that nothing more will be sent, and go on reading."""
        if isinstance(self.socket, ssl.SSLSocket):
            socket.socket.shutdown(self.socket, socket.SHUT_WR)  # its own method would end TLS both ways
        else:
            self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def turned_away(self, handle: str, invite: str = "", password: str = "") -> Closing:
        """Try to log in and return why it did not work."""
        self.send(self.login_packet(handle, invite, password))
        answer = self.wait_for(lambda packet: isinstance(packet, Welcome | Closing))
        assert isinstance(answer, Closing), answer
        return answer


@contextlib.contextmanager
def raw_client(
    port: int,
    key: Ed25519PrivateKey | None = None,
    *,
    tls: bool = False,
    receive_bytes: int | None = None,
) -> Iterator[RawClient]:
    """A connection for the time of a `with`; `receive_bytes` is the size of its receive buffer."""
    client = RawClient(port, key, tls=tls, receive_bytes=receive_bytes)
    try:
        yield client
    finally:
        client.close()
