"""Every nonce is found for ever, whether it is in memory, half indexed or indexed, and after any restart."""

import random
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import PAGE_BYTES
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import AddEntry, Committed, Failed, Outcome, Repeated, Several
from chatroom.server.store import leaving_nonces, nonces, schema
from chatroom.server.store.checking import find_faults
from chatroom.server.store.nonce_keys import NonceKeys, cut_nonces, nonce_key
from chatroom.server.store.sqlite import SqliteLog
from support.failing_cursor import FailingCursor
from support.story import Story


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small numbers, so that few messages reach them."""
    monkeypatch.setattr(nonces, "IDLE_NONCES", 20)
    monkeypatch.setattr(nonces, "MOST_NONCES", 50)
    monkeypatch.setattr(nonces, "SLICE", 7)
    monkeypatch.setattr(leaving_nonces, "ROW_NONCES", 4)
    monkeypatch.setattr(nonces, "MOST_LATE", 9)


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
    assert len(held._recent) + held._leaving.left.nonces < 50 + 3
    for _ in range(20):
        rooms.submit(*(rooms.message(1, 1, "many at once") for _ in range(200)))
        assert len(held._recent) + held._leaving.left.nonces < 50 + 5 * 200
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
    while rooms.log._nonces._leaving.left.nonces:
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
        for key, entry in list(keys.apart.items())[:1]:
            recent.apart[key] = entry
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
    if step in ("setdefault", "add"):  # stored, or each was, tried alone
        assert all(isinstance(outcome, Committed) for outcome in first)
        assert all(isinstance(outcome, Repeated) for outcome in again)
    else:
        assert all(isinstance(outcome, Failed) for outcome in first)
        assert all(isinstance(outcome, Committed) for outcome in again)
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


# -- runs ------------------------------------------------------------------------------------------------


class Sender:
    """Makes nonces as clients do: from its clock, and within a millisecond in order or not; or by chance."""

    def __init__(self, chance: random.Random, manner: str, clock: int) -> None:
        self.chance = chance
        self.manner = manner
        self.clock = clock

    def nonces(self, count: int) -> list[bytes]:
        self.clock += self.chance.randint(1, 3)
        if self.manner == "random":
            return [bytes(5) + self.chance.randbytes(11) for _ in range(count)]
        each = [self.clock.to_bytes(6) + self.chance.randbytes(10) for _ in range(count)]
        return sorted(each) if self.manner == "rising" else each


def seqs_of(outcome: Outcome, count: int) -> list[int | None]:
    """The seq of each of so many messages, below 0 for a repeat; None: not stored now."""
    match outcome:
        case CommittedPosts():
            return [outcome.seq + place for place in range(outcome.count)]
        case Several():
            return [seq for single in outcome.outcomes for seq in seqs_of(single, 1)]
        case Committed():
            return [outcome.entries[0].seq]
        case Repeated():
            return [-outcome.seq]
        case Failed(code):
            assert code is ErrorCode.STORAGE
            return [None] * count


class Keeper:
    """Sends batches of posts to a log, and knows where each post stands."""

    def __init__(self, story: Story, chance: random.Random) -> None:
        self.story = story
        self.chance = chance
        self.senders = {
            author: Sender(chance, manner, 1_000 - author * 50)
            for author, manner in enumerate(("rising", "in any order", "random"), 1)
        }
        self.sent: list[AddPosts] = []
        self.known: dict[tuple[int, bytes], tuple[int, int]] = {}

    def batch(self) -> list[AddPosts]:
        """Return some posts, new ones and some that were sent before."""
        batch: list[AddPosts] = []
        for _ in range(self.chance.randint(1, 3)):
            if self.sent and self.chance.random() < 0.3:
                batch.append(self.chance.choice(self.sent[-100:]))
            else:
                author, count = self.chance.randint(1, 3), self.chance.randint(1, 4)
                nonces = self.senders[author].nonces(count)
                batch.append(self.story.messages(1 + author // 3, author, *"x" * count, nonces=nonces))
        return batch

    def submit(self, batch: list[AddPosts], *, may_fail: bool) -> None:
        """Have them stored, and look at what is told of them."""
        self.sent += batch
        for change, outcome in zip(batch, self.story.submit(*batch), strict=True):
            each = cut_nonces(change.posts.nonces())
            for nonce, seq in zip(each, seqs_of(outcome, len(each)), strict=True):
                place = self.known.get((change.author, nonce))
                if seq is None:
                    assert may_fail
                elif seq < 0:
                    assert place == (change.room, -seq)
                else:
                    assert place is None
                    self.known[change.author, nonce] = change.room, seq


@pytest.mark.parametrize("seed", range(10))
def test_each_post_is_stored_once_whoever_makes_its_nonce_and_whatever_happens(
    rooms: Story, path: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    rooms.account("eve")
    keeper = Keeper(rooms, chance)
    for turn in range(300):
        assert isinstance(rooms.log, SqliteLog)
        fate = chance.random()
        if fate < 0.02:
            crashed = tmp_path / f"{turn}"
            crashed.mkdir()
            for file in path.parent.glob("log.db*"):
                shutil.copy(file, crashed)
            path = crashed / "log.db"
        if fate < 0.04:
            rooms.log.close()
            rooms.log = SqliteLog(path)
        elif fate < 0.08:
            rooms.log._nonces.index_slice()
        elif fate < 0.1:
            rooms.index()
        is_failing = 0.1 < fate < 0.15
        rooms.log._connection.execute(f"PRAGMA query_only = {is_failing:d}")
        keeper.submit(keeper.batch(), may_fail=is_failing)
        rooms.log._connection.execute("PRAGMA query_only = 0")
    assert isinstance(rooms.log, SqliteLog)
    (rows,) = rooms.log._connection.execute("SELECT count(*) FROM nonce_runs").fetchone()
    assert rows > 2, "some were in runs on disk"
    assert indexed(rooms.log) > 10, "and some were not"
    for (author, nonce), (room, seq) in keeper.known.items():
        (frame,) = rooms.log.after(room, seq - 1, 1, PAGE_BYTES)
        assert rooms.log.find_post(author, nonce) == frame
    assert find_faults(rooms.log._connection) == []
    rooms.log.close()


def test_nonces_that_rise_are_written_as_runs_and_others_to_the_index(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    connection = rooms.log._connection
    sender = Sender(random.Random(1), "in any order", 1_000)
    other = Sender(random.Random(2), "random", 0)
    for _ in range(12):
        rooms.one(rooms.messages(1, 2, *"four", nonces=other.nonces(4)))
        rooms.one(rooms.messages(1, 1, *"four", nonces=sender.nonces(4)))
    rooms.index()
    runs = connection.execute(
        "SELECT author, sum(length(nonces)) / 16 FROM nonce_runs GROUP BY author"
    ).fetchall()
    assert runs == [(1, 48)]
    assert indexed(rooms.log) == 48
    assert connection.execute("SELECT seq FROM nonces_done WHERE room = 1").fetchone() == (
        rooms.record(1).head,
    )


@pytest.mark.parametrize("reopened", [False, True])
def test_what_comes_again_and_stands_in_a_run_on_disk_is_told_where(
    rooms: Story, path: Path, reopened: bool
) -> None:
    assert isinstance(rooms.log, SqliteLog)
    sender = Sender(random.Random(1), "rising", 1_000)
    batches = [rooms.messages(1, 1, *"four", nonces=sender.nonces(4)) for _ in range(20)]
    first = [seqs_of(rooms.one(batch), 4) for batch in batches]
    rooms.index()
    assert not rooms.log._nonces._leaving.held.runs
    if reopened:
        rooms.log.close()
        rooms.log = SqliteLog(path)
    head = rooms.record(1).head
    for batch, places in zip(batches, first, strict=True):
        assert [-(seq or 0) for seq in seqs_of(rooms.one(batch), 4)] == places
    assert rooms.record(1).head == head
    rooms.log.close()


def rows_of(log: SqliteLog) -> int:
    (count,) = log._connection.execute("SELECT count(*) FROM nonce_runs").fetchone()
    return int(count)


def test_a_slice_is_bounded(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    sender = Sender(random.Random(1), "rising", 1_000)
    for _ in range(10):
        rooms.one(rooms.messages(1, 1, *"four", nonces=sender.nonces(4)))
    written: list[int] = []
    for _ in range(5):
        rooms.log._nonces.index_slice()
        written.append(rows_of(rooms.log))
    assert written == [2, 4, 6, 8, 10], "7 nonces, in rows of 4"


@pytest.mark.parametrize("reopened", [False, True])
def test_one_who_makes_nonces_by_chance_makes_no_others_be_looked_for(
    rooms: Story, path: Path, monkeypatch: pytest.MonkeyPatch, reopened: bool
) -> None:
    rooms.one(rooms.messages(1, 2, *"xy", nonces=[b"\xfe" * 16, b"\xff" * 16]))
    sender = Sender(random.Random(1), "rising", 1_000)
    for _ in range(10):
        rooms.one(rooms.messages(1, 1, *"four", nonces=sender.nonces(4)))
    rooms.index()
    if reopened:
        rooms.log.close()
        rooms.log = SqliteLog(path)
    assert isinstance(rooms.log, SqliteLog)
    asked: list[bytes] = []
    monkeypatch.setattr(rooms.log._nonces, "recent", asked.append)
    for _ in range(5):
        rooms.one(rooms.messages(1, 1, *"four", nonces=sender.nonces(4)))
        rooms.one(rooms.message(1, 1, "alone", sender.nonces(1)[0]))
    assert asked == []
    monkeypatch.undo()
    rooms.log.close()


@pytest.mark.parametrize("why", ["a repeat in the index", "a disk that takes nothing"])
def test_what_was_not_stored_at_first_leaves_no_trace(rooms: Story, why: str) -> None:
    """The nonces of others that came in the same pass are new when they are tried again, and runs go on."""
    assert isinstance(rooms.log, SqliteLog)
    sender = Sender(random.Random(1), "rising", 1_000)
    old = rooms.message(1, 2, "old", (999).to_bytes(6) + bytes(10))
    rooms.submit(old, *(rooms.message(1, 2, "more") for _ in range(30)))
    rooms.index()
    some = rooms.messages(1, 1, *"four", nonces=sender.nonces(4))
    if why == "a repeat in the index":
        stored, repeated = rooms.submit(some, old)
        assert isinstance(repeated, Repeated)
    else:
        rooms.log._connection.execute("PRAGMA query_only = ON")
        assert isinstance(rooms.one(some), Failed)
        rooms.log._connection.execute("PRAGMA query_only = OFF")
        stored = rooms.one(some)
    assert isinstance(stored, CommittedPosts)
    assert not rooms.log._nonces._late.get(1)
    assert rooms.log._nonces._recent.runs[1].nonces == some.posts.nonces()


def test_an_author_of_whom_most_nonces_do_not_rise_makes_no_runs(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    other = Sender(random.Random(2), "random", 0)
    for _ in range(8):
        rooms.one(rooms.messages(1, 2, *"four", nonces=other.nonces(4)))
    rooms.one(rooms.messages(1, 2, "greatest", nonces=[b"\xff" * 16]))
    held = rooms.log._nonces._recent
    assert not held.runs or len(held.runs[2]) >= nonces.MOST_LATE
    assert len(held) == 33
    assert rooms.log._nonces._unordered == {2}


def test_an_author_of_whom_few_nonces_do_not_rise_goes_on_making_runs(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    for number in range(1, 13):
        rising = [(number * 10).to_bytes(16), (number * 10 + 2).to_bytes(16), (number * 10 + 4).to_bytes(16)]
        rooms.one(rooms.messages(1, 1, *"xyz", nonces=rising))
        rooms.one(rooms.messages(1, 1, "late", nonces=[(number * 10 + 1).to_bytes(16)]))
    held = rooms.log._nonces._recent
    assert (len(held.runs[1]), len(held.apart)) == (36, 12)


def test_what_is_too_much_after_a_crash_is_written_bit_by_bit(rooms: Story, path: Path) -> None:
    rooms.submit(*(rooms.message(1, 1, "x") for _ in range(49)))
    rooms.submit(*(rooms.message(1, 1, "x") for _ in range(100)))
    rooms.log.close()
    rooms.log = log = SqliteLog(path)
    written: list[int] = []
    for _ in range(3):
        rooms.post(1, 1, "x")
        written.append(indexed(log))
    assert written == [24, 43, 57]
    log.close()


def test_an_older_log_goes_on_with_what_its_index_says(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "STEPS", schema.STEPS[:4])
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection)
    connection.execute("INSERT INTO nonces VALUES (?, 5)", (nonce_key(1, bytes([7] * 16)),))
    connection.close()
    monkeypatch.undo()
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection)
    held = nonces.Nonces(connection.cursor())
    held.load()
    keys = NonceKeys()
    assert not held.note_if_greatest(keys, 1, bytes([7] * 16))
    assert held.note_if_greatest(keys, 2, bytes([7] * 15) + bytes([8]))
    assert held.on_disk(1, bytes([7] * 16)) == 5
    connection.close()


@pytest.mark.parametrize("way", ["with a pass", "alone"])
def test_a_slice_whose_commit_is_refused_counts_as_not_written(
    rooms: Story, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    assert isinstance(rooms.log, SqliteLog)
    held, sender = rooms.log._nonces, Sender(random.Random(1), "rising", 1_000)
    batches = [rooms.messages(1, 1, *"four", nonces=sender.nonces(4)) for _ in range(14)]
    for batch in batches[:13]:
        rooms.one(batch)
    cursor = FailingCursor(held._cursor, "COMMIT", sqlite3.OperationalError("disk I/O error"))
    if way == "alone":
        monkeypatch.setattr(held, "_cursor", cursor)
        with pytest.raises(sqlite3.OperationalError):
            held.index_slice()
    else:
        monkeypatch.setattr(rooms.log._writer, "_cursor", cursor)
        rooms.submit(batches[13])
    assert cursor.has_failed
    assert rows_of(rooms.log) == 0
    monkeypatch.undo()
    monkeypatch.setattr(leaving_nonces, "ROW_NONCES", 4)
    while held._leaving.left.nonces or len(held._recent):
        held.index_slice()
    rooms.one(batches[13])
    for batch in batches:
        assert all((seq or 0) < 0 for seq in seqs_of(rooms.one(batch), 4))
    assert find_faults(rooms.log._connection) == []


def test_an_author_makes_runs_again_once_few_of_those_that_leave_memory_were_late(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    held, numbers = rooms.log._nonces, iter(range(1, 1_000))
    rooms.one(rooms.messages(1, 1, "x", nonces=[(5_000).to_bytes(16)]))

    def post_late(count: int) -> None:
        for _ in range(count):
            rooms.one(rooms.messages(1, 1, "late", nonces=[next(numbers).to_bytes(16)]))

    def let_all_leave() -> None:
        held.index_slice()
        while held._leaving.left.nonces:
            held.index_slice()

    for _ in range(2):  # few each time
        post_late(nonces.MOST_LATE)
        assert not held._unordered
        let_all_leave()
    post_late(nonces.MOST_LATE + 1)
    assert held._unordered == {1}
    let_all_leave()
    assert held._unordered == {1}
    post_late(nonces.MOST_LATE)
    let_all_leave()
    assert not held._unordered
    rooms.one(rooms.messages(1, 1, *"xy", nonces=[(6_000).to_bytes(16), (6_001).to_bytes(16)]))
    assert len(held._recent.runs[1]) == 2


def test_rows_that_were_read_are_kept_for_a_few_authors_only(
    rooms: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(rooms.log, SqliteLog)
    monkeypatch.setattr(nonces, "MOST_READ", 1)
    held = rooms.log._nonces
    for author in (1, 2):
        rising = [number.to_bytes(16) for number in (10, 20, 30)]
        rooms.one(rooms.messages(1, author, *"abc", nonces=rising))
    held.index_slice()
    while held._leaving.left.nonces:
        held.index_slice()
    statements: list[str] = []
    rooms.log._connection.set_trace_callback(statements.append)
    for author in (1, 1, 1, 2, 2, 1):
        assert held.in_runs(author, (15).to_bytes(16)) is None
        assert held.in_runs(author, (20).to_bytes(16)) is not None
        assert len(held._read) == 1
    rooms.log._connection.set_trace_callback(None)
    assert sum("nonces, entries" in statement for statement in statements) == 3


def test_late_nonces_of_several_requests_of_a_pass_are_all_counted(rooms: Story) -> None:
    assert isinstance(rooms.log, SqliteLog)
    rooms.one(rooms.messages(1, 1, "x", nonces=[(100).to_bytes(16)]))
    late = [
        rooms.messages(1, 1, *"abc", nonces=[number.to_bytes(16) for number in numbers])
        for numbers in ((1, 2, 3), (5, 6, 7))
    ]
    rooms.submit(*late)
    assert rooms.log._nonces._late == {1: 6}
