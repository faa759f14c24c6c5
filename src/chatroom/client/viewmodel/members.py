"""The members pane.

Pure functions of the roster. Read next: `rows.py`.
"""

from typing import Final

from chatroom.client.session.rooms import RoomView
from chatroom.client.session.roster import Roster
from chatroom.client.themes.styles import handle_style
from chatroom.client.viewmodel.rows import MemberRow, MembersView
from chatroom.client.viewmodel.status_line import PRESENCE_NAMES
from chatroom.protocol.packets import Role

ROLE_MARKS: Final = {Role.OWNER: "@", Role.MODERATOR: "%", Role.MEMBER: "", Role.MUTED: "-"}

MOST_ROWS: Final = 500
"""Most rows given: no screen shows more, and a room may have ten thousand members."""


def members_view(view: RoomView | None, roster: Roster, me: str) -> MembersView:
    """Return the members of a room: who is online first, then away, then offline; by handle."""
    if view is None:
        return MembersView("USERS", ())
    members = roster.members(view.number)
    rows = tuple(
        MemberRow(
            handle=member.handle,
            style=handle_style(member.handle, me),
            presence=PRESENCE_NAMES[member.presence],
            mark=ROLE_MARKS[member.role],
            is_me=member.handle == me,
        )
        for member in members[:MOST_ROWS]
    )
    count = max(len(members), view.member_count)
    return MembersView(f"USERS {count}", rows, count - len(rows) if members else 0)
