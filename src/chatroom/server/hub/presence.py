"""Presence: who is there, told to those who share a room, latest value only.

Changes are collected and told together, at most four times a second, so that a thousand arrivals within a
second cost a few broadcasts instead of a million notices. Read next: `hub.py`.
"""

from typing import Final

from chatroom.protocol.codec import encode
from chatroom.protocol.packets import PresenceChanged, PresenceOf
from chatroom.server.hub.context import Context
from chatroom.server.hub.state import Account, Peer, Room

FLUSH_S: Final = 0.25
"""Least time between two rounds of telling."""

BATCH: Final = 1_000
"""Most changes in one packet: it stays well below a frame."""


def tell_changes(context: Context) -> None:
    """Tell everybody who shares a room what changed since the last round; changes back to what was told
    are silent.
    """
    by_room: dict[Room, list[Account]] = {}
    for account in context.presence_changed:
        if account.presence is not account.shown_presence:
            account.shown_presence = account.presence
            for room in account.rooms.values():
                by_room.setdefault(room, []).append(account)
    context.presence_changed.clear()
    for room, accounts in by_room.items():
        frames = [encode(_packet(accounts[i : i + BATCH])) for i in range(0, len(accounts), BATCH)]
        for member in room.members.values():
            for peer in member.peers:
                _tell(context, peer, frames, accounts)


def catch_up(context: Context, peer: Peer) -> None:
    """Tell a peer that was stalled what it missed."""
    missed = list(peer.missed_presence)
    peer.missed_presence.clear()
    for start in range(0, len(missed), BATCH):
        context.say(peer, _packet(missed[start : start + BATCH]))


def _tell(context: Context, peer: Peer, frames: list[bytes], accounts: list[Account]) -> None:
    if peer.is_stalled:
        peer.missed_presence.update(accounts)
        return
    for frame in frames:
        context.delivery.say(peer, frame)


def _packet(accounts: list[Account]) -> PresenceChanged:
    return PresenceChanged([PresenceOf(account.handle, account.shown_presence) for account in accounts])
