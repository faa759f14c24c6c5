"""The screen model: everything the full-screen client shows, as plain data, and the verbs that change it.

No drawing, no clock, no files, no sockets: keys come as `Action`s, time as `Moment`s, and what the model
wants done outside comes back as `Effect`s. It reads the session and calls the session's verbs; the owner
sends what the session then has to send. What the verbs do is in the modules beside this one. Read next:
`rows.py` for what it gives, `state.py` for what the verbs share, `acting.py` for what each action does.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from chatroom.client.commands.actions import Action, Context
from chatroom.client.commands.keymap import Keymap
from chatroom.client.session.events import Event, State
from chatroom.client.session.session import Session
from chatroom.client.viewmodel import status_line
from chatroom.client.viewmodel.acting import Acting
from chatroom.client.viewmodel.boxes.question import trust_question
from chatroom.client.viewmodel.completion import Known, complete, in_order
from chatroom.client.viewmodel.dialogs import Dialog, Moment
from chatroom.client.viewmodel.effects import Effect
from chatroom.client.viewmodel.hearing import Hearing
from chatroom.client.viewmodel.members import members_view
from chatroom.client.viewmodel.room_list import activity, is_direct, sidebar_row
from chatroom.client.viewmodel.rows import (
    Completion,
    ComposerView,
    HeaderLine,
    MembersView,
    Part,
    SidebarRow,
    StatusLine,
)
from chatroom.client.viewmodel.settings import ScreenMemory, ScreenSettings
from chatroom.client.viewmodel.state import ScreenState
from chatroom.client.viewmodel.transcript import NO_ROWS, TranscriptView
from chatroom.client.viewmodel.visit import Viewport

__all__ = ["ScreenMemory", "ScreenModel", "ScreenSettings", "TranscriptView"]

SPINNER_S: Final = 0.1
"""How often the spinner of a page under way turns."""

PROMPT: Final = "❯"


class ScreenModel:
    """Everything on the screen. One lives as long as its session."""

    def __init__(
        self, session: Session, keymap: Keymap, settings: ScreenSettings, memory: ScreenMemory, now: Moment
    ) -> None:
        self._state = ScreenState(session, keymap, settings, memory, now)
        self._acting = Acting(self._state)
        self._hearing = Hearing(self._state, self._acting)
        self._turned_at = now.mono_s

    # -- what happens ------------------------------------------------------------------------------------

    def handle_event(self, event: Event, now: Moment) -> list[Effect]:
        """Take in one event of the session."""
        self._state.now = now
        self._hearing.take(event)
        return self._done()

    def tick(self, now: Moment) -> list[Effect]:
        """Let time pass: toasts end, the countdown and the spinner go on. Call it at `next_tick`."""
        state = self._state
        state.now = now
        if state.toasts.expire(now.mono_s) or state.session.state is not State.ONLINE:
            state.touch(Part.STATUS)
        transcript = state.current_transcript()
        if transcript is not None and transcript.is_loading and now.mono_s - self._turned_at >= SPINNER_S:
            self._turned_at = now.mono_s
            transcript.turn_spinner()
            state.touch(Part.TRANSCRIPT)
        return self._done()

    def next_tick(self, now: Moment) -> float | None:
        """Return when (`mono_s`) the screen changes by itself, or None."""
        state = self._state
        due = []
        if state.toasts.shown is not None:
            due.append(state.toasts.shown.until)
        transcript = state.current_transcript()
        if transcript is not None and transcript.is_loading:
            due.append(self._turned_at + SPINNER_S)
        if state.session.state is not State.ONLINE:
            due.append(now.mono_s + 1 - (now.mono_s - state.link.changed_at) % 1)
        return max(now.mono_s, min(due)) if due else None

    def link_changed(self, server: str, is_tls: bool, retry_at: float | None, now: Moment) -> None:
        """The connection: the server's address as shown, whether it is TLS, and when (`mono_s`) it is tried
        next.
        """
        self._state.now = now
        link = self._state.link
        link.server, link.is_tls, link.retry_at = server, is_tls, retry_at
        self._state.touch(Part.HEADER, Part.STATUS)

    def join_string_is(self, join: str) -> None:
        """What another device is to be given to come to this server; told before a `LinkMade`."""
        self._state.link.join = join

    def focus_changed(self, has_focus: bool, now: Moment) -> None:
        """The terminal got or lost the focus."""
        self._state.now = now
        self._state.attention.has_focus = has_focus
        self._hearing.focus_changed(has_focus)

    def viewport_changed(self, first: int, last: int, is_at_end: bool, now: Moment) -> None:
        """The transcript shows rows `first` … `last`; `is_at_end`: and will follow new ones.

        Call it after each drawing that changed one of them, and with the first drawing of a room.
        """
        self._state.now = now
        self._hearing.viewport_changed(Viewport(first, last, is_at_end))

    def note(self, text: str, now: Moment, *, is_error: bool = False) -> None:
        """Show a toast."""
        self._state.now = now
        (self._state.complain if is_error else self._state.say)(text)

    # -- what the user does ------------------------------------------------------------------------------

    @property
    def context(self) -> Context:
        """Which keys count now. In `SELECT` a printable key that has no action means: `SELECT_LEAVE`, then
        type it.
        """
        return self._acting.context

    def perform(self, action: Action, now: Moment) -> list[Effect]:
        """Carry out an action, of whatever owner. One the screen has to do comes back as
        `OnScreen(action)`.
        """
        self._state.now = now
        self._acting.perform(action)
        return self._done()

    def composer_edited(self, text: str, cursor: int, now: Moment) -> None:
        """The editor's text or cursor changed."""
        self._state.now = now
        self._acting.typed(text, cursor)

    def completions(self, text: str, cursor: int) -> list[Completion]:
        """Return the ways to complete the word before the cursor, best first; empty when there is none."""
        state = self._state
        transcript = state.current_transcript()
        recent = transcript.authors if transcript is not None else {}
        present = [member.handle for member in state.session.roster.members(state.visit.room)]
        partners = [view.partner for view in state.views() if is_direct(view)]
        handles = in_order(recent, [*present, *partners], state.session.handle)
        rooms = [view.title for view in state.views() if not is_direct(view)]
        return complete(text, cursor, Known(handles, rooms))

    def pasted(self, text: str, now: Moment, *, cut_bytes: int = 0) -> None:
        """A paste arrived while the composer had the focus; of one far too long `cut_bytes` are missing.

        It is put in at the cursor (the composer's revision grows), or a dialog asks first.
        """
        self._state.now = now
        self._acting.paste(text, cut_bytes)

    def editor_closed(self, text: str, now: Moment) -> None:
        """$EDITOR ended with this text; it becomes the composer's text."""
        self._state.now = now
        self._state.composer.put(text.rstrip("\n"))
        self._state.touch(Part.COMPOSER)

    def open_room(self, number: int, now: Moment) -> list[Effect]:
        """Make this room the current one (a click on the sidebar); of an invitation, ask what to reply."""
        self._state.now = now
        self._acting.navigation.open_number(number)
        return self._done()

    def open_direct(self, handle: str, now: Moment) -> list[Effect]:
        """Open the direct room with this account (a click on a member)."""
        self._state.now = now
        self._acting.sending.direct(handle, "")
        return self._done()

    def select_row(self, index: int, now: Moment) -> list[Effect]:
        """Choose this transcript row (a click); a gap or the top row loads instead."""
        self._state.now = now
        self._acting.selection.choose(index)
        return self._done()

    # -- dialogs -----------------------------------------------------------------------------------------

    @property
    def dialog(self) -> Dialog | None:
        """The open dialog, or None."""
        return None if self._state.box is None else self._state.box.view()

    def dialog_edited(self, field: int, text: str, now: Moment) -> list[Effect]:
        """The text of a field of the dialog is now `text`."""
        self._state.now = now
        if self._state.box is not None:
            self._acting.answer(self._state.box.edited(text))
        return self._done()

    def dialog_letter(self, letter: str, now: Moment) -> list[Effect]:
        """A printable key in a dialog without fields."""
        self._state.now = now
        if self._state.box is not None:
            self._acting.answer(self._state.box.letter(letter))
        return self._done()

    def dialog_picked(self, row: int, now: Moment) -> list[Effect]:
        """A row of the dialog was clicked, or where it has none, a button."""
        self._state.now = now
        if self._state.box is not None:
            self._acting.answer(self._state.box.picked(row))
        return self._done()

    def ask_trust(self, server: str, pin: str, is_changed: bool, now: Moment) -> None:
        """Ask whether the server with this pin is the right one; the answer comes as `TrustAnswered`.

        `is_changed`: another pin was known, and nothing but not to connect is offered.
        """
        self._state.now = now
        self._state.open_box(trust_question(self._state.next_identity(), server, pin, is_changed))

    # -- what is shown -----------------------------------------------------------------------------------

    def take_dirty(self) -> frozenset[Part]:
        """Return the parts that changed since the last call."""
        dirty = frozenset(self._state.dirty)
        self._state.dirty.clear()
        return dirty

    @property
    def room(self) -> int:
        """The number of the current room, 0 when there is none."""
        return self._state.visit.room

    @property
    def selected_key(self) -> tuple[int, ...] | None:
        """The key of the chosen message, or None."""
        return self._state.selected

    def header(self) -> HeaderLine:
        """Return the topmost line."""
        state = self._state
        view = state.view
        presence = state.session.roster.presence(view.partner if view is not None else "")
        return status_line.header_line(view, presence, state.link, state.session.server_name)

    def sidebar(self) -> Sequence[SidebarRow]:
        """Return the rooms, then invitations, then direct rooms, each by its number."""
        state = self._state
        rows = []
        for view in state.views():
            presence = status_line.PRESENCE_NAMES[state.session.roster.presence(view.partner)]
            shown = presence if is_direct(view) else ""
            has_draft = state.composer.has_draft(view.title)
            number = state.numbers.of(view.title)
            rows.append(sidebar_row(view, number, state.visit.room, shown, has_draft))
        return rows

    def transcript(self) -> TranscriptView:
        """Return the rows of the current room; of length 0 when there is none."""
        return self._state.current_transcript() or NO_ROWS

    def members(self) -> MembersView:
        """Return the members of the current room."""
        state = self._state
        return members_view(state.view, state.session.roster, state.session.handle)

    def status(self, now: Moment) -> StatusLine:
        """Return the status line."""
        state, session = self._state, self._state.session
        connection, style = status_line.connection_text(
            session.state, session.my_presence, state.link, now.mono_s, state.mute_text()
        )
        toast = state.toasts.shown
        shown = toast if toast is not None and now.mono_s < toast.until else None
        line = StatusLine(
            connection=connection,
            connection_style=style,
            waiting=status_line.waiting_text(session.waiting_count),
            retry=status_line.retry_text(session.state, state.link, now.mono_s),
            scrolled=status_line.scrolled_text(state.visit.is_at_end, self._hearing.new_below()),
            activity=activity(state.views(), state.visit.room, state.numbers, state.invited),
            hint=status_line.hints(self.context, state.keymap),
            mode="select" if self.context is Context.SELECT else "",
        )
        return line if shown is None else replace(line, toast=shown.text, toast_style=shown.style)

    def composer(self) -> ComposerView:
        """Return the composer as the model sees it."""
        composer, view = self._state.composer, self._state.view
        mute = self._state.mute_text()
        placeholder = f"write to {view.title}" if view is not None else "no room yet"
        placeholder = f"you are {mute}" if mute and view is not None else placeholder
        return ComposerView(
            composer.text, composer.cursor, composer.revision, PROMPT, placeholder, view is not None
        )

    def memory(self) -> ScreenMemory:
        """Return what should be kept on disk; cheap enough to call every second."""
        state = self._state
        return ScreenMemory(
            state.composer.drafts(),
            state.last_room,
            tuple(sorted(state.ignored)),
            state.numbers.kept(),
            state.put_away.kept(),
        )

    def _done(self) -> list[Effect]:
        """End a verb: what is in view was read, and the owner gets what it is to do."""
        self._hearing.mark_read()
        return self._state.take_effects()
