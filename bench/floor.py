"""`python -m bench.floor DATABASE [CERTIFICATE KEY]`: the floor in Python, storing in SQLite: what a pass
costs before anybody looks at a message. With the files of a certificate and of its key, it speaks TLS.

As `floor.c`: one pass reads every readable socket once, stores each line as a row (what two reads share of a
line is two rows; here a return ends a line too), commits with `synchronous=FULL`, and sends all that was read
to every socket, one send each. It knows no protocol, checks nothing and remembers nobody; whoever does not
read holds up all others. Read next: `floor.c`, `contenders.py`.
"""

import contextlib
import select
import socket
import sqlite3
import ssl
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from chatroom.net.tls import server_context

READ_BYTES: Final = 16_384
PATIENCE_MS: Final = 100
AT_ONCE: Final = 32
INSERT: Final = "INSERT INTO entries (author, kind, frame) VALUES (1, 1, ?)"
INSERT_MANY: Final = INSERT + ", (1, 1, ?)" * (AT_ONCE - 1)


class Floor:
    """Everybody who has come, and the database."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._listener.setblocking(False)
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._members: dict[int, socket.socket] = {}
        self._reads: dict[int, Callable[[int], bytes]] = {}
        self._sends: dict[int, Callable[[bytes], int]] = {}
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "CREATE TABLE entries"
            " (id INTEGER PRIMARY KEY, author INTEGER NOT NULL, kind INTEGER NOT NULL, frame BLOB NOT NULL)"
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def run(self) -> None:
        """Serve for ever."""
        cursor = self._database.cursor()
        while True:
            data = b"".join(pieces := self._read(self._epoll.poll()))
            if not data:
                continue
            _store(cursor, [bytearray(line) for piece in pieces for line in piece.splitlines(keepends=True)])
            self._relay(data)

    def _relay(self, data: bytes) -> None:
        size = len(data)
        for fd, send in self._sends.items():
            try:
                sent = send(data)
            except OSError:
                sent = 0
            if sent != size:
                self._send_rest(fd, data[sent:])

    def _read(self, ready: list[tuple[int, int]]) -> list[bytes]:
        pieces: list[bytes] = []
        for fd, _ in ready:
            read = self._reads.get(fd)
            if read is None:
                self._take_in()
                continue
            try:
                piece = read(READ_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                piece = b""
            if piece:
                pieces.append(piece)
            else:
                self._drop(fd)
        return pieces

    def _take_in(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                member, _ = self._listener.accept()
                member.setblocking(False)
                member.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._epoll.register(member, select.EPOLLIN)
                self._add(member.fileno(), member)

    def _add(self, fd: int, member: socket.socket) -> None:
        self._members[fd], self._reads[fd], self._sends[fd] = member, member.recv, member.send

    def _drop(self, fd: int) -> None:
        del self._reads[fd], self._sends[fd]
        self._members.pop(fd).close()

    def _send_rest(self, fd: int, data: bytes) -> None:
        """Wait until the rest is gone, or the member is."""
        writable = select.poll()
        writable.register(fd, select.POLLOUT)
        while data:
            writable.poll(PATIENCE_MS)
            try:
                data = data[self._sends[fd](data) :]
            except BlockingIOError:
                continue
            except OSError:
                return


class TlsFloor(Floor):
    """The same with TLS, as `chatroom.net.tls` does it: between BIOs in memory, the outgoing one for all. The
    calls of the kernel stay what they are.
    """

    def __init__(self, path: Path, certificate: Path, key: Path) -> None:
        super().__init__(path)
        self._context = server_context(certificate, key)
        self._outgoing = ssl.MemoryBIO()
        self._writes: dict[int, tuple[Callable[[bytes], int], Callable[[bytes], int]]] = {}
        """How to encrypt for a member, and how to send it."""

    def _relay(self, data: bytes) -> None:
        take_records = self._outgoing.read
        for fd, (write, send) in self._writes.items():
            try:
                write(data)
            except ssl.SSLWantReadError:  # in the handshake
                continue
            records = take_records()
            try:
                sent = send(records)
            except OSError:
                sent = 0
            if sent != len(records):
                self._send_rest(fd, records[sent:])

    def _add(self, fd: int, member: socket.socket) -> None:
        super()._add(fd, member)
        incoming = ssl.MemoryBIO()
        tls = self._context.wrap_bio(incoming, self._outgoing, server_side=True)
        self._reads[fd] = partial(self._read_once, member, incoming, tls)
        self._writes[fd] = tls.write, member.send

    def _read_once(
        self, member: socket.socket, incoming: ssl.MemoryBIO, tls: ssl.SSLObject, size: int
    ) -> bytes:
        """As `recv`; nothing is there when no record is whole, or while there is a handshake."""
        records = member.recv(size)
        incoming.write(records)
        pieces: list[bytes] = []
        try:
            while incoming.pending and (piece := tls.read(size)):
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        finally:
            if self._outgoing.pending:  # what the handshake has to say
                member.send(self._outgoing.read())
        if records and not pieces:
            raise BlockingIOError
        return b"".join(pieces)

    def _drop(self, fd: int) -> None:
        super()._drop(fd)
        del self._writes[fd]


def _store(cursor: sqlite3.Cursor, lines: list[bytearray]) -> None:
    """Store a row for each line: one alone is a transaction of its own, of many some share a statement.

    Not by `store/rows.py`, which binds every value of a row: a floor does nothing that it can leave.
    """
    if len(lines) == 1:
        cursor.execute(INSERT, lines)
        return
    cursor.execute("BEGIN IMMEDIATE")
    whole = len(lines) - len(lines) % AT_ONCE
    for start in range(0, whole, AT_ONCE):
        cursor.execute(INSERT_MANY, lines[start : start + AT_ONCE])
    cursor.executemany(INSERT, zip(lines[whole:], strict=True))
    cursor.execute("COMMIT")


if __name__ == "__main__":
    files = map(Path, sys.argv[1:])
    floor = Floor(*files) if len(sys.argv) == 2 else TlsFloor(*files)
    print(f"listening 127.0.0.1:{floor.port}", flush=True)
    floor.run()
