"""What moderation may change, decided where the order of the changes of one pass is known.

The hub has asked for the role that an act needs; but two requests of one pass may concern each other:
somebody is banned, and bans. So each is judged again here by how the accounts stand at that moment. Pure, and
the same for both logs. Read next: `moderation.py` for what follows in SQL, `memory_rooms.py` in memory.
"""

from dataclasses import dataclass
from typing import Final

from chatroom.protocol.entries import EntryKind, Moderated
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import Failed
from chatroom.server.store import refusals

_GIVEN: Final = (Role.MEMBER, Role.MODERATOR, Role.OWNER)
"""The roles that an account can be given; muted is a state."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands before an entry: its number, its role, and whether a ban of it is in force."""

    number: int
    role: int
    is_banned: bool


def moderation_fault(
    kind: int, body: Moderated, author: Standing | None, target: Standing | None
) -> Failed | None:
    """Return why `author` may not do this to `target`, or None. Who has a code for it may do it to itself."""
    if author is None or target is None:
        return refusals.NO_SUCH_ACCOUNT
    if author.is_banned:
        return refusals.AUTHOR_BANNED
    if author.number != target.number and author.role <= target.role:
        return refusals.NOT_LOWER
    if kind == EntryKind.ROLE_SET:
        if body.role not in _GIVEN:
            return refusals.NO_SUCH_ROLE
        if body.role == Role.OWNER and target.is_banned:
            return refusals.NO_BANNED_OWNER
    return None
