"""Held nonces: those of entries that were committed, kept in memory until they are written to disk.

Read next: `nonces.py`.
"""

from chatroom.server.store.nonce_keys import NonceKeys, cut_nonces, nonce_key
from chatroom.server.store.nonce_runs import Run


class HeldNonces:
    """The row id of the entry of each key: of those that rose in a run for each author, of others apart."""

    __slots__ = ("apart", "in_runs", "runs")

    def __init__(self) -> None:
        self.apart: dict[bytes, int] = {}
        self.runs: dict[int, Run] = {}
        self.in_runs = 0
        """How many are in runs."""

    def __len__(self) -> int:
        return len(self.apart) + self.in_runs

    def add_all(self, keys: NonceKeys) -> None:
        """Take all of these. After an error some may be here, and not counted: `drop_all` them then."""
        for author, nonces, entries in keys.runs:
            run = self.runs.get(author)
            if run is None:
                run = self.runs[author] = Run()
            run.add(nonces, entries)
            self.in_runs += len(entries)
        self.apart.update(keys.apart)

    def drop_all(self, keys: NonceKeys) -> None:
        """Let go of these, if they were added last. Some may not be here. After an error, do it again."""
        for author, nonces, _ in reversed(keys.runs):
            run = self.runs.get(author)
            if run is not None:
                run.drop(nonces)
        for key in keys.apart:
            self.apart.pop(key, None)
        self.in_runs = sum(map(len, self.runs.values()))

    def clear(self) -> None:
        """Let go of all. It needs no memory."""
        self.apart.clear()
        self.runs.clear()
        self.in_runs = 0

    def set_apart(self, author: int) -> None:
        """Let what is held of this author in a run be apart."""
        run = self.runs[author]
        for nonce, entry in zip(cut_nonces(bytes(run.nonces)), run.entries, strict=True):
            self.apart[nonce_key(author, nonce)] = entry
        del self.runs[author]
        self.in_runs -= len(run)

    def find_in_run(self, author: int, nonce: bytes) -> int | None:
        """Return the row id of the entry with this nonce, if it is in a run."""
        run = self.runs.get(author)
        return None if run is None else run.find(nonce)
