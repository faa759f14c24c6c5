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
        """Give what `data` completes, in order; consume all of it.

        Raises ProtocolError as `feed` and `decode_from_client` do, after what came before it. Data that is
        posts and nothing else, nearly all there is, takes no generator.
        """
        whole = self._behind_kept(data) if self._kept else data
        together = cut_posts(whole, 0, self.limit_bytes)
        if together is not None and together[1] == len(whole):
            return iter((together[0],))
        return self._cut_packets(whole, together)

    def _cut_packets(self, whole: bytes, together: tuple[Posts, int] | None) -> Iterator[Incoming]:
        """Yield what is there; the posts with which it begins were cut already."""
        start, stop = 0, len(whole)
        while start < stop:
            if together is not None:
                posts, start = together
                yield posts
            elif (single := self._cut(whole, start)) is not None:
                packet_type, payload, start = single
                yield decode_from_client(packet_type, payload)
            else:
                self._kept += whole[start:]
                return
            together = cut_posts(whole, start, self.limit_bytes)
