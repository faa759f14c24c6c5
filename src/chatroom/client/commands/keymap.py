"""Keys: the default key of every action, and the user's own over them.

A key is named as the terminal library names it ("ctrl n", "meta 1", "page up"), two keys in a row with a comma between
them ("ctrl x, ctrl e"); what a person writes ("Ctrl-N", "alt+1", "PgUp") is brought into that form. Read next:
`actions.py`.
"""

from collections.abc import Mapping, Sequence

from chatroom.client.commands.actions import Action, Context


class KeymapError(ValueError):
    """The `[keys]` of the settings cannot be used; the text names the action and the key."""


class Keymap:
    """Which key does what, in each context."""

    def __init__(self, overrides: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take the default keys and put `overrides` (action name → keys) over them. Raises KeymapError."""

    def action(self, context: Context, keys: tuple[str, ...]) -> Action | None:
        """Return what these keys, pressed one after the other, do; None when nothing."""
        raise NotImplementedError

    def is_prefix(self, context: Context, keys: tuple[str, ...]) -> bool:
        """Whether more keys must follow before these mean something ("ctrl x")."""
        raise NotImplementedError

    def keys(self, action: Action) -> tuple[str, ...]:
        """Return the keys of an action, the most usual first, as `key_title` shows them ("Ctrl-N")."""
        raise NotImplementedError
