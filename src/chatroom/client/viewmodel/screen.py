"""The screen model: everything the full-screen client shows, as plain data, and the verbs that change it.

No drawing, no clock, no files, no sockets: keys come as `Action`s, time as `Moment`s, and what the model
wants done outside comes back as `Effect`s. It reads the session and calls the session's verbs; the owner
sends what the session then has to send. Read next: `rows.py` for what it gives, `transcript.py` for the
rows of a room.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol

from chatroom.client.commands.actions import Action, Context
from chatroom.client.commands.keymap import Keymap
from chatroom.client.session.events import Event
from chatroom.client.session.session import Session
from chatroom.client.viewmodel.dialogs import Dialog, Moment
from chatroom.client.viewmodel.effects import Effect
from chatroom.client.viewmodel.rows import (
    Completion,
    ComposerView,
    HeaderLine,
    MembersView,
    Part,
    SidebarRow,
    StatusLine,
    TranscriptRow,
)


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """What of `client.toml` the model honours. `bell` is "mentions", "all" or "never"; `zone` None: local
    time.
    """

    time_format: str = "%H:%M"
    bell: str = "mentions"
    notify_desktop: bool = False
    notify_when_focused: bool = False
    paste_lines: int = 8  # a paste of more lines asks first
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class ScreenMemory:
    """What is kept on disk between two runs: drafts by room title, the last room's title, texts sent,
    ignored handles.
    """

    drafts: Mapping[str, str] = field(default_factory=dict)
    last_room: str = ""
    ignored: Sequence[str] = ()


class TranscriptView(Protocol):
    """The rows of the current room. Valid until the next verb of the model; `row` builds on demand and
    caches.
    """

    length: int
    version: int  # grows with every change of any row
    prepended: int  # rows ever put before the first one of this room

    def row(self, index: int) -> TranscriptRow:
        """Return row `index`, 0 … length-1. Row 0 is always BEGINNING, LOADING or GAP."""

    def index_of(self, key: tuple[int, ...]) -> int:
        """Return the index of the row with this key, or of the row that has taken it in, else the nearest
        above.
        """


class ScreenModel:
    """Everything on the screen. One lives as long as its session."""

    def __init__(
        self, session: Session, keymap: Keymap, settings: ScreenSettings, memory: ScreenMemory, now: Moment
    ) -> None: ...

    # -- what happens ------------------------------------------------------------------------------------

    def handle_event(self, event: Event, now: Moment) -> list[Effect]:
        """Take in one event of the session."""

    def tick(self, now: Moment) -> list[Effect]:
        """Let time pass: toasts end, the countdown and the spinner go on. Call it at `next_tick`."""

    def next_tick(self, now: Moment) -> float | None:
        """Return when (`mono_s`) the screen changes by itself, or None."""

    def link_changed(self, server: str, is_tls: bool, retry_at: float | None, now: Moment) -> None:
        """The connection: the server's address as shown, whether it is TLS, and when (`mono_s`) it is tried
        next.
        """

    def focus_changed(self, has_focus: bool, now: Moment) -> None:
        """The terminal got or lost the focus."""

    def viewport_changed(self, first: int, last: int, is_at_end: bool, now: Moment) -> None:
        """The transcript shows rows `first` … `last`; `is_at_end`: and will follow new ones. Call it after
        each drawing that changed one of them, and with the first drawing of a room.
        """

    def note(self, text: str, now: Moment, *, is_error: bool = False) -> None:
        """Show a toast."""

    # -- what the user does ------------------------------------------------------------------------------

    @property
    def context(self) -> Context:
        """Which keys count now."""

    def perform(self, action: Action, now: Moment) -> list[Effect]:
        """Carry out an action. One that the screen owns comes back as `OnScreen(action)`."""

    def composer_edited(self, text: str, cursor: int, now: Moment) -> None:
        """The editor's text or cursor changed."""

    def completions(self, text: str, cursor: int) -> list[Completion]:
        """Return the ways to complete the word before the cursor, best first; empty when there is none."""

    def pasted(self, text: str, now: Moment) -> None:
        """A paste arrived while the composer had the focus: it is put in at the cursor (the composer's
        revision grows), or a dialog asks first.
        """

    def editor_closed(self, text: str, now: Moment) -> None:
        """$EDITOR ended with this text; it becomes the composer's text."""

    def open_room(self, number: int, now: Moment) -> list[Effect]:
        """Make this room the current one (a click on the sidebar); an invitation is accepted."""

    def open_direct(self, handle: str, now: Moment) -> list[Effect]:
        """Open the direct room with this account (a click on a member)."""

    def select_row(self, index: int, now: Moment) -> list[Effect]:
        """Choose this transcript row (a click); a gap or the top row loads instead."""

    # -- dialogs -----------------------------------------------------------------------------------------

    @property
    def dialog(self) -> Dialog | None:
        """The open dialog, or None."""

    def dialog_edited(self, field: int, text: str, now: Moment) -> list[Effect]:
        """The text of a field of the dialog is now `text`."""

    def dialog_letter(self, letter: str, now: Moment) -> list[Effect]:
        """A printable key in a dialog without fields."""

    def dialog_picked(self, row: int, now: Moment) -> list[Effect]:
        """A row of the dialog was clicked."""

    def ask_trust(self, server: str, pin: str, is_changed: bool, now: Moment) -> None:
        """Ask whether the server with this pin is the right one; `is_changed`: another pin was known,
        nothing but closing is offered. The answer comes as `TrustAnswered`.
        """

    # -- what is shown -----------------------------------------------------------------------------------

    def take_dirty(self) -> frozenset[Part]:
        """Return the parts that changed since the last call."""

    @property
    def room(self) -> int:
        """The number of the current room, 0 when there is none."""

    @property
    def selected_key(self) -> tuple[int, ...] | None:
        """The key of the chosen message, or None."""

    def header(self) -> HeaderLine:
        """Return the topmost line."""

    def sidebar(self) -> Sequence[SidebarRow]:
        """Return the rooms: rooms by name, lobby first, then invitations, then direct rooms."""

    def transcript(self) -> TranscriptView:
        """Return the rows of the current room; of length 0 when there is none."""

    def members(self) -> MembersView:
        """Return the members of the current room."""

    def status(self, now: Moment) -> StatusLine:
        """Return the status line."""

    def composer(self) -> ComposerView:
        """Return the composer as the model sees it."""

    def memory(self) -> ScreenMemory:
        """Return what should be kept on disk; cheap enough to call every few seconds."""
