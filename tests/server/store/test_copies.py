"""A backup is whole and private and replaces nothing; a restored log has another id and displaces nothing."""

import os
import shutil
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from chatroom.server.store import copies
from chatroom.server.store.checking import find_faults
from chatroom.server.store.copies import back_up, restore
from chatroom.server.store.database import StoreError, open_unchanged
from chatroom.server.store.sqlite import SqliteLog
from support.patience import PATIENCE_S
from support.story import Story

KEPT = "kept.db"


def tell(path: Path, messages: int, start: int = 0) -> list[str]:
    """Add messages to the log at `path`; return all there are."""
    log = SqliteLog(path)
    story = Story(log)
    if not log.load().rooms:
        story.account("ana")
        story.room("garden", 1)
    story.submit(*(story.message(1, 1, f"message {start + number}") for number in range(messages)))
    texts = story.texts(1)
    log.close()
    return texts


def texts_in(path: Path) -> list[str]:
    log = SqliteLog(path)
    texts = Story(log).texts(1)
    log.close()
    return texts


def log_id_of(path: Path) -> bytes:
    log = SqliteLog(path)
    log.close()
    return log.log_id


def listing(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "monday.db"


# -- backups -----------------------------------------------------------------------------------------------


def test_a_backup_is_one_private_file_with_everything_in_it(path: Path, target: Path) -> None:
    texts = tell(path, 200)
    standing = back_up(path, target)
    assert standing.entries == 202
    assert [file.name for file in target.parent.iterdir()] == [target.name]
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert texts_in(target) == texts


def test_a_backup_has_an_id_of_its_own(path: Path, target: Path) -> None:
    tell(path, 5)
    log_id = log_id_of(path)
    backups = [target.with_name(f"{number}.db") for number in range(2)]
    ids = [back_up(path, backup).log_id for backup in backups]
    assert [log_id_of(backup) for backup in backups] == ids
    assert log_id_of(path) == log_id
    assert len({log_id, *ids}) == 3


def test_a_backup_leaves_no_trace_where_it_is_read(path: Path, target: Path) -> None:
    tell(path, 10)
    back_up(path, target)
    before = listing(target.parent)
    connection = open_unchanged(target, 1)
    assert find_faults(connection) == []
    assert listing(target.parent) == before
    connection.close()
    assert listing(target.parent) == before


@pytest.mark.parametrize("kind", ["file", "empty", "folder", "link"])
def test_a_backup_replaces_nothing(path: Path, target: Path, kind: str) -> None:
    tell(path, 5)
    match kind:
        case "file":
            target.write_text("important")
        case "empty":
            target.touch()
        case "folder":
            target.mkdir()
        case _:
            target.symlink_to(target.with_name("nowhere"))
    with pytest.raises(StoreError, match="exists already"):
        back_up(path, target)
    assert [file.name for file in target.parent.iterdir()] == [target.name]
    if kind == "file":
        assert target.read_text() == "important"


def test_of_two_backups_to_one_file_the_second_fails(
    path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(path, 5)
    monkeypatch.setattr(copies, "_flush", lambda _draft: target.write_text("the first"))
    with pytest.raises(StoreError, match=r"monday\.db: .*exists"):
        back_up(path, target)
    assert listing(target.parent) == {target.name: b"the first"}


def test_there_is_no_backup_of_nothing(path: Path, target: Path) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match=r"log\.db: there is no log"):
            back_up(path, target)
        path.touch()
    path.write_text("this is no database")
    with pytest.raises(StoreError, match="not a chatroom log"):
        back_up(path, target)
    assert list(target.parent.iterdir()) == []


def test_a_folder_that_is_missing_is_one_line(path: Path, target: Path) -> None:
    tell(path, 5)
    missing = target.parent / "nowhere" / "monday.db"
    with pytest.raises(StoreError, match=r"monday\.db: no such file") as caught:
        back_up(path, missing)
    assert "\n" not in str(caught.value)


def test_a_damaged_log_is_not_taken_for_a_backup(path: Path, target: Path) -> None:
    tell(path, 2_000)
    spoil(path)
    with pytest.raises(StoreError, match="damaged"):
        back_up(path, target)
    assert list(target.parent.iterdir()) == []


def spoil(path: Path) -> None:
    """Damage pages of a database."""
    data = bytearray(path.read_bytes())
    for page in range(8, len(data) // 4096, 5):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)


def test_what_is_committed_between_two_steps_is_stored_at_once_and_not_in_the_backup(
    path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tell(path, 3_000)
    log = SqliteLog(path)
    story = Story(log)
    seqs: list[int] = []

    def commit(_file: int) -> None:
        if len(seqs) < 10:
            seqs.append(story.post(1, 1, "beside it"))

    monkeypatch.setattr(copies, "STEP_PAGES", 4)
    monkeypatch.setattr(copies, "FLUSH_STEPS", 1)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", commit)
        standing = back_up(path, target)
    assert seqs == list(range(3_003, 3_013))
    assert standing.entries == 3_002
    assert texts_in(target) == before
    assert story.texts(1) == before + ["beside it"] * 10
    log.close()
    connection = sqlite3.connect(target, isolation_level=None)
    assert find_faults(connection) == []
    connection.close()


def test_backups_beside_a_writer_that_never_rests_are_whole(path: Path, target: Path) -> None:
    tell(path, 1_000)
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        log = SqliteLog(path)
        story = Story(log)
        while not stop.is_set():
            story.submit(*(story.message(1, 1, "beside it") for _ in range(5)))
            written.set()
        log.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backups = [target.with_name(f"{number}.db") for number in range(4)]
        entries = []
        for backup in backups:
            written.clear()
            assert written.wait(PATIENCE_S)
            entries.append(back_up(path, backup).entries)
    finally:
        stop.set()
        writer.join()
    assert entries == sorted(set(entries))
    for backup, count in zip(backups, entries, strict=True):
        assert len(texts_in(backup)) == count - 2
        connection = open_unchanged(backup, 1)
        assert find_faults(connection) == []
        connection.close()


# -- restoring ---------------------------------------------------------------------------------------------


def test_what_is_restored_is_what_was_backed_up_under_another_id(path: Path, target: Path) -> None:
    texts = tell(path, 20)
    back_up(path, target)
    later = tell(path, 30, start=20)
    before, backup = log_id_of(path), target.read_bytes()
    restored = restore(target, path, KEPT)
    assert restored.kept == path.with_name(KEPT)
    assert texts_in(path) == texts
    assert texts_in(restored.kept) == later
    assert log_id_of(restored.kept) == before
    assert log_id_of(path) == restored.standing.log_id != before
    assert restored.standing.entries == 22
    assert target.read_bytes() == backup
    assert sorted(file.name for file in path.parent.iterdir()) == ["backups", KEPT, path.name]


def test_the_same_backup_restored_twice_is_another_log_each_time(path: Path, target: Path) -> None:
    tell(path, 20)
    back_up(path, target)
    ids = [restore(target, path, f"{number}.db").standing.log_id for number in range(3)]
    assert len(set(ids)) == 3


def test_where_there_was_no_log_nothing_is_kept(path: Path, target: Path) -> None:
    texts = tell(path, 20)
    back_up(path, target)
    path.unlink()
    assert restore(target, path, KEPT).kept is None
    assert texts_in(path) == texts
    assert not path.with_name(KEPT).exists()


def test_a_copy_made_by_hand_with_its_write_ahead_log_is_a_backup_too(path: Path, target: Path) -> None:
    tell(path, 20)
    log = SqliteLog(path)
    story = Story(log)
    story.post(1, 1, "in the write-ahead log")
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", f"{target}{ending}")
    log.close()
    restore(target, path, KEPT)
    assert texts_in(path)[-1] == "in the write-ahead log"


def test_the_log_of_a_killed_server_is_kept_with_all_its_entries(
    path: Path, target: Path, tmp_path: Path
) -> None:
    tell(path, 20)
    back_up(path, target)
    killed = tmp_path / "killed"
    killed.mkdir()
    log = SqliteLog(path)
    Story(log).post(1, 1, "in the write-ahead log")
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", killed)
    log.close()
    restored = restore(target, killed / path.name, KEPT)
    assert restored.kept is not None
    assert texts_in(restored.kept)[-1] == "in the write-ahead log"
    assert texts_in(killed / path.name) == [f"message {number}" for number in range(20)]


def test_a_write_ahead_log_left_behind_never_meets_the_restored_log(path: Path, target: Path) -> None:
    texts = tell(path, 20)
    back_up(path, target)
    log = SqliteLog(path)
    Story(log).post(1, 1, "of another log")
    left = Path(f"{path}-wal").read_bytes()
    log.close()
    path.unlink()
    Path(f"{path}-wal").write_bytes(left)
    restore(target, path, KEPT)
    assert not Path(f"{path}-wal").exists()
    assert path.with_name(f"{KEPT}-wal").read_bytes() == left
    assert texts_in(path) == texts


def test_a_log_that_is_damaged_can_be_replaced_and_is_kept_as_it_is(path: Path, target: Path) -> None:
    texts = tell(path, 20)
    back_up(path, target)
    path.write_bytes(b"nothing is left of it" * 400)
    damaged = path.read_bytes()
    restored = restore(target, path, KEPT)
    assert restored.kept is not None
    assert restored.kept.read_bytes() == damaged
    assert texts_in(path) == texts


@pytest.mark.parametrize("kind", ["missing", "empty", "foreign", "cut off", "damaged", "newer", "with a gap"])
def test_a_backup_that_is_none_is_refused_and_the_log_stays(path: Path, target: Path, kind: str) -> None:
    tell(path, 2_000)
    back_up(path, target)
    match kind:
        case "missing":
            target.unlink()
        case "empty":
            target.write_bytes(b"")
        case "foreign":
            target.write_bytes(b"this is no database" * 1_000)
        case "cut off":
            target.write_bytes(target.read_bytes()[: 4096 * 9])
        case "damaged":
            spoil(target)
        case "newer":
            data = target.read_bytes()
            target.write_bytes(data[:60] + (99).to_bytes(4, "big") + data[64:])
        case _:
            connection = sqlite3.connect(target)
            connection.execute("DELETE FROM entries WHERE id = (1 << 40) + 50")
            connection.commit()
            connection.close()
    before = {path.name: path.read_bytes()}
    with pytest.raises(StoreError) as caught:
        restore(target, path, KEPT)
    assert str(caught.value).startswith(f"{target}: "), caught.value
    assert "\n" not in str(caught.value)
    assert listing_of_files(path.parent) == before


def listing_of_files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_what_was_kept_before_is_never_replaced(path: Path, target: Path) -> None:
    tell(path, 20)
    back_up(path, target)
    path.with_name(KEPT).write_text("kept before")
    before = listing_of_files(path.parent)
    with pytest.raises(StoreError, match="exists already"):
        restore(target, path, KEPT)
    assert listing_of_files(path.parent) == before
