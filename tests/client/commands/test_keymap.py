import pytest
from urwid import CommandMap

from chatroom.client.commands.actions import ROW_OF, Action, Context
from chatroom.client.commands.keymap import (
    DEFAULT_KEYS,
    EDITING_KEYS,
    MUST_HAVE_KEYS,
    Keymap,
    KeymapError,
)


def test_every_action_has_a_row_of_default_keys() -> None:
    assert set(DEFAULT_KEYS) == set(Action)


def test_no_two_actions_have_one_default_key_in_one_context() -> None:
    keys = [(ROW_OF[action].context, key) for action, keys in DEFAULT_KEYS.items() for key in keys]
    assert len(keys) == len(set(keys))


def test_the_default_keys_leave_the_editor_its_own() -> None:
    fixed = {key for row in EDITING_KEYS for key in row[:2]}
    main = {
        key for action, keys in DEFAULT_KEYS.items() for key in keys if ROW_OF[action].context is Context.MAIN
    }
    assert fixed & main == set()


def test_a_key_does_in_each_context_what_its_table_says() -> None:
    keymap = Keymap()
    assert keymap.action(Context.MAIN, ("up",)) is Action.OLDER_INPUT
    assert keymap.action(Context.SELECT, ("up",)) is Action.SELECT_UP
    assert keymap.action(Context.DIALOG, ("up",)) is Action.DIALOG_UP
    assert keymap.action(Context.MAIN, ("y",)) is None


def test_two_keys_in_a_row_are_one_key() -> None:
    keymap = Keymap()
    assert keymap.action(Context.MAIN, ("ctrl x",)) is None
    assert keymap.is_prefix(Context.MAIN, ("ctrl x",))
    assert keymap.action(Context.MAIN, ("ctrl x", "ctrl e")) is Action.EDIT_OUTSIDE
    assert not keymap.is_prefix(Context.MAIN, ("ctrl e",))
    assert not keymap.is_prefix(Context.DIALOG, ("ctrl x",))


def test_an_override_replaces_all_keys_of_its_action() -> None:
    keymap = Keymap({"search": ["F3", "Ctrl-T"]})
    assert keymap.action(Context.MAIN, ("f3",)) is Action.SEARCH
    assert keymap.action(Context.MAIN, ("ctrl t",)) is Action.SEARCH
    assert keymap.action(Context.MAIN, ("ctrl f",)) is None
    assert keymap.keys(Action.SEARCH) == ("F3", "Ctrl-T")


def test_a_single_key_may_be_given_without_a_list() -> None:
    assert Keymap({"search": "F3"}).keys(Action.SEARCH) == ("F3",)


def test_an_empty_list_takes_the_keys_away() -> None:
    assert Keymap({"toggle_mouse": []}).keys(Action.TOGGLE_MOUSE) == ()


def test_an_override_takes_a_default_key_from_another_action() -> None:
    keymap = Keymap({"search": ["Ctrl-N"]})
    assert keymap.action(Context.MAIN, ("ctrl n",)) is Action.SEARCH
    assert keymap.keys(Action.NEXT_ROOM) == ("Alt-→",)


def test_one_key_may_have_two_meanings_in_two_contexts() -> None:
    keymap = Keymap({"search": ["F5"], "dialog_down": ["F5"]})
    assert keymap.action(Context.MAIN, ("f5",)) is Action.SEARCH
    assert keymap.action(Context.DIALOG, ("f5",)) is Action.DIALOG_DOWN


FAULTS = [
    ({"serch": ["F3"]}, "[keys] serch: there is no such action, did you mean search?"),
    ({"search": ["F33"]}, "[keys] search: 'F33' is not the name of a key"),
    ({"search": ["s"]}, "[keys] search: 's' alone is a letter to write; add Ctrl or Alt"),
    ({"dialog_accept": ["y"]}, "[keys] dialog_accept: 'y' alone is a letter to write; add Ctrl or Alt"),
    ({"search": ["F3"], "help": ["f3"]}, "[keys] help: F3 is the key of search as well"),
    ({"search": ["Ctrl-X"]}, "[keys] search: Ctrl-X is the first of the two keys of edit_outside"),
    (
        {"search": ["Ctrl-A, Ctrl-B, Ctrl-C"]},
        "[keys] search: 'Ctrl-A, Ctrl-B, Ctrl-C' has more than two keys",
    ),
    ({"send": []}, "[keys] send: is left without a key"),
    ({"search": ["Enter"]}, "[keys] send: is left without a key"),
    ({"select_up": ["Esc", "q", "Ctrl-C"]}, "[keys] select_leave: is left without a key"),
]


@pytest.mark.parametrize(("overrides", "text"), FAULTS)
def test_a_fault_names_the_action_and_the_key(overrides: dict[str, list[str]], text: str) -> None:
    with pytest.raises(KeymapError) as fault:
        Keymap(overrides)
    assert str(fault.value) == text


def test_a_letter_may_be_a_key_while_a_message_is_chosen() -> None:
    assert Keymap({"select_copy": ["c"]}).action(Context.SELECT, ("c",)) is Action.SELECT_COPY


@pytest.mark.parametrize("action", MUST_HAVE_KEYS)
def test_an_action_one_cannot_do_without_keeps_a_key(action: Action) -> None:
    assert DEFAULT_KEYS[action]
    with pytest.raises(KeymapError, match="without a key"):
        Keymap({action.value: []})


def test_the_editing_keys_are_those_of_the_editor() -> None:
    commands = CommandMap()
    commands.bind_readline()
    bound = {key for row in EDITING_KEYS for key in row[:2] if key and commands[key] is not None}
    assert {"ctrl a", "ctrl e", "meta b", "meta f", "ctrl w", "ctrl u", "ctrl k", "ctrl y"} <= bound
