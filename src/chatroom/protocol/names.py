"""Names of accounts and rooms: what is allowed, how they are folded, and when two look alike.

A handle is the permanent ASCII name of an account; a room name the permanent name of a room. Both are lower
case, so that no two differ by case only. Read next: `text.py` for everything that is not a name.
"""

import re
from typing import Final

from chatroom.protocol.limits import HANDLE_CHARS, ROOM_NAME_CHARS

RESERVED_HANDLES: Final = frozenset(
    {"admin", "administrator", "all", "bot", "channel", "chatroom", "everyone", "guest", "here", "moderator"}
    | {"nobody", "operator", "owner", "room", "root", "server", "service", "support", "system"}
)
"""Handles nobody may claim: they would speak with an authority, or to everybody."""

_HANDLE: Final = re.compile(rf"[a-z][a-z0-9_-]{{1,{HANDLE_CHARS - 1}}}")
_ROOM_NAME: Final = re.compile(rf"[a-z0-9][a-z0-9_.-]{{0,{ROOM_NAME_CHARS - 1}}}")


def fold_handle(typed: str) -> str:
    """Return what a person typed as a handle in its stored form: without `@`, in lower case."""
    return typed.strip().removeprefix("@").lower()


def fold_room_name(typed: str) -> str:
    """Return what a person typed as a room name in its stored form: without `#`, in lower case."""
    return typed.strip().removeprefix("#").lower()


def handle_fault(handle: str) -> str | None:
    """Return why `handle` cannot be claimed, in words for its owner, or None when its form is right."""
    fault = handle_form_fault(handle)
    if fault is not None:
        return fault
    if handle in RESERVED_HANDLES or skeleton(handle) in _RESERVED_SKELETONS:
        return "this handle is reserved"
    return None


def handle_form_fault(handle: str) -> str | None:
    """Return why `handle` cannot be a handle at all, reserved or not, or None."""
    if _HANDLE.fullmatch(handle):
        return None
    return f"a handle has 2 to {HANDLE_CHARS} of a-z 0-9 _ - and begins with a letter"


def room_name_fault(name: str) -> str | None:
    """Return why `name` cannot name a room, or None when it can."""
    if not _ROOM_NAME.fullmatch(name):
        return f"a room name has 1 to {ROOM_NAME_CHARS} of a-z 0-9 _ . - and begins with a letter or digit"
    return None


_BONES: Final = str.maketrans({"_": "", "-": "", "0": "o", "1": "l", "m": "rn", "w": "vv"})


def skeleton(handle: str) -> str:
    """Return what is left of a handle when look-alike characters are made equal.

    Two handles with one skeleton could be taken for each other; the server lets only the first be claimed.
    The rule is small because handles are ASCII: 0 looks like o, 1 like l, m like rn, w like vv; _ and - are
    noise. Each character is replaced by itself, so that no neighbour changes what becomes of it.
    """
    return handle.translate(_BONES)


_RESERVED_SKELETONS: Final = frozenset(skeleton(handle) for handle in RESERVED_HANDLES)
