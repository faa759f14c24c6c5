"""Text of a message, as spans: code, bold, italic, links and mentions get a style; everything else stays as
it is.

The rules are strict so that a program or a formula is not taken for markup: `**bold**` and `*italic*` must
stand apart from letters and other stars and hug what they enclose, underscores mean nothing, and a code
fence stands alone on its line. Signs are left out where they were understood; whoever copies a message
copies the text itself. Read next: `transcript.py`.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Final

from chatroom.client.themes.styles import Style, handle_style
from chatroom.client.viewmodel.rows import Span, SpanLine
from chatroom.protocol.mentions import find_mentions

_FENCE: Final = re.compile(r"[ ]{0,3}```[ ]*([\w+#.-]{0,20})[ ]*")
_FENCE_END: Final = re.compile(r"[ ]{0,3}```[ ]*")
_FENCED_LINE: Final = re.compile(r"[ ]{0,3}```(.+)```[ ]*")
_INLINE: Final = re.compile(
    r"(?<!`)(?:`(?P<code>[^`]+)`|``(?P<code2>[^`]+(?:`[^`]+)*)``)(?!`)"
    r"|(?P<url>https?://[^\s<>\"`]+)"
    r"|(?<![\w*])\*\*(?P<bold>[\w\"'(](?:[^*]*[^\s*])?)\*\*(?![\w*])"
    r"|(?<![\w*])\*(?P<italic>[\w\"'(](?:[^*]*[^\s*])?)\*(?![\w*])"
)
_URL_TAIL: Final = ".,;:!?'\""
_SPECIAL: Final = re.compile(r"[`*]|://")


@dataclass(frozen=True, slots=True)
class MarkedText:
    """The lines of a text as spans; `code_lines` are the indexes of the lines that are code."""

    lines: tuple[SpanLine, ...]
    code_lines: frozenset[int] = frozenset()

    @property
    def is_code(self) -> bool:
        """Whether there is nothing but code."""
        return len(self.code_lines) == len(self.lines)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: `me` is highlighted. `known` are handles that are people, so that `note:` is not taken for
    one.
    """

    me: str
    known: Container[str] = frozenset()


def mark_text(text: str, reader: Reader, ground: Style = Style.TEXT) -> MarkedText:
    """Return `text` (clean, one or more lines) as spans; what has no markup gets the style `ground`."""
    if "```" not in text:
        return MarkedText(tuple(_mark_line(line, reader, ground) for line in text.split("\n")))
    lines: list[SpanLine] = []
    code: set[int] = set()
    for line, is_code in _split_fences(text.split("\n")):
        if is_code is None:
            lines.append(((Style.CODE_LANGUAGE, line),))
        else:
            lines.append(((Style.CODE, line),) if is_code else _mark_line(line, reader, ground))
        if is_code is not False:
            code.add(len(lines) - 1)
    return MarkedText(tuple(lines), frozenset(code))


def find_links(text: str) -> list[str]:
    """Return the links in `text`, in order, each once."""
    links = (_trimmed(match["url"]) for match in _INLINE.finditer(text) if match["url"])
    return list(dict.fromkeys(links))


def _split_fences(lines: list[str]) -> Iterator[tuple[str, bool | None]]:
    """Yield (line, is code) without the fences; (language, None) where a fence names one."""
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        if single := _FENCED_LINE.fullmatch(line):
            yield single[1], True
            continue
        fence = _FENCE.fullmatch(line)
        end = index
        while end < len(lines) and not _FENCE_END.fullmatch(lines[end]):
            end += 1
        if fence is None or end == index:  # no fence, or a block without a line: shown as written
            yield line, False
            continue
        if fence[1]:
            yield fence[1], None
        for inside in lines[index:end]:
            yield inside, True
        index = end + 1


def _mark_line(line: str, reader: Reader, ground: Style) -> SpanLine:
    """Return one line outside a block of code as spans."""
    spans: list[Span] = []
    start = 0
    for begin, end, style, shown in _marks(line, reader):
        if begin < start:
            continue
        if begin > start:
            spans.append((ground, line[start:begin]))
        spans.append((style, shown))
        start = end
    if start < len(line) or not spans:
        spans.append((ground, line[start:]))
    return tuple(spans)


def _marks(line: str, reader: Reader) -> list[tuple[int, int, Style, str]]:
    """Return (begin, end, style, shown text) of all that has a style, by `begin`; some may overlap."""
    marks: list[tuple[int, int, Style, str]] = []
    if _SPECIAL.search(line):
        marks.extend(_inline(line))
    taken = [(begin, end) for begin, end, _, _ in marks]
    for handle, begin, end in find_mentions(line):
        is_person = line[begin] == "@" or handle == reader.me or handle in reader.known
        if is_person and not any(begin < stop and start < end for start, stop in taken):
            style = Style.MENTION if handle == reader.me else handle_style(handle)
            marks.append((begin, end, style, line[begin:end]))
    marks.sort()
    return marks


def _inline(line: str) -> Iterator[tuple[int, int, Style, str]]:
    for match in _INLINE.finditer(line):
        begin, end = match.span()
        if match["url"]:
            url = _trimmed(match["url"])
            yield begin, begin + len(url), Style.URL, url
        elif code := match["code"] or match["code2"]:
            yield begin, end, Style.CODE, code
        elif match["bold"]:
            yield begin, end, Style.BOLD, match["bold"]
        else:
            yield begin, end, Style.ITALIC, match["italic"]


def _trimmed(url: str) -> str:
    """Return the link without the punctuation of the sentence around it."""
    while True:
        shorter = url.rstrip(_URL_TAIL)
        if shorter.endswith(")") and shorter.count("(") < shorter.count(")"):
            shorter = shorter[:-1]
        if shorter == url:
            return url
        url = shorter
