"""Keys: where the entry of each (author, nonce) stands, kept in memory at little cost until somebody asks.

What is added for messages that were stored together is taken apart at the first question: a flood of new
messages asks none. Read next: `nonces.py`.
"""

from typing import Final

from chatroom.protocol.limits import NONCE_BYTES

MOST_IN_RUNS: Final = 2_048
"""So many are taken apart without a question, in 0.6 to 2 ms: nobody waits much longer for it."""


def nonce_key(author: int, nonce: bytes) -> bytes:
    """Return the key of a nonce. The nonce comes first: where clients make them rise, the index only
    grows at its end.
    """
    return nonce + author.to_bytes(4, "big")


class NonceKeys:
    """The row id of the entry of each key."""

    __slots__ = ("_in_runs", "apart", "runs")

    def __init__(self) -> None:
        self.apart: dict[bytes, int] = {}
        """The row id of each, but for those in `runs`."""
        self.runs: list[tuple[int, bytes, int]] = []
        """Author, nonces one behind the other, and the row id of the first: those after it follow."""
        self._in_runs = 0

    def __len__(self) -> int:
        return len(self.apart) + self._in_runs

    def add(self, key: bytes, entry: int) -> None:
        """Take one key."""
        self.apart[key] = entry

    def add_run(self, author: int, nonces: bytes, entry: int) -> None:
        """Take the nonces, one behind the other, of one author in entries that follow each other."""
        self.runs.append((author, nonces, entry))
        self._in_runs += len(nonces) // NONCE_BYTES

    def add_all(self, others: "NonceKeys") -> None:
        """Take all that others hold. After an error some may be here."""
        if self._in_runs >= MOST_IN_RUNS:
            self.entries()
        in_runs = self._in_runs + len(others) - len(others.apart)
        self.runs += others.runs
        self._in_runs = in_runs
        self.apart.update(others.apart)

    def drop_all(self, others: "NonceKeys") -> None:
        """Let go of what others hold, if that was added last. Some of it may not be here. It needs no memory
        to speak of: that may be what is lacking.
        """
        for run in reversed(others.runs):
            if self.runs and self.runs[-1] is run:
                self.runs.pop()
                self._in_runs -= len(run[1]) // NONCE_BYTES
        for key in others.apart:
            self.apart.pop(key, None)

    def get(self, key: bytes) -> int | None:
        """Return the row id of the entry with this key."""
        return self.entries().get(key)

    def entries(self) -> dict[bytes, int]:
        """Return the row id of each."""
        apart = self.apart
        for author, nonces, entry in self.runs:
            behind = nonce_key(author, b"")
            for start in range(0, len(nonces), NONCE_BYTES):
                apart[nonces[start : start + NONCE_BYTES] + behind] = entry
                entry += 1
        self.runs.clear()
        self._in_runs = 0
        return self.apart
