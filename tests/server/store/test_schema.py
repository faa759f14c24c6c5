"""The steps from one version of the database to the next are whole or not taken."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.protocol.limits import ROOM_MAX, SEQ_MAX
from chatroom.server.store import database, schema
from chatroom.server.store.database import StoreError
from chatroom.server.store.schema import entry_id, migrate, read_log_id, renew_log_id, seq_of
from chatroom.server.store.sqlite import SqliteLog


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def tables(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def set_steps(monkeypatch: pytest.MonkeyPatch, *more: tuple[str, ...]) -> None:
    """Let there be further steps."""
    steps = schema.STEPS + more
    monkeypatch.setattr(schema, "STEPS", steps)
    monkeypatch.setattr(schema, "VERSION", len(steps))
    monkeypatch.setattr(database, "VERSION", len(steps))


def test_a_new_database_takes_all_steps(connection: sqlite3.Connection) -> None:
    migrate(connection)
    assert version_of(connection) == schema.VERSION
    assert {"entries", "accounts", "rooms", "members", "mentions", "reads", "nonces"} <= tables(connection)
    migrate(connection)
    assert version_of(connection) == schema.VERSION


def test_an_older_database_takes_only_the_steps_it_lacks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = SqliteLog(path)
    log_id = log.log_id
    log.close()
    set_steps(monkeypatch, ("CREATE TABLE one (a)",), ("CREATE TABLE two (a)", "INSERT INTO two VALUES (5)"))
    log = SqliteLog(path)
    assert log.log_id == log_id
    assert {"one", "two"} <= tables(log._connection)
    assert version_of(log._connection) == schema.VERSION
    log.close()
    assert int.from_bytes(path.read_bytes()[60:64], "big") == schema.VERSION


def test_a_step_that_fails_is_not_taken_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SqliteLog(path).close()
    set_steps(
        monkeypatch, ("CREATE TABLE one (a)",), ("CREATE TABLE two (a)", "INSERT INTO nowhere VALUES (5)")
    )
    with pytest.raises(StoreError, match="nowhere"):
        SqliteLog(path)
    connection = sqlite3.connect(path)
    assert version_of(connection) == schema.VERSION - 1
    assert "one" in tables(connection)
    assert "two" not in tables(connection)
    connection.close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer"):
        SqliteLog(path)


def test_a_new_database_whose_making_failed_is_made_the_next_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "STEPS", (("CREATE TABLE one (a)", "nonsense"),))
    with pytest.raises(StoreError):
        SqliteLog(path)
    monkeypatch.undo()
    SqliteLog(path).close()


def test_a_restored_log_gets_a_new_id(path: Path) -> None:
    log = SqliteLog(path)
    old = log.log_id
    new = renew_log_id(log._connection)
    assert read_log_id(log._connection) == new != old
    log.close()
    again = SqliteLog(path)
    assert again.log_id == new
    again.close()


def test_the_greatest_room_and_seq_fit_in_a_row_id() -> None:
    entry = entry_id(ROOM_MAX, SEQ_MAX)
    assert entry < 2**63
    assert (entry >> schema.ROOM_SHIFT, seq_of(entry)) == (ROOM_MAX, SEQ_MAX)


def test_no_statement_numbers_its_parameters() -> None:
    # Python 3.12.0 to 3.12.3 warn of each `?1`, and storing a message then takes 15 us more.
    numbered = re.compile(r"\?[0-9]")
    files = Path(schema.__file__).parent.glob("*.py")
    assert [file.name for file in files if numbered.search(file.read_text())] == []
