"""`chatroom send`, `chatroom tail` and `chatroom link`: the session without a screen, for scripts.

What they need is here: one session, one connection, the loop, the room that was named, and why it ended as an
exit code. What is sent is in `sending.py`, what is shown in `tailing.py`; `linking.py` needs no room. The
command line is read in `chatroom.cli.client`. Read next: those three.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TextIO

from chatroom.client.connection.connection import Connection
from chatroom.client.connection.identity import RisingNonces, new_session_id
from chatroom.client.connection.trust import KnownServers, TrustQuestion
from chatroom.client.session.events import (
    Event,
    LoginRefused,
    Noticed,
    PutOut,
    RequestRefused,
    Restored,
    RoomOpened,
    State,
    StateChanged,
)
from chatroom.client.session.ports import LogMark, OutboxFile, Signer
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.session import Session
from chatroom.net.address import JoinAddress
from chatroom.net.connector import Backoff
from chatroom.net.loop import Loop, Timer
from chatroom.protocol.errors import ErrorCode

RETRY_LIMIT_S = 5.0
"""Longest wait between two attempts: a script waits for us, and there are few of them."""


class Exit(IntEnum):
    """Exit codes of the commands; docs/exit-codes.md is the table for users."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_TRUSTED = 3
    REFUSED = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Target:
    """Which room of which server, as whom. `room` is as typed: "lobby", "#lobby" or "@bob".

    To link this device, `handle` and `room` are empty and `invite` is the link code.
    """

    join: JoinAddress
    handle: str
    room: str
    timeout_s: float
    accept_new: bool = False
    password: str = ""
    invite: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What a command has of this machine: key, known servers, where to complain, whom to ask about trust.

    `ask` returns whether the user trusts an unknown server; it refuses where nobody can be asked.
    `device_name` is what the server shows the user of this machine.
    """

    signer: Signer
    known: KnownServers
    errors: TextIO
    ask: Callable[[TrustQuestion], bool]
    device_name: str


class Command(Protocol):
    """What a command does with the room once it is there."""

    def begin(self, view: RoomView) -> None:
        """The room is there, now or again after a drop, and we are online."""
        ...

    def take(self, event: Event) -> None:
        """Something happened."""
        ...

    def settle(self) -> None:
        """All that happened was taken."""
        ...

    def overdue(self) -> str:
        """Return what is owed to the user when time is up, as the rest of a line; empty for nothing."""
        ...


class Headless:
    """One command: it runs until its command calls `finish`, time is up, or the server refuses.

    The time runs while something is owed to the user, and begins anew with every `progress`.
    """

    def __init__(
        self,
        target: Target,
        world: World,
        outbox: OutboxFile,
        *,
        log_mark: LogMark | None = None,
        backlog: int = 1,
        show_unknown: bool = False,
    ) -> None:
        self.target = target
        self.world = world
        self.loop = Loop()
        self.session = Session(
            target.handle,
            world.signer,
            outbox,
            session_id=new_session_id(),
            new_nonce=RisingNonces(),
            password=target.password,
            invite=target.invite,
            device_name=world.device_name,
            follow_rooms=False,
            follow_backlog=backlog,
            skip_over=0,
            show_unknown=show_unknown,
            log_mark=log_mark,
        )
        self.connection = Connection(
            self.loop,
            self.session,
            target.join,
            world.known,
            on_change=self._changed,
            accept_new=target.accept_new,
            backoff=Backoff(limit_s=RETRY_LIMIT_S),
        )
        self.reason = "no answer"
        self._command: Command | None = None
        self._code: Exit | None = None
        self._is_asked = False
        self._deadline: Timer | None = None

    def run(self, command: Command) -> Exit:
        """Do the command; return how it ended."""
        self._command = command
        self.loop.on_signal(signal.SIGINT, lambda: self.finish(Exit.INTERRUPTED))
        self.progress()
        try:
            self.connection.start()
            while self._code is None:
                self.loop.run_once()
            self.connection.close()
            return self._code
        finally:
            self.loop.close()

    def finish(self, code: Exit, reason: str = "") -> None:
        """End with a code, and with a line for the user if there is one. The first call counts."""
        if self._code is None:
            self._code = code
            if reason:
                self.complain(reason)

    def complain(self, text: str) -> None:
        """Write one line to standard error."""
        self.world.errors.write(f"chatroom: {text}\n")
        self.world.errors.flush()

    def progress(self) -> None:
        """Something was achieved: the time begins anew."""
        self.rest()
        self._deadline = self.loop.call_later(self.target.timeout_s, self._time_out)

    def rest(self) -> None:
        """Nothing is owed to the user now: no time runs."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _time_out(self) -> None:
        owed = self._command.overdue() if self._command is not None else ""
        text = f"{self.target.join}: {self.reason}; gave up after {self.target.timeout_s:g} s{owed}"
        self.finish(Exit.UNREACHABLE, text)

    # -- what happens ----------------------------------------------------------------------------------------

    def _changed(self) -> None:
        connection = self.connection
        if connection.question is not None:
            self._judge(connection.question)
        elif connection.refusal is not None:
            self.finish(Exit.NOT_TRUSTED, str(connection.refusal))
        elif connection.fault:
            self.finish(Exit.NOT_TRUSTED, connection.fault)
        self._take_events()

    def _judge(self, question: TrustQuestion) -> None:
        if self.world.ask(question):
            self.progress()
            self.connection.answer(True)
        else:
            text = f"{question.server} is not known; its pin is {question.pin}"
            self.finish(Exit.NOT_TRUSTED, f"{text}; join {question.server}#{question.pin}, or --accept-new")

    def _take_events(self) -> None:
        """Hand on what happened. The command may cause more: that comes with the next round."""
        command = self._command
        while (events := self.session.take_events()) and command is not None and self._code is None:
            for event in events:
                self._take(event)
                command.take(event)
            command.settle()
            self.connection.send()

    def _take(self, event: Event) -> None:
        match event:
            case StateChanged(State.ONLINE):
                self._is_asked = False
                self._open_room()
            case StateChanged(State.OFFLINE, reason) if reason:
                self.reason = reason
            case LoginRefused(_, text):
                who = self.target.handle or "this device"
                self.finish(Exit.REFUSED, f"the server does not let {who} in: {text}")
            case RoomOpened() if self._is_asked:
                self._open_room()
            case RequestRefused(_, code, text) if code is not ErrorCode.SHUTDOWN:
                self.finish(Exit.REFUSED, f"{self.target.room}: {text}")
            case Noticed(text) if self.session.waiting_count:
                self.complain(text)
            case Restored(text):
                self.complain(text)
            case PutOut(title, text):
                self.complain(f"{title}: {text}")
            case _:
                pass

    def _open_room(self) -> None:
        """Begin the command in the room, or ask for the room first; a public one is joined."""
        session, room = self.session, self.target.room
        view = session.room_named(room)
        if view is not None and view.is_member:
            if self._command is not None:
                self._command.begin(view)
        elif not self._is_asked:
            self._is_asked = True
            if room.startswith("@"):
                session.ask.open_direct(room)
            else:
                session.ask.join(room, create=False)
        else:
            self.finish(Exit.REFUSED, f"{room}: the server gave another room")
