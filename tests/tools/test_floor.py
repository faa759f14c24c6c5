"""The floors of the bench do what they are measured for: what comes in goes to everybody, stored before."""

import socket
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from bench.contenders import FLOOR, PYTHON_FLOOR, SQLITE_FLOOR, STORING_FLOOR, Contender

from support.patience import PATIENCE_S

LINES = b"one\ntwo\nthree\n"


def name_of(contender: Contender) -> str:
    return contender.name


def relayed(contender: Contender, directory: Path) -> list[bytes]:
    """What three members receive when one of them sends three lines."""
    why_not = contender.missing()
    if why_not is not None:
        pytest.skip(why_not)
    with ExitStack() as stack:
        server = stack.enter_context(contender.start(directory))
        members = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(3)
        ]
        for member in members:
            member.settimeout(PATIENCE_S)
        members[0].sendall(LINES)
        return [member.recv(len(LINES), socket.MSG_WAITALL) for member in members]


@pytest.mark.parametrize("contender", [FLOOR, STORING_FLOOR, SQLITE_FLOOR, PYTHON_FLOOR], ids=name_of)
def test_everybody_gets_what_one_sends(contender: Contender, tmp_path: Path) -> None:
    assert relayed(contender, tmp_path) == [LINES] * 3


@pytest.mark.parametrize("contender", [SQLITE_FLOOR, PYTHON_FLOOR], ids=name_of)
def test_a_floor_with_a_database_stores_each_line_as_a_row(contender: Contender, tmp_path: Path) -> None:
    relayed(contender, tmp_path)
    with closing(sqlite3.connect(tmp_path / "stored.db")) as database:
        rows = database.execute("SELECT id, CAST(frame AS BLOB) FROM entries ORDER BY id").fetchall()
    assert rows == [(1, b"one\n"), (2, b"two\n"), (3, b"three\n")]
