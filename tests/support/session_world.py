"""A session at a desk: its outbox in a list, its clock a number, its connection in the hand of the test.

`Desk.settle` carries everything both ways until nothing moves; single steps carry as many bytes as a test
wants.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from chatroom.client.session.events import Event
from chatroom.client.session.ports import OutboxError, Waiting
from chatroom.client.session.session import Session
from chatroom.client.session.timeline import Gap, Line
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.protocol.entries import Posted

E = TypeVar("E")


class Signs(Protocol):
    @property
    def public_key(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...


class Link(Protocol):
    """One connection as a server sees it; `take` gives what travels to the client."""

    def receive(self, data: bytes) -> None: ...
    def take(self, limit: int | None = None) -> bytes: ...
    def close(self) -> None: ...


class Server(Protocol):
    """What a desk needs of a server: a tiny one, or the real hub."""

    now: int

    def signer(self, handle: str) -> Signs: ...
    def connect(self) -> Link: ...
    def flush(self) -> None: ...


class ListOutbox:
    """An outbox whose disk is a dict; it outlives the session like a file would."""

    def __init__(self) -> None:
        self.kept: dict[bytes, Waiting] = {}
        self.fault = ""
        self.writes = 0

    def load(self) -> list[Waiting]:
        return list(self.kept.values())

    def add(self, posts: Sequence[Waiting]) -> None:
        if self.fault:
            raise OutboxError(self.fault)
        self.writes += 1
        self.kept.update((post.nonce, post) for post in posts)

    def remove(self, nonces: Sequence[bytes]) -> None:
        for nonce in nonces:
            self.kept.pop(nonce, None)


class KeptMark:
    """A mark whose disk is an attribute."""

    def __init__(self) -> None:
        self.log_id = b""

    def load(self) -> bytes:
        return self.log_id

    def keep(self, log_id: bytes) -> None:
        self.log_id = log_id


class Desk:
    """One client process after another at one outbox, each with one session."""

    def __init__(
        self, server: Server, handle: str = "alice", session_id: bytes = bytes(16), **options: object
    ) -> None:
        self.server = server
        self.handle = handle
        self.session_id = session_id
        self.options = options
        self.file = ListOutbox()
        self.mark = KeptMark()
        self.now = 100.0
        self.posted = 0
        self.connection: Link | None = None
        self.events: list[Event] = []
        self.start()

    def start(self) -> None:
        """A new process: all that is left of the old one is the outbox, and which log it saw."""
        self.drop()
        self.session = Session(
            self.handle,
            self.server.signer(self.handle),
            self.file,
            session_id=self.session_id,
            new_nonce=self._nonce,
            challenge=lambda: bytes(32),
            log_mark=self.mark,
            **self.options,  # type: ignore[arg-type]
        )

    def _nonce(self) -> bytes:
        self.posted += 1
        return self.handle.encode().ljust(8, b"\0") + self.posted.to_bytes(8, "big")

    # -- the connection ------------------------------------------------------------------------------------

    def connect(self) -> "Desk":
        """Connect, and carry nothing yet."""
        self.session.connecting()
        self.connection = self.server.connect()
        self.session.connected(PLAIN_SERVER_KEY, self.now, self.server.now)
        return self

    def drop(self, reason: str = "cut") -> None:
        """Cut the connection, with all that is under way."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
            self.session.connection_lost(reason, self.now)

    def up(self, limit: int | None = None) -> int:
        """Carry what the session sends; beyond `limit` bytes the rest is lost, with the connection."""
        data = self.session.data_to_send()
        assert self.connection is not None
        part = data if limit is None else data[:limit]
        self.connection.receive(part)
        if len(part) < len(data):
            self.drop()
        return len(data)

    def down(self, limit: int | None = None) -> int:
        """Carry at most `limit` bytes to the session."""
        assert self.connection is not None
        data = self.connection.take(limit)
        if data:
            self.session.receive(data, self.now, self.server.now)
            self.obey()
        return len(data)

    def obey(self) -> None:
        """Close when the session says so."""
        if self.session.must_close is not None:
            self.drop(self.session.must_close)

    def settle(self) -> "Desk":
        """Carry everything both ways until nothing moves; take the events."""
        self.server.flush()
        while self.connection is not None and self.up() + (self.down() if self.connection else 0):
            pass
        self.events += self.session.take_events()
        return self

    def online(self) -> "Desk":
        """Connect and settle."""
        return self.connect().settle()

    def wait(self, seconds: float) -> "Desk":
        """Let time pass, then tick and settle."""
        self.now += seconds
        self.session.tick(self.now)
        self.obey()
        return self.settle()

    # -- what is there -------------------------------------------------------------------------------------

    def got(self, kind: type[E]) -> list[E]:
        """Return the events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def forget_events(self) -> None:
        """Begin anew to collect events."""
        self.session.take_events()
        self.events.clear()

    def number(self, title: str = "#lobby") -> int:
        """Return the number of a room by its title."""
        view = self.session.room_named(title)
        assert view is not None
        return view.number

    def seqs(self, title: str = "#lobby") -> list[int | tuple[int, int]]:
        """Return the timeline in short: seqs, and (after, before) of gaps."""
        items = self.session.timeline(self.number(title)).items
        return [item.seq if isinstance(item, Line) else (item.after, item.before) for item in items]

    def texts(self, title: str = "#lobby") -> list[str]:
        """Return the messages of the timeline; a gap is "…"."""
        shown = []
        for item in self.session.timeline(self.number(title)).items:
            if isinstance(item, Gap):
                shown.append("…")
            elif isinstance(item.body, Posted):
                shown.append(item.body.text)
        return shown

    def post(self, text: str, title: str = "#lobby") -> bytes:
        """Post a message."""
        return self.session.post(self.number(title), text, now_ms=self.server.now)
