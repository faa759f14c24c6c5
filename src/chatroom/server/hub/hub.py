"""The hub: the chat itself, one pass at a time, without sockets, clock or SQL.

Whoever owns the connections calls, pass by pass: `begin_pass`, `receive` for each packet, `commit`, `decide`
for each decided proposal, `reload` where it `is_behind`, `write`, and then ends the connections in
`take_closing`. Read next: `context.py`, `requests/table.py`, `delivery.py`.
"""

import secrets
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final, assert_never

from chatroom.protocol.codes import SECRET_BYTES, hash_code, make_code
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.limits import TIME_MAX, VERSION
from chatroom.protocol.packets import Hello, Ping, Request, Role
from chatroom.protocol.requests import Incoming
from chatroom.server.hub import presence
from chatroom.server.hub.context import NOT_NOW, Context, HubSettings, Proposal
from chatroom.server.hub.delivery import Delivery, broadcast_in_python
from chatroom.server.hub.fold import fold, fold_change, fold_posts
from chatroom.server.hub.permissions import may
from chatroom.server.hub.plain_posts import CommittedPosts
from chatroom.server.hub.ports import (
    AddCode,
    AddRoom,
    Broadcast,
    Change,
    Committed,
    Failed,
    Link,
    Log,
    Outcome,
    RandomBytes,
    Repeated,
    Several,
    SingleOutcome,
    Verify,
)
from chatroom.server.hub.records import CodeKind
from chatroom.server.hub.reloading import take_from_log
from chatroom.server.hub.requests.login import MIN_VERSION
from chatroom.server.hub.requests.rooms import add_committed_room
from chatroom.server.hub.requests.table import ROWS
from chatroom.server.hub.silence import Silence
from chatroom.server.hub.state import Peer, Room, Stage, State

RESTART_MS: Final = 2_000
"""What a stopping server tells its clients to wait before they come back; they add their own jitter."""

RELOAD_S: Final = 1.0
"""After so long it is tried again to take the state from the log, which takes 0.2 s for 10,000 rooms of five
members: before those come back who were refused meanwhile (`RETRY_MS`).
"""

STRANGER_PAUSE_S: Final = 1.0
"""How long a peer that has not logged in is left unread after a heartbeat: it has no account to charge."""


class Hub:
    """All rooms of one server. Not thread-safe; nothing in it blocks but the log."""

    def __init__(
        self,
        settings: HubSettings,
        log: Log,
        verify: Verify,
        random_bytes: RandomBytes = secrets.token_bytes,
        broadcast: Broadcast = broadcast_in_python,
    ) -> None:
        snapshot = log.load()
        state = State(snapshot, settings.posts_per_s, settings.post_burst)
        self._context = Context(settings, state, log, verify, random_bytes, Delivery(log, broadcast))
        self.closing: Sequence[Peer] = self._context.closing
        """Whose connections are to be ended (`take_closing`)."""
        self._has_owner_code = snapshot.has_owner_code
        self._submitted: list[Proposal] = []
        self._ignores_outcomes = False
        """Whether the log has, or may have, outcomes of what was given up."""
        self.is_behind = False
        """Whether the state is to be taken from the log anew (`reload`). Until then nothing is submitted."""
        self._reload_at = inf
        """When it is tried next, where it `is_behind`."""
        self._half_applied: list[Change] = []
        """What was decided, and applied in part at most."""
        self._stale: list[Proposal] = []
        """What was judged by a state that was not as the log has it, and is to be refused."""
        self._strangers: dict[Peer, None] = {}
        self._silence = Silence(settings.ping_s, settings.gone_s)
        self._presence_told_at = 0.0

    @property
    def state(self) -> State:
        """What there is, to look at."""
        return self._context.state

    @property
    def posts(self) -> int:
        """How many messages this pass has heard so far, with what their mentions count."""
        return self._context.posts

    def wait_s(self, now: float) -> float | None:
        """Return in how many seconds the next pass is due although nothing comes in; 0: there is something to
        do at once, None: whenever.
        """
        context = self._context
        if context.proposals or self._stale or context.closing or context.delivery.has_work:
            return 0.0
        if not context.presence_changed:
            return None
        return max(0.0, self._presence_told_at + presence.FLUSH_S - now)

    def make_listed_rooms(self, now_ms: int) -> None:
        """Make the public rooms of the settings that do not exist yet; they belong to nobody."""
        context = self._context
        missing = [name for name in context.settings.rooms if name not in context.state.by_name]
        changes = [AddRoom(name, RoomKind.PUBLIC, ()) for name in missing]
        context.log.submit(changes, now_ms)
        for change, outcome in zip(changes, context.log.outcomes(), strict=True):
            if isinstance(outcome, Committed):
                add_committed_room(context, change, outcome)

    def make_owner_code(self, now_ms: int) -> str:
        """Return a code with which the first owner claims the role; empty where there is an owner, or a code
        was made before and not used yet (it is not known here any more), or none can be stored.
        """
        context = self._context
        is_owned = any(account.role is Role.OWNER for account in context.state.accounts.values())
        if is_owned or self._has_owner_code:
            return ""
        code = make_code(context.random_bytes(SECRET_BYTES))
        change = AddCode(hash_code(code), CodeKind.OWNER, Role.OWNER, 0, TIME_MAX)
        context.log.submit([change], now_ms)
        return code if all(isinstance(outcome, Committed) for outcome in context.log.outcomes()) else ""

    # -- connections ---------------------------------------------------------------------------------------

    def connect(
        self, link: Link, address: str, key_hash: bytes, challenge: bytes, opened_at: float | None = None
    ) -> Peer:
        """Greet a new connection.

        `challenge` is fresh and random, `key_hash` names the key our end showed it, `opened_at` is when it
        was accepted (the time to log in runs from there; None: now).
        """
        context = self._context
        peer = Peer(link, address, key_hash, challenge, context.now if opened_at is None else opened_at)
        self._strangers[peer] = None
        hello = Hello(
            version=VERSION,
            min_version=MIN_VERSION,
            server_name=context.settings.server_name,
            challenge=challenge,
            log_id=context.log.log_id,
            admission=context.settings.admission,
            password=bool(context.settings.password),
        )
        context.say(peer, hello)
        return peer

    def disconnect(self, peer: Peer) -> None:
        """The connection is gone; its link is not used again."""
        self._strangers.pop(peer, None)
        self._silence.forget(peer)
        self._context.delivery.forget(peer)
        peer.stage = Stage.CLOSING
        account = peer.account
        if account is not None and account.peers.pop(peer, True) is None:
            self._context.presence_changed[account] = None

    def writable(self, peer: Peer) -> None:
        """Everything given to the peer's link went out."""
        self._context.delivery.writable(peer)
        if peer.missed_presence:
            presence.catch_up(self._context, peer)

    def take_closing(self) -> list[Peer]:
        """Return the peers whose connections are to be ended now, after what was written to them."""
        closing = self._context.closing.copy()
        self._context.closing.clear()
        return closing

    def close(self, peer: Peer, code: ErrorCode, text: str) -> None:
        """Say `Closing` to a peer that broke the protocol, or whose handling failed, and have it ended."""
        self._context.close(peer, code, text)

    def close_all(self, text: str) -> None:
        """Tell every peer that the server stops."""
        for peer in [*self._strangers, *self._silence]:
            self._context.close(peer, ErrorCode.SHUTDOWN, text, RESTART_MS)

    # -- the steps of a pass -------------------------------------------------------------------------------

    def begin_pass(self, now: float, now_ms: int) -> None:
        """Set the time of this pass: monotonic seconds, and milliseconds since 1970."""
        self._context.now = now
        self._context.now_ms = now_ms
        self._context.posts = 0

    def receive(self, peer: Peer, packet: Incoming) -> int:
        """Think about what a peer sent (None: what may be ignored); return its effort (`requests/table.py`).

        Raises ProtocolError when the peer may not send it now.
        """
        context = self._context
        peer.heard_at = now = context.now
        row = ROWS[type(packet)]
        if peer.stage is not row.stage and row.stage is not None:
            if peer.stage is not Stage.CLOSING:
                raise ProtocolError(ErrorCode.BAD_ORDER, f"{row.name} does not belong here")
            return row.effort
        account = peer.account
        if account is not None:
            peer.paused_until = now + account.bucket.take(row.cost, now)
            if row.act is not None and (account.muted_until or not may(account.role, row.act)):
                assert isinstance(packet, Request)
                if not context.allows(peer, packet, account, row.act):
                    return row.effort
        elif row.stage is None:
            peer.paused_until = now + STRANGER_PAUSE_S
        row.handler(context, peer, packet)
        return row.effort if row.weigh is None else row.effort + row.weigh(context, peer, packet)

    def commit(self) -> list[tuple[Proposal, Outcome]]:
        """Submit what was proposed and return what the log has decided, in order, each to be given to
        `decide`.
        """
        context = self._context
        if self._ignores_outcomes:
            context.log.outcomes()
            self._ignores_outcomes = False
        if self.is_behind:
            self._set_aside()
        if context.proposals:
            context.log.submit([proposal.change for proposal in context.proposals], context.now_ms)
            self._submitted.extend(context.proposals)
            context.proposals.clear()
        outcomes = context.log.outcomes()
        assert len(outcomes) <= len(self._submitted), "the log told of what nobody proposed"
        # By place: `zip` with its keyword is 6 us of the 780 of a pass in `busy`.
        decided = [(self._submitted[place], outcome) for place, outcome in enumerate(outcomes)]
        if self._stale:
            decided += [(proposal, NOT_NOW) for proposal in self._stale]
        del self._submitted[: len(outcomes)]  # some may follow later
        self._stale.clear()
        return decided

    def _set_aside(self) -> None:
        """What was proposed so far is not submitted: it is refused with the next outcomes."""
        self._stale += self._context.proposals
        self._context.proposals.clear()

    def give_up_proposals(self) -> Iterator[Peer]:
        """The log failed beyond what it can say: nobody knows what became of what was proposed.

        Each turn gives up one proposal and yields who asked, to be closed: it comes back, and asks again
        where it matters. To be gone through to the end.
        """
        self._lose_track()
        self._ignores_outcomes = True
        for proposals in (self._submitted, self._stale, self._context.proposals):
            while proposals:
                proposal = proposals.pop()
                proposal.peer.awaits -= proposal.is_awaited
                yield proposal.peer

    def decide(self, proposal: Proposal, outcome: Outcome) -> None:
        """Apply one decided proposal: first to the state and to what is to be sent, then answer who asked."""
        try:
            context, peer = self._context, proposal.peer
            peer.awaits -= proposal.is_awaited
            match outcome:
                case CommittedPosts():
                    room = context.state.rooms.get(outcome.room)
                    if room is not None:
                        if outcome.seq > room.head:  # with count 0: those before it were not applied
                            self._add_entries(room, outcome.seq, outcome.frames, outcome.count)
                            fold_posts(room, outcome)
                        if room in peer.live:
                            return  # the entries are the answer
                case Several():
                    for single in outcome.outcomes:
                        self._apply(proposal, single)
                case _:
                    self._apply(proposal, outcome)
            proposal.decided(outcome)
        except BaseException:
            self._lose_track()
            self._half_applied.append(proposal.change)
            raise

    def _lose_track(self) -> None:
        """Something may be stored that the state lacks: it is taken from the log anew (`reload`)."""
        if not self.is_behind:
            self._reload_at = -inf
            self.is_behind = True

    def reload(self) -> None:
        """Take the state from the log anew, if that is due. Raises StorageError where it cannot be read: it
        is due again a while later.
        """
        if self._context.now < self._reload_at:
            return
        self._reload_at = self._context.now + RELOAD_S
        take_from_log(self._context, self._half_applied)
        self._half_applied.clear()
        self._context.misled.clear()
        self._set_aside()
        self.is_behind = False

    def _apply(self, proposal: Proposal, outcome: SingleOutcome) -> None:
        """Apply what was committed, now or before, to the state and to what is to be sent."""
        state = self._context.state
        match outcome:
            case Committed():
                if outcome.number or not outcome.entries:
                    fold_change(state, proposal.change, outcome)
                for logged in outcome.entries:
                    room = state.rooms.get(logged.room)
                    if room is not None and logged.seq > room.head:
                        self._add_entries(room, logged.seq, logged.frame, 1)
                        fold(state, room, logged)
            case Repeated():
                room = state.rooms.get(outcome.room)
                if room is not None and outcome.seq > room.head:
                    self._lose_track()
            case Failed():
                pass
            case _:
                assert_never(outcome)

    def _add_entries(self, room: Room, seq: int, frames: bytes, count: int) -> None:
        """As `Delivery.add_entries`; where the log has some before them, it did not tell."""
        if seq > room.head + 1:
            self._lose_track()
            self._context.delivery.skip_to(room, seq - 1)
        self._context.delivery.add_entries(room, frames, count)

    def write(self) -> None:
        """Send everything that can be sent now."""
        context = self._context
        if context.presence_changed and context.now - self._presence_told_at >= presence.FLUSH_S:
            self._presence_told_at = context.now
            presence.tell_changes(context)
        context.delivery.write()

    # -- time ----------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Do what is due by time; call it about once a second, within a pass."""
        context, settings = self._context, self._context.settings
        context.delivery.retry_reads()
        for peer in list(self._strangers):
            if peer.stage is Stage.READY:
                del self._strangers[peer]
                self._silence.watch(peer)
            elif context.now - peer.opened_at >= settings.login_s:
                context.close(peer, ErrorCode.TOO_SLOW, f"no login within {settings.login_s:g} seconds")
        for peer in self._silence.gone(context.now):
            context.close(peer, ErrorCode.TOO_SLOW, f"nothing heard for {settings.gone_s:g} seconds")
        context.announce(self._silence.to_ping(context.now), Ping(0))
