"""Rows of a transcript for tests of drawing: made by hand, without a session."""

from bisect import bisect_right
from dataclasses import replace

from chatroom.client.themes.styles import Style, handle_style
from chatroom.client.viewmodel.rows import RowKind, SpanLine, TranscriptRow


def message(
    seq: int, handle: str, text: str, *, time: str = "16:40", day: str = "", **more: object
) -> TranscriptRow:
    """A row with the text in one style; `more` are fields of TranscriptRow."""
    lines: tuple[SpanLine, ...] = tuple(((Style.TEXT, line),) for line in text.split("\n"))
    row = TranscriptRow((seq,), 1, RowKind.MESSAGE, time, handle, handle_style(handle), "", lines, day)
    return replace(row, **more)


def note(seq: int, sign: str, text: str, kind: RowKind = RowKind.NOTE) -> TranscriptRow:
    return TranscriptRow((seq,), 1, kind, "16:49", sign, Style.NOTE, "", (((Style.NOTE, text),),))


class Rows:
    """A TranscriptView over a list that a test changes as it likes."""

    def __init__(self, rows: list[TranscriptRow]) -> None:
        self.rows = rows
        self.version = 1
        self.prepended = 0
        self.asked = 0
        """How many rows were ever asked for."""

    @property
    def length(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> TranscriptRow:
        self.asked += 1
        return self.rows[index]

    def index_of(self, key: tuple[int, ...]) -> int:
        return max(bisect_right(self.rows, key, key=lambda row: row.key) - 1, 0)
