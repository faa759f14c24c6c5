"""Where files are on this machine: the operating system's own places for settings and data.

Only names; nothing is made or read here. On Linux `~/.config/chatroom` and `~/.local/share/chatroom`,
elsewhere what platformdirs says. Read next: `private_files.py`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

_PROGRAM: Final = "chatroom"


@dataclass(frozen=True, slots=True)
class ClientPaths:
    """The files of one person's client.

    `settings` is the person's own (`client.toml`). Everything in `data` is the program's: `state`, what it
    remembers between runs, and beside it keys, known servers and the outbox.
    """

    settings: Path
    data: Path

    @property
    def state(self) -> Path:
        """What the program remembers between runs; see `state.py`."""
        return self.data / "state.toml"

    @property
    def log(self) -> Path:
        """Where the full-screen client logs: the screen is not free for it."""
        return self.data / "chatroom.log"


def client_paths(settings: Path | None = None, data: Path | None = None) -> ClientPaths:
    """Return the client's files; `settings` (from `--config`) and `data` (from `--data-dir`) beat the usual
    places.
    """
    return ClientPaths(
        settings=settings or platformdirs.user_config_path(_PROGRAM, appauthor=False) / "client.toml",
        data=data or platformdirs.user_data_path(_PROGRAM, appauthor=False),
    )


def server_data_directory() -> Path:
    """Return where a server keeps its data when neither a flag nor its settings say."""
    return platformdirs.user_data_path(f"{_PROGRAM}-server", appauthor=False)
