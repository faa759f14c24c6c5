"""When stored messages are made searchable: in moments in which the server has nothing better to do.

Indexing a message costs as much as delivering it to ten members, so it waits until no packet came for a
while; under load that never ends it still goes on, a little at a time. Read next: `store/search.py`.
"""

import logging
from typing import Final

from chatroom.net.loop import Loop, Timer
from chatroom.server.hub.ports import Log, StorageError

logger: Final = logging.getLogger("chatroom.server")

QUIET_S: Final = 0.1
"""Silence after which the server counts as idle."""

IDLE_SLICE_S: Final = 0.005
"""Time spent at once when idle: a message that comes in the meantime waits no longer than that."""

LOOK_EVERY_S: Final = 0.25
"""So often it is looked whether the server is idle, while there is something to index."""

BUSY_SLICE_S: Final = 0.002
BUSY_EVERY_S: Final = 1.0
"""Under load: a third of one per cent of the time, 64 messages a second (`SqliteLog.index` takes so many at
least). Four times as much was 1.3 % of what the server did in `chat`, and still far behind 1,200 messages a
second.
"""

RETRY_S: Final = 10.0
"""After an error of the disk."""


class Indexing:
    """Runs `Log.index` in slices, by timers; `busy` says that packets were handled."""

    def __init__(self, loop: Loop, log: Log) -> None:
        self._loop = loop
        self._log = log
        self._busy_at = self._worked_at = loop.now()
        self._timer: Timer | None = loop.call_later(QUIET_S, self._run)

    def busy(self, now: float) -> None:
        """Packets came in, in a pass that began then: there may be something to index, but not now."""
        self._busy_at = now
        if self._timer is None:
            self._timer = self._loop.call_later(LOOK_EVERY_S, self._run)

    def look(self) -> None:
        """To be called once a second: a log to which nothing is added looks after its files, too."""
        if self._timer is None:
            self._run()

    def stop(self) -> None:
        """Run no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _run(self) -> None:
        now = self._loop.now()
        is_idle = now - self._busy_at >= QUIET_S
        if not is_idle and now < self._worked_at + BUSY_EVERY_S:
            self._timer = self._loop.call_later(LOOK_EVERY_S, self._run)
            return
        self._worked_at = now
        self._timer = self._loop.call_later(RETRY_S, self._run)  # whatever goes wrong now
        try:
            has_more = self._log.index(IDLE_SLICE_S if is_idle else BUSY_SLICE_S)
        except StorageError as error:
            logger.warning("the log cannot be looked after at the moment: %s", error)
            return
        self._timer.cancel()
        if has_more:
            self._timer = self._loop.call_later(0.0 if is_idle else LOOK_EVERY_S, self._run)
        else:
            self._timer = None
