"""`python -m bench.floor DATABASE`: the floor in Python, storing in SQLite: what a pass costs before anybody
looks at a message.

As `floor.c`: one pass reads every readable socket once, stores each line as a row (what two reads share of a
line is two rows; here a return ends a line too), commits with `synchronous=FULL`, and sends all that was read
to every socket, one send each. It knows no protocol, checks nothing and remembers nobody; whoever does not
read holds up all others. Read next: `floor.c`, `contenders.py`.
"""

import contextlib
import select
import socket
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

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
        cursor, sends = self._database.cursor(), self._sends
        while True:
            data = b"".join(pieces := self._read(self._epoll.poll()))
            if not data:
                continue
            _store(cursor, [bytearray(line) for piece in pieces for line in piece.splitlines(keepends=True)])
            size = len(data)
            for fd, send in sends.items():
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
                fd = member.fileno()
                self._members[fd], self._reads[fd], self._sends[fd] = member, member.recv, member.send
                self._epoll.register(fd, select.EPOLLIN)

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
    floor = Floor(Path(sys.argv[1]))
    print(f"listening 127.0.0.1:{floor.port}", flush=True)
    floor.run()
