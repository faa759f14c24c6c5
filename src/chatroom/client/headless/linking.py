"""`chatroom link`: makes the key of this device one more of an account, by the code another device shows.

It ends as soon as the server has said whose device this is. Read next: `headless.py`, and `door.py` of the
session for what is said.
"""

from pathlib import Path

import msgspec

from chatroom.client.headless.headless import Exit, Headless
from chatroom.client.session.events import Event, Linked
from chatroom.client.session.rooms import RoomView
from chatroom.config.state import load_state, save_state
from chatroom.net.address import JoinAddress


class Linker:
    """The command `chatroom link`; `handle` is the account's, once it is known."""

    def __init__(self, headless: Headless) -> None:
        self.handle = ""
        self._headless = headless

    def begin(self, view: RoomView) -> None:
        """No room is ever reached."""

    def take(self, event: Event) -> None:
        """The server has told the handle: that is all."""
        if isinstance(event, Linked):
            self.handle = event.handle
            self._headless.finish(Exit.DONE)

    def settle(self) -> None:
        """Nothing waits for anything."""

    def overdue(self) -> str:
        """Say nothing more when time is up."""
        return ""


def remember(state: Path, handle: str, join: JoinAddress) -> None:
    """Let the programs of this device be `handle` at `join` from now on. Raises OSError."""
    known = load_state(state)
    save_state(state, msgspec.structs.replace(known, handle=handle, server=str(join)))
