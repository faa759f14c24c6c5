"""Sending: from what was typed to a message in the outbox.

A text is only taken from the composer when it was accepted; one that the server refuses later comes back.
Read next: `composer.py`, and `commanding.py` for what begins with a slash.
"""

from typing import Final

from chatroom.client.session.events import PostRefused, RequestRefused
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.session import TextRefused
from chatroom.client.viewmodel.effects import ScrollToEnd
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.state import ScreenState
from chatroom.protocol.entries import Manner
from chatroom.protocol.limits import TEXT_BYTES, TEXT_LINES
from chatroom.protocol.names import fold_handle, handle_fault
from chatroom.protocol.text import clean_text, is_blank

_MSG: Final = "msg"
"""The name under which a session says that a direct room could not be opened."""

_WRITTEN: Final = {"revoke": "devices"}
"""The command of a request whose name is none."""


class Sending:
    """The verbs that write to somebody."""

    def __init__(self, state: ScreenState) -> None:
        self._state = state
        self._first_texts: dict[str, list[str]] = {}  # handle → texts that wait for the direct room

    def post(self, text: str, *, is_action: bool = False) -> bool:
        """Post a text to the current room; False, and a toast, when it cannot be."""
        view = self._state.view
        if view is None:
            self._state.complain("there is no room to write to yet")
            return False
        return self._post_to(view, text, Manner.ACTION if is_action else Manner.SPEECH)

    def direct(self, typed_handle: str, text: str) -> bool:
        """Open the direct room with somebody, and post `text` there unless it is empty; False when it
        cannot be.
        """
        handle = fold_handle(typed_handle)
        fault = handle_fault(handle)
        if handle == self._state.session.handle:
            fault = "that is you"
        if fault is not None or (text and (fault := text_excess(text)) is not None):
            self._state.complain(f"{typed_handle}: {fault}")
            return False
        view = self._state.session.room_named(f"@{handle}")
        if view is not None:
            self._state.show(view)
            return not text or self._post_to(view, text, Manner.SPEECH)
        if text:
            self._first_texts.setdefault(handle, []).append(text)
        self._state.session.ask.open_direct(handle)
        return True

    def opened(self, view: RoomView) -> None:
        """A direct room that was asked for is there: post what waited for it."""
        for text in self._first_texts.pop(view.partner, []):
            self._post_to(view, text, Manner.SPEECH)

    def request_refused(self, event: RequestRefused) -> None:
        """Say that a request was refused; a first message to somebody goes back to its author.

        It comes with its command: without it, one more Enter would post it to the room that is open.
        """
        if event.request == _MSG:
            texts = [
                f"/msg {handle} {text}" for handle, waiting in self._first_texts.items() for text in waiting
            ]
            self._first_texts.clear()
            for text in texts:
                self._state.composer.give_back(self._state.composer.title, text)
            self._state.touch(Part.COMPOSER)
        command = _WRITTEN.get(event.request, event.request)
        self._state.complain(f"/{command}: {self._state.told(event.text)}")

    def post_refused(self, event: PostRefused) -> None:
        """One's own message will never be stored: its text goes back to its author, into no other room."""
        view = self._state.session.rooms.get(event.room)
        composer = self._state.composer
        if view is None:
            composer.remember(event.text)
        is_draft = view is not None and composer.give_back(view.title, event.text)
        where = "is in the composer again" if is_draft else "comes back with ↑"
        self._state.complain(f"not stored: {event.reason} — the text {where}")
        self._state.touch(Part.COMPOSER)

    def _post_to(self, view: RoomView, text: str, manner: Manner) -> bool:
        mute = self._state.mute_text()
        fault = f"you are {mute}; the text stays here" if mute else text_excess(text)
        if fault is not None:
            self._state.complain(fault)
            return False
        try:
            self._state.session.post(view.number, text, manner, self._state.now.wall_ms)
        except TextRefused as error:
            self._state.complain(str(error))
            return False
        if view.number == self._state.visit.room:
            self._state.ask(ScrollToEnd())
        self._state.touch(Part.TRANSCRIPT, Part.STATUS)
        return True


def text_excess(text: str, cut_bytes: int = 0) -> str | None:
    """Return why a text is too much for one message, and by how much, or that it is empty; None when it is
    fine. `cut_bytes` of it are not here.
    """
    text = clean_text(text)
    if is_blank(text):
        return "there is nothing to send"
    size, lines = len(text.encode()) + cut_bytes, text.count("\n") + 1
    if size > TEXT_BYTES:
        return f"too long by {size - TEXT_BYTES} bytes: a message has {TEXT_BYTES} at most"
    if lines > TEXT_LINES:
        return f"too long by {lines - TEXT_LINES} lines: a message has {TEXT_LINES} at most"
    return None
