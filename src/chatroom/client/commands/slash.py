"""Slash commands: one row each, and the parser that makes a typed value of what was written.

Nothing here knows rooms, handles or the session: whether a name can be one is for the view model to say.
Text that begins with a slash is never posted by accident: an unknown command is a `Fault`, `//x` posts
"/x", and so does a space before the slash. Read next: `actions.py` for what keys do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from chatroom.client.commands.actions import Action
from chatroom.client.commands.moderation import ROLES, Act, Fault, Moderate, SetRole, set_role, timed, untimed

__all__ = ["COMMANDS", "Command", "Fault", "Moderate", "SetRole", "SlashCommand", "parse"]


@dataclass(frozen=True, slots=True)
class Post:
    """Post this text to the current room; `is_action`: it was written with /me."""

    text: str
    is_action: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """Open a room, become a member, make it where there is none."""

    name: str
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave a room, or decline the invitation to it; name "" is the current one."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Direct:
    """Open the direct room with `handle` and post `text` there, unless it is ""."""

    handle: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class OpenRoom:
    """Show the room with this name, or with this number in the sidebar."""

    which: str


@dataclass(frozen=True, slots=True)
class Topic:
    """Set the topic; None shows it, "" takes it away."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Invite:
    """Invite `handle` to a room; room "" is the current one."""

    handle: str
    room: str = ""


@dataclass(frozen=True, slots=True)
class SetAway:
    """Be away, or back."""

    is_away: bool


@dataclass(frozen=True, slots=True)
class Find:
    """Search for these words; "" opens the search without."""

    query: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """Hide what `handle` writes, or show it again; handle "" shows who is hidden."""

    handle: str
    is_hidden: bool = True


@dataclass(frozen=True, slots=True)
class Names:
    """Show who is in the room."""


@dataclass(frozen=True, slots=True)
class ListRooms:
    """Show the rooms there are."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Hide what the transcript shows now; scrolling up brings it back."""


@dataclass(frozen=True, slots=True)
class TryNow:
    """Connect now instead of later."""


@dataclass(frozen=True, slots=True)
class Run:
    """Do what a key does."""

    action: Action


@dataclass(frozen=True, slots=True)
class Claim:
    """Become an owner, with the code the server printed."""

    code: str


@dataclass(frozen=True, slots=True)
class LinkDevice:
    """Show a code with which another device gets into this account."""


@dataclass(frozen=True, slots=True)
class Devices:
    """Show the devices of this account, and take one of them away."""


Command = (
    Post
    | Join
    | Leave
    | Direct
    | OpenRoom
    | Topic
    | Invite
    | SetAway
    | Find
    | Ignore
    | Names
    | ListRooms
    | Clear
    | TryNow
    | Moderate
    | SetRole
    | Claim
    | LinkDevice
    | Devices
    | Run
    | Fault
)


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command: `usage` is what follows the name, `make` gives its value, or None where the words do not
    fit. `last_words` are what may stand after the first word.
    """

    name: str
    aliases: tuple[str, ...]
    usage: str
    doc: str
    make: Callable[[str], Command | None]
    last_words: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """How it is written: "/join [-p] #ROOM"."""
        return f"/{self.name} {self.usage}".rstrip()


def _join(rest: str) -> Join | None:
    words = rest.split()
    is_private = "-p" in words
    names = [word for word in words if word != "-p"]
    return Join(names[0], is_private) if len(names) == 1 else None


def _direct(rest: str) -> Direct | None:
    handle, _, text = rest.partition(" ")
    return Direct(handle, text.strip()) if handle else None


def _invite(rest: str) -> Invite | None:
    words = rest.split()
    return Invite(words[0], words[1] if len(words) == 2 else "") if len(words) in (1, 2) else None


def _topic(rest: str) -> Topic:
    if not rest:
        return Topic(None)
    return Topic("" if rest == "-" else rest)


def _optional_word(make: Callable[[str], Command]) -> Callable[[str], Command | None]:
    return lambda rest: make(rest) if len(rest.split()) <= 1 else None


def _word(make: Callable[[str], Command]) -> Callable[[str], Command | None]:
    return lambda rest: make(rest) if len(rest.split()) == 1 else None


def _nothing(command: Command) -> Callable[[str], Command | None]:
    return lambda rest: None if rest else command


def _run(action: Action) -> Callable[[str], Command | None]:
    return _nothing(Run(action))


SHRUG: Final = "¯\\_(ツ)_/¯"

COMMANDS: Final[tuple[SlashCommand, ...]] = (
    SlashCommand(
        "join",
        ("j",),
        "[-p] #ROOM",
        "Join a room, make it where there is none; -p makes it private. Also accepts an invitation.",
        _join,
    ),
    SlashCommand(
        "leave",
        ("part", "close"),
        "[ROOM]",
        "Leave this room, or the one named; declines an invitation. A direct room is put away until "
        "something is written there.",
        _optional_word(Leave),
    ),
    SlashCommand(
        "msg",
        ("query", "dm"),
        "HANDLE [TEXT]",
        "Write to one person; without a text: open the room.",
        _direct,
    ),
    SlashCommand(
        "me",
        (),
        "TEXT",
        "Say what you do: /me waves.",
        lambda rest: Post(rest, is_action=True) if rest else None,
    ),
    SlashCommand("topic", (), "[TEXT]", "Show the topic of the room, or set it; - takes it away.", _topic),
    SlashCommand("names", ("who",), "", "Show who is in this room.", _nothing(Names())),
    SlashCommand("list", ("rooms",), "", "Show the rooms there are, and join one.", _nothing(ListRooms())),
    SlashCommand(
        "invite", (), "HANDLE [#ROOM]", "Invite somebody to this room, or to the one named.", _invite
    ),
    SlashCommand("away", (), "", "Tell the others that you are away.", _nothing(SetAway(is_away=True))),
    SlashCommand("back", (), "", "Tell the others that you are back.", _nothing(SetAway(is_away=False))),
    SlashCommand(
        "search",
        ("lastlog", "find"),
        "[WORDS] [from:HANDLE] [in:#ROOM]",
        "Search the messages of all your rooms; Enter on a result shows it in its place.",
        Find,
    ),
    SlashCommand("help", ("h", "keys"), "", "Show keys and commands.", _run(Action.HELP)),
    SlashCommand("quit", ("exit",), "", "End the program.", _run(Action.QUIT)),
    SlashCommand(
        "w",
        ("window", "go"),
        "[NUMBER|NAME]",
        "Open the room with this number in the sidebar, or with this name; without: find one.",
        lambda rest: OpenRoom(rest) if rest else Run(Action.SWITCH_ROOM),
    ),
    SlashCommand("next", (), "", "Open the next room with something new.", _run(Action.NEXT_ACTIVE)),
    SlashCommand("unread", (), "", "Scroll to the line of new messages.", _run(Action.FIRST_UNREAD)),
    SlashCommand("clear", (), "", "Empty the transcript; scrolling up brings it back.", _nothing(Clear())),
    SlashCommand(
        "ignore",
        (),
        "[HANDLE]",
        "Hide what somebody writes, here only; without a handle: show who is hidden.",
        _optional_word(Ignore),
    ),
    SlashCommand(
        "unignore",
        (),
        "HANDLE",
        "Show again what somebody writes.",
        _word(lambda rest: Ignore(rest, is_hidden=False)),
    ),
    SlashCommand(
        "shrug", (), "[TEXT]", f"Post {SHRUG} after the text.", lambda rest: Post(f"{rest} {SHRUG}".lstrip())
    ),
    SlashCommand(
        "kick",
        (),
        "HANDLE [TIME] [REASON]",
        "Put somebody out of this room; with a time (10m, 2h, 7d) they may not come back before.",
        timed(Act.KICK),
    ),
    SlashCommand(
        "ban",
        (),
        "HANDLE [TIME] [REASON]",
        "Shut somebody out of the server, for a time or until it is taken back.",
        timed(Act.BAN),
    ),
    SlashCommand("unban", (), "HANDLE [REASON]", "Let somebody in again.", untimed(Act.UNBAN)),
    SlashCommand(
        "mute",
        (),
        "HANDLE [TIME] [REASON]",
        "Let somebody read and not write, for a time or until it is taken back.",
        timed(Act.MUTE),
    ),
    SlashCommand("unmute", (), "HANDLE [REASON]", "Let somebody write again.", untimed(Act.UNMUTE)),
    SlashCommand(
        "role",
        (),
        f"HANDLE {'|'.join(ROLES)}",
        "Give somebody a role on this server, or lay your own down for a lower one.",
        set_role,
        last_words=ROLES,
    ),
    SlashCommand(
        "claim",
        (),
        "CODE",
        "Become an owner, with the code the server printed when it first started.",
        lambda rest: Claim(rest) if rest else None,
    ),
    SlashCommand(
        "link", (), "", "Show a code with which another device of yours gets in.", _nothing(LinkDevice())
    ),
    SlashCommand(
        "devices", (), "", "Show your devices, and take away one that is lost.", _nothing(Devices())
    ),
    SlashCommand("edit", (), "", "Write the text in your own editor.", _run(Action.EDIT_OUTSIDE)),
    SlashCommand("select", (), "", "Choose a message.", _run(Action.SELECT)),
    SlashCommand("sidebar", (), "", "Show or hide the list of rooms.", _run(Action.TOGGLE_ROOMS)),
    SlashCommand("users", (), "", "Show or hide the members.", _run(Action.TOGGLE_MEMBERS)),
    SlashCommand("mouse", (), "", "Turn the mouse off or on.", _run(Action.TOGGLE_MOUSE)),
    SlashCommand("redraw", (), "", "Draw the whole screen anew.", _run(Action.REDRAW)),
    SlashCommand("reconnect", (), "", "Connect now instead of later.", _nothing(TryNow())),
)

_ROWS: Final = {name: row for row in COMMANDS for name in (row.name, *row.aliases)}

_NO_COMMAND: Final = {
    "nick": "a handle is permanent; another one is another account",
    "op": "write /role HANDLE moderator",
}
"""Commands people know from elsewhere, and why there is none."""


def parse(typed: str) -> Command:
    """Return what the typed text asks for: a `Post` where it is no command. Never raises.

    A command's name may be written in any case. What follows it is stripped; newlines inside it stay.
    """
    if not typed.lstrip(" ").startswith("/"):
        return Post(typed)
    if typed.startswith(" "):
        return Post(typed.lstrip(" "))
    if typed.startswith("//"):
        return Post(typed[1:])
    word, *rest = typed[1:].split(maxsplit=1) or [""]
    if not word or typed[1].isspace():
        return Fault("a command's name follows the slash at once; //… posts a text that begins with a slash")
    row = _ROWS.get(word.lower())
    if row is None:
        return Fault(_unknown(word))
    command = row.make(rest[0].strip() if rest else "")
    return Fault(f"usage: {row.written}") if command is None else command


def _unknown(word: str) -> str:
    if reason := _NO_COMMAND.get(word.lower()):
        return f"/{word}: {reason}"
    near = get_close_matches(word.lower(), [row.name for row in COMMANDS], n=1)
    hint = f"did you mean /{near[0]}?" if near else "/help lists all"
    shown = word if len(word) <= 20 else f"{word[:20]}…"
    return f"there is no command /{shown}: {hint} (to post it, write //{shown})"
