"""Notes: what happened in a room besides messages, in one dim line for a whole run of it.

A run of joins, leaves and invitations is folded, because in a busy room they would drown the talk. Who came
and went within a run is said once. Read next: `transcript.py`.
"""

from collections.abc import Sequence
from typing import Final

from chatroom.client.session.timeline import Line
from chatroom.protocol.entries import Created, Invited, Joined, Left, TopicSet

NAMES_SHOWN: Final = 8
"""Handles named in one part of a note; the others are counted."""

FOLDED: Final = (Joined, Left, Invited)
"""The bodies that fold into one note."""


def note_text(lines: Sequence[Line], title: str) -> tuple[str, str]:
    """Return (sign, text) of the note for these lines of the room `title`; never empty for the kinds known
    here.
    """
    body = lines[0].body
    match body:
        case Created():
            return "·", f"{lines[0].author} created {title}"
        case TopicSet(text):
            author = lines[0].author
            return "·", f"{author} set the topic: {text}" if text else f"{author} took the topic away"
        case _:
            return _folded(lines)


def _folded(lines: Sequence[Line]) -> tuple[str, str]:
    """Return (sign, text) of a run of joins, leaves and invitations."""
    moves: dict[str, list[bool]] = {}
    invited: dict[str, list[str]] = {}
    for line in lines:
        match line.body:
            case Joined():
                moves.setdefault(line.author, []).append(True)
            case Left():
                moves.setdefault(line.author, []).append(False)
            case Invited(handle):
                invited.setdefault(line.author, []).append(handle)
            case _:
                pass
    parts = [
        _part([who for who, steps in moves.items() if _path(steps) == path], verb)
        for path, verb in (
            ((True, True), "joined"),
            ((True, False), "joined and left"),
            ((False, True), "left and came back"),
            ((False, False), "left"),
        )
    ]
    parts += [f"{author} invited {_names(handles)}" for author, handles in invited.items()]
    has_joined = any(steps[-1] for steps in moves.values())
    sign = "→" if has_joined else "←" if moves else "·"
    return sign, " · ".join(part for part in parts if part)


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
