"""Reading a file of a person, whatever is in it."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.config.errors import SettingsError
from chatroom.config.toml_file import FILE_BYTES, read_toml, settings_error

BAD = {
    "syntax": (b"[server]\nport = \n", "f.toml:2: not TOML: "),
    "no value": (b"[server]\nport\n", "f.toml:2: not TOML: "),
    "binary": (b"\x7fELF\x02\x01\x00\x00", "f.toml:1: not TOML: "),
    "not utf-8": (b"[server]\nname = 'caf\xe9'\n", "f.toml:2: is not UTF-8 text"),
    "utf-16": ("[server]".encode("utf-16"), "f.toml:1: is not UTF-8 text"),
    "duplicate key": (b"[a]\nx = 1\ny = 2\nx = 3\n", "f.toml:4: [a] x: given twice"),
    "duplicate at the end": (b"[a]\nx = 1\nx = 3", "f.toml:3: [a] x: given twice"),
    "duplicate, long value": (b"[a]\nx = 1\nx = [\n1,\n]\ny = 1\n", "f.toml:3: [a] x: given twice"),
    "duplicate outside": (b"x = 1\nx = 3\n", "f.toml:2: x: given twice"),
    "duplicate section": (b"[a]\nx = 1\n[b]\n[a]\n", "f.toml:4: [a]: given twice"),
    "unclosed string": (b'[a]\nx = "abc\n', "f.toml:2: not TOML: "),
    "nested": (b"x = " + b"[" * 100_000, "f.toml: brackets are nested too deeply"),
    "digits": (b"a = 1\nx = " + b"9" * 5000, "f.toml:2: a number has too many digits"),
    "too long": (b"#" * (FILE_BYTES + 1), f"f.toml: is longer than {FILE_BYTES} bytes: not a settings file"),
    "escape": (b"\x1b[2J = 1", "f.toml:1: not TOML: "),
    "surrogate": (b'x = "\\ud800"', "f.toml:1: not TOML: "),
    "date": (b"x = 2026-02-30\ny = 1\n", "f.toml:1: not TOML: "),
}


def complaint(path: Path) -> str:
    with pytest.raises(SettingsError) as raised:
        read_toml(path)
    assert "\n" not in str(raised.value)
    return str(raised.value).replace(str(path.parent) + os.sep, "")


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_not_toml_gives_one_line_that_says_where(tmp_path: Path, case: str) -> None:
    content, line = BAD[case]
    path = tmp_path / "f.toml"
    path.write_bytes(content)
    said = complaint(path)
    assert said == line or (line.endswith("not TOML: ") and said.startswith(line))  # the parser's own words


def test_a_missing_file_a_directory_and_an_impossible_name_are_told_apart(tmp_path: Path) -> None:
    assert complaint(tmp_path / "f.toml") == "f.toml: there is no such file"
    assert complaint(tmp_path).endswith(": is not a file")
    assert (
        complaint(tmp_path / ("x" * 5000)).endswith("cannot be read: File name too long") or os.name == "nt"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are not files there")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.toml")
    assert complaint(tmp_path / "f.toml") == "f.toml: is not a file"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text("")
    path.chmod(0)
    assert complaint(path) == "f.toml: cannot be read: Permission denied"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf[a]\r\nx = 1\r\n", b"[a]\nx = 1"])
def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(content)
    assert read_toml(path).tables == ({"a": {"x": 1}} if content else {})


@given(content=st.binary(max_size=80) | st.text(alphabet="[]=.\"'\na1", max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    try:
        read_toml(path)
    except SettingsError as error:
        assert str(error).isprintable()


def test_an_error_from_elsewhere_finds_its_line(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_text("[keys]\n\nnext_rom = 'x'\n")
    error = settings_error(path, "keys", "next_rom", "unknown action", ["next_room", "quit"])
    assert str(error) == f"{path}:3: [keys] next_rom: unknown action; did you mean next_room?"


def test_an_error_from_elsewhere_stands_without_its_file(tmp_path: Path) -> None:
    gone = tmp_path / "gone.toml"
    assert str(settings_error(gone, "rooms", "list", "bad")) == f"{gone}: [rooms] list: bad"
    assert str(settings_error(None, "rooms", "list", "bad")) == "[rooms] list: bad"
