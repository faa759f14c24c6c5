"""The bytes that a login signs: the same on both ends, computed here once.

The signature is made and checked elsewhere (`chatroom.net.keys`); this module needs no cryptography. The
message binds the login to this protocol, to one connection (both challenges), to the server the client really
sees (hash of its public key, so that a man in the middle with another key cannot pass it on) and to one
handle. It follows the idea of tls-server-end-point (RFC 5929), taken because Python offers no exporter
binding.
"""

from typing import Final

from chatroom.protocol.limits import CHALLENGE_BYTES

CONTEXT: Final = b"chatroom-login-v1\0"

PLAIN_SERVER_KEY: Final = bytes(CHALLENGE_BYTES)
"""Stands for the hash of the server's public key on a connection without TLS."""


def login_message(
    server_challenge: bytes, client_challenge: bytes, server_key_hash: bytes, handle: str
) -> bytes:
    """Return the bytes to sign: context, the two 32-byte challenges, the 32-byte key hash, then the handle.

    The handle comes last and all before it has a fixed length, so no two logins give the same bytes. Raises
    ValueError when one of the three has another length or the handle is not ASCII.
    """
    fixed = (server_challenge, client_challenge, server_key_hash)
    if any(len(part) != CHALLENGE_BYTES for part in fixed):
        raise ValueError(f"challenges and key hash have {CHALLENGE_BYTES} bytes each")
    return CONTEXT + b"".join(fixed) + handle.encode("ascii")
