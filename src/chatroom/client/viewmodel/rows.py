"""What the parts of the screen show, as plain frozen values: one row type for each part.

No state, no rule of layout, no toolkit: widths, wrapping and colours belong to whoever draws. A row holds
clean text only. Read next: `screen.py` for the model that gives these rows, `dialogs.py` for the boxes
above the screen.
"""

from dataclasses import dataclass
from enum import Enum

from chatroom.client.themes.styles import Style
from chatroom.protocol.limits import UNREAD_COUNT

Span = tuple[Style, str]
"""(style, text): a stretch of one line. The text holds no newline."""

SpanLine = tuple[Span, ...]


class Part(Enum):
    """A part of the screen that can be drawn by itself."""

    HEADER = "header"
    SIDEBAR = "sidebar"
    TRANSCRIPT = "transcript"
    MEMBERS = "members"
    STATUS = "status"
    COMPOSER = "composer"
    DIALOG = "dialog"


class RowKind(Enum):
    """What a transcript row is."""

    MESSAGE = "message"
    ACTION = "action"  # /me: `handle` is "*", the author's handle is the first span
    NOTE = "note"  # joins and leaves folded, a topic, an invitation
    GAP = "gap"  # entries not loaded
    WAITING = "waiting"  # own message the server has not stored yet
    LOADING = "loading"  # an older page or a gap was asked for; `mark` is the spinner
    BEGINNING = "beginning"  # the room begins here


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """One row of the transcript: a message with its lines, or a note.

    `key` names the row for ever, in rising order down the transcript; `version` changes when the same key
    must be drawn anew. `time` and `handle` are "" where the row above says the same; `at` (ms) and `author`
    are always there for messages. `mark` is "", "…" (waiting) or the spinner. `lines` are the lines of the
    text before wrapping, each at least one span; `code_lines` are the indexes of those drawn on the code
    ground, and `is_code` says that all are. `day` is the text of a day line above this row, or "";
    `is_first_unread`: the line of new messages stands above this row, below the day line.
    """

    key: tuple[int, ...]
    version: int
    kind: RowKind
    time: str
    handle: str
    handle_style: Style
    mark: str
    lines: tuple[SpanLine, ...]
    day: str = ""
    is_first_unread: bool = False
    is_mention: bool = False
    is_code: bool = False
    code_lines: frozenset[int] = frozenset()
    author: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class SidebarRow:
    """One room in the sidebar. `number` is the room's; `index` is what one calls it by: 1 … 10 for Alt-1 …
    Alt-0, more for `/w 11`, 0 for a number too long to be shown.

    `unread` and `mentions` stop at `limits.UNREAD_COUNT`. `presence` is "online", "away" or "offline" for a
    direct room, else "". An invitation shows the room one may join; `title` is "#lab" or "@ana" without any
    mark. `has_draft`: typed text waits there.
    """

    number: int
    index: int
    title: str
    unread: int = 0
    mentions: int = 0
    is_current: bool = False
    is_invitation: bool = False
    is_direct: bool = False
    presence: str = ""
    has_draft: bool = False


def shown_count(count: int) -> str:
    """Return an unread count as people read it: where counting stops, there may be more."""
    return str(count) if count < UNREAD_COUNT else f"{UNREAD_COUNT}+"


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One member: `style` is that of the handle, `presence` "online", "away" or "offline", `mark` shows the
    role.

    `mark`: "@" owner, "%" moderator, "-" muted, "" member.
    """

    handle: str
    style: Style
    presence: str
    mark: str = ""
    is_me: bool = False


@dataclass(frozen=True, slots=True)
class MembersView:
    """The members pane: `title` ("USERS 5"), the rows, and how many members were not listed (0: all are
    here).
    """

    title: str
    rows: tuple[MemberRow, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """The topmost line: title and topic of the room to the left; `right` is the link to the server.

    `is_private_link` is False for a plain connection, `is_linked` while there is none. `presence` is that
    of the partner of a direct room, else "".
    """

    title: str
    topic: str
    right: str
    is_private_link: bool = True
    is_linked: bool = True
    presence: str = ""


@dataclass(frozen=True, slots=True)
class StatusLine:
    """The status line. `connection` ("● online", "○ offline 0:42") is drawn in `connection_style`.
    `waiting` ("2 waiting", "all sent" or "") and `retry` ("next attempt in 4 s" or "") stand beside it.
    `scrolled` ("↓ 12 new", "↓ scrolled" or ""). `activity` ("[!2 ·5]": rooms with a mention, rooms with
    unread messages, or ""). A toast takes the place of the hint. `hint` is some (key, what it does), most
    important first. `mode` names a mode one is in ("select"), or "".
    """

    connection: str
    connection_style: Style
    waiting: str = ""
    retry: str = ""
    scrolled: str = ""
    activity: str = ""
    toast: str = ""
    toast_style: Style = Style.TOAST_NEWS
    hint: tuple[tuple[str, str], ...] = ()
    mode: str = ""


@dataclass(frozen=True, slots=True)
class ComposerView:
    """The composer as the model sees it: when `revision` grew, the editor must take over `text` and `cursor`.

    `prompt` stands before the text; `placeholder` shows while it is empty. `is_enabled` is False
    when there is no room to write to.
    """

    text: str
    cursor: int
    revision: int
    prompt: str
    placeholder: str
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Completion:
    """One way to complete the composer's text: the whole new text, its cursor, and `label` for a list of
    choices.
    """

    text: str
    cursor: int
    label: str
