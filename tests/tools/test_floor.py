"""The floors of the bench do what they are measured for: what comes in goes to everybody, stored before."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from bench.contenders import (
    FLOOR,
    FLOOR_TLS,
    PYTHON_FLOOR,
    PYTHON_FLOOR_TLS,
    SQLITE_FLOOR,
    SQLITE_FLOOR_TLS,
    STORING_FLOOR,
    Contender,
)

from chatroom.net.tls import client_context
from support.patience import PATIENCE_S

LINES = b"one\ntwo\nthree\n"
WITH_TLS = (FLOOR_TLS, SQLITE_FLOOR_TLS, PYTHON_FLOOR_TLS)
WITH_A_DATABASE = (SQLITE_FLOOR, PYTHON_FLOOR, SQLITE_FLOOR_TLS, PYTHON_FLOOR_TLS)


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
        yield [stack.enter_context(entered(contender, server.port)) for _ in range(count)]


def entered(contender: Contender, port: int) -> socket.socket:
    member = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    return client_context().wrap_socket(member) if contender.tls else member


def heard(member: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := member.recv(size - len(data))):
        data += piece
    return data


@pytest.mark.parametrize(
    "contender", [FLOOR, STORING_FLOOR, SQLITE_FLOOR, PYTHON_FLOOR, *WITH_TLS], ids=name_of
)
def test_everybody_gets_what_one_sends_also_when_somebody_has_left(
    contender: Contender, tmp_path: Path
) -> None:
    with members_of(contender, tmp_path) as members:
        members[0].sendall(LINES)
        assert [heard(member, len(LINES)) for member in members] == [LINES] * 3
        members.pop().close()
        members[1].sendall(LINES)
        assert [heard(member, len(LINES)) for member in members] == [LINES] * 2


@pytest.mark.parametrize("contender", [FLOOR, *WITH_TLS], ids=name_of)
def test_what_is_longer_than_a_read_and_a_record_reaches_everybody_whole(
    contender: Contender, tmp_path: Path
) -> None:
    long = b"".join(b"%099d\n" % number for number in range(1_000))
    with members_of(contender, tmp_path) as members:
        members[0].sendall(long)
        assert [heard(member, len(long)) for member in members] == [long] * 3


@pytest.mark.parametrize("contender", WITH_TLS, ids=name_of)
def test_who_stops_in_the_handshake_or_speaks_no_tls_holds_up_nobody(
    contender: Contender, tmp_path: Path
) -> None:
    with members_of(contender, tmp_path) as members:
        here = members[0].getpeername()
        with socket.create_connection(here), socket.create_connection(here, PATIENCE_S) as without_tls:
            without_tls.sendall(LINES)
            assert heard(without_tls, 1) == b""
            members[0].sendall(LINES)
            assert [heard(member, len(LINES)) for member in members] == [LINES] * 3


@pytest.mark.parametrize("contender", WITH_A_DATABASE, ids=name_of)
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
