"""Choosing a message: moving among them, copying, quoting, opening links.

What is copied is the text as it was written, without the panes beside it and the markup rules. Read next:
`transcript.py`.
"""

from typing import Final

from chatroom.client.session.ports import Waiting
from chatroom.client.session.timeline import Gap, Item, Line
from chatroom.client.viewmodel.effects import Copy, OpenLink, ScrollTo, ScrollToEnd
from chatroom.client.viewmodel.markup import find_links
from chatroom.client.viewmodel.rows import Part
from chatroom.client.viewmodel.state import ScreenState
from chatroom.client.viewmodel.transcript import Transcript
from chatroom.protocol.entries import Posted

QUOTED_LINES: Final = 3
"""Lines of a message that are quoted; the reader can scroll to the rest."""


class Selection:
    """The verbs of the mode in which a message is chosen."""

    def __init__(self, state: ScreenState) -> None:
        self._state = state
        self._links_opened = 0

    def begin(self) -> None:
        """Choose the lowest message in view."""
        transcript = self._state.current_transcript()
        if transcript is None:
            return
        viewport = self._state.visit.viewport
        below = transcript.length if viewport is None else min(viewport.last + 1, transcript.length)
        self._choose(transcript, _next(transcript, below, -1))
        if self._state.selected is None:
            self._state.say("no message here")

    def choose(self, index: int) -> None:
        """Choose this row, if it is a message; a gap or the top row loads instead."""
        transcript = self._state.current_transcript()
        if transcript is None:
            return
        if index == 0:
            self._state.session.ask.load_older(self._state.visit.room)
        elif isinstance(gap := transcript.item(index), Gap):
            self._state.session.ask.fill_gap(self._state.visit.room, gap)
        elif transcript.has_message(index):
            self._choose(transcript, index)

    def move(self, step: int) -> None:
        """Choose the message above (-1) or below (1); below the last the mode is left."""
        transcript = self._state.current_transcript()
        if transcript is None or self._state.selected is None:
            return
        found = _next(transcript, transcript.index_of(self._state.selected), step)
        if found is not None:
            self._choose(transcript, found)
        elif step > 0:
            self.leave()
            self._state.ask(ScrollToEnd())

    def move_to_end(self, step: int) -> None:
        """Choose the first message that is here (-1) or the newest (1)."""
        transcript = self._state.current_transcript()
        if transcript is not None:
            self._choose(transcript, _next(transcript, 0 if step < 0 else transcript.length, -step))

    def leave(self) -> None:
        """Back to writing."""
        self._state.selected = None
        self._state.touch(Part.TRANSCRIPT, Part.STATUS)

    def copy(self) -> None:
        """Copy the text of the message."""
        found = self._message()
        if found is not None:
            self._state.ask(Copy(found[1]))
            self._state.confirm("copied")
            self.leave()

    def quote(self) -> None:
        """Put the message into the composer as a quotation, with its author addressed below it."""
        found = self._message()
        if found is None:
            return
        author, text = found
        lines = text.split("\n")
        quoted = [f"> {line}" for line in lines[:QUOTED_LINES]]
        if len(lines) > QUOTED_LINES:
            quoted.append("> …")
        address = "" if author == self._state.session.handle else f"@{author} "
        head = "\n".join([*quoted, address])
        composer = self._state.composer
        composer.put(head + composer.text, len(head) + composer.cursor)
        self._state.touch(Part.COMPOSER)
        self.leave()

    def open_link(self) -> None:
        """Open the link in the message, of several the one after that opened last."""
        found = self._message()
        links = find_links(found[1]) if found is not None else []
        if not links:
            self._state.say("there is no link in this message")
            return
        link = links[self._links_opened % len(links)]
        self._links_opened += 1
        self._state.ask(OpenLink(link))

    def load(self) -> None:
        """Load what is missing where the chosen row is."""
        transcript = self._state.current_transcript()
        if transcript is not None and self._state.selected is not None:
            self.choose(transcript.index_of(self._state.selected))

    def _choose(self, transcript: Transcript, index: int | None) -> None:
        if index is None:
            return
        self._links_opened = 0
        self._state.selected = transcript.row(index).key
        self._state.ask(ScrollTo(self._state.selected))
        self._state.touch(Part.TRANSCRIPT, Part.STATUS)

    def _message(self) -> tuple[str, str] | None:
        """Return author and text of the chosen message."""
        transcript = self._state.current_transcript()
        if transcript is None or self._state.selected is None:
            return None
        return _written(
            transcript.item(transcript.index_of(self._state.selected)), self._state.session.handle
        )


def _written(item: Item | Waiting | None, me: str) -> tuple[str, str] | None:
    match item:
        case Line(body=Posted(text)):
            return item.author, text
        case Waiting():
            return me, item.text
        case _:
            return None


def _next(transcript: Transcript, index: int, step: int) -> int | None:
    """Return the next row that can be chosen: a message, or a gap, which can be loaded."""
    return transcript.find(
        index, step, lambda at: transcript.has_message(at) or isinstance(transcript.item(at), Gap)
    )
