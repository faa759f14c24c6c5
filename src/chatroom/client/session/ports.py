"""What a session needs from the world: a key that signs, a file that keeps what is not stored yet, and a mark
that says which log was seen last.

Only shapes stand here; the session never opens a file and never sees a private key. Implementations are in
`outbox_file.py` and `log_mark.py` of `chatroom.client.connection`, and in `chatroom.net.keys`. Read next:
`outbox.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Waiting:
    """One's own message that the server has not stored yet, or has not said so.

    `at` is when it was typed, in ms since 1970 (UTC). `title` is the room as the author saw it ("#lobby",
    "@bob"): a restored server may give a room's number to another room, and a message must not end there.
    """

    nonce: bytes
    room: int
    text: str
    manner: int
    at: int
    title: str = ""


class Signer(Protocol):
    """An Ed25519 key."""

    @property
    def public_key(self) -> bytes:
        """The 32 raw bytes of the public key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature of `message`."""
        ...


class OutboxError(Exception):
    """The outbox cannot take more (disk full, not writable); the text is one line for the author."""


class OutboxFile(Protocol):
    """The outbox on disk: it outlives the process, so that what was posted is sent by the next one."""

    def load(self) -> list[Waiting]:
        """Return what waits, in the order posted. Called once, before anything else."""
        ...

    def add(self, posts: Sequence[Waiting]) -> None:
        """Keep these; returns when they are on disk. Raises OutboxError, and then none of them was kept."""
        ...

    def remove(self, nonces: Sequence[bytes]) -> None:
        """Forget these. May be lost in a crash (a repeated post does no harm), so it never raises."""
        ...


class LogMark(Protocol):
    """Which log the server had when this program last was there; it outlives the process."""

    def load(self) -> bytes:
        """Return the id of that log; empty where it is not known."""
        ...

    def keep(self, log_id: bytes) -> None:
        """Remember this one. What cannot be kept costs a notice and no message, so it never raises."""
        ...
