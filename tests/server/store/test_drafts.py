"""A draft gives back what it was given, row by row, whenever it is asked."""

import time

from hypothesis import given
from hypothesis import strategies as st

from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import Several
from chatroom.server.store.drafts import Draft
from support.story import BOB, INA, Story

RUNS = st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=8)


@given(runs=RUNS)
def test_each_frame_is_found_by_its_row_and_no_other(runs: list[tuple[int, bool]]) -> None:
    draft, expected, entry = Draft(0), dict[int, bytes](), 1
    for count, asks in runs:
        frames = [bytearray(b"%d" % number) for number in range(entry, entry + count)]
        draft.add(7, entry, 1, frames)
        expected |= {entry + place: bytes(frame) for place, frame in enumerate(frames)}
        entry += count + 1  # a gap
        if asks:
            assert [draft.frame_of(number) for number in range(entry)] == [
                expected.get(number) for number in range(entry)
            ]
    assert draft.entries == len(expected)
    assert [draft.frame_of(number) for number in range(entry)] == [
        expected.get(number) for number in range(entry)
    ]


def test_repeats_in_one_pass_cost_what_they_are(disk: Story) -> None:
    """6,000 messages and the same again take some five times what 6,000 take; 30 times and more where each
    repeat looks through all rows.
    """
    disk.garden(INA, BOB)

    def messages(begin: int) -> list[AddPosts]:
        return [
            disk.messages(1, BOB, *["x"] * 15, nonces=nonces(first))
            for first in range(begin, begin + 6_000, 15)
        ]

    took: list[float] = []
    for changes in (messages(1), messages(10_000) * 2):
        began = time.process_time()
        outcomes = disk.submit(*changes)
        took.append(time.process_time() - began)
    assert all(isinstance(outcome, CommittedPosts) for outcome in outcomes[:400])
    assert all(isinstance(outcome, Several) for outcome in outcomes[400:])
    assert disk.record(1).head == 12_003
    assert took[1] < 15 * took[0]


def nonces(first: int) -> list[bytes]:
    return [number.to_bytes(16) for number in range(first, first + 15)]
