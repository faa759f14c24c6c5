"""Requests: what a client sends, cut out of its stream and decoded, plain posts several at once.

The server's way from bytes to packets. Read next: `posts.py`, `frames.py`, `codec.py`.
"""

from collections.abc import Iterator

from chatroom.protocol.codec import decode_from_client
from chatroom.protocol.frames import FrameDecoder
from chatroom.protocol.packets import Packet
from chatroom.protocol.posts import Posts, cut_posts

Incoming = Packet | Posts | None
"""What a client sent: one packet, one post or more, or a packet that may be ignored."""


class RequestDecoder(FrameDecoder):
    """A `FrameDecoder` that gives packets."""

    __slots__ = ()

    def packets(self, data: bytes) -> Iterator[Incoming]:
        """Yield what `data` completes, in order; consume all of it.

        Raises ProtocolError as `feed` and `decode_from_client` do, after what came before it.
        """
        whole = self._behind_kept(data) if self._kept else data
        start, stop = 0, len(whole)
        while start < stop:
            together = cut_posts(whole, start, self.limit_bytes)
            if together is not None:
                posts, start = together
                yield posts
            elif (single := self._cut(whole, start)) is not None:
                packet_type, payload, start = single
                yield decode_from_client(packet_type, payload)
            else:
                self._kept += whole[start:]
                return
