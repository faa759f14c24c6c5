"""A transaction is whole or was never there."""

import sqlite3
from collections.abc import Iterator

import pytest

from chatroom.server.store.transactions import roll_back, transaction


@pytest.fixture
def cursor() -> Iterator[sqlite3.Cursor]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE things (name TEXT UNIQUE)")
    yield connection.cursor()
    connection.close()


def names(cursor: sqlite3.Cursor) -> list[str]:
    return [row[0] for row in cursor.execute("SELECT name FROM things ORDER BY name")]


def test_what_was_done_within_is_kept(cursor: sqlite3.Cursor) -> None:
    with transaction(cursor):
        cursor.execute("INSERT INTO things VALUES ('a'), ('b')")
    assert names(cursor) == ["a", "b"]
    assert not cursor.connection.in_transaction


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, sqlite3.OperationalError])
def test_whatever_is_raised_within_takes_it_back_and_goes_on(
    cursor: sqlite3.Cursor, error: type[BaseException]
) -> None:
    def fail() -> None:
        with transaction(cursor):
            cursor.execute("INSERT INTO things VALUES ('a')")
            raise error

    with pytest.raises(error):
        fail()
    assert names(cursor) == []
    assert not cursor.connection.in_transaction


def test_taking_back_nothing_is_harmless(cursor: sqlite3.Cursor) -> None:
    roll_back(cursor.connection)
    assert names(cursor) == []
