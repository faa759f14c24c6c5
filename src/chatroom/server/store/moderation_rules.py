"""What moderation may change, and who may still be an author, decided where the order of the changes of one
pass is known.

The hub has asked for membership and for the role that an act needs; but two requests of one pass may concern
each other: somebody is banned, and bans; somebody leaves, and posts. So each is judged again here by how the
accounts stand at that moment. Pure, and the same for both logs. Read next: `moderation.py` for what follows
in SQL, `memory_rooms.py` in memory.
"""

from dataclasses import dataclass
from typing import Final

from chatroom.protocol.entries import EntryKind, Moderated
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import Failed
from chatroom.server.store import refusals

_GIVEN: Final = (Role.MEMBER, Role.MODERATOR, Role.OWNER)
"""The roles that an account can be given; muted is a state."""


PLACES: Final = 32
"""Most addresses that are barred because of one account."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands before an entry: its number, its role, and whether a ban or a mute of it is in
    force.
    """

    number: int
    role: int
    is_banned: bool
    is_muted: bool = False


_THE_SERVER: Final = Standing(refusals.SERVER, Role.OWNER, is_banned=False)

_OF_WHOEVER: Final = frozenset((EntryKind.JOINED, EntryKind.LEFT, EntryKind.DECLINED))
"""The kinds whose author need be no member and may be muted."""

UNSETTLING: Final = frozenset((EntryKind.LEFT, EntryKind.KICKED, EntryKind.BANNED, EntryKind.MUTED))
"""The kinds of entry after which an author of the same pass may be one no more."""


def standing_of_server(kind: int, author: int) -> Standing | None:
    """Return how the server stands where it is the author: it mutes who is new where somebody muted was."""
    return _THE_SERVER if kind == EntryKind.MUTED and author == refusals.SERVER else None


def author_fault(kind: int, author: Standing | None, *, is_member: bool) -> Failed | None:
    """Return why nobody who stands so may be the author of an entry of this kind, or None. Whether somebody
    can join, leave or decline is known by the lists of members and invitations.
    """
    if author is None:
        return refusals.NO_SUCH_ACCOUNT
    if author.is_banned:
        return refusals.AUTHOR_BANNED
    if kind in _OF_WHOEVER:
        return None
    if not is_member and kind != EntryKind.CREATED:
        return refusals.NOT_A_MEMBER
    return refusals.AUTHOR_MUTED if author.is_muted else None


def moderation_fault(
    kind: int, body: Moderated, author: Standing | None, target: Standing | None, owners: int
) -> Failed | None:
    """Return why `author` may not do this to `target`, or None, while there are so many `owners`. What it may
    do to itself, the hub knows: lay a role down, or take one for a code.
    """
    if author is None or target is None:
        return refusals.NO_SUCH_ACCOUNT
    if author.is_banned:
        return refusals.AUTHOR_BANNED
    if author.number != target.number and author.role <= target.role:
        return refusals.NOT_LOWER
    return _role_fault(body.role, author, target, owners) if kind == EntryKind.ROLE_SET else None


def _role_fault(role: int, author: Standing, target: Standing, owners: int) -> Failed | None:
    if role not in _GIVEN:
        return refusals.NO_SUCH_ROLE
    if author.number != target.number and author.role != Role.OWNER:
        return refusals.NOT_AN_OWNER
    if role == Role.OWNER and target.is_banned:
        return refusals.NO_BANNED_OWNER
    is_last_owner = target.role == Role.OWNER and owners == 1
    return refusals.LAST_OWNER if is_last_owner and role != Role.OWNER else None
