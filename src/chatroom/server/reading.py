"""Reading: what peers send, cut into packets and handed to the hub, each peer in its turn.

What one account may ask for in a pass is bounded, and what all may, and how many messages a pass takes. The
next one begins with what is left, and with those who asked for least of late. What people write does not wait
for what others look up. A peer that asks for more than its account's bucket gives, or does not take its
answers, is left unread. One that has said all is let go when it has all its answers. Read next:
`connections.py`, `hub/requests/table.py`.
"""

import logging
from collections.abc import Iterator
from itertools import chain
from typing import Final

from chatroom.net.loop import Loop
from chatroom.net.stream import StreamClosed
from chatroom.net.tls import TlsStream
from chatroom.protocol.errors import ProtocolError
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.protocol.limits import LOGIN_FRAME_BYTES
from chatroom.protocol.requests import Incoming
from chatroom.protocol.text import log_safe
from chatroom.server.connection import ENDING, HANDSHAKE, Connection, Phase
from chatroom.server.connections import Connections
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.requests.table import LIGHT
from chatroom.server.hub.state import CLOSING, Peer, Stage
from chatroom.server.passes import Pass
from chatroom.server.settings import ServiceSettings

logger: Final = logging.getLogger("chatroom.server")

PEER_EFFORT: Final = 50
"""What one account may ask for in a pass, with all its connections together, in tenths of a millisecond
(`hub/requests/table.py`): about 5 ms.
"""

PASS_EFFORT: Final = 200
"""What all peers may ask for in a pass; after that only what is `LIGHT` is heard."""

LIGHT_EFFORT: Final = PEER_EFFORT
"""What all may ask for with that: beyond, everything waits."""

PASS_POSTS: Final = 512
"""Messages after which a pass hears nobody further; eight mentions count as one more. They take 2 ms where
they are plain and new, 5 where they are not plain, 10 to 20 where they repeat what was stored long ago.
"""

MUCH_BYTES: Final = 1_024
OWED_BYTES: Final = 256
"""Who sends so much at once owes 0.1 ms for each of the second, two messages of 100 bytes, before it is
heard: so it is heard behind who sends little.
"""

HANDSHAKE_EFFORT: Final = 10
"""What a step of a TLS handshake takes: 0.6 ms, most of it for the signature."""

HANDSHAKES_EFFORT: Final = PEER_EFFORT
"""What all handshakes of a pass may take: those who come count together as one of those who are there."""

STRANGER_BYTES: Final = HEADER_BYTES + LOGIN_FRAME_BYTES
"""What is read, and held, for a peer that has not logged in: its login and no more. Over TLS, where a record
is opened whole, it may be the 16 KiB of one record.
"""

ANSWER_BYTES: Final = 65_536
"""Answers of one pass after which a peer is not heard further: it has to be able to take them."""


class Reading:
    """Reads connections. What goes wrong with one is raised: the caller knows whose turn it was."""

    def __init__(
        self,
        loop: Loop,
        hub: Hub,
        settings: ServiceSettings,
        current: Pass,
        connections: Connections,
    ) -> None:
        self._loop = loop
        self._hub = hub
        self._settings = settings
        self._pass = current
        self._connections = connections
        self._unfinished: dict[Connection, None] = {}
        self._handshaking: dict[Connection, None] = {}
        self.leaving: dict[Connection, None] = {}
        """Who has said all: gone once it has all its answers (`answered`)."""
        self.awaiting: dict[Connection, None] = {}
        """Whose next request is judged by what becomes of the one before: not heard until that is decided
        (`go_on_with_decided`).
        """

    def go_on(self) -> bool:
        """Hear those first whose turn did not come, or was not enough, in the pass before; return whether
        somebody waits for a turn still.
        """
        if self._handshaking or self._unfinished:
            self._pass.begin()
        while self._handshaking and self._pass.handshake_effort < HANDSHAKES_EFFORT:
            connection = next(iter(self._handshaking))
            del self._handshaking[connection]
            self._loop.want_read(connection.stream, wanted=True)
            connection.on_readable()
        if self._unfinished:
            for connection in sorted(self._unfinished, key=self._debt_of):
                if self._pass.is_full:
                    break
                self._unfinished.pop(connection, None)
                connection.on_readable()
        return bool(self._unfinished or self._handshaking)

    def _debt_of(self, connection: Connection) -> float:
        return self._pass.debt_of(connection.peer and connection.peer.account)

    def go_on_with_decided(self) -> None:
        """What was proposed is decided, or some of it: hear on whom that concerns."""
        for connection in list(self.awaiting):
            if connection.peer is not None and not connection.peer.awaits:
                del self.awaiting[connection]
                self._loop.want_read(connection.stream, wanted=not connection.has_input_ended)
                self._unfinished[connection] = None

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self.awaiting.pop(connection, None)
        self._unfinished.pop(connection, None)
        self.leaving.pop(connection, None)
        self._handshaking.pop(connection, None)

    def answered(self) -> list[Connection]:
        """Return those that have said all and have all their answers: nothing keeps them any more."""
        return [connection for connection in self.leaving if connection.owes_nothing]

    def readable(self, connection: Connection) -> None:
        """There is something to read, or read already. Raises StreamClosed where nothing can be answered."""
        if connection.phase is HANDSHAKE:
            self._shake_hands(connection)
            return
        if connection.packets is not None:
            self._handle_packets(connection, connection.packets)
        if connection.packets is not None or connection.has_input_ended:
            return
        budget_bytes = self._settings.read_budget_bytes
        if connection.is_stranger:
            budget_bytes = self._budget_of_stranger(connection)
        try:
            data = connection.stream.read(budget_bytes)
        except StreamClosed as closed:
            if not closed.clean or connection.phase is not Phase.OPEN:
                raise
            self._note_end(connection)
            return
        if connection.phase is ENDING:
            return
        if connection.stream.more_to_read:
            self._unfinished[connection] = None
        if data and connection.peer is not None:
            if len(data) >= MUCH_BYTES:
                self._pass.owe(connection.peer.account, len(data) // OWED_BYTES)
            connection.packets = connection.decoder.packets(data)
            self._handle_packets(connection, connection.packets)

    def _shake_hands(self, connection: Connection) -> None:
        """Go one step further in the handshake, or wait for a pass in which there is time for it."""
        assert isinstance(connection.stream, TlsStream)
        if self._pass.handshake_effort >= HANDSHAKES_EFFORT:
            self._handshaking[connection] = None
            self._loop.want_read(connection.stream, wanted=False)
            return
        self._pass.handshake_effort += HANDSHAKE_EFFORT
        self._pass.effort += HANDSHAKE_EFFORT
        if connection.stream.handshake():
            self._connections.open(connection)
            if connection.stream.more_to_read:
                self._unfinished[connection] = None

    def _budget_of_stranger(self, connection: Connection) -> int:
        """How much may be read at once of what a peer sends that was not seen to have logged in."""
        peer = connection.peer
        if peer is None or peer.stage is not Stage.READY:
            return STRANGER_BYTES - connection.decoder.kept_bytes
        connection.is_stranger = False
        connection.decoder.limit_bytes = self._settings.frame_bytes
        return self._settings.read_budget_bytes

    def _note_end(self, connection: Connection) -> None:
        """The peer sends no more: there may still be answers on their way to it."""
        connection.has_input_ended = True
        self._loop.want_read(connection.stream, wanted=False)
        self._unfinished.pop(connection, None)
        self.leaving[connection] = None

    def _handle_packets(self, connection: Connection, packets: Iterator[Incoming]) -> None:
        """Hand packets to the hub until there are no more, or the peer has to wait."""
        peer, current, hub = connection.peer, self._pass, self._hub
        assert peer is not None
        now = current.now
        is_hindered = connection.stream.pending_bytes or peer.awaits > 0 or peer.paused_until > now
        has_shares = current.effort or current.is_full  # else it may ask for all: one call less
        most = self._allowance(connection, peer) if is_hindered or has_shares else PEER_EFFORT
        if most <= 0:
            return
        effort, is_late = 0, current.effort >= PASS_EFFORT
        if connection.put_off:
            packets, connection.put_off = chain(connection.put_off, packets), ()
        current.has_packets = True
        packet: Incoming = None
        try:
            for packet in packets:
                if is_late and type(packet) not in LIGHT:
                    connection.put_off = (packet,)
                    self._unfinished[connection] = None
                    return
                effort += hub.receive(peer, packet)
                current.is_full = hub.posts >= PASS_POSTS
                if peer.stage is CLOSING:
                    break
                if peer.paused_until > now:
                    self._pause(connection)
                    return
                if peer.awaits > 0:
                    self._await(connection)
                    return
                if effort >= most or current.is_full or peer.outbox_bytes >= ANSWER_BYTES:
                    self._unfinished[connection] = None
                    return
        except ProtocolError as error:
            logger.warning("%s broke the protocol: %s", log_safe(str(peer)), log_safe(error.text))
            hub.close(peer, error.code, error.text)
        except Exception as error:
            error.add_note(f"{type(packet).__name__} was heard last")
            raise
        finally:
            if effort:
                current.spend(peer.account or peer, effort, is_light=is_late)
        connection.packets = None

    def _allowance(self, connection: Connection, peer: Peer) -> int:
        """Return what the peer may ask for now, in tenths of a millisecond; 0 or less: it was put off."""
        current = self._pass
        if connection.stream.pending_bytes or peer.paused_until > current.now:
            self._pause(connection)
            return 0
        if peer.awaits > 0:
            self._await(connection)
            return 0
        if current.is_full:
            self._unfinished[connection] = None
            return 0
        allowance = PEER_EFFORT - current.spent.get(peer.account or peer, 0)
        if current.effort >= PASS_EFFORT:
            is_light = not connection.put_off
            allowance = min(allowance, LIGHT_EFFORT - current.light_effort) if is_light else 0
        if allowance <= 0:
            self._unfinished[connection] = None
        return allowance

    def _await(self, connection: Connection) -> None:
        """Leave the peer unread until what it asked for is decided."""
        self._unfinished.pop(connection, None)
        self.awaiting[connection] = None
        self._loop.want_read(connection.stream, wanted=False)

    def _pause(self, connection: Connection) -> None:
        """Leave the peer unread until its account's bucket has filled up, or it took what it was sent."""
        self._unfinished.pop(connection, None)
        self._loop.want_read(connection.stream, wanted=False)
        peer = connection.peer
        if peer is not None and peer.paused_until > self._pass.now:
            self._loop.call_at(peer.paused_until, lambda: self.resume(connection))

    def resume(self, connection: Connection) -> None:
        """Read the peer again, if nothing is in the way any more."""
        peer = connection.peer
        if peer is None or connection.phase is not Phase.OPEN or connection.stream.pending_bytes:
            return
        if peer.paused_until <= self._loop.now():
            self._loop.want_read(connection.stream, wanted=not connection.has_input_ended)
            self._unfinished[connection] = None
