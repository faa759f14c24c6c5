"""The rooms as the sidebar shows them, and the way from one to another.

Pure functions over the rooms of a session. Read next: `navigation.py`, which opens the room found here.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from chatroom.client.session.rooms import RoomView
from chatroom.client.viewmodel.rows import SidebarRow
from chatroom.protocol.entries import RoomKind

KEYED_ROOMS: Final = 10
"""Rooms that have a key: Alt-1 … Alt-9 and Alt-0."""


def in_sidebar_order(views: Iterable[RoomView]) -> list[RoomView]:
    """Return the rooms: the lobby, rooms by name, invitations, direct rooms by handle."""
    return sorted(
        views, key=lambda view: (is_direct(view), not view.is_member, view.name != "lobby", view.title)
    )


def is_direct(view: RoomView) -> bool:
    """Whether the room is one of two people."""
    return view.kind is RoomKind.DIRECT


def sidebar_row(view: RoomView, position: int, current: int, presence: str, has_draft: bool) -> SidebarRow:
    """Return the row of the room at `position` (0 for the first) of the sidebar."""
    return SidebarRow(
        number=view.number,
        index=position + 1 if position < KEYED_ROOMS else 0,
        title=view.title,
        unread=view.unread,
        mentions=view.mentions,
        is_current=view.number == current,
        is_invitation=not view.is_member,
        is_direct=is_direct(view),
        presence=presence,
        has_draft=has_draft,
    )


def beside(views: Sequence[RoomView], current: int, step: int) -> RoomView | None:
    """Return the room `step` rows below (-1: above) the current one, around the ends; invitations are
    passed over.
    """
    own = [view for view in views if view.is_member]
    if not own:
        return None
    numbers = [view.number for view in own]
    at = numbers.index(current) if current in numbers else (-1 if step > 0 else 0)
    return own[(at + step) % len(own)]


def most_active(views: Sequence[RoomView], current: int) -> RoomView | None:
    """Return the room that most wants a look: a mention, else a direct message, else anything unread; None:
    none does.

    Of several the first below the current one, around the end.
    """
    numbers = [view.number for view in views]
    at = numbers.index(current) + 1 if current in numbers else 0
    wanting = [view for view in [*views[at:], *views[:at]] if view.unread and view.is_member]
    others = [view for view in wanting if view.number != current]
    return max(others, key=_urgency, default=None)


def activity(views: Sequence[RoomView], current: int) -> str:
    """Return the rooms that want a look, by their number in the sidebar: "[!2 ·5,7]"; "" when there is
    none.

    "!" stands before rooms with a mention and direct rooms, "·" before others; a room without a number is a
    "+".
    """
    loud: list[str] = []
    quiet: list[str] = []
    for position, view in enumerate(views):
        if not view.unread or not view.is_member or view.number == current:
            continue
        shown = str(position + 1) if position < KEYED_ROOMS else "+"
        (loud if _urgency(view) > 1 else quiet).append(shown)
    parts = [sign + ",".join(dict.fromkeys(names)) for sign, names in (("!", loud), ("·", quiet)) if names]
    return f"[{' '.join(parts)}]" if parts else ""


def _urgency(view: RoomView) -> int:
    return 3 if view.mentions else 2 if is_direct(view) else 1
