"""Messages that are submitted as one change are stored as if each were one, in memory and on disk."""

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from chatroom.protocol.entries import EntryKind, Moderated, encode_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.posts import MOST_POSTS, posts_of
from chatroom.server.hub.delivery import BUFFER_BYTES
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import AddEntry, Committed, Failed, Logged, Outcome, Repeated, Several
from chatroom.server.store import refusals, writer
from chatroom.server.store.changes import entries_of, together
from chatroom.server.store.drafts import Draft
from chatroom.server.store.sqlite import SqliteLog
from support.outcomes import one_by_one
from support.story import BOB, BUDGET, INA, LIMIT, MIA, START_MS, Story


@pytest.fixture
def garden(story: Story) -> Story:
    """A room with an owner, a moderator and a member, and four entries."""
    story.garden(INA, MIA, BOB)
    return story


def each(outcome: Outcome) -> tuple[Outcome, ...]:
    assert isinstance(outcome, Several)
    return outcome.outcomes


def seqs(outcome: Outcome) -> list[int | ErrorCode]:
    """Where each message stands: below zero for a repeat; or why it stands nowhere."""
    if isinstance(outcome, CommittedPosts):
        return list(range(outcome.seq, outcome.seq + outcome.count))
    found: list[int | ErrorCode] = []
    for one in each(outcome):
        match one:
            case Committed(entries=(logged,)):
                found.append(logged.seq)
            case Repeated(seq=seq):
                found.append(-seq)
            case Failed(code=code):
                found.append(code)
    return found


def nonces(*numbers: int) -> list[bytes]:
    return [number.to_bytes(16) for number in numbers]


def test_they_are_told_as_they_are_kept(garden: Story) -> None:
    outcome = garden.one(garden.messages(1, BOB, "one", "two", "three"))
    assert isinstance(outcome, CommittedPosts)
    frames = garden.log.after(1, 4, LIMIT, BUDGET)
    assert outcome == CommittedPosts(1, 5, 3, b"".join(frames))
    assert garden.texts(1) == ["one", "two", "three"]
    assert [entry.author for entry in garden.entries(1)[4:]] == ["bob"] * 3
    assert garden.record(1).head == 7
    assert garden.unread(MIA, 1).unread == 3


def test_each_is_the_entry_that_it_would_be_alone(garden: Story) -> None:
    some = garden.messages(1, BOB, "one", "two", nonces=nonces(1, 2))
    assert entries_of(some) == [
        garden.message(1, BOB, "one", nonces(1)[0]),
        garden.message(1, BOB, "two", nonces(2)[0]),
    ]
    logged = [Logged(1, seq, BOB, EntryKind.POSTED, bytes([seq])) for seq in (5, 6)]
    assert together([Committed(0, (entry,)) for entry in logged]) == CommittedPosts(1, 5, 2, b"\x05\x06")
    mixed = [Committed(0, (logged[0],)), refusals.NONCE_REUSED]
    assert together(mixed) == Several(tuple(mixed))


def test_their_time_never_goes_back(garden: Story) -> None:
    garden.submit(garden.messages(1, BOB, "later"), at=START_MS + 10**9)
    garden.submit(garden.messages(1, BOB, "now", "and now"), at=START_MS)
    assert [entry.at for entry in garden.entries(1)[4:]] == [START_MS + 10**9] * 3


def test_with_others_in_one_pass_they_keep_their_places(garden: Story) -> None:
    outcomes = garden.submit(
        garden.message(1, MIA, "a"),
        garden.messages(1, BOB, "b", "c"),
        garden.messages(1, MIA, "d", "e"),
        garden.message(1, BOB, "f"),
    )
    assert [seqs(outcome) for outcome in outcomes[1:3]] == [[6, 7], [8, 9]]
    assert garden.texts(1) == list("abcdef")


def test_those_that_follow_each_other_are_told_together_in_each_room(disk: Story) -> None:
    disk.garden(INA, MIA, BOB)
    shed = disk.room("shed", INA, BOB)
    known = disk.messages(1, MIA, "a")
    disk.one(known)
    changes = [
        disk.messages(1, BOB, "b", "c"),
        disk.messages(1, MIA, "d"),
        disk.messages(1, BOB, "e"),
        disk.messages(shed, BOB, "f"),
        disk.messages(1, INA, "g"),
        known,
        disk.messages(1, INA, "h"),
        disk.message(1, INA, "i"),
        disk.messages(1, MIA, "j"),
    ]
    disk.log.submit(changes, START_MS)
    outcomes = disk.log.outcomes()
    told = [
        (outcome.room, outcome.seq, outcome.count) if isinstance(outcome, CommittedPosts) else None
        for outcome in outcomes
    ]
    first = [(1, 6, 5), (1, 8, 0), (1, 9, 0), (shed, 4, 1), (1, 10, 0)]
    assert told == [*first, None, (1, 11, 1), None, (1, 13, 1)]
    one_by_one(changes, outcomes)
    assert disk.texts(1) == list("abcdeghij")
    assert disk.texts(shed) == ["f"]
    assert [entry.author for entry in disk.entries(1)[5:9]] == ["bob", "bob", "mia", "bob"]
    assert (disk.record(1).head, disk.record(shed).head) == (13, 4)


def test_no_more_is_told_together_than_a_stalled_peer_may_cost(disk: Story) -> None:
    disk.garden(INA, MIA, BOB)
    texts = [letter * 16_000 for letter in "abcdefghijklmnopqrstuvwxyz"]
    changes = [disk.messages(1, (MIA, BOB)[place % 2], *texts[place : place + 3]) for place in range(23)]
    changes += [disk.messages(1, BOB, *["short"] * MOST_POSTS) for _ in range(33)]
    disk.log.submit(changes, START_MS)
    outcomes = disk.log.outcomes()
    one_by_one(changes, outcomes)
    sizes = [len(outcome.frames) for outcome in outcomes if isinstance(outcome, CommittedPosts)]
    assert sum(sizes) > 4 * BUFFER_BYTES > BUFFER_BYTES > max(sizes)
    assert disk.texts(1) == [text for change in changes for text in texts_in(change)]


def texts_in(change: AddPosts) -> list[str]:
    return [post.text for post in posts_of(change.posts)]


def test_a_head_that_moved_for_what_was_not_stored_moves_back(
    disk: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.garden(INA, MIA, BOB)
    lacking = [MemoryError()]

    class Rooms(dict[int, int]):
        def setdefault(self, room: int, at: int = 0) -> int:
            if lacking:
                raise lacking.pop()
            return super().setdefault(room, at)

    def draft(*values: Any, **named: Any) -> Draft:  # noqa: ANN401 - what a Draft is made of
        made = Draft(*values, **named)
        made.rooms = Rooms()
        return made

    monkeypatch.setattr(writer, "Draft", draft)
    disk.submit(disk.messages(1, BOB, "one", "two"), disk.messages(1, MIA, "three"))
    disk.one(disk.messages(1, INA, "four"))
    assert not lacking
    assert disk.texts(1) == ["one", "two", "three", "four"]
    assert [entry.seq for entry in disk.entries(1)] == list(range(1, 9))


@pytest.mark.parametrize(
    ("room", "author", "refusal"), [(77, BOB, refusals.NO_SUCH_ROOM), (1, 99, refusals.NO_SUCH_ACCOUNT)]
)
def test_where_there_is_no_room_or_author_each_is_refused(
    garden: Story, room: int, author: int, refusal: Failed
) -> None:
    assert each(garden.one(garden.messages(room, author, "one", "two"))) == (refusal, refusal)


def test_who_is_muted_in_the_same_pass_has_none_of_them_stored(garden: Story) -> None:
    mute = AddEntry(1, INA, EntryKind.MUTED, encode_body(Moderated("bob", START_MS + 10**12, "")))
    outcomes = garden.submit(
        garden.messages(1, BOB, "in time"), mute, garden.messages(1, BOB, "late", "later")
    )
    assert each(outcomes[2]) == (refusals.AUTHOR_MUTED, refusals.AUTHOR_MUTED)
    assert garden.texts(1) == ["in time"]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 2, 3), [-5, -6, -7]),
        ((2, 3, 4), [-6, -7, 8]),
        ((4, 5, 2), [8, 9, -6]),
        ((4, 4), [8, -8]),
        ((5, 4), [8, 9]),
        ((9, 1), [8, -5]),
    ],
)
@pytest.mark.parametrize("where", ["recent", "index", "reopened"])
def test_repeats_among_them_are_told_where_they_stand(
    garden: Story, where: str, numbers: tuple[int, ...], expected: list[int]
) -> None:
    garden.one(garden.messages(1, BOB, *"xxx", nonces=nonces(1, 2, 3)))
    if isinstance(garden.log, SqliteLog):
        if where != "recent":
            garden.log._nonces.index_slice()
        if where == "reopened":
            path = garden.log._path
            garden.log.close()
            garden.log = SqliteLog(path)
    again = garden.messages(1, BOB, *"x" * len(numbers), nonces=nonces(*numbers))
    assert seqs(garden.one(again)) == expected
    other = garden.messages(1, BOB, "other", nonces=nonces(numbers[0]))
    assert each(garden.one(other)) == (refusals.NONCE_REUSED,)
    assert seqs(garden.one(garden.messages(1, MIA, "x", nonces=nonces(1)))) == [garden.record(1).head]


def test_of_those_that_do_not_fit_none_behind_the_first_is_stored(disk: Story) -> None:
    disk.garden(INA, MIA, BOB)
    assert isinstance(disk.log, SqliteLog)
    connection: sqlite3.Connection = disk.log._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    some = disk.messages(1, BOB, "small", "x" * 9_000, "y" * 16_000, "small too")
    first, other = disk.submit(some, disk.messages(1, MIA, "tiny"))
    assert seqs(first) == [5, 6, ErrorCode.STORAGE, ErrorCode.STORAGE]
    assert seqs(other) == [7]
    connection.execute("PRAGMA max_page_count = 1000000000")
    assert seqs(disk.one(some)) == [-5, -6, 8, 9]


def test_a_disk_that_takes_nothing_refuses_all(disk: Story) -> None:
    disk.garden(INA, MIA, BOB)
    assert isinstance(disk.log, SqliteLog)
    some = disk.messages(1, BOB, "one", "two")
    disk.log._connection.execute("PRAGMA query_only = ON")
    for outcomes in (disk.submit(some), disk.submit(some, disk.messages(1, MIA, "three"))):
        assert all(isinstance(outcome, Failed) for outcome in outcomes)
    disk.log._connection.execute("PRAGMA query_only = OFF")
    assert seqs(disk.one(some)) == [5, 6]


@pytest.mark.parametrize("seed", range(8))
def test_of_any_mix_of_nonces_each_is_stored_once(disk: Story, path: Path, seed: int) -> None:
    """However they are grouped, wherever they are known from, and whatever fails."""
    disk.garden(INA, MIA, BOB)
    chance = random.Random(seed)
    pool = nonces(*range(1, 60)) + [chance.randbytes(16) for _ in range(60)]
    known: dict[tuple[int, bytes], int] = {}
    for _ in range(150):
        assert isinstance(disk.log, SqliteLog)
        turn = chance.random()
        if turn < 0.05:
            disk.log.close()
            disk.log = SqliteLog(path)
        elif turn < 0.1:
            disk.log._nonces.index_slice()
        is_failing = 0.1 < turn < 0.2
        disk.log._connection.execute(f"PRAGMA query_only = {is_failing:d}")
        batch: list[AddPosts] = []
        for _ in range(chance.randint(1, 4)):
            chosen = chance.choices(pool, k=chance.randint(1, 5))
            chosen = sorted(chosen) if chance.random() < 0.7 else chosen
            batch.append(disk.messages(1, chance.choice((MIA, BOB)), *"x" * len(chosen), nonces=chosen))
        for change, outcome in zip(batch, disk.submit(*batch), strict=True):
            places = seqs(outcome) if not isinstance(outcome, Failed) else [outcome.code] * len(change.posts)
            joined = change.posts.nonces()
            for number, place in enumerate(places):
                key = change.author, joined[16 * number : 16 * number + 16]
                if place is ErrorCode.STORAGE:
                    assert is_failing
                elif place < 0:
                    assert known[key] == -place
                else:
                    assert key not in known
                    known[key] = place
        disk.log._connection.execute("PRAGMA query_only = 0")
    assert len(known) > 60
    assert sorted(known.values()) == list(range(5, 5 + len(known)))
