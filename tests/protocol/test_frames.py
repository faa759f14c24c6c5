"""Frames: the header's bytes, its checks, and the law that a split changes nothing."""

import struct
from zlib import crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.frames import HEADER_BYTES, MUST_UNDERSTAND_FLAGS, FrameDecoder, encode_frame

LIMIT = 100

frames = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=LIMIT)), max_size=5)

Outcome = tuple[list[tuple[int, bytes]], tuple[ErrorCode, str] | None]


def cut(pieces: list[bytes], limit: int = LIMIT) -> Outcome:
    """The frames in the bytes of `pieces`, and the error they end with."""
    decoder = FrameDecoder(limit)
    found = []
    try:
        for piece in pieces:
            for frame in decoder.feed(piece):
                found.append(frame)
                assert decoder.kept_bytes == 0
            assert decoder.kept_bytes < HEADER_BYTES + limit
    except ProtocolError as error:
        return found, (error.code, error.text)
    return found, None


def split(data: bytes, at: list[int]) -> list[bytes]:
    ends = sorted(min(place, len(data)) for place in at)
    return [data[start:stop] for start, stop in zip([0, *ends], [*ends, len(data)], strict=True)]


def header(length: int, flags: int = 0, checksum: int = 0) -> bytes:
    return struct.pack(">IHHI", length, 0x0020, flags, checksum)


def test_a_header_is_length_type_flags_and_checksum_in_network_order() -> None:
    frame = encode_frame(0x8001, b"123456789")
    assert frame.hex() == "00000009" + "8001" + "0000" + "cbf43926" + b"123456789".hex()


def test_an_empty_payload_is_a_frame() -> None:
    assert encode_frame(1, b"").hex() == "000000000001000000000000"
    assert cut([encode_frame(1, b"")]) == ([(1, b"")], None)


@pytest.mark.parametrize("length", [0, 1, LIMIT - 1, LIMIT])
def test_a_length_within_the_limit_is_accepted(length: int) -> None:
    payload = bytes(range(length))
    assert cut([encode_frame(7, payload)]) == ([(7, payload)], None)


@pytest.mark.parametrize("length", [LIMIT + 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_a_length_over_the_limit_is_refused_by_its_header_alone(length: int) -> None:
    found, error = cut([header(length)])
    assert found == []
    assert error == (ErrorCode.BAD_FRAME, f"frame of {length} bytes; the limit is {LIMIT}")


def test_a_raised_limit_holds_for_the_next_header() -> None:
    decoder = FrameDecoder(LIMIT)
    assert len(list(decoder.feed(encode_frame(1, bytes(LIMIT))))) == 1
    decoder.limit_bytes = 2 * LIMIT
    assert list(decoder.feed(encode_frame(1, bytes(2 * LIMIT)))) == [(1, bytes(2 * LIMIT))]


@pytest.mark.parametrize("bit", range(16))
def test_the_low_flags_must_be_understood_and_the_high_ones_may_be_ignored(bit: int) -> None:
    found, error = cut([header(1, flags=1 << bit, checksum=crc32(b"x")) + b"x"])
    if 1 << bit & MUST_UNDERSTAND_FLAGS:
        assert (found, error) == ([], (ErrorCode.BAD_FRAME, f"unknown frame flags {1 << bit:#06x}"))
    else:
        assert (found, error) == ([(0x0020, b"x")], None)


@pytest.mark.parametrize("byte", range(HEADER_BYTES + 3))
def test_a_changed_byte_never_passes_for_what_was_sent(byte: int) -> None:
    frame = bytearray(encode_frame(0x0020, b"abc"))
    frame[byte] ^= 0x10
    found, error = cut([bytes(frame), encode_frame(0x0020, bytes(LIMIT))])
    is_type_or_ignored_flag = byte in (4, 5, 6)
    assert ((0x0020, b"abc") in found) == (byte == 6)
    assert (error is None) == is_type_or_ignored_flag


def test_a_short_read_keeps_the_partial_frame() -> None:
    frame = encode_frame(1, b"payload")
    decoder = FrameDecoder(LIMIT)
    for end in range(len(frame)):
        assert list(decoder.feed(frame[end : end + 1])) == (
            [(1, b"payload")] if end == len(frame) - 1 else []
        )
        assert decoder.kept_bytes == (end + 1) % len(frame)


def test_the_end_of_the_bytes_within_a_frame_gives_no_frame() -> None:
    frame = encode_frame(1, b"payload")
    for end in range(len(frame)):
        assert cut([frame[:end]]) == ([], None)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        bytes.fromhex("1603010200010001fc0303") + bytes(200),  # the first message of TLS
        b"NICK alice\r\nUSER alice 0 * :alice\r\n",
        b"\xff" * 64,
    ],
)
def test_another_protocol_is_refused_by_its_first_bytes(data: bytes) -> None:
    found, error = cut([data], limit=65_536)
    assert found == []
    assert error is not None
    assert error[0] is ErrorCode.BAD_FRAME


def test_zeros_are_empty_frames_of_type_zero() -> None:
    assert cut([bytes(3 * HEADER_BYTES)]) == ([(0, b"")] * 3, None)


@given(frames, st.binary(max_size=LIMIT), st.lists(st.integers(0, 700), max_size=8))
@example([(1, b"abc")], b"", list(range(20)))
def test_any_split_of_the_bytes_gives_the_same_frames_and_the_same_error(
    sent: list[tuple[int, bytes]], rest: bytes, at: list[int]
) -> None:
    data = b"".join(encode_frame(*frame) for frame in sent) + rest
    whole = cut([data])
    assert whole[0][: len(sent)] == sent
    assert cut(split(data, at)) == whole
    assert cut([bytes([byte]) for byte in data]) == whole


@given(st.binary(max_size=400))
def test_random_bytes_give_frames_or_an_error_of_the_protocol(data: bytes) -> None:
    _found, error = cut([data])
    assert error is None or error[0] is ErrorCode.BAD_FRAME
