"""`chatroom-server backup`, `restore` and `check` as an operator types them: one line, and an exit code."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from chatroom.config.lock import DirectoryLock
from chatroom.server.sealing import SEAL, read_seal
from chatroom.server.store.sqlite import SqliteLog
from support.patience import PATIENCE_S
from support.story import Story

DATABASE = "chatroom.db"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative names are those of the test's folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a log of 7 entries."""
    folder = tmp_path / "data"
    folder.mkdir()
    post(folder, 5)
    return folder


def post(folder: Path, count: int) -> None:
    log = SqliteLog(folder / DATABASE)
    story = Story(log)
    if not log.load().rooms:
        story.room("garden", story.account("ana"))
    for number in range(count):
        story.post(1, 1, f"message {number}")
    log.close()


def run(data: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "chatroom.cli.server", *map(str, arguments), "--data-dir", str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def said(data: Path, *arguments: object) -> str:
    """Run a command that works; return its one line."""
    done = run(data, *arguments)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1), done
    return done.stdout.rstrip("\n")


def refused(data: Path, *arguments: object) -> str:
    """Run a command that cannot be carried out; return the one line that says why."""
    done = run(data, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
    assert done.stderr.startswith("chatroom-server: ")
    return done.stderr


def test_backup_check_and_restore_each_say_in_one_line_what_they_did(data: Path, tmp_path: Path) -> None:
    backup = tmp_path / "monday.db"
    assert said(data, "backup", backup) == f"{backup}: a backup of 7 entries"
    post(data, 3)
    shown = re.escape(str(data / DATABASE))
    assert said(data, "check") == f"{data / DATABASE}: 10 entries, no fault"
    assert said(data, "check", backup) == f"{backup}: 7 entries, no fault"
    line = said(data, "restore", backup)
    found = re.fullmatch(
        rf"{shown}: restored 7 entries, with a new log id; what was there is kept as "
        rf"({re.escape(str(data))}\S*chatroom-until-\d{{8}}-\d{{6}}\.db)",
        line,
    )
    assert found, line
    assert said(data, "check") == f"{data / DATABASE}: 7 entries, no fault"
    assert said(data, "check", found[1]) == f"{found[1]}: 10 entries, no fault"
    log = SqliteLog(data / DATABASE)
    assert read_seal(data / SEAL) == log.standing
    log.close()


def test_a_new_machine_begins_with_a_backup(data: Path, tmp_path: Path) -> None:
    said(data, "backup", "monday.db")
    fresh = tmp_path / "new" / "machine"
    assert said(fresh, "restore", tmp_path / "monday.db").endswith("; there was none before")
    assert said(fresh, "check").endswith(": 7 entries, no fault")


def test_a_backup_is_never_written_over(data: Path, tmp_path: Path) -> None:
    said(data, "backup", "monday.db")
    before = (tmp_path / "monday.db").read_bytes()
    post(data, 1)
    assert "monday.db: exists already" in refused(data, "backup", "monday.db")
    assert (tmp_path / "monday.db").read_bytes() == before


def test_restore_needs_the_server_stopped_and_the_others_do_not(data: Path, tmp_path: Path) -> None:
    before = (data / DATABASE).read_bytes()
    with DirectoryLock.acquire(data):
        said(data, "backup", "monday.db")
        said(data, "check")
        assert "stop it first" in refused(data, "restore", "monday.db")
    assert (data / DATABASE).read_bytes() == before


def test_faults_are_a_line_each_and_exit_code_three(data: Path) -> None:
    connection = sqlite3.connect(data / DATABASE)
    connection.execute("DELETE FROM entries WHERE id = (1 << 40) + 4")
    connection.execute("UPDATE reads SET seq = 99")
    connection.execute("INSERT INTO members VALUES (1, 9)")
    connection.commit()
    connection.close()
    done = run(data, "check")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.splitlines() == [
        f"{data / DATABASE}: room 1: entries 4 to 4 are missing",
        f"{data / DATABASE}: room 1: account 9 is a member, but one of the two does not exist",
    ]


@pytest.mark.parametrize("command", [["backup", "monday.db"], ["check"]])
def test_where_there_is_no_log_none_is_made(tmp_path: Path, command: list[str]) -> None:
    refused(tmp_path / "nowhere", *command)
    (tmp_path / "empty").mkdir()
    assert "there is no log" in refused(tmp_path / "empty", *command)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["empty"]


def test_what_is_no_backup_is_named_and_the_log_stays(data: Path, tmp_path: Path) -> None:
    before = (data / DATABASE).read_bytes()
    (tmp_path / "notes.txt").write_text("no database at all")
    assert "notes.txt: is not a chatroom log" in refused(data, "restore", "notes.txt")
    assert "nowhere.db: there is no log" in refused(data, "restore", "nowhere.db")
    assert sorted(file.name for file in data.iterdir()) == [DATABASE, "lock"]
    assert (data / DATABASE).read_bytes() == before


def test_the_settings_say_where_the_log_is(data: Path, tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text('[server]\ndata_dir = "data"\n')
    command = [sys.executable, "-m", "chatroom.cli.server", "check", "-c", str(tmp_path / "server.toml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd="/")
    assert done.stdout == f"{data / DATABASE}: 7 entries, no fault\n"
    assert done.returncode == 0


@pytest.mark.parametrize("command", [["backup"], ["restore"], ["check", "a", "b"], ["restore", "a", "b"]])
def test_a_wrong_argument_is_exit_code_two(data: Path, command: list[str]) -> None:
    assert run(data, *command).returncode == 2
