"""The floors of the bench do what they are measured for: what comes in goes to everybody, stored before."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from bench.contenders import FLOOR, PYTHON_FLOOR, SQLITE_FLOOR, STORING_FLOOR, Contender

from support.patience import PATIENCE_S

LINES = b"one\ntwo\nthree\n"


def name_of(contender: Contender) -> str:
    return contender.name


@contextmanager
def members_of(contender: Contender, directory: Path, count: int = 3) -> Iterator[list[socket.socket]]:
    """So many members of a floor that runs."""
    why_not = contender.missing()
    if why_not is not None:
        pytest.skip(why_not)
    with ExitStack() as stack:
        server = stack.enter_context(contender.start(directory))
        here = ("127.0.0.1", server.port)
        yield [stack.enter_context(socket.create_connection(here, PATIENCE_S)) for _ in range(count)]


def heard(member: socket.socket, size: int) -> bytes:
    return member.recv(size, socket.MSG_WAITALL)


@pytest.mark.parametrize("contender", [FLOOR, STORING_FLOOR, SQLITE_FLOOR, PYTHON_FLOOR], ids=name_of)
def test_everybody_gets_what_one_sends_also_when_somebody_has_left(
    contender: Contender, tmp_path: Path
) -> None:
    with members_of(contender, tmp_path) as members:
        members[0].sendall(LINES)
        assert [heard(member, len(LINES)) for member in members] == [LINES] * 3
        members.pop().close()
        members[1].sendall(LINES)
        assert [heard(member, len(LINES)) for member in members] == [LINES] * 2


@pytest.mark.parametrize("contender", [SQLITE_FLOOR, PYTHON_FLOOR], ids=name_of)
def test_a_floor_with_a_database_stores_each_line_and_part_of_a_line_as_a_row(
    contender: Contender, tmp_path: Path
) -> None:
    with members_of(contender, tmp_path, 1) as (member,):
        for part in (LINES, b"a half ", b"and the other\n"):
            member.sendall(part)
            assert heard(member, len(part)) == part
    with closing(sqlite3.connect(tmp_path / "stored.db")) as database:
        rows = database.execute("SELECT id, CAST(frame AS BLOB) FROM entries ORDER BY id").fetchall()
    wanted = [*LINES.splitlines(keepends=True), b"a half ", b"and the other\n"]
    assert rows == list(enumerate(wanted, 1))
