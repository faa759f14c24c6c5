"""Acting: what each action does, and what the answer of a dialog does.

A table holds an entry for every action the model owns. Read next: `navigation.py`, `sending.py`,
`selection.py`, `commanding.py`.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from chatroom.client.commands import slash
from chatroom.client.commands.actions import ROOM_ACTIONS, ROW_OF, Action, Context, Owner
from chatroom.client.viewmodel.boxes import answers
from chatroom.client.viewmodel.boxes.help import ReadingBox, help_box
from chatroom.client.viewmodel.boxes.lists import input_history, switcher
from chatroom.client.viewmodel.boxes.question import paste_question, quit_question
from chatroom.client.viewmodel.boxes.search import SearchBox
from chatroom.client.viewmodel.by_class import row
from chatroom.client.viewmodel.commanding import Commanding
from chatroom.client.viewmodel.effects import OnScreen, OpenEditor, Quit
from chatroom.client.viewmodel.jumping import Jumping
from chatroom.client.viewmodel.navigation import Navigation
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.selection import Selection
from chatroom.client.viewmodel.sending import Sending, text_excess
from chatroom.client.viewmodel.state import ScreenState
from chatroom.protocol.text import clean_text

AGAIN_S: Final = 3.0
"""How soon Ctrl-C must be pressed again to mean it."""

_UPWARD: Final = (Action.PAGE_UP, Action.LINE_UP, Action.TOP)


class Acting:
    """Carries out actions. The verbs of each kind are there to be used by others too."""

    def __init__(self, state: ScreenState) -> None:
        self._state = state
        self.navigation = Navigation(state)
        self.sending = Sending(state)
        self.selection = Selection(state)
        self.jumping = Jumping(state)
        self.commanding = Commanding(state, self.navigation, self.sending, self.perform)
        self._interrupted_at: float | None = None
        self._do = self._actions()
        self._answers = self._answer_rows()

    def _actions(self) -> dict[Action, Callable[[], object]]:
        """Return what each action of the model does."""
        state, go, select = self._state, self.navigation, self.selection
        return {
            Action.SEND: self._send,
            Action.OLDER_INPUT: lambda: self._walk(state.composer.older()),
            Action.NEWER_INPUT: lambda: self._walk(state.composer.newer()),
            Action.SEARCH_INPUT: self._search_input,
            Action.EDIT_OUTSIDE: lambda: state.ask(OpenEditor(state.composer.text)),
            Action.INTERRUPT: self._interrupt,
            Action.ESCAPE: self._escape,
            Action.NEXT_ROOM: lambda: go.step(1),
            Action.PREVIOUS_ROOM: lambda: go.step(-1),
            Action.NEXT_ACTIVE: go.next_active,
            Action.SWITCH_ROOM: self._switch_room,
            **{action: partial(go.open_key, action) for action in ROOM_ACTIONS},
            Action.FIRST_UNREAD: go.first_unread,
            Action.PREVIOUS_MENTION: lambda: go.mention(-1),
            Action.NEXT_MENTION: lambda: go.mention(1),
            Action.SEARCH: lambda: self.commanding.do(slash.Find("")),
            Action.SELECT: select.begin,
            Action.HELP: lambda: state.open_box(help_box(state.next_identity(), state.keymap)),
            Action.QUIT: lambda: state.ask(Quit()),
            Action.SELECT_UP: lambda: select.move(-1),
            Action.SELECT_DOWN: lambda: select.move(1),
            Action.SELECT_FIRST: lambda: select.move_to_end(-1),
            Action.SELECT_LAST: lambda: select.move_to_end(1),
            Action.SELECT_COPY: select.copy,
            Action.SELECT_QUOTE: select.quote,
            Action.SELECT_LINK: select.open_link,
            Action.SELECT_LOAD: select.load,
            Action.SELECT_LEAVE: select.leave,
        }

    def _answer_rows(self) -> dict[type[object], Callable[[object], object]]:
        """Return what each answer of a dialog does."""
        state, go = self._state, self.navigation
        moderating = self.commanding.moderating
        return dict(
            [
                row(answers.Close, lambda _: None),
                row(answers.Open, lambda answer: go.open_number(answer.room)),
                row(answers.Reply, lambda answer: go.reply(answer.room, accepts=answer.accepts)),
                row(answers.Do, lambda answer: self.commanding.do(answer.command)),
                row(answers.Ask, self._ask),
                row(answers.Jump, lambda answer: self.jumping.jump(answer.room, answer.seq)),
                row(answers.Write, self._write),
                row(answers.Insert, self._insert),
                row(answers.Emit, lambda answer: state.ask(answer.effect)),
                row(answers.ConfirmRevoke, lambda answer: moderating.confirm_revoke(answer.device)),
                row(answers.Revoke, lambda answer: moderating.revoke(answer.public_key)),
            ]
        )

    @property
    def context(self) -> Context:
        """Which keys count now."""
        if self._state.box is not None:
            return Context.DIALOG
        return Context.MAIN if self._state.selected is None else Context.SELECT

    def perform(self, action: Action) -> None:
        """Carry out an action; one that the screen owns is handed to it, unless there is something better
        to do.
        """
        if action is not Action.INTERRUPT:
            self._interrupted_at = None
        was_answering, self._state.is_answering = self._state.is_answering, True
        try:
            self._perform(action)
        finally:
            self._state.is_answering = was_answering

    def _perform(self, action: Action) -> None:
        known = ROW_OF[action]
        if known.context is Context.DIALOG:
            self._act_in_dialog(action)
        elif known.owner is Owner.SCREEN:
            if not (action in _UPWARD and self._load_instead()):
                self._state.ask(OnScreen(action))
        else:
            self._do[action]()

    def typed(self, text: str, cursor: int) -> None:
        """Somebody wrote: the editor has this text now."""
        self._interrupted_at = None
        self._state.composer.edited(text, cursor)

    def paste(self, text: str, cut_bytes: int) -> None:
        """Put a pasted text in at the cursor, or ask first where it has many lines."""
        text = clean_text(text)
        excess = text_excess(self._state.composer.with_inserted(text), cut_bytes)
        if excess is not None and text:
            self._state.complain(f"not pasted: {excess}")
        elif text.count("\n") >= self._state.settings.paste_lines:
            self._state.open_box(paste_question(self._state.next_identity(), text))
        elif text:
            self._state.composer.insert(text)
            self._state.touch(Part.COMPOSER)

    def answer(self, answer: answers.Answer | None) -> None:
        """Do what a dialog was answered with; None: it stays open."""
        state = self._state
        state.touch(Part.DIALOG)
        if answer is None:
            return
        if not isinstance(answer, answers.Ask):
            state.close_box()
        self._answers[type(answer)](answer)

    def _write(self, answer: answers.Write) -> None:
        composer = self._state.composer
        composer.remember(composer.text)
        composer.put(answer.text)
        self._state.touch(Part.COMPOSER)

    def _insert(self, answer: answers.Insert) -> None:
        self._state.composer.insert(answer.text, on_own_lines=answer.on_own_lines)
        self._state.touch(Part.COMPOSER)
        if answer.and_send:
            self._send()

    # -- writing -----------------------------------------------------------------------------------------

    def _send(self) -> None:
        """Post what is written, or carry out the command; it stays where that cannot be done."""
        composer = self._state.composer
        text = composer.text
        if not text.strip():
            self.navigation.load_in_view()
            return
        title, command = composer.title, slash.parse(text)
        if not isinstance(command, slash.Post):
            self._state.toasts.dismiss()  # what went wrong before may not hide what comes of this
            self._state.touch(Part.STATUS)
        if isinstance(command, slash.Run):
            composer.take()  # what it does may be about the composer's text, which this is not
        elif not self.commanding.do(command):
            return
        elif composer.title == title:
            composer.take()
        else:  # another room was opened, and the command is not a draft of the one left
            composer.remember(text)
            composer.forget_draft(title)
            self._state.rooms_changed()
        self._state.touch(Part.COMPOSER)
        if isinstance(command, slash.Run):
            self.perform(command.action)

    def _walk(self, has_moved: bool) -> None:
        if has_moved:
            self._state.touch(Part.COMPOSER)

    def _interrupt(self) -> None:
        """Clear the text; with nothing typed, and pressed twice, ask whether to quit."""
        state = self._state
        if state.composer.text:
            state.composer.take()
            state.touch(Part.COMPOSER)
            self._interrupted_at = None
            return
        at = self._interrupted_at
        if at is not None and state.now.mono_s - at < AGAIN_S:
            self._interrupted_at = None
            state.open_box(quit_question(state.next_identity(), state.session.waiting_count))
            return
        self._interrupted_at = state.now.mono_s
        keys = state.keymap.keys(Action.INTERRUPT)
        state.say(f"{keys[0]} again quits")

    def _escape(self) -> None:
        """Leave what can be left: the toast, what was cleared, the line of new messages."""
        state = self._state
        state.toasts.dismiss()
        if not self.navigation.show_cleared() and state.visit.unread_after is not None:
            state.visit.unread_after = None
            transcript = state.current_transcript()
            if transcript is not None:
                transcript.set_unread_after(None)
        state.touch(Part.STATUS, Part.TRANSCRIPT)

    # -- dialogs -----------------------------------------------------------------------------------------

    def _act_in_dialog(self, action: Action) -> None:
        box = self._state.box
        if box is None:
            return
        is_closing = action in (Action.DIALOG_ACCEPT, Action.DIALOG_CANCEL)
        if isinstance(box, ReadingBox) and not is_closing:
            self._state.ask(OnScreen(action))
        else:
            self.answer(box.act(action))

    def _switch_room(self) -> None:
        state = self._state
        state.open_box(switcher(state.next_identity(), state.views(), state.visit.room))

    def _search_input(self) -> None:
        state = self._state
        composer = state.composer
        state.open_box(input_history(state.next_identity(), composer.inputs, composer.text))

    def _ask(self, ask: answers.Ask) -> None:
        """Search; a room that is none of ours cannot be searched."""
        view = self._state.session.room_named(ask.room_name) if ask.room_name else None
        if view is not None or not ask.room_name:
            self._state.session.ask.search(ask.query, view.number if view else 0, ask.author, ask.before)
        elif isinstance(box := self._state.box, SearchBox):
            box.refused(f"{ask.room_name} is none of your rooms")

    def _load_instead(self) -> bool:
        """Before scrolling up: bring back what was cleared, or load the gap in view; True when there was
        either.
        """
        viewport = self._state.visit.viewport
        is_at_top = viewport is None or viewport.first == 0
        return (is_at_top and self.navigation.show_cleared()) or self.navigation.load_in_view()
