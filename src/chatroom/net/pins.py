"""Pins: the short text by which a person recognises a server's key.

A pin is the first 120 bits of the SHA-256 of the server's public key (SubjectPublicKeyInfo), in Crockford's
base 32: 24 letters and digits that can be dictated. A false key with the same pin would take 2**120 attempts.
Pure text; the keys themselves are in `keys.py`.
"""

# Crockford's alphabet: no i, l, o (they look like 1 and 0) and no u.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
PIN_BYTES = 15
PIN_CHARS = PIN_BYTES * 8 // 5

_LOOK_ALIKES = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


def pin_of(spki_hash: bytes) -> str:
    """The pin of a key whose SubjectPublicKeyInfo hashes to these 32 bytes: 24 characters, lower case."""
    number = int.from_bytes(spki_hash[:PIN_BYTES], "big")
    return "".join(ALPHABET[number >> shift & 31] for shift in range(PIN_BYTES * 8 - 5, -5, -5))


def normalise_pin(text: str) -> str:
    """The pin as `pin_of` writes it, from what a person typed.

    Upper case, dashes and blanks between groups, o for 0 and i or l for 1 are accepted; ValueError otherwise.
    """
    pin = text.lower().translate(_LOOK_ALIKES)
    if len(pin) != PIN_CHARS or not set(pin) <= set(ALPHABET):
        raise ValueError(f"a pin is {PIN_CHARS} letters and digits (no u); dashes between them are ignored")
    return pin
