"""What is not a log of ours is refused in one line, untouched; what is opened is durable."""

import os
import re
import sqlite3
import stat
from pathlib import Path

import pytest

from chatroom.server.store.database import StoreError, open_database
from chatroom.server.store.schema import APPLICATION_ID, VERSION
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story


def log_file(path: Path, messages: int = 200) -> bytes:
    """Make a log, close it and return its bytes."""
    log = SqliteLog(path)
    story = Story(log)
    story.account("ana")
    story.room("garden", 1)
    story.submit(*(story.message(1, 1, f"message {n}") for n in range(messages)))
    log.close()
    return path.read_bytes()


def refused(path: Path) -> str:
    """Open what cannot be opened; return why, having checked that nothing was touched."""
    before = listing(path.parent)
    with pytest.raises(StoreError) as caught:
        SqliteLog(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: "), text
    assert "\n" not in text
    assert listing(path.parent) == before
    return text


def listing(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, as far as there is one, with what is in them."""
    if not folder.is_dir():
        return {}
    return {file.name: b"" if file.is_dir() else file.read_bytes() for file in folder.iterdir()}


def with_header(data: bytes, offset: int, number: int) -> bytes:
    """Return a database file with another number in its header."""
    return data[:offset] + number.to_bytes(4, "big") + data[offset + 4 :]


def test_a_log_is_made_where_there_is_none_and_nobody_else_may_read_it(path: Path) -> None:
    log_file(path)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    header = path.read_bytes()[:100]
    assert int.from_bytes(header[60:64], "big") == VERSION
    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID


def test_the_files_beside_the_database_are_as_private_as_it_is(disk: Story, path: Path) -> None:
    disk.account("ana")
    if os.name == "posix":
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert modes == {"log.db": 0o600, "log.db-wal": 0o600, "log.db-shm": 0o600}


def test_an_empty_file_becomes_a_log(path: Path) -> None:
    path.touch()
    log_file(path)


def test_a_log_is_found_again_as_it_was(path: Path) -> None:
    log_file(path)
    log = SqliteLog(path)
    story = Story(log)
    assert story.texts(1) == [f"message {n}" for n in range(200)]
    assert story.post(1, 1, "next") == 203
    log.close()


def test_a_name_with_characters_of_a_uri_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "50% of what?&mode=ro#1 é.db"
    log_file(path)
    assert path.is_file()


def test_the_same_log_has_the_same_id_and_another_log_another(path: Path, tmp_path: Path) -> None:
    ids = []
    for place in (path, path, tmp_path / "other.db"):
        log = SqliteLog(place)
        ids.append(log.log_id)
        log.close()
    assert ids[0] == ids[1] != ids[2]
    assert {len(log_id) for log_id in ids} == {16}


# -- refused -----------------------------------------------------------------------------------------------


def test_a_newer_log_is_refused_with_both_numbers(path: Path) -> None:
    path.write_bytes(with_header(log_file(path), 60, VERSION + 1))
    assert re.search(rf"newer.*{VERSION + 1}.*{VERSION}", refused(path))


def test_a_newer_log_whose_number_is_still_in_the_write_ahead_log_is_refused(
    path: Path, tmp_path: Path
) -> None:
    log_file(path)
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 5}")
    connection.commit()
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for file in path.parent.glob("log.db*"):
        (crashed / file.name).write_bytes(file.read_bytes())
    connection.close()
    with pytest.raises(StoreError, match="newer"):
        SqliteLog(crashed / "log.db")
    connection = sqlite3.connect(crashed / "log.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION + 5,)
    connection.close()


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"hello, this is no database\n" * 100,
        bytes(4_096),
        b"SQLite format 3\0",
        b"SQLite format 3\0" * 300,
    ],
)
def test_a_foreign_file_is_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert "not a chatroom log" in refused(path)


def test_a_database_of_another_program_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.commit()
    connection.close()
    assert "not a chatroom log" in refused(path)


@pytest.mark.parametrize("keep", [200, 4_096, 10_000, 40_960])
def test_a_truncated_log_is_refused(path: Path, keep: int) -> None:
    data = log_file(path)
    assert len(data) > keep
    path.write_bytes(data[:keep])
    assert "damaged" in refused(path)


def test_a_log_with_a_damaged_beginning_is_refused(path: Path) -> None:
    data = log_file(path)
    path.write_bytes(data[:100] + b"\xff" * 4_000 + data[4_100:])
    assert "damaged" in refused(path)


def test_a_log_with_a_damaged_table_is_refused_or_read_as_far_as_it_goes(path: Path) -> None:
    data = log_file(path)
    for page in range(1, len(data) // 4_096):
        path.write_bytes(data[: page * 4_096] + b"\xff" * 4_096 + data[(page + 1) * 4_096 :])
        try:
            SqliteLog(path).close()
        except StoreError as error:
            assert str(error).startswith(f"{path}: ")
            assert "\n" not in str(error)


def test_a_folder_is_refused(path: Path) -> None:
    path.mkdir()
    assert "is a folder" in refused(path)


def test_a_folder_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "missing" / "log.db")
    assert not (tmp_path / "missing").exists()


def test_a_file_as_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        SqliteLog(tmp_path / "file" / "log.db")


@pytest.mark.skipif(
    os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do everything"
)
@pytest.mark.parametrize("mode", [0o400, 0o000])
def test_a_file_without_permission_is_refused(path: Path, mode: int) -> None:
    log_file(path)
    path.chmod(mode)
    with pytest.raises(StoreError):
        SqliteLog(path)
    path.chmod(0o600)


def test_a_log_that_another_program_has_locked_is_refused_at_once(path: Path) -> None:
    log_file(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        SqliteLog(path)
    other.execute("ROLLBACK")
    other.close()
    SqliteLog(path).close()


# -- durable -----------------------------------------------------------------------------------------------


def test_the_connection_in_use_waits_for_the_disk_at_every_commit(disk: Story) -> None:
    assert isinstance(disk.log, SqliteLog)
    connection = disk.log._connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL, as SQLite says it
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA fullfsync").fetchone() == (1,)
    assert connection.execute("PRAGMA checkpoint_fullfsync").fetchone() == (1,)


def test_a_lock_is_not_waited_for_longer_than_a_tenth_of_a_second(disk: Story) -> None:
    assert isinstance(disk.log, SqliteLog)
    (wait_ms,) = disk.log._connection.execute("PRAGMA busy_timeout").fetchone()
    assert 0 < wait_ms <= 100


def test_the_write_ahead_log_is_bounded(disk: Story, path: Path) -> None:
    disk.account("ana")
    disk.room("garden", 1)
    for _ in range(60):
        disk.submit(*(disk.message(1, 1, "x" * 3_000) for _ in range(50)))
    assert path.with_name("log.db-wal").stat().st_size < 8 << 20


def test_a_second_connection_may_read_while_the_log_is_in_use(disk: Story, path: Path) -> None:
    disk.account("ana")
    other = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    assert other.execute("SELECT handle FROM accounts").fetchall() == [("ana",)]
    other.close()


def test_opening_leaves_nothing_open_when_it_fails(path: Path) -> None:
    path.write_bytes(with_header(log_file(path), 60, VERSION + 1))
    with pytest.raises(StoreError):
        open_database(path)
    path.unlink()  # on Windows this fails while the file is open
