import os
import stat
import threading
from pathlib import Path

import pytest

from chatroom.net import keyfiles
from chatroom.net.keyfiles import KeyFileError, read_file, replace, write_new

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert read_file(tmp_path / "none", is_secret=True) is None
    assert read_file(tmp_path / "no folder" / "none", is_secret=True) is None


def test_what_is_written_is_read_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    write_new(path, b"secret")
    assert read_file(path, is_secret=True) == b"secret"
    assert list(path.parent.iterdir()) == [path]


@posix_only
def test_a_new_file_and_its_folder_are_for_the_owner_only(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        path = tmp_path / "new" / "key"
        write_new(path, b"secret")
    finally:
        os.umask(former)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    write_new(path, b"first")
    write_new(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_of_many_writers_at_once_one_wins_whole(tmp_path: Path) -> None:
    path = tmp_path / "key"
    seen: list[bytes | None] = []

    def write(number: int) -> None:
        write_new(path, bytes([number]) * 5000)
        seen.append(read_file(path, is_secret=True))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert set(seen) == {path.read_bytes()}
    assert len(set(path.read_bytes())) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_without_hard_links_a_file_is_still_made_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "key"
    write_new(path, b"first")
    write_new(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_puts_the_new_file_in_place(tmp_path: Path) -> None:
    path = tmp_path / "cert"
    replace(path, b"one")
    replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


@posix_only
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_secret_that_others_may_touch_is_refused_by_name(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"secret")
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="others may read") as caught:
        read_file(path, is_secret=True)
    assert str(path) in str(caught.value)
    assert caught.value.path == path
    assert read_file(path, is_secret=False) == b"secret"


def test_a_folder_or_a_huge_file_is_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyFileError, match="is not a file"):
        read_file(tmp_path, is_secret=True)
    monkeypatch.setattr(keyfiles, "MAX_FILE_BYTES", 10)
    (tmp_path / "big").write_bytes(b"x" * 11)
    with pytest.raises(KeyFileError, match="too many"):
        read_file(tmp_path / "big", is_secret=False)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "key"
    for write in (write_new, replace):
        with pytest.raises(KeyFileError, match="cannot be") as caught:
            write(path, b"x")
        assert str(path) in str(caught.value)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keyfiles.os, "fsync", full)
    with pytest.raises(KeyFileError, match="No space left"):
        write_new(tmp_path / "key", b"secret")
    assert list(tmp_path.iterdir()) == []
