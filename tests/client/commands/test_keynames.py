import pytest

from chatroom.client.commands.keymap import DEFAULT_KEYS, EDITING_KEYS
from chatroom.client.commands.keynames import canonical, key_title

WRITTEN = [
    ("Ctrl-N", "ctrl n", "Ctrl-N"),
    ("ctrl+n", "ctrl n", "Ctrl-N"),
    ("CTRL N", "ctrl n", "Ctrl-N"),
    ("^n", "ctrl n", "Ctrl-N"),
    ("control-n", "ctrl n", "Ctrl-N"),
    ("alt-1", "meta 1", "Alt-1"),
    ("meta 1", "meta 1", "Alt-1"),
    ("Option-x", "meta x", "Alt-X"),
    ("Alt-X", "meta x", "Alt-X"),
    ("Alt-Shift-x", "meta X", "Alt-Shift-X"),
    ("Ctrl-Alt-Left", "meta ctrl left", "Alt-Ctrl-←"),
    ("PgUp", "page up", "PgUp"),
    ("page-up", "page up", "PgUp"),
    ("shift-PgDn", "shift page down", "Shift-PgDn"),
    ("F12", "f12", "F12"),
    ("return", "enter", "Enter"),
    ("Escape", "esc", "Esc"),
    ("Ctrl-Space", "<0>", "Ctrl-Space"),
    ("<0>", "<0>", "Ctrl-Space"),
    ("Ctrl-J", "meta enter", "Alt-Enter"),
    ("Ctrl-I", "tab", "Tab"),
    ("y", "y", "y"),
    ("G", "G", "G"),
    ("space", " ", "Space"),
    (",", ",", "Comma"),
    ("-", "-", "-"),
    ("Ctrl--", "ctrl -", "Ctrl--"),
    ("Alt-+", "meta +", "Alt-+"),
    ("Ctrl-X, Ctrl-E", "ctrl x, ctrl e", "Ctrl-X Ctrl-E"),
    ("ctrl x,ctrl e", "ctrl x, ctrl e", "Ctrl-X Ctrl-E"),
]


@pytest.mark.parametrize(("written", "key", "title"), WRITTEN)
def test_a_key_is_understood_however_it_is_written_and_shown_in_one_way(
    written: str, key: str, title: str
) -> None:
    assert canonical(written) == key
    assert key_title(key) == title


@pytest.mark.parametrize(
    "written", ["", "hyper-x", "Ctrl-", "f13", "page", "ctrl-page", "Ctrl-X Ctrl-E", "ab"]
)
def test_what_is_no_key_is_refused(written: str) -> None:
    if written:
        with pytest.raises(ValueError, match="is not the name of a key"):
            canonical(written)
    else:
        assert canonical(written) == ","  # the settings refuse an empty key before this


@pytest.mark.parametrize("key", sorted({key for keys in DEFAULT_KEYS.values() for key in keys}))
def test_a_default_key_has_the_inside_form_and_can_be_written_as_it_is_shown(key: str) -> None:
    assert canonical(key) == key
    assert ", ".join(canonical(part) for part in key_title(key).split(" ")) == key


def test_the_keys_of_the_editor_have_the_inside_form() -> None:
    assert all(canonical(key) == key for row in EDITING_KEYS for key in row[:2] if key)
