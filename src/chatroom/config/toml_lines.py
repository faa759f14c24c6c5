"""On which line each key of a TOML text stands: `tomllib` does not say.

A scan that knows just enough of TOML to step over values: strings of four kinds, brackets, comments. It never
fails: given text that is not TOML it finds what it can, for the text has already been refused by `tomllib`
and the scan only helps to say where. Read next: `toml_file.py`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key or table header as it stands in the text: its full path, and its line, counted from 1."""

    path: KeyPath
    line: int
    is_header: bool


_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_REST_OF_LINE: Final = re.compile(r"[^\n]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRING: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'  # a multi-line string may end in up to two quotes of its own
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\[^\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_SHORT_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def key_lines(text: str) -> Iterator[KeyLine]:
    """Yield every table header and every key outside inline tables, in the order of the text."""
    table: KeyPath = ()
    line = 1
    counted = position = 0
    while True:
        position = _end(_BLANK, text, position)
        if position >= len(text):
            return
        line += text.count("\n", counted, position)
        counted = position
        if text[position] == "[":
            table, position = _key(text, position + (2 if text.startswith("[[", position) else 1))
            yield KeyLine(table, line, is_header=True)
            position = _end(_REST_OF_LINE, text, position)
            continue
        path, position = _key(text, position)
        if path:
            yield KeyLine(table + path, line, is_header=False)
        position = _end_of_value(text, position)


def line_of(text: str, path: KeyPath) -> int | None:
    """Return the line of the key at `path`, or of the nearest table around it, or None where neither
    stands.
    """
    lines = list(key_lines(text))
    for length in range(len(path), 0, -1):
        for found in lines:
            if found.path == path[:length]:
                return found.line
        for found in lines:  # `server.port = 1` also opens the table `server`
            if found.path[:length] == path[:length]:
                return found.line
    return None


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    """Return where the match of a pattern that may be empty ends."""
    found = pattern.match(text, position)
    return found.end() if found else position


def _key(text: str, position: int) -> tuple[KeyPath, int]:
    """Return the parts of the dotted key at `position` and where it ends."""
    parts: list[str] = []
    while True:
        position = _end(_SPACE, text, position)
        if bare := _BARE_KEY.match(text, position):
            parts.append(bare.group())
            position = bare.end()
        elif text.startswith(("'", '"'), position) and (string := _STRING.match(text, position)):
            parts.append(_unquote(string.group()))
            position = string.end()
        else:
            return tuple(parts), position
        position = _end(_SPACE, text, position)
        if not text.startswith(".", position):
            return tuple(parts), position
        position += 1


def _end_of_value(text: str, position: int) -> int:
    """Return where the rest of a statement ends: at the first newline outside strings and brackets."""
    depth = 0
    while position < len(text):
        char = text[position]
        if char == "\n" and depth <= 0:
            return position
        if char == "#":
            position = _end(_REST_OF_LINE, text, position)
        elif char in "\"'":
            position = _end_of_string(text, position)
        else:
            depth += (char in "[{") - (char in "]}")
            position += 1
    return position


def _end_of_string(text: str, position: int) -> int:
    """Return where the string at `position` ends; one that never ends takes its line, or the whole rest."""
    if string := _STRING.match(text, position):
        return string.end()
    if text.startswith(('"""', "'''"), position):
        return len(text)
    return _end(_REST_OF_LINE, text, position)


def _unquote(string: str) -> str:
    """Return what a quoted key stands for."""
    if string.startswith("'"):
        return string.strip("'")
    return _ESCAPE.sub(_unescape, string[1:-1])


def _unescape(found: re.Match[str]) -> str:
    code = found.group(1) or found.group(2)
    if code is None:
        return _SHORT_ESCAPES.get(found.group(3), found.group(3))
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else "�"
