"""Silence: which peers are to be pinged, for nothing was heard of them for long, and which are gone.

Each peer is looked at when it may have been silent for long enough, and not before: with 5,000 that rest, to
look at all of them every second took more than all else that the server did. Who was pinged, and has not
answered, is looked at every time. Read next: `hub.py`.
"""

from collections.abc import Iterator

from chatroom.server.hub.state import Peer


class Silence:
    """All peers that have logged in, each until `forget`. Times are monotonic seconds."""

    __slots__ = ("_gone_s", "_looks", "_ping_s", "_pinged")

    def __init__(self, ping_s: float, gone_s: float) -> None:
        self._ping_s = ping_s
        self._gone_s = gone_s
        self._looks: dict[int, dict[Peer, None]] = {}
        """Who is to be looked at, by the whole second from which on (`Peer.look_at`)."""
        self._pinged: dict[Peer, None] = {}

    def __iter__(self) -> Iterator[Peer]:
        yield from self._pinged
        for peers in self._looks.values():
            yield from peers

    def watch(self, peer: Peer, not_before: int = 0) -> None:
        """Look at the peer when it may have been silent for `ping_s` seconds."""
        peer.look_at = max(int(peer.heard_at + self._ping_s), not_before)
        self._looks.setdefault(peer.look_at, {})[peer] = None

    def forget(self, peer: Peer) -> None:
        """The peer is gone; harmless for one that is not watched."""
        self._pinged.pop(peer, None)
        peers = self._looks.get(peer.look_at, {})
        if peers.pop(peer, True) is None and not peers:
            del self._looks[peer.look_at]

    def to_ping(self, now: float) -> Iterator[Peer]:
        """Yield who was silent for `ping_s` seconds: each counts as pinged once it was given."""
        for when in [when for when in self._looks if when <= now]:
            peers = self._looks[when]
            while peers:
                peer, _ = peers.popitem()
                if now - _heard_at(peer, now) < self._ping_s:
                    self.watch(peer, int(now) + 1)
                else:
                    self._pinged[peer] = None
                    yield peer
            del self._looks[when]

    def gone(self, now: float) -> Iterator[Peer]:
        """Yield who was pinged and silent for `gone_s` seconds: they are still to be forgotten."""
        for peer in list(self._pinged):
            silent_s = now - _heard_at(peer, now)
            if silent_s >= self._gone_s:
                yield peer
            elif silent_s < self._ping_s:
                del self._pinged[peer]
                self.watch(peer)


def _heard_at(peer: Peer, now: float) -> float:
    """Return when the peer was heard last: now, where it may well speak and nobody listens to it."""
    if peer.is_stalled or peer.awaits > 0 or peer.paused_until > now:
        peer.heard_at = now
    return peer.heard_at
