"""What the model asks its owner to do: plain values, because the model itself touches nothing but the
session.

Read next: `screen.py`, whose verbs return lists of these.
"""

from dataclasses import dataclass

from chatroom.client.commands.actions import Action


@dataclass(frozen=True, slots=True)
class Quit:
    """End the program; what is unsent waits in the outbox."""


@dataclass(frozen=True, slots=True)
class Bell:
    """Ring the terminal bell."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Show a desktop notification: a title and one line."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Put `text` on the clipboard."""

    text: str


@dataclass(frozen=True, slots=True)
class OpenLink:
    """Open `url` (http or https only) in the browser."""

    url: str


@dataclass(frozen=True, slots=True)
class OpenEditor:
    """Edit `text` in $EDITOR, then give the result to `ScreenModel.editor_closed`."""

    text: str


@dataclass(frozen=True, slots=True)
class OnScreen:
    """Do this action whose owner is the screen: scrolling, panes, mouse, redraw, editing."""

    action: Action


@dataclass(frozen=True, slots=True)
class ScrollTo:
    """Bring the row with this key into view (`TranscriptView.index_of`), in the middle if it was not
    visible.
    """

    key: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScrollToEnd:
    """Show the end of the transcript and stay there."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Try to connect now instead of waiting for the next attempt."""


@dataclass(frozen=True, slots=True)
class TrustAnswered:
    """The answer to the question whether the server with this pin is the right one."""

    pin: str
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class FirstRunAnswered:
    """The answers of the first run: a handle that is well formed, and a join string."""

    handle: str
    server: str


Effect = (
    Quit
    | Bell
    | Notify
    | Copy
    | OpenLink
    | OpenEditor
    | OnScreen
    | ScrollTo
    | ScrollToEnd
    | Reconnect
    | TrustAnswered
    | FirstRunAnswered
)
