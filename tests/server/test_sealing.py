"""An older copy of the database is noticed and gets another id; a crash at any moment is no such thing."""

import errno
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatroom.net.loop import Loop
from chatroom.server import sealing
from chatroom.server.hub.ports import StorageError
from chatroom.server.sealing import SEAL, Sealing, read_seal, suspicion, write_seal
from chatroom.server.store.database import StoreError
from chatroom.server.store.sqlite import SqliteLog
from chatroom.server.store.standing import Standing
from support.patience import wait_until
from support.story import Story

ENDINGS = ("", "-wal", "-shm")

ONE, OTHER = b"1" * 16, b"2" * 16


class _PowerLoss(BaseException):
    """Everything stops."""


class Run:
    """One run of a server on the log of a folder; it ends by `stop`, or by `crash` as if it were killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = SqliteLog(folder / "chatroom.db")
        self.before = self.log.log_id
        self.sealing = Sealing(self.log, folder / SEAL)
        self.sealing.begin()
        self.story = Story(self.log)
        if not self.log.load().rooms:
            self.story.room("garden", self.story.account("ana"))

    @property
    def is_renewed(self) -> bool:
        return self.log.log_id != self.before

    def post(self, count: int = 1) -> "Run":
        for _ in range(count):
            self.story.post(1, 1, "hello")
        return self

    def seal(self) -> "Run":
        """Let the moment come at which the seal is written."""
        write_seal(self.folder / SEAL, self.log.standing)
        return self

    def stop(self) -> None:
        self.sealing.stop()
        self.log.close()

    def crash(self) -> None:
        """What is committed stands in the files; nothing is done that a process does when it ends."""
        crashed = self.folder / "crashed"
        copy_files(self.folder, crashed)
        self.log.close()
        copy_files(crashed, self.folder)
        shutil.rmtree(crashed)


def renews(folder: Path) -> bool:
    """Whether a server that starts on the log of the folder gives it a new id."""
    run = Run(folder)
    run.log.close()
    return run.is_renewed


def copy_files(source: Path, target: Path) -> None:
    """Copy the database with all that belongs to it, and nothing besides it is left there."""
    target.mkdir(exist_ok=True)
    for ending in ENDINGS:
        (target / f"chatroom.db{ending}").unlink(missing_ok=True)
        if (source / f"chatroom.db{ending}").exists():
            shutil.copy(source / f"chatroom.db{ending}", target)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# -- the file ----------------------------------------------------------------------------------------------


def test_a_seal_says_what_was_written_and_belongs_to_one_person(tmp_path: Path) -> None:
    path = tmp_path / SEAL
    for standing in (Standing(ONE, 0, 0), Standing(OTHER, 7, 123_456)):
        write_seal(path, standing)
        assert read_seal(path) == standing
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [SEAL]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log_id = ",
        'log_id = "00"\nstarts = 1\n',
        'log_id = "xy"\nstarts = 1\nentries = 1\n',
        "log_id = 5\nstarts = 1\nentries = 1\n",
        "\udcff",
    ],
)
def test_a_seal_that_says_nothing_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / SEAL).write_text(text, encoding="utf-8", errors="surrogateescape")
    assert read_seal(tmp_path / SEAL) is None
    assert read_seal(tmp_path / "nowhere") is None


# -- what is suspected -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seal", "found", "is_older"),
    [
        (None, Standing(ONE, 0, 0), False),
        (None, Standing(ONE, 0, 9), False),  # served by a program that knew no seals
        (None, Standing(ONE, 1, 9), True),
        (Standing(ONE, 3, 9), Standing(ONE, 3, 9), False),
        (Standing(ONE, 3, 9), Standing(ONE, 3, 10), False),
        (Standing(ONE, 3, 9), Standing(ONE, 4, 9), False),
        (Standing(ONE, 3, 9), Standing(ONE, 3, 8), True),
        (Standing(ONE, 3, 9), Standing(ONE, 2, 9), True),
        (Standing(ONE, 3, 9), Standing(ONE, 2, 20), True),
        (Standing(ONE, 3, 9), Standing(OTHER, 3, 9), True),
        (Standing(ONE, 3, 9), Standing(OTHER, 9, 99), True),
        (Standing(ONE, 3, 9), Standing(OTHER, 0, 0), True),
    ],
)
def test_what_is_behind_its_seal_is_an_older_copy(
    seal: Standing | None, found: Standing, is_older: bool
) -> None:
    assert bool(suspicion(seal, found)) is is_older


# -- runs --------------------------------------------------------------------------------------------------


def test_run_after_run_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(1, 4):
        run = Run(tmp_path).post(3)
        assert not run.is_renewed
        assert run.log.standing.starts == number
        run.stop()
        assert read_seal(tmp_path / SEAL) == run.log.standing
    for _ in range(3):
        run = Run(tmp_path).post(3)
        assert not run.is_renewed
        run.crash()
    assert warnings(caplog) == []


def test_a_seal_that_a_killed_server_had_not_finished_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_self: Path, _target: Path) -> Path:
        raise _PowerLoss

    run = Run(tmp_path).post()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with pytest.raises(_PowerLoss):
            run.seal()
    run.crash()
    assert len(list(tmp_path.glob(f".{SEAL}.*"))) == 1
    run = Run(tmp_path)
    assert not run.is_renewed
    run.stop()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["chatroom.db", SEAL]


def test_a_log_from_before_there_were_seals_is_no_older_copy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = SqliteLog(tmp_path / "chatroom.db")
    Story(log).room("garden", Story(log).account("ana"))
    log.close()
    run = Run(tmp_path)
    assert not run.is_renewed
    run.stop()
    assert warnings(caplog) == []


@pytest.mark.parametrize("ends_by", [Run.stop, Run.crash])
@pytest.mark.parametrize("posts", [0, 5])
def test_an_older_copy_put_back_gets_another_id_once_and_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, ends_by: Callable[[Run], None], posts: int
) -> None:
    """With no posts in between the copies differ in the number of starts only."""
    Run(tmp_path).post(3).stop()
    copy_files(tmp_path, tmp_path / "copy")
    ends_by(Run(tmp_path).post(posts))
    copy_files(tmp_path / "copy", tmp_path)
    run = Run(tmp_path)
    assert run.is_renewed
    (line,) = warnings(caplog)
    assert "older copy" in line
    assert "\n" not in line
    run.post(50).crash()
    for _ in range(2):
        run = Run(tmp_path)
        assert not run.is_renewed
        run.stop()
    assert len(warnings(caplog)) == 1


def test_a_copy_made_while_the_server_ran_is_noticed_by_its_entries(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(tmp_path).post(3)
    copy_files(tmp_path, tmp_path / "copy")
    run.post().stop()
    copy_files(tmp_path / "copy", tmp_path)
    run = Run(tmp_path)
    assert run.is_renewed
    assert "it has 5 entries, and 6 had been stored" in warnings(caplog)[0]
    run.stop()


def test_a_write_ahead_log_that_was_removed_after_a_crash_is_noticed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Run(tmp_path).post(3).stop()
    Run(tmp_path).post(3).crash()
    (tmp_path / "chatroom.db-wal").unlink()
    run = Run(tmp_path)
    assert run.is_renewed
    run.stop()


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_a_log_without_its_seal_is_taken_for_an_older_copy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    Run(tmp_path).post(3).stop()
    spoil(tmp_path / SEAL)
    run = Run(tmp_path)
    assert run.is_renewed
    run.stop()
    assert len(warnings(caplog)) == 1
    assert not renews(tmp_path)


def test_a_log_moved_with_its_seal_is_the_same_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "here").mkdir()
    Run(tmp_path / "here").post(3).stop()
    (tmp_path / "here").rename(tmp_path / "there")
    assert not renews(tmp_path / "there")
    assert warnings(caplog) == []


def test_another_log_in_its_place_gets_another_id(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        Run(tmp_path / name).post(5).stop()
    copy_files(tmp_path / "other", tmp_path / "one")
    assert renews(tmp_path / "one")


# -- crashes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("earlier_runs", [0, 1])
@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("step", range(4))
def test_power_lost_at_any_step_of_a_start_is_no_older_copy(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    earlier_runs: int,
    is_done: bool,
    step: int,
) -> None:
    """`is_done`: the step in which it was lost had been done, or not."""
    for _ in range(earlier_runs):
        Run(tmp_path).post(3).stop()
    steps = 0

    def failing(act: Callable[..., None]) -> Callable[..., None]:
        def acts(*arguments: object, **named: object) -> None:
            nonlocal steps
            steps += 1
            if steps == step and not is_done:
                raise _PowerLoss
            act(*arguments, **named)
            if steps == step:
                raise _PowerLoss

        return acts

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "replace_private_file", failing(sealing.replace_private_file))
        patch.setattr(SqliteLog, "begin", failing(SqliteLog.begin))
        log = SqliteLog(tmp_path / "chatroom.db")
        try:
            Sealing(log, tmp_path / SEAL).begin()
            assert step == 0 or step > steps
        except _PowerLoss:
            pass
        log.close()
    run = Run(tmp_path)
    assert not run.is_renewed
    run.stop()
    assert warnings(caplog) == []


ACTS = st.lists(st.sampled_from(["post", "seal", "crash", "stop", "copy", "put back"]), max_size=14)


@settings(max_examples=25, deadline=None)
@given(ACTS)
def test_an_id_is_renewed_for_what_was_put_back_and_for_nothing_else(acts: list[str]) -> None:
    """After any mix of posts, seals, crashes and stops. What was put back is behind when anything was sealed
    after the copy was made; every start and every stop seals.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        folder.mkdir()
        copied: Standing | None = None
        run = Run(folder)
        for act in acts:
            sealed = read_seal(folder / SEAL)
            match act:
                case "post":
                    run.post()
                case "seal":
                    run.seal()
                case "copy":
                    copy_files(folder, Path(place) / "copy")
                    copied = run.log.standing
                case "crash" | "stop":
                    run.stop() if act == "stop" else run.crash()
                    run = Run(folder)
                    assert not run.is_renewed
                case _:
                    if copied is None:
                        continue
                    run.crash()
                    copy_files(Path(place) / "copy", folder)
                    run = Run(folder)
                    assert sealed is not None
                    is_behind = (copied.starts, copied.entries) < (sealed.starts, sealed.entries)
                    assert run.is_renewed == (copied.log_id != sealed.log_id or is_behind)
        run.stop()


# -- trouble -----------------------------------------------------------------------------------------------


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_seal_that_cannot_be_written_is_said_and_the_server_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(sealing, "replace_private_file", full)
            run = Run(tmp_path).post()
            assert not run.is_renewed
            run.stop()
    assert all("No space left" in line for line in warnings(caplog))
    assert len(warnings(caplog)) == 2, "once a run"
    for _ in range(2):
        run = Run(tmp_path).post()
        assert not run.is_renewed
        run.stop()
    assert len(warnings(caplog)) == 2


def test_a_start_that_cannot_be_counted_is_said_and_the_server_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(tmp_path).post().stop()

    def refuses(_log: SqliteLog, *, renews: bool) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteLog, "begin", refuses)
        Run(tmp_path).stop()
    assert "cannot be counted: the disk is full" in warnings(caplog)[0]
    assert not renews(tmp_path)


@pytest.mark.parametrize("refuses", ["seal", "log"])
def test_an_older_copy_is_not_served_until_its_id_is_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, refuses: str
) -> None:
    Run(tmp_path).post(3).stop()
    copy_files(tmp_path, tmp_path / "copy")
    Run(tmp_path).post(3).stop()
    copy_files(tmp_path / "copy", tmp_path)
    log = SqliteLog(tmp_path / "chatroom.db")
    with monkeypatch.context() as patch:
        if refuses == "seal":
            patch.setattr(sealing, "replace_private_file", full)
        else:
            patch.setattr(log, "begin", lambda renews: (_ for _ in ()).throw(StorageError("it is full")))
        with pytest.raises((StoreError, OSError)):
            Sealing(log, tmp_path / SEAL).begin()
    log.close()
    assert renews(tmp_path)
    assert len(warnings(caplog)) == 1


# -- while it runs -----------------------------------------------------------------------------------------


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "EVERY_S", 0.01)


def turn(loop: Loop, until: Callable[[], bool]) -> None:
    wait_until(until, between=lambda: loop.run_once(0.1))


@pytest.mark.usefixtures("often")
def test_while_entries_come_the_seal_follows_and_then_rests(tmp_path: Path) -> None:
    loop = Loop()
    run = Run(tmp_path)
    run.sealing.run(loop)
    for _ in range(3):
        run.post(4)
        turn(loop, lambda: read_seal(tmp_path / SEAL) == run.log.standing)
    turn(loop, lambda: run.sealing._sealed == run.log.standing)
    written = (tmp_path / SEAL).stat()
    for _ in range(10):
        loop.run_once(0.1)
    assert (tmp_path / SEAL).stat().st_ino == written.st_ino
    assert (tmp_path / SEAL).stat().st_mtime_ns == written.st_mtime_ns
    run.stop()
    loop.close()


@pytest.mark.usefixtures("often")
def test_a_disk_that_refuses_the_seal_is_said_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop()
    run = Run(tmp_path).post()
    tries = 0

    def refuses(*_: object) -> None:
        nonlocal tries
        tries += 1
        full()

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "replace_private_file", refuses)
        run.sealing.run(loop)
        turn(loop, lambda: tries >= 3)
    turn(loop, lambda: read_seal(tmp_path / SEAL) == run.log.standing)
    assert len(warnings(caplog)) == 1
    run.stop()
    loop.close()
