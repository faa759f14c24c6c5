"""Keys: the default keys of every action, and the user's own over them.

The table and the lookup, nothing of what an action does. An override replaces all keys of its action; it
may take a default key away from another action, but two overrides must not want the same key. Read next:
`actions.py`, `keynames.py` for how keys are written.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from chatroom.client.commands.actions import ROOM_ACTIONS, ROW_OF, Action, Context
from chatroom.client.commands.keynames import canonical, key_title

DEFAULT_KEYS: Final[Mapping[Action, tuple[str, ...]]] = MappingProxyType(
    {
        Action.SEND: ("enter",),
        Action.NEWLINE: ("meta enter", "shift enter"),
        Action.COMPLETE: ("tab",),
        Action.COMPLETE_BACK: ("shift tab",),
        Action.OLDER_INPUT: ("up", "ctrl up"),
        Action.NEWER_INPUT: ("down", "ctrl down"),
        Action.SEARCH_INPUT: ("ctrl r",),
        Action.EDIT_OUTSIDE: ("ctrl x, ctrl e",),
        Action.INTERRUPT: ("ctrl c",),
        Action.ESCAPE: ("esc",),
        Action.NEXT_ROOM: ("ctrl n", "meta right"),
        Action.PREVIOUS_ROOM: ("ctrl p", "meta left"),
        Action.NEXT_ACTIVE: ("meta a",),
        Action.SWITCH_ROOM: ("ctrl g", "f2"),
        **{action: (f"meta {index % 10}",) for index, action in enumerate(ROOM_ACTIONS, start=1)},
        Action.PAGE_UP: ("page up",),
        Action.PAGE_DOWN: ("page down",),
        Action.LINE_UP: ("shift up",),
        Action.LINE_DOWN: ("shift down",),
        Action.TOP: ("ctrl home", "meta home"),
        Action.BOTTOM: ("ctrl end", "meta end"),
        Action.FIRST_UNREAD: ("meta u",),
        Action.PREVIOUS_MENTION: ("meta p",),
        Action.NEXT_MENTION: ("meta n",),
        Action.SEARCH: ("ctrl f",),
        Action.SELECT: ("meta up", "<0>"),
        Action.HELP: ("f1", "meta h"),  # GNOME Terminal keeps F1 for itself
        Action.TOGGLE_ROOMS: ("f7",),
        Action.TOGGLE_MEMBERS: ("f8",),
        Action.TOGGLE_MOUSE: ("meta m",),
        Action.REDRAW: ("ctrl l",),
        Action.QUIT: (),  # twice Ctrl-C asks, `/quit` does not
        Action.SELECT_UP: ("up", "k", "meta up"),
        Action.SELECT_DOWN: ("down", "j", "meta down"),
        Action.SELECT_FIRST: ("home", "g", "ctrl home"),
        Action.SELECT_LAST: ("end", "G", "ctrl end"),
        Action.SELECT_COPY: ("y",),
        Action.SELECT_QUOTE: ("r",),
        Action.SELECT_LINK: ("o",),
        Action.SELECT_LOAD: ("enter",),
        Action.SELECT_LEAVE: ("esc", "q", "ctrl c"),
        Action.DIALOG_UP: ("up", "ctrl p"),
        Action.DIALOG_DOWN: ("down", "ctrl n"),
        Action.DIALOG_PAGE_UP: ("page up",),
        Action.DIALOG_PAGE_DOWN: ("page down",),
        Action.DIALOG_NEXT: ("tab",),
        Action.DIALOG_PREVIOUS: ("shift tab",),
        Action.DIALOG_LEFT: ("left",),
        Action.DIALOG_RIGHT: ("right",),
        Action.DIALOG_ACCEPT: ("enter",),
        Action.DIALOG_CANCEL: ("esc", "ctrl c"),
    }
)

SUSPEND_KEY: Final = "ctrl z"
"""The key that gives the terminal back to the shell, wherever it is pressed."""

EDITING_KEYS: Final = (
    ("ctrl a", "home", "To the beginning of the line."),
    ("ctrl e", "end", "To the end of the line."),
    ("meta b", "ctrl left", "One word back."),
    ("meta f", "ctrl right", "One word on."),
    ("ctrl w", "meta backspace", "Delete the word before the cursor."),
    ("meta d", "", "Delete the word after the cursor."),
    ("ctrl u", "", "Delete to the beginning of the line."),
    ("ctrl k", "", "Delete to the end of the line."),
    ("ctrl y", "", "Put back what was deleted last."),
    ("ctrl _", "", "Undo."),
    ("ctrl d", "delete", "Delete the character under the cursor."),
    (SUSPEND_KEY, "", "Back to the shell, from anywhere; fg comes back."),
)
"""Keys of the text editor itself and of the terminal, which cannot be changed: (key, another key or "", what
it does).
"""

MUST_HAVE_KEYS: Final = (
    *(Action.SEND, Action.INTERRUPT, Action.SELECT_LEAVE),
    *(Action.DIALOG_ACCEPT, Action.DIALOG_CANCEL),
)
"""Actions that may not be left without any key: one could not send, or not get out."""


class KeymapError(ValueError):
    """The `[keys]` of the settings cannot be used: the action named there, and what is wrong with it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"[keys] {name}: {problem}")
        self.name = name
        self.problem = problem


class Keymap:
    """Which key does what, in each context."""

    def __init__(self, overrides: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take the default keys and put `overrides` (action name → keys) over them. Raises KeymapError."""
        self._keys: dict[Action, tuple[str, ...]] = dict(DEFAULT_KEYS)
        own = {_named_action(name): _own_keys(name, keys) for name, keys in (overrides or {}).items()}
        _refuse_conflicts(own)
        taken = {(ROW_OF[action].context, key) for action, keys in own.items() for key in keys}
        for action, keys in self._keys.items():
            context = ROW_OF[action].context
            self._keys[action] = tuple(key for key in keys if (context, key) not in taken)
        self._keys |= own
        for action in MUST_HAVE_KEYS:
            if not self._keys[action]:
                raise KeymapError(action.value, "is left without a key")
        self._actions = {
            (ROW_OF[action].context, tuple(key.split(", "))): action
            for action, keys in self._keys.items()
            for key in keys
        }
        _refuse_hidden(self._actions)
        self._prefixes = {(context, keys[:1]) for context, keys in self._actions if len(keys) > 1}

    def action(self, context: Context, keys: tuple[str, ...]) -> Action | None:
        """Return what these keys, pressed one after the other, do; None when nothing."""
        return self._actions.get((context, keys))

    def is_prefix(self, context: Context, keys: tuple[str, ...]) -> bool:
        """Whether more keys must follow before these mean something ("ctrl x")."""
        return (context, keys) in self._prefixes

    def keys(self, action: Action) -> tuple[str, ...]:
        """Return the keys of an action, the most usual first, as `key_title` shows them ("Ctrl-N")."""
        return tuple(key_title(key) for key in self._keys[action])


def _named_action(name: str) -> Action:
    try:
        return Action(name)
    except ValueError:
        near = get_close_matches(name, [action.value for action in Action], n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        raise KeymapError(name, f"there is no such action{hint}") from None


def _own_keys(name: str, written: Sequence[str]) -> tuple[str, ...]:
    """Return the inside forms of the keys written for one action; raises KeymapError."""
    context = ROW_OF[Action(name)].context
    keys = []
    for text in [written] if isinstance(written, str) else written:
        try:
            key = canonical(text)
        except ValueError as error:
            raise KeymapError(name, str(error)) from None
        if key.count(", ") > 1:
            raise KeymapError(name, f"{text!r} has more than two keys")
        if len(key) == 1 and context is not Context.SELECT:
            raise KeymapError(name, f"{text!r} alone is a letter to write; add Ctrl or Alt")
        if key not in keys:
            keys.append(key)
    return tuple(keys)


def _refuse_conflicts(own: Mapping[Action, tuple[str, ...]]) -> None:
    """Raise KeymapError when two overrides want one key in one context."""
    holders: dict[tuple[Context, str], Action] = {}
    for action, keys in own.items():
        for key in keys:
            other = holders.setdefault((ROW_OF[action].context, key), action)
            if other is not action:
                title = key_title(key)
                raise KeymapError(action.value, f"{title} is the key of {other.value} as well")


def _refuse_hidden(actions: Mapping[tuple[Context, tuple[str, ...]], Action]) -> None:
    """Raise KeymapError when a key that does something is also the first of two keys."""
    for (context, keys), action in actions.items():
        other = actions.get((context, keys[:1]))
        if len(keys) > 1 and other is not None:
            title = key_title(keys[0])
            raise KeymapError(other.value, f"{title} is the first of the two keys of {action.value}")
