"""Actions: everything a key can do, one row each.

Tables only. The rows give the names that `[keys]` in `client.toml` uses, what an action is called on the
screen and in the documentation, who carries it out, and its slash command if it has one. Which keys they
have by default is in `keymap.py`; what they do is in the view model (`Owner.MODEL`) and in the ui
(`Owner.SCREEN`).
"""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final


class Context(Enum):
    """Where a key is pressed: each context has its own keys."""

    MAIN = "main"  # writing
    SELECT = "select"  # choosing a message
    DIALOG = "dialog"


class Owner(Enum):
    """Who carries out an action."""

    MODEL = "model"  # `ScreenModel.perform`
    SCREEN = "screen"  # scrolling, panes, mouse, editing: the ui itself


@unique
class Action(Enum):
    """An action; its value is its name in `[keys]`."""

    # Writing
    SEND = "send"
    NEWLINE = "newline"
    COMPLETE = "complete"
    COMPLETE_BACK = "complete_back"
    OLDER_INPUT = "older_input"
    NEWER_INPUT = "newer_input"
    SEARCH_INPUT = "search_input"
    EDIT_OUTSIDE = "edit_outside"
    INTERRUPT = "interrupt"
    ESCAPE = "escape"

    # Rooms
    NEXT_ROOM = "next_room"
    PREVIOUS_ROOM = "previous_room"
    NEXT_ACTIVE = "next_active"
    SWITCH_ROOM = "switch_room"
    ROOM_1 = "room_1"
    ROOM_2 = "room_2"
    ROOM_3 = "room_3"
    ROOM_4 = "room_4"
    ROOM_5 = "room_5"
    ROOM_6 = "room_6"
    ROOM_7 = "room_7"
    ROOM_8 = "room_8"
    ROOM_9 = "room_9"
    ROOM_10 = "room_10"

    # Reading
    PAGE_UP = "page_up"
    PAGE_DOWN = "page_down"
    LINE_UP = "line_up"
    LINE_DOWN = "line_down"
    TOP = "top"
    BOTTOM = "bottom"
    FIRST_UNREAD = "first_unread"
    PREVIOUS_MENTION = "previous_mention"
    NEXT_MENTION = "next_mention"
    SEARCH = "search"
    SELECT = "select"

    # The screen
    HELP = "help"
    TOGGLE_ROOMS = "toggle_rooms"
    TOGGLE_MEMBERS = "toggle_members"
    TOGGLE_MOUSE = "toggle_mouse"
    REDRAW = "redraw"
    QUIT = "quit"

    # A message is chosen
    SELECT_UP = "select_up"
    SELECT_DOWN = "select_down"
    SELECT_FIRST = "select_first"
    SELECT_LAST = "select_last"
    SELECT_COPY = "select_copy"
    SELECT_QUOTE = "select_quote"
    SELECT_LINK = "select_link"
    SELECT_LOAD = "select_load"
    SELECT_LEAVE = "select_leave"

    # A dialog is open
    DIALOG_UP = "dialog_up"
    DIALOG_DOWN = "dialog_down"
    DIALOG_PAGE_UP = "dialog_page_up"
    DIALOG_PAGE_DOWN = "dialog_page_down"
    DIALOG_NEXT = "dialog_next"
    DIALOG_PREVIOUS = "dialog_previous"
    DIALOG_LEFT = "dialog_left"
    DIALOG_RIGHT = "dialog_right"
    DIALOG_ACCEPT = "dialog_accept"
    DIALOG_CANCEL = "dialog_cancel"


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One action: `title` is short (a hint, a heading in help), `doc` one sentence.

    `yields_to_editor`: the key goes to the text editor first (the composer, or the line of a dialog) and
    does this only when the editor has no use for it there: ↑ on the first line. `command` is the slash
    command that does the same, without "/", or "".
    """

    action: Action
    context: Context
    owner: Owner
    title: str
    doc: str
    command: str = ""
    yields_to_editor: bool = False


def _main(
    action: Action, title: str, doc: str, command: str = "", *, yields_to_editor: bool = False
) -> ActionRow:
    return ActionRow(action, Context.MAIN, Owner.MODEL, title, doc, command, yields_to_editor)


def _screen(action: Action, title: str, doc: str, command: str = "") -> ActionRow:
    return ActionRow(action, Context.MAIN, Owner.SCREEN, title, doc, command)


def _select(action: Action, title: str, doc: str) -> ActionRow:
    return ActionRow(action, Context.SELECT, Owner.MODEL, title, doc)


def _dialog(action: Action, title: str, doc: str, *, yields_to_editor: bool = False) -> ActionRow:
    return ActionRow(action, Context.DIALOG, Owner.MODEL, title, doc, "", yields_to_editor)


ROOM_ACTIONS: Final = tuple(Action(f"room_{index}") for index in range(1, 11))
"""The actions that open the room with number 1 … 10 in the sidebar."""

ACTIONS: Final[tuple[ActionRow, ...]] = (
    _main(Action.SEND, "send", "Send the text. With nothing typed: load the missing messages in view."),
    _screen(Action.NEWLINE, "new line", "Begin a new line in the text."),
    _screen(
        Action.COMPLETE, "complete", "Complete a handle, #room or /command; again: the next possibility."
    ),
    _screen(Action.COMPLETE_BACK, "complete back", "The possibility before."),
    _main(
        Action.OLDER_INPUT, "older text", "The text sent before, from the first line.", yields_to_editor=True
    ),
    _main(
        Action.NEWER_INPUT, "newer text", "The text sent after, from the last line.", yields_to_editor=True
    ),
    _main(Action.SEARCH_INPUT, "search texts", "Search the texts you sent."),
    _main(Action.EDIT_OUTSIDE, "$EDITOR", "Write the text in your own editor.", "edit"),
    _main(
        Action.INTERRUPT, "clear", "Clear the text; pressed twice with nothing typed: ask whether to quit."
    ),
    _main(Action.ESCAPE, "leave", "Leave a mode, remove the line of new messages. Never loses text."),
    _main(Action.NEXT_ROOM, "next room", "Open the room below."),
    _main(Action.PREVIOUS_ROOM, "previous room", "Open the room above."),
    _main(
        Action.NEXT_ACTIVE,
        "next active",
        "Open the next room with a mention, else a direct message, else something unread; then back.",
        "next",
    ),
    _main(Action.SWITCH_ROOM, "find a room", "Find a room or a person by some letters of the name.", "w"),
    *(
        _main(action, f"room {index}", f"Open room {index} of the sidebar.", f"w {index}")
        for index, action in enumerate(ROOM_ACTIONS, start=1)
    ),
    _screen(Action.PAGE_UP, "page up", "Scroll up; at the top older messages are loaded."),
    _screen(Action.PAGE_DOWN, "page down", "Scroll down."),
    _screen(Action.LINE_UP, "line up", "Scroll up one line."),
    _screen(Action.LINE_DOWN, "line down", "Scroll down one line."),
    _screen(Action.TOP, "top", "Scroll to the first message that is loaded."),
    _screen(Action.BOTTOM, "bottom", "Scroll to the newest message and stay there."),
    _main(Action.FIRST_UNREAD, "first unread", "Scroll to the line of new messages.", "unread"),
    _main(Action.PREVIOUS_MENTION, "mention before", "Scroll to the mention of you before this place."),
    _main(Action.NEXT_MENTION, "mention after", "Scroll to the mention of you after this place."),
    _main(Action.SEARCH, "search", "Search the messages of all your rooms.", "search"),
    _main(Action.SELECT, "choose", "Choose a message: to copy it, quote it, open its link.", "select"),
    _main(Action.HELP, "help", "Show keys and commands.", "help"),
    _screen(Action.TOGGLE_ROOMS, "rooms", "Show or hide the list of rooms.", "sidebar"),
    _screen(Action.TOGGLE_MEMBERS, "users", "Show or hide the members.", "users"),
    _screen(Action.TOGGLE_MOUSE, "mouse", "Turn the mouse off, so that text can be marked, or on.", "mouse"),
    _screen(Action.REDRAW, "redraw", "Draw the whole screen anew.", "redraw"),
    _main(Action.QUIT, "quit", "End the program. What is not stored yet is sent the next time.", "quit"),
    _select(Action.SELECT_UP, "up", "The message above."),
    _select(Action.SELECT_DOWN, "down", "The message below; below the last: leave."),
    _select(Action.SELECT_FIRST, "first", "The first message that is loaded."),
    _select(Action.SELECT_LAST, "last", "The newest message."),
    _select(Action.SELECT_COPY, "copy", "Copy the text of the message."),
    _select(Action.SELECT_QUOTE, "quote", "Quote the message in what you write."),
    _select(Action.SELECT_LINK, "open link", "Open the link in the message; again: the next one."),
    _select(Action.SELECT_LOAD, "load", "Load the missing messages here."),
    _select(Action.SELECT_LEAVE, "leave", "Back to writing."),
    _dialog(Action.DIALOG_UP, "up", "The row above."),
    _dialog(Action.DIALOG_DOWN, "down", "The row below."),
    _dialog(Action.DIALOG_PAGE_UP, "page up", "Some rows up."),
    _dialog(Action.DIALOG_PAGE_DOWN, "page down", "Some rows down."),
    _dialog(Action.DIALOG_NEXT, "next", "The next line or button."),
    _dialog(Action.DIALOG_PREVIOUS, "previous", "The line or button before."),
    _dialog(Action.DIALOG_LEFT, "left", "The button to the left.", yields_to_editor=True),
    _dialog(Action.DIALOG_RIGHT, "right", "The button to the right.", yields_to_editor=True),
    _dialog(Action.DIALOG_ACCEPT, "accept", "Do what the dialog says."),
    _dialog(Action.DIALOG_CANCEL, "close", "Close the dialog and change nothing."),
)

ROW_OF: Final[dict[Action, ActionRow]] = {row.action: row for row in ACTIONS}
