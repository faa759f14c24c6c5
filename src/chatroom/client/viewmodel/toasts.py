"""Toasts: one line that is said for a while.

The newest one is shown; an error is not pushed away by mere news, but by the answer to what somebody does
next. Read next: `status_line.py`.
"""

from dataclasses import dataclass
from typing import Final

from chatroom.client.themes.styles import Style

NEWS_S: Final = 4.0
"""How long news stay."""

ERROR_S: Final = 8.0
"""How long an error stays: it has to be read and understood."""

MOST_S: Final = 20.0
"""Longest stay of a long text; a reader takes about 20 characters a second."""


@dataclass(frozen=True, slots=True)
class Toast:
    """What is said, how, and until when (`mono_s`)."""

    text: str
    style: Style
    until: float


class Toasts:
    """The toast there is now, if any."""

    def __init__(self) -> None:
        self.shown: Toast | None = None

    def say(self, text: str, style: Style, now_s: float, *, is_answer: bool = False) -> None:
        """Say something, unless an error is still to be read and this is none, nor an answer to a key."""
        self.expire(now_s)
        is_error = style is Style.TOAST_BAD
        is_held = self.shown is not None and self.shown.style is Style.TOAST_BAD
        if is_held and not is_error and not is_answer:
            return
        stay_s = min(MOST_S, max(ERROR_S if is_error else NEWS_S, len(text) / 20))
        self.shown = Toast(text, style, now_s + stay_s)

    def expire(self, now_s: float) -> bool:
        """End the toast whose time is over; True when one ended."""
        if self.shown is None or now_s < self.shown.until:
            return False
        self.shown = None
        return True

    def dismiss(self) -> bool:
        """End the toast at once; True when there was one."""
        was_shown = self.shown is not None
        self.shown = None
        return was_shown
