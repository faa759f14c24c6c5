"""`chatroom-server` where it cannot begin: one line says why."""

from pathlib import Path

import pytest

from chatroom.cli import server
from chatroom.server.hub.ports import StorageError
from chatroom.server.store.sqlite import SqliteLog


def test_a_log_that_cannot_say_what_it_stored_ends_the_start_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "server.toml"
    config.write_text(f"[server]\nport = 0\ntls = false\ndata_dir = {str(tmp_path / 'data')!r}\n")

    def submit(*_: object) -> None:
        raise StorageError("the server cannot find out what it has stored")

    monkeypatch.setattr(SqliteLog, "submit", submit)
    assert server.main(["-c", str(config)]) == server.EXIT_FAILED
    assert "the server cannot find out what it has stored\n" in capsys.readouterr().err
