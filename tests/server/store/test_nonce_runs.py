"""Runs: a nonce is found in them, or is not there, in memory and on disk."""

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.server.hub.ports import StorageError
from chatroom.server.store.nonce_runs import Run, greatest_in_rows, read_row, stretch_around, write_rows
from chatroom.server.store.schema import migrate

NONCES = st.integers(0, 60).map(lambda number: number.to_bytes(16)) | st.binary(min_size=16, max_size=16)
RISING = st.lists(NONCES, min_size=1, max_size=30, unique=True).map(sorted)


def run_of(nonces: list[bytes], first: int = 100) -> Run:
    return Run(b"".join(nonces), range(first, first + len(nonces)))


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    yield connection
    connection.close()


@given(rising=RISING, asked=st.lists(NONCES))
def test_a_nonce_is_found_by_halving(rising: list[bytes], asked: list[bytes]) -> None:
    run = run_of(rising)
    expected = {nonce: place for place, nonce in enumerate(rising, 100)}
    for nonce in [*rising, *asked]:
        assert run.find(nonce) == expected.get(nonce)
    assert [run.nonce_at(place) for place in range(len(run))] == rising
    assert run.nonce_at(-1) == rising[-1]
    assert Run().find(bytes(16)) is None


@given(rising=RISING, count=st.integers(1, 4))
def test_what_was_taken_last_can_be_let_go_and_nothing_else(rising: list[bytes], count: int) -> None:
    last, before = rising[-count:], rising[:-count]
    run = run_of(before)
    run.add(b"".join(last), list(range(500, 500 + len(last))))
    assert run.find(last[-1]) == 499 + len(last)
    for _ in range(2):  # as after an error
        run.drop(b"".join(last))
    assert (bytes(run.nonces), list(run.entries)) == (b"".join(before), list(range(100, 100 + len(before))))


def test_nonces_that_were_taken_without_their_entries_are_let_go() -> None:
    run = run_of([bytes([1] * 16)])
    with pytest.raises(OverflowError):
        run.add(bytes([2] * 16) + bytes([3] * 16), [7, 2**64])
    run.drop(bytes([2] * 16) + bytes([3] * 16))
    assert (len(run.nonces), list(run.entries)) == (16, [100])


@given(
    runs=st.dictionaries(st.integers(1, 3), RISING, min_size=1), row=st.integers(1, 7), asked=st.lists(NONCES)
)
def test_a_nonce_is_found_in_the_only_row_that_may_hold_it(
    runs: dict[int, list[bytes]], row: int, asked: list[bytes]
) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    cursor = connection.cursor()
    for _ in range(2):  # as after a commit of which nobody knows what became
        for author, nonces in runs.items():
            whole = run_of(nonces, author << 40)
            write_rows(
                cursor, [(author, whole.part(place, place + row)) for place in range(0, len(whole), row)]
            )
    for author in (1, 2, 3, 4):
        nonces = runs.get(author, [])
        for nonce in [*nonces, *asked]:
            near = stretch_around(cursor, author, nonce)
            assert near.start <= nonce
            for other in [*nonces, *asked]:
                if near.start <= other < near.until or other == nonce:
                    place = (author << 40) + nonces.index(other) if other in nonces else None
                    assert near.run.find(other) == place
            known = nonce < near.until
            assert known or nonce not in nonces
            assert known == bool(nonces and nonce <= nonces[-1])
        assert greatest_in_rows(cursor, author) == (nonces[-1] if nonces else b"")
    connection.close()


@pytest.mark.parametrize(
    ("nonces", "entries"),
    [
        (b"", b""),
        (bytes(17), bytes(8)),
        (bytes(16), b""),
        (bytes(16), bytes(9)),
        ("x", bytes(8)),
        (bytes(16), 1),
    ],
)
def test_columns_that_are_no_run_are_an_error(nonces: object, entries: object) -> None:
    with pytest.raises(ValueError, match="not as many as entries"):
        read_row(nonces, entries)


def test_a_row_tells_of_entries_of_any_room(connection: sqlite3.Connection) -> None:
    places = [(1 << 63) - 1, 1, 5 << 40 | 7]
    nonces = [bytes([number] * 16) for number in (1, 2, 3)]
    write_rows(connection.cursor(), [(9, Run(b"".join(nonces), places))])
    (row,) = connection.execute("SELECT nonces, entries FROM nonce_runs").fetchall()
    assert list(read_row(*row).entries) == places


def test_a_row_that_cannot_be_read_is_an_error_with_one_line(connection: sqlite3.Connection) -> None:
    write_rows(connection.cursor(), [(9, run_of([bytes(16)]))])
    connection.execute("UPDATE nonce_runs SET entries = x'00'")
    with pytest.raises(StorageError, match=r"^the nonces of account 9 cannot be read$"):
        stretch_around(connection.cursor(), 9, bytes(16))
