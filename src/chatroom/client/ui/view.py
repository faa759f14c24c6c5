"""The whole screen as one urwid widget: it draws, and takes keys and mouse to where they belong.

A key becomes an action or goes to an editor; what the model wants done (`Effect`s) is handed to the owner.
Nothing is decided here about rooms or messages. Read next: `drawing.py`, `keys.py`,
`chatroom.client.screen.app`.
"""

from collections.abc import Callable, Sequence
from typing import Final

import urwid

from chatroom.client.commands.actions import ROW_OF, Action, Context
from chatroom.client.commands.keymap import Keymap
from chatroom.client.ui.canvas import StripCanvas
from chatroom.client.ui.dialogs import DialogPane
from chatroom.client.ui.drawing import ScreenDrawing, ViewSettings
from chatroom.client.ui.emoji import Emoji
from chatroom.client.ui.inputs import Paste
from chatroom.client.ui.keys import KeyReader
from chatroom.client.ui.strips import blank, laid_over
from chatroom.client.viewmodel.dialogs import DialogOwner, Moment
from chatroom.client.viewmodel.effects import Effect
from chatroom.client.viewmodel.screen import ScreenModel

WHEEL_LINES: Final = 3
_WHEEL: Final = {4: 1, 5: -1}

Size = tuple[()] | tuple[int] | tuple[int, int]


class ChatView(urwid.Widget):
    """The screen, a box widget. `model` is None while only a dialog of `owner` is shown (the first run)."""

    _sizing = frozenset([urwid.BOX])
    _selectable = True

    def __init__(
        self,
        owner: DialogOwner,
        model: ScreenModel | None,
        keymap: Keymap,
        emoji: Emoji,
        settings: ViewSettings,
        clock: Callable[[], Moment],
        carry_out: Callable[[Sequence[Effect]], None],
    ) -> None:
        super().__init__()
        self._owner = owner
        self._model = model
        self._clock = clock
        self._carry_out = carry_out
        self._keys = KeyReader(keymap)
        self._drawing = None if model is None else ScreenDrawing(model, emoji, settings)
        self._dialog = DialogPane(emoji)

    # Frames

    def refresh(self) -> None:
        """Take note of what changed in the model, so that the next drawing shows it."""
        if self._drawing is None or self._drawing.refresh():
            self._invalidate()

    def report_viewport(self) -> bool:
        """Tell the model which rows are in view, if that changed, and whether it did. Call after drawing."""
        return self._drawing is not None and self._drawing.report_viewport(self._clock())

    def render(self, size: Size, focus: bool = False) -> StripCanvas:
        """Return the whole screen as a canvas; the cursor is in the composer, in a field or nowhere."""
        cols, rows = _both(size)
        cursor: tuple[int, int] | None = None
        strips = [blank(cols) for _ in range(rows)]
        if self._drawing is not None:
            strips, place = self._drawing.draw(cols, rows, self._clock())
            cursor = place if self._context is Context.MAIN else None
        self._dialog.show(self._owner.dialog)
        dialog = self._dialog.draw(cols, rows)
        if dialog is not None:
            strips = laid_over(strips, dialog.strips, dialog.area.left, dialog.area.top, cols)
            cursor = dialog.cursor
        if cursor is not None and not (cursor[0] < cols and cursor[1] < rows):
            cursor = None
        return StripCanvas(strips, cols, cursor)

    # Keys

    def keypress(self, size: Size, key: str) -> str | None:
        """Take a key to where it belongs. Every key is used up here."""
        self._invalidate()
        now = self._clock()
        if isinstance(key, Paste):
            self._paste(key, now)
        elif key in ("focus in", "focus out"):
            if self._model is not None:
                self._model.focus_changed(key == "focus in", now)
        else:
            self._press(key, now)
        return None

    @property
    def _context(self) -> Context:
        if self._owner.dialog is not None or self._model is None:
            return Context.DIALOG
        return self._model.context

    def _press(self, key: str, now: Moment) -> None:
        context = self._context
        had_pending = bool(self._keys.pending)
        action = self._keys.read(context, key)
        if action is None:
            if not self._keys.pending and not had_pending:
                self._edit(context, key, now)
        elif not (ROW_OF[action].yields_to_editor and self._edit(context, key, now)):
            self._act(action, now)

    def _act(self, action: Action, now: Moment) -> None:
        """Carry out an action; a list in which nothing can be chosen is scrolled here."""
        dialog = self._owner.dialog
        if dialog is not None and dialog.selected < 0 and dialog.rows and self._scroll_dialog(action):
            return
        self._carry_out(self._owner.perform(action, now))

    def _scroll_dialog(self, action: Action) -> bool:
        match action:
            case Action.DIALOG_UP:
                self._dialog.list.scroll(-1)
            case Action.DIALOG_DOWN:
                self._dialog.list.scroll(1)
            case Action.DIALOG_PAGE_UP:
                self._dialog.list.scroll_pages(-1)
            case Action.DIALOG_PAGE_DOWN:
                self._dialog.list.scroll_pages(1)
            case _:
                return False
        return True

    def _edit(self, context: Context, key: str, now: Moment) -> bool:
        """Give a key to the editor that has the cursor; whether it had a use for it."""
        if context is Context.DIALOG:
            return self._edit_dialog(key, now)
        if self._drawing is None:
            return False
        if context is Context.SELECT:
            if len(key) != 1 or not key.isprintable():
                return False
            self._act(Action.SELECT_LEAVE, now)  # whoever begins to type has chosen enough
        self._drawing.sync()
        if not self._drawing.composer.editor.press(key):
            return False
        self._composer_edited(now)
        return True

    def _edit_dialog(self, key: str, now: Moment) -> bool:
        self._dialog.show(self._owner.dialog)
        focused = self._dialog.focused
        if focused is None:
            if len(key) == 1 and key.isprintable():
                self._carry_out(self._owner.dialog_letter(key.lower(), now))
            return False
        number, editor = focused
        before = editor.text
        if not editor.press(key):
            return False
        if editor.text != before:
            self._carry_out(self._owner.dialog_edited(number, editor.text, now))
        return True

    def _composer_edited(self, now: Moment) -> None:
        if self._model is not None and self._drawing is not None:
            editor = self._drawing.composer.editor
            self._model.composer_edited(editor.text, editor.cursor, now)

    def _paste(self, paste: Paste, now: Moment) -> None:
        """Put a paste into the field that has the cursor, as one line; else let the model decide."""
        self._dialog.show(self._owner.dialog)
        focused = self._dialog.focused
        if focused is not None:
            number, editor = focused
            printable = "".join(char if char.isprintable() else " " for char in paste.text)
            editor.insert(" ".join(printable.split()))
            self._carry_out(self._owner.dialog_edited(number, editor.text, now))
        elif self._model is not None and self._context is Context.MAIN:
            self._model.pasted(paste.text, now, cut_bytes=paste.cut_bytes)

    # Actions whose owner is the screen

    def on_screen(self, action: Action) -> bool:
        """Carry out an action of the screen; False for what drawing cannot do (the mouse, a redraw)."""
        drawing = self._drawing
        if drawing is None or self._model is None:
            return False
        self._invalidate()
        drawing.sync()
        match action:
            case Action.NEWLINE:
                drawing.composer.editor.press("enter")
                self._composer_edited(self._clock())
            case Action.COMPLETE | Action.COMPLETE_BACK:
                drawing.composer.editor.complete(1 if action is Action.COMPLETE else -1)
                self._composer_edited(self._clock())
            case Action.TOGGLE_ROOMS:
                drawing.toggle_rooms()
            case Action.TOGGLE_MEMBERS:
                drawing.toggle_members()
            case Action.TOP:
                drawing.pane.to_beginning(self._model.transcript())
            case Action.BOTTOM:
                drawing.pane.to_end()
            case Action.PAGE_UP | Action.PAGE_DOWN:
                drawing.pane.scroll_pages(1 if action is Action.PAGE_UP else -1)
            case Action.LINE_UP | Action.LINE_DOWN:
                drawing.pane.scroll(1 if action is Action.LINE_UP else -1)
            case _:
                return False
        return True

    def scroll_to(self, key: tuple[int, ...]) -> None:
        """Bring the row with this key into view."""
        if self._drawing is not None:
            self._drawing.sync()
            self._drawing.pane.bring_into_view(key)
            self._invalidate()

    def scroll_to_end(self) -> None:
        """Show the end of the transcript and stay there."""
        if self._drawing is not None:
            self._drawing.sync()
            self._drawing.pane.to_end()
            self._invalidate()

    # Mouse

    def mouse_event(self, size: Size, event: str, button: int, col: int, row: int, focus: bool) -> bool:
        """Scroll with the wheel, choose with the left button."""
        is_press = "press" in event
        if not is_press and event != "mouse drag":
            return False
        self._invalidate()
        if self._owner.dialog is not None:
            return is_press and self._click_dialog(button, col, row)
        if self._drawing is None or self._model is None:
            return False
        if button in _WHEEL and is_press:
            self._drawing.pane.scroll(_WHEEL[button] * WHEEL_LINES)
            return True
        return button == 1 and self._click(self._model, self._drawing, col, row, is_press=is_press)

    def _click_dialog(self, button: int, col: int, row: int) -> bool:
        now = self._clock()
        if button in _WHEEL:
            self._act(Action.DIALOG_UP if _WHEEL[button] > 0 else Action.DIALOG_DOWN, now)
            return True
        choice = self._dialog.choice_at(col, row)
        picked = self._dialog.row_at(row)
        if button == 1 and choice is not None:
            self._carry_out(self._owner.dialog_letter(choice.letter, now))
        elif button == 1 and picked is not None:
            self._carry_out(self._owner.dialog_picked(picked, now))
        return True

    def _click(
        self, model: ScreenModel, drawing: ScreenDrawing, col: int, row: int, *, is_press: bool
    ) -> bool:
        share = drawing.scroll_share_at(col, row)
        if share is not None:
            drawing.pane.to_share(model.transcript(), share)
            return True
        if not is_press:
            return False
        now = self._clock()
        index = drawing.row_at(col, row)
        room = drawing.room_at(col, row)
        handle = drawing.handle_at(col, row)
        if index is not None:
            self._carry_out(model.select_row(index, now))
        elif room:
            self._carry_out(model.open_room(room, now))
        elif handle:
            self._carry_out(model.open_direct(handle, now))
        return True


def _both(size: Size) -> tuple[int, int]:
    """Return columns and rows. A box widget is always given both."""
    if len(size) != 2:
        raise ValueError(f"the screen needs columns and rows, not {size}")
    return size
