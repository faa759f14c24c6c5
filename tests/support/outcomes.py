"""Outcomes of a pass, made comparable: whoever of the posts that were decided together has the frames."""

from collections.abc import Sequence

from chatroom.protocol.frames import HEADER, HEADER_BYTES
from chatroom.server.hub.ports import AddPosts, Change, CommittedPosts, Outcome


def one_by_one(changes: Sequence[Change], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes with the frames of each change at its own, and see that none is left over."""
    apart: list[Outcome] = []
    room, seq, frames = 0, 0, list[bytes]()
    for change, outcome in zip(changes, outcomes, strict=True):
        if isinstance(outcome, CommittedPosts):
            assert isinstance(change, AddPosts)
            if outcome.count:
                assert not frames
                room, seq, frames = outcome.room, outcome.seq, cut_frames(outcome.frames)
                assert len(frames) == outcome.count
            assert (outcome.room, outcome.seq) == (room, seq)
            own, frames = frames[: len(change.posts)], frames[len(change.posts) :]
            assert len(own) == len(change.posts)
            seq += len(own)
            apart.append(CommittedPosts(room, outcome.seq, len(own), b"".join(own)))
        else:
            assert not frames
            apart.append(outcome)
    assert not frames
    return apart


def cut_frames(data: bytes) -> list[bytes]:
    """Return each frame of those that stand one behind the other."""
    frames: list[bytes] = []
    while data:
        size = HEADER_BYTES + HEADER.unpack_from(data)[0]
        frames.append(data[:size])
        data = data[size:]
    return frames
