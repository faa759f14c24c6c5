"""Effects beside the screen, carried out: bell, notification, clipboard, browser, the user's editor.

No decision is made here about whether and how often. While the editor of the user has the terminal the loop
goes on, so that the connection lives. Next: `app.py`, which gives these their terminal; `outside.py`.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol, assert_never

from chatroom.client.screen.outside import browser_command, edit_outside, editor_command, open_link
from chatroom.client.viewmodel.effects import Bell, Copy, Notify, OpenEditor, OpenLink
from chatroom.net.loop import Loop

TerminalEffect = Bell | Notify | Copy | OpenLink | OpenEditor


class EffectTerminal(Protocol):
    """What these effects need of the terminal."""

    def ring(self) -> None:
        """Ring the bell."""

    def notify(self, title: str, text: str) -> None:
        """Show a notification."""

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text on the clipboard."""


class TerminalEffects:
    """Carries them out. `pause` gives the terminal to another program while its block runs; `environ` says
    which.

    `on_note` is given a line for the user and whether it is an error, `on_edited` the text out of the editor.
    """

    def __init__(
        self,
        loop: Loop,
        terminal: EffectTerminal,
        environ: Mapping[str, str],
        pause: Callable[[], AbstractContextManager[None]],
        on_note: Callable[[str, bool], None],
        on_edited: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._terminal = terminal
        self._environ = environ
        self._pause = pause
        self._on_note = on_note
        self._on_edited = on_edited
        self._given_away: ExitStack | None = None

    @property
    def is_terminal_given_away(self) -> bool:
        """Whether another program has the terminal."""
        return self._given_away is not None

    def carry_out(self, effect: TerminalEffect) -> None:
        """Carry an effect out, or say why not."""
        match effect:
            case Bell():
                self._terminal.ring()
            case Notify(title, text):
                self._terminal.notify(title, text)
            case Copy(text):
                self._terminal.copy_to_clipboard(text)
            case OpenLink(url):
                self._open_link(url)
            case OpenEditor(text):
                self._open_editor(text)
            case _:
                assert_never(effect)

    def _open_link(self, url: str) -> None:
        command = browser_command(self._environ)
        if command is None or not open_link(command, url):
            self._terminal.copy_to_clipboard(url)
            self._on_note("no browser here; the address is on the clipboard", False)

    def _open_editor(self, text: str) -> None:
        if self._given_away is not None:
            return
        self._given_away = ExitStack()
        self._given_away.enter_context(self._pause())
        fault = edit_outside(self._loop, editor_command(self._environ), text, self._edited)
        if fault:
            self._edited(None, fault)

    def _edited(self, text: str | None, reason: str) -> None:
        if self._given_away is not None:
            self._given_away.close()
            self._given_away = None
        if text is None:
            self._on_note(reason, True)
        else:
            self._on_edited(text)
