from datetime import UTC, timedelta, timezone

import pytest

from chatroom.client.viewmodel.calendar import Calendar, duration
from chatroom.protocol.limits import TIME_MAX

SUNDAY_MS = 1_758_472_800_000
"""2025-09-21 16:40 UTC."""


def test_a_time_is_shown_as_the_format_says_in_the_zone_of_the_reader() -> None:
    assert Calendar("%H:%M", UTC).time(SUNDAY_MS) == "16:40"
    assert Calendar("%H:%M", timezone(timedelta(hours=9))).time(SUNDAY_MS) == "01:40"
    assert Calendar("%H:%M:%S", UTC).time(SUNDAY_MS + 5_000) == "16:40:05"
    assert Calendar("", UTC).time(SUNDAY_MS) == ""


def test_a_day_has_its_year_only_when_it_is_another_one() -> None:
    calendar = Calendar("%H:%M", UTC)
    assert calendar.day_title(SUNDAY_MS, SUNDAY_MS) == "Sunday 21 September"
    assert calendar.day_title(SUNDAY_MS, SUNDAY_MS + 365 * 86_400_000) == "Sunday 21 September 2025"


def test_a_list_shows_the_time_today_and_else_the_day() -> None:
    calendar = Calendar("%H:%M", UTC)
    assert calendar.when(SUNDAY_MS, SUNDAY_MS + 60_000) == "16:40"
    assert calendar.when(SUNDAY_MS, SUNDAY_MS + 86_400_000) == "21 Sep"
    assert calendar.when(SUNDAY_MS, SUNDAY_MS + 365 * 86_400_000) == "21 Sep 2025"


def test_an_end_has_its_time_and_on_another_day_its_day() -> None:
    calendar = Calendar("%H:%M", UTC)
    assert calendar.until(SUNDAY_MS, SUNDAY_MS - 60_000) == "16:40"
    assert calendar.until(SUNDAY_MS, SUNDAY_MS - 86_400_000) == "21 Sep 16:40"
    assert Calendar("", UTC).until(SUNDAY_MS, SUNDAY_MS) == "16:40"


def test_times_in_what_a_server_says_are_those_of_the_reader() -> None:
    there = Calendar("%H:%M", timezone(timedelta(hours=9)))
    said = "banned by ana until 2025-09-21 16:40:05 UTC: 2025-13-41 10:00:00 UTC"
    assert there.in_local_time(said, SUNDAY_MS) == "banned by ana until 01:40: 2025-13-41 10:00:00 UTC"
    assert Calendar("%H:%M", UTC).in_local_time("kicked", SUNDAY_MS) == "kicked"


@pytest.mark.parametrize("at_ms", [0, 253_402_300_799_999])
def test_the_ends_of_the_calendar_can_be_shown_in_any_zone(at_ms: int) -> None:
    for hours in (-12, 0, 14):
        assert len(Calendar("%H:%M", timezone(timedelta(hours=hours))).time(at_ms)) == 5
    assert len(Calendar("%H:%M").time(at_ms)) == 5


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0:00"), (0.9, "0:00"), (42, "0:42"), (725, "12:05"), (3723, "1:02:03")]
)
def test_a_length_of_time_is_shown_in_minutes_and_hours(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("hours", [-12, 0, 1, 13])
@pytest.mark.parametrize("at_ms", [0, TIME_MAX])
def test_every_time_that_may_travel_has_a_time_and_a_day_in_every_zone(hours: int, at_ms: int) -> None:
    calendar = Calendar("%Y-%m-%d %H:%M", timezone(timedelta(hours=hours)))
    assert calendar.day(at_ms).year in (1969, 1970, 9999)
    assert calendar.time(at_ms).startswith(str(calendar.day(at_ms)))
    assert calendar.when(at_ms, SUNDAY_MS).endswith(str(calendar.day(at_ms).year))
    assert calendar.until(at_ms, SUNDAY_MS)
    assert calendar.day_title(at_ms, SUNDAY_MS)
