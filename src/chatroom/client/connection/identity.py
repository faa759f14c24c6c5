"""Who this client is: its key on disk, the name of its device, and the random names it gives its process and
its posts.

Read next: `chatroom.net.keys`.
"""

import platform
import secrets
import time
from dataclasses import dataclass

from chatroom.client.session.ports import Signer
from chatroom.config.paths import ClientPaths
from chatroom.net.keys import IdentityKey, load_or_create_identity
from chatroom.protocol.limits import NONCE_BYTES, SESSION_BYTES, WORD_CHARS
from chatroom.protocol.text import clean_line, is_blank

IDENTITY_FILE = "identity-key.pem"

_RANDOM_BITS = 80


@dataclass(frozen=True, slots=True)
class KeySigner:
    """An identity key as a session wants it."""

    key: IdentityKey

    @property
    def public_key(self) -> bytes:
        """The 32 raw bytes of the public key."""
        return self.key.public_bytes

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature of `message`."""
        return self.key.sign(message)


def load_signer(paths: ClientPaths) -> Signer:
    """Return the key of this client, made at its first run. Raises KeyFileError."""
    return KeySigner(load_or_create_identity(paths.data / IDENTITY_FILE))


def device_name(wanted: str, machine: str | None = None) -> str:
    """Return what this device is called in the list of its user: `wanted`, else the name of the machine, as
    one clean line that `Login` has room for.
    """
    for name in (wanted, platform.node() if machine is None else machine):
        line = clean_line(clean_line(name)[:WORD_CHARS])  # the cut may have parted what was joined
        if not is_blank(line):
            return line
    return "chatroom"


def new_session_id() -> bytes:
    """Return the name of this process to a server."""
    return secrets.token_bytes(SESSION_BYTES)


def now_ms() -> int:
    """Return the wall clock in ms since 1970 (UTC)."""
    return time.time_ns() // 1_000_000


class RisingNonces:
    """Makes the nonces of new posts: 48 bits of milliseconds, then 80 random ones; where that is not greater
    than the last one, the last one plus one (docs/protocol.md, 10).

    The server knows without a look that a nonce is new which is greater than all before of its account.
    """

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> bytes:
        """Return the next one, 16 bytes."""
        fresh = now_ms() << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        self._last = max(fresh, self._last + 1)
        return self._last.to_bytes(NONCE_BYTES)
