"""The search dialog: a line of words, and the messages found, newest first.

`from:HANDLE` and `in:#ROOM` among the words narrow the search. It goes on while one types: as soon as one
answer is there, what is typed by then is asked for, so that there is never more than one search under way.
The last word may be the beginning of one ("descriptor" finds "descriptors"). Enter shows the chosen message
in its place. Read next: `answers.py`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from chatroom.client.commands.actions import Action
from chatroom.client.session.events import Found
from chatroom.client.themes.styles import Style, handle_style
from chatroom.client.viewmodel.boxes.answers import Answer, Ask, Close, Jump
from chatroom.client.viewmodel.boxes.pick import STEPS
from chatroom.client.viewmodel.dialogs import Dialog, DialogKind, DialogRow, Field
from chatroom.client.viewmodel.rows import SpanLine

EXCERPT_CHARS: Final = 120
"""Characters of a message shown in the list."""

LEAD_CHARS: Final = 30
"""Characters of an excerpt before the first word found."""

LEAST_CHARS: Final = 2
"""Characters a word needs before it is searched for unasked, or may be the beginning of one: the server's
rule for `word*`.
"""

_FILTER: Final = re.compile(r"(?:^|\s)(from|in):(\S+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """A search as typed: the words, and the names after `from:` and `in:`, or ""."""

    words: str
    author: str = ""
    room_name: str = ""

    @property
    def sent(self) -> str:
        """The words as the server takes them: the last one may go on."""
        last = self.words.rpartition(" ")[2]
        is_begun = len(last) >= LEAST_CHARS and last[-1].isalnum()
        return f"{self.words}*" if is_begun else self.words


def parse_query(typed: str) -> Query:
    """Return the search a person typed."""
    names = {match[1].lower(): match[2] for match in _FILTER.finditer(typed)}
    words = " ".join(_FILTER.sub(" ", typed).split())
    return Query(words, names.get("from", "").removeprefix("@"), names.get("in", ""))


_HOW: Final = "words · from:handle · in:#room"


class SearchBox:
    """See the text of this module. `place` gives (title of a room, how a time is shown) for a hit."""

    kind = DialogKind.SEARCH

    def __init__(
        self, identity: int, typed: str, me: str, place: Callable[[int, int], tuple[str, str]]
    ) -> None:
        self._identity = identity
        self._typed = typed
        self._me = me
        self._place = place
        self._asked: str | None = None
        self._sent: str | None = None  # whose answer is still to come
        self._is_next_page = False
        self._hits: list[tuple[int, int, int, str, str]] = []
        self._rows: list[DialogRow] = []
        self._next = 0
        self._selected = 0
        self._note = _HOW

    def view(self) -> Dialog:
        """Return what is to be drawn."""
        return Dialog(
            kind=DialogKind.SEARCH,
            identity=self._identity,
            title="Search",
            fields=(Field("", self._typed, placeholder="words to look for"),),
            rows=tuple(self._rows),
            selected=self._selected if self._rows else -1,
            note=self._note,
        )

    def act(self, action: Action) -> Answer | None:
        """Move in the list, search or go on searching, show a message, or close."""
        if action in STEPS and self._rows:
            return self._move(STEPS[action])
        if action is Action.DIALOG_ACCEPT and self._sent is None:
            return self.ask() if self._typed.strip() != self._asked else self.picked(self._selected)
        return Close() if action is Action.DIALOG_CANCEL else None

    def ask(self) -> Answer | None:
        """Search for what is typed; what was found before stays in view until the answer is there."""
        query = parse_query(self._typed)
        if not query.words:
            self._note = "search for which words?"
            return None
        self._asked = self._typed.strip()
        self._sent, self._is_next_page = query.sent, False
        self._note = "searching …"
        return Ask(query.sent, query.room_name, query.author)

    def edited(self, text: str) -> Answer | None:
        """Other words: search for them, unless an answer is still to come."""
        self._typed = text
        if not text.strip():
            self._asked, self._hits, self._rows, self._note = None, [], [], _HOW
        return self._ask_unasked()

    def _ask_unasked(self) -> Answer | None:
        """Search for what is typed where it is new and enough."""
        is_new = self._typed.strip() != (self._asked or "")
        is_enough = len(parse_query(self._typed).words) >= LEAST_CHARS
        return self.ask() if is_new and is_enough and self._sent is None else None

    def letter(self, letter: str) -> Answer | None:
        """There is a line of text, so nothing."""
        return None

    def picked(self, row: int) -> Answer | None:
        """Show a message in its place."""
        if not 0 <= row < len(self._hits):
            return None
        room, seq, *_ = self._hits[row]
        return Jump(room, seq)

    def take(self, found: Found) -> Answer | None:
        """The answer, or its next page; what was typed meanwhile is asked for."""
        if self._sent is None or found.query != self._sent:
            return None  # the answer to the search of a dialog that was closed
        self._sent = None
        if self._asked is not None:
            if not self._is_next_page:
                self._hits, self._selected = [], 0
            self._hits.extend(found.hits)
            words = [word.rstrip("*") for word in found.query.split()]
            self._rows = [self._row(hit, words) for hit in self._hits]
            self._next = found.next
            self._note = _count_note(len(self._hits), found)
        return self._ask_unasked()

    def refused(self, text: str) -> None:
        """The search was not carried out."""
        self._asked = self._sent = None
        self._hits, self._rows, self._next = [], [], 0
        self._note = text

    def _move(self, step: int) -> Answer | None:
        """Move the selection; below the last hit go on searching where there is more."""
        at = self._selected + step
        self._selected = max(0, min(len(self._rows) - 1, at))
        if at < len(self._rows) or not self._next or self._asked is None or self._sent is not None:
            return None
        query, before, self._next = parse_query(self._asked), self._next, 0
        self._sent, self._is_next_page = query.sent, True
        self._note = "searching …"
        return Ask(query.sent, query.room_name, query.author, before)

    def _row(self, hit: tuple[int, int, int, str, str], words: Sequence[str]) -> DialogRow:
        room, _, at, author, text = hit
        title, when = self._place(room, at)
        spans: SpanLine = ((Style.DIALOG_DIM, f"{title} "), (handle_style(author, self._me), f"{author} "))
        return DialogRow((*spans, *excerpt(text, words)), when)


def excerpt(text: str, words: Sequence[str]) -> SpanLine:
    """Return a piece of `text` around the first of the words, on one line, with the words marked."""
    line = " ".join(text.split())
    pattern = re.compile("|".join(re.escape(word) for word in words if word) or r"(?!)", re.IGNORECASE)
    first = pattern.search(line)
    if first is not None and first.start() > LEAD_CHARS:
        line = f"…{line[first.start() - LEAD_CHARS :]}"
    if len(line) > EXCERPT_CHARS:
        line = f"{line[: EXCERPT_CHARS - 1]}…"
    spans = []
    at = 0
    for match in pattern.finditer(line):
        if match.start() > at:
            spans.append((Style.DIALOG_TEXT, line[at : match.start()]))
        spans.append((Style.MATCH, match[0]))
        at = match.end()
    if at < len(line):
        spans.append((Style.DIALOG_TEXT, line[at:]))
    return tuple(spans)


def _count_note(count: int, found: Found) -> str:
    if not count:
        note = "nothing found"
    else:
        note = f"{count} found" if not found.next else f"{count} found, ↓ below the last finds more"
        note += " · Enter shows it in its place"
    if found.unindexed:
        note += f" · the newest {found.unindexed} cannot be found yet"
    return note
