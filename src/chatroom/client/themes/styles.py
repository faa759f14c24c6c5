"""The names of the styles: everything on the screen that may have a look of its own.

Here live the names only. The view model writes them into its spans, a theme gives each of them a look
(`builtin.py`), the ui turns looks into what urwid draws. Next: `theme.py`.
"""

from enum import StrEnum


class Style(StrEnum):
    """One kind of thing on the screen. The value is its key in a theme; `client.toml` may write `_` for the
    dot.
    """

    GROUND = "ground"  # everything that has no other style

    # The transcript
    TEXT = "text"
    BOLD = "bold"
    ITALIC = "italic"
    MENTION = "mention"  # a handle that is named in a message
    MENTION_ROW = "mention.row"  # a message that names the reader: laid under its text
    URL = "url"
    CODE = "code"  # code in a line
    CODE_LANGUAGE = "code.language"  # the name of the language above a block
    CODE_BLOCK = "code.block"  # laid under a block of code
    TIME = "time"
    NOTE = "note"  # joined, left, topic set
    ACTION = "action"  # /me
    DIM = "dim"
    MARK_WAITING = "mark.waiting"  # not stored yet
    MARK_REFUSED = "mark.refused"
    WAITING = "waiting"  # the text of a message not stored yet
    DAY = "day"
    UNREAD_LINE = "unread.line"
    GAP = "gap"
    LOADING = "loading"
    BEGINNING = "beginning"
    SELECTED = "selected"  # laid under the chosen row of any list
    MATCH = "match"  # what a search found

    # Handles: one's own, and twelve colours among which a hash of the handle chooses
    OWN = "own"
    NICK0 = "nick0"
    NICK1 = "nick1"
    NICK2 = "nick2"
    NICK3 = "nick3"
    NICK4 = "nick4"
    NICK5 = "nick5"
    NICK6 = "nick6"
    NICK7 = "nick7"
    NICK8 = "nick8"
    NICK9 = "nick9"
    NICK10 = "nick10"
    NICK11 = "nick11"

    # Rules and bars
    RULE = "rule"
    SCROLL_TRACK = "scroll.track"
    SCROLL_THUMB = "scroll.thumb"

    # Header
    HEADER = "header"  # laid under the whole line
    HEADER_TITLE = "header.title"
    HEADER_TOPIC = "header.topic"
    HEADER_RIGHT = "header.right"
    LINK_TLS = "link.tls"  # the dot before the server's name
    LINK_PLAIN = "link.plain"

    # Sidebar
    SIDEBAR_HEADING = "sidebar.heading"
    ROOM = "room"
    ROOM_UNREAD = "room.unread"
    ROOM_CURRENT = "room.current"  # laid under the whole row
    ROOM_INDEX = "room.index"
    ROOM_INVITATION = "room.invitation"
    BADGE_UNREAD = "badge.unread"
    BADGE_MENTION = "badge.mention"

    # Members
    MEMBERS_HEADING = "members.heading"
    MEMBER_OFFLINE = "member.offline"
    PRESENCE_ONLINE = "presence.online"
    PRESENCE_AWAY = "presence.away"
    PRESENCE_OFFLINE = "presence.offline"
    ROLE = "role"

    # Composer and status line
    PROMPT = "prompt"
    COMPOSER = "composer"
    PLACEHOLDER = "placeholder"
    STATUS = "status"
    STATUS_ONLINE = "status.online"
    STATUS_CONNECTING = "status.connecting"
    STATUS_OFFLINE = "status.offline"
    STATUS_WAITING = "status.waiting"
    STATUS_NEW = "status.new"  # "↓ 3 new"
    ACTIVITY = "activity"
    ACTIVITY_MENTION = "activity.mention"
    TOAST = "toast"
    TOAST_ERROR = "toast.error"
    HINT = "hint"
    HINT_KEY = "hint.key"

    # Dialogs
    DIALOG = "dialog"  # laid under the whole dialog
    DIALOG_EDGE = "dialog.edge"
    DIALOG_TITLE = "dialog.title"
    DIALOG_HEADING = "dialog.heading"
    DIALOG_TEXT = "dialog.text"
    DIALOG_DIM = "dialog.dim"
    DIALOG_KEY = "dialog.key"
    DIALOG_FIELD = "dialog.field"
    DIALOG_WARNING = "dialog.warning"
    DIALOG_ERROR = "dialog.error"
