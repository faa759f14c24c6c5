"""When the terminal's bell rings and a notification appears.

A mention or a direct message counts (or every message, or none, as the settings say) when its reader does
not look: the terminal has not the focus, or cannot say whether it has, or the settings want it always. In
another room while somebody looks, a toast is enough. Read next: `effects.py`.
"""

from typing import Final

from chatroom.client.session.events import MessageArrived
from chatroom.client.viewmodel.effects import Bell, Effect, Notify
from chatroom.client.viewmodel.settings import ScreenSettings

BELL_EVERY_S: Final = 2.0
"""Seconds between two bells: a burst rings once."""

NOTICE_CHARS: Final = 120
"""Characters of a message in a notification."""


class Attention:
    """Decides for each message that arrives. `has_focus` is None while the terminal never said."""

    def __init__(self, settings: ScreenSettings) -> None:
        self.has_focus: bool | None = None
        self._settings = settings
        self._rang_at: float | None = None

    def wants(self, event: MessageArrived) -> bool:
        """Whether the message is one the reader wants to hear of."""
        bell = self._settings.bell
        return bell == "all" or (bell == "mentions" and (event.is_mention or event.is_direct))

    def call(self, event: MessageArrived, title: str, now_s: float) -> list[Effect]:
        """Return what is to be done for a message of the room `title`."""
        if not self.wants(event) or (self.has_focus and not self._settings.notify_when_focused):
            return []
        if self._rang_at is not None and now_s - self._rang_at < BELL_EVERY_S:
            return []
        self._rang_at = now_s
        effects: list[Effect] = [Bell()]
        if self._settings.notify_desktop:
            who = event.author if event.is_direct else f"{event.author} in {title}"
            effects.append(Notify(who, short(event.text)))
        return effects


def short(text: str) -> str:
    """Return a text on one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= NOTICE_CHARS else f"{line[: NOTICE_CHARS - 1]}…"
