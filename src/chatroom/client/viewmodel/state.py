"""What the verbs of the screen work on: the session, the current room, the composer, the open dialog, what
to draw.

Here are the few things that touch several parts at once: opening a room, saying something, asking the owner
for an effect. Each verb of the user has its own module (`sending.py`, `navigation.py`, `selection.py`,
`commanding.py`, `jumping.py`), which is given this; nothing outside this folder sees it. Read next:
`screen.py`.
"""

from collections.abc import Sequence

from chatroom.client.commands.keymap import Keymap
from chatroom.client.session.events import State
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.session import Session
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.attention import Attention
from chatroom.client.viewmodel.boxes.box import Box
from chatroom.client.viewmodel.calendar import Calendar
from chatroom.client.viewmodel.composer import Composer
from chatroom.client.viewmodel.dialogs import Moment
from chatroom.client.viewmodel.effects import Effect, ScrollToEnd
from chatroom.client.viewmodel.link import Link
from chatroom.client.viewmodel.numbers import Numbers
from chatroom.client.viewmodel.put_away import PutAway
from chatroom.client.viewmodel.room_list import by_name, in_sidebar_order
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.settings import ScreenMemory, ScreenSettings
from chatroom.client.viewmodel.toasts import Toasts
from chatroom.client.viewmodel.transcript import Transcript
from chatroom.client.viewmodel.visit import Visit
from chatroom.protocol.limits import TIME_MAX


class ScreenState:
    """See the text of this module. `now` is the moment of the verb under way."""

    def __init__(
        self, session: Session, keymap: Keymap, settings: ScreenSettings, memory: ScreenMemory, now: Moment
    ) -> None:
        self.session = session
        self.keymap = keymap
        self.settings = settings
        self.calendar = Calendar(settings.time_format, settings.zone)
        self.composer = Composer(memory.drafts)
        self.ignored = frozenset(memory.ignored)
        self.last_room = memory.last_room
        self.invited: set[int] = set()  # invitations that came in this run
        self.numbers = Numbers(memory.numbers)
        self.put_away = PutAway(memory.put_away)
        self.attention = Attention(settings)
        self.toasts = Toasts()
        self.visit = Visit()
        self.link = Link(changed_at=now.mono_s)
        self.selected: tuple[int, ...] | None = None
        self.now = now
        self.is_answering = False  # while a verb of the user is carried out
        self.dirty: set[Part] = set(Part)
        self._box: Box | None = None
        self._boxes_opened = 0
        self._effects: list[Effect] = []
        self._transcripts: dict[int, Transcript] = {}
        self._sidebar: list[RoomView] | None = None

    # -- small things ------------------------------------------------------------------------------------

    def touch(self, *parts: Part) -> None:
        """These parts must be drawn anew."""
        self.dirty.update(parts)

    def ask(self, effect: Effect) -> None:
        """Have the owner do something."""
        self._effects.append(effect)

    def take_effects(self) -> list[Effect]:
        """Return what the owner is to do, once."""
        effects, self._effects = self._effects, []
        return effects

    def told(self, text: str) -> str:
        """Return what the server says for people, with its times as the reader has them."""
        return self.calendar.in_local_time(text, self.now.wall_ms)

    def say(self, text: str) -> None:
        """Show news as a toast."""
        self._say(text, Style.TOAST_NEWS)

    def complain(self, text: str) -> None:
        """Show what went wrong as a toast."""
        self._say(text, Style.TOAST_BAD)

    def confirm(self, text: str) -> None:
        """Show what was done as a toast."""
        self._say(text, Style.TOAST_GOOD)

    def _say(self, text: str, style: Style) -> None:
        line = " ".join(text.split())
        self.toasts.say(line, style, self.now.mono_s, is_answer=self.is_answering)
        self.touch(Part.STATUS)

    def mute_text(self) -> str:
        """Return "muted until 18:00", "muted" where the end is not known, "" where one is not muted."""
        until_ms = self.session.muted_until
        if not until_ms:
            return ""
        return (
            "muted"
            if until_ms >= TIME_MAX
            else f"muted until {self.calendar.until(until_ms, self.now.wall_ms)}"
        )

    # -- dialogs -----------------------------------------------------------------------------------------

    @property
    def box(self) -> Box | None:
        """The open dialog, or None."""
        return self._box

    def next_identity(self) -> int:
        """Return a number for a dialog about to be opened, different for each."""
        self._boxes_opened += 1
        return self._boxes_opened

    def open_box(self, box: Box) -> None:
        """Open a dialog, in place of any other."""
        self._box = box
        self.touch(Part.DIALOG, Part.STATUS)

    def close_box(self) -> None:
        """Close the dialog."""
        self._box = None
        self.touch(Part.DIALOG, Part.STATUS)

    # -- rooms -------------------------------------------------------------------------------------------

    @property
    def view(self) -> RoomView | None:
        """The current room, None when there is none."""
        return self.session.rooms.get(self.visit.room)

    def views(self) -> Sequence[RoomView]:
        """Return the rooms of the sidebar in its order."""
        if self._sidebar is None:
            shown = [view for view in self.session.rooms.values() if self._is_shown(view)]
            titles = [view.title for view in by_name(shown)]
            self.numbers.settle(titles, is_complete=self.session.state is State.ONLINE)
            self._sidebar = in_sidebar_order(shown, self.numbers)
        return self._sidebar

    def _is_shown(self, view: RoomView) -> bool:
        if view.number == self.visit.room or not self.put_away.holds(view):
            return True
        return self.composer.has_draft(view.title) or bool(self.session.waiting(view.number))

    def rooms_changed(self) -> None:
        """Rooms came, went or changed: their order is to be found anew."""
        self._sidebar = None
        self.touch(Part.SIDEBAR, Part.HEADER, Part.STATUS, Part.COMPOSER)

    def show(self, view: RoomView) -> None:
        """Make this room the current one; it begins at its end, with the line of new messages where it was
        read to.
        """
        if view.number == self.visit.room:
            return
        self.leave_visit()
        self.put_away.opened(view)
        self.visit.begin(view)
        self.last_room = view.title
        self.composer.switch(view.title)
        self.session.ask.load_members(view.number)
        self.transcript(view).set_unread_after(self.visit.unread_after)
        self.ask(ScrollToEnd())
        self._sidebar = None
        self.views()  # a room that is new gets its number now, and not with the next drawing
        self.touch(*Part)

    def show_nothing(self) -> None:
        """There is no room to show."""
        if self.visit.room:
            self.leave_visit()
            self.visit.end()
            self.composer.switch("")
            self.touch(*Part)

    def leave_visit(self) -> None:
        """The visit to the current room ends: its line of new messages goes, and so does the choice of a
        message.
        """
        self.selected = None
        left = self._transcripts.get(self.visit.room)
        if left is not None:
            left.set_unread_after(None)

    # -- the transcript ----------------------------------------------------------------------------------

    def transcript(self, view: RoomView) -> Transcript:
        """Return the rows of a room as they are now."""
        timeline = self.session.timeline(view.number)
        kept = self._transcripts.get(view.number)
        if kept is None or kept.timeline is not timeline:
            every_time = self.settings.shows_every_time
            kept = Transcript(timeline, self.session.handle, view.title, self.calendar, every_time=every_time)
            self._transcripts[view.number] = kept
        kept.sync(self.session.waiting(view.number), self.ignored, self.now.wall_ms)
        return kept

    def current_transcript(self) -> Transcript | None:
        """Return the rows of the current room, None when there is none."""
        view = self.view
        return None if view is None else self.transcript(view)
