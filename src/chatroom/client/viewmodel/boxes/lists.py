"""The entries of the lists one chooses from: rooms, rooms of the server, members, texts sent before.

Read next: `pick.py`.
"""

from collections.abc import Sequence
from typing import Final

from chatroom.client.commands.slash import Direct, Join
from chatroom.client.session.rooms import RoomView
from chatroom.client.session.roster import Member
from chatroom.client.themes.styles import Style, handle_style
from chatroom.client.viewmodel.boxes.answers import Answer, Do, Open, Write
from chatroom.client.viewmodel.boxes.pick import Entry, PickBox
from chatroom.client.viewmodel.dialogs import DialogKind, DialogRow
from chatroom.client.viewmodel.rows import Span
from chatroom.protocol.names import fold_handle, fold_room_name, handle_fault, room_name_fault
from chatroom.protocol.packets import Presence, Role

PRESENCE_SPANS: Final[dict[Presence, Span]] = {
    Presence.ONLINE: (Style.PRESENCE_ONLINE, "● "),
    Presence.AWAY: (Style.PRESENCE_AWAY, "◐ "),
    Presence.OFFLINE: (Style.PRESENCE_OFFLINE, "○ "),
}

ROLE_NAMES: Final = {Role.OWNER: "owner", Role.MODERATOR: "moderator", Role.MUTED: "muted", Role.MEMBER: ""}


def switcher(identity: int, views: Sequence[RoomView], current: int) -> PickBox:
    """Return the room switcher: what is unread first, then as in the sidebar, the current room last."""
    order = sorted(views, key=lambda view: (view.number == current, -view.mentions, view.unread == 0))
    entries = []
    for view in order:
        style = Style.ROOM_UNREAD if view.unread else Style.DIALOG_TEXT
        right = f"{view.unread} new" if view.unread else ""
        right = f"invited by {view.invited_by}" if not view.is_member else right
        entries.append(Entry(DialogRow(((style, view.title),), right), view.title, Open(view.number)))
    return PickBox(
        DialogKind.SWITCHER,
        identity,
        "Go to",
        entries,
        empty="no such room here: Enter joins it",
        note="Enter opens · #name joins another room · @handle writes to somebody",
        otherwise=_named,
    )


def _named(typed: str) -> Answer | None:
    """Return the answer for a name that is no room of ours: join it, or write to somebody."""
    if typed.startswith("@"):
        handle = fold_handle(typed)
        return Do(Direct(handle)) if handle_fault(handle) is None else None
    name = fold_room_name(typed)
    return Do(Join(name)) if room_name_fault(name) is None else None


def room_list(identity: int) -> PickBox:
    """Return the list of the server's rooms, before they are known."""
    return PickBox(
        DialogKind.ROOM_LIST,
        identity,
        "Rooms",
        (),
        empty="asking the server …",
        note="Enter joins",
        otherwise=_named,
    )


def listed_entries(rooms: Sequence[tuple[str, str, int, bool]]) -> list[Entry]:
    """Return the entries of the server's rooms: (name, topic, member count, is member) of each."""
    entries = []
    for name, topic, count, is_member in rooms:
        spans = (
            (Style.ROOM_UNREAD if is_member else Style.DIALOG_TEXT, f"#{name}"),
            (Style.DIALOG_DIM, f"  {topic}"),
        )
        right = f"{count} {'member' if count == 1 else 'members'}{' · joined' if is_member else ''}"
        entries.append(Entry(DialogRow(spans, right), f"#{name} {topic}", Do(Join(name))))
    return entries


def member_list(identity: int, title: str, members: Sequence[Member], me: str) -> PickBox:
    """Return the members of a room; choosing one opens the direct room."""
    entries = []
    for member in members:
        spans = (PRESENCE_SPANS[member.presence], (handle_style(member.handle, me), member.handle))
        right = "you" if member.handle == me else ROLE_NAMES[member.role]
        entries.append(Entry(DialogRow(spans, right), member.handle, Do(Direct(member.handle))))
    return PickBox(
        DialogKind.MEMBERS,
        identity,
        f"Members of {title}",
        entries,
        empty="nobody is known yet",
        note="Enter writes to one of them",
    )


def input_history(identity: int, inputs: Sequence[str], query: str) -> PickBox:
    """Return the texts sent before, newest first."""
    entries = []
    for text in dict.fromkeys(reversed(inputs)):
        first, *more = text.split("\n")
        right = f"{len(more) + 1} lines" if more else ""
        entries.append(Entry(DialogRow(((Style.DIALOG_TEXT, first),), right), text, Write(text)))
    return PickBox(
        DialogKind.INPUT_HISTORY,
        identity,
        "Texts sent before",
        entries,
        empty="no such text",
        note="Enter puts it into the composer",
        query=query,
    )
