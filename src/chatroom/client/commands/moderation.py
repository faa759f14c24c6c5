"""What moderators type: the values of `/kick`, `/ban`, `/mute` and their like, and how they are read.

`/ban HANDLE [TIME] [REASON]`: a time is a number with its unit, `10m`, `2h`, `7d`, also several (`1h30m`);
what follows is the reason. A number without a unit is a fault and not the first word of a reason, because a
ban that was meant for ten minutes must not become one for ever. Read next: `slash.py`, which has the rows.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

SECONDS_OF: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
"""The units of a time."""

LONGEST_S: Final = 10 * 366 * 86_400
"""The longest time, ten years; what is meant to last longer lasts until it is taken back."""

ROLES: Final = ("owner", "moderator", "member")
"""The roles that can be given."""

_TIME: Final = re.compile(r"(?:\d{1,30}[smhdw])+", re.IGNORECASE)
_PART: Final = re.compile(r"(\d+)([smhdw])", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+(?:[a-z]\d+)*[a-z]?", re.IGNORECASE)


class Act(Enum):
    """What is done to somebody; the value is the command's name."""

    KICK = "kick"
    BAN = "ban"
    UNBAN = "unban"
    MUTE = "mute"
    UNMUTE = "unmute"


@dataclass(frozen=True, slots=True)
class Moderate:
    """Do this to `handle`; `seconds` 0: for ever (a kick: may come back at once)."""

    act: Act
    handle: str
    seconds: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetRole:
    """Give `handle`, which may be one's own, a role, one of `ROLES`."""

    handle: str
    role: str


@dataclass(frozen=True, slots=True)
class Fault:
    """It cannot be done; `text` says why, and how it is written."""

    text: str


def timed(act: Act) -> Callable[[str], Moderate | Fault | None]:
    """Return what reads `HANDLE [TIME] [REASON]`; None where there is no handle."""

    def read(rest: str) -> Moderate | Fault | None:
        handle, word, reason = _parts(rest, 3)
        if not handle:
            return None
        if _TIME.fullmatch(word):
            seconds = sum(int(number) * SECONDS_OF[unit.lower()] for number, unit in _PART.findall(word))
            if not 0 < seconds <= LONGEST_S:
                return Fault(f"/{act.value}: {word} is no time: 1s to 520w; without one it has no end")
            return Moderate(act, handle, seconds, reason)
        if _NUMBER.fullmatch(word):
            return Fault(f"/{act.value}: {word} is no time: 10m, 2h or 7d; a reason begins with a word")
        return Moderate(act, handle, 0, f"{word} {reason}".strip())

    return read


def untimed(act: Act) -> Callable[[str], Moderate | None]:
    """Return what reads `HANDLE [REASON]`; None where there is no handle."""

    def read(rest: str) -> Moderate | None:
        handle, reason = _parts(rest, 2)
        return Moderate(act, handle, 0, reason) if handle else None

    return read


def set_role(rest: str) -> SetRole | Fault | None:
    """Read `HANDLE owner|moderator|member`."""
    handle, role, more = _parts(rest, 3)
    if not role or more:
        return None
    if role.lower() not in ROLES:
        return Fault(f"/role: {role} is no role: {', '.join(ROLES)}")
    return SetRole(handle, role.lower())


def _parts(rest: str, count: int) -> list[str]:
    """Return the first words and what is left of the rest, "" for what is missing; always `count`."""
    parts = rest.split(maxsplit=count - 1)
    return parts + [""] * (count - len(parts))
