"""What comes from the keyboard, before any key means something: pastes are put together, answers dropped.

A paste becomes one `Paste`. Its text was taken out before (`pastes.py`); where that could not be done it
arrives as a flood of single keys in which every line end is an Enter and every escape sequence a key of its
own, so between its markers only text counts. Pastes that a terminal does not mark are recognised by text that
goes on after an Enter in one read. What the terminal answers to questions arrives here as well and is
dropped: urwid raises on it. Read next: `keys.py`.
"""

from collections.abc import Callable, Iterable
from typing import Final, Self

from chatroom.client.ui.pastes import PASTE_BYTES_MAX, PASTE_PAUSE_S

_TEXT_OF: Final = {"enter": "\n", "meta enter": "\n", "ctrl j": "\n", "tab": "    "}

# An unmarked paste: so many keys in one read, with text after an Enter. Nobody types so in one read.
_UNMARKED_KEYS_MIN: Final = 16
_UNMARKED_AFTER_ENTER_MIN: Final = 4

InputKey = str | tuple[str, int, int, int]


class Paste(str):
    """A paste, as a key among keys: the string is its name, `text` is what was pasted, `cut_bytes` how much
    more it was.
    """

    __slots__ = ("cut_bytes", "text")

    text: str
    cut_bytes: int

    def __new__(cls, text: str, cut_bytes: int = 0) -> Self:
        """Return the paste of `text`."""
        key = super().__new__(cls, "<paste>")
        key.text = text
        key.cut_bytes = cut_bytes
        return key


class InputReader:
    """Turns what urwid read into keys for the view; a paste may go on over many reads.

    `now` gives monotonic seconds, `fetch` the text that was taken out between two markers, and how many bytes
    more there were.
    """

    def __init__(self, now: Callable[[], float], fetch: Callable[[], tuple[str, int]]) -> None:
        self._now = now
        self._fetch = fetch
        self._paste: list[str] | None = None
        self._read_at = 0.0
        self._marks_pastes = False  # this terminal was seen to; then fast typing is never taken for a paste

    def read(self, keys: Iterable[object]) -> list[InputKey]:
        """Return the keys, mouse events and pastes in what urwid decoded from one read."""
        found: list[InputKey] = []
        now = self._now()
        if self._paste is not None and now - self._read_at > PASTE_PAUSE_S:
            found.append(Paste("".join(self._paste)))
            self._paste = None
        self._read_at = now
        for key in keys:
            if isinstance(key, tuple):
                if len(key) == 4 and "mouse" in key[0]:
                    found.append(key)
            elif key == "begin paste":
                self._paste = []
                self._marks_pastes = True
            elif key == "end paste":
                if self._paste is not None:
                    found.append(Paste("".join(self._paste)) if self._paste else Paste(*self._fetch()))
                self._paste = None
            elif isinstance(key, str):
                self._take(key, found)
        return found if self._marks_pastes else _joined_unmarked(found)

    def _take(self, key: str, found: list[InputKey]) -> None:
        if self._paste is None or key in ("window resize", "focus in", "focus out"):
            found.append(key)
        elif len(self._paste) < PASTE_BYTES_MAX:
            self._paste.append(key if len(key) == 1 else _TEXT_OF.get(key, ""))


def _joined_unmarked(keys: list[InputKey]) -> list[InputKey]:
    """Return the keys, or one paste of them when they can only be an unmarked one."""
    if len(keys) < _UNMARKED_KEYS_MIN or "enter" not in keys[:-_UNMARKED_AFTER_ENTER_MIN]:
        return keys
    if all(isinstance(key, str) and (len(key) == 1 or key in _TEXT_OF) for key in keys):
        return [Paste("".join(_TEXT_OF.get(str(key), str(key)) for key in keys))]
    return keys
