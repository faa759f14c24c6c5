"""What a client sends comes out of its stream as it was sent, however it was split, several posts at once or
not.
"""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol import requests
from chatroom.protocol.codec import encode
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.frames import HEADER_BYTES, encode_frame
from chatroom.protocol.limits import FRAME_BYTES
from chatroom.protocol.packets import Packet, Ping, Post
from chatroom.protocol.posts import POSTS, CutPosts, cut_posts, cut_posts_in_python, posts_of
from chatroom.protocol.requests import RequestDecoder

cutters = pytest.mark.parametrize("cut", [cut_posts, cut_posts_in_python], ids=["as built", "in Python"])

TEXTS = st.sampled_from(["hi", "x" * 300, "@bob hi", "two\nlines", "grüezi", "", "last"])
PACKETS: st.SearchStrategy[list[Packet]] = st.lists(
    st.builds(Post, st.integers(0, 9), st.integers(1, 2), st.binary(min_size=16, max_size=16), TEXTS)
    | st.builds(Ping, st.integers(0, 9)),
    max_size=40,
)
FAULTS = [
    (b"", None),
    (encode_frame(0x0020, b"\x90"), ErrorCode.BAD_PACKET),
    (encode_frame(0x4020, b"\x90"), ErrorCode.BAD_ORDER),
    (b"\xff" * HEADER_BYTES, ErrorCode.BAD_FRAME),
    (encode_frame(0x0020, b"\x90")[:-1] + b"\x91", ErrorCode.BAD_FRAME),
]


def taken(decoder: RequestDecoder, parts: Sequence[bytes]) -> tuple[list[object], int | None]:
    """What comes out, posts one by one, and with which error it ends."""
    found: list[object] = []
    try:
        for part in parts:
            for packet in decoder.packets(part):
                if isinstance(packet, POSTS):
                    assert 0 < len(packet) <= 16
                    found += posts_of(packet)
                else:
                    found.append(packet)
    except ProtocolError as error:
        return found, error.code
    return found, None


@cutters
@given(packets=PACKETS, cuts=st.lists(st.integers(0, 9_000), max_size=20), end=st.sampled_from(FAULTS))
def test_any_split_gives_the_same_packets_and_the_same_error(
    cut: CutPosts, packets: list[Packet], cuts: list[int], end: tuple[bytes, ErrorCode | None]
) -> None:
    data = b"".join(map(encode, packets)) + end[0]
    places = [0, *sorted(min(place, len(data)) for place in cuts), len(data)]
    parts = [data[start:stop] for start, stop in pairwise(places)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "cut_posts", cut)
        assert taken(RequestDecoder(FRAME_BYTES), parts) == (packets, end[1])


@cutters
def test_byte_by_byte_posts_come_one_by_one(cut: CutPosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "cut_posts", cut)
    sent: list[object] = [Post(number, 1, bytes([number]) * 16, "hi") for number in range(5)]
    data = b"".join(encode(post) for post in sent if isinstance(post, Post))
    decoder = RequestDecoder(FRAME_BYTES)
    assert taken(decoder, [data[place : place + 1] for place in range(len(data))]) == (sent, None)
    assert decoder.kept_bytes == 0


@cutters
def test_a_limit_that_is_raised_holds_from_then_on(cut: CutPosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "cut_posts", cut)
    long: list[object] = [Post(1, 1, bytes(16), "x" * 100)]
    data = encode(Post(1, 1, bytes(16), "x" * 100))
    decoder = RequestDecoder(50)
    assert taken(decoder, [data]) == ([], ErrorCode.BAD_FRAME)
    decoder = RequestDecoder(50)
    decoder.limit_bytes = 200
    assert taken(decoder, [data]) == (long, None)
