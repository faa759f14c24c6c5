"""Every fault of a log is a line that says where it is; a log without faults has none."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.protocol.entries import EntryKind, Posted, encode_body, encode_entry
from chatroom.server.store.checking import MOST_FAULTS, find_faults
from chatroom.server.store.nonces import IDLE_NONCES
from chatroom.server.store.schema import entry_id
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story


def tell(path: Path, messages: int) -> None:
    """Make a log with two rooms (entries 1 and 2 are no messages), and messages in the first."""
    log = SqliteLog(path)
    story = Story(log)
    ana = story.account("ana")
    story.room("garden", ana)
    story.room("kitchen", ana)
    story.submit(*(story.message(1, ana, f"message {number}") for number in range(messages)))
    story.read_up_to(ana, 1, 3)
    story.index()
    log.close()


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    tell(path, 30)
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def place(seq: int) -> str:
    return f"room 1 entry {seq}"


ADD_RUN = "INSERT INTO nonce_runs VALUES (NULL, 1, zeroblob(16),"


def frame(seq: int, *, room: int = 1, author: str = "ana", at: int = 1 << 41) -> bytes:
    body = encode_body(Posted("changed"))
    return encode_entry(room, seq, at, author, seq.to_bytes(16, "big"), EntryKind.POSTED, body)


def set_frame(connection: sqlite3.Connection, seq: int, data: object) -> None:
    connection.execute("UPDATE entries SET frame = ? WHERE id = ?", (data, entry_id(1, seq)))


def test_a_log_as_the_server_left_it_has_no_fault(connection: sqlite3.Connection) -> None:
    assert find_faults(connection) == []


def test_nonces_in_the_index_and_those_not_there_yet_are_no_faults(path: Path) -> None:
    tell(path, IDLE_NONCES + 10)
    log = SqliteLog(path)
    story = Story(log)
    story.post(1, 1, "one more")
    log.close()
    connection = sqlite3.connect(path, isolation_level=None)
    (indexed,) = connection.execute("SELECT count(*) FROM nonces").fetchone()
    assert 0 < indexed < IDLE_NONCES + 11
    assert find_faults(connection) == []
    connection.execute("DELETE FROM nonces WHERE entry = ?", (entry_id(1, 7),))
    assert find_faults(connection) == [f"{place(7)}: its nonce is not in the index"]
    connection.execute("UPDATE nonce_authors SET greatest = x''")
    assert f"{place(8)}: its nonce is greater than the greatest of its author" in find_faults(connection)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM entries WHERE id = (1 << 40) + 7", "room 1: entries 7 to 7 are missing"),
        ("DELETE FROM entries WHERE id < (1 << 40) + 5", "room 1: entries 1 to 4 are missing"),
        ("DELETE FROM entries WHERE id > (2 << 40)", "room 2: has no entry"),
        ("DELETE FROM rooms WHERE id = 2", "room 2 entry 1: there is no such room"),
        ("UPDATE entries SET author = 5 WHERE id = (1 << 40) + 9", f"{place(9)}: author or kind"),
        ("UPDATE entries SET kind = 11 WHERE id = (1 << 40) + 9", f"{place(9)}: author or kind"),
        ("UPDATE reads SET seq = 33", "room 1: a read marker says 33, the last entry is 32"),
        ("INSERT INTO mentions VALUES (1, 2, 9)", "room 2: a mention says 9, the last entry is 2"),
        ("UPDATE words_done SET seq = 99 WHERE room = 1", "room 1: the mark of what is searchable says 99"),
        ("INSERT INTO nonces_done VALUES (3, 1)", "room 3: the mark of indexed nonces says 1"),
        ("INSERT INTO nonces VALUES (x'00', (1 << 40) + 50)", f"{place(50)}: is not there"),
        (f"{ADD_RUN} zeroblob(16), x'0000010000000032')", f"{place(50)}: is not there"),
        (f"{ADD_RUN} zeroblob(16), x'00')", "nonces of account 1: no nonces, or not as many as entries"),
        (f"{ADD_RUN} zeroblob(32), zeroblob(16))", "nonces of account 1 are not in order"),
        (f"{ADD_RUN} x'{'01' * 16}', zeroblob(8))", "nonces of account 1 are not in order"),
        (f"{ADD_RUN} zeroblob(16), x'0000010000000000')", "room 1 entry 0: is not there"),
        (f"{ADD_RUN} x'', x'')", "nonces of account 1: no nonces"),
        ("INSERT INTO members VALUES (1, 9)", "room 1: account 9 is a member"),
        ("INSERT INTO invitations VALUES (1, 9, 1)", "room 1: account 9 is invited"),
        ("INSERT INTO invitations VALUES (9, 1, 1)", "room 9: account 1 is invited"),
        ("INSERT INTO invitations VALUES (1, 1, 9)", "room 1: account 1 is invited"),
    ],
)
def test_a_fault_is_named(connection: sqlite3.Connection, statement: str, fault: str) -> None:
    connection.execute(statement)
    faults = find_faults(connection)
    assert any(line.startswith(fault) for line in faults), faults
    assert not any("\n" in line for line in faults)


def test_a_nonce_used_twice_is_found_with_both_places(connection: sqlite3.Connection) -> None:
    (data,) = connection.execute("SELECT frame FROM entries WHERE id = ?", (entry_id(1, 5),)).fetchone()
    nonce = data[data.index(b"\xc4\x10") + 2 :][:16]
    body = encode_body(Posted("message 3"))
    double = encode_entry(1, 33, 1 << 41, "ana", nonce, EntryKind.POSTED, body)
    connection.execute("INSERT INTO entries VALUES (?, 1, ?, ?)", (entry_id(1, 33), EntryKind.POSTED, double))
    assert find_faults(connection) == [f"{place(33)}: its nonce is that of {place(5)}"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (frame(9)[:-1], "is not one whole frame"),
        (frame(9) * 2, "is not one whole frame"),
        ("a text", "is not one whole frame"),
        (b"", "is not one whole frame"),
        (frame(9)[:-1] + b"?", "checksum"),
        (frame(10), "holds the entry 10 of room 1"),
        (frame(9, room=2), "holds the entry 9 of room 2"),
        (frame(9, author="bob"), "author or kind"),
    ],
)
def test_a_frame_that_does_not_belong_there_is_found(
    connection: sqlite3.Connection, data: object, fault: str
) -> None:
    set_frame(connection, 9, data)
    (line,) = find_faults(connection)
    assert line.startswith(f"{place(9)}: ")
    assert fault in line


def test_times_that_fall_are_found_and_other_rooms_begin_anew(connection: sqlite3.Connection) -> None:
    set_frame(connection, 32, frame(32))
    assert find_faults(connection) == []
    set_frame(connection, 31, frame(31, at=1))
    assert find_faults(connection) == [f"{place(31)}: is older than the one before"]


def test_a_damaged_file_is_said_and_nothing_is_raised(path: Path) -> None:
    tell(path, 3_000)
    data = bytearray(path.read_bytes())
    for page in range(5, len(data) // 4096, 7):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)
    connection = sqlite3.connect(path, isolation_level=None)
    faults = find_faults(connection)
    assert faults
    assert all("damaged" in line for line in faults)
    assert len(faults) <= MOST_FAULTS + 1
    connection.close()


def test_of_very_many_faults_some_are_enough(connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO members VALUES (1, ?)", [(number,) for number in range(2, 500)])
    assert len(find_faults(connection)) == MOST_FAULTS


def test_nobody_is_held_up_when_it_is_done(connection: sqlite3.Connection) -> None:
    connection.execute("DROP TABLE reads")
    assert find_faults(connection) == ["no such table: reads"]
    assert not connection.in_transaction
