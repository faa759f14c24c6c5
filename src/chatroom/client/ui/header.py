"""The header: the room and its topic to the left, the link to the server to the right.

Fields go when there is no room for them: first the server's name is shortened, then the topic, never the
title. Read next: `status.py`.
"""

from collections.abc import Hashable

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.sidebar import PRESENCE_DOTS
from chatroom.client.ui.strips import Strip, columns, shorten, strip
from chatroom.client.viewmodel.rows import HeaderLine

_TOPIC_COLS = 12  # a topic of fewer columns is not worth showing


def draw_header(line: HeaderLine, cols: int, emoji: Emoji) -> Strip:
    """Return the header as one strip of `cols` columns."""
    left = _title(line, cols, emoji)
    right = _link(line, cols - _width(left))
    room = cols - _width(left) - _width(right)
    topic = shorten(emoji.fit(line.topic), room - 3) if room - 3 >= _TOPIC_COLS else ""
    middle: list[tuple[Hashable, str]] = [(Style.HEADER_TOPIC, f"  {topic}")] if topic else []
    gap = " " * (room - _width(middle))
    return strip((*left, *middle, (None, gap), *right), cols, Style.HEADER)


def _title(line: HeaderLine, cols: int, emoji: Emoji) -> list[tuple[Hashable, str]]:
    spans: list[tuple[Hashable, str]] = [(None, " ")]
    dot = PRESENCE_DOTS.get(line.presence)
    title = line.title
    if dot is not None:
        spans.append((dot[0], dot[1] + " "))
        title = title.removeprefix("@")
    spans.append((Style.HEADER_TITLE, shorten(emoji.fit(title), max(cols - _width(spans) - 1, 0))))
    return spans


def _link(line: HeaderLine, room: int) -> list[tuple[Hashable, str]]:
    """Return the sign and the name of the server in at most half of the room."""
    if not line.right or room < 8:
        return []
    sign, _, name = line.right.partition(" ")
    sign_style = Style.LINK_TLS if line.is_private_link else Style.LINK_PLAIN
    sign_style = sign_style if line.is_linked else Style.HEADER_RIGHT
    name = shorten(name, max(room // 2 - columns(sign) - 3, 3))
    return [(None, " "), (sign_style, sign), (Style.HEADER_RIGHT, f" {name} ")]


def _width(spans: list[tuple[Hashable, str]]) -> int:
    return sum(columns(text) for _, text in spans)
