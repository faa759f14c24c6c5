"""The full-screen client: from the start to the exit code, whatever happens in between.

Here loop, terminal, screen session and view are put together, effects are carried out that reach beyond the
screen, and the terminal is given back: after quitting, a signal, a lost terminal or a crash. What is shown
is decided in the view model and drawn in `ui/`. Next: `screen_session.py`, `urwid_loop.py`, `ui/view.py`.
"""

import errno
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final, assert_never

import urwid

from chatroom.client.commands.actions import Action
from chatroom.client.commands.keymap import SUSPEND_KEY, Keymap, KeymapError
from chatroom.client.connection.identity import now_ms
from chatroom.client.screen.logbook import logging_to
from chatroom.client.screen.outside import stop_job
from chatroom.client.screen.screen_session import ScreenSession
from chatroom.client.screen.start import Start
from chatroom.client.screen.terminal_effects import TerminalEffects
from chatroom.client.screen.urwid_loop import FRAME_S, SSH_FRAME_S, UrwidLoop
from chatroom.client.themes.theme import Theme, ThemeError, choose_theme
from chatroom.client.ui.drawing import ViewSettings
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.inputs import InputKey, InputReader
from chatroom.client.ui.probe import misdrawn_kinds
from chatroom.client.ui.term import Terminal, is_usable, let_go
from chatroom.client.ui.view import ChatView
from chatroom.client.viewmodel.dialogs import DialogOwner, Moment
from chatroom.client.viewmodel.effects import (
    Bell,
    Copy,
    Effect,
    FirstRunAnswered,
    Notify,
    OnScreen,
    OpenEditor,
    OpenLink,
    Quit,
    Reconnect,
    ScrollTo,
    ScrollToEnd,
    TrustAnswered,
)
from chatroom.client.viewmodel.first_run import FirstRun
from chatroom.client.viewmodel.screen import ScreenModel
from chatroom.config.client_file import create_client_settings
from chatroom.config.toml_file import settings_error
from chatroom.net import address
from chatroom.net.keyfiles import KeyFileError
from chatroom.net.loop import Loop

DONE: Final = 0
CRASHED: Final = 1
UNUSABLE: Final = 2
NOT_TRUSTED: Final = 3
SIGNALLED: Final = 128
"""Exit codes; that of a signal is this and its number."""

_HANGUP: Final = 1  # SIGHUP, also where there is no such signal

_LOG: Final = logging.getLogger(__name__)


def run(start: Start) -> int:
    """Chat until the user quits; return the exit code. What is wrong is one line on standard error."""
    if not is_usable(os.environ):
        return _complain("this terminal cannot show a full screen; there are chatroom send and tail")
    try:
        keymap = Keymap(start.settings.keys)
        theme = choose_theme(start.settings.look.theme, start.settings.themes, os.environ)
    except KeymapError as error:
        return _complain(str(settings_error(start.settings.file, "keys", error.name, error.problem)))
    except ThemeError as error:
        section, key = ("themes", error.own) if error.own else ("look", "theme")
        return _complain(str(settings_error(start.settings.file, section, key, str(error))))
    gc.freeze()  # a full collection went through 49,000 objects of modules in 17 ms; now it passes them over
    last_words: list[str] = []
    with logging_to(start.paths.log):
        code = _run_guarded(start, keymap, theme, last_words)
    for line in last_words:
        _complain(line)
    return code


def _run_guarded(start: Start, keymap: Keymap, theme: Theme, last_words: list[str]) -> int:
    """Run the client; whatever it raises ends in the log, in one line for the user and in an exit code."""
    loop = Loop()
    try:
        client = Client(loop, start, keymap, theme)
        code = client.run()
        last_words += client.last_words
    except KeyFileError as error:
        last_words.append(str(error))
        return CRASHED
    except Exception:
        _LOG.exception("the client crashed")
        last_words.append(f"the client crashed; what is known of it is in {start.paths.log}")
        return CRASHED
    finally:
        loop.close()
    return code


def _complain(text: str) -> int:
    sys.stderr.write(f"chatroom: {text}\n")
    return UNUSABLE


class Client:
    """One run of the client."""

    def __init__(self, loop: Loop, start: Start, keymap: Keymap, theme: Theme) -> None:
        self.last_words: list[str] = []
        """What is left to say when the terminal is the shell's again."""
        self._loop = loop
        self._start = start
        self._keymap = keymap
        self._code = DONE
        self._is_hung_up = False
        self._session: ScreenSession | None = None
        self._emoji = _emoji(start)
        self._terminal = Terminal(theme, start.settings.look.colours)
        frame_s = SSH_FRAME_S if "SSH_CONNECTION" in os.environ else FRAME_S
        self._urwid_loop = UrwidLoop(loop, frame_s)
        self._inputs = InputReader(loop.now, self._terminal.pastes.fetch)
        self._has_mouse = start.mouse
        self._title = ""
        self._view = self._first_view()
        self._main = urwid.MainLoop(
            self._view,
            screen=self._terminal,
            event_loop=self._urwid_loop,
            handle_mouse=start.mouse,
            input_filter=self._read_keys,
        )
        self._terminal_effects = TerminalEffects(
            loop, self._terminal, os.environ, self._main.paused, self._say, self._edited
        )

    def run(self) -> int:
        """Run until the end; the terminal is as it was when this returns or raises."""
        self._urwid_loop.enter_idle(self._before_frame)
        self._loop.call_later(0, self._draw_comes_before_this)
        try:
            self._take_signals()
            self._main.run()
        except urwid.InputClosedError:
            self._note_hangup()
        except OSError as error:
            if error.errno != errno.EIO:  # what writing to a terminal that is gone gives
                raise
            self._note_hangup()
        except KeyboardInterrupt:  # before our handler stood, or on a system without it
            self._code = SIGNALLED + signal.SIGINT
        finally:
            if self._session is not None:
                self._session.close()
        if self._is_hung_up:
            let_go()
        return self._code

    def _note_hangup(self) -> None:
        _LOG.info("the terminal is gone")
        self._code = SIGNALLED + _HANGUP
        self._is_hung_up = True

    def _draw_comes_before_this(self) -> None:
        """Once urwid has added its drawing to the idle callbacks, add what comes after it."""
        self._urwid_loop.enter_idle(self._after_frame)

    def _take_signals(self) -> None:
        """Take signals as a wish to end; `Loop.close` gives the handlers back."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
            signum = getattr(signal, name, None)
            if signum is not None:
                self._loop.on_signal(signum, partial(self._signalled, signum))

    def _signalled(self, signum: int) -> None:
        if signum == signal.SIGINT and self._terminal_effects.is_terminal_given_away:
            return  # Ctrl-C in the editor reaches every program of the terminal
        _LOG.info("ending: signal %d", signum)
        self._code = SIGNALLED + signum
        self._is_hung_up = signum == _HANGUP
        raise urwid.ExitMainLoop

    # Views

    def _first_view(self) -> ChatView:
        start = self._start
        if start.handle and start.join is not None:
            return self._open_session(start.handle, start.join)
        return self._ask_who("", asks_server=start.join is None)

    def _open_session(self, handle: str, join: address.JoinAddress) -> ChatView:
        """Begin a session and return the view of it."""
        if self._session is not None:
            self._session.close()
        session = self._session = ScreenSession(
            self._loop,
            self._start,
            handle,
            join,
            self._keymap,
            on_effects=self._carry_out,
            on_handle_refused=lambda text: self._show(self._ask_who(text, asks_server=False)),
        )
        session.begin()
        return self._make_view(session.model, session.model)

    def _ask_who(self, note: str, *, asks_server: bool) -> ChatView:
        """Return the view of the questions of the first run; `note`: why they are asked again."""
        server = "" if self._start.join is None else str(self._start.join)
        handle = "" if note else self._start.handle
        owner = FirstRun(handle, server, _server_fault, asks_server=asks_server, note=note)
        return self._make_view(owner, None)

    def _make_view(self, owner: DialogOwner, model: ScreenModel | None) -> ChatView:
        look = self._start.settings.look
        settings = ViewSettings(look.handle_columns, look.show_rooms, look.show_members)
        return ChatView(owner, model, self._keymap, self._emoji, settings, self._moment, self._carry_out)

    def _show(self, view: ChatView) -> None:
        self._view = self._main.widget = view
        self._urwid_loop.want_frame()

    # Frames

    def _read_keys(self, keys: list[InputKey], raw: list[int]) -> list[InputKey]:
        found = self._inputs.read(keys)
        if SUSPEND_KEY not in found:
            return found
        with self._main.paused():
            stop_job()
        self._urwid_loop.want_frame()
        return [key for key in found if key != SUSPEND_KEY]

    def _before_frame(self) -> None:
        self._view.refresh()

    def _after_frame(self) -> None:
        if self._view.report_viewport():
            self._verb_done()
        if self._session is not None and self._terminal.started:
            title = self._session.model.header().title
            if title != self._title:
                self._title = title
                self._terminal.show_title(f"{title} — chatroom")

    def _moment(self) -> Moment:
        return Moment(self._loop.now(), now_ms())

    def _verb_done(self) -> None:
        """A verb of the model was called: send what it left, draw what it changed."""
        if self._session is not None:
            self._session.send()
        self._urwid_loop.want_frame()

    # Effects

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        """Do what the model wants done, then send and draw."""
        for effect in effects:
            self._do(effect)
        self._verb_done()

    def _do(self, effect: Effect) -> None:
        match effect:
            case OnScreen() | ScrollTo() | ScrollToEnd():
                self._do_on_screen(effect)
            case Bell() | Notify() | Copy() | OpenLink() | OpenEditor():
                self._terminal_effects.carry_out(effect)
            case TrustAnswered():
                self._trust_answered(effect)
            case FirstRunAnswered(handle, server):
                self._answered(handle, server)
            case Reconnect():
                if self._session is not None:
                    self._session.retry_now()
            case Quit():
                raise urwid.ExitMainLoop
            case _:
                assert_never(effect)

    def _do_on_screen(self, effect: OnScreen | ScrollTo | ScrollToEnd) -> None:
        match effect:
            case OnScreen(action):
                self._on_screen(action)
            case ScrollTo(key):
                self._view.scroll_to(key)
            case ScrollToEnd():
                self._view.scroll_to_end()
            case _:
                assert_never(effect)

    def _on_screen(self, action: Action) -> None:
        if self._view.on_screen(action):
            return
        if action is Action.REDRAW:
            self._terminal.clear()
        elif action is Action.TOGGLE_MOUSE:
            self._has_mouse = not self._has_mouse
            self._main.handle_mouse = self._has_mouse
            self._terminal.set_mouse_tracking(self._has_mouse)
            self._say("the mouse works here" if self._has_mouse else "the mouse marks text again")

    def _trust_answered(self, answer: TrustAnswered) -> None:
        if self._session is None:
            return
        if answer.is_accepted:
            self._session.trust_answered(answer)
            return
        self._code = NOT_TRUSTED
        self.last_words.append(
            self._session.trust_fault or f"the server with the pin {answer.pin} is not trusted"
        )
        raise urwid.ExitMainLoop

    def _answered(self, handle: str, server: str) -> None:
        """The first run's questions are answered: keep the settings and begin."""
        join = address.parse(server) if server else self._start.join
        if join is None:
            return
        try:
            create_client_settings(self._start.paths.settings, handle)
        except OSError as error:
            _LOG.warning("%s cannot be made: %s", self._start.paths.settings, error)
        self._show(self._open_session(handle, join))

    def _say(self, text: str, is_error: bool = False) -> None:
        if self._session is not None:
            self._session.model.note(text, self._moment(), is_error=is_error)
            self._verb_done()

    def _edited(self, text: str) -> None:
        if self._session is not None:
            self._session.model.editor_closed(text, self._moment())
            self._verb_done()


def _server_fault(text: str) -> str | None:
    """Return why `text` is no join string, or None."""
    try:
        address.parse(text)
    except ValueError as error:
        return str(error)
    return None


def _emoji(start: Start) -> Emoji:
    """Return how emoji are drawn here; asks the terminal unless the settings say."""
    match start.settings.look.emoji:
        case "always":
            return Emoji()
        case "names":
            return Emoji(by_name=True)
        case _:
            return Emoji(misdrawn_kinds(sys.stdin.fileno(), sys.stdout.fileno()))
