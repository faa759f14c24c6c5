"""Stalls: connections that did not take everything, until they have taken it or took nothing for too long.

A stalled peer is one for which the kernel takes no more bytes. Long before that it may have stopped taking
them: what waits in the kernel is looked at, too, where the system tells. TCP_USER_TIMEOUT (RFC 5482) would
ask the kernel to end such a connection, but it also ends one that takes a little now and then: of readers
with a receive buffer of 4 KB that took 2 KB every second, Linux 6.18 ended all when the time was over.
Read next: `hub/delivery.py`, which hands a stalled peer nothing more.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from chatroom.net.loop import Loop
from chatroom.server.connection import Connection, Phase
from chatroom.server.connections import Connections
from chatroom.server.hub.hub import Hub
from chatroom.server.passes import Pass
from chatroom.server.reading import Reading

LOOKS: Final = 500
"""Connections looked at in a second that are not stalled, in turn: 1 ms."""


class Stalls:
    """Who is stalled, and whose stream failed in a send."""

    def __init__(
        self,
        loop: Loop,
        hub: Hub,
        limit_s: float,
        current: Pass,
        connections: Connections,
        reading: Reading,
    ) -> None:
        self._loop = loop
        self._hub = hub
        self._limit_s = limit_s
        self._pass = current
        self._connections = connections
        self._reading = reading
        self._stalled: dict[Connection, None] = {}
        self.failed: dict[Connection, None] = {}
        """Whose stream failed in a send: to be ended, each once (`take_failed`)."""
        self._to_look_at: Iterator[Connection] = iter(())

    def note(self, connection: Connection) -> None:
        """A send left something behind, or failed."""
        if connection.phase is Phase.GONE:
            return
        if connection.failure:
            self.failed[connection] = None
        elif connection not in self._stalled:
            self._stalled[connection] = None
            if not connection.waits:
                connection.waits = True
                connection.progress_at = self._pass.now
            self._loop.want_write(connection.stream, wanted=True)

    def writable(self, connection: Connection) -> None:
        """The kernel takes bytes again. Raises StreamClosed where that fails."""
        connection.progress_at = self._pass.now
        if not connection.stream.flush():
            return
        self._loop.want_write(connection.stream, wanted=False)
        self._stalled.pop(connection, None)
        if connection.peer is not None and connection.phase is Phase.OPEN:
            self._hub.writable(connection.peer)
            self._reading.resume(connection)

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self._stalled.pop(connection, None)

    def take_failed(self) -> list[Connection]:
        """Return those whose stream failed in a send, each once."""
        failed, self.failed = self.failed, {}
        return list(failed)

    def close_late(self) -> None:
        """Close those that took nothing for too long."""
        for connection in [*self._stalled, *self._some()]:
            if connection.phase is Phase.GONE:
                continue
            self._look(connection)
            if connection.waits and self._pass.now - connection.progress_at >= self._limit_s:
                self._connections.lost(connection, f"took nothing for {self._limit_s:g} seconds")

    def _some(self) -> list[Connection]:
        """Return the next `LOOKS` connections, each once in a round."""
        some = list(islice(self._to_look_at, LOOKS))
        if len(some) < LOOKS:
            self._to_look_at = iter(list(self._connections))
        return some

    def _look(self, connection: Connection) -> None:
        """Note what the peer has taken since the last look."""
        sent = connection.stream.look()
        if sent is None:  # then the socket tells when it can be written to
            connection.waits = connection in self._stalled
            return
        if not connection.waits or sent.taken_bytes != connection.taken_bytes:
            connection.progress_at = self._pass.now
        connection.waits = sent.waits
        connection.taken_bytes = sent.taken_bytes
