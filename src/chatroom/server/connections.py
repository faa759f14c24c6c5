"""Connections: who may come, who gives way, and how one goes.

Here the hub is told of peers that come and go. What they say is not looked at. There are so many places in
all and for each origin; where they are taken, the stranger who has waited longest gives way to the newcomer,
so that nobody keeps others out by connecting and saying nothing. Read next: `connection.py`,
one of them; `reading.py`.
"""

import contextlib
import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Final

from chatroom.net.loop import Loop
from chatroom.net.stream import StreamClosed
from chatroom.protocol.limits import CHALLENGE_BYTES
from chatroom.protocol.text import log_safe
from chatroom.server.connection import Connection, Phase
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.origins import is_loopback
from chatroom.server.hub.state import Peer, Stage
from chatroom.server.passes import Pass
from chatroom.server.settings import ServiceSettings

logger: Final = logging.getLogger("chatroom.server")

LINGER_S: Final = 1.0
"""How long a connection that was told why it ends is kept, so that no reset overtakes the reason."""


class _Place:
    """The connections of one origin."""

    __slots__ = ("count", "strangers")

    def __init__(self) -> None:
        self.count = 0
        self.strangers: dict[Connection, None] = {}


class Connections:
    """All connections of a server. `key_hash` names the key shown to them; `on_gone` hears of each that is
    gone.
    """

    def __init__(
        self,
        loop: Loop,
        hub: Hub,
        settings: ServiceSettings,
        current: Pass,
        key_hash: bytes,
        on_gone: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._hub = hub
        self._settings = settings
        self._pass = current
        self._key_hash = key_hash
        self._on_gone = on_gone
        self._all: dict[Connection, None] = {}
        self._places: dict[str, _Place] = {}
        self._strangers: dict[Connection, None] = {}
        """Who was not seen to have logged in, in the order of their coming; in `_Place` by origin."""
        self._handshaking: dict[Connection, None] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(self._all)

    # -- coming --------------------------------------------------------------------------------------------

    def make_place(self, origin: str) -> bool:
        """Whether one more may come from there, after the one who gives way to it has gone."""
        place = self._places.get(origin)
        most = len(self._all) + 1 if is_loopback(origin) else self._settings.connections_per_address
        if place is not None and place.count >= most:
            return self._send_away(place.strangers)
        return len(self._all) < self._settings.connections_total or self._send_away(self._strangers)

    def make_room(self) -> bool:
        """Whether somebody who has not logged in went, and left the descriptor to whoever has come."""
        return self._send_away(self._strangers)

    def _send_away(self, strangers: dict[Connection, None]) -> bool:
        """End the stranger who has waited longest; False where all have logged in."""
        while strangers:
            connection = next(iter(strangers))
            if connection.peer is None or connection.peer.stage in (Stage.GREETED, Stage.CLOSING):
                self._lose(connection)  # without a line in the log: in a flood there are hundreds
                return True
            self._is_no_stranger(connection)
        return False

    def _is_no_stranger(self, connection: Connection) -> None:
        self._strangers.pop(connection, None)
        self._places[connection.origin].strangers.pop(connection, None)

    def add(self, connection: Connection) -> None:
        """It has come, and its handshake is awaited."""
        self._all[connection] = None
        self._handshaking[connection] = None
        self._strangers[connection] = None
        place = self._places.setdefault(connection.origin, _Place())
        place.count += 1
        place.strangers[connection] = None

    def open(self, connection: Connection) -> None:
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

    # -- going ---------------------------------------------------------------------------------------------

    def end(self, peer: Peer) -> None:
        """The peer was told why: signal the end, and give the bytes a moment to arrive."""
        connection = peer.link
        assert isinstance(connection, Connection)
        if connection.phase is Phase.OPEN:
            self._say_end(connection)
        self._hub.disconnect(peer)

    def _say_end(self, connection: Connection) -> None:
        connection.phase = Phase.ENDING
        connection.packets = None
        self._loop.call_at(self._pass.now + LINGER_S, lambda: self._close(connection))
        try:
            connection.stream.shutdown_write()
        except StreamClosed:
            self._close(connection)
            return
        self._loop.want_read(connection.stream, wanted=not connection.has_input_ended)

    def leave(self, connection: Connection) -> None:
        """The peer has said all and has all its answers: say the end, too."""
        with contextlib.suppress(StreamClosed):
            connection.stream.shutdown_write()
        self.lost(connection, "closed by the other end")

    def lost(self, connection: Connection, reason: str) -> None:
        """The stream is at its end, or failed, or is not wanted any more."""
        if connection.phase is Phase.OPEN:
            logger.info("%s is gone: %s", log_safe(str(connection)), log_safe(connection.failure or reason))
        self._lose(connection)

    def _lose(self, connection: Connection) -> None:
        peer = connection.peer
        self._close(connection)
        if peer is not None:
            self._hub.disconnect(peer)

    def _close(self, connection: Connection) -> None:
        if connection.phase is Phase.GONE:
            return
        connection.let_go()
        del self._all[connection]
        self._is_no_stranger(connection)
        place = self._places[connection.origin]
        place.count -= 1
        if not place.count:
            del self._places[connection.origin]
        self._handshaking.pop(connection, None)
        self._on_gone(connection)
        try:
            self._loop.unwatch(connection.stream)
        finally:
            connection.stream.close()

    def close_late(self) -> None:
        """Close those whose handshake takes too long."""
        for connection in list(self._handshaking):
            if self._pass.now - connection.opened_at < self._settings.login_s:
                break  # they stand in the order of their coming
            self._close(connection)

    def close_handshaking(self) -> None:
        """Close those that cannot be told anything."""
        for connection in list(self._handshaking):
            self._close(connection)

    def close_all(self) -> None:
        """Close what is left."""
        for connection in list(self._all):
            self.lost(connection, "the server stops")
