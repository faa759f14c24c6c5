"""The door: from the server's `Hello` through `Login` and `Welcome` to the last room of the account.

Knows who we are and which log the server serves, and which refusals are for good. Without a handle it comes
with a link code, is told the handle, and goes no further. What happens behind the door is in
`conversation.py`. Read next: `chatroom.protocol.auth`, which says what is signed and why.
"""

import secrets
from collections.abc import Callable
from enum import Enum
from typing import Final

from chatroom.client.session.events import Linked, LoginRefused, Noticed
from chatroom.client.session.intake import code_of, is_handle, role_of, shown_line, shown_text
from chatroom.client.session.news import News
from chatroom.client.session.ports import LogMark, Signer
from chatroom.client.session.rooms import MAX_ROOMS
from chatroom.client.session.wire import Wire
from chatroom.protocol import limits
from chatroom.protocol.auth import login_message
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.packets import (
    Closing,
    Hello,
    Login,
    Refused,
    Role,
    RoomInfo,
    RoomState,
    ServerPacket,
    Welcome,
)
from chatroom.protocol.text import is_blank

FINAL_CODES: Final = frozenset(
    {ErrorCode.BAD_VERSION} | {code for code in ErrorCode if code // 100 == 2} - {ErrorCode.TOO_MANY}
)
"""Trying again by itself changes nothing: the user has to do something first."""

MAX_RETRY_AFTER_S: Final = 60.0
"""Longest time a server may ask us to stay away."""


class Stage(Enum):
    """How far the present connection has come."""

    CLOSED = 0
    GREETING = 1  # connected; the server has to say Hello
    LOGIN = 2  # Login sent
    ROOMS = 3  # Welcome taken; the rooms follow
    INSIDE = 4


def new_challenge() -> bytes:
    """Return a fresh challenge for one login."""
    return secrets.token_bytes(limits.CHALLENGE_BYTES)


class Door:
    """How one account logs in to one server.

    `fault` is why the connection must be given up, `is_final` that there is no use in another,
    `retry_after_s` how long the server wants us to stay away. Once inside: `role` is what `Welcome` said,
    `server_ms` its clock then, `log_id` which log it serves, and `is_other_log` that it is not the one we
    knew, from this process or, by the mark, from one before.
    """

    def __init__(
        self,
        handle: str,
        signer: Signer,
        session_id: bytes,
        wire: Wire,
        news: News,
        *,
        password: str,
        invite: str,
        device_name: str,
        challenge: Callable[[], bytes],
        log_mark: LogMark | None,
    ) -> None:
        self.stage = Stage.CLOSED
        self.server_name = ""
        self.fault: str | None = None
        self.is_final = False
        self.retry_after_s = 0.0
        self.is_other_log = False
        self.role = Role.MEMBER
        self.server_ms = 0
        self._handle = handle
        self._signer = signer
        self._session_id = session_id
        self._wire = wire
        self._news = news
        self._password = password
        self._invite = invite
        self._device_name = device_name
        self._challenge = challenge
        self._server_key_hash = b""
        self.log_id = b""
        self._log_mark = log_mark
        self._known_log = log_mark.load() if log_mark is not None else b""
        self._greeted_log = b""
        self._infos: list[RoomInfo] = []
        self._room_count = 0
        self._welcome = ""

    def open(self, server_key_hash: bytes) -> None:
        """There is a connection to a server with this key."""
        self.stage = Stage.GREETING
        self.fault = None
        self.retry_after_s = 0.0
        self._server_key_hash = server_key_hash
        self._infos = []

    def close(self) -> None:
        """The connection is gone."""
        self.stage = Stage.CLOSED
        self.fault = None

    def take(self, packet: ServerPacket) -> list[RoomInfo] | None:
        """Take a packet that comes before we are inside; returns the rooms when that is so.

        Raises ProtocolError for a packet out of order.
        """
        match packet:
            case Hello() if self.stage is Stage.GREETING:
                self._take_hello(packet)
            case Welcome() if self.stage is Stage.LOGIN:
                self._take_welcome(packet)
            case Refused() if self.stage is Stage.LOGIN:
                self.refused(packet.code, packet.text, packet.retry_ms)
            case RoomState() if self.stage is Stage.ROOMS:
                self._infos.append(packet.info)
            case _:
                raise ProtocolError(ErrorCode.BAD_ORDER, f"{type(packet).__name__} at the wrong time")
        if self.stage is not Stage.ROOMS or len(self._infos) < self._room_count:
            return None
        self.stage = Stage.INSIDE
        self.log_id = self._greeted_log
        self.is_other_log = self._known_log not in (b"", self.log_id)
        if self._log_mark is not None and self._known_log != self.log_id:
            self._log_mark.keep(self.log_id)
        self._known_log = self.log_id
        infos, self._infos = self._infos, []
        return infos

    def take_closing(self, packet: Closing) -> None:
        """The server ends the connection."""
        self.refused(packet.code, packet.text, packet.retry_ms)

    def refused(self, number: int, text: str, retry_ms: int) -> None:
        """The server does not want us, now or at all."""
        code, reason = code_of(number), shown_line(text, 300)
        if code in FINAL_CODES:
            self.is_final = True
            self._news.add(LoginRefused(code, reason))
        self.retry_after_s = min(retry_ms / 1000, MAX_RETRY_AFTER_S)
        self.fault = reason or f"refused: {code.name.lower()}"

    def _take_hello(self, hello: Hello) -> None:
        self._wire.greeted()
        self.server_name = shown_line(hello.server_name, 64)
        self._greeted_log = hello.log_id
        fault = _version_fault(hello)
        if fault is not None:
            self.refused(ErrorCode.BAD_VERSION, fault, 0)
            return
        self.stage = Stage.LOGIN
        self._wire.ask(self._login(hello))

    def _login(self, hello: Hello) -> Login:
        """Return the login that answers `hello`. The password goes only to a server that wants one."""
        challenge = self._challenge()
        message = login_message(hello.challenge, challenge, self._server_key_hash, self._handle)
        return Login(
            id=self._wire.next_id(),
            version=limits.VERSION,
            handle=self._handle,
            public_key=self._signer.public_key,
            challenge=challenge,
            signature=self._signer.sign(message),
            session=self._session_id,
            password=self._password if hello.password else "",
            invite=self._invite,
            program=self._device_name,
        )

    def _take_welcome(self, welcome: Welcome) -> None:
        is_ours = welcome.handle == self._handle if self._handle else is_handle(welcome.handle)
        if not isinstance(self._wire.answered(welcome.id), Login) or not is_ours:
            raise ProtocolError(ErrorCode.BAD_ORDER, "Welcome for somebody else")
        if not self._handle:
            self._news.add(Linked(welcome.handle))
            self.is_final = True
            self.fault = f"this device belongs to {welcome.handle} now"
            return
        if welcome.room_count > MAX_ROOMS:
            raise ProtocolError(ErrorCode.BAD_PACKET, f"{welcome.room_count} rooms")
        self.stage = Stage.ROOMS
        self._room_count = welcome.room_count
        self.role, self.server_ms = role_of(welcome.role), welcome.now
        text = shown_text(welcome.text)
        if text != self._welcome and not is_blank(text):
            self._news.add(Noticed(text))
        self._welcome = text  # it is not said again after every drop


def _version_fault(hello: Hello) -> str | None:
    """Return why this program and the server have no version in common, or None."""
    if hello.min_version > limits.VERSION:
        return f"the server wants protocol version {hello.min_version} or later: update this program"
    if hello.version < limits.VERSION:
        return f"the server knows protocol version {hello.version} only: it must be updated"
    return None
