"""What the screen remembers between two runs: drafts and the last room, per handle and server, in the state
file.

A failure to write costs comfort and no message, so it is logged and no more. Next: `chatroom.config.state`.
"""

import logging
from pathlib import Path

import msgspec

from chatroom.client.viewmodel.settings import ScreenMemory
from chatroom.config.state import ServerState, load_state, save_state
from chatroom.net.address import JoinAddress, format_address

_LOG = logging.getLogger(__name__)


class StoredMemory:
    """The memory of one handle on one server, in the file at `path`."""

    def __init__(self, path: Path, handle: str, join: JoinAddress) -> None:
        self._path = path
        self._handle = handle
        self._join = join
        self._name = f"{handle}@{format_address(join.host, join.port)}"
        self._kept: ScreenMemory | None = None

    def load(self) -> ScreenMemory:
        """Return what was kept; nothing the first time."""
        kept = load_state(self._path).servers.get(self._name, ServerState())
        return ScreenMemory(drafts=dict(kept.drafts), last_room=kept.room)

    def save(self, memory: ScreenMemory) -> None:
        """Keep `memory`, and who was where last. Nothing is written when it is what was kept before."""
        if memory == self._kept:
            return
        state = load_state(self._path)  # another client of this person may have written meanwhile
        servers = {**state.servers, self._name: ServerState(room=memory.last_room, drafts=memory.drafts)}
        fresh = msgspec.structs.replace(state, handle=self._handle, server=str(self._join), servers=servers)
        try:
            if fresh != state:
                save_state(self._path, fresh)
            self._kept = memory
        except OSError as error:
            _LOG.warning("what the screen should remember cannot be written: %s", error)
