"""The commands `chatroom-server backup`, `restore` and `check`: the log as a thing to be kept.

Each says in one line what it did. `backup` and `check` work beside a server that runs; `restore` needs the
data directory for itself. Read next: `chatroom.server.store.copies`, `chatroom.server.sealing`.
"""

import argparse
import contextlib
import datetime as dt
from pathlib import Path
from typing import Final, Protocol

from chatroom.config.lock import AlreadyLocked, DirectoryLock
from chatroom.server.sealing import SEAL, write_seal
from chatroom.server.store.checking import MOST_FAULTS, find_faults
from chatroom.server.store.copies import PATIENCE_S, back_up, restore
from chatroom.server.store.database import StoreError, open_existing, open_unchanged
from chatroom.server.store.standing import read_standing

UPKEEP: Final = ("backup", "restore", "check")

EXIT_OK: Final = 0
EXIT_FAULTS: Final = 3
"""`check` found something wrong."""


class Commands(Protocol):
    """What argparse gives for the commands of a program."""

    def add_parser(self, name: str, *, help: str, description: str) -> argparse.ArgumentParser:  # noqa: A002
        """Add a command."""
        ...


def add_upkeep_commands(commands: Commands) -> None:
    """Let the command line of the server know these commands."""
    command = commands.add_parser(
        "backup",
        help="copy the database to a new file, also while the server runs",
        description="Copy the database, as it stands now, to a file that does not exist yet.",
    )
    add_places(command)
    command.add_argument("file", metavar="FILE", type=Path, help="the backup to be")
    command = commands.add_parser(
        "restore",
        help="put a backup in the place of the database; the server must be stopped",
        description="Put a backup in the place of the database, which is kept beside it. The log gets a new "
        "id: all clients say so, and fetch their history anew.",
    )
    add_places(command)
    command.add_argument("file", metavar="FILE", type=Path, help="the backup")
    command = commands.add_parser(
        "check",
        help="look for damage in the database, also while the server runs",
        description="Look at every entry of the database, or of a backup. One line for each fault.",
    )
    add_places(command)
    command.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="a backup (default: the database)"
    )


def add_places(command: argparse.ArgumentParser) -> None:
    """Let a command find the database as the server does; flags before the command's name count too."""
    unset = argparse.SUPPRESS
    command.add_argument("-c", "--config", metavar="FILE", type=Path, default=unset, help="settings")
    command.add_argument("--data-dir", metavar="DIR", type=Path, default=unset, help="where the database is")


def keep_up(command: str, file: Path | None, directory: Path, name: str) -> int:
    """Run one of the commands on the database `name` in a data directory; return the exit code.

    Raises StoreError or OSError where it cannot be done.
    """
    database = directory / name
    if command == "check" or file is None:
        return _check(file, database)
    if command == "backup":
        standing = back_up(database, file)
        print(f"{file}: a backup of {standing.entries} entries", flush=True)
    else:
        try:
            with DirectoryLock.acquire(directory):
                _restore(file, database)
        except AlreadyLocked:
            raise StoreError(f"{directory}: a server uses it; stop it first") from None
    return EXIT_OK


def _restore(file: Path, database: Path) -> None:
    now = dt.datetime.now(dt.UTC).astimezone()
    kept_name = f"{database.stem}-until-{now:%Y%m%d-%H%M%S}{database.suffix}"
    restored = restore(file, database, kept_name)
    write_seal(database.with_name(SEAL), restored.standing)
    kept = f"what was there is kept as {restored.kept}" if restored.kept else "there was none before"
    print(f"{database}: restored {restored.standing.entries} entries, with a new log id; {kept}", flush=True)


def _check(file: Path | None, database: Path) -> int:
    """Print the faults of a log, or that there are none."""
    path = file or database
    opened = open_existing(database, PATIENCE_S) if file is None else open_unchanged(path, PATIENCE_S)
    with contextlib.closing(opened) as connection:
        faults = find_faults(connection)
        for fault in faults:
            print(f"{path}: {fault}")
        if len(faults) >= MOST_FAULTS:
            print(f"{path}: there may be more")
        if not faults:
            print(f"{path}: {read_standing(connection).entries} entries, no fault")
    return EXIT_FAULTS if faults else EXIT_OK
