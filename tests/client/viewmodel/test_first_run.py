from chatroom.client.commands.actions import Action
from chatroom.client.viewmodel.dialogs import Dialog, Moment
from chatroom.client.viewmodel.effects import FirstRunAnswered, Quit
from chatroom.client.viewmodel.first_run import HANDLE, SERVER, FirstRun

NOW = Moment(0.0, 0)


def server_fault(text: str) -> str | None:
    return None if ":" in text else "host:port is missing"


def asked(**options: object) -> FirstRun:
    return FirstRun("", "", server_fault, **options)  # type: ignore[arg-type]


def faults(dialog: Dialog) -> list[str]:
    return [field.fault for field in dialog.fields]


def test_another_line_is_only_named_where_there_is_one() -> None:
    assert asked().dialog.note == "Enter goes on · Tab the other line · Esc quits"
    assert asked(asks_server=False).dialog.note == "Enter goes on · Esc quits"


def test_a_handle_and_a_server_are_asked_for_and_given() -> None:
    questions = asked()
    assert [field.label for field in questions.dialog.fields] == ["Handle", "Server"]
    questions.dialog_edited(HANDLE, " @Ana ", NOW)
    questions.perform(Action.DIALOG_NEXT, NOW)
    assert questions.dialog.focus == SERVER
    questions.dialog_edited(SERVER, "chat.example.org:4567#k3f9", NOW)
    assert questions.perform(Action.DIALOG_ACCEPT, NOW) == [
        FirstRunAnswered("ana", "chat.example.org:4567#k3f9")
    ]


def test_a_wrong_line_says_why_and_gets_the_cursor() -> None:
    questions = asked()
    questions.dialog_edited(HANDLE, "ana", NOW)
    assert questions.perform(Action.DIALOG_ACCEPT, NOW) == []
    assert faults(questions.dialog) == ["", "host:port is missing"]
    assert questions.dialog.focus == SERVER
    questions.dialog_edited(HANDLE, "1", NOW)
    questions.perform(Action.DIALOG_ACCEPT, NOW)
    assert questions.dialog.focus == HANDLE
    assert "a handle has" in faults(questions.dialog)[HANDLE]
    questions.dialog_edited(HANDLE, "root", NOW)
    assert faults(questions.dialog)[HANDLE] == ""
    questions.perform(Action.DIALOG_ACCEPT, NOW)
    assert faults(questions.dialog)[HANDLE] == "this handle is reserved"


def test_a_server_that_is_known_is_not_asked_for() -> None:
    questions = FirstRun("ana", "tcp://x", server_fault, asks_server=False, note="ana is taken")
    assert len(questions.dialog.fields) == 1
    assert questions.dialog.text[0][0][1] == "ana is taken"
    questions.perform(Action.DIALOG_NEXT, NOW)
    assert questions.dialog.focus == HANDLE
    assert questions.perform(Action.DIALOG_ACCEPT, NOW) == [FirstRunAnswered("ana", "tcp://x")]


def test_escape_quits() -> None:
    assert asked().perform(Action.DIALOG_CANCEL, NOW) == [Quit()]
