"""Settings from files: reads them, checks every key against its row, and applies what the command line says.

Every mistake is a `SettingsError` that names the file, the line and the key. What a room or a theme may be
called is not known here: those who know complain with `toml_file.settings_error`. Read next: `state.py`.
"""

import ipaddress
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from chatroom.config.check import check_file, check_flag, paths_from
from chatroom.config.errors import did_you_mean, quoted
from chatroom.config.rows import sections
from chatroom.config.settings import ClientSettings, ServerSettings
from chatroom.config.toml_file import TomlFile, read_toml, settings_error

SERVER_FILE: Final = Path("server.toml")
"""What `chatroom-server` reads without `-c`, in the directory it is started in, if it is there."""


class ServerFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line of `chatroom-server` says; None: nothing, and the file decides."""

    host: str | None = None
    port: int | None = None
    data_dir: Path | None = None
    tls: bool | None = None
    log_level: str | None = None


NO_FLAGS: Final = ServerFlags()
"""A command line that says nothing."""


def load_server_settings(path: Path | None = None, flags: ServerFlags = NO_FLAGS) -> ServerSettings:
    """Return what the server runs with: the file at `path`, else `./server.toml`, else defaults; a flag beats
    a file.

    Paths in the file are relative to the file. Raises SettingsError: a file that was named must exist, and
    `./server.toml` is only passed over when there is none.
    """
    if path is None and _exists(SERVER_FILE):
        path = SERVER_FILE
    settings = ServerSettings()
    if path is not None:
        file = read_toml(path)
        check_file(file, sections(ServerSettings), keep_unknown_sections=False)
        settings = msgspec.convert(file.tables, ServerSettings, dec_hook=paths_from(path.parent))
        settings = msgspec.structs.replace(settings, file=path)
    settings = _with_flags(settings, flags)
    for section, key, problem in _conflicts(settings):
        raise settings_error(settings.file, section, key, problem)
    return settings


def load_client_settings(
    path: Path, *, actions: Collection[str] | None = None, themes: Collection[str] | None = None
) -> ClientSettings:
    """Return what the client runs with: the file at `path`, or defaults where there is none.

    Sections this version does not know are passed over: the file is the user's, and may serve a newer version
    too. `actions` and `themes` are the names that exist in the program, checked when given. Raises
    SettingsError.
    """
    if not _exists(path):
        return ClientSettings()
    file = _with_key_lists(read_toml(path))
    known = sections(ClientSettings)
    check_file(file, known, keep_unknown_sections=True)
    tables = {name: table for name, table in file.tables.items() if name in known}
    settings = msgspec.convert(tables, ClientSettings, dec_hook=paths_from(path.parent))
    for action in settings.keys:
        if actions is not None and action not in actions:
            raise file.error(f"unknown action{did_you_mean(action, actions)}", "keys", action)
    theme = settings.look.theme
    if themes is not None and theme not in (known_themes := {*themes, *settings.themes}):
        raise file.error(f"unknown theme {quoted(theme)}{did_you_mean(theme, known_themes)}", "look", "theme")
    return msgspec.structs.replace(settings, file=path)


def _with_key_lists(file: TomlFile) -> TomlFile:
    """Return the file with every action's keys as a list: in the file one key may stand alone."""
    keys = file.tables.get("keys")
    if not isinstance(keys, dict):
        return file
    lists = {action: [value] if isinstance(value, str) else value for action, value in keys.items()}
    return replace(file, tables={**file.tables, "keys": lists})


_FLAGS: Final = {
    "host": ("--host", "server", "host"),
    "port": ("--port", "server", "port"),
    "data_dir": ("--data-dir", "server", "data_dir"),
    "tls": ("--no-tls", "server", "tls"),
    "log_level": ("--log-level", "log", "level"),
}
"""Each field of `ServerFlags`: how it is written, and the setting it replaces."""


def _with_flags(settings: ServerSettings, flags: ServerFlags) -> ServerSettings:
    known = sections(ServerSettings)
    for field, (flag, section, key) in _FLAGS.items():
        value = getattr(flags, field)
        if value is not None:
            check_flag(flag, known[section].rows[key], value)
            changed = msgspec.structs.replace(getattr(settings, section), **{key: value})
            settings = msgspec.structs.replace(settings, **{section: changed})
    return settings


def _conflicts(settings: ServerSettings) -> Iterator[tuple[str, str, str]]:
    """Yield (section, key, problem) for settings that are right alone and wrong together."""
    server, limits = settings.server, settings.limits
    if not server.tls and not server.allow_plain_remote and not is_loopback(server.listen_host):
        reason = "without TLS everything can be read on the way"
        yield (
            "server",
            "allow_plain_remote",
            f"must be true to serve {server.listen_host} without TLS: {reason}",
        )
    if (server.certificate is None) != (server.private_key is None):
        missing, other = (
            ("certificate", "private_key") if server.private_key else ("private_key", "certificate")
        )
        yield "server", missing, f"must be set because {other} is"
    if limits.gone_s <= limits.ping_s:
        yield "limits", "gone_s", f"must be more than ping_s, which is {limits.ping_s:g}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches `host`. A name other than localhost counts as reachable."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _exists(path: Path) -> bool:
    """Return whether anything is at `path`, be it unreadable: then reading it says why."""
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return True
