from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.session.timeline import KEPT_NEWEST, SLACK_ITEMS, Gap, Line, Timeline
from chatroom.protocol.entries import EntryKind, Posted


def line(seq: int, text: str = "x") -> Line:
    return Line(1, seq, seq, "bob", EntryKind.POSTED, Posted(text), b"", False, False)


def lines(first: int, last: int) -> list[Line]:
    return [line(seq) for seq in range(first, last + 1)]


def timeline(start: int, last: int, **bounds: int) -> Timeline:
    made = Timeline(1, **bounds)
    made.begin(start)
    for seq in range(start + 1, last + 1):
        made.append(line(seq), is_shown=True)
    return made


def short(made: Timeline) -> list[int | tuple[int, int]]:
    return [item.seq if isinstance(item, Line) else (item.after, item.before) for item in made.items]


def test_entries_are_appended_in_order_and_the_version_grows() -> None:
    made = timeline(10, 10)
    before = made.version
    made.append(line(11), is_shown=True)
    assert short(made) == [11]
    assert (made.floor, made.cursor, made.head) == (10, 11, 11)
    assert made.version > before


def test_an_entry_that_shows_nothing_moves_the_cursor_only() -> None:
    made = timeline(0, 2)
    made.append(line(3), is_shown=False)
    made.append(line(4), is_shown=True)
    assert short(made) == [1, 2, 4]
    assert made.cursor == 4
    assert made.gaps() == []


def test_skipped_entries_become_a_gap() -> None:
    made = timeline(0, 2)
    assert made.skip_to(5) == Gap(2, 6)
    made.append(line(6), is_shown=True)
    assert short(made) == [1, 2, (2, 6), 6]
    assert Gap(2, 6).size == 3


def test_nothing_is_skipped_by_a_start_at_or_before_the_cursor() -> None:
    made = timeline(0, 2)
    assert made.skip_to(2) is None
    assert made.skip_to(1) is None
    assert short(made) == [1, 2]


def test_two_skips_in_a_row_are_one_gap() -> None:
    made = timeline(0, 2)
    made.skip_to(5)
    assert made.skip_to(9) == Gap(2, 10)
    assert short(made) == [1, 2, (2, 10)]


def test_a_skip_before_the_first_entry_is_a_gap_too() -> None:
    made = timeline(0, 0)
    made.skip_to(4)
    assert short(made) == [(0, 5)]


def test_a_page_fills_the_end_of_a_gap() -> None:
    made = timeline(0, 2)
    made.skip_to(8)
    made.append(line(9), is_shown=True)
    assert made.put(lines(6, 8), 6, 8)
    assert short(made) == [1, 2, (2, 6), 6, 7, 8, 9]
    assert made.put(lines(3, 5), 3, 5)
    assert short(made) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_page_in_the_middle_of_a_gap_leaves_one_on_each_side() -> None:
    made = timeline(0, 2)
    made.skip_to(8)
    made.append(line(9), is_shown=True)
    assert made.put(lines(5, 6), 5, 6)
    assert short(made) == [1, 2, (2, 5), 5, 6, (6, 9), 9]


def test_a_page_far_back_leaves_a_gap_behind_it() -> None:
    made = timeline(20, 22)
    assert made.put(lines(4, 6), 4, 6)
    assert short(made) == [4, 5, 6, (6, 21), 21, 22]
    assert (made.floor, made.prepended) == (3, 4)


def test_a_gap_of_which_no_entry_exists_goes_away() -> None:
    made = timeline(0, 2)
    made.skip_to(8)
    assert made.put([], 3, 8)
    assert short(made) == [1, 2]


def test_a_page_without_a_place_changes_nothing() -> None:
    made = timeline(0, 2)
    made.skip_to(8)
    before = short(made)
    assert not made.put(lines(2, 6), 2, 6)
    assert not made.put(lines(40, 49), 40, 49)
    assert not made.put(lines(2, 2), 2, 2)
    assert short(made) == before


def test_older_lines_go_before_the_first_and_are_counted() -> None:
    made = timeline(10, 12)
    assert not made.at_beginning
    made.put(lines(6, 10), 6, 10)
    assert short(made) == [6, 7, 8, 9, 10, 11, 12]
    assert made.prepended == 5
    made.put(lines(1, 5), 1, 5)
    assert made.at_beginning
    assert made.prepended == 10


def test_the_beginning_is_where_the_first_entry_that_exists_is() -> None:
    made = Timeline(1)
    assert not made.at_beginning
    made.first = 4
    made.begin(3)
    assert made.at_beginning


def test_an_index_is_found_by_seq_in_lines_gaps_and_between() -> None:
    made = timeline(0, 2)
    made.skip_to(8)
    made.append(line(9), is_shown=True)
    made.append(line(10), is_shown=False)
    made.append(line(11), is_shown=True)  # 1 2 (2,9) 9 11
    assert [made.index_of(seq) for seq in (0, 1, 2, 3, 8, 9, 10, 11, 12)] == [0, 0, 1, 2, 2, 3, 4, 4, 5]


def test_lines_after_a_seq_leave_gaps_out() -> None:
    made = timeline(0, 2)
    made.skip_to(8)
    made.append(line(9), is_shown=True)
    assert [found.seq for found in made.lines_after(1)] == [2, 9]
    assert [found.seq for found in made.lines_after(5)] == [9]
    assert list(made.lines_after(9)) == []


def test_it_says_whether_everything_after_a_seq_is_here() -> None:
    made = timeline(4, 6)
    made.skip_to(8)
    made.append(line(9), is_shown=True)
    assert made.is_whole_after(8)
    assert not made.is_whole_after(7)
    assert not made.is_whole_after(3)
    assert not Timeline(1).is_whole_after(0)


def test_the_oldest_items_go_when_there_are_too_many() -> None:
    made = timeline(0, 10 + SLACK_ITEMS, max_items=10)
    assert len(made.items) == 10 + SLACK_ITEMS
    made.append(line(11 + SLACK_ITEMS), is_shown=True)
    assert len(made.items) == 10
    assert made.floor == 1 + SLACK_ITEMS
    assert made.prepended == -(1 + SLACK_ITEMS)
    assert not made.at_beginning


def test_a_cut_leaves_no_gap_at_the_beginning() -> None:
    made = timeline(0, 1, max_items=2, max_chars=1200)
    made.skip_to(5)
    made.append(line(6, "y" * 900), is_shown=True)
    assert short(made) == [6]
    assert made.floor == 5


def test_long_texts_count_more() -> None:
    made = timeline(0, 3, max_chars=10_000)
    made.append(line(4, "y" * 9_700), is_shown=True)
    assert short(made) == [4]


def test_the_middle_goes_when_old_history_is_loaded_without_end() -> None:
    made = timeline(100_000, 100_000 + KEPT_NEWEST, max_items=2 * KEPT_NEWEST)
    floor = 100_000
    while floor > 90_000:
        made.put(lines(floor - 199, floor), floor - 199, floor)
        floor -= 200
        assert len(made.items) <= 2 * KEPT_NEWEST + SLACK_ITEMS + 1
    assert made.items[0] == line(floor + 1)
    assert len(made.gaps()) == 1
    assert made.items[-1] == line(100_000 + KEPT_NEWEST)
    assert covered(made) == set(range(floor + 1, 100_001 + KEPT_NEWEST))


def test_a_dropped_timeline_is_empty_but_the_same_list() -> None:
    made = timeline(0, 3)
    items, version = made.items, made.version
    made.drop()
    assert items == []
    assert made.items is items
    assert not made.has_begun
    assert made.version > version


def covered(made: Timeline) -> set[int]:
    seqs: set[int] = set()
    for item in made.items:
        part = {item.seq} if isinstance(item, Line) else set(range(item.after + 1, item.before))
        assert not part & seqs
        seqs |= part
    return seqs


@given(st.data())
def test_any_growth_leaves_every_seq_either_here_or_in_one_gap(data: st.DataObject) -> None:
    made = timeline(50, 52)
    for _ in range(data.draw(st.integers(0, 12))):
        step = data.draw(st.sampled_from(["append", "skip", "fill", "prepend"]))
        if step == "append":
            made.append(line(made.cursor + 1), is_shown=True)
        elif step == "skip":
            made.skip_to(made.cursor + data.draw(st.integers(0, 5)))
        elif step == "fill" and made.gaps():
            gap = data.draw(st.sampled_from(made.gaps()))
            first = data.draw(st.integers(gap.after + 1, gap.before - 1))
            last = data.draw(st.integers(first, gap.before - 1))
            assert made.put(lines(first, last), first, last)
        elif step == "prepend":
            last = max(1, made.floor - data.draw(st.integers(0, 3)))
            first = max(1, last - data.draw(st.integers(0, 5)))
            if made.floor:
                assert made.put(lines(first, last), first, last)
        assert covered(made) == set(range(made.floor + 1, made.cursor + 1))
        starts = [item.seq if isinstance(item, Line) else item.after + 1 for item in made.items]
        assert starts == sorted(starts)
        assert not any(
            isinstance(one, Gap) and isinstance(other, Gap)
            for one, other in zip(made.items, made.items[1:], strict=False)
        )
