from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.viewmodel.numbers import Numbers


def test_a_new_room_gets_the_least_number_that_is_free() -> None:
    numbers = Numbers({})
    numbers.settle(["#a", "#b", "#c"], is_complete=True)
    numbers.settle(["#a", "#c"], is_complete=True)
    assert numbers.of("#b") == 0
    numbers.settle(["#a", "#0", "#c", "#d"], is_complete=True)
    assert numbers.kept() == {"#a": 1, "#0": 2, "#c": 3, "#d": 4}


def test_numbers_are_held_while_nobody_knows_which_rooms_there_are() -> None:
    numbers = Numbers({"#a": 1, "#b": 2})
    numbers.settle(["#c"], is_complete=False)
    assert numbers.kept() == {"#a": 1, "#b": 2, "#c": 3}


def test_what_was_kept_badly_does_no_harm() -> None:
    assert Numbers({"#a": 2, "#b": 2, "#c": 0, "#d": -1}).kept() == {"#a": 2}


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcdefgh")), st.booleans()), max_size=20))
def test_a_room_keeps_its_number_while_it_is_there_and_has_it_alone(
    steps: list[tuple[set[str], bool]],
) -> None:
    numbers = Numbers({})
    before: dict[str, int] = {}
    for titles, is_complete in steps:
        numbers.settle(sorted(titles), is_complete=is_complete)
        now = numbers.kept()
        assert titles <= now.keys()
        assert len(set(now.values())) == len(now)
        assert all(now[title] == before[title] for title in titles & before.keys())
        before = now
