from chatroom.client.commands.actions import Action, Context
from chatroom.client.commands.keymap import Keymap
from chatroom.client.ui.keys import KeyReader


def test_a_key_does_what_the_keymap_says_in_its_context() -> None:
    reader = KeyReader(Keymap())
    assert reader.read(Context.MAIN, "enter") is Action.SEND
    assert reader.read(Context.DIALOG, "enter") is Action.DIALOG_ACCEPT
    assert reader.read(Context.MAIN, "x") is None


def test_the_first_of_two_keys_waits_for_the_second() -> None:
    reader = KeyReader(Keymap())
    assert reader.read(Context.MAIN, "ctrl x") is None
    assert reader.pending == ("ctrl x",)
    assert reader.read(Context.MAIN, "ctrl e") is Action.EDIT_OUTSIDE
    assert reader.pending == ()


def test_a_second_key_that_means_nothing_ends_the_waiting() -> None:
    reader = KeyReader(Keymap())
    reader.read(Context.MAIN, "ctrl x")
    assert reader.read(Context.MAIN, "q") is None
    assert reader.pending == ()


def test_a_change_of_context_forgets_the_first_key() -> None:
    reader = KeyReader(Keymap())
    reader.read(Context.MAIN, "ctrl x")
    assert reader.read(Context.DIALOG, "esc") is Action.DIALOG_CANCEL
