"""The status line and the rule above the composer.

The status line says to the left how the connection is, what waits and where something is unread; to the
right stands a toast, the choices of a completion, or hints. The rule carries the sign that newer messages
are below the view, where the eye is when it reads the end. Read next: `layout.py`.
"""

from collections.abc import Hashable, Sequence
from typing import Final

from chatroom.client.themes.styles import Style
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.strips import Strip, columns, cut, shorten, strip
from chatroom.client.viewmodel.rows import StatusLine

Spans = list[tuple[Hashable, str]]

_RETRY_COLS_LEAST: Final = 16
"""Why no other attempt is made may be long; so much of it is worth showing."""


def draw_status(
    line: StatusLine, cols: int, emoji: Emoji, candidates: Sequence[str] = (), chosen: int = 0
) -> Strip:
    """Return the status line as one strip; `candidates` are ways to complete, one of them `chosen`."""
    if candidates:
        return strip([(None, " "), *_choices(candidates, chosen, cols - 1)], cols)
    left = _connection(line, cols, emoji)
    room = cols - _width(left) - 3
    right = _toast(line, room, emoji) if line.toast else _hints(line, room)
    if line.toast and not right:  # what just happened is more pressing than how things are
        return strip([(None, " "), *_toast(line, cols - 1, emoji)], cols)
    gap = " " * max(cols - _width(left) - _width(right) - 1, 0)
    return strip((*left, (None, gap), *right), cols)


def _connection(line: StatusLine, cols: int, emoji: Emoji) -> Spans:
    """Return the left part: fields that do not fit are left out, the least pressing first."""
    spans: Spans = [(line.connection_style, f" {line.connection}")]
    fields: Spans = [(Style.STATUS_WAITING if "waiting" in line.waiting else Style.STATUS, line.waiting)]
    fields.append((Style.STATUS_CONNECTING, line.retry))
    fields.append((Style.STATUS_NEW, f" {line.mode} " if line.mode else ""))
    room = cols - _width(spans) - sum(columns(text) + 3 for _, text in fields if text) + columns(line.retry)
    if line.retry and room >= _RETRY_COLS_LEAST:
        fields[1] = (Style.STATUS_CONNECTING, shorten(emoji.fit(line.retry), room))
    for style, text in fields:
        if text and _width(spans) + columns(text) + 3 <= cols:
            spans += [(Style.RULE, " · "), (style, text)]
    if line.activity and _width(spans) + columns(line.activity) + 2 <= cols:
        style = Style.STATUS_WAITING if "!" in line.activity else Style.ACTIVITY
        spans += [(None, "  "), (style, line.activity)]
    return spans


def _toast(line: StatusLine, room: int, emoji: Emoji) -> Spans:
    text = emoji.fit(line.toast)
    if room < min(columns(text), 20):
        return []
    return [(line.toast_style, shorten(text, room))]


def _hints(line: StatusLine, room: int) -> Spans:
    spans: Spans = []
    for key, does in line.hint:
        if _width(spans) + columns(key) + columns(does) + 3 > room:
            break
        spans += [(None, "  " if spans else ""), (Style.HINT_KEY, key), (Style.HINT, f" {does}")]
    return spans


def _choices(candidates: Sequence[str], chosen: int, room: int) -> Spans:
    """Return the choices in a row that holds the chosen one."""
    first = 0
    while first < chosen and sum(columns(text) + 2 for text in candidates[first : chosen + 1]) > room:
        first += 1
    spans: Spans = []
    for index, text in enumerate(candidates[first:], start=first):
        if _width(spans) + columns(text) + 2 > room and spans:
            break
        spans.append((Style.STATUS_NEW if index == chosen else Style.STATUS, f" {cut(text, room - 2)} "))
    return spans


def draw_rule(line: StatusLine, cols: int, joints: Sequence[int] = ()) -> Strip:
    """Return the rule over the composer: rules from above meet it at the columns `joints`."""
    places = set(joints)
    chars = "".join("┴" if at in places else "─" for at in range(cols))
    if not line.scrolled or cols < columns(line.scrolled) + 6:
        return strip([(Style.RULE, chars)], cols)
    label = f" {line.scrolled} "
    at = cols - columns(label) - 4
    return strip([(Style.RULE, chars[:at]), (Style.STATUS_NEW, label), (Style.RULE, chars[-4:])], cols)


def _width(spans: Spans) -> int:
    return sum(columns(text) for _, text in spans)
