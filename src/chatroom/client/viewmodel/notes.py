"""Notes: what happened in a room besides messages, in one dim line for a whole run of it.

A run of joins, leaves and invitations, declined ones too, is folded, because in a busy room they would drown
the talk. Who came and went within a run is said once. What moderators do is never folded. Read next:
`transcript.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from chatroom.client.session.timeline import Line
from chatroom.protocol.entries import (
    Created,
    Declined,
    EntryKind,
    Invited,
    Joined,
    Left,
    Moderated,
    TopicSet,
)
from chatroom.protocol.packets import Role

NAMES_SHOWN: Final = 8
"""Handles named in one part of a note; the others are counted."""

FOLDED: Final = (Joined, Left, Invited, Declined)
"""The bodies that fold into one note."""

_DONE: Final = {
    EntryKind.KICKED: "kicked",
    EntryKind.BANNED: "banned",
    EntryKind.UNBANNED: "unbanned",
    EntryKind.MUTED: "muted",
    EntryKind.UNMUTED: "unmuted",
}

ROLE_TITLES: Final = {Role.OWNER: "an owner", Role.MODERATOR: "a moderator", Role.MEMBER: "a member"}
"""The roles that can be given, as they stand in a sentence."""

NOT_KNOWN: Final = "something this version of chatroom cannot show"


def note_text(lines: Sequence[Line], title: str, until: Callable[[int, int], str]) -> tuple[str, str]:
    """Return (sign, text) of the note for these lines of the room `title`; never empty.

    `until` gives how the end of a ban is shown: (its time, the time of the entry) in ms.
    """
    line = lines[0]
    match line.body:
        case Created():
            return "·", f"{line.author} created {title}"
        case TopicSet(text):
            author = line.author
            return "·", f"{author} set the topic: {text}" if text else f"{author} took the topic away"
        case Moderated() as body:
            return "·", moderated_text(line.kind, line.author, body, until(body.until, line.at))
        case Joined() | Left() | Invited() | Declined():
            return _folded(lines)
        case _:
            return "·", NOT_KNOWN


def moderated_text(kind: int, author: str, body: Moderated, end: str) -> str:
    """Return what a moderator did, in one line: "radia banned kenji until 18:00: flooding"."""
    if kind == EntryKind.ROLE_SET:
        role = next((name for role, name in ROLE_TITLES.items() if role == body.role), "")
        if not role:
            return f"{author} gave {body.handle} another role"
        return f"{author} is {role} now" if author == body.handle else f"{author} made {body.handle} {role}"
    done = next((name for known, name in _DONE.items() if known == kind), "")
    if not done:
        return NOT_KNOWN
    limit = f" until {end}" if body.until else ""
    return f"{author} {done} {body.handle}{limit}{f': {body.reason}' if body.reason else ''}"


def _folded(lines: Sequence[Line]) -> tuple[str, str]:
    """Return (sign, text) of a run of joins, leaves and invitations; what the invited did comes last."""
    moves: dict[str, list[bool]] = {}
    invited: dict[str, list[str]] = {}
    invitees: set[str] = set()
    declined: list[str] = []
    for line in lines:
        match line.body:
            case Joined():
                moves.setdefault(line.author, []).append(True)
            case Left():
                moves.setdefault(line.author, []).append(False)
            case Invited(handle):
                invited.setdefault(line.author, []).append(handle)
                invitees |= {handle} - moves.keys()
            case Declined():
                declined.append(line.author)
            case _:
                pass
    parts = _moved({who: steps for who, steps in moves.items() if who not in invitees})
    parts += [f"{author} invited {_names(handles)}" for author, handles in invited.items()]
    parts.append(_part(declined, "declined the invitation"))
    parts += _moved({who: steps for who, steps in moves.items() if who in invitees})
    has_joined = any(steps[-1] for steps in moves.values())
    sign = "→" if has_joined else "←" if moves else "·"
    return sign, " · ".join(part for part in parts if part)


def _moved(moves: Mapping[str, Sequence[bool]]) -> list[str]:
    """Return who joined, who left and who did both, from the steps of each; a part may be empty."""
    return [
        _part([who for who, steps in moves.items() if _path(steps) == path], verb)
        for path, verb in (
            ((True, True), "joined"),
            ((True, False), "joined and left"),
            ((False, True), "left and came back"),
            ((False, False), "left"),
        )
    ]


def _path(steps: Sequence[bool]) -> tuple[bool, bool]:
    """Return how a run of joins (True) and leaves began and ended."""
    return steps[0], steps[-1]


def _part(handles: Sequence[str], verb: str) -> str:
    return f"{_names(handles)} {verb}" if handles else ""


def _names(handles: Sequence[str]) -> str:
    unique = list(dict.fromkeys(handles))
    if len(unique) <= NAMES_SHOWN:
        return ", ".join(unique)
    shown = ", ".join(unique[: NAMES_SHOWN - 1])
    return f"{shown} and {len(unique) - NAMES_SHOWN + 1} others"
