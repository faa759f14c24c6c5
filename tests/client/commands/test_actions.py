from chatroom.client.commands.actions import ACTIONS, ROOM_ACTIONS, ROW_OF, Action
from chatroom.client.commands.slash import Fault, parse


def test_every_action_has_one_row() -> None:
    assert [row.action for row in ACTIONS] == list(ROW_OF)
    assert set(ROW_OF) == set(Action)


def test_the_names_of_actions_are_keys_of_a_table() -> None:
    assert all(action.value.isidentifier() and action.value.islower() for action in Action)


def test_every_row_says_what_it_does_in_a_sentence() -> None:
    assert all(row.doc.endswith(".") and row.title for row in ACTIONS)


def test_a_command_named_in_a_row_exists() -> None:
    named = [row.command for row in ACTIONS if row.command]
    assert named
    assert all(not isinstance(parse(f"/{command}"), Fault) for command in named)


def test_ten_rooms_have_an_action() -> None:
    assert [action.value for action in ROOM_ACTIONS] == [f"room_{index}" for index in range(1, 11)]
