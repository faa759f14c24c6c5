"""Keys: what names a post for ever, and where the entries of those stand that a transaction is to store.

Read next: `nonce_runs.py`, `nonces.py`.
"""

from chatroom.protocol.limits import NONCE_BYTES


def nonce_key(author: int, nonce: bytes) -> bytes:
    """Return the key of a nonce. The nonce comes first: where clients make them rise, the index only
    grows at its end.
    """
    return nonce + author.to_bytes(4, "big")


def author_and_nonce(key: bytes) -> tuple[int, bytes]:
    """Return what the key was made of."""
    return int.from_bytes(key[NONCE_BYTES:], "big"), key[:NONCE_BYTES]


def cut_nonces(nonces: bytes) -> list[bytes]:
    """Return nonces that stand one behind the other."""
    return [nonces[start : start + NONCE_BYTES] for start in range(0, len(nonces), NONCE_BYTES)]


class NonceKeys:
    """The row id of the entry of each key, as one transaction gathers them."""

    __slots__ = ("_found", "_looked_at", "apart", "former", "late", "runs", "unsure")

    def __init__(self) -> None:
        self.apart: dict[bytes, int] = {}
        """The row id of each, but for those in `runs`."""
        self.runs: list[tuple[int, bytes, list[int]]] = []
        """Author, nonces one behind the other, row ids: those of an author rise, also from run to run."""
        self.former: dict[int, bytes | None] = {}
        """The greatest nonce of each author as it was before: what it is again if these are not stored."""
        self.late: dict[int, int] = {}
        """How many of each author are no greater than all of its author before."""
        self.unsure: dict[int, bytearray] = {}
        """Those of `apart` that the index may hold, by row id."""
        self._found: dict[bytes, int] = {}
        self._looked_at = 0

    def note_late(self, author: int, keys: dict[bytes, int], highest: bytes) -> None:
        """These of `apart` are late; the index may hold what is no greater than its highest."""
        self.late[author] = self.late.get(author, 0) + len(keys)
        for key, entry in keys.items():
            if key <= highest:
                self.unsure[entry] = bytearray(key)

    def add_run(self, author: int, nonces: bytes, entries: list[int]) -> None:
        """Take nonces that rise, all of them greater than those that the author has in a run so far."""
        self.runs.append((author, nonces, entries))

    def get(self, key: bytes) -> int | None:
        """Return the row id of the entry with this key. Each run is looked at once: a pass may ask for
        thousands.
        """
        while self._looked_at < len(self.runs):
            author, nonces, entries = self.runs[self._looked_at]
            for nonce, entry in zip(cut_nonces(nonces), entries, strict=True):
                self._found[nonce_key(author, nonce)] = entry
            self._looked_at += 1
        return self.apart.get(key) or self._found.get(key)
