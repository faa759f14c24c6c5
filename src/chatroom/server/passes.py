"""The pass under way: its time, and what was done in it so far.

A pass is begun by the first thing that happens in it and ended by `service.py`, so a wake-up for nothing
costs nothing. Read next: `reading.py`, which spends the effort.
"""

import time

from chatroom.net.loop import Loop
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.state import Account, Peer


class Pass:
    """One object for all passes, one after the other."""

    __slots__ = (
        "_debts",
        "_halved_at",
        "_hub",
        "_loop",
        "effort",
        "handshake_effort",
        "has_packets",
        "is_full",
        "is_on",
        "light_effort",
        "now",
        "spent",
    )

    def __init__(self, loop: Loop, hub: Hub) -> None:
        self._loop = loop
        self._hub = hub
        self.is_on = False
        """Whether one is under way. `service.py` ends it."""
        self.now = loop.now()
        """Monotonic seconds at its beginning."""
        self.is_full = False
        """Whether it has taken so many messages that nobody is heard further in it."""
        self.has_packets = False
        """Whether any packets were handled in it."""
        self.effort = 0
        """What was asked for in it, in tenths of a millisecond (`hub/requests/table.py`)."""
        self.spent: dict[Account | Peer, int] = {}
        """How much of that each account has asked for, over all its connections, or each stranger."""
        self.handshake_effort = 0
        """How much of that was for handshakes of TLS."""
        self.light_effort = 0
        """How much of that was for what is heard when there is no time for anything else."""
        self._debts: dict[Account, float] = {}
        """What each account asked for, in those before too, of which half is forgotten each second."""
        self._halved_at = self.now
        """When half of them was forgotten last."""

    def begin(self) -> None:
        """Begin one, unless one is under way."""
        if not self.is_on:
            self.is_on = True
            self.has_packets = self.is_full = False
            self.effort = self.handshake_effort = self.light_effort = 0
            self.spent.clear()
            self.now = self._loop.now()
            if self.now >= self._halved_at + 1:
                self._halved_at = self.now
                self._debts = {asker: debt / 2 for asker, debt in self._debts.items() if debt >= 2}
            self._hub.begin_pass(self.now, time.time_ns() // 1_000_000)

    def spend(self, asker: Account | Peer, effort: int, *, is_light: bool) -> None:
        """Note what was done for an account, or a stranger."""
        self.effort += effort
        if is_light:
            self.light_effort += effort
        self.spent[asker] = self.spent.get(asker, 0) + effort
        self.owe(asker, effort)

    def owe(self, asker: Account | Peer | None, effort: int) -> None:
        """Note what was done for an account, or is to be done, so that others are heard before it."""
        if isinstance(asker, Account):
            self._debts[asker] = self._debts.get(asker, 0) + effort

    def debt_of(self, asker: Account | Peer | None) -> float:
        """Return what an account owes, of which half is forgotten each second; 0 for strangers."""
        return self._debts.get(asker, 0) if isinstance(asker, Account) else 0
