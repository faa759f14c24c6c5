"""What the screen remembers between two runs: drafts, the last room, who is hidden, the numbers of the rooms
and which were put away, per handle and server, in the state file.

A failure to write costs comfort and no message, so it is logged and no more. Next: `chatroom.config.state`.
"""

import logging
from pathlib import Path

import msgspec

from chatroom.client.viewmodel.settings import ScreenMemory
from chatroom.config.state import ClientState, ServerState, load_state, save_state
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
        self._state: ClientState | None = None
        self._stamp: tuple[int, int] | None = None

    def load(self) -> ScreenMemory:
        """Return what was kept; nothing the first time."""
        kept = self._load().servers.get(self._name, ServerState())
        return ScreenMemory(
            drafts=dict(kept.drafts),
            last_room=kept.room,
            ignored=tuple(kept.ignored),
            numbers=dict(kept.numbers),
            put_away=dict(kept.put_away),
        )

    def save(self, memory: ScreenMemory) -> None:
        """Keep `memory`, and who was where last. Nothing is written when it is what was kept before."""
        if memory == self._kept:
            return
        state = self._load()
        fresh = msgspec.structs.replace(
            state,
            handle=self._handle,
            server=str(self._join),
            servers={
                **state.servers,
                self._name: ServerState(
                    room=memory.last_room,
                    drafts=memory.drafts,
                    ignored=tuple(memory.ignored),
                    numbers=memory.numbers,
                    put_away=memory.put_away,
                ),
            },
        )
        try:
            if fresh != state:
                save_state(self._path, fresh)
                self._state, self._stamp = fresh, self._stamp_now()
            self._kept = memory
        except OSError as error:
            _LOG.warning("what the screen should remember cannot be written: %s", error)

    def _load(self) -> ClientState:
        """Return the state on disk. It is only read when another client of this person wrote meanwhile."""
        stamp = self._stamp_now()
        if self._state is None or stamp is None or stamp != self._stamp:
            self._state, self._stamp = load_state(self._path), stamp
        return self._state

    def _stamp_now(self) -> tuple[int, int] | None:
        """Return what changes when the file is replaced; None where there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino
