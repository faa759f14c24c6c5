"""The one error of this folder: a line that tells a person what to change, and where.

Everything wrong with a file on disk becomes a `SettingsError`; nothing here reads files. Read next:
`toml_file.py`.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_SHOWN_CHARS: Final = 60
"""Longest quotation from a file in an error: the line stays readable whatever the file holds."""


class SettingsError(Exception):
    """Something a person must put right; `str()` is exactly one line of printable text.

    The line reads `FILE:LINE: [SECTION] KEY: PROBLEM`, without the parts that are not known.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: Path | None = None,
        line: int | None = None,
        section: str = "",
        key: str = "",
    ) -> None:
        """Make the line from its parts; `section` and `key` may hold anything and are shown harmlessly."""
        where = "" if file is None else f"{printable(str(file), 1000)}:{'' if line is None else f'{line}:'} "
        table = f"[{printable(section)}] " if section else ""
        name = f"{printable(key)}: " if key else ""
        separator = ": " if table and not name else ""
        super().__init__(f"{where}{table.rstrip() if separator else table}{separator}{name}{problem}")
        self.file = file
        self.line = line
        self.section = section
        self.key = key


def printable(text: str, limit: int = _SHOWN_CHARS) -> str:
    """Return `text` with everything a terminal might obey as escapes, cut to about `limit` characters."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in cut
    )


def quoted(value: object) -> str:
    """Return a value of a TOML file for an error line: short, printable, and recognisable to who wrote it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{printable(value)}"'
        case dict():
            return "a table"
        case list():
            return f"a list of {len(value)}"
        case int() if abs(value) >= 10**_SHOWN_CHARS:
            return "a huge number"
        case _:
            return printable(str(value))


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return the words that follow "unknown": the nearest valid name, or all of them where none is near."""
    choices = sorted(valid)
    folded = name.lower().replace("-", "_").replace(" ", "_")
    near = difflib.get_close_matches(folded, choices, n=1, cutoff=0.55)
    if near:
        return f"; did you mean {near[0]}?"
    if not choices:
        return ""
    return f"; it may be {', '.join(choices)}"
