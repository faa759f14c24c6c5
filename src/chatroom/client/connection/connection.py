"""The connection of a session: connects, asks whether the server may be trusted, carries bytes, comes back.

The session decides what is said; here is when a socket is opened, read, written and closed, and how long to
wait before the next attempt. One attempt or one stream at a time. The owner calls `send` after every verb of
the session and is told of every change by `on_change`, soon, once for many, and never from within its own
call. Read next: `chatroom.client.session.session`, `chatroom.net.connector`, `trust.py`.
"""

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Final

from chatroom.client.connection.identity import now_ms
from chatroom.client.connection.trust import (
    KnownServers,
    KnownServersBusyError,
    KnownServersError,
    TrustQuestion,
    TrustRefused,
)
from chatroom.client.session.events import State
from chatroom.client.session.session import Session
from chatroom.net.address import JoinAddress
from chatroom.net.connector import Backoff, Connector
from chatroom.net.loop import Loop, Timer
from chatroom.net.stream import Stream, StreamClosed
from chatroom.net.tls import TlsStream, client_context, peer_pin, peer_spki_hash
from chatroom.protocol.auth import PLAIN_SERVER_KEY

STEADY_S: Final = 5.0
"""A connection that lasted so long proves that the server works, whatever it did."""

READ_BUDGET_BYTES: Final = 16 * 1024
"""Read at once: some 130 messages, which cost 2 ms. Keys and frames come between two reads."""

LAST_READ_BYTES: Final = 256 * 1024
"""Read at once of a stream that is dropped: there is no later pass."""


class Connection:
    """Keeps one session connected to one server. Everything runs in the thread of the loop.

    `next_attempt_at` is in seconds of the loop's clock, None while nothing is planned. `question`: the
    server is unknown, and nothing happens before `answer`. `refusal`: it is not the one it should be.
    `fault`: the known servers cannot be read or written. `is_over`: no attempt is made by itself any more.
    """

    def __init__(
        self,
        loop: Loop,
        session: Session,
        address: JoinAddress,
        known: KnownServers,
        *,
        on_change: Callable[[], None],
        accept_new: bool = False,
        backoff: Backoff | None = None,
    ) -> None:
        self.address = address
        self.next_attempt_at: float | None = None
        self.question: TrustQuestion | None = None
        self.refusal: TrustRefused | None = None
        self.fault = ""
        self.is_over = False
        self._loop = loop
        self._session = session
        self._known = known
        self._on_change = on_change
        self._accept_new = accept_new
        self._accepted_pin = ""
        self._is_closed = False
        self._backoff = backoff or Backoff()
        self._tls = client_context() if address.tls else None
        self._connector: Connector | None = None
        self._stream: Stream | None = None
        self._retry: Timer | None = None
        self._tick: Timer | None = None
        self._tell: Timer | None = None
        self._more: Timer | None = None
        self._online_since: float | None = None
        self._stored_before = 0

    @property
    def is_encrypted(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.address.tls

    # -- what the owner does ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the first attempt."""
        self._attempt()

    def retry_now(self) -> None:
        """Make the next attempt now instead of later."""
        if self._retry is not None:
            self._attempt()

    def answer(self, is_trusted: bool) -> None:
        """The user has judged the server in `question`."""
        question, self.question = self.question, None
        if question is None:
            return
        if not is_trusted:
            self._end(f"{question.server} is not trusted")
        else:
            self._accepted_pin = question.pin
            self._attempt()
        self._changed()

    def send(self) -> None:
        """Send what the session has to say; call it after every verb of the session."""
        self._flush()
        self._after()

    def close(self, reason: str = "closed here") -> None:
        """Connect no more, and call nobody. What was said goes out as far as the kernel takes it."""
        if self._stream is not None:
            self._flush()
        self._end(reason)
        self._is_closed = True
        if self._tell is not None:
            self._tell.cancel()

    # -- connecting ------------------------------------------------------------------------------------------

    def _attempt(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        self._retry = self.next_attempt_at = None
        self._session.connecting()
        host = self.address.host
        self._connector = Connector(
            self._loop,
            host,
            self.address.port,
            self._tls,
            None if ":" in host else host,
            self._connected,
            self._failed,
        )
        self._changed()

    def _failed(self, reason: str) -> None:
        self._connector = None
        self._lost(reason)

    def _connected(self, stream: Stream) -> None:
        self._connector = None
        try:
            key_hash = PLAIN_SERVER_KEY
            pin = ""
            if isinstance(stream, TlsStream):
                key_hash, pin = peer_spki_hash(stream), peer_pin(stream)
        except StreamClosed as closed:
            stream.close()
            self._lost(closed.reason)
            return
        if not self._is_trusted(pin):
            stream.close()
            self._changed()
            return
        self._stream = stream
        self._session.connected(key_hash, self._loop.now(), now_ms())
        self._loop.watch(stream, self._readable, self._writable)
        self._readable()

    def _is_trusted(self, pin: str) -> bool:
        """Whether to go on with a server; where not, the session and the owner are told why."""
        try:
            return self._judge(pin)
        except KnownServersBusyError as error:  # for a moment: the next attempt will find it free
            self._lost(str(error))
        except KnownServersError as error:
            self.fault = str(error)
            self._end(self.fault)
        return False

    def _judge(self, pin: str) -> bool:
        """Whether to go on with a server, which is remembered then. Raises KnownServersError."""
        verdict = self._known.judge(self.address, pin)
        match verdict:
            case TrustRefused():
                self.refusal = verdict
                self._end(str(verdict))
                return False
            case TrustQuestion() if not self._accept_new and pin != self._accepted_pin:
                self.question = verdict
                self._session.connection_lost(
                    f"{verdict.server} is not known; its pin is {pin}", self._loop.now()
                )
                return False
            case _:
                if pin and self._known.pin_of(self.address) is None:
                    self._known.remember(self.address, pin, dt.datetime.now(dt.UTC), wait_s=0.0)
                return True

    # -- carrying --------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        """Read once: a busy server must not keep the keyboard waiting. The rest comes in the next pass."""
        stream = self._stream
        if stream is None or (self._more is not None and self._more.is_pending):
            return
        try:
            data = stream.read(READ_BUDGET_BYTES)
        except StreamClosed as closed:
            self._drop(closed.reason)
            return
        if data:
            self._session.receive(data, self._loop.now(), now_ms())
            self._flush()
        if self._stream is stream and stream.more_to_read:
            self._read_more_later()
        self._after()

    def _read_more_later(self) -> None:
        """Bytes are left that the selector will not report."""
        if self._more is None or not self._more.is_pending:
            self._more = self._loop.call_later(0.0, self._readable)

    def _writable(self) -> None:
        if self._stream is None:
            return
        try:
            self._loop.want_write(self._stream, not self._stream.flush())
        except StreamClosed as closed:
            self._hear_and_drop(self._stream, closed.reason)

    def _flush(self) -> None:
        if self._stream is None:
            return
        data = self._session.data_to_send()
        if not data:
            return
        try:
            self._loop.want_write(self._stream, not self._stream.send(data))
        except StreamClosed as closed:
            self._hear_and_drop(self._stream, closed.reason)

    def _after(self) -> None:
        """Look after the session once it has done something: close, set the clock, tell the owner."""
        reason = self._session.must_close
        if reason is not None:
            self._drop(reason)
            return
        if self._online_since is None and self._session.state is State.ONLINE:
            self._online_since = self._loop.now()
            self._stored_before = self._session.stored_count
        self._set_tick()
        self._changed()

    def _set_tick(self) -> None:
        when = self._session.next_tick()
        if self._tick is not None and self._tick.is_pending:
            if self._tick.when == when:
                return
            self._tick.cancel()
        self._tick = None if when == float("inf") else self._loop.call_at(when, self._on_tick)

    def _on_tick(self) -> None:
        self._session.tick(self._loop.now())
        self._flush()
        self._after()

    def _changed(self) -> None:
        """Tell the owner, later in this pass or in the next one; nobody is told when it has closed us."""
        if self._is_closed:
            return
        if self._tell is None or not self._tell.is_pending:
            self._tell = self._loop.call_later(0.0, self._on_change)

    # -- ends ------------------------------------------------------------------------------------------------

    def _hear_and_drop(self, stream: Stream, reason: str) -> None:
        """Nothing can be sent any more. What had arrived is heard all the same: what is stored, and why the
        server ends the connection.
        """
        with contextlib.suppress(StreamClosed):
            self._session.receive(stream.read(LAST_READ_BYTES), self._loop.now(), now_ms())
        self._drop(self._session.must_close or reason)

    def _drop(self, reason: str) -> None:
        """Close the stream and plan the next attempt."""
        if self._has_worked():
            self._backoff.reset()
        is_final, wait_s = self._session.is_final, self._session.retry_after_s
        self._close_stream()
        if is_final:
            self._end(reason)
            self._changed()
        else:
            self._lost(reason, wait_s)

    def _has_worked(self) -> bool:
        """Whether the server proved to work, so that the waits begin anew.

        To let us in is no proof while messages wait, for one of them may be what it ends the connection for;
        nor is it where the protocol was broken then.
        """
        if self._online_since is None:
            return False
        stored = self._session.stored_count > self._stored_before
        is_idle = self._session.waiting_count == 0 and self._session.must_close is None
        return stored or is_idle or self._loop.now() - self._online_since >= STEADY_S

    def _lost(self, reason: str, wait_s: float = 0.0) -> None:
        self._session.connection_lost(reason, self._loop.now())
        self._set_tick()
        self.next_attempt_at = self._loop.now() + wait_s + self._backoff.next_delay()
        self._retry = self._loop.call_at(self.next_attempt_at, self._attempt)
        self._changed()

    def _end(self, reason: str) -> None:
        """The last of it: nothing is connected or planned any more."""
        self.is_over = True
        self.next_attempt_at = None
        for timer in (self._retry, self._tick):
            if timer is not None:
                timer.cancel()
        self._retry = self._tick = None
        if self._connector is not None:
            self._connector.cancel()
            self._connector = None
        self._close_stream()
        self._session.connection_lost(reason, self._loop.now())

    def _close_stream(self) -> None:
        self._online_since = None
        if self._more is not None:
            self._more.cancel()
        if self._stream is not None:
            self._loop.unwatch(self._stream)
            self._stream.close()
            self._stream = None
