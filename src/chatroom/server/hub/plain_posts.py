"""Plain messages as the hub proposes them, together, and as the log answers.

They belong to `ports.py`, and are no Structs as all else there: one of each is made in a pass for everybody
who wrote, and what is compiled makes and reads its own classes at less cost. `Final` keeps them as they are:
for the type checker, and compiled. Read next: `ports.py`.
"""

from typing import Final

from chatroom.protocol.posts import Posts


class AddPosts:
    """New messages of one author, in order, all of them plain: as if each were an `AddEntry`."""

    __slots__ = ("author", "posts", "room")

    def __init__(self, room: int, author: int, posts: Posts) -> None:
        self.room: Final = room
        self.author: Final = author
        self.posts: Final = posts


class CommittedPosts:
    """All of an `AddPosts` is on disk, from `seq` on. `frames` are `count` entries from there on, joined: its
    own, and maybe those of others of the pass that follow in the room. These then have none, and count 0.
    """

    __slots__ = ("count", "frames", "room", "seq")

    def __init__(self, room: int, seq: int, count: int, frames: bytes) -> None:
        self.room: Final = room
        self.seq: Final = seq
        self.count: Final = count
        self.frames: Final = frames

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CommittedPosts) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[int, int, int, bytes]:
        return self.room, self.seq, self.count, self.frames
