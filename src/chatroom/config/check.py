"""A settings file against its rows: every section and key is known, every value is of its type and in its
range.

The first thing that is not right is raised as a `SettingsError` with its line. Rules between two settings are
in `load.py`. Read next: `load.py`.
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from chatroom.config.errors import SettingsError, did_you_mean, quoted
from chatroom.config.rows import Row, Section
from chatroom.config.toml_file import TomlFile

PathHook = Callable[[type, object], object]


def check_file(file: TomlFile, known: Mapping[str, Section], *, keep_unknown_sections: bool) -> None:
    """Raise the error of the first section, key or value of a file that is not right.

    With `keep_unknown_sections` a section that is not known is left alone; a key outside any section never
    is.
    """
    for name, value in file.tables.items():
        if isinstance(value, dict) and name in known:
            _check_section(file, known, known[name], value)
        elif name in known:
            raise file.error(f"must be a section, not {quoted(value)}", section=name)
        elif not isinstance(value, dict | list):
            raise file.error(f"stands outside a section{_belongs_in(name, known)}", key=name)
        elif not keep_unknown_sections:
            raise file.error(f"unknown section{did_you_mean(name, known)}", section=name)


def check_flag(flag: str, row: Row, value: object) -> None:
    """Raise an error where the value of a command line flag is not right for the setting it replaces."""
    try:
        msgspec.convert(value, row.type)
    except msgspec.ValidationError:
        raise SettingsError(f"must be {row.form}, not {quoted(value)}", key=flag) from None


def paths_from(directory: Path) -> PathHook:
    """Return the hook by which msgspec reads a path: relative to `directory`, with `~` for the home
    directory.
    """

    def read_path(wanted: type, value: object) -> object:
        if wanted is not Path or not isinstance(value, str) or not value or "\0" in value:
            raise ValueError("not a path")
        try:
            return directory / Path(value).expanduser()
        except RuntimeError:  # nobody has the home directory of `~name`
            raise ValueError("not a path") from None

    return read_path


def _check_section(
    file: TomlFile, known: Mapping[str, Section], section: Section, table: Mapping[str, object]
) -> None:
    for key, value in table.items():
        row = section.rows.get(key, section.any_key)
        if row is None:
            hint = _belongs_in(key, known) or did_you_mean(key, section.rows)
            raise file.error(f"unknown key{hint}", section.name, key)
        _check_value(file, row, key, value)


def _belongs_in(key: str, known: Mapping[str, Section]) -> str:
    """Return words that send a key to the section that has it, or nothing."""
    homes = [section.name for section in known.values() if key in section.rows]
    return f"; it belongs in [{homes[0]}]" if homes else ""


def _check_value(file: TomlFile, row: Row, key: str, value: object) -> None:
    try:
        msgspec.convert(value, row.type, dec_hook=paths_from(file.path.parent))
    except msgspec.ValidationError:
        raise file.error(f"must be {row.form}, not {_wrong(value)}", row.section, key) from None
    if row.key == "password" and value and _anybody_may_read(file.path):
        problem = f"every user of this machine can read the file; run chmod 600 {file.path}"
        raise file.error(problem, row.section, key)


def _wrong(value: object) -> str:
    """Return how an error shows a wrong value: of a long text, what is wrong is most likely its length."""
    return f"{len(value)} characters" if isinstance(value, str) and len(value) > 60 else quoted(value)


def _anybody_may_read(path: Path) -> bool:
    """Return whether every user may read the file. Windows keeps permissions elsewhere: there it is not
    known.
    """
    return os.name == "posix" and bool(path.stat().st_mode & stat.S_IROTH)
