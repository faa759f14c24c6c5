"""The names of keys: what a person writes, what the terminal library says, what the screen and the manual
show.

One form is used inside: the terminal library's ("ctrl n", "meta 1", "page up"), two keys in a row with ", "
between them. `canonical` makes it from what a person wrote ("Ctrl-N", "alt+1", "PgUp"), `key_title` turns
it back. Read next: `keymap.py`.
"""

import re
from typing import Final

_MODIFIER: Final = re.compile(r"(ctrl|control|alt|meta|option|shift)[ +-]+(?=.)", re.IGNORECASE)
_ORDER: Final = ("shift", "meta", "ctrl")
_MODIFIERS: Final = {"control": "ctrl", "alt": "meta", "option": "meta"}

_NAMES: Final = frozenset(
    {"enter", "tab", "esc", "up", "down", "left", "right", "home", "end", "insert", "delete", "backspace"}
    | {"page up", "page down"}
    | {f"f{number}" for number in range(1, 13)}
)
_OTHER_NAMES: Final = {
    "return": "enter",
    "escape": "esc",
    "del": "delete",
    "ins": "insert",
    "pgup": "page up",
    "pageup": "page up",
    "page-up": "page up",
    "pgdn": "page down",
    "pgdown": "page down",
    "pagedown": "page down",
    "page-down": "page down",
    "space": " ",
    "comma": ",",
    "↑": "up",
    "↓": "down",
    "←": "left",
    "→": "right",
}

_SAME_IN_A_TERMINAL: Final = {
    "ctrl m": "enter",
    "ctrl j": "meta enter",  # so `chatroom.client.ui.term` gives it on
    "ctrl i": "tab",
    "ctrl h": "backspace",
    "ctrl [": "esc",
    "ctrl  ": "<0>",
    "ctrl @": "<0>",
}
"""What a terminal cannot tell apart, and the name its library has for it."""

_TITLES: Final = {
    "page up": "PgUp",
    "page down": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "insert": "Ins",
    "delete": "Del",
    " ": "Space",
    ",": "Comma",
    "<0>": "Ctrl-Space",
}


def canonical(written: str) -> str:
    """Return the inside form of a key, or of two keys with a comma between, as a person wrote it.

    Case and the sign between the parts do not matter, but for a letter without Ctrl: "Y" is not "y"; Alt-Y
    is Alt-y. Raises ValueError, with the part that is no key, when it is none.
    """
    parts = [part for part in re.split(r",\s*", written.strip()) if part] or [","]
    return ", ".join(_one(part.strip()) for part in parts)


def key_title(key: str) -> str:
    """Return how a key in the inside form is shown: "Ctrl-N", "Alt-1", "PgUp", "Ctrl-X Ctrl-E"."""
    return " ".join(_one_title(part) for part in key.split(", "))


def _one(written: str) -> str:
    if re.fullmatch(r"\^.", written):
        written = f"ctrl {written[1]}"
    if written == "<0>":
        return written
    rest, modifiers = written, set[str]()
    while match := _MODIFIER.match(rest):
        word = match[1].lower()
        modifiers.add(_MODIFIERS.get(word, word))
        rest = rest[match.end() :]
    name = _folded(rest)
    if len(name) == 1 and name.isprintable():
        name = _letter(name, modifiers)
    elif name not in _NAMES:
        raise ValueError(f"{written!r} is not the name of a key")
    key = " ".join([*(word for word in _ORDER if word in modifiers), name])
    return _SAME_IN_A_TERMINAL.get(key, key)


def _folded(name: str) -> str:
    low = name.lower()
    return _OTHER_NAMES.get(low, low if low in _NAMES else name)


def _letter(letter: str, modifiers: set[str]) -> str:
    """Return the letter in the case a terminal reports with these modifiers; Shift is in the
    letter itself.
    """
    has_shift = "shift" in modifiers
    modifiers.discard("shift")
    if has_shift and "ctrl" not in modifiers:
        return letter.upper()
    return letter.lower() if modifiers else letter


def _one_title(key: str) -> str:
    if key in _TITLES:
        return _TITLES[key]
    words = []
    while True:
        word, space, rest = key.partition(" ")
        if not space or not rest or word not in _ORDER:
            break
        words.append({"meta": "Alt"}.get(word, word.capitalize()))
        key = rest
    if words and len(key) == 1 and key.isupper():
        words.append("Shift")
    is_letter = len(key) == 1 and not words
    return "-".join([*words, _TITLES.get(key, key if is_letter else key.capitalize())])
