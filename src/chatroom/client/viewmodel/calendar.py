"""Times and days as they are shown, in the reader's zone.

`chatroom tail` takes its times from here. Read next: `transcript.py`, which asks when the minute and the day
change.
"""

import re
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Final

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)

_UTC: Final = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) UTC", re.ASCII)


class Calendar:
    """Turns milliseconds since 1970 into what people read. `time_format` is strftime's; "" shows no times."""

    def __init__(self, time_format: str, zone: tzinfo | None = None) -> None:
        """Take the format and the zone; None is the zone of this machine."""
        self._format = time_format
        self._zone = zone
        self._second = lru_cache(maxsize=4096)(
            self._read
        )  # 40 rows ask for the same few times at every frame

    def time(self, at_ms: int) -> str:
        """Return the time of day, as the format says."""
        return self._second(at_ms // 1000)[0]

    def day(self, at_ms: int) -> date:
        """Return the day."""
        return self._second(at_ms // 1000)[1]

    def day_title(self, at_ms: int, now_ms: int) -> str:
        """Return the text of a day line: "Sunday 21 September", with the year when it is another one."""
        day, today = self.day(at_ms), self.day(now_ms)
        title = f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
        return title if day.year == today.year else f"{title} {day.year}"

    def when(self, at_ms: int, now_ms: int) -> str:
        """Return a short date for a list: the time today, else "21 Sep", with the year when it is another
        one.
        """
        day, today = self.day(at_ms), self.day(now_ms)
        if day == today:
            return self.time(at_ms)
        title = f"{day.day} {_MONTHS[day.month - 1][:3]}"
        return title if day.year == today.year else f"{title} {day.year}"

    def until(self, at_ms: int, now_ms: int) -> str:
        """Return when something ends, shown even where no times are: "18:00", "27 Sep 18:00" on another
        day.
        """
        time = self.time(at_ms) or f"{self._moment(at_ms // 1000):%H:%M}"
        return time if self.day(at_ms) == self.day(now_ms) else f"{self.when(at_ms, now_ms)} {time}"

    def in_local_time(self, text: str, now_ms: int) -> str:
        """Return what a server says for people, with the times in it ("2026-11-25 18:00:00 UTC") as the
        reader has them.
        """

        def local(match: re.Match[str]) -> str:
            try:
                moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
            except ValueError:
                return match[0]
            return self.until(round(moment.timestamp() * 1000), now_ms)

        return _UTC.sub(local, text)

    def _read(self, second: int) -> tuple[str, date]:
        moment = self._moment(second)
        return moment.strftime(self._format) if self._format else "", moment.date()

    def _moment(self, second: int) -> datetime:
        return local_time(second, self._zone)


def local_time(second: int, zone: tzinfo | None = None) -> datetime:
    """Return a time in seconds since 1970 as the reader has it; `zone` None is that of this machine.

    Any time that may travel can be shown: in the last hours of the year 9999 it is UTC where a zone has a
    later day.
    """
    moment = datetime.fromtimestamp(second, UTC)
    try:
        return moment.astimezone(zone)
    except (OverflowError, OSError, ValueError):
        return moment


def duration(seconds: float) -> str:
    """Return a length of time: "0:42", "12:05", "1:02:03"."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02}"
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
