"""What people are told about kicks, bans, mutes and waiting: sentences without a full stop.

The time is that of UTC, because a server does not know where its people are; programs get numbers. Read next:
`requests/moderation.py`.
"""

from datetime import UTC, datetime

from chatroom.protocol.limits import TIME_MAX


def utc(at_ms: int) -> str:
    """Return a time in ms since 1970 as people write it."""
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def until(ends_at: int) -> str:
    """Return ` until …`, or nothing for what does not end."""
    return "" if ends_at >= TIME_MAX else f" until {utc(ends_at)}"


def done_by(what: str, author: str, ends_at: int, reason: str) -> str:
    """Return that somebody was `what` (kicked from this room, banned), by whom, until when and why."""
    return f"{what} by {author}{until(ends_at)}{f': {reason}' if reason else ''}"


def try_again(wait_s: float) -> str:
    """Return that there were too many tries."""
    return f"too many tries; the next one is possible in {max(1, round(wait_s))} s"
