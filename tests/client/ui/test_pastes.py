from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.ui.pastes import PASTE_BYTES_MAX, PASTE_PAUSE_S, PasteReader

BEGIN, END = b"\x1b[200~", b"\x1b[201~"


def read(reader: PasteReader, *pieces: bytes) -> bytes:
    return b"".join(bytes(reader.take(list(piece))) for piece in pieces)


def a_reader(times: Iterator[float] | None = None) -> PasteReader:
    return PasteReader(lambda: 0.0 if times is None else next(times))


def test_what_is_typed_passes_untouched() -> None:
    reader = a_reader()
    codes = list(b"a\x1b[A\xc3\xa9\r")
    assert reader.take(codes) is codes
    assert reader.fetch() == ("", 0)


def test_a_paste_leaves_its_markers_and_its_text() -> None:
    reader = a_reader()
    assert (
        read(reader, b"x" + BEGIN + "höhe\r\n\tzwei\rdrei".encode() + END + b"y") == b"x" + BEGIN + END + b"y"
    )
    assert reader.fetch() == ("höhe\n    zwei\ndrei", 0)


def test_what_would_be_keys_is_no_text() -> None:
    reader = a_reader()
    read(reader, BEGIN + b"\x1b[31mred\x1b[0m \x1bOA" + END)
    assert reader.fetch() == ("red ", 0)


def test_two_pastes_in_one_read_are_two() -> None:
    reader = a_reader()
    assert read(reader, BEGIN + b"a" + END + b"-" + BEGIN + b"b" + END) == (BEGIN + END) + b"-" + BEGIN + END
    assert [reader.fetch()[0], reader.fetch()[0]] == ["a", "b"]


@given(st.text(max_size=40), st.lists(st.integers(0, 80), max_size=6))
def test_however_a_paste_is_cut_it_is_the_same(text: str, cuts: list[int]) -> None:
    text = text.replace("\x1b", "")
    data = text.encode() + END + b"after"
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:stop] for start, stop in pairwise(places)]
    reader = a_reader()
    assert read(reader, BEGIN, *pieces) == BEGIN + END + b"after"
    assert reader.fetch() == (text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    "), 0)


@pytest.mark.parametrize("size", [PASTE_BYTES_MAX, PASTE_BYTES_MAX + 1, 1_000_000])
@pytest.mark.parametrize("piece", [7_919, 4_095])
def test_a_paste_too_long_is_cut_and_counted(size: int, piece: int) -> None:
    reader = a_reader()
    data = BEGIN + b"x" * size + END
    read(reader, *(data[at : at + piece] for at in range(0, len(data), piece)), b"y")
    text, cut_bytes = reader.fetch()
    assert (len(text), cut_bytes) == (PASTE_BYTES_MAX, size - PASTE_BYTES_MAX)


def test_a_paste_whose_end_got_lost_is_over_after_a_pause() -> None:
    times = iter([0.0, 1.0, 1.0 + PASTE_PAUSE_S + 0.1])
    reader = a_reader(times)
    assert read(reader, BEGIN + b"a", b"b") == b""
    assert read(reader, b"c") == BEGIN + END + b"c"
    assert reader.fetch() == ("ab", 0)
