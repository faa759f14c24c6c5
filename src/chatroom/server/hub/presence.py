"""Presence: who is there, told to those who share a room, latest value only.

Changes are collected and told together, at most four times a second, so that a thousand arrivals within a
second cost a few broadcasts instead of a million notices. Read next: `hub.py`.
"""

from typing import Final

from chatroom.protocol.codec import encode
from chatroom.protocol.packets import PresenceChanged, PresenceOf
from chatroom.server.hub.context import Context
from chatroom.server.hub.state import Account, Peer, Room, Stage

FLUSH_S: Final = 0.25
"""Least time between two rounds of telling."""

BATCH: Final = 1_000
"""Most changes in one packet: it stays well below a frame."""


def tell_changes(context: Context) -> None:
    """Tell everybody who shares a room what changed since the last round.

    A change back to what was told is silent, and who shares several rooms is told once.
    """
    changed = _changed_by_room(context)
    rooms_of: dict[Account, list[Room]] = {}
    for room in changed:
        for member in room.members.values():
            if member.peers:
                rooms_of.setdefault(member, []).append(room)
    told: dict[tuple[Room, ...], tuple[list[Account], list[bytes]]] = {}
    for member, rooms in rooms_of.items():
        key = tuple(rooms)
        if key not in told:
            accounts = list(dict.fromkeys(account for room in rooms for account in changed[room]))
            told[key] = accounts, [encode(_packet(batch)) for batch in _batches(accounts)]
        for peer in member.peers:
            _tell(context, peer, *told[key])


def _changed_by_room(context: Context) -> dict[Room, list[Account]]:
    """Return, for each room, the members who are to be shown otherwise than they were told to be."""
    by_room: dict[Room, list[Account]] = {}
    for account in context.presence_changed:
        if account.presence is not account.shown_presence:
            account.shown_presence = account.presence
            for room in account.rooms.values():
                by_room.setdefault(room, []).append(account)
    context.presence_changed.clear()
    return by_room


def catch_up(context: Context, peer: Peer) -> None:
    """Tell a peer that was stalled what it missed."""
    missed = list(peer.missed_presence)
    peer.missed_presence.clear()
    for batch in _batches(missed):
        context.say(peer, _packet(batch))


def _tell(context: Context, peer: Peer, accounts: list[Account], frames: list[bytes]) -> None:
    if peer.is_stalled:
        peer.missed_presence.update(accounts)
    elif peer.stage is not Stage.CLOSING:
        for frame in frames:
            context.delivery.say(peer, frame)


def _batches(accounts: list[Account]) -> list[list[Account]]:
    return [accounts[start : start + BATCH] for start in range(0, len(accounts), BATCH)]


def _packet(accounts: list[Account]) -> PresenceChanged:
    return PresenceChanged([PresenceOf(account.handle, account.shown_presence) for account in accounts])
