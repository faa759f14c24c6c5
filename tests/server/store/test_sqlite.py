"""The log on disk as a process has it: killed at any moment, out of space, reopened, slow to nobody."""

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from chatroom.protocol.errors import ErrorCode
from chatroom.server.hub.ports import Failed, Log, Repeated, StorageError
from chatroom.server.store import sqlite
from chatroom.server.store.database import open_database
from chatroom.server.store.sqlite import SqliteLog
from support.story import BUDGET, LIMIT, Story, entry_in

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals and limits")


def plant(story: Story) -> None:
    """Make the first room, with its first member."""
    story.account("ana")
    story.room("garden", 1)


def texts_at(path: Path) -> list[str]:
    """What is found in the first room of the log that is there now."""
    with contextlib.closing(SqliteLog(path)) as log:
        return Story(log).texts(1)


# -- killed ------------------------------------------------------------------------------------------------

WRITER = """
    import sys
    from pathlib import Path
    from chatroom.protocol.entries import EntryKind, Posted, encode_body
    from chatroom.server.hub.ports import AddEntry, Committed, Repeated
    from chatroom.server.store import indexer, nonces
    from chatroom.server.store.sqlite import SqliteLog

    indexer.BATCH, nonces.IDLE_NONCES, nonces.MOST_NONCES, nonces.SLICE = 8, 20, 60, 16
    log = SqliteLog(Path(sys.argv[1]))
    print("ready", flush=True)
    number = int(sys.argv[2])
    while True:
        size = number % 5 + 1
        batch = []
        for n in range(number, number + size):
            body = encode_body(Posted(f"message {n}"))
            batch.append(AddEntry(1, 1, EntryKind.POSTED, body, n.to_bytes(16, "big")))
        log.submit(batch, n)
        for n, outcome in enumerate(log.outcomes(), start=number):
            if isinstance(outcome, Committed):
                print(n, outcome.entries[0].seq, flush=True)
            elif isinstance(outcome, Repeated):
                print(n, outcome.seq, flush=True)
            else:
                sys.exit(f"{n}: {outcome}")
        number += size
        if number % 7 == 0:
            log.index(0.002)
"""
"""Stores messages from a number on, some a pass, and prints number and seq of each that is on disk."""


def run_until_killed(path: Path, number: int, lines: int, delay_s: float) -> dict[int, int]:
    """Run the writer; kill it some time after it printed so many lines. Return what it printed."""
    program = [sys.executable, "-c", textwrap.dedent(WRITER), str(path), str(number)]
    told: dict[int, int] = {}
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        assert writer.stdout.readline() == "ready\n", writer.stderr.read()
        for _ in range(lines):
            told.update([map(int, writer.stdout.readline().split())])  # type: ignore[list-item]
        deadline = time.monotonic() + delay_s
        while time.monotonic() < deadline:
            pass
        writer.kill()
        rest = writer.stdout.read().split("\n")
        told.update(tuple(map(int, line.split())) for line in rest[:-1])  # type: ignore[misc]
        assert writer.wait() == -signal.SIGKILL, writer.stderr.read()
    return told


@POSIX
def test_what_was_told_as_stored_survives_any_kill_once_and_in_order(
    path: Path, record_property: Callable[[str, object], None]
) -> None:
    log = SqliteLog(path)
    story = Story(log)
    story.account("ana")
    story.room("garden", 1)
    log.close()
    rng = random.Random(5)
    told: dict[int, int] = {}
    unheard = 0
    for _ in range(8):
        number = max(1, len(told) - 3)  # a client sends again what it is not sure of
        told |= run_until_killed(path, number, rng.randrange(5, 120), rng.random() / 200)
        log = SqliteLog(path)
        again = Story(log)
        entries = again.entries(1)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert again.texts(1) == [f"message {n}" for n in range(1, len(entries) - 1)]
        assert all(seq == n + 2 for n, seq in told.items())
        assert len(entries) - 2 >= len(told)
        unheard += len(entries) - 2 - len(told)
        told |= {n: n + 2 for n in range(len(told) + 1, len(entries) - 1)}
        log.close()
    log = SqliteLog(path, search_s=10)
    again = Story(log)
    again.index()
    (documents,) = log._connection.execute("SELECT count(*) FROM documents").fetchone()
    assert documents == len(told)
    assert again.found(f"message {len(told)}", [1]) == [f"message {len(told)}"]
    log.close()
    record_property("stored", len(told))
    record_property("stored without having been told so", unheard)
    sys.stdout.write(f"8 kills: {len(told)} messages stored, {unheard} of them without having been told so\n")


def test_a_log_that_was_not_closed_is_opened_as_it_was(disk: Story, path: Path, tmp_path: Path) -> None:
    plant(disk)
    disk.post(1, 1, "last words")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for file in path.parent.glob("log.db*"):
        shutil.copy(file, crashed)
    log = SqliteLog(crashed / "log.db")
    assert Story(log).texts(1) == ["last words"]
    assert log.log_id == disk.log.log_id
    log.close()


def test_half_of_the_write_ahead_log_gives_a_beginning_of_the_log(path: Path, tmp_path: Path) -> None:
    """As after a loss of power: whole passes, in order, up to some point."""
    log = SqliteLog(path)
    story = Story(log)
    story.account("ana")
    story.room("garden", 1)
    for n in range(30):
        story.submit(*(story.message(1, 1, f"{n}:{part}") for part in range(3)))
    whole = path.with_name("log.db-wal").read_bytes()
    texts = story.texts(1)
    frames = story.log.after(1, 0, LIMIT, BUDGET)
    for keep in range(0, len(whole), len(whole) // 40 + 1):
        part = tmp_path / f"part{keep}"
        part.mkdir()
        shutil.copy(path, part / "log.db")
        (part / "log.db-wal").write_bytes(whole[:keep])
        again = SqliteLog(part / "log.db")
        kept = Story(again).texts(1)
        assert kept == texts[: len(kept)]
        assert len(kept) % 3 == 0
        assert again.after(1, 0, LIMIT, BUDGET) == frames[: len(again.after(1, 0, LIMIT, BUDGET))]
        again.close()
    log.close()


# -- out of space ------------------------------------------------------------------------------------------

FILLER = """
    import json, resource, sys
    from pathlib import Path
    from chatroom.protocol.entries import EntryKind, Posted, RoomKind, encode_body
    from chatroom.protocol.packets import Role
    from chatroom.server.hub.ports import AddAccount, AddEntry, AddRoom, Failed, StorageError
    from chatroom.server.store.sqlite import SqliteLog

    path = Path(sys.argv[1])
    log = SqliteLog(path, search_s=10)
    log.submit([AddAccount("ana", bytes(32), Role.MEMBER, ""), AddRoom("garden", RoomKind.PUBLIC, (1,))], 1)
    body = encode_body(Posted("full " * 400))
    outcomes = []
    numbers = iter(range(1, 10_000))
    def post(count):
        nonces = [next(numbers).to_bytes(16, "big") for _ in range(count)]
        batch = [AddEntry(1, 1, EntryKind.POSTED, body, nonce) for nonce in nonces]
        log.submit(batch, 1)
        outcomes[:] = log.outcomes()
        return [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    log.outcomes()
    fill, free = FILL_AND_FREE
    fill()
    stored, failed = 0, []
    while not failed and stored < 3_000:
        failed = post(20)
        stored += 20 - len(failed)
    again = post(3)
    stored += 3 - len(again)
    readable = len(log.after(1, 0, 100_000, 1 << 30))
    try:
        log.index(0.01)
    except StorageError as error:
        again.append(error)
    free()
    late = post(5)
    while log.index(1):
        pass
    print(json.dumps({
        "failed": [failure.code.name for failure in failed], "text": failed[0].text if failed else "",
        "stored": stored, "readable": readable - 2, "late": [failure.text for failure in late],
        "head": log.load().rooms[0].head, "found": len(log.search("full", [1], 0, 0, 50).frames),
    }))
    log.close()
"""
"""Stores messages until no more fit, goes on when there is space again, and tells what happened."""

FREE_BY_LIMIT = """(
    lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY)),
    lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
)"""

FREE_BY_DELETING = """(
    lambda: path.with_name("ballast").write_bytes(bytes(400_000)),
    lambda: path.with_name("ballast").unlink(),
)"""


def check_filler(path: Path, fill_and_free: str) -> None:
    program = textwrap.dedent(FILLER).replace("FILL_AND_FREE", fill_and_free)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told["failed"]) == {ErrorCode.STORAGE.name}
    assert "cannot store" in told["text"]
    assert told["readable"] == told["stored"] > 0
    assert told["late"] == []
    assert told["head"] == told["stored"] + 2 + 5
    assert told["found"] == 28, "as many as fit on a page"
    log = SqliteLog(path)
    assert [entry.seq for entry in Story(log).entries(1)] == list(range(1, told["head"] + 1))
    assert log._connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    log.close()


@POSIX
def test_a_write_error_refuses_messages_until_writing_works_again(path: Path) -> None:
    check_filler(path, FREE_BY_LIMIT)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a file system of its own needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_refuses_messages_until_there_is_space_again(small_disk: Path) -> None:
    check_filler(small_disk / "log.db", FREE_BY_DELETING)


def test_a_full_disk_when_closing_loses_nothing(disk: Story, path: Path) -> None:
    assert isinstance(disk.log, SqliteLog)
    plant(disk)
    disk.post(1, 1, "kept")
    disk.log._connection.execute("PRAGMA query_only = ON")
    disk.log.close()
    assert texts_at(path) == ["kept"]


# -- files removed -----------------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_file_removed_beside_the_database_costs_nothing_that_was_stored(
    disk: Story, path: Path, tmp_path: Path, ending: str
) -> None:
    plant(disk)
    message = disk.message(1, 1, "before")
    disk.submit(message)
    path.with_name(path.name + ending).unlink()
    disk.post(1, 1, "after")
    disk.index()
    disk.post(1, 1, "later")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for file in path.parent.glob("log.db*"):
        shutil.copy(file, crashed)
    for log in (disk.log, SqliteLog(crashed / "log.db", search_s=5)):
        story = Story(log)
        assert story.texts(1) == ["before", "after", "later"]
        assert story.found("later", [1]) == ["later"]
        assert story.one(message) == Repeated(1, 3)
        log.close()


def is_refused(disk: Story, text: str) -> bool:
    """Whether a message is refused for now, so that it will be sent again."""
    outcome = disk.one(disk.message(1, 1, text))
    return isinstance(outcome, Failed) and outcome.code is ErrorCode.STORAGE


READER = """
    import sqlite3
    import sys

    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute(sys.argv[2])
    connection.execute("SELECT count(*) FROM entries").fetchone()
    print("ready", flush=True)
    sys.stdin.read()
"""
"""Another program with a transaction on the log, until it is killed."""


@contextlib.contextmanager
def another_program(path: Path, begin: str) -> Iterator[Callable[[], None]]:
    """Run it, and give what ends it; on leaving it is gone."""
    command = [sys.executable, "-c", textwrap.dedent(READER), str(path), begin]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        try:
            yield program.kill
        finally:
            program.kill()


@POSIX
@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_file_removed_while_another_program_reads_costs_nothing_that_was_stored(
    disk: Story, path: Path, ending: str
) -> None:
    plant(disk)
    with another_program(path, "BEGIN"):  # so that what follows cannot all be moved to the database
        disk.post(1, 1, "before")
        path.with_name(path.name + ending).unlink()
        for _ in range(2):
            with pytest.raises(StorageError, match="opened anew"):
                disk.log.index(1)
            assert is_refused(disk, "later")
            assert disk.texts(1) == ["before"]
    disk.index()
    disk.post(1, 1, "after")
    disk.log.close()
    assert texts_at(path) == ["before", "after"]


@POSIX
def test_a_log_that_cannot_be_opened_again_at_once_is_opened_later(disk: Story, path: Path) -> None:
    plant(disk)
    disk.post(1, 1, "before")
    path.with_name(path.name + "-shm").unlink()
    with another_program(path, "BEGIN IMMEDIATE"):  # it has a file of that name of its own
        for _ in range(2):
            with pytest.raises(StorageError, match="another program has locked"):
                disk.log.index(1)
            assert is_refused(disk, "later")
    disk.index()
    disk.post(1, 1, "after")
    assert disk.texts(1) == ["before", "after"]


@POSIX
def test_an_older_log_in_the_place_of_one_that_could_not_be_opened_again_is_not_taken_for_it(
    disk: Story, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(disk.log, SqliteLog)
    plant(disk)
    disk.log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    older = path.read_bytes()
    disk.post(1, 1, "before")
    path.with_name(path.name + "-shm").unlink()
    with another_program(path, "BEGIN IMMEDIATE"), pytest.raises(StorageError, match="has locked"):
        disk.log.index(1)
    newer = path.read_bytes()
    for file in path.parent.glob("log.db-*"):
        file.unlink()
    path.write_bytes(older)  # the same file to the system
    opened: list[sqlite3.Connection] = []

    def open_noted(path: Path) -> sqlite3.Connection:
        opened.append(open_database(path))
        return opened[-1]

    monkeypatch.setattr(sqlite, "open_database", open_noted)
    for count in (1, 2):
        with pytest.raises(StorageError, match="removed or replaced"):
            disk.log.index(1)
        assert is_refused(disk, "lost?")
        assert len(opened) == count
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            opened[-1].execute("SELECT 1")
    path.write_bytes(newer)
    disk.index()
    disk.post(1, 1, "after")
    assert disk.texts(1) == ["before", "after"]


class Unmoved:
    """A connection by which nothing of the write-ahead log comes into the database, as on a full disk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """As `sqlite3.Connection.execute`."""
        if "wal_checkpoint" in statement:
            raise sqlite3.OperationalError("database or disk is full")
        return self._connection.execute(statement, values)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


@POSIX
def test_nothing_is_stored_in_a_removed_file_that_cannot_be_moved(
    disk: Story, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = disk.log
    assert isinstance(log, SqliteLog)
    plant(disk)
    disk.post(1, 1, "before")
    path.with_name(path.name + "-wal").unlink()
    with monkeypatch.context() as full:
        full.setattr(log, "_connection", Unmoved(log._connection))
        with pytest.raises(StorageError, match="full"):
            log.index(1)
        assert is_refused(disk, "lost?")
    disk.index()
    disk.post(1, 1, "after")
    assert disk.texts(1) == ["before", "after"]
    path.with_name(path.name + "-wal").unlink()
    monkeypatch.setattr(log, "_connection", Unmoved(log._connection))
    log.close()
    assert "messages may be lost" in caplog.text


@POSIX
def test_a_log_that_closes_waits_for_another_program_that_keeps_messages_out_of_the_database(
    disk: Story, path: Path
) -> None:
    plant(disk)
    with another_program(path, "BEGIN") as end:
        disk.post(1, 1, "before")
        path.with_name(path.name + "-wal").unlink()
        threading.Timer(1.5, end).start()
        disk.log.close()
    assert texts_at(path) == ["before"]


@POSIX
def test_what_is_still_to_be_taken_back_keeps_nothing_out_of_the_database_at_the_end(
    disk: Story, path: Path
) -> None:
    assert isinstance(disk.log, SqliteLog)
    plant(disk)
    disk.post(1, 1, "before")
    disk.log._connection.execute("BEGIN")
    disk.log._connection.execute("UPDATE rooms SET topic = 'not committed'")
    with another_program(path, "SELECT 1"):  # SQLite moves what is left only for the last one
        path.with_name(path.name + "-wal").unlink()
        disk.log.close()
    assert texts_at(path) == ["before"]


@POSIX
def test_a_log_that_closes_without_the_index_of_its_write_ahead_log_has_lost_nothing(
    disk: Story, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It waits for nobody, and warns of nothing: the write-ahead log itself is there."""
    log = disk.log
    assert isinstance(log, SqliteLog)
    plant(disk)
    monkeypatch.setattr(sqlite, "LEAVE_S", 2.0)
    calls: list[str] = []
    with another_program(path, "BEGIN"):
        disk.post(1, 1, "before")
        path.with_name(path.name + "-shm").unlink()
        log._connection.set_trace_callback(calls.append)
        log.close()
    assert len([call for call in calls if "wal_checkpoint" in call]) == 1
    again = SqliteLog(path)
    assert Story(again).texts(1) == ["before"]
    path.with_name(path.name + "-shm").unlink()
    monkeypatch.setattr(again, "_connection", Unmoved(again._connection))
    again.close()
    assert not caplog.records


def test_a_log_whose_files_are_all_there_is_not_opened_again(disk: Story) -> None:
    assert isinstance(disk.log, SqliteLog)
    connection = disk.log._connection
    plant(disk)
    for _ in range(3):
        disk.post(1, 1, "x" * 10_000)
        disk.index()
    assert disk.log._connection is connection


@POSIX
def test_nothing_is_stored_in_a_database_that_was_removed_until_it_is_back(
    disk: Story, path: Path, tmp_path: Path
) -> None:
    plant(disk)
    path.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="removed"):
        disk.log.index(1)
    assert is_refused(disk, "lost?")
    assert not path.exists()
    shutil.copy(tmp_path / "elsewhere", path)
    with pytest.raises(StorageError, match="removed or replaced"):
        disk.log.index(1)
    (tmp_path / "elsewhere").replace(path)
    disk.index()
    assert disk.post(1, 1, "kept") == 3


# -- reads that fail ---------------------------------------------------------------------------------------


def test_a_read_the_disk_refuses_is_a_storage_error_in_one_line(disk: Story) -> None:
    assert isinstance(disk.log, SqliteLog)
    plant(disk)
    disk.post(1, 1, "text")
    disk.index()
    for table in ("documents", "entries", "reads", "members"):
        disk.log._connection.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")
    log: Log = disk.log
    reads = [
        lambda: log.after(1, 0, 10, 1_000),
        lambda: log.before(1, 10, 0, 10, 1_000),
        lambda: log.unread(1, {1: 2}),
        lambda: log.search("text", [1], 0, 0, 10),
        log.load,
    ]
    for read in reads:
        with pytest.raises(StorageError) as caught:
            read()
        assert "\n" not in str(caught.value)


def test_an_entry_that_is_damaged_is_a_storage_error(disk: Story) -> None:
    assert isinstance(disk.log, SqliteLog)
    plant(disk)
    message = disk.message(1, 1, "text")
    disk.submit(message)
    disk.log._connection.execute("UPDATE entries SET frame = x'0102' WHERE kind = 1")
    (outcome,) = disk.submit(message)
    assert isinstance(outcome, Failed)
    assert outcome.code is ErrorCode.STORAGE
    with pytest.raises(StorageError):
        disk.log.index(1)


# -- big ---------------------------------------------------------------------------------------------------


def fill(log: SqliteLog, count: int) -> None:
    """Put messages into room 1 behind the back of the log, as if stored and indexed long ago."""
    story = Story(log)
    story.account("ana")
    story.room("garden", 1)
    story.post(1, 1, "x" * 100)
    frame = log.after(1, 2, 1, 1_000)[0]
    entry_in(frame)
    connection = log._connection
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        """WITH RECURSIVE n(seq) AS (SELECT 4 UNION ALL SELECT seq + 1 FROM n WHERE seq < ?)
        INSERT INTO entries SELECT (1 << 40) + seq, 1, 1, ? FROM n""",
        (count + 2, frame),
    )
    for table in ("nonces_done", "words_done"):
        connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (1, ?)", (count + 2,))
    connection.execute("COMMIT")


def test_opening_and_reading_cost_the_same_however_long_the_log_is(tmp_path: Path) -> None:
    """Counted in steps of SQLite, so that no busy machine matters: a scan takes several for each entry."""
    steps: dict[int, int] = {}
    for count in (100, 100_000):
        path = tmp_path / f"{count}.db"
        log = SqliteLog(path)
        fill(log, count)
        log.close()
        log = SqliteLog(path)
        seen = [0]

        def step(seen: list[int] = seen) -> int:
            seen[0] += 1
            return 0

        log._connection.set_progress_handler(step, 1)
        assert log.load().rooms[0].head == count + 2
        log._nonces.load()
        log._indexer.load()
        log.after(1, count - 50, 50, 1 << 20)
        log.before(1, count, 0, 50, 1 << 20)
        log.unread(2, {1: count + 2})
        steps[count] = seen[0]
        log.close()
    assert steps[100_000] < steps[100] + 15_000, "a thousand unread messages are looked at, and no more"


def test_a_long_log_is_opened_quickly(tmp_path: Path) -> None:
    path = tmp_path / "long.db"
    log = SqliteLog(path)
    fill(log, 200_000)
    log.close()
    begin = time.process_time()
    log = SqliteLog(path)
    log.load()
    taken_s = time.process_time() - begin
    log.close()
    assert taken_s < 0.5
