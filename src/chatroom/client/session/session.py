"""The session: one account's conversation with one server, across any number of connections. Sans-I/O.

Its owner tells it what happens to the connection (`connecting`, `connected`, `receive`, `connection_lost`),
sends what `data_to_send` returns, calls `tick` when `next_tick` says so, and reads `take_events`. The state
is there to be read at any time, online or not. Posting works offline too; whatever else a user may ask is in
`asking.py`. No socket, no clock, no file is touched here. Read next: `events.py`, `conversation.py`;
`chatroom.client.connection.connection` is the owner.
"""

from collections.abc import Callable, Sequence

from chatroom.client.session.asking import Asking
from chatroom.client.session.conversation import Conversation
from chatroom.client.session.door import Door, Stage, new_challenge
from chatroom.client.session.events import Event, State, StateChanged
from chatroom.client.session.feed import Feed
from chatroom.client.session.intake import shown_line
from chatroom.client.session.news import News
from chatroom.client.session.outbox import Outbox, Waiting
from chatroom.client.session.ports import LogMark, OutboxError, OutboxFile, Signer
from chatroom.client.session.posting import TextRefused, postable
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.roster import Roster
from chatroom.client.session.timeline import Timeline
from chatroom.client.session.wire import Wire
from chatroom.protocol.entries import Manner
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.packets import (
    Closing,
    Presence,
    Role,
    RoomInfo,
    ServerPacket,
)

__all__ = ["Session", "TextRefused"]


class Session:
    """See the text of this module. Everything read from it is clean and belongs to it: read, do not change.

    `session_id` names this process to the server (16 bytes). `new_nonce` gives the 16 bytes of a new post.
    `follow_backlog` is how many entries a room begins with. With `follow_rooms` all rooms of the account are
    followed, else only those given to `follow`. A room that fell more than `skip_over` entries behind goes on
    at its end, with a gap to be filled when the user comes to it; 0 skips nothing and fills every gap.
    `log_mark` remembers over restarts which log was seen; without it only this process knows. `show_unknown`
    keeps entries of kinds this program does not know as lines. With the handle "" and a link code as `invite`
    it does nothing but add the key to the account of the code: `Linked`, and then `is_final`.
    `device_name` is what a new device of the account is called.
    """

    def __init__(
        self,
        handle: str,
        signer: Signer,
        outbox: OutboxFile,
        *,
        session_id: bytes,
        new_nonce: Callable[[], bytes],
        password: str = "",
        invite: str = "",
        device_name: str = "chatroom",
        follow_backlog: int = 200,
        follow_rooms: bool = True,
        skip_over: int = 2_000,
        show_unknown: bool = False,
        challenge: Callable[[], bytes] = new_challenge,
        log_mark: LogMark | None = None,
    ) -> None:
        news = News()
        wire = Wire()
        door = Door(
            handle,
            signer,
            session_id,
            wire,
            news,
            password=password,
            invite=invite,
            device_name=device_name,
            challenge=challenge,
            log_mark=log_mark,
        )
        self._outbox = Outbox(outbox)
        feed = Feed(wire, handle, backlog=follow_backlog, skip_over=skip_over, is_complete=show_unknown)
        talk = Conversation(handle, wire, self._outbox, feed, news, follows_all=follow_rooms)
        self.handle = handle
        self.ask = Asking(handle, door, wire, talk, news)
        """What needs the server: rooms, history, search, people. Send what it leaves, as after any verb."""
        self._door, self._wire, self._talk, self._news = door, wire, talk, news
        self.state = State.OFFLINE
        self._new_nonce = new_nonce
        self._fault: str | None = None
        self._now = 0.0

    # -- what its owner tells it -----------------------------------------------------------------------------

    def connecting(self) -> None:
        """An attempt to connect begins."""
        self._set_state(State.CONNECTING)

    def connected(self, server_key_hash: bytes, now: float, now_ms: int) -> None:
        """There is a connection to a server with this key (`auth.PLAIN_SERVER_KEY` without TLS).

        `now` is in monotonic seconds, here and everywhere; `now_ms` is the wall clock in ms since 1970.
        """
        self._now = now
        self._wire.open(now)
        self._door.open(server_key_hash)
        self._fault = None
        self._set_state(State.CONNECTING)

    def connection_lost(self, reason: str, now: float) -> None:
        """The connection is gone, or the attempt failed; `reason` is one line for the user."""
        self._now = now
        self._door.close()
        self._fault = None
        self._talk.connection_lost(now)
        self._wire.close()
        self._outbox.flush()
        self._set_state(State.OFFLINE, reason)

    def receive(self, data: bytes, now: float, now_ms: int) -> None:
        """Take bytes from the server. Any bytes at all: what breaks the protocol sets `must_close`."""
        if not self._is_alive():
            return
        self._now = now
        try:
            for packet in self._wire.receive(data, now):
                self._take(packet)
                if not self._is_alive():
                    break
        except ProtocolError as error:
            self._fault = f"the server broke the protocol: {shown_line(error.text, 200)}"
        self._outbox.flush()
        self._pump()

    def data_to_send(self) -> bytes:
        """Return everything that is to be sent now; the caller sends all of it."""
        return self._wire.take()

    def take_events(self) -> list[Event]:
        """Return what happened since the last call."""
        return self._news.take()

    def tick(self, now: float) -> None:
        """Do what is due by time: heartbeats, deadlines, messages to be tried again, read markers."""
        self._now = now
        self._fault = self._fault or self._wire.tick(now)
        self._pump()

    def next_tick(self) -> float:
        """Return when `tick` should be called; infinity when there is nothing to wait for."""
        if not self._is_alive():
            return float("inf")
        due = self._wire.next_tick()
        return min(due, self._talk.next_pump()) if self._door.stage is Stage.INSIDE else due

    # -- state -----------------------------------------------------------------------------------------------

    @property
    def must_close(self) -> str | None:
        """Why the owner must close the connection now and call `connection_lost`; None while it may live."""
        return self._fault or self._door.fault or self._talk.fault or None

    @property
    def is_final(self) -> bool:
        """Whether connecting again by itself is of no use: the server does not want this client."""
        return self._door.is_final

    @property
    def retry_after_s(self) -> float:
        """How long the server asked us to stay away when it closed the last connection; 0 as we like."""
        return self._door.retry_after_s

    @property
    def log_id(self) -> bytes:
        """Which log the server has (16 bytes); empty before the first login that worked."""
        return self._door.log_id

    @property
    def server_name(self) -> str:
        """What the server calls itself; empty before the first greeting."""
        return self._door.server_name

    @property
    def rooms(self) -> dict[int, RoomView]:
        """The rooms of the account and open invitations, by number."""
        return self._talk.rooms.by_number

    def room_named(self, typed: str) -> RoomView | None:
        """Return the room a person means by "lobby", "#lobby" or "@bob"; None if it is not in the list."""
        return self._talk.rooms.named(typed)

    def timeline(self, room: int) -> Timeline:
        """Return the timeline of a room, empty where nothing is known."""
        return self._talk.feed.timeline(room)

    def waiting(self, room: int) -> list[Waiting]:
        """Return one's own messages of a room that are not stored yet, oldest first."""
        return self._outbox.waiting(room)

    @property
    def waiting_count(self) -> int:
        """How many messages are not stored yet, in all rooms."""
        return len(self._outbox)

    @property
    def stored_count(self) -> int:
        """How many messages the server has stored in the time of this session."""
        return self._talk.posting.stored_count

    @property
    def roster(self) -> Roster:
        """Who is where."""
        return self._talk.roster

    @property
    def my_role(self) -> Role:
        """What the account may do, apart from a mute."""
        return self._talk.roles.role

    @property
    def muted_until(self) -> int:
        """When the account's mute ends, in ms of the server's clock; 0: it is not muted; `limits.TIME_MAX`:
        never, or it is not known when.
        """
        return self._talk.roster.muted_until(self.handle)

    @property
    def is_muted(self) -> bool:
        """Whether the account is muted, as far as it is known here. The server has the last word."""
        return self.muted_until != 0

    @property
    def my_presence(self) -> Presence:
        """What this client says of its user."""
        return self._talk.presence

    # -- posting ---------------------------------------------------------------------------------------------

    def post(self, room: int, text: str, manner: int = Manner.SPEECH, now_ms: int = 0) -> bytes:
        """Post a message: it is in the outbox on disk on return, and sent when possible. Returns its nonce.

        Works offline. Raises TextRefused; then nothing was kept.
        """
        return self.post_many(room, [text], manner, now_ms)[0]

    def post_many(
        self, room: int, texts: Sequence[str], manner: int = Manner.SPEECH, now_ms: int = 0
    ) -> list[bytes]:
        """Post several messages in order, with one write to the disk. All of them are taken, or none."""
        view = self.rooms.get(room)
        if view is None or not view.is_member:
            raise TextRefused("you are not in that room")
        posts = [
            Waiting(self._new_nonce(), room, text, manner, now_ms, view.title)
            for text in map(postable, texts)
        ]
        try:
            self._outbox.add(posts)
        except OutboxError as error:
            raise TextRefused(str(error)) from error
        self._news.timeline_changed(room)
        self._pump()
        return [post.nonce for post in posts]

    def mark_read(self, room: int, seq: int) -> None:
        """The user has read a room up to `seq`. The server hears of it at most once a second a room."""
        view = self.rooms.get(room)
        if view is not None:
            self._talk.mark_read(view, seq)
            self._pump()

    # -- inside ----------------------------------------------------------------------------------------------

    def _is_alive(self) -> bool:
        return self._door.stage is not Stage.CLOSED and self.must_close is None

    def _set_state(self, state: State, reason: str = "") -> None:
        if state is not self.state or reason:
            self.state = state
            self._news.add(StateChanged(state, reason))

    def _pump(self) -> None:
        if self._door.stage is Stage.INSIDE and self.must_close is None:
            self._talk.pump(self._now)
            self._outbox.flush()

    def _take(self, packet: ServerPacket) -> None:
        if isinstance(packet, Closing):
            self._door.take_closing(packet)
        elif self._door.stage is not Stage.INSIDE:
            infos = self._door.take(packet)
            if infos is not None:
                self._enter(infos)
        elif not self._talk.take(packet, self._now):
            raise ProtocolError(ErrorCode.BAD_ORDER, f"{type(packet).__name__} at the wrong time")

    def _enter(self, infos: list[RoomInfo]) -> None:
        """The login is done: these are the rooms."""
        self._wire.logged_in()
        self._talk.roles.welcomed(self._door.role, self._door.server_ms, self._now)
        self._talk.begin(infos, self._now, is_other_log=self._door.is_other_log)
        self._set_state(State.ONLINE)
