"""Files that are whole or not there, and readable by nobody else."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatroom.config.private_files import create_private_file, make_private_directory, replace_private_file
from support.patience import wait_until

posix_only = pytest.mark.skipif(os.name != "posix", reason="permissions and links work otherwise there")


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "state.toml"
    replace_private_file(path, b"one")
    replace_private_file(path, b"two")
    assert path.read_bytes() == b"two"
    assert names_in(tmp_path) == ["state.toml"]


@posix_only
@pytest.mark.parametrize("write", [replace_private_file, create_private_file])
def test_only_the_owner_may_read_a_new_file_whatever_the_umask(tmp_path: Path, write: object) -> None:
    assert callable(write)
    old = os.umask(0)
    try:
        write(tmp_path / "key", b"secret")
    finally:
        os.umask(old)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@posix_only
def test_a_readable_file_becomes_private_when_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"old")
    path.chmod(0o644)
    replace_private_file(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600


@posix_only
def test_a_link_is_replaced_and_what_it_points_to_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"mine")
    (tmp_path / "state").symlink_to(tmp_path / "target")
    replace_private_file(tmp_path / "state", b"new")
    assert (tmp_path / "target").read_bytes() == b"mine"
    assert not (tmp_path / "state").is_symlink()


def test_a_failed_replacement_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "inside").write_bytes(b"x")
    with pytest.raises(OSError, match="state"):
        replace_private_file(tmp_path / "state", b"new")
    assert names_in(tmp_path) == ["state"]
    with pytest.raises(FileNotFoundError):
        replace_private_file(tmp_path / "missing" / "state", b"new")


def test_a_file_that_is_there_is_not_created_again(tmp_path: Path) -> None:
    path = tmp_path / "client.toml"
    create_private_file(path, b"one")
    with pytest.raises(FileExistsError):
        create_private_file(path, b"two")
    assert path.read_bytes() == b"one"
    assert names_in(tmp_path) == ["client.toml"]


@posix_only
def test_a_dangling_link_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "client.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        create_private_file(tmp_path / "client.toml", b"x")
    assert not (tmp_path / "nowhere").exists()


def test_without_links_a_file_is_still_created_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError("this file system has no links")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "client.toml"
    create_private_file(path, b"one")
    with pytest.raises(FileExistsError):
        create_private_file(path, b"two")
    assert (path.read_bytes(), names_in(tmp_path)) == (b"one", ["client.toml"])


@posix_only
def test_a_new_directory_is_for_its_owner_and_an_old_one_stays_as_it_is(tmp_path: Path) -> None:
    make_private_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    (tmp_path / "a" / "b").chmod(0o755)
    make_private_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        make_private_directory(tmp_path / "file")


WRITER = """
import itertools, sys
from pathlib import Path
from chatroom.config.private_files import replace_private_file
path = Path(sys.argv[1])
for number in itertools.count():
    replace_private_file(path, f"{number:09}".encode() * 20_000)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    seen = set()
    for delay_s in (0.0, 0.005, 0.011, 0.017, 0.023):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        try:
            wait_for_change(path, seen)
            time.sleep(delay_s)  # so that the kill falls at different moments of a write
        finally:
            writer.kill()
            writer.wait()
        content = path.read_bytes()
        assert len(content) == 180_000
        assert content == content[:9] * 20_000
        seen.add(path.stat().st_ino)


def wait_for_change(path: Path, seen: set[int]) -> None:
    wait_until(lambda: path.exists() and path.stat().st_ino not in seen, "the writer wrote nothing")
