"""A database of an older version becomes one of this: with all that stood in it, and all that is new."""

import sqlite3
from pathlib import Path

import pytest

from chatroom.protocol.entries import EntryKind, Moderated, Posted, encode_body, encode_entry
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.protocol.names import skeleton
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddAccount, AddCode, AddDevice, AddEntry, BarAddress, Committed, Failed
from chatroom.server.hub.records import CodeKind
from chatroom.server.store import database, schema
from chatroom.server.store.checking import find_faults
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story, joined, new_account, texts_of


def opened(path: Path, version: int, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    """A new database as a program of that version makes it."""
    with monkeypatch.context() as patch:
        for module in (schema, database):
            patch.setattr(module, "VERSION", version)
        patch.setattr(schema, "STEPS", schema.STEPS[:version])
        return database.open_database(path)


@pytest.fixture
def first_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log as a program of the first version left it: two people, a room, messages."""
    connection = opened(path, 1, monkeypatch)
    for number, handle in enumerate(("ana", "bob"), start=1):
        connection.execute(
            "INSERT INTO accounts (handle, skeleton, role, created_at) VALUES (?, ?, ?, 5)",
            (handle, handle, Role.MEMBER),
        )
        connection.execute(
            "INSERT INTO devices (public_key, account, name, added_at) VALUES (?, ?, 'laptop', 5)",
            (new_account(handle).public_key, number),
        )
    connection.execute("INSERT INTO rooms (name, kind) VALUES ('garden', 0)")
    connection.execute("INSERT INTO members VALUES (1, 1), (1, 2)")
    connection.commit()
    for seq in range(1, 6):
        body = encode_body(Posted(f"message {seq}"))
        frame = encode_entry(1, seq, 5, "ana", seq.to_bytes(16, "big"), EntryKind.POSTED, body)
        connection.execute("INSERT INTO entries VALUES (?, 1, 1, ?)", (schema.entry_id(1, seq), frame))
    connection.commit()
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    return path


def test_an_older_log_is_checked_as_it_is(first_version: Path) -> None:
    connection = sqlite3.connect(first_version, isolation_level=None)
    assert find_faults(connection) == []
    connection.execute("DELETE FROM entries WHERE id = ?", (schema.entry_id(1, 3),))
    assert find_faults(connection) == ["room 1: entries 3 to 3 are missing"]
    connection.close()


def test_nothing_is_lost_and_everything_new_works(first_version: Path) -> None:
    log = SqliteLog(first_version)
    story = Story(log)
    snapshot = log.load()
    assert [(one.handle, one.role, one.muted_until, one.ban) for one in snapshot.accounts] == [
        ("ana", Role.MEMBER, 0, None),
        ("bob", Role.MEMBER, 0, None),
    ]
    assert snapshot.rooms[0].members == (1, 2)
    assert texts_of(log.after(1, 0, 10, 10_000)) == [f"message {seq}" for seq in range(1, 6)]
    assert not snapshot.has_owner_code
    story.one(AddCode(b"i" * 32, CodeKind.INVITE, Role.MODERATOR, 0, TIME_MAX))
    added = story.one(AddAccount("mia", b"m" * 32, Role.MODERATOR, "", b"i" * 32))
    assert added == Committed(3, ())
    ban = AddEntry(1, 3, EntryKind.BANNED, encode_body(Moderated("bob", 0, "spam")))
    mute = AddEntry(1, 3, EntryKind.MUTED, encode_body(Moderated("ana")))
    kick = AddEntry(1, 3, EntryKind.KICKED, encode_body(Moderated("ana", TIME_MAX)))
    link = AddCode(b"l" * 32, CodeKind.LINK, Role.MEMBER, 1, TIME_MAX)
    device = AddDevice(1, b"p" * 32, "phone", b"l" * 32)
    outcomes = story.submit(joined(1, 3), ban, BarAddress(2, "192.0.2.7"), mute, kick, link, device)
    assert all(isinstance(outcome, Committed) for outcome in outcomes), outcomes
    assert story.post(1, 3, "the sixth is a ban") == 10
    log.close()


def test_handles_of_the_second_version_keep_out_all_that_look_like_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ww` and `vwv` were both let in: they stay, and no third one comes."""
    was = {"ana": "ana", "mary": "mary", "carn": "cam", "ww": "ww", "vwv": "vwv", "w_rm": "wrm"}
    connection = opened(path, 2, monkeypatch)
    for number, (handle, bones) in enumerate(was.items(), start=1):
        connection.execute(
            "INSERT INTO accounts (handle, skeleton, role, created_at) VALUES (?, ?, ?, 5)",
            (handle, bones, Role.MEMBER),
        )
        connection.execute(
            "INSERT INTO devices (public_key, account, name, added_at) VALUES (?, ?, 'laptop', 5)",
            (new_account(handle).public_key, number),
        )
    connection.commit()
    connection.close()
    log = SqliteLog(path)
    rows = dict(log._connection.execute("SELECT handle, skeleton FROM accounts").fetchall())
    assert rows == {handle: skeleton(handle) for handle in was} | {"vwv": "vwv"}
    assert [account.handle for account in log.load().accounts] == list(was)
    story = Story(log)
    for alike in ("a-na", "rnary", "cam", "vvw", "wvv", "vvvv", "vvrrn"):
        outcome = story.one(new_account(alike))
        assert isinstance(outcome, Failed)
        assert outcome.code == ErrorCode.BAD_HANDLE
    assert isinstance(story.one(new_account("mia")), Committed)
    log.close()


def test_an_upgraded_database_has_the_tables_of_a_new_one(first_version: Path, tmp_path: Path) -> None:
    SqliteLog(first_version).close()
    SqliteLog(tmp_path / "new.db").close()
    shapes = []
    for file in (first_version, tmp_path / "new.db"):
        connection = sqlite3.connect(file)
        names = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'words%'")
        shapes.append(sorted(names.fetchall()))
        connection.close()
    assert shapes[0] == shapes[1]


def test_a_step_that_another_program_took_in_the_meantime_is_not_taken_again(
    first_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two programs open one old log: the second finds it new when its turn comes."""
    real = schema.transaction
    other_has_run = False

    def transaction(cursor: sqlite3.Cursor) -> object:
        nonlocal other_has_run
        if not other_has_run:
            other_has_run = True
            SqliteLog(first_version).close()
        return real(cursor)

    monkeypatch.setattr(schema, "transaction", transaction)
    log = SqliteLog(first_version)
    assert len(log.load().accounts) == 2
    log.close()
