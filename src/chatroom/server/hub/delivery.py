"""Delivery: the only place where cursors move and entries go out.

A peer that follows a room is either *live* there (it was sent everything the room sent so far, so that its
cursor is `Room.sent`) or it *lags* with a cursor of its own and is fed from the log. Live peers cost nothing
between passes: the new frames of a pass are joined once and every live peer gets the same buffer in one
send. A peer whose link does not take everything becomes a lagging one in all its rooms, and is fed again
when its link is writable: nothing is ever queued for it but the buffer that was under way. Read next:
`hub.py` for the passes.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from chatroom.server.hub.ports import Broadcast, Log, StorageError
from chatroom.server.hub.state import Peer, Room

BUFFER_BYTES: Final = 262_144
"""Most bytes handed to a link at once: what a stalled peer can cost beyond its cursor."""

FEED_BYTES: Final = 65_536
"""Bytes read from the log for one lagging peer and room in one go."""

FEED_ENTRIES: Final = 1_000
"""Entries read in one go: short ones are bounded by number, long ones by bytes."""

PASS_BYTES: Final = 2_097_152
"""Bytes fed to lagging peers in one pass, so that a hundred returning peers do not delay the live ones."""

TURN_BYTES: Final = 262_144
"""Bytes after which the next lagging peer has its turn, also of one that follows hundreds of rooms."""

READ_BYTES: Final = 4_096
"""What a reading of the log costs besides its bytes, in bytes: 20 us."""

Key = TypeVar("Key")

Fresh = tuple[bytes, int]
"""New entries of one room: their frames, joined, and how many they are."""

Helpings = dict[tuple[Room, int, int], tuple[bytes, int]]
"""What was read from the log in this pass, by room, cursor and end: who lags alike is read for once. No
bytes: it cannot be read.
"""


class Delivery:
    """Sends what is new to who is live, and what was missed to who lags."""

    def __init__(self, log: Log, broadcast: Broadcast) -> None:
        self._log = log
        self._push_to_all = broadcast
        self._fresh: dict[Room, list[Fresh]] = {}
        self._lagging: dict[Peer, None] = {}
        self._talking: dict[Peer, None] = {}
        self._unreadable: dict[Peer, set[Room]] = {}
        """What of a peer's rooms could not be read for it; it is not tried again before `retry_reads`."""

    @property
    def has_work(self) -> bool:
        """Whether `write` would send something now."""
        return bool(self._lagging or self._talking or self._fresh)

    # -- what is to go out ---------------------------------------------------------------------------------

    def add_entries(self, room: Room, frames: bytes, count: int) -> None:
        """So many new entries follow the last ones of the room; `frames` are theirs, joined."""
        fresh = self._fresh.get(room)  # compiled, setdefault with a new list raises a KeyError inside
        if fresh is None:
            fresh = self._fresh[room] = []
        fresh.append((frames, count))

    def skip_to(self, room: Room, seq: int) -> None:
        """The room has entries up to this one that are not at hand: who is live gets them from the log."""
        for peer in list(room.live):
            self._lagging[peer] = None
            peer.cursors[room] = room.sent
            peer.live.discard(room)
            del room.live[peer]
        self._fresh.pop(room, None)
        room.sent = seq

    def say(self, peer: Peer, frame: bytes) -> None:
        """A frame for one peer alone; it goes out before the entries of this pass."""
        peer.outbox.append(frame)
        peer.outbox_bytes += len(frame)
        self._talking[peer] = None

    def say_of(self, peer: Peer, room: Room, frame: bytes) -> None:
        """A frame for one peer about a room, behind the end of that room where it is still under way."""
        if room in peer.ends:
            last, farewell = peer.ends[room]
            peer.ends[room] = last, farewell + frame
        else:
            self.say(peer, frame)

    # -- cursors -------------------------------------------------------------------------------------------

    def follow(self, peer: Peer, room: Room, cursor: int) -> None:
        """Send `peer` everything after `cursor`, from now on."""
        self.unfollow(peer, room)
        peer.cursors[room] = cursor
        if not peer.is_stalled:
            self._lagging[peer] = None

    def unfollow(self, peer: Peer, room: Room) -> None:
        """Send nothing more of the room to `peer`."""
        peer.live.discard(room)
        room.live.pop(peer, None)
        peer.cursors.pop(room, None)
        peer.ends.pop(room, None)
        if peer in self._unreadable:
            self._unreadable[peer].discard(room)

    def end(self, peer: Peer, room: Room, farewell: bytes) -> None:
        """Send the room up to its head of now, the entry that says why included; then `farewell`. An end that
        is under way stays the end: what came after it is not for this peer.
        """
        if room in peer.ends or not peer.follows(room):
            self.say_of(peer, room, farewell)
            return
        with self._or_given_up(peer):
            self.follow(peer, room, room.sent if room in peer.live else peer.cursors[room])
            peer.ends[room] = room.head, farewell

    def go_on(self, peer: Peer, room: Room) -> None:
        """The end of the room that is still on its way to the peer is none any more."""
        peer.ends.pop(room, None)

    def unfollow_all(self, peer: Peer) -> None:
        """Send no more entries to `peer`; what was said to it still goes out."""
        for room in peer.live:
            room.live.pop(peer, None)
        peer.live.clear()
        peer.cursors.clear()
        peer.ends.clear()
        self._lagging.pop(peer, None)
        self._unreadable.pop(peer, None)

    def forget(self, peer: Peer) -> None:
        """The peer is gone."""
        self.unfollow_all(peer)
        self._talking.pop(peer, None)

    def writable(self, peer: Peer) -> None:
        """Everything handed to the link of `peer` went out: feed it again."""
        peer.is_stalled = False
        if peer.cursors:
            self._lagging[peer] = None

    def retry_reads(self) -> None:
        """Try again to read what could not be read."""
        for peer in self._unreadable:
            if not peer.is_stalled:
                self._lagging[peer] = None
        self._unreadable.clear()

    # -- the write step of a pass --------------------------------------------------------------------------

    def write(self) -> None:
        """Send what was said to single peers, then what is new, then what lagging peers missed."""
        while self._talking:
            peer = next(iter(self._talking))
            with self._or_given_up(peer):
                del self._talking[peer]
                data = b"".join(peer.outbox)
                peer.outbox.clear()
                peer.outbox_bytes = 0
                if not peer.link.send(data):
                    self._stall(peer)
        if self._fresh:
            for room, fresh in self._fresh.items():
                if len(fresh) == 1:
                    frames, count = fresh[0]
                    self._broadcast(room, fresh, frames, 1, count)
                while fresh:
                    self._broadcast(room, fresh, *_next_buffer(fresh))
            self._fresh.clear()
        if self._lagging:
            self._feed()

    def _broadcast(self, room: Room, fresh: list[Fresh], buffer: bytes, pieces: int, count: int) -> None:
        """Push one buffer, which is the first `pieces` of what is fresh, and `count` entries, to every live
        peer, and take them off; who did not take all of it is behind from here on.

        An error leaves open who was sent what: whoever is still live is given up, and comes back.
        """
        try:
            sent_up_to = room.sent + count
            del fresh[:pieces]
            room.sent = sent_up_to
            for peer, sent in self._push_to_all(room.live, buffer):
                with self._or_given_up(peer):
                    peer.link.keep(buffer, sent)
                    self._stall(peer)
        except BaseException:
            try:
                for peer in room.live:
                    peer.link.give_up()
            finally:
                while room.live:
                    self.unfollow_all(next(iter(room.live)))
            raise

    def _stall(self, peer: Peer) -> None:
        """The link of `peer` took only a part: from here on it lags, in every room behind what it was
        sent.
        """
        peer.is_stalled = True
        for room in peer.live:
            peer.cursors[room] = room.sent
            del room.live[peer]
        peer.live.clear()
        self._lagging.pop(peer, None)

    @contextlib.contextmanager
    def _or_given_up(self, peer: Peer) -> Iterator[None]:
        """An error within leaves open where the peer stands: it is given up, and comes back."""
        try:
            yield
        except BaseException:
            self.unfollow_all(peer)
            peer.link.give_up()
            raise

    def _feed(self) -> None:
        """Give each lagging peer a turn, within the bytes of one pass."""
        served: Helpings = {}
        budget = PASS_BYTES
        for peer in list(self._lagging):
            with self._or_given_up(peer):
                del self._lagging[peer]
                budget -= self._feed_peer(peer, served)
                if not peer.is_stalled and len(peer.cursors) > len(self._unreadable.get(peer, ())):
                    self._lagging[peer] = None
            if budget <= 0:
                return

    def _feed_peer(self, peer: Peer, served: Helpings) -> int:
        """Send a helping of each room in which the peer lags, until its turn is over; return what it cost.

        A room that cannot be read keeps nobody from the others.
        """
        spent = 0
        for room, cursor in list(peer.cursors.items()):
            if spent >= TURN_BYTES:
                return spent
            if room in self._unreadable.get(peer, ()):
                continue
            last, farewell = peer.ends.get(room, (room.sent, b""))
            if cursor < last:
                data, cursor = self._helping(room, cursor, last, served)
                spent += READ_BYTES + len(data)
                if not data:
                    self._unreadable.setdefault(peer, set()).add(room)
                    continue
                del peer.cursors[room]
                peer.cursors[room] = cursor  # behind the others: next time it is their turn
                if not peer.link.send(data):
                    self._stall(peer)
                    return spent
            if cursor >= last:
                self._caught_up(peer, room, farewell)
        return spent

    def _caught_up(self, peer: Peer, room: Room, farewell: bytes) -> None:
        """The peer has everything: it is live from here on, or the room is over for it."""
        if farewell:
            self.unfollow(peer, room)
            self.say(peer, farewell)
        else:
            del peer.cursors[room]
            peer.live.add(room)
            room.live[peer] = peer.link.push

    def _helping(self, room: Room, cursor: int, last: int, served: Helpings) -> tuple[bytes, int]:
        """Return the next entries of the room, joined, and the cursor behind them; none where they cannot be
        read.
        """
        known = served.get((room, cursor, last))
        if known is not None:
            return known
        limit = min(FEED_ENTRIES, last - cursor)
        try:
            frames = self._log.after(room.number, cursor, limit, FEED_BYTES)
        except StorageError:
            frames = []
        helping = b"".join(frames), cursor + len(frames)
        served[room, cursor, last] = helping
        return helping


def broadcast_in_python(pushes: dict[Key, Callable[[bytes], int]], data: bytes) -> list[tuple[Key, int]]:
    """The `Broadcast` for links of any kind.

    The loop is as bare as can be: for a hundred members it runs a hundred times a message. It does not touch
    the keys, which are rarely in the caches: 3 us of 9 for a hundred. An OSError leaves it, and it goes on
    with the next one; for want of memory a push may fail after it has sent.
    """
    size = len(data)
    behind: list[tuple[int, int]] = []
    rest = iter(pushes.values())
    place = -1
    while True:
        try:
            for push in rest:
                place += 1
                if (sent := push(data)) != size:
                    behind.append((place, sent))
            break
        except OSError:
            behind.append((place, 0))
    if not behind:
        return []
    keys = list(pushes)
    return [(keys[place], sent) for place, sent in behind]


def _next_buffer(fresh: list[Fresh]) -> tuple[bytes, int, int]:
    """Return the first of what is fresh, joined to at most about `BUFFER_BYTES`, how many pieces that is, and
    how many entries.
    """
    all_frames, counts = zip(*fresh, strict=True)
    buffer = b"".join(all_frames)
    if len(buffer) <= BUFFER_BYTES:
        return buffer, len(fresh), sum(counts)
    size = count = pieces = 0
    for frames, entries in fresh:
        size += len(frames)
        if pieces and size > BUFFER_BYTES:
            break
        pieces += 1
        count += entries
    return b"".join(all_frames[:pieces]), pieces, count
