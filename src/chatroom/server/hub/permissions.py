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


LEAST_ROLE: Final[dict[Act, Role]] = {
    Act.POST: Role.MEMBER,
    Act.CREATE_ROOM: Role.MEMBER,
    Act.SET_TOPIC: Role.MEMBER,
    Act.INVITE: Role.MEMBER,
}


def may(role: Role, act: Act) -> bool:
    """Whether an account with `role` may do `act`."""
    return role >= LEAST_ROLE[act]
