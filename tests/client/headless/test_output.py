import io
import os
from pathlib import Path

from chatroom.client.headless.output import Output


def test_lines_are_written_as_utf_8() -> None:
    stream = io.BytesIO()
    output = Output(stream)
    output.line("héllo ☃")
    output.flush()
    assert stream.getvalue() == "héllo ☃\n".encode()


def test_a_reader_that_is_gone_is_noticed_and_nothing_is_said(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stream:
        output = Output(stream)
        output.line("x")
        output.flush()
        assert output.is_closed
        output.line("more")
        output.flush()


def test_a_stream_closed_at_this_end_is_quiet_too() -> None:
    stream = io.BytesIO()
    output = Output(stream)
    stream.close()
    output.line("x")
    assert output.is_closed
