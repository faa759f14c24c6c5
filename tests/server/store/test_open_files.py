"""Files that were removed or replaced are noticed."""

from pathlib import Path

import pytest

from chatroom.server.store.open_files import BESIDE, OpenFiles


@pytest.fixture
def files(path: Path) -> OpenFiles:
    path.touch()
    for ending in BESIDE:
        path.with_name(path.name + ending).touch()
    return OpenFiles(path)


def test_files_that_only_change_are_still_there(files: OpenFiles, path: Path) -> None:
    path.write_bytes(b"more")
    assert files.has_database()
    assert files.has_beside()


def test_a_database_removed_or_replaced_is_missed_until_it_is_back(files: OpenFiles, path: Path) -> None:
    aside = path.rename(path.with_name("aside"))
    assert not files.has_database()
    path.touch()
    assert not files.has_database()
    assert files.has_beside()
    aside.replace(path)
    assert files.has_database()


@pytest.mark.parametrize("ending", BESIDE)
def test_a_file_beside_it_is_missed(files: OpenFiles, path: Path, ending: str) -> None:
    path.with_name(path.name + ending).unlink()
    assert files.has_database()
    assert not files.has_beside()
