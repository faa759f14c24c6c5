"""Posts for tests of cutting them: both ways, frames made by hand, and what has to be true of any."""

import re
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import pytest

from chatroom.protocol.codec import decode_from_client, encode
from chatroom.protocol.entries import EntryKind, Posted, encode_body, encode_entry
from chatroom.protocol.errors import ProtocolError
from chatroom.protocol.frames import HEADER_BYTES, FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES, NONCE_BYTES, TEXT_BYTES
from chatroom.protocol.mentions import find_mentions
from chatroom.protocol.packets import Post
from chatroom.protocol.posts import (
    IS_BUILT,
    POST_TYPE,
    CutPosts,
    Posts,
    cut_posts,
    cut_posts_in_python,
    is_plain,
)
from chatroom.protocol.text import text_fault
from support.modules_in_c import needs

NONCE = bytes(range(NONCE_BYTES))
AT = 1_700_000_000_000


class Way(NamedTuple):
    """How posts are cut, and of which texts it is sure."""

    cut: CutPosts
    is_sure_of: Callable[[str], bool]


def is_plain_for_c(text: str) -> bool:
    """The module in C knows no handles: a word and then a colon or a comma may be one."""
    return is_plain(text) and "@" not in text and not re.match(r"[A-Za-z0-9_-]+[:,]", text)


needs_module = needs(is_built=IS_BUILT)
IN_C = Way(cut_posts, is_plain_for_c)
IN_PYTHON = Way(cut_posts_in_python, is_plain)
both_ways = pytest.mark.parametrize(
    "way", [pytest.param(IN_C, id="in C", marks=needs_module), pytest.param(IN_PYTHON, id="in Python")]
)


def integer(number: int, width: int = 0) -> bytes:
    """An unsigned number behind a code for `width` bytes; 0: the number is its own code."""
    code = {0: b"", 1: b"\xcc", 2: b"\xcd", 4: b"\xce", 8: b"\xcf"}[width]
    return code + number.to_bytes(width or 1, "big")


def string(text: bytes, width: int = 0) -> bytes:
    """Text behind a length of `width` bytes; 0: the length is in the code."""
    code = {0: b"", 1: b"\xd9", 2: b"\xda", 4: b"\xdb"}[width]
    return code + (len(text).to_bytes(width, "big") if width else bytes([0xA0 | len(text)])) + text


def payload(**parts: bytes) -> bytes:
    """The payload of a post, all of it or but for some parts as `encode` has it."""
    usual = {
        "head": b"\x95",
        "id": b"\x01",
        "room": b"\x07",
        "nonce": b"\xc4\x10" + NONCE,
        "text": b"\xa2hi",
        "manner": b"\x00",
        "tail": b"",
    }
    return b"".join((usual | parts).values())


def frame(
    data: bytes, packet_type: int = POST_TYPE, flags: int = 0, wrong: int = 0, longer: int = 0
) -> bytes:
    """A frame around `data`; with what is `wrong` in its checksum, and a length that says so much more."""
    header = struct.pack(">IHHI", len(data) + longer, packet_type, flags, crc32(data) ^ wrong)
    return header + data


def nonce_of(number: int) -> bytes:
    return number.to_bytes(NONCE_BYTES, "big")


def post_of(text: str, number: int = 1, room: int = 7) -> bytes:
    return encode(Post(number, room, nonce_of(number), text))


RIGHT = payload()
ONE = frame(RIGHT)


def decoded(data: bytes, limit_bytes: int = FRAME_BYTES) -> list[tuple[bytes, object]]:
    """The payload and the packet of each frame, up to the first fault, as they come one by one."""
    found: list[tuple[bytes, object]] = []
    try:
        for packet_type, body in FrameDecoder(limit_bytes).feed(data):
            found.append((body, decode_from_client(packet_type, body)))
    except ProtocolError:
        pass
    return found


def entry_of(post: Post, seq: int, at: int, author: str) -> bytes:
    body = encode_body(Posted(post.text, post.manner))
    return encode_entry(post.room, seq, at, author, post.nonce, EntryKind.POSTED, body)


def assert_is(posts: Posts, sent: list[Post]) -> None:
    """That these are the posts, in all they tell."""
    assert len(posts) == len(sent)
    assert {post.room for post in sent} == {posts.room}
    assert posts.longest_bytes == max(len(post.text) for post in sent)
    nonces = [post.nonce for post in sent]
    assert posts.nonces() == b"".join(nonces)
    entries = posts.entries(300, AT, "alice")
    assert entries == [entry_of(post, 300 + place, AT, "alice") for place, post in enumerate(sent)]
    assert {type(entry) for entry in entries} == {bytearray}
    for nonce in (b"", sent[0].nonce):
        rising = [nonce, *nonces]
        assert posts.rise_above(nonce) is all(one < next_one for one, next_one in pairwise(rising))


def assert_as_single(way: Way, data: bytes, limit_bytes: int = FRAME_BYTES, start: int = 0) -> int:
    """That what is cut there is what comes as single packets, each one plain; return how many."""
    answer = way.cut(data, start, limit_bytes)
    if answer is None:
        return 0
    posts, stop = answer
    single = decoded(data[start:], limit_bytes)[: len(posts)]
    sent = [packet for _, packet in single if isinstance(packet, Post)]
    assert posts.payloads() == [body for body, _ in single]
    assert stop == start + sum(HEADER_BYTES + len(body) for body, _ in single)
    assert_is(posts, sent)
    for post in sent:
        assert text_fault(post.text, max_bytes=TEXT_BYTES) is None
        assert list(find_mentions(post.text)) == []
    return len(posts)


def cut_one(way: Way, data: bytes) -> tuple[Posts, int]:
    answer = way.cut(data, 0, FRAME_BYTES)
    assert answer is not None
    return answer
