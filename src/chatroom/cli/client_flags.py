"""The flags of `chatroom`: which there are, and what each may be.

A wrong one ends the program with one line on standard error and exit code 2. What the flags do is in
`client.py`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from chatroom.cli.version_flag import VersionFlag
from chatroom.client.headless.tailing import LAST, Since
from chatroom.client.session.intake import is_handle
from chatroom.config.errors import printable, quoted
from chatroom.net import address
from chatroom.net.address import JoinAddress
from chatroom.protocol.codes import normalise_code
from chatroom.protocol.limits import HANDLE_CHARS, LOG_ID_BYTES, SEQ_MAX
from chatroom.protocol.names import fold_handle, fold_room_name, room_name_fault

TIMEOUT_S: Final = 60.0
"""How long a script waits without any progress where it does not say."""

COMMANDS: Final = ("send", "tail", "trust", "link")
"""What the first argument may be instead of a join string."""

_EPILOG: Final = f"""\
commands (each has its own --help):
  chatroom send ROOM [TEXT ...]   post messages; ends when they are stored
  chatroom tail ROOM              show the entries of a room, the last {LAST} first
  chatroom trust                  list the known servers, or replace the key of one
  chatroom link JOIN CODE         let this device into your account; /link on another one shows the code
"""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """End the program with exit code 2."""
        print(f"{self.prog}: {printable(message, 200)}", file=sys.stderr)
        sys.exit(2)


class MixedParser(OneLineParser):
    """A parser of `options` and positional arguments, in any order; what comes after `--` is no option.

    argparse by itself gives TEXT what stands beside ROOM, nothing too, and refuses what follows an option.
    """

    def __init__(self, options: OneLineParser, description: str) -> None:
        super().__init__(prog=options.prog, description=description, parents=[options])
        self._options_alone = options

    def parse_mixed(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Return the flags; what is wrong ends the program with exit code 2."""
        end = arguments.index("--") if "--" in arguments else len(arguments)
        flags, others = self._options_alone.parse_known_args(arguments[:end])
        return self.parse_args([*others, *arguments[end:]], flags)


def screen_parser() -> argparse.ArgumentParser:
    """Return the parser of `chatroom` without a command: the full-screen client."""
    parser = OneLineParser(
        prog="chatroom",
        description="Chat, in the whole of the terminal.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "join", metavar="JOIN", nargs="?", type=_join, help="server, as it prints it: host:port#pin"
    )
    _add_who(parser)
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    parser.add_argument("--version", action=VersionFlag)
    return parser


def send_parser() -> MixedParser:
    """Return the parser of `chatroom send`."""
    options = OneLineParser(prog="chatroom send", add_help=False)
    _add_target(options)
    options.add_argument("--lines", action="store_true", help="standard input, each line a message")
    parser = MixedParser(options, "Post messages, and print ROOM SEQ for each when the server has stored it.")
    parser.add_argument("room", metavar="ROOM", type=_room, help="lobby, #lobby or @bob")
    parser.add_argument("text", metavar="TEXT", nargs="*", help="the message; none: standard input, as one")
    return parser


def tail_parser() -> MixedParser:
    """Return the parser of `chatroom tail`."""
    options = OneLineParser(prog="chatroom tail", add_help=False)
    _add_target(options)
    options.add_argument("--json", action="store_true", help="one JSON object a line")
    options.add_argument(
        "--since",
        metavar="[LOG:]SEQ",
        type=_since,
        help=f"entries after this seq; 0: all of them (default: the last {LAST}). LOG, from a line of --json:"
        " refuse it where the server was restored and has another log",
    )
    options.add_argument("--limit", metavar="N", type=_number(1, SEQ_MAX), help="end after so many entries")
    options.add_argument("--no-follow", action="store_true", help="end at the last entry there is")
    parser = MixedParser(options, "Show the entries of a room, and what comes.")
    parser.add_argument("room", metavar="ROOM", type=_room, help="lobby, #lobby or @bob")
    return parser


def trust_parser() -> argparse.ArgumentParser:
    """Return the parser of `chatroom trust`."""
    parser = OneLineParser(
        prog="chatroom trust", description="List the known servers, or change what is known of one."
    )
    parser.add_argument("--data-dir", metavar="DIR", type=Path, help="where keys and known servers are")
    change = parser.add_mutually_exclusive_group()
    change.add_argument(
        "--replace",
        metavar="JOIN",
        type=_tls_join,
        help="trust the key that host:port#pin names, or that host:port shows now",
    )
    change.add_argument("--forget", metavar="JOIN", type=_tls_join, help="know host:port no longer")
    return parser


def link_parser() -> MixedParser:
    """Return the parser of `chatroom link`."""
    options = OneLineParser(prog="chatroom link", add_help=False)
    _add_where(options)
    _add_timeout(options)
    parser = MixedParser(
        options, "Let this device into your account, with the code that /link shows on another device."
    )
    parser.add_argument("join", metavar="JOIN", type=_join, help="server, as it prints it: host:port#pin")
    parser.add_argument("code", metavar="CODE", type=_code, help="the code that /link shows")
    return parser


def _add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings (default: client.toml)")
    parser.add_argument("--data-dir", metavar="DIR", type=Path, help="where keys and known servers are")
    parser.add_argument("--accept-new", action="store_true", help="trust an unknown server without asking")


def _add_who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--handle", metavar="H", type=_handle, help="who you are")
    _add_where(parser)
    parser.add_argument("--password-file", metavar="FILE", type=Path, help="the server's password")
    parser.add_argument("--invite", metavar="CODE", type=_code, help="the code that lets a new account in")


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="JOIN", type=_join, help="server (default: the one you were on last)")
    _add_who(parser)
    _add_timeout(parser)


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=_seconds,
        default=TIMEOUT_S,
        help=f"give up after so many seconds without progress (default: {TIMEOUT_S:g})",
    )


# -- what an argument may be -------------------------------------------------------------------------------


def _join(text: str) -> JoinAddress:
    try:
        return address.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a join string: {error}") from None


def _tls_join(text: str) -> JoinAddress:
    join = _join(text)
    if not join.tls:
        raise argparse.ArgumentTypeError("a server without TLS has no key to be known by")
    return join


def _handle(text: str) -> str:
    handle = fold_handle(text)
    if not is_handle(handle):
        rule = f"2 to {HANDLE_CHARS} of a-z 0-9 _ -, the first a letter"
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a handle: {rule}")
    return handle


def _room(text: str) -> str:
    if text.startswith("@"):
        return f"@{_handle(text)}"
    name = fold_room_name(text)
    fault = room_name_fault(name)
    if fault is not None:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a room: {fault}; @HANDLE is a direct one")
    return name


def _code(text: str) -> str:
    try:
        return normalise_code(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a code: {error}") from None


def _number(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 20 and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{quoted(text)} is not a number from {least} to {most}")
        return int(text)

    return number


def _since(text: str) -> Since:
    log, colon, seq = text.rpartition(":")
    number = _number(0, SEQ_MAX)(seq)
    if not colon:
        return Since(number)
    if len(log) != 2 * LOG_ID_BYTES or not set(log.lower()) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"{quoted(log)} is not the log of a line of --json")
    return Since(number, bytes.fromhex(log))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a number of seconds")
    return seconds
