"""The names under which a user knows the requests of a session: what was refused, or carried out.

A request that is not named here is nothing the user asked for, and its refusal is not told. Read next:
`asking.py`.
"""

from typing import Final

from chatroom.protocol.packets import (
    Claim,
    CreateLink,
    History,
    Invite,
    Join,
    Leave,
    ListDevices,
    ListMembers,
    ListRooms,
    Moderate,
    ModerationAct,
    OpenDirect,
    Request,
    RevokeDevice,
    Search,
    SetTopic,
)

_NAMES: Final[dict[type[Request], str]] = {
    Join: "join",
    OpenDirect: "msg",
    Leave: "leave",
    SetTopic: "topic",
    Invite: "invite",
    ListRooms: "list",
    ListMembers: "names",
    Search: "search",
    History: "history",
    Claim: "claim",
    CreateLink: "link",
    ListDevices: "devices",
    RevokeDevice: "revoke",
}

_ACTS: Final[dict[int, str]] = {
    ModerationAct.KICK: "kick",
    ModerationAct.BAN: "ban",
    ModerationAct.UNBAN: "unban",
    ModerationAct.MUTE: "mute",
    ModerationAct.UNMUTE: "unmute",
    ModerationAct.SET_ROLE: "role",
}


def name_of(request: Request | None) -> str | None:
    """Return the user's name for a request; None for one the user did not make."""
    if isinstance(request, Moderate):
        return _ACTS.get(request.act)
    return None if request is None else _NAMES.get(type(request))
