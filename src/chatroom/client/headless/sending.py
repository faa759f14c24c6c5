"""`chatroom send`: posts what it is given and says where it was stored.

Lines of standard input are read in a thread, for no selector can watch a file; the thread waits while enough
messages are under way, so that any number of lines passes through bounded memory. Read next: `headless.py`.
"""

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO, Final

from chatroom.client.connection.identity import now_ms
from chatroom.client.headless.headless import Exit, Headless
from chatroom.client.headless.output import Output
from chatroom.client.session.events import Event, PostRefused, PostStored
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.session import TextRefused
from chatroom.net.loop import Loop
from chatroom.protocol.limits import TEXT_BYTES
from chatroom.protocol.text import clean_text, is_blank, text_fault

READ_BYTES: Final = 64 * 1024

WINDOW: Final = 2_000
"""Most lines read and not stored yet: enough to keep the server busy, a few hundred KB of memory."""

LINE_BYTES: Final = 4 * TEXT_BYTES
"""Longest line that is taken apart at all; whether the message is too long is said by the rule for texts."""


class LineReader:
    """Reads lines in a thread and hands them over in the loop's.

    `on_lines` is called with lists of lines, then `on_end` with "" or with why reading ended early. Not more
    than `WINDOW` lines are handed over before `done` has been called for them.
    """

    def __init__(
        self,
        loop: Loop,
        source: BinaryIO,
        on_lines: Callable[[list[bytes]], None],
        on_end: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._source = source
        self._on_lines = on_lines
        self._on_end = on_end
        self._room = threading.Condition()
        self._free = WINDOW

    def start(self) -> None:
        """Begin to read. The thread ends with the process if it must."""
        threading.Thread(target=self._run, name="read standard input", daemon=True).start()

    def done(self, count: int) -> None:
        """So many lines are settled: as many more may come."""
        with self._room:
            self._free += count
            self._room.notify()

    def _run(self) -> None:
        rest = b""
        try:
            while data := os.read(self._source.fileno(), READ_BYTES):
                *lines, rest = (rest + data).split(b"\n")
                self._hand_over(lines)
                if len(rest) > LINE_BYTES:
                    self._end(f"a line is longer than {LINE_BYTES} bytes")
                    return
        except OSError as error:
            self._end(f"standard input cannot be read: {error.strerror}")
            return
        self._hand_over([rest] if rest else [])
        self._end("")

    def _hand_over(self, lines: list[bytes]) -> None:
        while lines:
            with self._room:
                self._room.wait_for(lambda: self._free > 0)
                part, lines = lines[: self._free], lines[self._free :]
                self._free -= len(part)
            self._loop.call_from_thread(partial(self._on_lines, part))

    def _end(self, reason: str) -> None:
        self._loop.call_from_thread(partial(self._on_end, reason))


class Sender:
    """The command `chatroom send`: `texts` (clean, and looked at) to post now, or lines."""

    def __init__(
        self, headless: Headless, output: Output, texts: Sequence[str], source: BinaryIO | None
    ) -> None:
        self._headless = headless
        self._session = headless.session
        self._output = output
        self._texts = texts
        self._room: int | None = None
        self._title = ""
        self._own: set[bytes] = set()
        self._line = 0
        self._failure: tuple[Exit, str] | None = None
        self._reader: LineReader | None = None
        self._is_complete = source is None
        if source is not None:
            self._reader = LineReader(headless.loop, source, self._take_lines, self._take_end)

    # -- what happens ----------------------------------------------------------------------------------------

    def begin(self, view: RoomView) -> None:
        """The room is there: post, or begin to read. After a drop the session sends again by itself."""
        if self._room is not None:
            return
        self._room = view.number
        self._title = view.title.removeprefix("#")
        self._headless.progress()
        self._post(self._texts)
        if self._reader is not None:
            self._reader.start()

    def take(self, event: Event) -> None:
        """A message was stored, or will never be."""
        match event:
            case PostStored(_, seq, nonce) if nonce in self._own:
                self._settled(nonce)
                self._output.line(f"{self._title} {seq}")
            case PostRefused(_, nonce, _, _, reason) if nonce in self._own:
                self._settled(nonce)
                self._fail(Exit.REFUSED, f"refused: {reason}")
            case _:
                pass

    def settle(self) -> None:
        """End when all is stored; else see to it that the time runs only while something is owed."""
        self._output.flush()
        if self._own or self._room is None:
            return
        if self._failure is not None:
            self._headless.finish(*self._failure)
        elif self._is_complete:
            self._headless.finish(Exit.DONE)
        else:
            self._headless.rest()

    def overdue(self) -> str:
        """Say what waits when time is up."""
        count = len(self._own)
        if not count:
            return ""
        noun = "message waits" if count == 1 else "messages wait"
        return (
            f"; {count} {noun} in the outbox and will be sent by the next chatroom that reaches this server"
        )

    # -- input -----------------------------------------------------------------------------------------------

    def _take_lines(self, lines: list[bytes]) -> None:
        """Post lines, those with nothing in them passed over, up to the first that cannot be posted."""
        if not self._own:
            self._headless.progress()
        texts: list[str] = []
        for line in lines:
            if self._failure is not None:
                break
            self._line += 1
            try:
                text = clean_text(line.decode())
            except UnicodeDecodeError:
                self._fail(Exit.USAGE, f"line {self._line} is not UTF-8")
                break
            fault = text_fault(text)
            if is_blank(text):
                continue
            if fault is not None:
                self._fail(Exit.USAGE, f"line {self._line} {fault}")
                break
            texts.append(text)
        self._post(texts)
        if self._reader is not None:
            self._reader.done(len(lines) - len(texts))
        self._headless.connection.send()
        self.settle()

    def _take_end(self, reason: str) -> None:
        self._is_complete = True
        if reason:
            self._fail(Exit.USAGE, reason)
        self.settle()

    def _post(self, texts: Sequence[str]) -> None:
        if texts and self._room is not None:
            try:
                self._own.update(self._session.post_many(self._room, texts, now_ms=now_ms()))
            except TextRefused as refused:  # texts were looked at before: the outbox cannot take them
                self._fail(Exit.FAILED, str(refused))

    def _settled(self, nonce: bytes) -> None:
        self._own.discard(nonce)
        self._headless.progress()
        if self._reader is not None:
            self._reader.done(1)

    def _fail(self, code: Exit, reason: str) -> None:
        """Take nothing more; end when what is under way is stored. The first failure counts."""
        if self._failure is None:
            self._failure = (code, reason)
