"""A dialog that asks something and has a button for every answer.

Whether to quit, what to do with a long paste, whether to trust a server; and what has to be seen, with one
button. Read next: `answers.py`.
"""

from collections.abc import Sequence
from typing import Final

from chatroom.client.commands.actions import Action
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.boxes.answers import Answer, Close, Emit, Insert
from chatroom.client.viewmodel.dialogs import Choice, Dialog, DialogKind
from chatroom.client.viewmodel.effects import Quit, TrustAnswered
from chatroom.client.viewmodel.rows import SpanLine

PREVIEW_LINES: Final = 6
"""Lines of a paste that are shown in the question."""

PREVIEW_CHARS: Final = 100
"""Characters of such a line."""

_STEPS: Final = {
    Action.DIALOG_LEFT: -1,
    Action.DIALOG_PREVIOUS: -1,
    Action.DIALOG_UP: -1,
    Action.DIALOG_RIGHT: 1,
    Action.DIALOG_NEXT: 1,
    Action.DIALOG_DOWN: 1,
}


class QuestionBox:
    """A question with the buttons `choices` and what each of them answers; `on_cancel` is the answer of
    Esc.
    """

    def __init__(
        self,
        kind: DialogKind,
        identity: int,
        title: str,
        text: Sequence[SpanLine],
        choices: Sequence[tuple[Choice, Answer]],
        *,
        choice: int = 0,
        is_alarm: bool = False,
        on_cancel: Answer | None = None,
    ) -> None:
        self._kind = kind
        self._identity = identity
        self._title = title
        self._text = tuple(text)
        self._choices = tuple(choices)
        self._choice = choice
        self._is_alarm = is_alarm
        self._on_cancel = on_cancel or Close()

    @property
    def kind(self) -> DialogKind:
        """Which question it is."""
        return self._kind

    def view(self) -> Dialog:
        """Return what is to be drawn."""
        return Dialog(
            kind=self._kind,
            identity=self._identity,
            title=self._title,
            text=self._text,
            choices=tuple(choice for choice, _ in self._choices),
            choice=self._choice,
            is_alarm=self._is_alarm,
        )

    def act(self, action: Action) -> Answer | None:
        """Move between the buttons, press one, or close."""
        if action in _STEPS:
            self._choice = (self._choice + _STEPS[action]) % len(self._choices)
        elif action is Action.DIALOG_ACCEPT:
            return self._choices[self._choice][1]
        elif action is Action.DIALOG_CANCEL:
            return self._on_cancel
        return None

    def edited(self, text: str) -> Answer | None:
        """There is no line of text, so nothing."""
        return None

    def letter(self, letter: str) -> Answer | None:
        """Press the button with this letter."""
        return next((answer for choice, answer in self._choices if choice.letter == letter.lower()), None)

    def picked(self, row: int) -> Answer | None:
        """Press a button."""
        return self._choices[row][1] if 0 <= row < len(self._choices) else None


def paste_question(identity: int, text: str) -> QuestionBox:
    """Ask what to do with a pasted text of many lines."""
    lines = text.split("\n")
    shown = [_preview(line) for line in lines[:PREVIEW_LINES]]
    if len(lines) > PREVIEW_LINES:
        shown.append(((Style.DIALOG_DIM, f"… and {len(lines) - PREVIEW_LINES} lines more"),))
    choices: list[tuple[Choice, Answer]] = [(Choice("s", "Send as one message"), Insert(text, and_send=True))]
    if "```" not in text:
        code = Insert(f"```\n{text}\n```", and_send=True, on_own_lines=True)
        choices.append((Choice("c", "Send as code"), code))
    choices += [(Choice("e", "Edit first"), Insert(text)), (Choice("n", "Cancel"), Close())]
    return QuestionBox(DialogKind.PASTE, identity, f"Paste of {len(lines)} lines", shown, choices)


def quit_question(identity: int, waiting: int) -> QuestionBox:
    """Ask whether to end the program."""
    text = "Quit?"
    if waiting:
        noun = "message waits" if waiting == 1 else "messages wait"
        text = f"{waiting} {noun} to be stored, and will be sent the next time. Quit?"
    choices: list[tuple[Choice, Answer]] = [
        (Choice("y", "Quit"), Emit(Quit())),
        (Choice("n", "Stay"), Close()),
    ]
    return QuestionBox(DialogKind.QUIT, identity, "Quit", [((Style.DIALOG_TEXT, text),)], choices)


def alarm(identity: int, title: str, lines: Sequence[str]) -> QuestionBox:
    """Say what must not pass unseen. No letter closes it: it comes while somebody types."""
    text: list[SpanLine] = [((Style.DIALOG_TEXT, line),) for line in lines]
    choices = [(Choice("", "Understood"), Close())]
    return QuestionBox(DialogKind.ALARM, identity, title, text, choices, is_alarm=True)


def trust_question(identity: int, server: str, pin: str, is_changed: bool) -> QuestionBox:
    """Ask whether the server with this pin is the right one; where another pin was known there is nothing
    to accept.
    """
    refuse = Emit(TrustAnswered(pin, is_accepted=False))
    if is_changed:
        lines = [
            f"{server} shows another key than before.",
            "Either the server got a new key, or somebody stands between you and it.",
            "Ask whoever runs the server for its join string. The key it shows now:",
        ]
        choices: list[tuple[Choice, Answer]] = [(Choice("n", "Do not connect"), refuse)]
    else:
        lines = [
            f"{server} is not known here yet. Its key has this pin:",
        ]
        choices = [
            (Choice("n", "Do not connect"), refuse),
            (Choice("y", "It is the right one"), Emit(TrustAnswered(pin, is_accepted=True))),
        ]
    style = Style.DIALOG_WARNING if is_changed else Style.DIALOG_TEXT
    text: list[SpanLine] = [((style, line),) for line in lines]
    text.append(((Style.DIALOG_KEY, pin),))
    if not is_changed:
        text.append(((Style.DIALOG_DIM, "It should be the one the server printed when it started."),))
    title = "The server's key has changed" if is_changed else "Is this the right server?"
    return QuestionBox(
        DialogKind.TRUST, identity, title, text, choices, is_alarm=is_changed, on_cancel=refuse
    )


def _preview(line: str) -> SpanLine:
    shown = line if len(line) <= PREVIEW_CHARS else f"{line[: PREVIEW_CHARS - 1]}…"
    return ((Style.CODE, shown),)
