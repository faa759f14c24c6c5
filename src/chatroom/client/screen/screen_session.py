"""One session shown on the screen: session, connection and screen model, kept in step.

What the server says reaches the model as events, what the user does leaves through the connection, what the
model wants done outside comes out as effects. No urwid here, and no decision about what is shown. Next:
`app.py`, which draws the model; `chatroom.client.connection.connection`, `chatroom.client.viewmodel.screen`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from chatroom.client.commands.keymap import Keymap
from chatroom.client.connection.connection import Connection
from chatroom.client.connection.identity import RisingNonces, device_name, load_signer, new_session_id, now_ms
from chatroom.client.connection.log_mark import DiskLogMark
from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.client.connection.trust import KnownServers, KnownServersError
from chatroom.client.screen.memory import StoredMemory
from chatroom.client.screen.start import Start
from chatroom.client.session.events import LinkMade, LoginRefused
from chatroom.client.session.session import Session
from chatroom.client.viewmodel.dialogs import Moment
from chatroom.client.viewmodel.effects import Effect, TrustAnswered
from chatroom.client.viewmodel.screen import ScreenModel
from chatroom.client.viewmodel.settings import ScreenSettings
from chatroom.net.address import JoinAddress, format_address
from chatroom.net.loop import Loop, Timer
from chatroom.protocol.errors import ErrorCode

REMEMBER_AFTER_S: Final = 1.0
"""How much of a draft a crash may cost. 200 KB of drafts take 12 ms of the loop, whoever may be typing."""

_OTHER_HANDLE: Final = frozenset({ErrorCode.HANDLE_TAKEN, ErrorCode.BAD_HANDLE})


class ScreenSession:
    """One handle on one server, from `begin` to `close`.

    `on_effects` is given what the model wants done; it is called in the loop, also with nothing: then only
    the screen may have changed. `on_handle_refused` is given why another handle is needed. Raises
    KeyFileError when the key of this client cannot be used.
    """

    def __init__(
        self,
        loop: Loop,
        start: Start,
        handle: str,
        join: JoinAddress,
        keymap: Keymap,
        *,
        on_effects: Callable[[Sequence[Effect]], None],
        on_handle_refused: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._on_effects = on_effects
        self._on_handle_refused = on_handle_refused
        self._memory = StoredMemory(start.paths.state, handle, join)
        self._join = join
        self._known = KnownServers.of(start.paths)
        self._outbox = DiskOutbox.open(start.paths, handle, join)
        self._session = Session(
            handle,
            load_signer(start.paths),
            self._outbox,
            session_id=new_session_id(),
            new_nonce=RisingNonces(),
            password=start.password,
            invite=start.invite,
            device_name=device_name(start.settings.client.device_name),
            follow_backlog=start.settings.client.backlog,
            log_mark=DiskLogMark.of(start.paths, handle, join, "screen"),
        )
        self._connection = Connection(
            loop,
            self._session,
            join,
            self._known,
            on_change=self._changed,
            accept_new=start.accept_new,
        )
        self.model = ScreenModel(self._session, keymap, _settings(start), self._memory.load(), self.moment())
        self._server = format_address(join.host, join.port)
        self._link: tuple[float | None, bool] | None = None
        self._asked = ""
        self._tick: Timer | None = None
        self._remember: Timer | None = None

    def moment(self) -> Moment:
        """Return the present for the model."""
        return Moment(self._loop.now(), now_ms())

    def begin(self) -> None:
        """Connect, and show what the outbox and the memory hold meanwhile."""
        self._tell_link()
        self._connection.start()
        if self._outbox.fault:
            self.model.note(self._outbox.fault, self.moment(), is_error=True)

    def close(self) -> None:
        """Go; what waits is sent the next time."""
        for timer in (self._tick, self._remember):
            if timer is not None:
                timer.cancel()
        self._connection.close()
        self._memory.save(self.model.memory())
        self._outbox.close()

    @property
    def trust_fault(self) -> str:
        """Why this server may not be talked to, in one line; empty when it may."""
        return (
            str(self._connection.refusal) if self._connection.refusal is not None else self._connection.fault
        )

    # What the user does

    def send(self) -> None:
        """Send what the verbs of the model left in the session; call it after every one of them."""
        self._connection.send()
        self._remember_soon()
        self.set_tick()

    def trust_answered(self, answer: TrustAnswered) -> None:
        """The user has judged the server."""
        self._connection.answer(answer.is_accepted)

    def retry_now(self) -> None:
        """Make the next attempt to connect now."""
        self._connection.retry_now()

    # What happens

    def _changed(self) -> None:
        """The connection or the session did something."""
        effects: list[Effect] = []
        is_news = self._tell_link()
        while events := self._session.take_events():
            is_news = True
            for event in events:
                if isinstance(event, LinkMade):
                    self.model.join_string_is(self._join_string())
                effects += self.model.handle_event(event, self.moment())
                if isinstance(event, LoginRefused) and event.code in _OTHER_HANDLE:
                    self._on_handle_refused(event.text)
            self._connection.send()
        if is_news:
            self._on_effects(effects)
            self._remember_soon()
            self.set_tick()

    def _tell_link(self) -> bool:
        """Tell the model of the connection when that changed, and ask about a stranger; whether it did."""
        connection = self._connection
        if connection.question is not None and connection.question.pin != self._asked:
            self._asked = connection.question.pin
            self.model.ask_trust(connection.question.server, connection.question.pin, False, self.moment())
        if connection.refusal is not None and connection.refusal.seen != self._asked:
            self._asked = connection.refusal.seen
            self.model.ask_trust(connection.refusal.server, connection.refusal.seen, True, self.moment())
        link = (connection.next_attempt_at, connection.is_over)
        if link == self._link:
            return False
        self._link = link
        self.model.link_changed(self._server, connection.is_encrypted, link[0], self.moment())
        if connection.fault:
            self.model.note(connection.fault, self.moment(), is_error=True)
        return True

    def _join_string(self) -> str:
        """Return the join string for another program, with the pin when it is known here."""
        join = self._join
        if join.tls and join.pin is None:
            try:
                join = replace(join, pin=self._known.pin_of(join))
            except KnownServersError:
                pass  # then the other device asks about the server
        return str(join)

    # Time

    def set_tick(self) -> None:
        """Wake up when the screen changes by itself."""
        due = self.model.next_tick(self.moment())
        if self._tick is not None:
            if self._tick.is_pending and self._tick.when == due:
                return
            self._tick.cancel()
        self._tick = None if due is None else self._loop.call_at(due, self._on_tick)

    def _on_tick(self) -> None:
        self._on_effects(self.model.tick(self.moment()))
        self._connection.send()
        self.set_tick()

    def _remember_soon(self) -> None:
        """Something was done that may be worth to be remembered; at rest nothing wakes up for it."""
        if self._remember is None or not self._remember.is_pending:
            self._remember = self._loop.call_later(REMEMBER_AFTER_S, self._remember_now)

    def _remember_now(self) -> None:
        self._memory.save(self.model.memory())


def _settings(start: Start) -> ScreenSettings:
    """Return what of the settings the model honours."""
    settings = start.settings
    return ScreenSettings(
        time_format=settings.look.time_format,
        shows_every_time=settings.look.times == "always",
        bell=settings.notify.bell,
        notify_desktop=settings.notify.desktop,
        notify_when_focused=settings.notify.when_focused,
    )
