"""`chatroom-server` with one thing altered, for tests only.

`python -m torture.altered_server ALTERATION FLAG…`

An alteration is put over the running program before it starts; nothing in the product knows of it. Most end
the process by SIGKILL at a point of a pass that a random kill seldom meets (`POINT:N`: at the N-th time).
Read next: `crash_points.py`.
"""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from support.compiled import import_source

import_source()  # what was compiled cannot be altered

from chatroom.cli import server as program
from chatroom.protocol.entries import EntryKind
from chatroom.protocol.packets import Post
from chatroom.protocol.posts import POSTS
from chatroom.server.connections import Connections
from chatroom.server.hub.delivery import Delivery
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import AddEntry, Committed, Several
from chatroom.server.store import database
from chatroom.server.store.writer import Writer

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


def die() -> None:
    """End as a power button would."""
    os.kill(os.getpid(), signal.SIGKILL)


class _Countdown:
    """Dies at the N-th call."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self) -> None:
        self.left -= 1
        if self.left <= 0:
            die()


def _before(owner: type, name: str, act: Callable[..., None]) -> None:
    """Call `act` with the arguments of a method before the method."""
    method = getattr(owner, name)

    def altered(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the method takes and gives
        act(*arguments)
        return method(*arguments, **named)

    setattr(owner, name, altered)


def _has_posts(draft: Any) -> bool:  # noqa: ANN401
    return any(kind == EntryKind.POSTED for _, _, kind, _ in draft.gathered)


def _is_post(proposal: Any) -> bool:  # noqa: ANN401
    change = proposal.change
    is_single = isinstance(change, AddEntry) and change.kind == EntryKind.POSTED
    return is_single or isinstance(change, AddPosts)


def _is_stored_post(proposal: Any, outcome: object) -> bool:  # noqa: ANN401
    if isinstance(outcome, Several):
        return any(isinstance(single, Committed) for single in outcome.outcomes)
    return _is_post(proposal) and isinstance(outcome, Committed | CommittedPosts)


def before_thinking(count: int) -> None:
    """K1: a post was read, nothing was done with it."""
    countdown = _Countdown(count)
    _before(
        Hub,
        "receive",
        lambda _hub, _peer, packet: countdown() if isinstance(packet, (Post, *POSTS)) else None,
    )


def inside_the_statement(count: int) -> None:
    """K2: SQLite is in the middle of the statement that writes the messages."""
    countdown = _Countdown(count * 40)

    def arm(writer: Any, draft: Any) -> None:  # noqa: ANN401
        watched = countdown if _has_posts(draft) else None
        writer._cursor.connection.set_progress_handler(watched, 1)

    _before(Writer, "_commit", arm)


def before_the_commit(count: int) -> None:
    """K2: the rows are written, the transaction is not committed."""
    countdown = _Countdown(count)

    def arm(writer: Any, draft: Any) -> None:  # noqa: ANN401
        if _has_posts(draft):
            writer._begin(draft)

        def trace(statement: str) -> None:
            if statement == "COMMIT" and _has_posts(draft):
                countdown()

        writer._cursor.connection.set_trace_callback(trace)

    _before(Writer, "_commit", arm)


def after_the_commit(count: int) -> None:
    """K3: the messages are on disk; nobody was told."""
    countdown = _Countdown(count)

    def act(_hub: object, proposal: Any, outcome: object) -> None:  # noqa: ANN401
        if _is_stored_post(proposal, outcome):
            countdown()

    _before(Hub, "decide", act)


def after_the_answer(count: int) -> None:
    """K4: the author, who does not follow the room, was told; nobody else was."""
    countdown = _Countdown(count)
    fresh: list[bool] = []

    def note(_hub: object, proposal: Any, _outcome: object) -> None:  # noqa: ANN401
        if _is_post(proposal):
            fresh.append(True)

    def act(*_: object) -> None:
        if fresh:
            fresh.clear()
            countdown()

    _before(Hub, "decide", note)
    _before(Delivery, "_broadcast", act)


def after_one_send(count: int) -> None:
    """K4: the first of several members was sent the entries, the others were not."""
    countdown = _Countdown(count)

    def act(_delivery: object, room: Any, _fresh: object, buffer: bytes, *_: object) -> None:  # noqa: ANN401
        if len(room.live) > 1:
            if countdown.left == 1:
                next(iter(room.live.values()))(buffer)
            countdown()

    _before(Delivery, "_broadcast", act)


def in_the_checkpoint(count: int) -> None:
    """K5: pages are moved from the write-ahead log to the database: some are there, the next is not.

    By itself the log is not moved any more. When it holds pages by which the database would grow, it is moved
    under a limit for the size of files that lets `count` of them through: the system ends the process there.
    """
    database.CHECKPOINT_PAGES = 0  # type: ignore[misc]
    connections: list[sqlite3.Connection] = []
    _before(Writer, "_commit", lambda writer, _draft: connections.append(writer._cursor.connection))

    def act(_hub: object, proposal: Any, outcome: object) -> None:  # noqa: ANN401
        if _is_stored_post(proposal, outcome):
            _checkpoint_halfway(connections[-1], count)

    _before(Hub, "decide", act)


def _checkpoint_halfway(connection: sqlite3.Connection, pages: int) -> None:
    """Move the log to the database and die after the first `pages` by which it grows; if it grows by more."""
    (_, _, path), *_ = connection.execute("PRAGMA database_list").fetchall()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    (count,) = connection.execute("PRAGMA page_count").fetchone()
    limit = Path(path).stat().st_size + pages * page_bytes
    if count * page_bytes > limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def inside_a_newcomer(count: int) -> None:
    """K2: an account was inserted, and its first key; the N-th statement after that begins."""
    countdown = _Countdown(count + 1)
    watched: set[sqlite3.Connection] = set()
    is_new = False

    def trace(statement: str) -> None:
        nonlocal is_new
        if is_new:
            countdown()
        is_new |= statement.lstrip().upper().startswith("INSERT INTO ACCOUNTS")

    def arm(writer: Any, *_: object) -> None:  # noqa: ANN401
        if writer._cursor.connection not in watched:
            watched.add(writer._cursor.connection)
            writer._cursor.connection.set_trace_callback(trace)

    _before(Writer, "store", arm)


def in_the_drain(_count: int) -> None:
    """K5: it was told to stop, its clients were told, what waits was not written."""
    _before(Connections, "end", lambda *_: die())


def after_the_migration_began(count: int) -> None:
    """K5: a new database is being made, or an old one brought up to date."""
    countdown = _Countdown(count)
    migrate = database.migrate

    def altered(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(lambda _statement: countdown())
        migrate(connection)
        connection.set_trace_callback(None)

    database.migrate = altered


def synchronous_normal(_count: int) -> None:
    """The negative control of the power losses: commits that are not flushed."""

    def altered(connection: sqlite3.Connection, _path: Path) -> None:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute("PRAGMA synchronous = NORMAL")

    database._make_durable = altered


def moving_clock(path: str) -> None:
    """The wall clock is off by the seconds that stand in a file."""
    true_ns = time.time_ns
    time.time_ns = lambda: true_ns() + int(float(Path(path).read_text(encoding="ascii") or 0) * 1e9)


POINTS: Final[dict[str, Callable[[int], None]]] = {
    "before-thinking": before_thinking,
    "inside-the-statement": inside_the_statement,
    "before-the-commit": before_the_commit,
    "after-the-commit": after_the_commit,
    "after-the-answer": after_the_answer,
    "after-one-send": after_one_send,
    "in-the-checkpoint": in_the_checkpoint,
    "inside-a-newcomer": inside_a_newcomer,
    "in-the-drain": in_the_drain,
    "in-the-migration": after_the_migration_began,
    "synchronous-normal": synchronous_normal,
}


def main() -> int:
    name, _, value = sys.argv[1].partition(":")
    if name == "clock":
        moving_clock(value)
    else:
        POINTS[name](int(value or 1))
    return program.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
