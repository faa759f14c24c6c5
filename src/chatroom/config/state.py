"""What the client remembers between runs: who you were, where, and what you had not sent.

The program owns this file and rewrites it whole; `client.toml` is the user's, and after its first run the
program never writes it again. Lost or spoiled state costs a little comfort and never a message (the outbox is
elsewhere), so that a bad file is set aside and not an error. Read next: `client_file.py`.
"""

import logging
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
import tomli_w
from msgspec import Meta

from chatroom.config.private_files import make_private_directory, replace_private_file

_LOG: Final = logging.getLogger(__name__)
_STATE_BYTES: Final = 4_194_304
"""Largest state that is read: drafts of some hundred rooms, each as long as a message may be."""

Short = Annotated[str, Meta(max_length=500)]


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one server: the room that was open, per room what was typed and not sent, whose
    messages are hidden, per room its number in the sidebar, and which direct rooms were put away, with the
    head each had then.
    """

    room: Short = ""
    drafts: Mapping[str, str] = {}
    ignored: tuple[Short, ...] = ()
    numbers: Mapping[str, int] = {}
    put_away: Mapping[str, int] = {}


class ClientState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered in all.

    `handle` was chosen on screen, `server` is the join string of the last server. `servers` is by a name of
    the server that the caller chooses, such as its pin or address. Change it with `msgspec.structs.replace`.
    """

    handle: Short = ""
    server: Short = ""
    servers: Mapping[str, ServerState] = {}


def load_state(path: Path) -> ClientState:
    """Return what was remembered; nothing, where there is no file.

    A file that cannot be understood is renamed to `state.toml.bad`, with a warning in the log; one that
    cannot be read stays. Never raises for what is on disk.
    """
    try:
        if not path.is_file():
            return ClientState()
        with path.open("rb") as file:
            data = file.read(_STATE_BYTES + 1)
    except OSError as error:
        _LOG.warning("%s cannot be read: %s", path, error.strerror)
        return ClientState()
    try:
        if len(data) > _STATE_BYTES:
            raise ValueError("too long")
        return msgspec.convert(tomllib.loads(data.decode()), ClientState)
    except (ValueError, RecursionError) as error:  # among them: not UTF-8, not TOML, not of these types
        _set_aside(path, error)
        return ClientState()


def save_state(path: Path, state: ClientState) -> None:
    """Write what is to be remembered, atomically and for its owner only; the directory is made if missing.

    It is not flushed to the disk: nobody waits for it, and a lost state is worth less than a stalled screen.
    Raises OSError, and then the old state stands.
    """
    make_private_directory(path.parent)
    text = "# Written by chatroom. Settings are in client.toml.\n" + tomli_w.dumps(msgspec.to_builtins(state))
    replace_private_file(path, text.encode("utf-8", "replace"), is_flushed=False)  # a lone surrogate: "?"


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(path.name + ".bad")
    _LOG.warning("%s is not right and becomes %s: %s", path, aside.name, error)
    try:
        path.replace(aside)
    except OSError as refused:
        _LOG.warning("%s cannot be renamed: %s", path, refused.strerror)
