"""Outcomes of a pass, made comparable: whoever of the posts that were decided together has the frames."""

from collections.abc import Sequence

from chatroom.protocol.frames import HEADER, HEADER_BYTES
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import Change, Outcome


def one_by_one(changes: Sequence[Change], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes with the frames of each change at its own, and see that none is left over."""
    apart: list[Outcome] = []
    rest: dict[int, tuple[int, list[bytes]]] = {}
    for change, outcome in zip(changes, outcomes, strict=True):
        if not isinstance(outcome, CommittedPosts):
            apart.append(outcome)
            continue
        assert isinstance(change, AddPosts)
        room, count = outcome.room, len(change.posts)
        if outcome.count:
            assert not rest.get(room, (0, []))[1]
            rest[room] = outcome.seq, cut_frames(outcome.frames)
            assert len(rest[room][1]) == outcome.count
        seq, frames = rest[room]
        assert (outcome.seq, len(frames) >= count) == (seq, True)
        rest[room] = seq + count, frames[count:]
        apart.append(CommittedPosts(room, seq, count, b"".join(frames[:count])))
    assert not any(frames for _, frames in rest.values())
    return apart


def cut_frames(data: bytes) -> list[bytes]:
    """Return each frame of those that stand one behind the other."""
    frames: list[bytes] = []
    while data:
        size = HEADER_BYTES + HEADER.unpack_from(data)[0]
        frames.append(data[:size])
        data = data[size:]
    return frames
