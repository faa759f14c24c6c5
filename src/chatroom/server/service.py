"""The service: sockets, time and signals around the hub.

It runs the passes: what is readable is read and handed to the hub packet by packet, then the pass is
finished (commit, decide, write) and connections that are to end are ended. It is the line of defence: an
error that nobody has foreseen costs the connection it can be laid to, if any, and no other. Read next:
`hub/hub.py`, `reading.py`, `connections.py`.
"""

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from chatroom.net.address import format_address
from chatroom.net.loop import Callback, Loop, Timer
from chatroom.net.stream import PlainStream, StreamClosed
from chatroom.net.tls import TlsStream
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.text import log_safe
from chatroom.server.connection import GONE, Connection
from chatroom.server.connections import Connections
from chatroom.server.faults import Faults
from chatroom.server.gathering import Gathering
from chatroom.server.hub.context import Proposal
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.origins import origin_of
from chatroom.server.hub.plain_posts import AddPosts
from chatroom.server.hub.ports import AddEntry, Log, Outcome, StorageError
from chatroom.server.hub.state import Account, Peer
from chatroom.server.indexing import Indexing
from chatroom.server.passes import Pass
from chatroom.server.reading import Reading
from chatroom.server.settings import ServiceSettings
from chatroom.server.stalls import Stalls

logger: Final = logging.getLogger("chatroom.server")

TICK_S: Final = 1.0
"""How often deadlines are looked at."""

STOP_S: Final = 3.0
"""How long a stopping server waits for its clients to take the last bytes."""

SEND_BUFFER_BYTES: Final = 256 * 1024
"""What the kernel may hold for a peer that does not read. By itself it takes up to 4 MB of each (Linux), and
every byte of that is sent at full price to nobody: with 500 of 1,000 members stalled the others got 54 % less
for a CPU second; with this limit as much as before.
"""

FAULT_REST_S: Final = 0.01
"""How long the server rests after a fault that ends no connection: one that comes again with every pass must
not take the whole processor.
"""

OUR_MISTAKE: Final = "the server made a mistake"


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
        self._tls = tls
        self._outgoing = ssl.MemoryBIO()
        self._faults = Faults()
        self._pass = Pass(loop, hub)
        self._gathering = Gathering()
        self._indexing = Indexing(loop, log)
        self._connections = Connections(loop, hub, settings, self._pass, key_hash, self._forget)
        self._reading = Reading(loop, hub, settings, self._pass, self._connections)
        self._stalls = Stalls(
            loop, hub, settings.stalled_reader_s, self._pass, self._connections, self._reading
        )
        self._tick_timer: Timer | None = None
        self._is_stopping = False

    # -- running -------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until `stop` was called and every connection has ended."""
        self._tick_timer = self._loop.call_later(TICK_S, self._tick)
        while not (self._is_stopping and not self._connections):
            try:  # not by `_contained`, nor is writing: in each pass a method made to be handed on costs 1 us
                self._hear()
            except Exception as error:
                self._contain("hearing connections", error)
            self._finish_pass()
        self._tick_timer.cancel()
        self._indexing.stop()

    def stop(self, text: str) -> None:
        """Tell every client that the server stops; `run` returns when they have it, or after `STOP_S`."""
        self._pass.begin()
        self._is_stopping = True
        self._loop.call_later(STOP_S, self._connections.close_all)
        self._connections.close_handshaking()
        self._hub.close_all(text)

    def _hear(self) -> None:
        has_more = self._reading.go_on() or self._stalls.failed
        wait_s = 0.0 if has_more else self._hub.wait_s(self._loop.now())
        if wait_s == 0:  # there is something to do, and no time to pause
            self._loop.run_once(0)
            return
        self._pass.is_on = False  # nothing came of one that was begun: what comes now has a time of its own
        self._loop.run_once(wait_s, self._gathering.pause_s)

    def _finish_pass(self) -> None:
        """Commit, decide, write; end the connections that are to end."""
        if not self._pass.is_on:
            self._pass.begin()
        began_at = self._loop.now()
        writers = self._decide(self._commit())
        if self._reading.awaiting:
            self._reading.go_on_with_decided()
        if self._hub.is_behind:
            self._contained("taking the state from the log", self._reload)
        try:
            self._hub.write()
        except Exception as error:
            self._contain("writing", error)
        if writers:
            self._gathering.note(writers, self._loop.now() - began_at)
        if self._pass.has_packets:
            self._indexing.busy(self._pass.now)
        self._pass.is_on = False
        if self._hub.closing or self._stalls.failed or self._reading.leaving:
            self._end_connections()

    def _end_connections(self) -> None:
        """End those that the hub is done with, whose stream failed, and which have said and heard all."""
        for peer in self._hub.take_closing():
            self._contained("ending a connection", partial(self._connections.end, peer))
        for connection in self._stalls.take_failed():
            self._contained("ending a connection", partial(self._connections.lost, connection, OUR_MISTAKE))
        for connection in self._reading.answered():
            self._contained("ending a connection", partial(self._connections.leave, connection))

    def _commit(self) -> list[tuple[Proposal, Outcome]]:
        try:
            return self._hub.commit()
        except Exception as error:
            self._faults.tell("committing a pass", error)
            for peer in self._hub.give_up_proposals():
                self._contained("giving up a connection", partial(self._apologise, peer))
            return []

    def _reload(self) -> None:
        try:
            self._hub.reload()
        except StorageError as error:
            logger.warning("the state cannot be taken from the log at the moment: %s", error)

    def _decide(self, decided: Iterable[tuple[Proposal, Outcome]]) -> set[Account | None]:
        """Tell the hub what became of what was proposed, and return who asked for entries. An error costs who
        asked, and nobody else.
        """
        writers: set[Account | None] = set()
        for proposal, outcome in decided:
            try:
                self._hub.decide(proposal, outcome)
                if type(proposal.change) is AddPosts or type(proposal.change) is AddEntry:
                    writers.add(proposal.peer.account)
            except Exception as error:
                self._faults.tell(f"deciding {type(proposal.change).__name__} of {proposal.peer}", error)
                self._contained("giving up a connection", partial(self._apologise, proposal.peer))
        return writers

    def _tick(self) -> None:
        """Look at deadlines, of the hub, of handshakes, of slow readers, and at the files of the log."""
        self._pass.begin()
        self._tick_timer = self._loop.call_later(TICK_S, self._tick)
        for look in (
            self._hub.tick,
            self._connections.close_late,
            self._stalls.close_late,
            self._indexing.look,
        ):
            self._contained("looking at deadlines and files", look)

    # -- faults --------------------------------------------------------------------------------------------

    def _contained(self, doing: str, act: Callable[[], object]) -> None:
        """Act; an error in it is told and goes no further."""
        try:
            act()
        except Exception as error:
            self._contain(doing, error)

    def _contain(self, doing: str, error: Exception) -> None:
        self._faults.tell(doing, error)
        time.sleep(FAULT_REST_S)

    def _heeding(self, act: Callable[[Connection], None], connection: Connection) -> Callback:
        """Return what the loop calls for a connection: `act` while it is there. An error in it ends it."""
        current = self._pass

        def call() -> None:
            if connection.phase is GONE:
                return
            if not current.is_on:
                current.begin()
            try:
                act(connection)
            except StreamClosed as closed:
                lose = partial(self._connections.lost, connection, closed.reason)
                self._contained("ending a connection", lose)
            except Exception as error:
                self._faults.tell(f"serving {log_safe(str(connection))}", error)
                self._contained("giving up a connection", partial(self._give_up, connection))

        return call

    def _give_up(self, connection: Connection) -> None:
        """Something went wrong here in the service of this connection: it is told, where it can be."""
        connection.packets = None
        if connection.peer is None or connection.stream.pending_bytes:
            self._connections.lost(connection, OUR_MISTAKE)
            return
        try:
            self._apologise(connection.peer)
        except Exception:
            self._connections.lost(connection, OUR_MISTAKE)
            raise

    def _apologise(self, peer: Peer) -> None:
        try:
            self._hub.close(peer, ErrorCode.INTERNAL, OUR_MISTAKE)
        except BaseException:
            peer.link.give_up()
            raise

    # -- connections ---------------------------------------------------------------------------------------

    def make_room(self) -> bool:
        """As `Listener` asks for it when no descriptor is left."""
        self._pass.begin()
        return self._connections.make_room()

    def accept(self, sock: socket.socket, address: tuple[str, int]) -> None:
        """Take a new connection, or close it where there are too many."""
        self._pass.begin()
        origin = origin_of(format_address(*address))
        if not self._connections.make_place(origin):
            sock.close()
            logger.warning("turned away %s: too many connections", origin)
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        stream: PlainStream | TlsStream
        if self._tls is None:
            stream = PlainStream(sock)
        else:
            stream = TlsStream(sock, self._tls, server_side=True, outgoing=self._outgoing)
        connection = Connection(stream, origin, self._pass.now, self._stalls.note)
        connection.on_readable = self._heeding(self._reading.readable, connection)
        self._connections.add(connection)
        try:
            self._loop.watch(stream, connection.on_readable, self._heeding(self._stalls.writable, connection))
            if self._tls is None:
                self._connections.open(connection)
        except Exception as error:
            self._faults.tell(f"receiving {log_safe(str(connection))}", error)
            self._contained(
                "giving up a connection", partial(self._connections.lost, connection, OUR_MISTAKE)
            )

    def _forget(self, connection: Connection) -> None:
        self._reading.forget(connection)
        self._stalls.forget(connection)
