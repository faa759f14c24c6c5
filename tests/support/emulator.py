"""What a terminal shows after some bytes: pyte, taught grapheme clusters and the questions programs ask.

Here lives the emulator alone, without any process; `terminal.py` puts a program on it. pyte takes characters
one by one, gives up on the rest of a run at the first one of no width, and answers no mode query: all three
are mended.
"""

import re
from collections.abc import Callable

import pyte
import pyte.modes
import wcwidth

# DECRQM ("is this mode known?") and the set of modes this emulator says yes to.
_MODE_QUERY = re.compile(rb"\x1b\[\?(\d+)\$p")
_KNOWN_MODES = frozenset({25, 1000, 1002, 1006, 1049, 2004, 1004, 2026})
# Sequences pyte would take for text, and those cut off at the end of a read.
_SWALLOWED = re.compile(rb"\x1b\[\?\d+\$p|\x1b\[[<=>][0-9;:]*[A-Za-z]|\x1b\[[0-9;]*t")
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*)?$")
_CLUSTERING = re.compile("[\u0300-\U0010ffff]")


class Screen(pyte.Screen):
    """A pyte screen whose cells hold whole grapheme clusters; wide ones are followed by a cell with no
    text.
    """

    def __init__(self, cols: int, rows: int, answer: Callable[[str], None]) -> None:
        super().__init__(cols, rows)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer(data)

    def draw(self, data: str) -> None:
        if data.isascii():
            super().draw(data)
            return
        for char in data:
            if not self._joins_cell_before(char):
                self._put(char, wcwidth.width(char))

    def _joins_cell_before(self, char: str) -> bool:
        """Add the character to the cluster left of the cursor when it belongs there."""
        if char.isascii():
            return False
        line = self.buffer[self.cursor.y]
        at = self.cursor.x - 1
        if at >= 0 and not line[at].data:
            at -= 1
        if at < 0 or self.cursor.x == 0:
            return wcwidth.width(char) == 0  # nothing to join: not shown
        joined = line[at].data + char
        if sum(1 for _ in wcwidth.iter_graphemes(joined)) > 1:
            return wcwidth.width(char) == 0
        width = wcwidth.width(joined)
        line[at] = line[at]._replace(data=joined)
        if width == 2 and self.cursor.x == at + 1 and self.cursor.x < self.columns:
            line[self.cursor.x] = line[at]._replace(data="")
            self.cursor.x += 1
        elif width == 1 and self.cursor.x == at + 2:  # made a sign by U+FE0E
            line[at + 1] = line[at]._replace(data=" ")
            self.cursor.x -= 1
        self.dirty.add(self.cursor.y)
        return True

    def _put(self, char: str, width: int) -> None:
        if width <= 0:
            return
        if self.cursor.x + width > self.columns:
            if pyte.modes.DECAWM in self.mode:
                self.carriage_return()
                self.linefeed()
            else:
                self.cursor.x = self.columns - width
        if pyte.modes.IRM in self.mode:
            self.insert_characters(width)
        line = self.buffer[self.cursor.y]
        line[self.cursor.x] = self.cursor.attrs._replace(data=char)
        if width == 2:
            line[self.cursor.x + 1] = self.cursor.attrs._replace(data="")
        self.cursor.x += width
        self.dirty.add(self.cursor.y)


class Emulator:
    """A screen of `cols` × `rows` that takes bytes; what it would send back goes to `answer`."""

    def __init__(self, cols: int, rows: int, answer: Callable[[bytes], None]) -> None:
        self._answer = answer
        self.screen = Screen(cols, rows, lambda text: answer(text.encode()))
        self._stream = pyte.ByteStream(self.screen)
        self._rest = b""
        self.raw = bytearray()
        """Everything that ever came."""

    def feed(self, data: bytes) -> None:
        self.raw += data
        data = self._rest + data
        unfinished = _UNFINISHED.search(data)
        cut = unfinished.start() if unfinished else len(data)
        data, self._rest = data[:cut], data[cut:]
        for query in _MODE_QUERY.finditer(data):
            known = int(query[1]) in _KNOWN_MODES
            self._answer(b"\x1b[?%s;%d$y" % (query[1], 2 if known else 0))
        self._stream.feed(_SWALLOWED.sub(b"", data))

    def resize(self, cols: int, rows: int) -> None:
        self.screen.resize(rows, cols)

    @property
    def lines(self) -> list[str]:
        """The rows as text without the blanks at their ends."""
        buffer = self.screen.buffer
        return [
            "".join(buffer[row][col].data for col in range(self.screen.columns)).rstrip()
            for row in range(self.screen.lines)
        ]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def title(self) -> str:
        return self.screen.title

    def has_mode(self, private_mode: int) -> bool:
        """Whether the program has a private mode (25: cursor, 1049: other screen, 2004: paste …) switched
        on.
        """
        return private_mode << 5 in self.screen.mode
