"""Asking for attention: the bell and notifications, never faster than a person can bear.

Whether something deserves attention is decided in the view model by the settings and by whether the terminal
has the focus; here it is only done, and done seldom. Next: `ui/term.py` for what is sent.
"""

from collections.abc import Callable
from typing import Final, Protocol

BELL_EVERY_S: Final = 1.0
NOTIFY_EVERY_S: Final = 2.0
"""A flood of mentions is one reason to look, not a hundred."""


class Attention(Protocol):
    """What can make itself heard: the terminal."""

    def ring(self) -> None:
        """Ring the bell."""

    def notify(self, title: str, text: str) -> None:
        """Show a notification."""


class Notifier:
    """Rings and notifies through `terminal`; `now` gives monotonic seconds."""

    def __init__(self, terminal: Attention, now: Callable[[], float]) -> None:
        self._terminal = terminal
        self._now = now
        self._next_bell_at = self._next_note_at = float("-inf")

    def ring(self) -> None:
        """Ring the bell, unless it rang just now."""
        now = self._now()
        if now >= self._next_bell_at:
            self._next_bell_at = now + BELL_EVERY_S
            self._terminal.ring()

    def notify(self, title: str, text: str) -> None:
        """Show a notification, unless one was shown just now."""
        now = self._now()
        if now >= self._next_note_at:
            self._next_note_at = now + NOTIFY_EVERY_S
            self._terminal.notify(title, text)
