"""The roster: who is a member of which room, and who is there.

Members of a room, but for the two of a direct one, are known only after they were asked for; then entries
keep the list right. Presence is the
latest value only. A mute hides the role until it ends. Bounded, because a server may be hostile. Read next:
`conversation.py` and `roles.py`, which feed it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.packets import Presence, Role

MAX_MEMBERS: Final = 20_000
"""Most members of one room kept; more do not fit any list a person reads."""

MAX_PEOPLE: Final = 100_000
"""Most handles whose presence is kept."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a room; `role` is `MUTED` while a mute lasts, whatever it is else."""

    handle: str
    role: Role
    presence: Presence


class Roster:
    """Members by room, presence by handle."""

    def __init__(self) -> None:
        self._roles: dict[int, dict[str, Role]] = {}
        self._arriving: dict[int, dict[str, Role]] = {}
        self._presence: dict[str, Presence] = {}
        self._muted: dict[str, int] = {}
        self._sorted: dict[int, list[Member]] = {}

    def members(self, room: int) -> list[Member]:
        """Return the members known: online ones, away ones, offline ones, each by handle."""
        known = self._sorted.get(room)
        if known is None:
            roles = self._roles.get(room, {})
            known = [
                Member(handle, Role.MUTED if handle in self._muted else role, self.presence(handle))
                for handle, role in roles.items()
            ]
            known.sort(key=lambda member: (-member.presence, member.handle))
            self._sorted[room] = known
        return known

    def presence(self, handle: str) -> Presence:
        """Return whether somebody is there; offline when nothing is known."""
        return self._presence.get(handle, Presence.OFFLINE)

    def is_loaded(self, room: int) -> bool:
        """Whether the members of a room are known."""
        return room in self._roles

    def muted_until(self, handle: str) -> int:
        """Return when somebody's mute ends, in ms of the server's clock; 0 where there is none, `TIME_MAX`
        where that is never or not known.
        """
        return self._muted.get(handle, 0)

    # -- what feeds it ---------------------------------------------------------------------------------------

    def take_page(self, room: int, members: Iterable[Member], *, is_first: bool, is_last: bool) -> None:
        """Take a page of the member list.

        The list changes with the last page, or grows if it was not known.
        """
        if is_first:
            self._arriving[room] = {}
        arriving = self._arriving.setdefault(room, {})
        for member in members:
            if len(arriving) < MAX_MEMBERS:
                arriving[member.handle] = self._role_below(room, member)
            self.set_presence(member.handle, member.presence)
        if is_last or not self.is_loaded(room):
            self._roles[room] = arriving
        if is_last:
            self._arriving.pop(room, None)
        self._sorted.pop(room, None)

    def pair(self, room: int, one: str, other: str) -> None:
        """These two are the members of a direct room, for ever; nobody has to be asked."""
        self._roles.setdefault(room, {one: Role.MEMBER, other: Role.MEMBER})
        self._sorted.pop(room, None)

    def joined(self, room: int, handle: str) -> None:
        """Somebody became a member, perhaps long ago: whether they are there is not said by that."""
        for table in (self._roles, self._arriving):
            roles = table.get(room)
            if roles is not None and len(roles) < MAX_MEMBERS:
                roles.setdefault(handle, Role.MEMBER)
        self._sorted.pop(room, None)

    def left(self, room: int, handle: str) -> None:
        """Somebody is no longer a member."""
        for table in (self._roles, self._arriving):
            table.get(room, {}).pop(handle, None)
        self._sorted.pop(room, None)

    def _role_below(self, room: int, member: Member) -> Role:
        """Return the role of a listed member apart from a mute, which is noted."""
        if member.role is not Role.MUTED:
            self.set_muted(member.handle, 0)
            return member.role
        self.set_muted(member.handle, self.muted_until(member.handle) or TIME_MAX)
        return self._roles.get(room, {}).get(member.handle, Role.MEMBER)

    def set_role(self, handle: str, role: Role) -> None:
        """Somebody has another role now, in all rooms."""
        for table in (self._roles, self._arriving):
            for roles in table.values():
                if handle in roles:
                    roles[handle] = role
        self._sorted.clear()

    def set_muted(self, handle: str, until: int) -> None:
        """Somebody is muted until then, on the whole server; 0: not any more."""
        if not until:
            is_new = self._muted.pop(handle, None) is not None
        else:
            is_new = handle not in self._muted
            if is_new and len(self._muted) >= MAX_PEOPLE:
                return
            self._muted[handle] = until
        if is_new:
            self._sorted.clear()

    def end_mutes(self, now_ms: int) -> list[str]:
        """End the mutes whose time is over; return whose they were."""
        ended = [handle for handle, until in self._muted.items() if until <= now_ms]
        for handle in ended:
            self.set_muted(handle, 0)
        return ended

    def next_end(self) -> int | None:
        """Return when the next mute ends, in ms of the server's clock; None where none ends by itself."""
        return min((until for until in self._muted.values() if until < TIME_MAX), default=None)

    def set_presence(self, handle: str, presence: Presence) -> None:
        """Somebody came or went."""
        if self._presence.get(handle) is presence:
            return
        if len(self._presence) < MAX_PEOPLE or handle in self._presence:
            self._presence[handle] = presence
            self._sorted.clear()

    def forget_room(self, room: int) -> None:
        """Forget the members of a room."""
        for table in (self._roles, self._arriving):
            table.pop(room, None)
        self._sorted.pop(room, None)

    def connection_lost(self) -> None:
        """Pages under way will not come; what is known stays until it is asked for anew."""
        self._arriving.clear()
