"""The sidebar: rooms, invitations and direct rooms with their numbers, presence and counts.

Rows in, strips out. A list longer than the pane shows the part around the current room and says what is
beyond. Read next: `members.py`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import Strip, blank, columns, shorten, strip
from chatroom.client.viewmodel.rows import SidebarRow, shown_count

PRESENCE_DOTS: Final = {
    "online": (Style.PRESENCE_ONLINE, "●"),
    "away": (Style.PRESENCE_AWAY, "◐"),
    "offline": (Style.PRESENCE_OFFLINE, "○"),
}


_TITLE_COLS: Final = 6
"""So much of a title tells which room it is."""


@dataclass(frozen=True, slots=True)
class SidebarLine:
    """One line of the sidebar and the number of the room it shows; 0: none."""

    strip: Strip
    room: int = 0


def draw_sidebar(rows: Sequence[SidebarRow], cols: int, height: int, emoji: Emoji) -> list[SidebarLine]:
    """Return the sidebar as `height` lines of `cols` columns."""
    lines: list[SidebarLine] = []
    section = ""
    current = 0
    for row in rows:
        title = "INVITATIONS" if row.is_invitation else "DIRECT" if row.is_direct else "ROOMS"
        if title != section:
            if lines:
                lines.append(SidebarLine(blank(cols)))
            lines.append(SidebarLine(strip(((Style.SIDEBAR_HEADING, f" {title}"),), cols)))
            section = title
        if row.is_current:
            current = len(lines)
        lines.append(SidebarLine(_room_line(row, cols, emoji), row.number))
    lines = _window(lines, rows, current, cols, height)
    return lines + [SidebarLine(blank(cols))] * (height - len(lines))


def _room_line(row: SidebarRow, cols: int, emoji: Emoji) -> Strip:
    ground = Style.ROOM_CURRENT if row.is_current else None
    lead = _lead(row, cols)
    room = cols - sum(columns(text) for _, text in lead)
    badge = _badge(row, room)
    room -= sum(columns(text) for _, text in badge)
    title = row.title.removeprefix("@") if row.presence else row.title
    title = shorten(emoji.fit(title), room - 1 if badge else room)
    gap = " " * (room - columns(title))
    return strip((*lead, (_title_style(row), title), (None, gap), *badge), cols, ground)


def _lead(row: SidebarRow, cols: int) -> tuple[tuple[Hashable, str], ...]:
    """Return what stands before the title: number and presence."""
    index = f"{row.index:>2} " if row.index and cols >= 14 else "   " if cols >= 14 else " "
    dot = PRESENCE_DOTS.get(row.presence)
    number_style = None if row.is_current else Style.ROOM_INDEX
    if dot is None:
        return ((number_style, index),)
    return ((number_style, index), (dot[0], dot[1] + " "))


def _title_style(row: SidebarRow) -> Hashable:
    if row.is_current:
        return None
    if row.is_invitation:
        return Style.ROOM_INVITATION
    return Style.ROOM_UNREAD if row.unread or row.mentions else Style.ROOM


def _badge(row: SidebarRow, room: int) -> tuple[tuple[Hashable, str], ...]:
    """Return what is new: how much, and how much of it names the reader."""
    unread = (Style.BADGE_UNREAD, f" {shown_count(row.unread)} ")
    named = (Style.BADGE_MENTION, f" {shown_count(row.mentions)} ")
    if row.mentions:
        has_both = row.unread > row.mentions and room - len(unread[1] + named[1]) > _TITLE_COLS
        return (unread, named) if has_both else (named,)
    if row.unread:
        return (unread,)
    if row.has_draft:
        return ((Style.DIM, "… "),)
    return ()


def _window(
    lines: list[SidebarLine], rows: Sequence[SidebarRow], current: int, cols: int, height: int
) -> list[SidebarLine]:
    """Return the part of the lines around the current room, and what is unread beyond it at the edges."""
    if len(lines) <= height:
        return lines
    first = min(max(current - height // 2, 0), len(lines) - height)
    shown = lines[first : first + height]
    unread = {row.number: (row.unread, row.mentions) for row in rows}
    if first > 0 and height > 2:
        shown[0] = SidebarLine(_beyond("▴", lines[: first + 1], unread, cols))
    if first + height < len(lines) and height > 2:
        shown[-1] = SidebarLine(_beyond("▾", lines[first + height - 1 :], unread, cols))
    return shown


def _beyond(arrow: str, lines: Sequence[SidebarLine], unread: dict[int, tuple[int, int]], cols: int) -> Strip:
    rooms = [line.room for line in lines if line.room]
    is_named = any(unread[room][1] for room in rooms)
    is_unread = any(unread[room][0] for room in rooms)
    style = Style.BADGE_MENTION if is_named else Style.ROOM_UNREAD if is_unread else Style.DIM
    return strip(((None, " "), (style, f"{arrow} {len(rooms)} more")), cols)
