"""What a request handler works with: the state, the log, the way to propose changes and to answer.

A handler checks a request and either answers it or proposes a change, saying what is to happen once the log
has decided. It never changes the state of rooms and accounts: that is done when the change is committed.
Read next: `requests/table.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil
from typing import Final

from chatroom.protocol.codec import encode
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TEXT_BYTES
from chatroom.protocol.packets import Closing, Done, Packet, Refused, Request, RoomGone, RoomInfo, RoomState
from chatroom.server.hub.delivery import Delivery
from chatroom.server.hub.origins import is_loopback
from chatroom.server.hub.permissions import Act, may
from chatroom.server.hub.ports import (
    BarAddress,
    Change,
    Failed,
    Log,
    Outcome,
    RandomBytes,
    StorageError,
    Unread,
    Verify,
)
from chatroom.server.hub.state import Account, Peer, Room, Stage, State
from chatroom.server.hub.throttle import Throttle
from chatroom.server.hub.wording import try_again, until

RETRY_MS = 2_000
"""When to try again after the log could not store: soon enough to notice that it can again."""

NEWCOMERS = 300
NEWCOMER_EVERY_S = 5.0
"""New accounts from one origin: a lecture hall at once, then one each five seconds. Loopback is free."""

BAD_SIGNATURES = 30
BAD_SIGNATURE_EVERY_S = 1.0
"""Logins with a wrong signature from one origin that are told so: a broken client, not a guess."""

LOGINS = 40
LOGIN_EVERY_S = 0.5
MANY_ROOMS = 100
"""Logins of one account with so many rooms: one takes 4 ms or more."""

NEW_ROOMS = 20
NEW_ROOM_EVERY_S = 60.0
"""Rooms that one account makes: rooms are for ever."""

NOT_NOW = Failed(ErrorCode.STORAGE, "the server cannot read its log now")

NOT_A_MEMBER = Failed(ErrorCode.NOT_A_MEMBER, "you are not a member of this room")


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What the operator decides about the chat itself; `rooms` are public, made at start, joined by new
    accounts.

    `rooms_per_account` counts rooms with a name. An account opens at most `direct_rooms_opened` direct rooms,
    and others open none with one that has `direct_rooms_per_account`: nobody uses up what somebody else may.
    """

    server_name: str = "chatroom"
    rooms: tuple[str, ...] = ("lobby",)
    may_create_rooms: bool = True
    admission: str = "open"
    password: str = ""
    welcome: str = ""
    reserved_handles: frozenset[str] = frozenset()
    bars_addresses: bool = True
    posts_per_s: float = 20.0
    post_burst: float = 200.0
    text_bytes: int = TEXT_BYTES
    connections_per_account: int = 32
    rooms_per_account: int = 500
    direct_rooms_opened: int = 500
    direct_rooms_per_account: int = 1_000
    invitations_per_account: int = 50
    rooms_total: int = 10_000
    members_per_room: int = 10_000
    ping_s: float = 20.0
    gone_s: float = 58.0
    login_s: float = 9.0


Then = Callable[[Outcome], None]
"""What happens once a proposal was decided, after the state changed."""


class Proposal:
    """A change, the peer that asked for it, what follows, and whether the peer is heard only after that.

    No `msgspec.Struct`: one is made for each message, and what is compiled makes and reads its own classes at
    less cost. With the rows of the table of requests that was 10 us of the 780 of a pass in `busy`.
    """

    __slots__ = ("change", "is_awaited", "peer", "then")

    def __init__(
        self, change: Change, peer: Peer, then: Then | None = None, *, is_awaited: bool = False
    ) -> None:
        self.change: Final = change
        self.peer: Final = peer
        self.then: Final = then
        self.is_awaited: Final = is_awaited

    def decided(self, outcome: Outcome) -> None:
        """Let follow what follows."""
        if self.then is not None:
            self.then(outcome)


class Context:
    """The hub's tools, as its handlers see them."""

    def __init__(
        self,
        settings: HubSettings,
        state: State,
        log: Log,
        verify: Verify,
        random_bytes: RandomBytes,
        delivery: Delivery,
    ) -> None:
        self.settings = settings
        self.state = state
        self.log = log
        self.verify = verify
        self.random_bytes = random_bytes
        self.guesses = Throttle()
        """Wrong passwords and codes, by origin."""
        self.bad_signatures = Throttle(tries=BAD_SIGNATURES, every_s=BAD_SIGNATURE_EVERY_S)
        """Wrong signatures, by origin: nothing is guessed by them, so they use up no try of others there."""
        self.new_codes = Throttle()
        """Codes made, by handle."""
        self.newcomers = Throttle(tries=NEWCOMERS, every_s=NEWCOMER_EVERY_S)
        """New accounts, by origin."""
        self.logins = Throttle(tries=LOGINS, every_s=LOGIN_EVERY_S)
        """Logins to accounts with many rooms, by handle."""
        self.new_rooms = Throttle(tries=NEW_ROOMS, every_s=NEW_ROOM_EVERY_S)
        """Rooms made, by handle."""
        self.delivery = delivery
        self.proposals: list[Proposal] = []
        self.closing: list[Peer] = []
        self.presence_changed: dict[Account, None] = {}
        self.misled: set[Account] = set()
        """Of whom it is not known what they were told: they come in when it is (`reloading.py`)."""
        self.now = 0.0
        """Monotonic seconds at the beginning of this pass."""
        self.now_ms = 0
        """Milliseconds since 1970 at the beginning of this pass."""
        self.posts = 0
        """How many messages were heard in it, with what their mentions count."""

    # -- proposing -----------------------------------------------------------------------------------------

    def propose(
        self, change: Change, peer: Peer, then: Then | None = None, *, is_awaited: bool = True
    ) -> None:
        """Have `change` committed with this pass; `then` is called when the log has decided.

        The peer is not heard further before that, because what it asks next is judged by what is so then;
        `is_awaited` is False where no later request of it depends on the change.
        """
        self.proposals.append(Proposal(change, peer, then, is_awaited=is_awaited))
        if is_awaited:
            peer.awaits += 1

    def bar(self, account: Account, origin: str, peer: Peer) -> None:
        """Have new accounts from there share what stands against this one, in the name of a peer that asked
        for it, or comes from there. The server's own machine is everybody's.
        """
        if self.settings.bars_addresses and not is_loopback(origin):
            self.propose(BarAddress(account.number, origin), peer, is_awaited=False)

    # -- answering -----------------------------------------------------------------------------------------

    def say(self, peer: Peer, packet: Packet) -> None:
        """Send one packet to one peer at the end of the pass."""
        if peer.stage is not Stage.CLOSING:
            self.delivery.say(peer, encode(packet))

    def tell(self, account: Account, packet: Packet, but: Peer | None = None) -> None:
        """Send one packet to all connections of an account, except `but`."""
        self.announce((peer for peer in account.peers if peer is not but), packet)

    def announce(self, peers: Iterable[Peer], packet: Packet) -> None:
        """Send one packet, encoded once, to several peers."""
        frame = encode(packet)
        for peer in peers:
            if peer.stage is not Stage.CLOSING:
                self.delivery.say(peer, frame)

    def tell_of(self, account: Account, room: Room, packet: RoomState) -> None:
        """Send the account's connections what a room it is no member of is to it now."""
        frame = encode(packet)
        for peer in account.peers:
            if peer.stage is not Stage.CLOSING:
                self.delivery.say_of(peer, room, frame)

    def end_room(self, account: Account, room: Room, packet: RoomGone) -> None:
        """Send the account's connections nothing of the room beyond its head of now, and tell them so."""
        frame = encode(packet)
        for peer in account.peers:
            if peer.stage is not Stage.CLOSING:
                self.delivery.end(peer, room, frame)

    def refuse(self, peer: Peer, request: Request, code: ErrorCode, text: str, wait_s: float = 0) -> None:
        """Answer a request that did nothing, and may be sent again after `wait_s`."""
        retry_ms = RETRY_MS if code is ErrorCode.STORAGE else ceil(wait_s * 1_000)
        self.say(peer, Refused(request.id, code, text, retry_ms))

    def act_fault(self, account: Account, act: Act) -> Failed | None:
        """Return why the account may not do this now, or None."""
        if account.is_muted(self.now_ms):
            return Failed(ErrorCode.NOT_ALLOWED, f"you are muted{until(account.muted_until)}")
        if not may(account.role, act):
            return Failed(ErrorCode.NOT_ALLOWED, f"you may not {act.value} here")
        return None

    def allows(self, peer: Peer, request: Request, account: Account, act: Act) -> bool:
        """Whether the account may do this now; if not, the asker was told."""
        fault = self.act_fault(account, act)
        if fault is not None:
            self.refuse(peer, request, fault.code, fault.text)
        return fault is None

    def refused(self, peer: Peer, request: Request, outcome: Outcome) -> bool:
        """Whether the outcome is a failure; if so, the asker was told."""
        if not isinstance(outcome, Failed):
            return False
        self.refuse(peer, request, outcome.code, outcome.text)
        return True

    def finish(self, peer: Peer, request: Request, outcome: Outcome) -> None:
        """Answer a request that has nothing more to tell than whether it was carried out."""
        if not self.refused(peer, request, outcome):
            self.say(peer, Done(request.id))

    def close(self, peer: Peer, code: ErrorCode, text: str, retry_ms: int = 0) -> None:
        """Say why, and when to come back, and end the connection at the end of the pass."""
        if peer.stage is not Stage.CLOSING:
            if code is ErrorCode.STORAGE:
                retry_ms = RETRY_MS
            self.closing.append(peer)  # whatever fails now, it is ended, and sent no more entries
            self.delivery.unfollow_all(peer)
            self.say(peer, Closing(code, text, retry_ms))
            peer.stage = Stage.CLOSING

    # -- guessing ------------------------------------------------------------------------------------------

    def turn_away(self, peer: Peer, tries: Throttle, code: ErrorCode, text: str) -> None:
        """Close a peer whose signature, password or code was wrong, at the cost of one of the tries."""
        if not self.is_tired(peer, tries):
            tries.take(peer.origin, self.now)
            self.close(peer, code, text)

    def is_tired(self, peer: Peer, tries: Throttle) -> bool:
        """Whether no try is left where the peer comes from; if so, it was closed for now."""
        wait_s = tries.wait_s(peer.origin, self.now)
        if wait_s > 0:
            self.close(peer, ErrorCode.TOO_MANY, try_again(wait_s), ceil(wait_s * 1_000))
        return wait_s > 0

    # -- looking up ----------------------------------------------------------------------------------------

    def joined_room(self, peer: Peer, request: Request, number: int) -> tuple[Account, Room] | None:
        """Return the peer's account and the room it is a member of, or refuse the request and return None.

        A room that does not exist and one the account does not belong to are answered alike.
        """
        account = peer.account
        room = account.rooms.get(number) if account else None
        if account is None or room is None:
            self.refuse(peer, request, NOT_A_MEMBER.code, NOT_A_MEMBER.text)
            return None
        return account, room

    def room_infos(self, account: Account, rooms: Iterable[Room]) -> list[RoomInfo]:
        """Return rooms as `account` sees them, with its read markers and unread counts."""
        listed = list(rooms)
        markers = self.markers(account, [room for room in listed if room.number in account.rooms])
        return [_room_info(account, room, markers.get(room.number)) for room in listed]

    def markers(self, account: Account, rooms: list[Room]) -> dict[int, Unread]:
        """Return the account's markers; none while the disk cannot be read: they are not worth a refusal."""
        try:
            return self.log.unread(account.number, {room.number: room.head for room in rooms})
        except StorageError:
            return {}


def _room_info(account: Account, room: Room, marker: Unread | None) -> RoomInfo:
    marker = marker or Unread(0, 0, 0)
    partner = room.partner_of(account)
    inviter = account.invitations.get(room)
    return RoomInfo(
        room=room.number,
        name=room.name,
        kind=room.kind,
        topic=room.topic,
        first=room.first,
        head=room.head,
        member_count=len(room.members),
        is_member=room.number in account.rooms,
        read=marker.read,
        unread=marker.unread,
        mentions=marker.mentions,
        partner=partner.handle if partner else "",
        invited_by=inviter.handle if inviter else "",
    )
