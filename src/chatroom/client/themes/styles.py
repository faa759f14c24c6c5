"""The names of the styles: everything on the screen that may have a look of its own.

Here live the names and the choice of one of them for a handle. What they look like is in `builtin.py`;
colours, terminals and drawing are never named here. The view model writes these names into its spans, themes
give each of them a look, the ui turns looks into what urwid draws. Next: `theme.py`.
"""

from enum import StrEnum
from zlib import crc32


class Style(StrEnum):
    """One kind of thing on the screen. The value is the key in a theme of `client.toml`."""

    GROUND = "ground"  # everything that has no other style

    # The transcript
    TEXT = "text"
    BOLD = "bold"
    ITALIC = "italic"
    MENTION = "mention"  # a handle that is named in a message
    MENTION_ROW = "mention_row"  # a message that names the reader: laid under its text
    URL = "url"
    CODE = "code"  # code in a line
    CODE_LANGUAGE = "code_language"  # the name of the language above a block
    CODE_GROUND = "code_ground"  # laid under a block of code
    TIME = "time"
    NOTE = "note"  # joined, left, topic set
    ACTION = "action"  # /me
    DIM = "dim"
    MARK_WAITING = "mark_waiting"  # not stored yet
    WAITING = "waiting"  # the text of a message not stored yet
    DAY = "day"
    UNREAD_LINE = "unread_line"
    GAP = "gap"
    LOADING = "loading"
    BEGINNING = "beginning"
    SELECTED = "selected"  # laid under the chosen row of any list
    MATCH = "match"  # what a search found

    # Handles: one's own, and colours given by `handle_style`
    HANDLE_OWN = "handle_own"
    HANDLE_1 = "handle_1"
    HANDLE_2 = "handle_2"
    HANDLE_3 = "handle_3"
    HANDLE_4 = "handle_4"
    HANDLE_5 = "handle_5"
    HANDLE_6 = "handle_6"
    HANDLE_7 = "handle_7"
    HANDLE_8 = "handle_8"
    HANDLE_9 = "handle_9"
    HANDLE_10 = "handle_10"

    # Rules and bars
    RULE = "rule"
    SCROLL_TRACK = "scroll_track"
    SCROLL_THUMB = "scroll_thumb"

    # Header
    HEADER = "header"  # laid under the whole line
    HEADER_TITLE = "header_title"
    HEADER_TOPIC = "header_topic"
    HEADER_RIGHT = "header_right"
    LINK_TLS = "link_tls"  # the dot before the server's name
    LINK_PLAIN = "link_plain"

    # Sidebar
    SIDEBAR_HEADING = "sidebar_heading"
    ROOM = "room"
    ROOM_UNREAD = "room_unread"
    ROOM_CURRENT = "room_current"  # laid under the whole row
    ROOM_INDEX = "room_index"
    ROOM_INVITATION = "room_invitation"
    BADGE_UNREAD = "badge_unread"
    BADGE_MENTION = "badge_mention"

    # Members
    MEMBERS_HEADING = "members_heading"
    MEMBER_OFFLINE = "member_offline"
    PRESENCE_ONLINE = "presence_online"
    PRESENCE_AWAY = "presence_away"
    PRESENCE_OFFLINE = "presence_offline"
    ROLE = "role"

    # Composer and status line
    PROMPT = "prompt"
    COMPOSER = "composer"
    PLACEHOLDER = "placeholder"
    STATUS = "status"
    STATUS_ONLINE = "status_online"
    STATUS_CONNECTING = "status_connecting"
    STATUS_OFFLINE = "status_offline"
    STATUS_WAITING = "status_waiting"
    STATUS_NEW = "status_new"  # "↓ 3 new"
    ACTIVITY = "activity"
    ACTIVITY_MENTION = "activity_mention"
    TOAST_GOOD = "toast_good"
    TOAST_NEWS = "toast_news"
    TOAST_BAD = "toast_bad"
    HINT = "hint"
    HINT_KEY = "hint_key"

    # Dialogs
    DIALOG = "dialog"  # laid under the whole dialog
    DIALOG_EDGE = "dialog_edge"
    DIALOG_TITLE = "dialog_title"
    DIALOG_HEADING = "dialog_heading"
    DIALOG_TEXT = "dialog_text"
    DIALOG_DIM = "dialog_dim"
    DIALOG_KEY = "dialog_key"
    DIALOG_FIELD = "dialog_field"
    DIALOG_WARNING = "dialog_warning"
    DIALOG_ERROR = "dialog_error"


HANDLE_STYLES: tuple[Style, ...] = tuple(Style(f"handle_{number}") for number in range(1, 11))


def handle_style(handle: str, own: str = "") -> Style:
    """Return the style of a handle: the same for ever and on every machine, apart from one's own.

    Handles that differ only in case are one person (`protocol/names.py`), so they share a colour.
    """
    folded = handle.casefold()
    if own and folded == own.casefold():
        return Style.HANDLE_OWN
    return HANDLE_STYLES[crc32(folded.encode()) % len(HANDLE_STYLES)]
