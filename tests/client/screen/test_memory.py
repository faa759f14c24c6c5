import os
import tomllib
from pathlib import Path

import pytest

from chatroom.client.screen.memory import StoredMemory
from chatroom.client.viewmodel.settings import ScreenMemory
from chatroom.config.state import load_state
from chatroom.net.address import parse

HERE = parse("tcp://127.0.0.1:4567")


def test_what_is_kept_is_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    StoredMemory(path, "ada", HERE).save(ScreenMemory({"#lobby": "half a\nthought"}, "#homework"))
    assert StoredMemory(path, "ada", HERE).load() == ScreenMemory({"#lobby": "half a\nthought"}, "#homework")


def test_who_is_hidden_stays_hidden_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    StoredMemory(path, "ada", HERE).save(ScreenMemory(ignored=("bob", "eve")))
    again = StoredMemory(path, "ada", HERE)
    assert again.load().ignored == ("bob", "eve")
    stamp = path.stat()
    again.save(ScreenMemory(ignored=("bob", "eve")))
    assert path.stat() == stamp


def test_numbers_and_what_was_put_away_are_there_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    kept = ScreenMemory(numbers={"#lobby": 1, "@bob": 7}, put_away={"@bob": 12})
    StoredMemory(path, "ada", HERE).save(kept)
    assert StoredMemory(path, "ada", HERE).load() == kept


def test_what_another_client_wrote_meanwhile_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    here, there = StoredMemory(path, "ada", HERE), StoredMemory(path, "bob", HERE)
    here.save(ScreenMemory({"#lobby": "one"}))
    there.save(ScreenMemory({"#lobby": "two"}))
    here.save(ScreenMemory({"#lobby": "three"}))
    there.save(ScreenMemory({"#lobby": "four"}))
    assert StoredMemory(path, "ada", HERE).load().drafts == {"#lobby": "three"}
    assert StoredMemory(path, "bob", HERE).load().drafts == {"#lobby": "four"}


def test_keeping_costs_no_flush_and_no_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.toml"
    memory = StoredMemory(path, "ada", HERE)
    memory.save(ScreenMemory({"#lobby": "one"}))
    calls: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: calls.append("fsync"))
    monkeypatch.setattr(tomllib, "loads", lambda _: calls.append("read"))
    memory.save(ScreenMemory({"#lobby": "two"}))
    assert calls == []
    monkeypatch.undo()
    assert StoredMemory(path, "ada", HERE).load().drafts == {"#lobby": "two"}


def test_the_first_time_there_is_nothing(tmp_path: Path) -> None:
    assert StoredMemory(tmp_path / "state.toml", "ada", HERE).load() == ScreenMemory()


def test_each_handle_and_server_has_a_memory_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    StoredMemory(path, "ada", HERE).save(ScreenMemory({"#lobby": "one"}, "#lobby"))
    other = StoredMemory(path, "ada", parse("tcp://127.0.0.1:4568"))
    assert other.load() == ScreenMemory()
    other.save(ScreenMemory({"#lobby": "two"}, "#lobby"))
    assert StoredMemory(path, "ada", HERE).load().drafts == {"#lobby": "one"}
    assert StoredMemory(path, "bob", HERE).load() == ScreenMemory()


def test_who_was_where_last_is_kept_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    StoredMemory(path, "ada", HERE).save(ScreenMemory())
    state = load_state(path)
    assert (state.handle, state.server) == ("ada", "tcp://127.0.0.1:4567")


def test_the_same_memory_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    memory = StoredMemory(path, "ada", HERE)
    memory.save(ScreenMemory({"#lobby": "x"}))
    path.unlink()
    memory.save(ScreenMemory({"#lobby": "x"}))
    assert not path.exists()


def test_a_disk_that_refuses_is_a_line_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    StoredMemory(tmp_path / "file" / "state.toml", "ada", HERE).save(ScreenMemory({"#lobby": "x"}))
    assert "cannot be written" in caplog.text
