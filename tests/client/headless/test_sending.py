import contextlib
import os
import threading
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from chatroom.client.headless import sending
from chatroom.client.headless.sending import LineReader
from chatroom.net.loop import Loop
from support.tiny_host import run_until


class Reading:
    """A line reader at the end of a pipe."""

    def __init__(self, loop: Loop, source: BinaryIO) -> None:
        self.lines: list[bytes] = []
        self.end: str | None = None
        self.reader = LineReader(loop, source, self.lines.extend, self._take_end)
        self.reader.start()

    def _take_end(self, reason: str) -> None:
        self.end = reason


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def pipe() -> Iterator[tuple[BinaryIO, int]]:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as source:
        yield source, writer


def feed(writer: int, *parts: bytes) -> threading.Thread:
    """Write in a thread, as long as somebody reads, and close: a pipe takes only 64 KB by itself."""

    def run() -> None:
        with os.fdopen(writer, "wb", buffering=0) as sink, contextlib.suppress(BrokenPipeError):
            for part in parts:
                view = memoryview(part)
                while view:
                    view = view[sink.write(view) :]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_lines_arrive_whole_however_they_were_written(loop: Loop, pipe: tuple[BinaryIO, int]) -> None:
    reading = Reading(loop, pipe[0])
    feed(pipe[1], b"o", b"ne\ntw", b"o\n", b"\nlast")
    run_until(loop, lambda: reading.end is not None)
    assert reading.lines == [b"one", b"two", b"", b"last"]
    assert reading.end == ""


def test_no_more_lines_are_read_than_may_be_under_way(loop: Loop, pipe: tuple[BinaryIO, int]) -> None:
    reading = Reading(loop, pipe[0])
    feed(pipe[1], b"x\n" * (sending.WINDOW + 500))
    run_until(loop, lambda: len(reading.lines) == sending.WINDOW)
    loop.run_once(0.1)
    assert len(reading.lines) == sending.WINDOW
    assert reading.end is None
    reading.reader.done(200)
    run_until(loop, lambda: len(reading.lines) == sending.WINDOW + 200)
    reading.reader.done(sending.WINDOW)
    run_until(loop, lambda: reading.end is not None)
    assert len(reading.lines) == sending.WINDOW + 500


def test_a_line_without_end_is_refused(loop: Loop, pipe: tuple[BinaryIO, int]) -> None:
    reading = Reading(loop, pipe[0])
    feed(pipe[1], b"ok\n", b"x" * (2 * sending.LINE_BYTES))
    run_until(loop, lambda: reading.end is not None)
    assert reading.lines == [b"ok"]
    assert reading.end == f"a line is longer than {sending.LINE_BYTES} bytes"


def test_an_input_that_cannot_be_read_is_said(loop: Loop, pipe: tuple[BinaryIO, int]) -> None:
    os.close(pipe[1])
    with open(os.devnull, "wb") as unreadable:  # noqa: PTH123 - a real file, opened the wrong way
        reading = Reading(loop, unreadable)
        run_until(loop, lambda: reading.end is not None)
    assert reading.end is not None
    assert reading.end.startswith("standard input cannot be read")
