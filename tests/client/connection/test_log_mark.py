import os
from pathlib import Path

import pytest

from chatroom.client.connection.log_mark import DiskLogMark
from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.config.paths import ClientPaths
from chatroom.net.address import parse

LOG = bytes(range(16))


def mark(tmp_path: Path, program: str = "send", server: str = "[::1]:4567") -> DiskLogMark:
    return DiskLogMark.of(ClientPaths(tmp_path / "client.toml", tmp_path), "alice", parse(server), program)


def test_the_next_process_knows_the_log(tmp_path: Path) -> None:
    assert mark(tmp_path).load() == b""
    mark(tmp_path).keep(LOG)
    assert mark(tmp_path).load() == LOG
    mark(tmp_path).keep(bytes(16))
    assert mark(tmp_path).load() == bytes(16)


def test_every_program_and_every_server_has_its_own(tmp_path: Path) -> None:
    mark(tmp_path, "send").keep(LOG)
    assert mark(tmp_path, "screen").load() == b""
    assert mark(tmp_path, "send", "h.org").load() == b""


@pytest.mark.skipif(os.name != "posix", reason="permissions are not bits there")
def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    mark(tmp_path).keep(LOG)
    assert mark(tmp_path).path.stat().st_mode & 0o777 == 0o600
    assert mark(tmp_path).path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 32, b"00" * 15, b"00" * 17, b"zz" * 16])
def test_a_spoiled_file_says_nothing_and_is_replaced(tmp_path: Path, content: bytes) -> None:
    mark(tmp_path).keep(LOG)
    mark(tmp_path).path.write_bytes(content)
    assert mark(tmp_path).load() == b""
    mark(tmp_path).keep(LOG)
    assert mark(tmp_path).load() == LOG


def test_where_nothing_can_be_written_chatting_goes_on(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("in the way")
    mark(tmp_path).keep(LOG)
    assert mark(tmp_path).load() == b""


def test_it_stands_beside_the_outbox_and_does_not_disturb_it(tmp_path: Path) -> None:
    mark(tmp_path).keep(LOG)
    outbox = DiskOutbox.open(ClientPaths(tmp_path / "client.toml", tmp_path), "alice", parse("[::1]:4567"))
    assert outbox.load() == []
    outbox.close()
    assert mark(tmp_path).load() == LOG
