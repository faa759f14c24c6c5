"""Makes one transcript row of what it shows: a message, a note, a gap, a message that waits.

No state but what is the same for all rows of a room. What a row leaves out because the row above says it
(time, handle, day) is decided here. Read next: `markup.py`, `notes.py`; `transcript.py` says when a row is
made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatroom.client.session.ports import Waiting
from chatroom.client.session.timeline import Gap, Line
from chatroom.client.themes.styles import Style, handle_style
from chatroom.client.viewmodel.calendar import Calendar
from chatroom.client.viewmodel.markup import MarkedText, Reader, mark_text
from chatroom.client.viewmodel.notes import note_text
from chatroom.client.viewmodel.rows import RowKind, SpanLine, TranscriptRow
from chatroom.protocol.entries import Manner, Posted

SAME_AUTHOR_MS: Final = 5 * 60_000
"""A handle is not repeated when the same person wrote less than this before."""

WAITING_MARK: Final = "…"
ACTION_HANDLE: Final = "*"

Above = Line | Waiting | None
"""What the row above shows last, None where there is none, or a gap."""


@dataclass(slots=True)
class RowMaker:
    """What all rows of a room have in common. `now_ms` says which year need not be named, `every_time` that a
    time is shown where the row above shows the same.
    """

    reader: Reader
    calendar: Calendar
    title: str
    every_time: bool = False
    now_ms: int = 0

    def message(self, line: Line, above: Above, is_first_unread: bool) -> TranscriptRow:
        """Return the row of a message."""
        body = line.body
        text, manner = (body.text, body.manner) if isinstance(body, Posted) else ("", Manner.SPEECH)
        is_action = manner == Manner.ACTION
        style = handle_style(line.author, self.reader.me)
        marked = self._marked(text, line.author, style, is_action, Style.TEXT)
        goes_on = not is_action and not is_first_unread and self._goes_on(line, above)
        return TranscriptRow(
            key=(line.seq,),
            version=0,
            kind=RowKind.ACTION if is_action else RowKind.MESSAGE,
            time=self._time(line.at, above),
            handle=ACTION_HANDLE if is_action else "" if goes_on else line.author,
            handle_style=style,
            mark="",
            lines=marked.lines,
            day=self._day(line.at, above),
            is_first_unread=is_first_unread,
            is_mention=line.mentions_me,
            is_code=marked.is_code,
            code_lines=marked.code_lines,
            author=line.author,
            at=line.at,
        )

    def waiting(self, post: Waiting, key: tuple[int, ...], above: Above) -> TranscriptRow:
        """Return the row of one's own message that is not stored yet."""
        me = self.reader.me
        is_action = post.manner == Manner.ACTION
        marked = self._marked(post.text, me, Style.HANDLE_OWN, is_action, Style.WAITING)
        goes_on = isinstance(above, Waiting) and above.manner != Manner.ACTION
        return TranscriptRow(
            key=key,
            version=0,
            kind=RowKind.WAITING,
            time=self._time(post.at, above),
            handle=ACTION_HANDLE if is_action else "" if goes_on else me,
            handle_style=Style.HANDLE_OWN,
            mark=WAITING_MARK,
            lines=marked.lines,
            day=self._day(post.at, above),
            is_code=marked.is_code,
            code_lines=marked.code_lines,
            author=me,
            at=post.at,
        )

    def note(self, lines: Sequence[Line], above: Above) -> TranscriptRow:
        """Return the row of a run of entries that are no messages."""
        sign, text = note_text(lines, self.title, self.calendar.until)
        at = lines[0].at
        return TranscriptRow(
            key=(lines[0].seq,),
            version=0,
            kind=RowKind.NOTE,
            time=self._time(at, above),
            handle=sign,
            handle_style=Style.NOTE,
            mark="",
            lines=(((Style.NOTE, text),),),
            day=self._day(at, above),
            at=at,
        )

    def gap(self, gap: Gap, spinner: str) -> TranscriptRow:
        """Return the row of entries that are not here; with a `spinner` they are on their way."""
        key = (gap.after, 1)
        missing = "1 message" if gap.size == 1 else f"{gap.size} messages"
        if spinner:
            return plain_row(key, RowKind.LOADING, Style.LOADING, f"{missing} not loaded", spinner)
        return plain_row(key, RowKind.GAP, Style.GAP, f"… {missing} not loaded — Enter or PgUp loads")

    def _marked(self, text: str, author: str, style: Style, is_action: bool, ground: Style) -> MarkedText:
        if not is_action:
            return mark_text(text, self.reader, ground)
        marked = mark_text(text, self.reader, Style.ACTION)
        first: SpanLine = ((style, author), (Style.ACTION, " "), *marked.lines[0])
        return MarkedText((first, *marked.lines[1:]), marked.code_lines - {0})

    def _goes_on(self, line: Line, above: Above) -> bool:
        """Whether the handle above counts for this message too."""
        return (
            isinstance(above, Line)
            and above.author == line.author
            and isinstance(above.body, Posted)
            and above.body.manner != Manner.ACTION
            and line.at - above.at < SAME_AUTHOR_MS
            and not self._day(line.at, above)
        )

    def _time(self, at: int, above: Above) -> str:
        time = self.calendar.time(at)
        is_said = (
            not self.every_time
            and above is not None
            and time == self.calendar.time(above.at)
            and not self._day(at, above)
        )
        return "" if is_said else time

    def _day(self, at: int, above: Above) -> str:
        if above is not None and self.calendar.day(above.at) == self.calendar.day(at):
            return ""
        return self.calendar.day_title(at, self.now_ms)


def plain_row(key: tuple[int, ...], kind: RowKind, style: Style, text: str, mark: str = "") -> TranscriptRow:
    """Return a row of one line that no one wrote."""
    return TranscriptRow(key, 0, kind, "", "", style, mark, (((style, text),),))
