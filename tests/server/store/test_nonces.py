"""Every nonce is found for ever, whether it is in memory, half indexed or indexed, and after any restart."""

import random
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import PAGE_BYTES
from chatroom.server.hub.ports import AddEntry, Committed, Failed, Repeated
from chatroom.server.store import nonces
from chatroom.server.store.nonce_keys import NonceKeys, nonce_key
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small numbers, so that few messages reach them."""
    monkeypatch.setattr(nonces, "IDLE_NONCES", 20)
    monkeypatch.setattr(nonces, "MOST_NONCES", 50)
    monkeypatch.setattr(nonces, "SLICE", 7)


def fill(story: Story, count: int) -> dict[AddEntry, int]:
    """Post messages into two rooms, three a pass, and return them with their seqs."""
    posted: dict[AddEntry, int] = {}
    for _ in range(count // 3):
        batch = [story.message(room, author, "x") for room, author in ((1, 1), (2, 2), (1, 2))]
        for message, outcome in zip(batch, story.submit(*batch), strict=True):
            assert isinstance(outcome, Committed)
            posted[message] = outcome.entries[0].seq
    return posted


@pytest.fixture
def rooms(disk: Story) -> Story:
    for handle in ("ana", "bob"):
        disk.account(handle)
    for name in ("one", "two"):
        disk.room(name, 1, 2)
    return disk


def indexed(log: SqliteLog) -> int:
    (count,) = log._connection.execute("SELECT count(*) FROM nonces").fetchone()
    return int(count)


def check(story: Story, posted: dict[AddEntry, int]) -> None:
    """Each message sent again is found where it stands."""
    for message, seq in posted.items():
        assert story.one(message) == Repeated(message.room, seq)


def test_a_busy_server_indexes_when_too_many_wait(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    posted = fill(rooms, 48)
    assert indexed(rooms.log) == 0
    posted |= fill(rooms, 60)
    assert 0 < indexed(rooms.log) < len(posted)
    check(rooms, posted)
    posted |= fill(rooms, 300)
    held = rooms.log._nonces
    assert len(held._recent) + len(held._queue) < 50 + 3
    rooms.submit(*(rooms.message(1, 1, "many at once") for _ in range(200)))
    rooms.submit(*(rooms.message(1, 1, "many at once") for _ in range(200)))
    rooms.post(1, 1, "one more")
    assert len(held._recent) + len(held._queue) < 50 + 200
    check(rooms, posted)


def test_an_idle_server_indexes_when_it_is_worth_it(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    posted = fill(rooms, 18)
    rooms.index()
    assert indexed(rooms.log) == 0
    posted |= fill(rooms, 9)
    rooms.index()
    assert indexed(rooms.log) == 27
    assert not rooms.log._nonces._recent
    check(rooms, posted)


@pytest.mark.parametrize("count", [3, 48, 66, 90, 120, 150, 210])
def test_nonces_are_found_after_a_restart_and_after_a_crash(
    rooms: Story, path: Path, tmp_path: Path, count: int
) -> None:
    posted = fill(rooms, count)
    copy = tmp_path / "crashed"
    copy.mkdir()
    for file in path.parent.glob("log.db*"):
        shutil.copy(file, copy)
    rooms.log.close()
    for place in (path, copy / "log.db"):
        log = SqliteLog(place)
        again = Story(log)
        check(again, posted)
        fresh = fill(again, 90) if place == path else {}
        check(again, {**posted, **fresh})
        log.close()


def test_a_slice_that_is_not_written_is_written_later(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    posted = fill(rooms, 51)
    rooms.log._connection.execute("PRAGMA query_only = ON")
    for _ in range(3):
        assert not isinstance(rooms.one(rooms.message(1, 1, "no")), Committed)
    rooms.log._connection.execute("PRAGMA query_only = OFF")
    posted |= fill(rooms, 60)
    rooms.index()
    check(rooms, posted)
    assert indexed(rooms.log) + len(rooms.log._nonces._recent) == len(posted)


def test_the_nonces_of_all_indexed_entries_are_marked_as_done(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    fill(rooms, 30)
    rooms.index()
    rows = rooms.log._connection.execute("SELECT room, seq FROM nonces_done ORDER BY room").fetchall()
    assert rows == [(room, rooms.record(room).head) for room in (1, 2)]


@given(st.tuples(st.integers(1, 2**32 - 1), st.binary(min_size=16, max_size=16)), st.integers(1, 2**32 - 1))
def test_keys_of_two_authors_or_nonces_are_never_equal(one: tuple[int, bytes], author: int) -> None:
    assert (nonce_key(*one) == nonce_key(author, one[1])) == (one[0] == author)
    assert nonce_key(*one) != nonce_key(one[0], bytes(reversed(one[1]))) or one[1] == bytes(reversed(one[1]))


@pytest.mark.parametrize("reopened", [False, True])
def test_what_is_greater_than_all_in_the_index_is_new_and_the_greatest_is_not(
    rooms: Story, path: Path, reopened: bool
) -> None:
    assert isinstance(rooms.log, SqliteLog)
    fill(rooms, 30)
    greatest = msgspec.structs.replace(rooms.message(1, 1, "z"), nonce=b"\xfe" * 16)
    assert isinstance(rooms.one(greatest), Committed)
    rooms.log._nonces.index_slice()
    while rooms.log._nonces._queue:
        rooms.log._nonces.index_slice()
    if reopened:
        rooms.log.close()
        rooms.log = SqliteLog(path)
    greater = msgspec.structs.replace(greatest, nonce=b"\xff" * 16)
    assert isinstance(rooms.one(greater), Committed)
    assert isinstance(rooms.one(greatest), Repeated)
    rooms.log.close()


@pytest.mark.parametrize("seed", range(12))
def test_of_any_mix_of_nonces_each_is_stored_once_wherever_it_is_and_whatever_fails(
    rooms: Story, path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    pool = [bytes(15) + bytes([number]) for number in range(60)] + [chance.randbytes(16) for _ in range(60)]
    known: dict[tuple[int, bytes], tuple[int, int]] = {}
    for _ in range(250):
        assert isinstance(rooms.log, SqliteLog)
        rooms.log._connection.execute("PRAGMA query_only = 0")
        turn = chance.random()
        if turn < 0.03:
            rooms.log.close()
            rooms.log = SqliteLog(path)
            continue
        if turn < 0.08:
            rooms.log._nonces.index_slice()
            continue
        is_failing = turn < 0.14
        rooms.log._connection.execute(f"PRAGMA query_only = {is_failing:d}")
        rising = sorted(chance.choices(pool, k=chance.randint(1, 6)))
        batch = [rooms.message(chance.randint(1, 2), chance.randint(1, 2), "x", nonce) for nonce in rising]
        for message, outcome in zip(batch, rooms.submit(*batch), strict=True):
            place = known.get((message.author, message.nonce))
            match outcome:
                case Committed(entries=(logged,)):
                    assert place is None
                    known[message.author, message.nonce] = logged.room, logged.seq
                case Repeated(room, seq):
                    assert place == (room, seq)
                case Failed(code):
                    assert is_failing or code is ErrorCode.NONCE_REUSED
    assert len(known) > 60


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("step", ["add", "setdefault", "COMMIT"])
def test_a_pass_that_fails_at_any_step_of_its_commit_is_stored_once_when_it_is_sent_again(
    rooms: Story, monkeypatch: pytest.MonkeyPatch, step: str, count: int
) -> None:
    assert isinstance(rooms.log, SqliteLog)
    writer, failures = rooms.log._writer, [MemoryError()]

    class Lacking(dict[int, int]):
        def setdefault(self, room: int, at: int = 0) -> int:
            if failures and step == "setdefault":
                raise failures.pop()
            return super().setdefault(room, at)

    def add(keys: NonceKeys) -> None:
        recent = rooms.log._nonces._recent  # type: ignore[attr-defined]
        for key, entry in list(keys.entries().items())[:1]:
            recent.add(key, entry)
        if failures and step == "add":
            raise failures.pop()
        recent.add_all(keys)

    writer._fresh = Lacking()
    monkeypatch.setattr(rooms.log._nonces, "add", add)
    if step == "COMMIT":
        failures.clear()
        rooms.log._connection.execute("PRAGMA query_only = ON")
    batch = [rooms.message(1, 1, f"{number}") for number in range(count)]
    first = rooms.submit(*batch)
    rooms.log._connection.execute("PRAGMA query_only = OFF")
    again = rooms.submit(*batch)
    is_stored = step == "setdefault"
    if count == 1 or step == "COMMIT":
        assert all(isinstance(outcome, Failed) for outcome in first)
        assert all(isinstance(outcome, Repeated if is_stored else Committed) for outcome in again)
    else:  # each was tried alone, within the first attempt
        assert all(isinstance(outcome, Repeated if is_stored else Committed) for outcome in first)
        assert all(isinstance(outcome, Repeated) for outcome in again)
    assert rooms.texts(1) == [f"{number}" for number in range(count)]


def test_a_post_is_found_by_its_author_and_nonce_wherever_its_nonce_is(rooms: Story) -> None:
    posted = fill(rooms, 60)
    while rooms.log.index(1.0):
        pass
    posted |= fill(rooms, 9)
    for message, seq in posted.items():
        (frame,) = rooms.log.after(message.room, seq - 1, 1, PAGE_BYTES)
        assert rooms.log.find_post(message.author, message.nonce) == frame
        assert rooms.log.find_post(3 - message.author, message.nonce) is None
    assert rooms.log.find_post(1, bytes(16)) is None
