from pathlib import Path

import pytest

from chatroom.client.commands.actions import ACTIONS
from chatroom.client.commands.document import commands_page, documents, keys_page, main, stale
from chatroom.client.commands.keymap import Keymap
from chatroom.client.commands.slash import COMMANDS

CHECKOUT = Path(__file__).parents[3]


def test_the_pages_of_this_checkout_are_what_the_tables_say() -> None:
    assert stale(CHECKOUT) == []


def test_the_keys_page_names_every_action_and_every_key() -> None:
    page = keys_page()
    keymap = Keymap()
    for row in ACTIONS:
        assert f"`{row.action.value}`" in page
        assert all(f"`{key}`" in page for key in keymap.keys(row.action))


def test_the_commands_page_names_every_command_and_alias() -> None:
    page = commands_page()
    for row in COMMANDS:
        assert f"`{row.written}`".replace("|", "\\|") in page
        assert all(f"`/{alias}`" in page for alias in row.aliases)


def test_a_stale_page_is_found_by_check_and_written_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert not (tmp_path / "docs").exists()
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / "docs/keys.md").write_text("old")
    assert stale(tmp_path) == [Path("docs/keys.md")]
    assert main(["--check"]) == 1
    assert "docs/keys.md: stale" in capsys.readouterr().out


def test_the_example_in_the_keys_page_is_a_keymap() -> None:
    Keymap(
        {"next_room": ["Ctrl-Down"], "newer_input": ["Down"], "search": ["Ctrl-F", "F3"], "toggle_mouse": []}
    )
    assert set(documents()) == {Path("docs/keys.md"), Path("docs/commands.md")}
