"""The flag `--version`, which finds out the version only when it is asked for.

Read next: `chatroom/__init__.py`.
"""

import argparse
from collections.abc import Sequence

import chatroom


class VersionFlag(argparse.Action):
    """Prints the program's name and version, and ends it: `add_argument("--version", action=VersionFlag)`."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show program's version number and exit")

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Print it, and exit with 0."""
        print(f"{parser.prog} {chatroom.__version__}")
        parser.exit()
