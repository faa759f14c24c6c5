"""How often somebody may try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.server.hub.throttle import EVERY_S, KEYS, TRIES, Throttle


def test_there_are_five_tries_and_then_one_every_ten_seconds() -> None:
    throttle = Throttle()
    assert [throttle.take("a", 100.0) for _ in range(7)] == [0, 0, 0, 0, 0, 10.0, 10.0]
    assert throttle.take("a", 104.0) == pytest.approx(6.0)
    assert throttle.take("a", 110.0) == 0
    assert throttle.take("a", 110.0) == pytest.approx(10.0)
    assert throttle.take("a", 160.0) == 0


def test_asking_costs_nothing() -> None:
    throttle = Throttle()
    assert [throttle.wait_s("a", 1.0) for _ in range(20)] == [0] * 20
    assert len(throttle) == 0


def test_one_key_does_not_wait_for_another() -> None:
    throttle = Throttle()
    for _ in range(9):
        throttle.take("a", 1.0)
    assert throttle.take("b", 1.0) == 0


def test_a_long_rest_gives_no_more_tries_than_five() -> None:
    throttle = Throttle()
    throttle.take("a", 0.0)
    assert [throttle.take("a", 1e6) > 0 for _ in range(6)] == [False] * 5 + [True]


def test_memory_is_bounded_however_many_try() -> None:
    throttle = Throttle()
    for number in range(3 * KEYS):
        throttle.take(str(number), 1.0)
    assert len(throttle) == KEYS
    throttle.take("later", 1000.0)
    assert len(throttle) == 1


def test_who_tries_most_is_not_forgotten_for_others() -> None:
    throttle = Throttle(keys=3)
    for _ in range(TRIES):
        throttle.take("a", 1.0)
    for key in "bcbc":
        throttle.take(key, 2.0)
    assert throttle.wait_s("a", 2.0) > 0


@given(st.lists(st.floats(0, 30), max_size=60))
def test_whatever_the_pace_no_more_get_through_than_allowed(pauses: list[float]) -> None:
    throttle, now, passed = Throttle(), 0.0, 0
    for pause in pauses:
        now += pause
        passed += throttle.take("a", now) == 0
    assert passed <= TRIES + now / EVERY_S + 1e-6
