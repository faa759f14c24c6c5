"""Completion: how the word before the cursor may go on.

Handles come in the order in which one needs them: who spoke last first, then who is there, then the others,
never oneself. Pure functions of what is known. Read next: `composer.py`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chatroom.client.commands.slash import COMMANDS
from chatroom.client.viewmodel.rows import Completion

MOST: Final = 50
"""Most ways offered: nobody presses Tab more often."""

LANGUAGES: Final = (
    *(
        "bash",
        "c",
        "console",
        "cpp",
        "css",
        "diff",
        "go",
        "haskell",
        "html",
        "java",
        "javascript",
        "json",
        "kotlin",
    ),
    *("latex", "lua", "makefile", "markdown", "ocaml", "php", "python", "r", "ruby", "rust", "sql", "swift"),
    *("toml", "typescript", "xml", "yaml"),
)
"""What may stand after the fence of a block of code."""

_WORD: Final = re.compile(r"\S*\Z")
_FENCE: Final = re.compile(r"```([\w+#-]*)\Z")


@dataclass(frozen=True, slots=True)
class Known:
    """What can be completed: handles, most likely first, without one's own; and titles of rooms."""

    handles: Sequence[str]
    rooms: Sequence[str]


def complete(text: str, cursor: int, known: Known) -> list[Completion]:
    """Return the ways to complete the word before `cursor`, best first; empty when there is none."""
    before, after = text[:cursor], text[cursor:]
    match = _WORD.search(before)
    assert match is not None
    start = match.start()
    found = []
    for shown, new in _ways(before[:start], match[0], known):
        put = new.rstrip(" ") if after.startswith((" ", "\n")) and new.endswith(" ") else new
        found.append(Completion(before[:start] + put + after, start + len(put), shown))
        if len(found) == MOST:
            break
    return found


def _ways(before: str, word: str, known: Known) -> Iterator[tuple[str, str]]:
    """Yield (label, what takes the place of the word)."""
    low = word.lower()
    begins_line = not before or before.endswith("\n")
    is_command = before.startswith("/") and not before.startswith("//")
    if not before and word.startswith("/") and not word.startswith("//"):
        yield from _commands(low)
    elif begins_line and (fence := _FENCE.fullmatch(low)):
        yield from ((name, f"```{name}\n") for name in LANGUAGES if name.startswith(fence[1]))
    elif words := _last_words(before):
        yield from ((role, f"{role} ") for role in words if role.startswith(low))
    elif low.startswith("#"):
        yield from ((title, f"{title} ") for title in known.rooms if title.startswith(low))
    elif low.startswith("@"):
        yield from ((f"@{name}", f"@{name} ") for name in known.handles if name.startswith(low[1:]))
    elif low or begins_line or (is_command and len(before.split()) == 1):
        end = ": " if begins_line and not is_command else " "
        yield from ((name, name + end) for name in known.handles if name.startswith(low))
        if is_command and low:
            yield from ((title, f"{title} ") for title in known.rooms if title.startswith(f"#{low}"))


def _commands(typed: str) -> Iterator[tuple[str, str]]:
    for row in COMMANDS:
        for name in (row.name, *row.aliases):
            if f"/{name}".startswith(typed):
                yield row.written, f"/{name} "
                break


def _last_words(before: str) -> tuple[str, ...]:
    """Return what may stand after the command and the word in `before`, if the command says so."""
    words = before.split()
    if len(words) != 2 or not words[0].startswith("/"):
        return ()
    return next((row.last_words for row in COMMANDS if f"/{row.name}" == words[0].lower()), ())


def in_order(recent: dict[str, int], present: Sequence[str], me: str) -> list[str]:
    """Return handles in the order in which one needs them: speakers (handle → seq of the newest message),
    newest first, then `present` as it stands; never `me`.
    """
    speakers = sorted(recent, key=lambda handle: -recent[handle])
    return [handle for handle in dict.fromkeys([*speakers, *present]) if handle != me]
