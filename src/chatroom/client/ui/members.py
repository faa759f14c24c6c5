"""The members pane: who is in the room, with presence and role.

Rows in, strips out; what does not fit is counted in the last line. Read next: `header.py`.
"""

from dataclasses import dataclass

from chatroom.client.themes.styles import Style
from chatroom.client.ui.sidebar import PRESENCE_DOTS
from chatroom.client.ui.strips import Strip, blank, shorten, strip
from chatroom.client.viewmodel.rows import MemberRow, MembersView


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One line of the pane and the handle it shows; empty: none."""

    strip: Strip
    handle: str = ""


def draw_members(view: MembersView, cols: int, height: int) -> list[MemberLine]:
    """Return the pane as `height` lines of `cols` columns."""
    fits = len(view.rows) + 1 + (1 if view.more else 0) <= height
    shown = view.rows if fits else view.rows[: max(height - 2, 0)]  # of a thousand members only those in view
    hidden = view.more + len(view.rows) - len(shown)
    lines = [MemberLine(strip(((Style.MEMBERS_HEADING, f" {view.title}"),), cols))]
    lines += [MemberLine(_member_line(row, cols), row.handle) for row in shown]
    if hidden:
        lines.append(MemberLine(strip(((Style.DIM, f" and {hidden} more"),), cols)))
    lines = lines[: max(height, 0)]
    return lines + [MemberLine(blank(cols))] * (height - len(lines))


def _member_line(row: MemberRow, cols: int) -> Strip:
    dot_style, dot = PRESENCE_DOTS.get(row.presence, PRESENCE_DOTS["offline"])
    style = Style.MEMBER_OFFLINE if row.presence == "offline" else row.style
    handle = shorten(row.handle, cols - 4 - len(row.mark))
    return strip(((None, " "), (dot_style, dot), (Style.ROLE, f" {row.mark}"), (style, handle)), cols)
