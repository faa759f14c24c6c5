"""Pages and unread counts, in memory and on disk."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import SEQ_MAX, UNREAD_COUNT
from chatroom.server.hub.ports import Committed, Failed, Unread
from support.story import Story, entry_in, joined, left

BIG = 1 << 20


@pytest.fixture
def garden(story: Story) -> Story:
    """Rooms 1 and 2 with the members 1 and 2, and 20 messages in each, in turn."""
    for handle in ("ana", "bob", "eve"):
        story.account(handle)
    for name in ("garden", "kitchen"):
        story.room(name, 1, 2)
    story.submit(*(story.message(room, 1, f"{room}:{n}" + "x" * n) for n in range(20) for room in (1, 2)))
    return story


def seqs_after(story: Story, seq: int, limit: int, budget: int = BIG, room: int = 1) -> list[int]:
    return [entry_in(frame).seq for frame in story.log.after(room, seq, limit, budget)]


def seqs_before(
    story: Story, seq: int, floor: int, limit: int, budget: int = BIG, room: int = 1
) -> list[int]:
    return [entry_in(frame).seq for frame in story.log.before(room, seq, floor, limit, budget)]


# -- pages -----------------------------------------------------------------------------------------------


def test_a_page_after_a_seq_holds_the_next_entries_of_that_room_only(garden: Story) -> None:
    assert seqs_after(garden, 0, 3) == [1, 2, 3]
    assert seqs_after(garden, 20, 100) == [21, 22, 23]
    assert {entry_in(frame).room for frame in garden.log.after(2, 0, 100, BIG)} == {2}


def test_a_page_before_a_seq_holds_the_newest_ones_in_rising_order(garden: Story) -> None:
    assert seqs_before(garden, 10, 0, 3) == [7, 8, 9]
    assert seqs_before(garden, 10, 7, 100) == [8, 9]
    assert seqs_before(garden, SEQ_MAX, 0, 2) == [22, 23]
    assert {entry_in(frame).room for frame in garden.log.before(2, SEQ_MAX, 0, 100, BIG)} == {2}


def test_there_is_nothing_beyond_the_ends_nor_in_a_room_that_does_not_exist(garden: Story) -> None:
    assert seqs_after(garden, 23, 10) == seqs_after(garden, SEQ_MAX, 10) == []
    assert seqs_before(garden, 1, 0, 10) == seqs_before(garden, 0, 0, 10) == []
    assert seqs_after(garden, 0, 10, room=9) == seqs_before(garden, SEQ_MAX, 0, 10, room=9) == []
    assert seqs_after(garden, 0, 0) == seqs_before(garden, 10, 0, 0) == []


def test_a_page_stops_where_its_bytes_do_but_holds_one_entry(garden: Story) -> None:
    sizes = [len(frame) for frame in garden.log.after(1, 0, 100, BIG)]
    assert seqs_after(garden, 0, 100, sum(sizes[:5])) == [1, 2, 3, 4, 5]
    assert seqs_after(garden, 0, 100, sum(sizes[:5]) - 1) == [1, 2, 3, 4]
    assert seqs_after(garden, 0, 100, 0) == [1]
    assert seqs_before(garden, SEQ_MAX, 0, 100, sum(sizes[-3:])) == [21, 22, 23]
    assert seqs_before(garden, SEQ_MAX, 0, 100, sum(sizes[-3:]) - 1) == [22, 23]
    assert seqs_before(garden, SEQ_MAX, 0, 100, 0) == [23]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    seq=st.integers(-2, 30),
    floor=st.integers(-2, 30),
    limit=st.integers(-1, 30),
    budget=st.integers(0, 3_000),
)
def test_any_page_is_a_run_of_the_log(garden: Story, seq: int, floor: int, limit: int, budget: int) -> None:
    every = range(1, 24)
    after = [number for number in every if number > seq][: max(limit, 0)]
    assert seqs_after(garden, seq, limit, budget) == after[: len(seqs_after(garden, seq, limit, budget))]
    assert bool(seqs_after(garden, seq, limit, budget)) == bool(after)
    between = [number for number in every if floor < number < seq][-limit:] if limit > 0 else []
    before = seqs_before(garden, seq, floor, limit, budget)
    assert before == between[len(between) - len(before) :]
    assert bool(before) == bool(between)


# -- unread ----------------------------------------------------------------------------------------------


def test_what_others_wrote_after_the_marker_is_unread(garden: Story) -> None:
    assert garden.unread(2, 1) == Unread(0, 20, 0)
    assert garden.unread(1, 1) == Unread(0, 0, 0)
    garden.read_up_to(2, 1, 13)
    assert garden.unread(2, 1) == Unread(13, 10, 0)
    assert garden.unread(2, 2) == Unread(0, 20, 0)
    garden.post(1, 2, "mine")
    assert garden.unread(2, 1) == Unread(13, 10, 0)
    garden.post(1, 3, "of another")
    assert garden.unread(2, 1) == Unread(13, 11, 0)


def test_entries_that_are_no_messages_are_not_unread(garden: Story) -> None:
    garden.read_up_to(2, 1, 23)
    garden.submit(joined(1, 3), left(1, 3))
    assert garden.unread(2, 1) == Unread(23, 0, 0)


def test_a_marker_never_goes_back_nor_beyond_the_head(garden: Story) -> None:
    assert garden.read_up_to(2, 1, 10) == Committed(0, ())
    assert garden.read_up_to(2, 1, 5) == Committed(0, ())
    assert garden.read_up_to(2, 1, 0) == Committed(0, ())
    assert garden.unread(2, 1).read == 10
    refused = garden.read_up_to(2, 1, 24)
    assert isinstance(refused, Failed)
    assert refused.code is ErrorCode.BAD_RANGE
    assert garden.unread(2, 1).read == 10


@pytest.mark.parametrize(
    ("account", "room", "code"), [(2, 9, ErrorCode.NO_SUCH_ROOM), (9, 1, ErrorCode.NO_SUCH_ACCOUNT)]
)
def test_a_marker_of_nobody_or_nowhere_is_refused(
    garden: Story, account: int, room: int, code: ErrorCode
) -> None:
    outcome = garden.read_up_to(account, room, 1)
    assert isinstance(outcome, Failed)
    assert outcome.code is code


def test_mentions_after_the_marker_are_counted(garden: Story) -> None:
    first = garden.post(1, 1, "@bob", mentioned=(2,))
    garden.submit(
        garden.message(1, 1, "@bob @eve", mentioned=(2, 3)), garden.message(2, 1, "@bob", mentioned=(2,))
    )
    assert garden.unread(2, 1).mentions == 2
    assert garden.unread(3, 1).mentions == 1
    assert garden.unread(1, 1).mentions == 0
    garden.read_up_to(2, 1, first)
    assert garden.unread(2, 1).mentions == 1


def test_counts_stop_where_the_screen_stops(garden: Story) -> None:
    messages = [garden.message(1, 1, "@bob", mentioned=(2,)) for _ in range(UNREAD_COUNT + 50)]
    garden.submit(*messages)
    assert garden.unread(2, 1) == Unread(0, UNREAD_COUNT, UNREAD_COUNT)


def test_unread_tells_of_each_room_asked_for(garden: Story) -> None:
    assert set(garden.log.unread(2, {2: 2, 1: 2})) == {1, 2}
    assert garden.log.unread(2, {}) == {}


def test_a_count_looks_at_a_bounded_number_of_entries(disk: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatroom.server.store.reading.SCAN_ENTRIES", 10)
    ana, bob = disk.account("ana"), disk.account("bob")
    room = disk.room("garden", ana, bob)
    disk.submit(*(disk.message(room, bob, "own") for _ in range(10)), disk.message(room, ana, "far away"))
    assert disk.unread(bob, room).unread == 0
    disk.read_up_to(bob, room, 8)
    assert disk.unread(bob, room).unread == 1


def test_of_rooms_for_whose_counts_no_time_is_left_every_entry_counts(
    disk: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bob = disk.account("ana"), disk.account("bob")
    rooms = [disk.room(name, ana, bob) for name in ("garden", "kitchen", "shed")]
    for room in rooms:
        disk.read_up_to(bob, room, 3)
        disk.submit(disk.message(room, bob, "own"), disk.message(room, ana, "@bob", mentioned=(bob,)))
    disk.read_up_to(bob, rooms[2], 5)
    assert [disk.unread(bob, room) for room in rooms] == [Unread(3, 1, 1)] * 2 + [Unread(5, 0, 0)]
    monkeypatch.setattr("chatroom.server.store.reading.COUNTING_S", -1)
    monkeypatch.setattr("chatroom.server.store.reading.COUNTED_ROOMS", 1)
    disk.submit(*(disk.message(rooms[2], bob, "own") for _ in range(UNREAD_COUNT + 1)))
    heads = {room: disk.record(room).head for room in rooms}
    assert list(disk.log.unread(bob, heads).values()) == [
        Unread(3, 1, 1),
        Unread(3, 2, 0),
        Unread(5, UNREAD_COUNT, 0),
    ]


def test_what_came_after_the_head_counts_for_nothing(garden: Story) -> None:
    garden.submit(*(garden.message(1, 1, "@bob", mentioned=(2,)) for _ in range(3)))
    head = garden.record(1).head
    assert garden.log.unread(2, {1: head - 2}) == {1: Unread(0, 21, 1)}
