"""From keys to actions: the keymap looked up, and first keys of two remembered.

Read next: `view.py`, which gives actions to the model and all other keys to the editors.
"""

from chatroom.client.commands.actions import Action, Context
from chatroom.client.commands.keymap import Keymap


class KeyReader:
    """Reads keys one by one."""

    def __init__(self, keymap: Keymap) -> None:
        self._keymap = keymap
        self._before: tuple[str, ...] = ()
        self._context: Context | None = None

    @property
    def pending(self) -> tuple[str, ...]:
        """The keys pressed that mean nothing before another one follows."""
        return self._before

    def read(self, context: Context, key: str) -> Action | None:
        """Return what the key does after those pending; None when nothing, or not yet (see `pending`)."""
        if context is not self._context:
            self._before = ()
            self._context = context
        keys = (*self._before, key)
        self._before = ()
        action = self._keymap.action(context, keys)
        if action is None and self._keymap.is_prefix(context, keys):
            self._before = keys
        return action
