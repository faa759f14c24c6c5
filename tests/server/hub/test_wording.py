"""What people are told."""

from chatroom.protocol.limits import ACT_REASON_CHARS, HANDLE_CHARS, TIME_MAX, TOPIC_CHARS
from chatroom.server.hub.wording import done_by, try_again, until, utc


def test_a_time_is_that_of_utc() -> None:
    assert utc(1_700_000_000_999) == "2023-11-14 22:13:20 UTC"
    assert utc(0) == "1970-01-01 00:00:00 UTC"
    assert utc(TIME_MAX) == "9999-12-31 23:59:59 UTC"


def test_what_has_no_end_does_not_speak_of_one() -> None:
    assert until(TIME_MAX) == ""
    assert until(1_700_000_000_000) == " until 2023-11-14 22:13:20 UTC"


def test_a_reason_is_said_if_there_is_one() -> None:
    assert done_by("kicked", "mia", TIME_MAX, "") == "kicked by mia"
    assert done_by("kicked", "mia", 0, "spam") == "kicked by mia until 1970-01-01 00:00:00 UTC: spam"


def test_the_longest_kick_fits_where_it_is_told() -> None:
    text = done_by("kicked", "m" * HANDLE_CHARS, TIME_MAX - 1, "r" * ACT_REASON_CHARS)
    assert len(text) <= TOPIC_CHARS


def test_nobody_is_told_to_wait_for_no_time_at_all() -> None:
    assert try_again(0.01).endswith("in 1 s")
    assert try_again(9.6).endswith("in 10 s")
