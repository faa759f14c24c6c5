"""Entries get their seqs, once, in order, without gaps, in memory and on disk; what the disk may refuse."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatroom.protocol.entries import EntryKind, Posted, RoomKind, TopicSet, encode_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.server.hub.ports import AddEntry, AddRoom, Committed, Failed, Logged, Outcome, Repeated, SetRead
from chatroom.server.store import nonces, writer
from chatroom.server.store.rows import AT_ONCE
from chatroom.server.store.schema import entry_id
from chatroom.server.store.sqlite import SqliteLog
from support.failing_cursor import FailingCursor
from support.story import START_MS, Story, entry_in, joined, new_account


def seqs(outcomes: list[Outcome]) -> list[int | ErrorCode]:
    """Return the seq of each outcome, or why there is none."""
    found: list[int | ErrorCode] = []
    for outcome in outcomes:
        if isinstance(outcome, Failed):
            found.append(outcome.code)
        elif isinstance(outcome, Repeated):
            found.append(-outcome.seq)
        else:
            found.append(outcome.entries[0].seq)
    return found


# -- seqs, times, frames ---------------------------------------------------------------------------------


def test_messages_of_one_pass_follow_each_other(story: Story) -> None:
    ana = story.account("ana")
    room, other = story.room("garden", ana), story.room("kitchen", ana)
    places = [(room, "a"), (other, "b"), (room, "c"), (room, "d"), (other, "e")]
    outcomes = story.submit(*(story.message(number, ana, text) for number, text in places))
    assert seqs(outcomes) == [3, 3, 4, 5, 4]
    assert story.texts(room) == ["a", "c", "d"]
    assert story.texts(other) == ["b", "e"]
    assert story.record(room).head == 5


def test_the_frame_that_is_told_is_the_frame_that_is_kept(story: Story) -> None:
    ana = story.account("ana")
    room = story.room("garden", ana)
    message = story.message(room, ana, "hello")
    (outcome,) = story.submit(message)
    assert isinstance(outcome, Committed)
    (logged,) = outcome.entries
    assert story.log.after(room, 2, 10, 10_000) == [logged.frame]
    assert logged == Logged(room, 3, ana, EntryKind.POSTED, logged.frame)
    entry = entry_in(logged.frame)
    assert (entry.room, entry.seq, entry.at, entry.author) == (room, 3, story.now_ms, "ana")
    assert (entry.nonce, entry.kind, bytes(entry.body)) == (message.nonce, EntryKind.POSTED, message.body)


def test_outcomes_are_told_once_and_in_the_order_of_the_changes(story: Story) -> None:
    ana = story.account("ana")
    room = story.room("garden", ana)
    story.log.submit([story.message(room, ana, "a"), story.message(99, ana, "b")], START_MS)
    story.log.submit([story.message(room, ana, "c")], START_MS)
    assert seqs(story.log.outcomes()) == [3, ErrorCode.NO_SUCH_ROOM, 4]
    assert story.log.outcomes() == []
    assert story.submit() == []


def test_time_never_goes_back_within_a_room(story: Story) -> None:
    ana = story.account("ana")
    room = story.room("garden", ana)
    for at in (START_MS + 10**9, START_MS, 0, -5, START_MS + 2 * 10**9, 2**70):
        story.submit(story.message(room, ana, "tick"), at=at)
    times = [entry.at - START_MS for entry in story.entries(room)[2:]]
    assert times == [10**9, 10**9, 10**9, 10**9, 2 * 10**9, TIME_MAX - START_MS]


def test_a_refused_change_leaves_no_gap_and_no_trace(story: Story) -> None:
    ana, bob = story.account("ana"), story.account("bob")
    room = story.room("garden", ana)
    outcomes = story.submit(
        story.message(room, ana, "a"),
        story.message(room + 5, ana, "nowhere"),
        story.message(room, 99, "nobody"),
        joined(room, ana),
        joined(room, bob),
        SetRead(ana, room, 1_000),
        story.message(room, bob, "b"),
    )
    refused = [ErrorCode.NO_SUCH_ROOM, ErrorCode.NO_SUCH_ACCOUNT, ErrorCode.NOT_ALLOWED]
    assert seqs(outcomes) == [3, *refused, 4, ErrorCode.BAD_RANGE, 5]
    assert [entry.seq for entry in story.entries(room)] == [1, 2, 3, 4, 5]


def test_a_kind_of_a_newer_program_is_stored_like_any_other(story: Story) -> None:
    ana = story.account("ana")
    room = story.room("garden", ana)
    assert seqs(story.submit(AddEntry(room, ana, 4_000, b"\x93\x01\x02\x03"))) == [3]
    assert bytes(story.entries(room)[-1].body) == b"\x93\x01\x02\x03"


# -- nonces ----------------------------------------------------------------------------------------------


@pytest.fixture(params=["at once", "with its pass", "after others", "when indexed"])
def repeat(request: pytest.FixtureRequest) -> str:
    """When a message is sent again."""
    return str(request.param)


def test_a_message_sent_again_is_stored_once(story: Story, repeat: str) -> None:
    ana = story.account("ana")
    room = story.room("garden", ana)
    message, other = story.message(room, ana, "once"), story.message(room, ana, "other")
    if repeat == "with its pass":
        assert seqs(story.submit(message, message, other, message)) == [3, -3, 4, -3]
    else:
        assert seqs(story.submit(message)) == [3]
        if repeat == "after others":
            story.submit(*(story.message(room, ana, str(n)) for n in range(20)))
        elif repeat == "when indexed":
            index_nonces(story)
    assert story.one(message) == Repeated(room, 3)
    head = story.record(room).head
    again = story.submit(story.message(room, ana, "new"), message, story.message(room, ana, "newer"))
    assert seqs(again) == [head + 1, -3, head + 2]
    assert story.texts(room).count("once") == 1


@pytest.mark.parametrize("change", ["text", "room", "kind"])
def test_a_nonce_used_for_something_else_is_refused(story: Story, repeat: str, change: str) -> None:
    ana = story.account("ana")
    room, other = story.room("garden", ana), story.room("kitchen", ana)
    message = story.message(room, ana, "mine")
    changed = {
        "text": story.message(room, ana, "mine!", message.nonce),
        "room": story.message(other, ana, "mine", message.nonce),
        "kind": AddEntry(room, ana, 4_000, message.body, message.nonce),
    }[change]
    if repeat == "with its pass":
        assert seqs(story.submit(message, changed)) == [3, ErrorCode.NONCE_REUSED]
        return
    story.submit(message)
    if repeat == "after others":
        story.submit(*(story.message(room, ana, str(n)) for n in range(20)))
    elif repeat == "when indexed":
        index_nonces(story)
    before = story.entries(room), story.entries(other)
    assert seqs(story.submit(changed)) == [ErrorCode.NONCE_REUSED]
    assert (story.entries(room), story.entries(other)) == before


def test_a_nonce_of_another_author_is_another_nonce(story: Story, repeat: str) -> None:
    ana, eve = story.account("ana"), story.account("eve")
    room = story.room("garden", ana, eve)
    message = story.message(room, ana, "hello")
    stolen = story.message(room, eve, "hello", message.nonce)
    if repeat == "with its pass":
        assert seqs(story.submit(message, stolen)) == [4, 5]
        return
    story.submit(message)
    if repeat == "when indexed":
        index_nonces(story)
    assert seqs(story.submit(stolen)) == [story.record(room).head]


def test_entries_without_a_nonce_are_never_taken_for_each_other(story: Story) -> None:
    ana = story.account("ana")
    room = story.room("garden", ana)
    same = AddEntry(room, ana, EntryKind.TOPIC_SET, encode_body(TopicSet("same")))
    assert seqs(story.submit(same, same)) == [3, 4]
    assert seqs(story.submit(same)) == [5]


def index_nonces(story: Story) -> None:
    """Move the nonces in memory to the index, where the log has one."""
    if isinstance(story.log, SqliteLog):
        story.log._nonces.index_slice()
        assert not story.log._nonces._recent


# -- when the disk refuses -------------------------------------------------------------------------------


@pytest.fixture
def garden(disk: Story) -> Story:
    """A log on disk with the room 1 and the accounts 1 to 3 in it."""
    accounts = [disk.account(handle) for handle in ("ana", "bob", "eve")]
    assert disk.room("garden", *accounts) == 1
    return disk


def connection_of(story: Story) -> sqlite3.Connection:
    assert isinstance(story.log, SqliteLog)
    return story.log._connection


@contextmanager
def full_disk(story: Story, spare_pages: int = 0) -> Iterator[None]:
    """Let the database grow by no more than some pages, as on a disk with no more space."""
    connection = connection_of(story)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + spare_pages}")
    yield
    connection.execute("PRAGMA max_page_count = 1000000000")


def test_on_a_full_disk_nothing_is_stored_reads_go_on_and_it_resumes(garden: Story) -> None:
    garden.post(1, 1, "before")
    long = [garden.message(1, author, "x" * 10_000) for author in (1, 2, 3)]
    with full_disk(garden):
        outcomes = garden.submit(*long)
        assert seqs(outcomes) == [ErrorCode.STORAGE] * 3
        assert isinstance(outcomes[0], Failed)
        assert "full" in outcomes[0].text
        assert "\n" not in outcomes[0].text
        assert garden.texts(1) == ["before"]
        assert garden.record(1).head == 5
        assert garden.unread(2, 1).unread == 1
    assert seqs(garden.submit(*long)) == [6, 7, 8]
    assert [entry.seq for entry in garden.entries(1)] == list(range(1, 9))


def test_what_does_not_fit_fails_alone(garden: Story) -> None:
    small, large = garden.message(1, 2, "small"), garden.message(1, 1, "x" * 16_000)
    with full_disk(garden):
        assert seqs(garden.submit(large, small)) == [ErrorCode.STORAGE, 5]
        assert garden.texts(1) == ["small"]
    assert seqs(garden.submit(large)) == [6]


def test_a_lone_message_is_stored_where_nonces_that_wait_do_not_fit(
    garden: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(300):
        garden.post(1, 1, "x")
    monkeypatch.setattr(nonces, "MOST_NONCES", 10)
    with full_disk(garden):
        assert isinstance(garden.one(garden.message(1, 2, "small")), Committed)
        assert garden.texts(1)[-1] == "small"


def test_after_a_message_that_failed_none_of_its_author_is_stored(garden: Story) -> None:
    large, small = garden.message(1, 1, "x" * 16_000), garden.message(1, 1, "small")
    with full_disk(garden):
        assert seqs(garden.submit(large, small)) == [ErrorCode.STORAGE] * 2
    assert seqs(garden.submit(large, small)) == [5, 6]


def test_accounts_and_rooms_that_failed_are_made_later_as_if_for_the_first_time(garden: Story) -> None:
    changes = new_account("dora"), AddRoom("kitchen", RoomKind.PUBLIC, (1, 2)), garden.message(1, 1, "hello")
    before = garden.log.load()
    connection_of(garden).execute("PRAGMA query_only = ON")
    assert {type(outcome) for outcome in garden.submit(*changes)} == {Failed}
    assert garden.log.load() == before
    connection_of(garden).execute("PRAGMA query_only = OFF")
    assert seqs(garden.submit(garden.message(1, 4, "not there"))) == [ErrorCode.NO_SUCH_ACCOUNT]
    made, room, posted = garden.submit(*changes)
    assert made == Committed(4, ())
    assert isinstance(room, Committed)
    assert (room.number, len(room.entries)) == (2, 3)
    assert seqs([posted]) == [5]


def test_a_log_locked_by_another_program_fails_soon_and_all_at_once(garden: Story, path: Path) -> None:
    garden.post(1, 1, "before")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    calls: list[str] = []
    connection_of(garden).set_trace_callback(calls.append)
    outcomes = garden.submit(*(garden.message(1, n % 3 + 1, str(n)) for n in range(50)))
    connection_of(garden).set_trace_callback(None)
    assert seqs(outcomes) == [ErrorCode.STORAGE] * 50
    assert isinstance(outcomes[0], Failed)
    assert "locked" in outcomes[0].text
    waits = [call for call in calls if not call.startswith("SELECT")]
    assert waits == ["BEGIN IMMEDIATE"], "it waits for the lock once, not for each change"
    assert garden.texts(1) == ["before"]
    other.execute("ROLLBACK")
    other.close()
    assert seqs(garden.submit(garden.message(1, 1, "after"))) == [6]


def test_a_value_no_column_takes_fails_alone_and_is_not_to_be_sent_again(garden: Story) -> None:
    bad = SetRead(2**70, 1, 1)
    huge = AddEntry(1, 1, 2**64, encode_body(Posted("x")))
    outcomes = garden.submit(garden.message(1, 1, "a"), huge, garden.message(1, 2, "b"))
    assert seqs(outcomes) == [5, ErrorCode.INTERNAL, 6]
    assert seqs([garden.one(bad)]) == [ErrorCode.NO_SUCH_ACCOUNT]
    surrogate = new_account("\ud800", b"s" * 32)
    outcomes = garden.submit(garden.message(1, 1, "c"), surrogate, garden.message(1, 2, "d"))
    assert seqs(outcomes) == [7, ErrorCode.INTERNAL, 8]


def test_trying_one_by_one_ends_after_a_while(garden: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ALONE_S", -1.0)
    small, large = garden.message(1, 2, "small"), garden.message(1, 1, "x" * 16_000)
    with full_disk(garden):
        assert seqs(garden.submit(large, small)) == [ErrorCode.STORAGE, ErrorCode.STORAGE]
    assert garden.texts(1) == []


def test_a_fault_of_ours_takes_everything_back_and_is_raised(
    garden: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setitem(writer.PROJECTIONS, EntryKind.TOPIC_SET, fail)
    topic = AddEntry(1, 1, EntryKind.TOPIC_SET, encode_body(TopicSet("t")))
    with pytest.raises(RuntimeError):
        garden.submit(
            garden.message(1, 1, "lost"), new_account("dora"), AddRoom("kitchen", RoomKind.PUBLIC, ()), topic
        )
    nowhere, nobody = garden.message(2, 1, "no room"), garden.message(1, 4, "nobody")
    refused = [ErrorCode.NO_SUCH_ROOM, ErrorCode.NO_SUCH_ACCOUNT]
    assert seqs(garden.submit(nowhere, nobody, garden.message(1, 1, "kept"))) == [*refused, 5]
    assert garden.texts(1) == ["kept"]


def test_what_stands_behind_a_fault_of_ours_is_counted_and_found(
    garden: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(garden.log, SqliteLog)
    stored = garden.log._writer
    cursor = FailingCursor(stored._cursor, "COMMIT", RuntimeError("a fault"), is_done=True)
    monkeypatch.setattr(stored, "_cursor", cursor)
    before = garden.log.standing.entries
    with pytest.raises(RuntimeError):
        garden.submit(garden.message(1, 1, "stands", mentioned=(2,)))
    assert garden.log.standing.entries == before + 1
    assert garden.found("stands", [1]) == ["stands"]


def test_a_database_that_may_not_be_written_says_so(garden: Story) -> None:
    connection_of(garden).execute("PRAGMA query_only = ON")
    (outcome,) = garden.submit(garden.message(1, 1, "no"))
    assert isinstance(outcome, Failed)
    assert outcome.code is ErrorCode.STORAGE
    assert "may not be written" in outcome.text
    connection_of(garden).execute("PRAGMA query_only = OFF")
    assert seqs(garden.submit(garden.message(1, 1, "yes"))) == [5]


# -- what a commit is made of ----------------------------------------------------------------------------


@contextmanager
def written(story: Story) -> Iterator[list[str]]:
    """Note the statements that write, or begin and end a transaction."""
    statements: list[str] = []

    def note(statement: str) -> None:
        if not statement.startswith("SELECT"):
            statements.append(statement)

    connection_of(story).set_trace_callback(note)
    yield statements
    connection_of(story).set_trace_callback(None)


@pytest.mark.parametrize("count", [1, 2, AT_ONCE])
def test_messages_that_fit_into_one_statement_take_no_other(garden: Story, count: int) -> None:
    with written(garden) as statements:
        garden.submit(*(garden.message(1, 1 + number % 2, "x") for number in range(count)))
    assert len(statements) == 1
    assert len(garden.texts(1)) == count


@pytest.mark.parametrize(("count", "mentioned"), [(3, (2,)), (AT_ONCE + 1, ())])
def test_any_other_pass_is_one_transaction(garden: Story, count: int, mentioned: tuple[int, ...]) -> None:
    with written(garden) as statements:
        garden.submit(*(garden.message(1, 1, "x", mentioned=mentioned) for _ in range(count)))
    assert statements[0] == "BEGIN IMMEDIATE"
    assert statements[-1] == "COMMIT"
    assert statements.count("BEGIN IMMEDIATE") == statements.count("COMMIT") == 1


def test_messages_whose_nonces_have_to_be_looked_for_are_one_transaction(garden: Story) -> None:
    """Each is a statement of its own then."""
    assert isinstance(garden.log, SqliteLog)
    held = garden.log._nonces
    held.note_late({1: 100})  # so that the next one comes into the index
    garden.submit(garden.message(1, 1, "z", bytes([9] * 16)))
    held.index_slice()
    with written(garden) as statements:
        garden.submit(*(garden.message(1, 1, text, text.encode().rjust(16, b"\0")) for text in ("a", "b")))
    assert [statement.split()[0] for statement in statements] == ["BEGIN", "INSERT", "INSERT", "COMMIT"]
    assert garden.texts(1) == ["z", "a", "b"]


def test_every_entry_told_as_committed_is_visible_to_another_reader(garden: Story, path: Path) -> None:
    garden.submit(garden.message(1, 1, "a"), garden.message(1, 2, "b"))
    other = sqlite3.connect(path)
    (count,) = other.execute("SELECT count(*) FROM entries WHERE kind = 1").fetchone()
    other.close()
    assert count == 2


@pytest.mark.parametrize("count", [1, 3, AT_ONCE + 3])
def test_messages_of_which_one_has_no_place_are_not_stored_and_can_be_later(
    garden: Story, count: int
) -> None:
    head = garden.record(1).head
    taken = entry_id(1, head + count)
    connection_of(garden).execute("INSERT INTO entries VALUES (?, 1, 1, x'00')", (taken,))
    batch = [garden.message(1, 1 + number % 2, str(number)) for number in range(count)]
    outcomes = garden.submit(*batch)
    stored = [outcome for outcome in outcomes if isinstance(outcome, Committed)]
    assert isinstance(outcomes[-1], Failed)
    assert outcomes[-1].code is ErrorCode.STORAGE
    assert [entry.seq for outcome in stored for entry in outcome.entries] == [
        head + 1 + number for number in range(len(stored))
    ]
    connection_of(garden).execute("DELETE FROM entries WHERE id = ?", (taken,))
    garden.submit(*batch)
    assert sorted(garden.texts(1)) == sorted(str(number) for number in range(count))
