"""The dialog in which an invitation is accepted or declined.

Read next: `question.py`; `chatroom.client.viewmodel.navigation` opens it.
"""

from chatroom.client.session.rooms import RoomView
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.boxes.answers import Answer, Close, Reply
from chatroom.client.viewmodel.boxes.question import QuestionBox
from chatroom.client.viewmodel.dialogs import Choice, DialogKind
from chatroom.client.viewmodel.rows import SpanLine


def invitation(identity: int, view: RoomView) -> QuestionBox:
    """Ask what to reply to the invitation to a room; to join it comes first."""
    count = view.member_count
    said = f"{view.invited_by or 'Somebody'} invites you to {view.title}."
    text: list[SpanLine] = [((Style.DIALOG_TEXT, said),)]
    if view.topic:
        text.append(((Style.DIALOG_TEXT, view.topic),))
    text.append(((Style.DIALOG_DIM, f"{count} {'member' if count == 1 else 'members'}"),))
    choices: list[tuple[Choice, Answer]] = [
        (Choice("j", "Join"), Reply(view.number, accepts=True)),
        (Choice("d", "Decline"), Reply(view.number, accepts=False)),
        (Choice("n", "Not now"), Close()),
    ]
    return QuestionBox(DialogKind.INVITATION, identity, "An invitation", text, choices)
