"""Silence: everybody who is silent is pinged in time and later gone, and nobody is looked at for nothing."""

from typing import Final

from chatroom.server.hub.silence import Silence
from chatroom.server.hub.state import Peer
from support.hub_world import World

PING_S: Final = 20.0
GONE_S: Final = 58.0


def make_peer(heard_at: float = 0.0) -> Peer:
    peer = World().guest().peer
    peer.heard_at = heard_at
    return peer


class Room:
    """A `Silence`, the peers in it, and the seconds that pass there."""

    def __init__(self, *peers: Peer) -> None:
        self.silence = Silence(PING_S, GONE_S)
        self.pinged: list[tuple[int, Peer]] = []
        self.gone: list[tuple[int, Peer]] = []
        for peer in peers:
            self.silence.watch(peer)

    def second(self, now: int) -> None:
        for peer in self.silence.gone(now):
            self.silence.forget(peer)
            self.gone.append((now, peer))
        self.pinged += [(now, peer) for peer in self.silence.to_ping(now)]


def test_who_is_silent_is_pinged_once_and_gone_later() -> None:
    ana = make_peer()
    room = Room(ana)
    for now in range(100):
        room.second(now)
    assert room.pinged == [(20, ana)]
    assert room.gone == [(58, ana)]
    assert list(room.silence) == []


def test_who_speaks_is_pinged_when_it_falls_silent_again() -> None:
    ana = make_peer()
    room = Room(ana)
    for now in range(150):
        if now in (7, 15, 43, 70):
            ana.heard_at = now
        room.second(now)
    assert room.pinged == [(35, ana), (63, ana), (90, ana)]
    assert room.gone == [(128, ana)]


def test_who_is_not_listened_to_is_not_silent() -> None:
    ana = make_peer()
    room = Room(ana)
    for now in range(200):
        ana.paused_until = now + 1 if 30 <= now < 100 else 0
        room.second(now)
    assert room.pinged == [(20, ana), (110, ana)], "what it says while it is paused is heard later"
    assert room.gone == [(148, ana)]


def test_those_who_are_left_when_a_ping_fails_are_pinged_in_the_next_second() -> None:
    peers = [make_peer() for _ in range(5)]
    room = Room(*peers)
    room.second(19)
    pings = room.silence.to_ping(20)
    first = next(pings)
    del pings  # whoever asked has failed
    assert set(room.silence) == set(peers)
    room.second(21)
    assert {peer for _, peer in room.pinged} == set(peers) - {first}


def test_who_is_forgotten_is_not_held() -> None:
    waiting, pinged, spoke = make_peer(5.0), make_peer(), make_peer()
    room = Room(waiting, pinged, spoke)
    spoke.heard_at = 9.0
    for now in range(22):
        room.second(now)
    assert set(room.silence) == {waiting, pinged, spoke}
    for peer in (waiting, pinged, spoke, make_peer()):
        room.silence.forget(peer)
    assert list(room.silence) == []
    for now in range(22, 100):
        room.second(now)
    assert [peer for _, peer in room.pinged] == [pinged]
    assert room.gone == []


class Watched(Peer):
    """A peer that counts how often somebody asks when it was heard."""

    __slots__ = ("asked",)

    def __getattribute__(self, name: str) -> object:
        if name == "heard_at":
            self.asked += 1
        return super().__getattribute__(name)


def test_who_rests_is_looked_at_when_a_ping_is_due_and_not_every_second() -> None:
    real = make_peer()
    peer = Watched(real.link, real.address, real.key_hash, real.challenge, 0.0)
    peer.asked = 0
    room = Room(peer)
    for now in range(300):
        if now % 20 == 11:
            peer.heard_at = float(now)
        room.second(now)
    assert room.pinged == []
    assert peer.asked < 50
