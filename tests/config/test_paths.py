"""Where files are on this machine."""

import sys
from pathlib import Path

import pytest

from chatroom.config.paths import client_paths, server_data_directory

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the names are those of Linux")


@linux_only
def test_on_linux_the_xdg_directories_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "")  # empty counts as unset, says the XDG specification
    paths = client_paths()
    assert paths.settings == tmp_path / ".config/chatroom/client.toml"
    assert paths.state == tmp_path / ".local/share/chatroom/state.toml"
    assert server_data_directory() == tmp_path / ".local/share/chatroom-server"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    assert client_paths().settings == tmp_path / "c/chatroom/client.toml"


def test_what_the_command_line_names_is_taken(tmp_path: Path) -> None:
    paths = client_paths(settings=tmp_path / "mine.toml", data=tmp_path / "data")
    assert paths.settings == tmp_path / "mine.toml"
    assert paths.state == tmp_path / "data" / "state.toml"
    assert paths.log == tmp_path / "data" / "chatroom.log"


def test_looking_for_paths_makes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    client_paths()
    server_data_directory()
    assert list(tmp_path.iterdir()) == []
