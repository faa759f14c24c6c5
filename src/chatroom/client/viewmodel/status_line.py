"""The status line and the header, made of what is known.

Pure functions. The status line always says whether we are online, how many messages wait to be stored, and
when the next attempt comes; toasts take the place of the hint. Read next: `rows.py` for the values.
"""

from math import ceil
from typing import Final

from chatroom.client.commands.actions import Action, Context
from chatroom.client.commands.keymap import Keymap
from chatroom.client.session.events import State
from chatroom.client.session.rooms import RoomView
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.calendar import duration
from chatroom.client.viewmodel.link import Link
from chatroom.client.viewmodel.room_list import is_direct
from chatroom.client.viewmodel.rows import HeaderLine
from chatroom.protocol.packets import Presence

PRESENCE_NAMES: Final = {Presence.ONLINE: "online", Presence.AWAY: "away", Presence.OFFLINE: "offline"}

_HINTS: Final = {
    Context.MAIN: (Action.HELP, Action.SWITCH_ROOM, Action.ROOM_1, Action.PAGE_UP),
    Context.SELECT: (Action.SELECT_COPY, Action.SELECT_QUOTE, Action.SELECT_LINK, Action.SELECT_LEAVE),
    Context.DIALOG: (Action.DIALOG_ACCEPT, Action.DIALOG_CANCEL),
}
_HINT_WORDS: Final = {
    Action.HELP: "help",
    Action.SWITCH_ROOM: "go to",
    Action.ROOM_1: "rooms",
    Action.PAGE_UP: "scroll",
    Action.SELECT_COPY: "copy",
    Action.SELECT_QUOTE: "quote",
    Action.SELECT_LINK: "open link",
    Action.SELECT_LEAVE: "leave",
    Action.DIALOG_ACCEPT: "accept",
    Action.DIALOG_CANCEL: "close",
}


def connection_text(
    state: State, presence: Presence, link: Link, now_s: float, mute: str = ""
) -> tuple[str, Style]:
    """Return whether we are online, in words and with the style for it; `mute` says that one is muted."""
    since = duration(now_s - link.changed_at)
    match state:
        case State.ONLINE if mute:
            return f"● online, {mute}", Style.STATUS_CONNECTING
        case State.ONLINE if presence is Presence.AWAY:
            return "◐ away", Style.STATUS_CONNECTING
        case State.ONLINE:
            return "● online", Style.STATUS_ONLINE
        case State.CONNECTING:
            return f"◌ connecting {since}", Style.STATUS_CONNECTING
        case State.OFFLINE:
            return f"○ offline {since}", Style.STATUS_OFFLINE


def waiting_text(count: int) -> str:
    """Return how many messages wait to be stored."""
    return f"{count} waiting" if count else "all sent"


def retry_text(state: State, link: Link, now_s: float) -> str:
    """Return when the next attempt to connect comes, or why there is none; "" while we are online."""
    if state is not State.OFFLINE:
        return ""
    if link.is_final:
        return f"not trying again: {link.reason}" if link.reason else "not trying again"
    if link.retry_at is None:
        return ""
    return f"next attempt in {max(0, ceil(link.retry_at - now_s))} s"


def scrolled_text(is_at_end: bool, below: int) -> str:
    """Return what waits below a transcript that was scrolled up; "" at its end."""
    if is_at_end:
        return ""
    return f"↓ {below} new" if below else "↓ scrolled"


def hints(context: Context, keymap: Keymap) -> tuple[tuple[str, str], ...]:
    """Return the few keys one needs most now: (key, what it does)."""
    pairs = []
    for action in _HINTS[context]:
        keys = keymap.keys(action)
        if keys:
            key = f"{keys[0]}…9" if action is Action.ROOM_1 and keys[0] == "Alt-1" else keys[0]
            pairs.append((key, _HINT_WORDS[action]))
    return tuple(pairs)


def header_line(view: RoomView | None, presence: Presence, link: Link, server_name: str) -> HeaderLine:
    """Return the topmost line for a room, or for no room. `presence` is that of a direct room's partner."""
    kind = "TLS" if link.is_tls else "plain"
    sign = "●" if link.is_tls and link.is_online else "○"
    right = f"{sign} {kind}  {link.server}".rstrip() if link.server else ""
    if view is None:
        title, topic, shown = server_name or "chatroom", "", ""
    elif is_direct(view):
        shown = PRESENCE_NAMES[presence]
        title, topic = view.title, view.topic or f"{shown} — only the two of you read this"
    else:
        title, topic, shown = view.title, view.topic, ""
    return HeaderLine(
        title, topic, right, is_private_link=link.is_tls, is_linked=link.is_online, presence=shown
    )
