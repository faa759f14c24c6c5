"""`chatroom tail`: shows the entries of a room, those there are and those that come.

One line of JSON each, or one for people. Entries leave in the order of their seqs, none twice and none left
out; after a drop it goes on where it was. Seqs mean something in one log only: when the server was restored
from a backup it says so, and goes on only where no seq of the old log is in use. Read next: `headless.py`.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatroom.client.connection.identity import now_ms
from chatroom.client.headless.headless import Exit, Headless
from chatroom.client.headless.output import Output
from chatroom.client.session.events import Event, Restored, State, StateChanged
from chatroom.client.session.intake import role_of
from chatroom.client.session.ports import OutboxError, Waiting
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.timeline import Gap, Line
from chatroom.client.viewmodel.calendar import local_time
from chatroom.protocol.entries import (
    Created,
    Declined,
    EntryKind,
    Invited,
    Joined,
    Left,
    Manner,
    Moderated,
    Posted,
    TopicSet,
    Unknown,
    kind_name,
)

LAST: Final = 10
"""How many entries are shown first where no seq is given."""


class NoOutbox:
    """The outbox of a session that only reads: what others left is theirs to send."""

    def load(self) -> list[Waiting]:
        """Return nothing."""
        return []

    def add(self, posts: Sequence[Waiting]) -> None:
        """Take nothing."""
        raise OutboxError("nothing is posted here")

    def remove(self, nonces: Sequence[bytes]) -> None:
        """Nothing is there to be removed."""


@dataclass(frozen=True, slots=True)
class Since:
    """A place in a room: after the entry `seq` of the log `log_id`, which is empty where it is not known."""

    seq: int
    log_id: bytes = b""


@dataclass(frozen=True, slots=True)
class TailOptions:
    """`since`: only entries after this one (None: the last ten). `limit`: end after so many (None: never).

    Without `follows` it ends at what was the head when it began.
    """

    since: Since | None
    limit: int | None
    follows: bool
    as_json: bool


class Tail:
    """The command `chatroom tail`."""

    def __init__(self, headless: Headless, output: Output, options: TailOptions) -> None:
        self._headless = headless
        self._session = headless.session
        self._output = output
        self._options = options
        self._room: int | None = None
        self._title = ""
        self._shown_to: int | None = options.since.seq if options.since is not None else None
        self._left = options.limit
        self._stop_at: int | None = None
        self._restored = ""
        self._is_lost = False

    def begin(self, view: RoomView) -> None:
        """The room is there: follow it. After a drop the session goes on by itself."""
        if self._room is not None:
            return
        self._title = view.title.removeprefix("#")
        since = self._shown_to
        if self._is_of_another_log():
            self._say_restored()
            if since:
                text = f"{since} was a number of the history before it; --since 0 begins anew"
                self._headless.finish(Exit.REFUSED, text)
                return
        if since is not None and since > view.head:
            text = f"the last entry of {view.title} is {view.head}: there is none after {since} yet"
            self._headless.finish(Exit.REFUSED, f"{text}; was the server restored?")
            return
        self._room = view.number
        self._session.ask.follow(view.number, since)
        self._headless.progress()
        if not self._options.follows:
            self._stop_at = view.head

    def take(self, event: Event) -> None:
        """Say when the server is lost and found again, where nothing else would."""
        match event:
            case Restored(text):
                self._restored = text
                if self._room is not None:
                    self._say_restored()
                    self._headless.finish(Exit.REFUSED)
            case StateChanged(State.OFFLINE, reason) if self._room is not None and not self._is_lost:
                self._is_lost = True
                self._headless.complain(f"offline: {reason}")
            case StateChanged(State.ONLINE) if self._is_lost:
                self._is_lost = False
                self._headless.complain("online again")
            case _:
                pass

    def settle(self) -> None:
        """Show what can be shown, and end where there is nothing more to show."""
        if self._room is None:
            return
        self._show(self._room)
        self._output.flush()
        if self._output.is_closed or self._is_done():
            self._headless.finish(Exit.DONE)

    def overdue(self) -> str:
        """Say what is owed when time is up."""
        return ""

    def _is_of_another_log(self) -> bool:
        """Whether what the user knows of this room is of a log that the server no longer has."""
        since = self._options.since
        if since is None or not since.log_id:
            return bool(self._restored)
        if since.log_id != self._session.log_id and not self._restored:
            self._restored = "the history of this server was restored from a backup"
            self._headless.complain(self._restored)
        return since.log_id != self._session.log_id

    def _say_restored(self) -> None:
        """Tell a program that reads along; people are told on standard error."""
        if self._options.as_json:
            self._output.line(restored_as_json(self._restored, self._title, self._session.log_id))
            self._output.flush()

    def _show(self, room: int) -> None:
        """Show the lines after the last one shown, up to a gap: what fills it is under way."""
        timeline = self._session.timeline(room)
        if not timeline.has_begun:
            return
        if self._shown_to is None:
            self._shown_to = timeline.floor
        before = self._shown_to
        for item in timeline.items[timeline.index_of(self._shown_to + 1) :]:
            if isinstance(item, Gap) or self._is_done():
                break
            self._output.line(self._form(item))
            self._shown_to = item.seq
            if self._left is not None:
                self._left -= 1
        if self._options.follows:
            self._headless.rest()
        elif self._shown_to > before:
            self._headless.progress()

    def _is_done(self) -> bool:
        is_at_end = (
            self._stop_at is not None and self._shown_to is not None and self._shown_to >= self._stop_at
        )
        return self._left == 0 or is_at_end

    def _form(self, line: Line) -> str:
        if self._options.as_json:
            return as_json(line, self._title, self._session.log_id)
        return as_text(line)


def as_json(line: Line, title: str, log_id: bytes) -> str:
    """Return an entry as one line of JSON; docs/exit-codes.md lists the fields."""
    fields = {
        "room": title,
        "seq": line.seq,
        "at": rfc3339(line.at),
        "author": line.author,
        "kind": kind_name(line.kind),
        "text": _text(line),
        "nonce": line.nonce.hex(),
        "log": log_id.hex(),
    }
    return json.dumps(fields, ensure_ascii=False)


def restored_as_json(text: str, title: str, log_id: bytes) -> str:
    """Return the line that stands where a history ends and another one, of the log `log_id`, begins."""
    fields = {
        "room": title,
        "seq": 0,
        "at": rfc3339(now_ms()),
        "author": "server",
        "kind": "restored",
        "text": text,
        "nonce": "",
        "log": log_id.hex(),
    }
    return json.dumps(fields, ensure_ascii=False)


def as_text(line: Line) -> str:
    """Return an entry for people: local time, who, what; further lines of a message are indented."""
    time = local_time(line.at // 1000).strftime("%Y-%m-%d %H:%M:%S")
    match line.body:
        case Posted(text, Manner.ACTION):
            said = f"* {line.author} {text}"
        case Posted(text):
            said = f"<{line.author}> {text}"
        case Moderated():
            verb = "made" if line.kind == EntryKind.ROLE_SET else kind_name(line.kind)
            said = f"-- {line.author} {verb} {_text(line)}"
        case _:
            words = _text(line)
            said = f"-- {line.author} {kind_name(line.kind).replace('_', ' ')}{f': {words}' if words else ''}"
    return f"{time} {said}".replace("\n", "\n    ")


def rfc3339(at: int) -> str:
    """Return a time in ms since 1970 as RFC 3339 has it, in UTC, with milliseconds."""
    whole = dt.datetime.fromtimestamp(at // 1000, dt.UTC).replace(microsecond=at % 1000 * 1000)
    return whole.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(line: Line) -> str:
    """Return what an entry says in words: a message, a topic, the name of a room, who was invited, and to
    whom something was done: `bob until 2026-02-01T12:00:00.000Z: spam`, `bob moderator`.
    """
    match line.body:
        case Posted(text) | TopicSet(text):
            return text
        case Created(name):
            return name
        case Invited(handle):
            return handle
        case Moderated(handle, until, reason, role):
            given = f" {role_of(role).name.lower()}" if line.kind == EntryKind.ROLE_SET else ""
            end = f" until {rfc3339(until)}" if until else ""
            return f"{handle}{given}{end}{f': {reason}' if reason else ''}"
        case Joined() | Left() | Declined() | Unknown():
            return ""
