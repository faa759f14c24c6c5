"""What each role may do: one table, asked before a request is carried out.

Membership is not a matter of roles and is checked where the room is known. Read next: `requests/table.py`.
"""

from enum import Enum
from typing import Final

from chatroom.protocol.packets import Role


class Act(Enum):
    """Something that not everybody may do."""

    POST = "post"
    CREATE_ROOM = "create rooms"
    SET_TOPIC = "set topics"
    INVITE = "invite"
    KICK = "kick"
    BAN = "ban"
    UNBAN = "take bans back"
    MUTE = "mute"
    UNMUTE = "take mutes back"
    SET_ROLE = "give roles"
    STEP_DOWN = "lay a role down"


LEAST_ROLE: Final[dict[Act, Role]] = {
    Act.POST: Role.MEMBER,
    Act.CREATE_ROOM: Role.MEMBER,
    Act.SET_TOPIC: Role.MEMBER,
    Act.INVITE: Role.MEMBER,
    Act.KICK: Role.MODERATOR,
    Act.BAN: Role.MODERATOR,
    Act.UNBAN: Role.MODERATOR,
    Act.MUTE: Role.MODERATOR,
    Act.UNMUTE: Role.MODERATOR,
    Act.SET_ROLE: Role.OWNER,
    Act.STEP_DOWN: Role.MODERATOR,
}
"""Whatever stands here is denied to the muted."""


def may(role: Role, act: Act) -> bool:
    """Whether an account with `role` may do `act`."""
    return role >= LEAST_ROLE[act]


def is_above(role: Role, other: Role) -> bool:
    """Whether an account with `role` may do any such thing to one with the role `other`: only downwards."""
    return role > other
