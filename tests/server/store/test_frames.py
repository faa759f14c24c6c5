"""Stored frames are read back, or said to be damaged."""

import pytest

from chatroom.protocol.entries import EntryKind, Posted, Unknown, encode_body, encode_entry
from chatroom.server.hub.ports import StorageError
from chatroom.server.store.frames import body_of, entry_of, within

FRAME = encode_entry(3, 7, 5, "ana", b"n" * 16, EntryKind.POSTED, encode_body(Posted("hello")))


def test_an_entry_and_its_body_are_read_back() -> None:
    entry = entry_of(FRAME)
    assert (entry.room, entry.seq, entry.at, entry.author) == (3, 7, 5, "ana")
    assert body_of(FRAME) == Posted("hello")


def test_a_body_that_is_not_known_is_read_as_such() -> None:
    assert body_of(encode_entry(3, 7, 5, "ana", b"", 4_000, b"\x90")) == Unknown()


@pytest.mark.parametrize("frame", [b"", b"short", FRAME[:-3], FRAME[:20], b"\xff" * 40])
def test_bytes_that_are_no_entry_are_a_storage_error(frame: bytes) -> None:
    with pytest.raises(StorageError):
        body_of(frame)


def test_frames_are_taken_as_long_as_they_fit_and_one_always_is() -> None:
    frames = [b"aa", b"bbb", b"c"]
    assert [len(within(frames, budget)) for budget in (0, 2, 4, 5, 6, 99)] == [1, 1, 1, 2, 3, 3]
    assert within([], 10) == []
