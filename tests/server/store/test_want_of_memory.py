"""Memory that is lacking while a pass is stored, taken back, or tried one by one: the log stays right, and
what is stored is told.
"""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from chatroom.protocol.entries import EntryKind, TopicSet, encode_body
from chatroom.protocol.packets import Post
from chatroom.server.hub.plain_posts import CommittedPosts
from chatroom.server.hub.ports import AddEntry, Change, Committed, Outcome, Several, StorageError
from chatroom.server.store import drafts, leaving_nonces, refusals, writer
from chatroom.server.store.held_nonces import HeldNonces
from chatroom.server.store.leaving_nonces import LeavingNonces
from chatroom.server.store.nonce_keys import NonceKeys, nonce_key
from chatroom.server.store.nonce_runs import Run
from chatroom.server.store.rows import AT_ONCE
from chatroom.server.store.schema import entry_id
from chatroom.server.store.sqlite import SqliteLog
from support.failing_cursor import FailingCursor
from support.hub_world import World
from support.story import BOB, INA, MIA, Story


def nonces_of(*numbers: int) -> list[bytes]:
    return [number.to_bytes(16) for number in numbers]


@pytest.fixture
def garden(disk: Story) -> Story:
    """A room with four entries and two messages."""
    disk.garden(INA, MIA, BOB)
    disk.one(disk.messages(1, BOB, "one", "two", nonces=nonces_of(1, 2)))
    return disk


@pytest.fixture
def fails_once(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def fails_once(target: object, name: str, after: int = 0) -> None:
        """Let a function lack memory once, when it was called so many times."""
        right, calls = getattr(target, name), iter(range(1_000_000))

        def failing(*args: object, **kwargs: object) -> object:
            if next(calls) == after:
                raise MemoryError
            return right(*args, **kwargs)

        monkeypatch.setattr(target, name, failing)

    return fails_once


def log_of(story: Story) -> SqliteLog:
    assert isinstance(story.log, SqliteLog)
    return story.log


def submit(story: Story, *changes: Change) -> list[Outcome]:
    """As the service does: an error loses the outcomes."""
    try:
        return story.submit(*changes)
    except (MemoryError, StorageError):
        return []


def many(garden: Story, count: int) -> tuple[list[Change], list[str]]:
    """So many messages of one author, and their texts: a transaction where one statement cannot take all."""
    numbers = range(3, 3 + count)
    some: list[Change] = [
        garden.messages(1, BOB, str(number), nonces=nonces_of(number)) for number in numbers
    ]
    return some, [str(number) for number in numbers]


def told(outcomes: list[Outcome]) -> int:
    """How many entries were told as stored."""
    count = 0
    for outcome in outcomes:
        if isinstance(outcome, CommittedPosts):
            count += outcome.count
        elif isinstance(outcome, Several):
            count += sum(isinstance(single, Committed) for single in outcome.outcomes)
    return count


@pytest.mark.parametrize(("what", "name"), [(HeldNonces, "drop_all"), (Run, "drop")])
def test_taking_back_without_memory_leaves_no_gap(
    garden: Story, fails_once: Callable[..., None], what: type, name: str
) -> None:
    log_of(garden)._connection.execute("PRAGMA query_only = ON")
    fails_once(what, name)
    submit(garden, garden.messages(1, BOB, "three", "four", nonces=nonces_of(3, 4)))
    log_of(garden)._connection.execute("PRAGMA query_only = OFF")
    garden.one(garden.messages(1, MIA, "five", nonces=nonces_of(5)))
    garden.one(garden.message(1, INA, "six"))
    assert [entry.seq for entry in garden.entries(1)] == list(range(1, 9))


def test_what_is_taken_back_behind_its_nonces_can_be_stored_later(
    garden: Story, fails_once: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = log_of(garden)._nonces
    add = held.add

    def adds_and_fails(keys: NonceKeys) -> None:
        add(keys)
        raise MemoryError

    monkeypatch.setattr(held, "add", adds_and_fails)
    fails_once(NonceKeys, "get")
    some = garden.messages(1, BOB, "three", "four", nonces=nonces_of(3, 4))
    submit(garden, some)
    monkeypatch.setattr(held, "add", add)
    for _ in range(2):
        garden.one(some)
    assert garden.texts(1) == ["one", "two", "three", "four"]


@pytest.mark.parametrize("name", ["entries_of", "together", "insert_rows"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_what_is_stored_one_by_one_is_told(
    garden: Story, fails_once: Callable[..., None], name: str, after: int
) -> None:
    head = garden.record(1).head
    fails_once(log_of(garden)._writer, "_commit")
    fails_once(drafts if name == "insert_rows" else writer, name, after)
    outcomes = submit(
        garden,
        garden.messages(1, BOB, "three", "four", nonces=nonces_of(3, 4)),
        garden.messages(1, MIA, "five", "six", nonces=nonces_of(5, 6)),
    )
    assert told(outcomes) == garden.record(1).head - head
    assert len(outcomes) == 2


def test_a_room_hears_of_what_was_stored_one_by_one(disk: Story, fails_once: Callable[..., None]) -> None:
    world = World(disk.log)
    ana, bob, mia = world.member("ana"), world.member("bob"), world.member("mia")
    lobby = world.lobby(ana)

    def posts(first: int, *texts: str) -> list[Post]:
        return [Post(number, lobby, number.to_bytes(16), text) for number, text in enumerate(texts, first)]

    fails_once(log_of(disk)._writer, "_commit")
    ana.say_all(posts(1, "a", "b"))
    bob.say_all(posts(3, "c", "d"))
    world.settle()
    bob.ask_all(posts(9, "e"))
    assert mia.texts(lobby) == list("abcde")


@pytest.mark.parametrize(("statement", "text"), [("INSERT", ""), ("COMMIT", "@bob ")])
def test_a_room_hears_of_what_nobody_could_find_out_at_first(
    disk: Story, monkeypatch: pytest.MonkeyPatch, statement: str, text: str
) -> None:
    world = World(disk.log)
    ana, bob, mia = world.member("ana"), world.member("bob"), world.member("mia")
    lobby = world.lobby(ana)
    stored = log_of(disk)._writer
    cursor = FailingCursor(stored._cursor, statement, MemoryError(), is_done=True)
    monkeypatch.setattr(stored, "_cursor", cursor)

    def lacks_memory(*_: object) -> bool:
        raise MemoryError

    for number, guest in enumerate((ana, bob)):
        guest.say(Post(1, lobby, number.to_bytes(16), f"{text}{number}"))
    with monkeypatch.context() as lacking:
        lacking.setattr(drafts.Draft, "stands", lacks_memory)
        with pytest.raises(StorageError):
            world.settle()
    world.give_up()
    assert mia.texts(lobby) == [f"{text}0", f"{text}1"]
    assert cursor.has_failed
    assert {ana.peer, bob.peer} == set(world.hub.take_closing())
    mia.post(lobby, "2", nonces_of(2)[0])
    assert mia.texts(lobby) == [f"{text}0", f"{text}1", "2"]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("looks_failed", [1, 9])
def test_what_stands_though_nobody_could_find_out_is_stored_once(
    garden: Story, monkeypatch: pytest.MonkeyPatch, count: int, looks_failed: int
) -> None:
    stored, failures = log_of(garden)._writer, [MemoryError() for _ in range(looks_failed)]
    stands = drafts.Draft.stands

    def stands_later(draft: drafts.Draft, cursor: sqlite3.Cursor) -> bool:
        if failures:
            raise failures.pop()
        return stands(draft, cursor)

    monkeypatch.setattr(drafts.Draft, "stands", stands_later)
    monkeypatch.setattr(
        stored, "_cursor", FailingCursor(stored._cursor, "COMMIT", MemoryError(), is_done=True)
    )
    topics = [
        AddEntry(1, author, EntryKind.TOPIC_SET, encode_body(TopicSet("news"))) for author in (BOB, MIA)
    ]
    if looks_failed == 1:
        assert all(isinstance(outcome, Committed) for outcome in garden.submit(*topics[:count]))
    else:
        with pytest.raises(StorageError, match="cannot find out"):
            garden.submit(*topics[:count])
        assert garden.log.outcomes() == []
    kinds = [entry.kind for entry in garden.entries(1)]
    assert kinds.count(EntryKind.TOPIC_SET) == count
    failures.clear()
    garden.submit(garden.message(1, BOB, "three"))
    assert garden.texts(1) == ["one", "two", "three"]
    assert [entry.kind for entry in garden.entries(1)].count(EntryKind.TOPIC_SET) == count
    (rows,) = log_of(garden)._connection.execute("SELECT count(*) FROM entries").fetchone()
    assert log_of(garden).standing.entries == rows


def test_what_is_tried_alone_is_not_answered_where_nobody_can_find_out(
    garden: Story, fails_once: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, stands, failures = log_of(garden)._writer, drafts.Draft.stands, [MemoryError(), MemoryError()]

    def stands_later(draft: drafts.Draft, cursor: sqlite3.Cursor) -> bool:
        if draft.is_written and failures:
            raise failures.pop()
        return stands(draft, cursor)

    monkeypatch.setattr(drafts.Draft, "stands", stands_later)
    fails_once(stored, "_commit")
    cursor = FailingCursor(stored._cursor, "COMMIT", MemoryError(), is_done=True)
    monkeypatch.setattr(stored, "_cursor", cursor)
    topic = AddEntry(1, BOB, EntryKind.TOPIC_SET, encode_body(TopicSet("news")))
    with pytest.raises(StorageError, match="cannot find out"):
        garden.submit(garden.message(1, INA, "three"), topic, garden.message(1, MIA, "lost"))
    assert garden.log.outcomes() == []
    assert not failures
    assert garden.record(1).head == 8
    assert garden.post(1, MIA, "four") == 9
    assert garden.texts(1) == ["one", "two", "three", "four"]
    assert log_of(garden).standing.entries == 9


def test_storing_one_by_one_takes_no_longer_than_it_may(
    garden: Story, fails_once: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "ALONE_S", -1.0)
    fails_once(log_of(garden)._writer, "_commit")
    changes = [garden.message(1, BOB, "three"), garden.message(1, MIA, "four")]
    assert garden.submit(*changes) == [refusals.NO_TIME] * 2
    assert all(isinstance(outcome, Committed) for outcome in garden.submit(*changes))
    assert garden.texts(1) == ["one", "two", "three", "four"]


def test_nonces_of_a_slice_that_could_not_be_sorted_are_not_forgotten(
    garden: Story, fails_once: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving_nonces, "sorted", sorted, raising=False)
    fails_once(leaving_nonces, "sorted")
    first = garden.messages(1, BOB, "three", nonces=nonces_of(3))
    garden.one(first)
    with pytest.raises(MemoryError):
        log_of(garden)._nonces.index_slice()
    garden.one(garden.messages(1, BOB, "four", nonces=nonces_of(4)))
    log_of(garden)._nonces.index_slice()
    garden.one(first)
    assert garden.texts(1) == ["one", "two", "three", "four"]


def test_a_transaction_that_could_not_be_taken_back_takes_nothing_with_it(
    garden: Story, path: Path, fails_once: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, roll_back, failures = (
        log_of(garden)._connection,
        writer.roll_back,
        [MemoryError(), MemoryError()],
    )

    def roll_back_later(of: sqlite3.Connection) -> None:
        if of.in_transaction and failures:
            raise failures.pop()
        roll_back(of)

    monkeypatch.setattr(writer, "roll_back", roll_back_later)
    fails_once(log_of(garden)._nonces, "add")
    with pytest.raises(StorageError, match="cannot find out"):
        garden.one(garden.message(1, BOB, "three", mentioned=(MIA,)))
    assert connection.in_transaction
    outcome = garden.one(garden.message(1, INA, "five"))
    assert isinstance(outcome, Committed)
    assert not connection.in_transaction
    other = SqliteLog(path)
    assert Story(other).texts(1) == ["one", "two", "five"]
    other.close()


def test_what_could_not_be_taken_back_is_taken_back_before_anything_else(
    garden: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, failures = log_of(garden), [MemoryError() for _ in range(3)]
    forget = log._nonces.forget

    def failing(keys: NonceKeys) -> None:
        if failures:
            raise failures.pop()
        forget(keys)

    monkeypatch.setattr(log._nonces, "forget", failing)
    some = garden.messages(1, BOB, "three", "four", nonces=nonces_of(3, 4))
    log._connection.execute("PRAGMA query_only = ON")
    submit(garden, some)
    log._connection.execute("PRAGMA query_only = OFF")
    while failures:
        with pytest.raises(MemoryError):
            log.index(1.0)
    log.index(1.0)
    garden.one(garden.messages(1, MIA, "five", nonces=nonces_of(5)))
    assert isinstance(garden.one(some), CommittedPosts)
    assert [entry.seq for entry in garden.entries(1)] == list(range(1, 10))
    assert garden.texts(1) == ["one", "two", "five", "three", "four"]


@pytest.mark.parametrize("count", [1, 3, AT_ONCE + 1])
def test_an_error_behind_a_commit_stores_nothing_twice(
    garden: Story, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """As when sqlite3 lacks memory once the statement is done."""
    log, statement = log_of(garden), "INSERT" if count <= AT_ONCE else "COMMIT"
    cursor = FailingCursor(log._writer._cursor, statement, MemoryError(), is_done=True)
    monkeypatch.setattr(log._writer, "_cursor", cursor)
    some, texts = many(garden, count)
    first = submit(garden, *some)
    assert cursor.has_failed
    assert told(first) == count, "what is stored is told, whatever was said behind the commit"
    submit(garden, *some)
    assert garden.texts(1) == ["one", "two", *texts]
    log._nonces.index_slice()
    submit(garden, *some)
    assert garden.texts(1) == ["one", "two", *texts]


@pytest.mark.parametrize(
    "name", ["write_rows", "insert_rows", "LeavingNonces._reached", "LeavingNonces.begin"]
)
def test_a_slice_that_lacked_memory_is_written_later(
    garden: Story, fails_once: Callable[..., None], name: str
) -> None:
    log = log_of(garden)
    owner, _, method = name.rpartition(".")
    fails_once(LeavingNonces if owner else leaving_nonces, method)
    garden.one(garden.message(1, BOB, "apart", nonces_of(3)[0]))
    for _ in range(4):
        with contextlib.suppress(MemoryError):
            log._nonces.index_slice()
    assert log._nonces._leaving.left == (0, 0, 0)
    assert len(log._nonces._recent) == 0
    connection = log._connection
    assert connection.execute("SELECT seq FROM nonces_done WHERE room = 1").fetchone() == (7,)
    assert connection.execute("SELECT count(*) FROM nonces").fetchone() == (1,)
    assert connection.execute("SELECT length(nonces) FROM nonce_runs").fetchall() == [(32,)]


def test_a_post_that_is_still_to_be_taken_back_is_not_found(
    garden: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of(garden)

    def failing(keys: NonceKeys) -> None:
        raise MemoryError

    add = log._nonces.add

    def adds_and_fails(keys: NonceKeys) -> None:
        add(keys)
        raise MemoryError

    monkeypatch.setattr(log._nonces, "add", adds_and_fails)
    monkeypatch.setattr(log._nonces, "forget", failing)
    submit(garden, garden.messages(1, BOB, "three", nonces=nonces_of(3)))
    assert log.find_post(BOB, nonces_of(3)[0]) is None
    monkeypatch.undo()
    assert isinstance(garden.one(garden.messages(1, BOB, "three", nonces=nonces_of(3))), CommittedPosts)


def test_what_the_disk_did_not_let_be_taken_back_counts_as_nothing(
    garden: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows can be read as long as the transaction is open, and are not stored."""
    log, roll_back, failures = log_of(garden), writer.roll_back, [True]

    def roll_back_later(of: sqlite3.Connection) -> None:
        if not of.in_transaction or not failures or not failures.pop():
            roll_back(of)

    cursor = FailingCursor(log._writer._cursor, "COMMIT", sqlite3.OperationalError("disk I/O error"))
    monkeypatch.setattr(log._writer, "_cursor", cursor)
    monkeypatch.setattr(writer, "roll_back", roll_back_later)
    some, texts = many(garden, AT_ONCE + 1)
    head = garden.record(1).head
    outcomes = submit(garden, *some)
    assert cursor.has_failed
    assert not failures
    outcomes += submit(garden, garden.messages(1, MIA, "1", nonces=nonces_of(99)))
    outcomes += submit(garden, *some)
    assert told(outcomes) == garden.record(1).head - head == AT_ONCE + 2
    assert sorted(garden.texts(1)) == sorted(["one", "two", "1", *texts])


@pytest.mark.parametrize("can_be_taken_back", [True, False])
def test_what_a_slice_has_begun_takes_no_message_with_it(
    garden: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, can_be_taken_back: bool
) -> None:
    """A message that is told as stored is there for another program, too, or it is refused."""
    log = log_of(garden)
    cursor = FailingCursor(log._connection.cursor(), "BEGIN", MemoryError(), is_done=True)
    monkeypatch.setattr(log._nonces, "_cursor", cursor)
    with pytest.raises(MemoryError):
        log._nonces.index_slice()
    assert log._connection.in_transaction
    if not can_be_taken_back:
        monkeypatch.setattr(writer, "roll_back", lambda _connection: None)
    (outcome,) = submit(garden, garden.messages(1, BOB, "three", nonces=nonces_of(3)))
    with contextlib.closing(sqlite3.connect(log._path)) as other:
        (count,) = other.execute("SELECT count(*) FROM entries").fetchone()
    assert (isinstance(outcome, CommittedPosts), count) == ((True, 7) if can_be_taken_back else (False, 6))


def test_what_is_still_to_be_taken_back_is_not_found(garden: Story) -> None:
    log = log_of(garden)
    frame = log.after(1, 1, 1, 1)[0]
    log._connection.execute("BEGIN")
    log._connection.execute("INSERT INTO entries VALUES (?, ?, 1, ?)", (entry_id(1, 99), BOB, frame))
    log._connection.execute("INSERT INTO nonces VALUES (?, ?)", (nonce_key(BOB, b"n" * 16), entry_id(1, 99)))
    assert log.find_post(BOB, b"n" * 16) is None


def test_what_is_still_to_be_taken_back_is_not_loaded(garden: Story) -> None:
    log = log_of(garden)
    log._connection.execute("BEGIN")
    log._connection.execute("UPDATE rooms SET topic = 'not committed'")
    assert "not committed" not in {room.topic for room in garden.log.load().rooms}
