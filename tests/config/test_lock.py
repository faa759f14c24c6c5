"""One process at a time in a data directory."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chatroom.config.lock import AlreadyLocked, DirectoryLock
from support.patience import PATIENCE_S

HOLDER = """
import sys
import threading
from pathlib import Path
from chatroom.config.lock import DirectoryLock
lock = DirectoryLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def start_holder(directory: Path) -> "subprocess.Popen[bytes]":
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout
    assert holder.stdout.readline().strip() == b"held"
    return holder


@pytest.mark.parametrize("end", ["leave", "kill"])
def test_another_process_keeps_us_out_until_it_ends(tmp_path: Path, end: str) -> None:
    with start_holder(tmp_path) as holder:
        try:
            with pytest.raises(AlreadyLocked) as raised:
                DirectoryLock.acquire(tmp_path)
            assert str(raised.value) == f"{tmp_path} is in use by another process"
            assert raised.value.directory == tmp_path
        finally:
            if end == "kill":
                holder.kill()
            else:
                assert holder.stdin
                holder.stdin.close()
            holder.wait(timeout=PATIENCE_S)
    DirectoryLock.acquire(tmp_path).release()


def test_a_second_lock_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    with DirectoryLock.acquire(tmp_path), pytest.raises(AlreadyLocked):
        DirectoryLock.acquire(tmp_path)
    with DirectoryLock.acquire(tmp_path) as lock:
        assert lock.directory == tmp_path


def test_releasing_twice_is_harmless(tmp_path: Path) -> None:
    lock = DirectoryLock.acquire(tmp_path)
    lock.release()
    lock.release()
    with DirectoryLock.acquire(tmp_path):
        lock.release()  # of a lock that others hold by now: no effect on them
        with pytest.raises(AlreadyLocked):
            DirectoryLock.acquire(tmp_path)


def test_two_directories_do_not_hinder_each_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with DirectoryLock.acquire(tmp_path / "a"), DirectoryLock.acquire(tmp_path / "b"):
        pass


def test_a_missing_directory_is_made_and_a_file_in_its_place_is_an_os_error(tmp_path: Path) -> None:
    with DirectoryLock.acquire(tmp_path / "data" / "dir"):
        assert (tmp_path / "data" / "dir").is_dir()
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        DirectoryLock.acquire(tmp_path / "file")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_is_not_writable_is_an_os_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        DirectoryLock.acquire(tmp_path)


def test_a_lock_that_is_given_up_in_time_is_had(tmp_path: Path) -> None:
    held = DirectoryLock.acquire(tmp_path)
    release = threading.Timer(0.05, held.release)
    release.start()
    with DirectoryLock.acquire(tmp_path, wait_s=30.0), pytest.raises(AlreadyLocked):
        DirectoryLock.acquire(tmp_path, wait_s=0.03)
    release.join()
