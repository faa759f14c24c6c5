"""Roles and mutes: what the account itself may do, and who is muted how long.

The server says it at login and in member lists; entries after that change it. A mute ends by itself, by the
server's clock, without an entry. Nothing is decided by it here: the server refuses what a role forbids. Read
next: `roster.py`.
"""

from chatroom.client.session.events import MyRoleChanged
from chatroom.client.session.intake import role_of
from chatroom.client.session.news import News
from chatroom.client.session.roster import Roster
from chatroom.client.session.timeline import Line
from chatroom.protocol.entries import EntryKind, Moderated
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Role


class Roles:
    """Keeps one's own `role` (apart from a mute), and everybody's in the roster, right."""

    def __init__(self, me: str, roster: Roster, news: News) -> None:
        self.role = Role.MEMBER
        self._me = me
        self._roster = roster
        self._news = news
        self._told: tuple[Role, int] | None = None
        self._welcomed_ms = 0
        self._offset_ms = 0.0

    def welcomed(self, role: Role, server_ms: int, now: float) -> None:
        """The server let us in with this role, when its clock showed `server_ms`."""
        self._welcomed_ms = server_ms
        self._offset_ms = server_ms - now * 1000
        self._roster.end_mutes(server_ms)
        self.listed(role)

    def listed(self, role: Role) -> None:
        """This is one's own role now; below a mute lies the one that was known before."""
        if role is Role.MUTED:
            self._roster.set_muted(self._me, self._roster.muted_until(self._me) or TIME_MAX)
        else:
            self._roster.set_muted(self._me, 0)
            self.role = role
        self._tell()

    def take(self, line: Line, now: float) -> None:
        """Take an entry about somebody. One from before the login says no more than when a mute may end."""
        body = line.body
        if not isinstance(body, Moderated):
            return
        if line.at >= self._welcomed_ms:
            self._change(line.kind, body)
        elif self._is_end_of(body, now) and line.kind == EntryKind.MUTED:
            self._roster.set_muted(body.handle, body.ends_at)
        self._tell()

    def _is_end_of(self, body: Moderated, now: float) -> bool:
        """Whether the end in `body` may be the one that is not known of a mute that still lasts."""
        return self._roster.muted_until(body.handle) == TIME_MAX and self._server_ms(now) < body.ends_at

    def _change(self, kind: int, body: Moderated) -> None:
        match kind:
            case EntryKind.MUTED:
                self._roster.set_muted(body.handle, body.ends_at)
            case EntryKind.UNMUTED:
                self._roster.set_muted(body.handle, 0)
            case EntryKind.ROLE_SET:
                self._set_role(body.handle, role_of(body.role))
            case _:
                return
        self._news.members_changed(0)

    def _set_role(self, handle: str, role: Role) -> None:
        self._roster.set_role(handle, role)
        if role is Role.OWNER:  # who becomes an owner is not muted any more
            self._roster.set_muted(handle, 0)
        if handle == self._me:
            self.role = role

    def _tell(self) -> None:
        """Tell the user of a change; what the first login says is no change."""
        present = (self.role, self._roster.muted_until(self._me))
        if self._told is not None and self._told != present:
            self._news.add(MyRoleChanged(*present))
        self._told = present

    # -- time ------------------------------------------------------------------------------------------------

    def _server_ms(self, now: float) -> int:
        return int(now * 1000 + self._offset_ms)

    def pump(self, now: float) -> None:
        """End the mutes whose time is over."""
        if self._roster.end_mutes(self._server_ms(now)):
            self._news.members_changed(0)
            self._tell()

    def next_pump(self) -> float:
        """Return when the next mute ends by itself; infinity when none does."""
        ends_at = self._roster.next_end()
        return float("inf") if ends_at is None else (ends_at - self._offset_ms + 1) / 1000
