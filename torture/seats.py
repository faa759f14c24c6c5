"""A seat: the real session and the real connection of the client without a screen, in the loop of a chapter.

Many fit into one process, which makes thousands of connections affordable; what a seat is asked, told and
shown goes into a history. Read next: `lanes.py`, `machine.py`.
"""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatroom.client.connection.connection import Connection
from chatroom.client.connection.identity import KeySigner, RisingNonces, new_session_id, now_ms
from chatroom.client.connection.trust import KnownServers
from chatroom.client.session.events import PostRefused, PostStored, State
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.session import Session
from chatroom.client.session.timeline import Gap, Line
from chatroom.net.address import JoinAddress
from chatroom.net.connector import Backoff
from chatroom.net.keys import IdentityKey
from chatroom.net.loop import Loop
from chatroom.protocol.entries import Posted
from support.session_world import ListOutbox
from torture.history import History


def new_signer() -> KeySigner:
    """A new identity, in memory."""
    return KeySigner(IdentityKey(Ed25519PrivateKey.generate()))


class Seat:
    """One session in one room, which it makes or joins; over TLS where a pin is given.

    `on_change` is called after every change.
    """

    def __init__(
        self,
        loop: Loop,
        port: int,
        handle: str,
        signer: KeySigner,
        history: History,
        *,
        room: str,
        screen: str,
        pin: str | None = None,
        backlog: int = 2,
        backoff: Backoff | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.handle = handle
        self.room = room
        self.screen = screen
        self.history = history
        self.was_online = 0
        self.stored = 0  # up to which seq its messages are known to be
        self.refused: list[str] = []
        self._texts: dict[bytes, str] = {}
        self._shown: int | None = None
        self._on_change = on_change
        self._is_asked = False
        self.session = Session(
            handle,
            signer,
            ListOutbox(),
            session_id=new_session_id(),
            new_nonce=RisingNonces(),
            follow_backlog=backlog,
            skip_over=0,
            show_unknown=True,
        )
        self.connection = Connection(
            loop,
            self.session,
            JoinAddress("127.0.0.1", port, pin is not None, pin),
            KnownServers(history.path.with_name("known_servers.toml")),
            on_change=self._changed,
            backoff=backoff or Backoff(0.001, 0.02),
        )
        self.connection.start()

    @property
    def view(self) -> RoomView | None:
        """The room, once it is there and we are in it."""
        view = self.session.room_named(self.room)
        return view if view is not None and view.is_member else None

    @property
    def is_ready(self) -> bool:
        """Whether it can post: the room is known and followed."""
        view = self.view
        return view is not None and self.session.timeline(view.number).has_begun

    @property
    def is_level(self) -> bool:
        """Whether all its messages are stored and everything known to exist was shown."""
        view = self.view
        if view is None or self.session.state is not State.ONLINE or self.session.waiting_count:
            return False
        return self._shown is not None and self._shown >= self.session.timeline(view.number).head

    @property
    def shown(self) -> int:
        """The last seq it showed."""
        return self._shown or 0

    def post(self, texts: list[str]) -> None:
        """Post messages; each text is used once in the whole history."""
        view = self.view
        assert view is not None
        for text in texts:
            self.history.add("invoke", who=self.handle, room=self.room, text=text)
        nonces = self.session.post_many(view.number, texts, now_ms=now_ms())
        self._texts.update(zip(nonces, texts, strict=True))
        self.connection.send()

    def close(self, op: str = "") -> None:
        """Leave; `op` is what the history is to say of a sender."""
        self.connection.close()
        if op:
            self.history.add(op, who=self.handle)

    def _changed(self) -> None:
        for event in self.session.take_events():
            match event:
                case PostStored(_, seq, nonce):
                    self.stored = seq
                    text = self._texts[nonce]
                    self.history.add("ok", who=self.handle, room=self.room, seq=seq, text=text)
                case PostRefused(_, _, text, code, reason):
                    self.refused.append(f"{self.handle}: {text!r} was refused: {code} {reason}")
                case _:
                    pass
        self._enter()
        self._show()
        self.connection.send()
        self._on_change()

    def _enter(self) -> None:
        if self.session.state is not State.ONLINE:
            self._is_asked = False
        elif self.view is None and not self._is_asked:
            self._is_asked = True
            self.session.ask.join(self.room, create=True)

    def _show(self) -> None:
        """Note new lines, in order, up to a gap: what fills it is under way."""
        view = self.view
        if view is None or not (timeline := self.session.timeline(view.number)).has_begun:
            return
        if self._shown is None:
            self._shown = timeline.floor
            self.history.add("open", screen=self.screen, room=self.room, after=self._shown)
        for item in timeline.items[timeline.index_of(self._shown + 1) :]:
            if isinstance(item, Gap):
                break
            self._note(item)

    def _note(self, line: Line) -> None:
        text = line.body.text if isinstance(line.body, Posted) else None
        entry = {"seq": line.seq, "author": line.author, "text": text}
        self.history.add("seen", screen=self.screen, room=self.room, **entry)
        self._shown = line.seq


def run_until(loop: Loop, holds: Callable[[], object], within_s: float) -> bool:
    """Run a loop until something holds; False when it never did."""
    deadline = loop.now() + within_s
    while not holds():
        if loop.now() > deadline:
            return False
        loop.run_once(0.05)
    return True
