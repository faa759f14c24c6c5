"""The first client.toml of a person."""

import os
from pathlib import Path

import pytest

from chatroom.config.client_file import create_client_settings
from chatroom.config.load import load_client_settings


def test_the_first_run_makes_a_file_that_says_who_you_are(tmp_path: Path) -> None:
    path = tmp_path / "config" / "chatroom" / "client.toml"
    assert create_client_settings(path, "bob") is True
    settings = load_client_settings(path)
    assert settings.client.handle == "bob"
    text = path.read_text()
    assert "#theme = " in text
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


UNTOUCHED = [b"", b"# mine\n[client]\nhandle = 'ann'\n[unknown]\nx = 1\n", b"not toml"]


@pytest.mark.parametrize("content", UNTOUCHED)
def test_a_file_that_is_there_is_never_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "client.toml"
    path.write_bytes(content)
    assert create_client_settings(path, "bob") is False
    assert path.read_bytes() == content


def test_a_directory_that_cannot_be_made_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        create_client_settings(tmp_path / "file" / "client.toml", "bob")
