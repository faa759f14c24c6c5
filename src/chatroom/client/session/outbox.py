"""The outbox: one's own messages from the moment they are posted until the server has stored them.

A message is in the file before its first byte is sent and leaves it when the server has answered. What is
sent at one time is bounded, in the order posted; after a lost connection all of it is sent again with the
same nonces, which the server stores once. After one was put off, nothing is sent until everything under way
is answered: the server refuses what is behind it, and so nothing overtakes it. Which answer means what is
decided in `posting.py`. Read next: `ports.py`.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from chatroom.client.session.ports import OutboxFile, Waiting

__all__ = ["Outbox", "Waiting"]

FLIGHT_POSTS: Final = 500
"""Most posts sent and not yet answered: several passes of a busy server."""

FLIGHT_CHARS: Final = 128 * 1024
"""Most characters of text sent and not yet answered: 512 KiB at worst, which a stream of 1 MiB takes."""


class Outbox:
    """What waits to be stored, oldest first."""

    def __init__(self, file: OutboxFile) -> None:
        self._file = file
        self._posts: dict[bytes, Waiting] = {post.nonce: post for post in file.load()}
        self._in_flight: set[bytes] = set()
        self._flight_chars = 0
        self._unsent = deque(self._posts)
        self._was_put_off = False
        self._settled: list[bytes] = []
        self.held_until = 0.0

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._posts)

    def waiting(self, room: int) -> list[Waiting]:
        """Return what waits in one room, oldest first."""
        return [post for post in self._posts.values() if post.room == room]

    def get(self, nonce: bytes) -> Waiting | None:
        """Return the waiting message with this nonce."""
        return self._posts.get(nonce)

    def add(self, posts: Sequence[Waiting]) -> None:
        """Take messages; on return they are on disk. Raises OutboxError, and then none was taken."""
        self._file.add(posts)
        self._posts.update((post.nonce, post) for post in posts)
        self._unsent.extend(post.nonce for post in posts)

    def next_to_send(self, now: float) -> Waiting | None:
        """Return the oldest message to send now, in flight from here on; None when there is none."""
        if now < self.held_until:
            return None
        if self._was_put_off:
            if self._in_flight:
                return None
            self._was_put_off = False
            self._unsent = deque(self._posts)
        while self._unsent and len(self._in_flight) < FLIGHT_POSTS and self._flight_chars < FLIGHT_CHARS:
            post = self._posts.get(self._unsent.popleft())
            if post is not None:
                self._in_flight.add(post.nonce)
                self._flight_chars += len(post.text)
                return post
        return None

    @property
    def is_held(self) -> bool:
        """Whether something was put off, and only time keeps it from being sent again."""
        return self._was_put_off and not self._in_flight

    def settle(self, nonce: bytes) -> Waiting | None:
        """The server has answered for good: return the message, waiting no more; None if it did not wait."""
        post = self._posts.pop(nonce, None)
        if post is not None:
            self._land(post)
            self._settled.append(nonce)
        return post

    def put_off(self, nonce: bytes, until: float) -> None:
        """The server cannot store now: send nothing before `until`, then again from the oldest."""
        post = self._posts.get(nonce)
        self.held_until = max(self.held_until, until)
        if post is not None:
            self._land(post)
            self._was_put_off = True

    def move(self, nonce: bytes, room: int) -> None:
        """Readdress a message that is not in flight: its room has another number now."""
        post = self._posts[nonce]
        self._posts[nonce] = Waiting(nonce, room, post.text, post.manner, post.at, post.title)

    def connection_lost(self) -> None:
        """Whatever was in flight is unknown: all of it is to be sent again."""
        self._in_flight.clear()
        self._flight_chars = 0
        self._unsent = deque(self._posts)
        self._was_put_off = False
        self.held_until = 0.0

    def flush(self) -> None:
        """Take what was settled out of the file, all at once."""
        if self._settled:
            self._file.remove(self._settled)
            self._settled = []

    def _land(self, post: Waiting) -> None:
        if post.nonce in self._in_flight:
            self._in_flight.remove(post.nonce)
            self._flight_chars -= len(post.text)
