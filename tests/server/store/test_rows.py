import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chatroom.server.store.rows import AT_ONCE, Value, insert_rows


@pytest.fixture
def cursor() -> Iterator[sqlite3.Cursor]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text BLOB)")
        yield connection.cursor()


def flat(rows: Sequence[tuple[int, bytes | bytearray]]) -> list[Value]:
    return [value for row in rows for value in row]


def stored(cursor: sqlite3.Cursor) -> list[tuple[int, bytes]]:
    return cursor.execute("SELECT id, text FROM notes ORDER BY id").fetchall()


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 5])
def test_every_row_is_inserted_once_however_many_they_are(cursor: sqlite3.Cursor, count: int) -> None:
    rows = [(number, bytearray(b"%d" % number)) for number in range(count)]
    insert_rows(cursor, "INSERT INTO notes", 2, flat(rows))
    assert stored(cursor) == rows


def test_the_statement_says_what_becomes_of_a_row_that_is_there(cursor: sqlite3.Cursor) -> None:
    rows = [(number, b"new") for number in range(2 * AT_ONCE + 1)]
    cursor.executemany("INSERT INTO notes VALUES (?, ?)", [(0, b"old"), (2 * AT_ONCE, b"old")])
    insert_rows(cursor, "INSERT OR IGNORE INTO notes", 2, flat(rows))
    assert [number for number, text in stored(cursor) if text == b"old"] == [0, 2 * AT_ONCE]
    with pytest.raises(sqlite3.IntegrityError):
        insert_rows(cursor, "INSERT INTO notes", 2, flat(rows))


def test_the_columns_may_be_named_in_another_order(cursor: sqlite3.Cursor) -> None:
    insert_rows(cursor, "INSERT INTO notes (text, id)", 2, [b"a", 1, b"b", 2])
    assert stored(cursor) == [(1, b"a"), (2, b"b")]


STORE_A_PASS = """
import sys
from pathlib import Path
from chatroom.protocol.entries import EntryKind, Posted, RoomKind, encode_body
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddAccount, AddEntry, AddRoom, Committed
from chatroom.server.store.sqlite import SqliteLog

log = SqliteLog(Path(sys.argv[1]))
rooms = [AddRoom(f"room{number}", RoomKind.PUBLIC, ()) for number in range(32)]
log.submit([AddAccount("ana", bytes(32), Role.MEMBER, ""), *rooms], 1)
author, *numbers = [outcome.number for outcome in log.outcomes()]
body = encode_body(Posted("x" * 100))
for batch in range(20):
    nonces = [(batch * 64 + number).to_bytes(16, "big") for number in range(64)]
    log.submit([AddEntry(numbers[n % 32], author, EntryKind.POSTED, body, nonces[n]) for n in range(64)], 2)
    assert all(isinstance(outcome, Committed) for outcome in log.outcomes())
log.close()
"""


def test_messages_in_many_rooms_are_stored_without_a_temporary_file(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not here")
    trace = tmp_path / "trace"
    program = [sys.executable, "-c", STORE_A_PASS, str(tmp_path / "log.db")]
    subprocess.run(["strace", "-f", "-e", "trace=open,openat", "-o", str(trace), *program], check=True)
    opened = trace.read_text()
    assert "log.db-wal" in opened
    assert "etilqs" not in opened
