from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.net.timers import SWEEP_FLOOR, Timer, TimerQueue


def _fail() -> None:
    raise ZeroDivisionError


def test_timers_run_in_order_of_time_and_equal_times_in_order_of_making() -> None:
    queue, ran = TimerQueue(), []
    for name, when in (("c", 3.0), ("a", 1.0), ("b1", 2.0), ("b2", 2.0), ("late", 9.0)):
        queue.add(when, lambda name=name: ran.append(name))
    queue.run_due(3.0)
    assert ran == ["a", "b1", "b2", "c"]
    assert queue.next_when == 9.0


def test_a_cancelled_timer_never_runs_and_may_be_cancelled_again() -> None:
    queue, ran = TimerQueue(), []
    timer = queue.add(1.0, lambda: ran.append("no"))
    timer.cancel()
    timer.cancel()
    assert queue.next_when == inf
    queue.run_due(5.0)
    assert ran == []
    assert not timer.is_pending


def test_a_timer_can_cancel_another_that_is_due_in_the_same_pass() -> None:
    queue, ran = TimerQueue(), []
    victims: list[Timer] = []

    def cancel_the_other() -> None:
        victims[0].cancel()

    queue.add(1.0, cancel_the_other)
    victims.append(queue.add(1.0, lambda: ran.append("no")))
    queue.run_due(1.0)
    assert ran == []


def test_cancelling_a_timer_that_has_run_does_nothing() -> None:
    queue, ran = TimerQueue(), []
    timer = queue.add(1.0, lambda: ran.append("yes"))
    queue.run_due(1.0)
    timer.cancel()
    queue.run_due(2.0)
    assert ran == ["yes"]


def test_a_timer_that_rearms_itself_without_delay_runs_once_a_pass() -> None:
    queue, ran = TimerQueue(), []

    def again() -> None:
        ran.append(1)
        queue.add(0.0, again)

    queue.add(0.0, again)
    queue.run_due(1.0)
    assert len(ran) == 1
    queue.run_due(1.0)
    assert len(ran) == 2


def test_what_is_due_after_a_failing_timer_runs_in_the_next_pass_before_anything_newer() -> None:
    queue, ran = TimerQueue(), []
    queue.add(1.0, _fail)
    queue.add(2.0, lambda: ran.append("rest"))
    with pytest.raises(ZeroDivisionError):
        queue.run_due(3.0)
    queue.add(0.0, lambda: ran.append("newer"))
    assert queue.next_when == -inf
    queue.run_due(3.0)
    assert ran == ["rest", "newer"]
    assert queue.next_when == inf


def test_nothing_is_due_after_a_failing_timer_that_was_the_last() -> None:
    queue = TimerQueue()
    queue.add(9.0, lambda: None)
    queue.add(1.0, _fail)
    with pytest.raises(ZeroDivisionError):
        queue.run_due(3.0)
    assert queue.next_when == 9.0


def test_what_a_timer_cancels_or_makes_is_seen_when_all_that_were_due_have_run() -> None:
    queue = TimerQueue()
    later = queue.add(5.0, lambda: None)
    queue.add(1.0, later.cancel)
    queue.add(1.0, lambda: queue.add(7.0, lambda: None))
    queue.run_due(1.0)
    assert queue.next_when == 7.0


def test_cancelled_timers_do_not_pile_up() -> None:
    queue = TimerQueue()
    kept = [queue.add(1000.0 + number, lambda: None) for number in range(100)]
    for _ in range(20_000):
        queue.add(5.0, lambda: None).cancel()
    assert len(queue) <= 2 * len(kept) + 2 * SWEEP_FLOOR
    assert queue.next_when == 1000.0


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=300), st.integers(0, 20))
def test_exactly_the_due_and_living_timers_run(plan: list[tuple[int, bool]], now: int) -> None:
    queue, ran = TimerQueue(), []
    timers = [queue.add(when, lambda index=index: ran.append(index)) for index, (when, _) in enumerate(plan)]
    for timer, (_, is_cancelled) in zip(timers, plan, strict=True):
        if is_cancelled:
            timer.cancel()
    queue.run_due(now)
    living = [(when, index) for index, (when, is_cancelled) in enumerate(plan) if not is_cancelled]
    assert ran == [index for when, index in sorted(living) if when <= now]
    assert queue.next_when == min((when for when, _ in living if when > now), default=inf)
