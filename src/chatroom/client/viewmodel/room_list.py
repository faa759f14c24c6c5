"""The rooms as the sidebar shows them, and the way from one to another.

Pure functions over the rooms of a session. Read next: `navigation.py`, which opens the room found here.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Final

from chatroom.client.session.rooms import RoomView
from chatroom.client.viewmodel.numbers import Numbers
from chatroom.client.viewmodel.rows import SidebarRow
from chatroom.protocol.entries import RoomKind

NUMBERS_SHOWN: Final = 99
"""Greatest number that has a place in the sidebar."""


def by_name(views: Iterable[RoomView]) -> list[RoomView]:
    """Return the rooms in the order in which they get numbers: the lobby, rooms by name, invitations, direct
    rooms by handle.
    """
    return sorted(
        views, key=lambda view: (is_direct(view), not view.is_member, view.name != "lobby", view.title)
    )


def in_sidebar_order(views: Iterable[RoomView], numbers: Numbers) -> list[RoomView]:
    """Return the rooms: rooms, invitations, direct rooms, each by its number."""
    return sorted(views, key=lambda view: (is_direct(view), not view.is_member, numbers.of(view.title)))


def is_direct(view: RoomView) -> bool:
    """Whether the room is one of two people."""
    return view.kind is RoomKind.DIRECT


def sidebar_row(view: RoomView, number: int, current: int, presence: str, has_draft: bool) -> SidebarRow:
    """Return the row of a room with this number in the sidebar."""
    return SidebarRow(
        number=view.number,
        index=number if number <= NUMBERS_SHOWN else 0,
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


def activity(views: Sequence[RoomView], current: int, numbers: Numbers, invited: Container[int]) -> str:
    """Return the rooms that want a look, by their number in the sidebar: "[!2 ·5,7]"; "" when there is
    none.

    "!" stands before rooms one was `invited` to just now, rooms with a mention and direct rooms, "·" before
    others.
    """
    loud: list[int] = []
    quiet: list[int] = []
    for view in views:
        is_wanted = view.unread if view.is_member else view.number in invited
        if is_wanted and view.number != current:
            is_loud = _urgency(view) > 1 or not view.is_member
            (loud if is_loud else quiet).append(numbers.of(view.title))
    parts = [
        sign + ",".join(str(number) for number in sorted(found))
        for sign, found in (("!", loud), ("·", quiet))
        if found
    ]
    return f"[{' '.join(parts)}]" if parts else ""


def _urgency(view: RoomView) -> int:
    return 3 if view.mentions else 2 if is_direct(view) else 1
