"""Codes: one-time secrets that people copy, dictate and type: invites, links, the owner's code.

A code is 100 random bits in Crockford's base 32, shown in four groups; nobody guesses one, so that it may be
looked up by its hash, which is all that a server keeps of it. What a code buys is known by the server. Pure
text; the random bytes come from the caller. Read next: `packets.py`.
"""

import hashlib
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: no i, l, o (they look like 1 and 0) and no u."""

CODE_CHARS: Final = 20
GROUP_CHARS: Final = 5
SECRET_BYTES: Final = 13
"""Random bytes that one code needs: 100 of their 104 bits."""

_LOOK_ALIKES: Final = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def make_code(secret: bytes) -> str:
    """Return the code of `SECRET_BYTES` random bytes as it is shown: `xxxxx-xxxxx-xxxxx-xxxxx`.

    Raises ValueError for any other number of bytes.
    """
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a code is made of {SECRET_BYTES} bytes")
    number = int.from_bytes(secret, "big")
    chars = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(CODE_CHARS)))
    return "-".join(chars[start : start + GROUP_CHARS] for start in range(0, CODE_CHARS, GROUP_CHARS))


def normalise_code(typed: str) -> str:
    """Return the 20 characters of a code from what a person typed.

    Upper case, dashes and blanks anywhere, o for 0 and i or l for 1 are accepted; ValueError otherwise.
    """
    code = "".join(typed.lower().split()).translate(_LOOK_ALIKES)
    if len(code) != CODE_CHARS or not set(code) <= set(ALPHABET):
        raise ValueError(f"a code is {CODE_CHARS} letters and digits (no u); dashes between them are ignored")
    return code


def hash_code(typed: str) -> bytes:
    """Return the SHA-256 by which a server knows a code, however it was typed. Raises ValueError when it is
    none.
    """
    return hashlib.sha256(normalise_code(typed).encode("ascii")).digest()
