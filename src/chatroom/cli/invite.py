"""The command `chatroom-server invite`: one-time codes for new accounts.

It adds them to the log beside a server that may be running, over a connection of its own, and prints them
once; only their hashes are kept. Read next: `server.py`.
"""

import argparse
import secrets
import sys
import time
from pathlib import Path
from typing import Final

from chatroom.cli.upkeep import Commands, add_places
from chatroom.protocol.codes import SECRET_BYTES, hash_code, make_code
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddCode
from chatroom.server.hub.records import CodeKind
from chatroom.server.store.codes import store_codes

MOST: Final = 1_000
"""Codes made at once: a running server waits for the one transaction they are stored in, some 10 ms."""

ROLES: Final = {"member": Role.MEMBER, "moderator": Role.MODERATOR, "owner": Role.OWNER}


def add_invite_command(commands: Commands) -> None:
    """Let the command line of the server know `invite`."""
    command = commands.add_parser(
        "invite",
        help="print codes for new accounts, also while the server runs",
        description="Print one-time codes for new accounts, one a line: chatroom JOIN --invite CODE.",
    )
    add_places(command)
    command.add_argument("--count", metavar="N", type=_count, default=1, help="how many (default: 1)")
    command.add_argument("--role", choices=ROLES, default="member", help="role of the new accounts")


def invite(database: Path, count: int, role: str, registration: str) -> None:
    """Store and print that many codes. Raises StoreError, and then none was printed."""
    codes = [make_code(secrets.token_bytes(SECRET_BYTES)) for _ in range(count)]
    changes = [AddCode(hash_code(code), CodeKind.INVITE, ROLES[role], 0, TIME_MAX) for code in codes]
    store_codes(database, changes, time.time_ns() // 1_000_000)
    print("\n".join(codes), flush=True)
    if registration == "closed":
        print("registration is closed: these codes are of no use until it is not", file=sys.stderr)


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) else 0
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST}")
    return number
