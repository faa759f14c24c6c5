"""A TCP proxy that does to a connection what networks do: cuts it at a byte, stalls it, slows it, chops it.

Standard library only; it knows bytes and no protocol. One thread per direction of a connection. Read next:
`lanes.py`, which plans the faults.
"""

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum


class Cut(Enum):
    """How a connection ends for its two sides."""

    FIN = "fin"  # both sides see an end
    RST = "rst"  # both sides see a reset
    HALF = "half"  # the receiver of the cut direction sees an end of it, the other direction goes on a moment
    OVERLAP = "overlap"  # the client sees a reset; the server keeps a connection that says nothing any more


@dataclass(frozen=True)
class Fault:
    """What is done to one connection. `up` and `down`: cut after so many bytes to and from the server."""

    up: int | None = None
    down: int | None = None
    cut: Cut = Cut.FIN
    segment_bytes: int = 65_536
    pause_s: float = 0.0
    """Between segments."""
    stall_s: float = 0.0
    """Once, in each direction, after its first 1,000 bytes."""


CLEAN = Fault()
HALF_S = 0.2
STALL_AFTER = 1_000


class Proxy:
    """Carries connections to `target_port` on loopback; `port` is where it listens."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.usual = CLEAN
        self.cuts = 0
        self.carried = (0, 0)
        """Bytes up and down of the connection that carried something last."""
        self._planned: deque[Fault] = deque()
        self._kept: list[socket.socket] = []
        self._links: list[_Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def plan(self, fault: Fault) -> None:
        """Do this to the next connection, and `usual` to those after it."""
        self._planned.append(fault)

    def forget_planned(self) -> None:
        """Do none of what was planned and did not happen."""
        self._planned.clear()

    def swallow(self) -> None:
        """From now on carry nothing of the connections that there are, not even their ends. Whoever sends
        does not notice: what it sends is taken, and thrown away.
        """
        for link in self._links:
            link.is_dead = True

    def close(self) -> None:
        """Accept no more, and let go of connections that were left open to nobody."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._kept:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            fault = self._planned.popleft() if self._planned else self.usual
            try:
                server = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                client.close()
                continue
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(self, client, server, fault)
            self._links.append(link)
            for source, sink, limit in ((client, server, fault.up), (server, client, fault.down)):
                threading.Thread(target=link.carry, args=(source, sink, limit), daemon=True).start()

    def keep(self, sock: socket.socket) -> None:
        self._kept.append(sock)


class _Link:
    """One connection: two sockets and what is done to it."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket, fault: Fault) -> None:
        self.proxy = proxy
        self.client = client
        self.server = server
        self.fault = fault
        self.is_cut = False
        self.is_dead = False
        self.carried = {client: 0, server: 0}
        self._lock = threading.Lock()

    def carry(self, source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        """Carry one direction until it ends, or is cut after `limit` bytes."""
        fault, carried, has_stalled = self.fault, 0, not self.fault.stall_s
        try:
            while limit is None or carried < limit:
                room = fault.segment_bytes if limit is None else min(fault.segment_bytes, limit - carried)
                data = source.recv(room)
                if self.is_cut:
                    return
                if self.is_dead:
                    if data:
                        continue
                    self.proxy.keep(source)
                    return
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
                carried += len(data)
                self.carried[source] = carried
                self.proxy.carried = (self.carried[self.client], self.carried[self.server])
                if fault.pause_s:
                    time.sleep(fault.pause_s)
                if not has_stalled and carried >= STALL_AFTER:
                    has_stalled = True
                    time.sleep(fault.stall_s)
            self._cut(sink)
        except OSError:
            if not self.is_cut:
                self._end(Cut.FIN)

    def _cut(self, sink: socket.socket) -> None:
        with self._lock:
            if self.is_cut:
                return
            self.is_cut = True
            self.proxy.cuts += 1
        cut = self.fault.cut
        if cut is Cut.HALF:
            sink.shutdown(socket.SHUT_WR)
            time.sleep(HALF_S)
        if cut is Cut.OVERLAP:
            self.proxy.keep(self.server)
            _reset(self.client)
        else:
            self._end(cut)

    def _end(self, cut: Cut) -> None:
        for sock in (self.client, self.server):
            if cut is Cut.RST:
                _reset(sock)
            else:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()


def _reset(sock: socket.socket) -> None:
    """Close with a reset. A thread that reads it holds it open, so it is woken first."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RD)
    sock.close()
