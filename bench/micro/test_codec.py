"""The codec: frames and packets from values to bytes and back."""

from typing import TYPE_CHECKING

from bench.load.stamps import TEXT_BYTES
from chatroom.protocol.codec import decode_from_client, decode_from_server, encode
from chatroom.protocol.entries import ENTRY_TYPE, EntryKind, Posted, encode_body, encode_entry
from chatroom.protocol.frames import HEADER_BYTES, FrameDecoder
from chatroom.protocol.limits import FRAME_BYTES
from chatroom.protocol.packets import Post

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

POST = Post(1, 1, bytes(16), "x" * TEXT_BYTES)
BODY = encode_body(Posted("x" * TEXT_BYTES))


def test_encode_a_post(benchmark: "BenchmarkFixture") -> None:
    benchmark(encode, POST)


def test_decode_a_post(benchmark: "BenchmarkFixture") -> None:
    frame = encode(POST)
    packet_type, payload = int.from_bytes(frame[4:6], "big"), frame[HEADER_BYTES:]
    assert benchmark(decode_from_client, packet_type, payload) == POST


def test_cut_64_posts_out_of_a_stream(benchmark: "BenchmarkFixture") -> None:
    data = encode(POST) * 64
    decoder = FrameDecoder(FRAME_BYTES)
    assert len(benchmark(lambda: list(decoder.feed(data)))) == 64


def test_encode_an_entry(benchmark: "BenchmarkFixture") -> None:
    benchmark(encode_entry, 1, 12_345, 1_700_000_000_000, "alice", bytes(16), EntryKind.POSTED, BODY)


def test_decode_an_entry(benchmark: "BenchmarkFixture") -> None:
    frame = encode_entry(1, 12_345, 1_700_000_000_000, "alice", bytes(16), EntryKind.POSTED, BODY)
    benchmark(decode_from_server, ENTRY_TYPE, frame[HEADER_BYTES:])
