"""The service: connections, time and signals around the hub.

It runs the passes: what is readable is read and handed to the hub packet by packet, then the pass is
finished (commit, decide, write) and connections that are to end are ended. A fault in the handling of one
packet costs that connection and no other. Read next: `hub/hub.py`, `connection.py`.
"""

import logging
import secrets
import socket
import ssl
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from chatroom.net.loop import Loop, Timer
from chatroom.net.stream import PlainStream, StreamClosed
from chatroom.net.tls import TlsStream
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.protocol.codec import decode_from_client
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.limits import CHALLENGE_BYTES, FRAME_BYTES, LOGIN_FRAME_BYTES
from chatroom.protocol.text import log_safe
from chatroom.server.connection import Connection, Phase
from chatroom.server.hub.context import Proposal
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import Log, Outcome
from chatroom.server.hub.state import Peer, Stage
from chatroom.server.indexing import Indexing

logger: Final = logging.getLogger("chatroom.server")

TICK_S: Final = 1.0
"""How often deadlines are looked at."""

LINGER_S: Final = 1.0
"""How long a connection that was told why it ends is kept, so that no reset overtakes the reason."""

STOP_S: Final = 3.0
"""How long a stopping server waits for its clients to take the last bytes."""


PEER_EFFORT: Final = 50
"""What one peer may ask for in a pass, in tenths of a millisecond (`hub/requests/table.py`): about 5 ms."""

PASS_EFFORT: Final = 200
"""What all peers may ask for in a pass: whoever comes after that is heard first in the next one."""

ANSWER_BYTES: Final = 65_536
"""Answers of one pass after which a peer is not heard further: it has to be able to take them."""


SEND_BUFFER_BYTES: Final = 256 * 1024
"""What the kernel may hold for a peer that does not read. By itself it takes up to 4 MB of each (Linux), and
every byte of that is sent at full price to nobody: with 500 of 1,000 members stalled the others got 54 % less
for a CPU second; with this limit as much as before.
"""


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What the operator decides about connections; the limits of the settings file."""

    frame_bytes: int = FRAME_BYTES
    login_s: float = 10.0
    stalled_reader_s: float = 60.0
    connections_total: int = 10_000
    connections_per_address: int = 1_000
    read_budget_bytes: int = 65_536


class Service:
    """Serves a hub on the sockets it is given. `tls` None means plain TCP; `key_hash` names the key shown."""

    def __init__(
        self,
        loop: Loop,
        hub: Hub,
        log: Log,
        settings: ServiceSettings,
        tls: ssl.SSLContext | None = None,
        key_hash: bytes = PLAIN_SERVER_KEY,
    ) -> None:
        self._loop = loop
        self._hub = hub
        self._settings = settings
        self._tls = tls
        self._key_hash = key_hash
        self._connections: dict[Connection, None] = {}
        self._per_host: Counter[str] = Counter()
        self._handshaking: dict[Connection, None] = {}
        self._unfinished: dict[Connection, None] = {}
        self._failed: dict[Connection, None] = {}
        self._stalled: dict[Connection, None] = {}
        self._indexing = Indexing(loop, log)
        self._in_pass = False
        self._effort = 0
        self._now = loop.now()
        self._tick_timer: Timer | None = None
        self._is_stopping = False

    # -- running -------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until `stop` was called and every connection has ended."""
        self._tick_timer = self._loop.call_later(TICK_S, self._tick)
        while not (self._is_stopping and not self._connections):
            self._go_on()
            self._loop.run_once(self._wait_s())
            self._finish_pass()
        self._tick_timer.cancel()
        self._indexing.stop()

    def stop(self, text: str) -> None:
        """Tell every client that the server stops; `run` returns when they have it, or after `STOP_S`."""
        self._begin_pass()
        self._is_stopping = True
        self._hub.close_all(text)
        for connection in list(self._connections):
            if connection.peer is None:
                self._close(connection)
        self._loop.call_later(STOP_S, self._close_all)

    def _wait_s(self) -> float | None:
        if self._hub.has_work or self._unfinished or self._failed:
            return 0.0
        wake_at = self._hub.wake_at
        return None if wake_at is None else max(0.0, wake_at - self._loop.now())

    def _begin_pass(self) -> None:
        if not self._in_pass:
            self._in_pass = True
            self._effort = 0
            self._now = self._loop.now()
            self._hub.begin_pass(self._now, time.time_ns() // 1_000_000)

    def _go_on(self) -> None:
        """Hear those first whose turn did not come, or was not enough, in the pass before."""
        if self._unfinished:
            unfinished, self._unfinished = self._unfinished, {}
            for connection in unfinished:
                self._readable(connection)

    def _finish_pass(self) -> None:
        """Commit, decide, write; end what is to end."""
        self._begin_pass()
        for proposal, outcome in self._commit():
            try:
                self._hub.decide(proposal, outcome)
            except Exception:
                logger.exception("deciding %s of %s failed", type(proposal.change).__name__, proposal.peer)
                if proposal.peer is not None:
                    self._hub.close(proposal.peer, ErrorCode.INTERNAL, "the server made a mistake")
        self._hub.write()
        self._in_pass = False
        for peer in self._hub.take_closing():
            self._end(peer)
        failed, self._failed = self._failed, {}
        for connection in failed:
            self._lost(connection)

    def _commit(self) -> list[tuple[Proposal, Outcome]]:
        try:
            return self._hub.commit()
        except Exception:
            logger.exception("committing a pass failed")
            self._hub.give_up_proposals("the server made a mistake")
            return []

    # -- connections come ----------------------------------------------------------------------------------

    def accept(self, sock: socket.socket, address: tuple[str, int]) -> None:
        """Take a new connection, or close it where there are too many."""
        self._begin_pass()
        host = address[0]
        full = len(self._connections) >= self._settings.connections_total
        if full or (
            self._per_host[host] >= self._settings.connections_per_address and not _is_loopback(host)
        ):
            sock.close()
            logger.warning("turned away %s: too many connections", host)
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        stream: PlainStream | TlsStream
        if self._tls is None:
            stream = PlainStream(sock)
        else:
            stream = TlsStream(sock, self._tls, server_side=True)
        connection = Connection(stream, host, self._now, self._note_stall)
        self._connections[connection] = None
        self._per_host[host] += 1
        self._loop.watch(stream, lambda: self._readable(connection), lambda: self._writable(connection))
        if self._tls is None:
            self._open(connection)
        else:
            self._handshaking[connection] = None

    def _open(self, connection: Connection) -> None:
        """The bytes can flow: let the hub greet the peer."""
        self._handshaking.pop(connection, None)
        connection.phase = Phase.OPEN
        connection.peer = self._hub.connect(
            connection,
            connection.stream.peer_address,
            self._key_hash,
            secrets.token_bytes(CHALLENGE_BYTES),
            connection.opened_at,
        )

    # -- reading -------------------------------------------------------------------------------------------

    def _readable(self, connection: Connection) -> None:
        if connection.phase is Phase.GONE:
            return
        self._begin_pass()
        if self._effort >= PASS_EFFORT:
            self._unfinished[connection] = None
            return
        try:
            if connection.phase is Phase.HANDSHAKE and not self._shake_hands(connection):
                return
            if connection.frames is not None:
                self._handle_frames(connection)
            if connection.frames is None:
                self._read(connection)
        except StreamClosed as closed:
            connection.end_reason = connection.end_reason or closed.reason
            self._lost(connection)

    def _shake_hands(self, connection: Connection) -> bool:
        assert isinstance(connection.stream, TlsStream)
        if not connection.stream.handshake():
            return False
        self._open(connection)
        return connection.stream.more_to_read

    def _read(self, connection: Connection) -> None:
        data = connection.stream.read(self._settings.read_budget_bytes)
        if connection.phase is Phase.ENDING:
            return
        if connection.stream.more_to_read:
            self._unfinished[connection] = None
        peer = connection.peer
        if data and peer is not None:
            if connection.decoder.limit_bytes == LOGIN_FRAME_BYTES and peer.stage is Stage.READY:
                connection.decoder.limit_bytes = self._settings.frame_bytes
            connection.frames = connection.decoder.feed(data)
            self._handle_frames(connection)

    def _handle_frames(self, connection: Connection) -> None:
        """Hand frames to the hub until there are no more, or the peer has to wait."""
        peer, frames = connection.peer, connection.frames
        assert peer is not None
        assert frames is not None
        self._indexing.busy()
        packet_type, begun = 0, self._effort
        try:
            for packet_type, payload in frames:
                packet = decode_from_client(packet_type, payload)
                if packet is not None:
                    self._effort += self._hub.receive(peer, packet)
                if peer.stage is Stage.CLOSING:
                    break
                if peer.paused_until > self._now or connection.stream.pending_bytes:
                    self._pause(connection)
                    return
                if self._effort - begun >= PEER_EFFORT or peer.outbox_bytes >= ANSWER_BYTES:
                    self._unfinished[connection] = None
                    return
        except ProtocolError as error:
            logger.warning("%s broke the protocol: %s", log_safe(str(peer)), log_safe(error.text))
            self._hub.close(peer, error.code, error.text)
        except Exception:
            logger.exception("handling packet %#06x of %s failed", packet_type, log_safe(str(peer)))
            self._hub.close(peer, ErrorCode.INTERNAL, "the server made a mistake")
        connection.frames = None

    def _pause(self, connection: Connection) -> None:
        """Leave the peer unread until its account's bucket has filled up, or it took what it was sent."""
        self._unfinished.pop(connection, None)
        self._loop.want_read(connection.stream, wanted=False)
        peer = connection.peer
        if peer is not None and peer.paused_until > self._now:
            self._loop.call_at(peer.paused_until, lambda: self._resume(connection))

    def _resume(self, connection: Connection) -> None:
        peer = connection.peer
        if peer is None or connection.phase is not Phase.OPEN or connection.stream.pending_bytes:
            return
        if peer.paused_until <= self._loop.now():
            self._loop.want_read(connection.stream, wanted=True)
            self._unfinished[connection] = None

    # -- writing -------------------------------------------------------------------------------------------

    def _note_stall(self, connection: Connection) -> None:
        """A send left something behind, or failed."""
        if connection.end_reason:
            self._failed[connection] = None
        elif connection not in self._stalled:
            self._stalled[connection] = None
            connection.progress_at = self._now
            self._loop.want_write(connection.stream, wanted=True)

    def _writable(self, connection: Connection) -> None:
        if connection.phase is Phase.GONE:
            return
        self._begin_pass()
        connection.progress_at = self._now
        try:
            if not connection.stream.flush():
                return
        except StreamClosed as closed:
            connection.end_reason = connection.end_reason or closed.reason
            self._lost(connection)
            return
        self._loop.want_write(connection.stream, wanted=False)
        self._stalled.pop(connection, None)
        if connection.peer is not None and connection.phase is Phase.OPEN:
            self._hub.writable(connection.peer)
            self._resume(connection)

    # -- connections go ------------------------------------------------------------------------------------

    def _end(self, peer: Peer) -> None:
        """The peer was told why: signal the end, and give the bytes a moment to arrive."""
        connection = peer.link
        assert isinstance(connection, Connection)
        self._hub.disconnect(peer)
        if connection.phase is not Phase.OPEN:
            return
        connection.phase = Phase.ENDING
        connection.frames = None
        connection.end_at = self._now + LINGER_S
        try:
            connection.stream.shutdown_write()
        except StreamClosed:
            self._close(connection)
            return
        self._loop.want_read(connection.stream, wanted=True)
        self._loop.call_at(connection.end_at, lambda: self._close(connection))

    def _lost(self, connection: Connection) -> None:
        """The stream is at its end, or failed."""
        if connection.phase is Phase.OPEN:
            logger.info("%s is gone: %s", log_safe(str(connection)), log_safe(connection.end_reason))
        if connection.peer is not None:
            self._hub.disconnect(connection.peer)
        self._close(connection)

    def _close(self, connection: Connection) -> None:
        if connection.phase is Phase.GONE:
            return
        connection.phase = Phase.GONE
        connection.frames = None
        del self._connections[connection]
        self._per_host[connection.host] -= 1
        if not self._per_host[connection.host]:
            del self._per_host[connection.host]
        for waiting in (self._handshaking, self._stalled, self._unfinished):
            waiting.pop(connection, None)
        self._loop.unwatch(connection.stream)
        connection.stream.close()

    def _close_all(self) -> None:
        for connection in list(self._connections):
            self._lost(connection)

    # -- time ----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        """Look at deadlines: of the hub, of handshakes, of readers that take nothing."""
        self._begin_pass()
        self._tick_timer = self._loop.call_later(TICK_S, self._tick)
        self._hub.tick()
        for connection in list(self._handshaking):
            if self._now - connection.opened_at < self._settings.login_s:
                break  # they stand in the order of their coming
            self._close(connection)
        for connection in list(self._stalled):
            if self._now - connection.progress_at >= self._settings.stalled_reader_s:
                connection.end_reason = f"took nothing for {self._settings.stalled_reader_s:g} seconds"
                self._lost(connection)


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host == "::1"
