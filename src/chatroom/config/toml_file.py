"""One TOML file of a person: read whole, parsed, and able to say on which line a key stands.

Knows files and TOML, not which sections and keys there are: that is in `settings.py`, and `load.py` compares
the two. Whatever the file holds, the only exception is `SettingsError`. Read next: `load.py`.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatroom.config.errors import SettingsError, did_you_mean, printable
from chatroom.config.toml_lines import key_lines, line_of

FILE_BYTES: Final = 262_144
"""Largest file that is read: settings fill a few kilobytes, and a wrong path may lead to a log or a disk
image.
"""

Table = dict[str, object]

_POSITION: Final = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)")
_MANY_DIGITS: Final = re.compile(r"[0-9_]{4000,}")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A file that was read and is TOML: where it is, its text, and the tables in it."""

    path: Path
    text: str
    tables: Table

    def error(self, problem: str, section: str = "", key: str = "") -> SettingsError:
        """Return (not raise) an error that points at a key of this file, or at the nearest table around
        it.
        """
        path = tuple(part for part in (section, key) if part)
        return SettingsError(problem, file=self.path, line=line_of(self.text, path), section=section, key=key)


def read_toml(path: Path) -> TomlFile:
    """Return the parsed file at `path`. A byte order mark and line ends of any system are accepted.

    Raises SettingsError for a file that is missing, unreadable, too long, not UTF-8 text or not TOML.
    """
    text = _read_text(path)
    try:
        tables: Table = tomllib.loads(text)
    except RecursionError:
        raise SettingsError("brackets are nested too deeply", file=path) from None
    except ValueError as error:  # TOMLDecodeError, and Python's own limit on the digits of a number
        raise _not_toml(path, text, error) from None
    return TomlFile(path, text, tables)


def settings_error(
    path: Path | None, section: str, key: str, problem: str, valid: Iterable[str] | None = None
) -> SettingsError:
    """Return an error about a value that only its user can judge: a room's name, an action in `[keys]`, a
    theme.

    `path` is the file the settings came from (None: the built-in defaults, or a flag). With `valid`, the
    names that would have been right, the line ends with the nearest one. The file is read again to find the
    line; should it be gone by now, the error only lacks the line's number.
    """
    if valid is not None:
        problem += did_you_mean(key, valid)
    if path is not None:
        try:
            return read_toml(path).error(problem, section, key)
        except SettingsError:
            pass
    return SettingsError(problem, file=path, section=section, key=key)


def _read_text(path: Path) -> str:
    try:
        if not path.is_file():  # a pipe or a device might never end
            raise SettingsError("is not a file" if path.exists() else "there is no such file", file=path)
        with path.open("rb") as file:
            data = file.read(FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(f"cannot be read: {problem}", file=path) from None
    if len(data) > FILE_BYTES:
        raise SettingsError(f"is longer than {FILE_BYTES} bytes: not a settings file", file=path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError("is not UTF-8 text", file=path, line=line) from None


def _not_toml(path: Path, text: str, error: ValueError) -> SettingsError:
    """Return the parser's complaint as our line: with the key's name where a key or table is given twice."""
    complaint = str(error)
    position = _POSITION.search(complaint)
    if position is None:
        digits = _MANY_DIGITS.search(text)
        at = text.count("\n", 0, digits.start()) + 1 if digits else None
        return SettingsError("a number has too many digits", file=path, line=at)
    line = int(position["line"]) if position["line"] else text.rstrip().count("\n") + 1
    words = complaint[: position.start()]
    if words.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Cannot redefine")):
        # Everything above is TOML, so the scan is exact: the last key that begins on or above the line is
        # meant.
        upto = [found for found in key_lines(text) if found.line <= line]
        if upto:
            *section, key = ("", *upto[-1].path)
            if upto[-1].is_header:
                return SettingsError("given twice", file=path, line=line, section=".".join(upto[-1].path))
            name = ".".join(part for part in section if part)
            return SettingsError("given twice", file=path, line=upto[-1].line, section=name, key=key)
    return SettingsError(f"not TOML: {printable(words)}", file=path, line=line)
