"""Posts: plain messages that a client sent one behind the other, cut, checked and encoded as one value.

Who writes several messages at once sends them to one room, and most are one line of ASCII that mentions
nobody. What is true of each of those holds for all of them, so the server asks once for all. Everything else
comes as single packets. `_posts.c`, where it was built, does the same at a twentieth of the cost; nothing
but the cost depends on which of the two is there. Read next: `requests.py`.
"""

from collections.abc import Callable
from typing import Final, Protocol
from zlib import crc32

import msgspec

from chatroom.protocol.codec import packet_type
from chatroom.protocol.entries import MALFORMED, EntryKind, Posted, encode_body, encode_entry
from chatroom.protocol.frames import HEADER, HEADER_BYTES, MUST_UNDERSTAND_FLAGS
from chatroom.protocol.mentions import find_mentions
from chatroom.protocol.packets import Post

POST_TYPE: Final = packet_type(Post)

MOST_POSTS: Final = 16
"""So many at most are one value: what comes of them is decided together."""

_POSTED: Final = int(EntryKind.POSTED)
_decoder: Final = msgspec.msgpack.Decoder(Post)


class Posts(Protocol):
    """One post or more, of one client and in one room, each of them plain (`is_plain`)."""

    @property
    def room(self) -> int:
        """The number of the room."""
        ...

    @property
    def longest_bytes(self) -> int:
        """The length of the longest text."""
        ...

    def __len__(self) -> int: ...

    def nonces(self) -> bytes:
        """Return the nonces, one behind the other."""
        ...

    def rise_above(self, nonce: bytes) -> bool:
        """Whether each nonce is greater than the one before, and the first than this one."""
        ...

    def payloads(self) -> list[bytes]:
        """Return each as it came: the payload of a `Post`."""
        ...

    def entries(self, seq: int, at: int, author: str) -> list[bytearray]:
        """Return the frame of the entry that each becomes, the first as `seq`, at the time `at`."""
        ...


CutPosts = Callable[[bytes, int, int], tuple[Posts, int] | None]
"""Takes data, where a frame begins in it, and the most bytes of a payload. Returns the posts that begin
there, up to `MOST_POSTS`, and where they end; None where no whole, right and plain post is, also for what is
wrong.
"""


class PostsInPython:
    """`Posts`, made of packets."""

    __slots__ = ("_payloads", "_posts", "longest_bytes", "room")

    def __init__(self, posts: list[Post], payloads: list[bytes]) -> None:
        self._posts = posts
        self._payloads = payloads
        self.room = posts[0].room
        self.longest_bytes = max(len(post.text) for post in posts)

    def __len__(self) -> int:
        return len(self._posts)

    def nonces(self) -> bytes:
        """See `Posts.nonces`."""
        return b"".join(post.nonce for post in self._posts)

    def rise_above(self, nonce: bytes) -> bool:
        """See `Posts.rise_above`."""
        for post in self._posts:
            if post.nonce <= nonce:
                return False
            nonce = post.nonce
        return True

    def payloads(self) -> list[bytes]:
        """See `Posts.payloads`."""
        return self._payloads

    def entries(self, seq: int, at: int, author: str) -> list[bytearray]:
        """See `Posts.entries`."""
        bodies = [encode_body(Posted(post.text, post.manner)) for post in self._posts]
        return [
            bytearray(encode_entry(self.room, seq + place, at, author, post.nonce, _POSTED, body))
            for place, (post, body) in enumerate(zip(self._posts, bodies, strict=True))
        ]


def is_plain(text: str) -> bool:
    """Whether `text` may be stored, but for its length, and mentions nobody, for it is one line of printable
    ASCII without any mention. Of another text that has to be asked.
    """
    return (
        "!" <= text[:1] <= "~"
        and text.isascii()
        and text.isprintable()
        and next(find_mentions(text), None) is None
    )


def cut_posts_in_python(data: bytes, start: int, limit_bytes: int) -> tuple[Posts, int] | None:
    """See `CutPosts`."""
    posts: list[Post] = []
    payloads: list[bytes] = []
    while len(posts) < MOST_POSTS and len(data) - start >= HEADER_BYTES:
        length, found_type, flags, checksum = HEADER.unpack_from(data, start)
        stop = start + HEADER_BYTES + length
        if found_type != POST_TYPE or flags & MUST_UNDERSTAND_FLAGS or length > limit_bytes:
            break
        if stop > len(data):
            break
        payload = data[start + HEADER_BYTES : stop]
        if crc32(payload) != checksum:
            break
        try:
            post = _decoder.decode(payload)
        except MALFORMED:
            break
        if (posts and post.room != posts[0].room) or not is_plain(post.text):
            break
        posts.append(post)
        payloads.append(payload)
        start = stop
    return (PostsInPython(posts, payloads), start) if posts else None


def posts_of(posts: Posts) -> list[Post]:
    """Return each as a packet."""
    return [_decoder.decode(payload) for payload in posts.payloads()]


try:
    from chatroom.protocol import _posts
except ImportError:
    IS_BUILT = False
    POSTS: tuple[type[Posts], ...] = (PostsInPython,)
    cut_posts: CutPosts = cut_posts_in_python
else:
    IS_BUILT = True
    POSTS = (PostsInPython, _posts.Posts)
    cut_posts = _posts.cut_posts
