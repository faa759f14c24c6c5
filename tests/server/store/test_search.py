"""Searching, in memory and on disk: what is found, in what order, and what nobody finds."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatroom.protocol.limits import PAGE_BYTES
from chatroom.server.hub.ports import StorageError
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.story import Story, entry_in, texts_of

TEXTS = {
    1: [
        "the cat sat on the mat",
        "a category of cats",
        "CAT!",
        "今天天气很好",
        "天上的气球",
        "naïve café",
        "see foo-bar and foo_bar",
        "bar foo",
        "room:secret NOT words",
        'she said "hello world" twice',
        "ไปเที่ยวทะเล",
        "학교에서 만나요",
        "NEAR(a b)",
        "x" * 500,
        "e = mc\u00b2",
    ],
    2: ["the dog and the cat", "secret of the kitchen"],
    3: ["secret of another room: cat"],
}


def stock(story: Story) -> Story:
    """Fill three rooms; account 1 wrote every even message, account 2 the odd ones."""
    for handle in ("ana", "bob"):
        story.account(handle)
    for name in ("one", "two", "three"):
        story.room(name, 1, 2)
    for room, texts in TEXTS.items():
        story.submit(*(story.message(room, number % 2 + 1, text) for number, text in enumerate(texts)))
    story.index()
    return story


@pytest.fixture
def library(story: Story) -> Story:
    """A log to search and to write to."""
    return stock(story)


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The same log, only to be searched."""
    folder = tmp_path_factory.mktemp("shelf")
    log = MemoryLog() if request.param == "memory" else SqliteLog(folder / "log.db", search_s=5)
    yield stock(Story(log))
    log.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cat", ["CAT!", "the cat sat on the mat"]),
        ("cat*", ["CAT!", "a category of cats", "the cat sat on the mat"]),
        ("ca*", ["naïve café", "CAT!", "a category of cats", "the cat sat on the mat"]),
        ("cat mat", ["the cat sat on the mat"]),
        ("mat cat the", ["the cat sat on the mat"]),
        ("cat dog", []),
        ("天气", ["今天天气很好"]),
        ("天", ["天上的气球", "今天天气很好"]),
        ("气 天", ["天上的气球", "今天天气很好"]),
        ("很好", ["今天天气很好"]),
        ("cafe naive", ["naïve café"]),
        ("CAFÉ", ["naïve café"]),
        ("foo-bar", ["see foo-bar and foo_bar"]),
        ("foo bar", ["bar foo", "see foo-bar and foo_bar"]),
        ("room:secret", ["room:secret NOT words"]),
        ("secret", ["room:secret NOT words"]),
        ('"hello', ['she said "hello world" twice']),
        ("not", ["room:secret NOT words"]),
        ("ทะเล", ["ไปเที่ยวทะเล"]),
        ("학교", ["학교에서 만나요"]),
        ("near", ["NEAR(a b)"]),
        ("x" * 200, ["x" * 500]),
        ("mc2", ["e = mc²"]),
        ("r1", []),
        ("a1", []),
        ("nothing", []),
    ],
)
def test_a_search_finds_the_messages_with_all_words_newest_first(
    shelf: Story, query: str, found: list[str]
) -> None:
    assert shelf.found(query, [1]) == found


PROBES = [
    '"', '""', '"""', "'", "NOT", "not not", "*", "**", "a*", "(", ")", "()", "-x", "- x", "+x", "^cat",
    "cat^2", "NEAR(", "NEAR(cat mat)", "NEAR(cat, mat, 1)", "cat AND", "AND cat", "cat OR dog", "OR",
    "room:secret",
    "{room}: secret", "{place}: r1", "place:r1", "place:r3", "words_0", "words : cat", "rowid:1",
    "cat\x00mat", "\x00", "cat; DROP TABLE entries", "' OR 1=1 --", "%", "_", "\\", "cat\\", "$", "?1",
    ":a", "@a", "\ud800", "\U0001f600",
    "x" * 10_000, "a " * 100, '"' * 199, "(" * 199, "* " * 100, "-" * 199, "天" * 200,
]  # fmt: skip


@pytest.mark.parametrize("probe", PROBES)
def test_no_query_is_an_operator_or_reaches_another_room(shelf: Story, probe: str) -> None:
    try:
        hits = shelf.log.search(probe, [2], 0, 0, 50)
    except ValueError as error:
        assert "type a word" in str(error)
        return
    assert {entry_in(frame).room for frame in hits.frames} <= {2}
    assert set(texts_of(hits.frames)) <= set(TEXTS[2])


def test_rooms_are_searched_together_and_only_those_asked_for(shelf: Story) -> None:
    assert shelf.found("cat", [2, 1]) == ["the dog and the cat", "CAT!", "the cat sat on the mat"]
    assert shelf.found("secret", [2, 1]) == ["secret of the kitchen", "room:secret NOT words"]
    assert shelf.found("secret", [3, 77]) == ["secret of another room: cat"]
    assert shelf.found("secret", [77]) == []
    assert shelf.found("secret", []) == []


def test_very_many_rooms_may_be_asked_for(shelf: Story) -> None:
    rooms = [1, *range(1_000, 3_000)]
    assert shelf.found("secret", rooms) == ["room:secret NOT words"]


def test_an_author_may_be_asked_for(shelf: Story) -> None:
    assert shelf.found("cat", [1, 2, 3], author=1) == [
        "secret of another room: cat",
        "the dog and the cat",
        "CAT!",
        "the cat sat on the mat",
    ]
    assert shelf.found("cat", [1, 2, 3], author=2) == []


def test_newest_first_means_over_all_rooms(library: Story) -> None:
    library.post(3, 1, "zebra one")
    library.post(1, 1, "zebra two")
    library.post(2, 1, "zebra three")
    library.post(1, 2, "zebra four")
    assert library.found("zebra", [1, 2, 3]) == ["zebra four", "zebra three", "zebra two", "zebra one"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_follow_each_other_without_a_gap(library: Story, limit: int) -> None:
    for n in range(7):
        library.post(n % 3 + 1, 1, f"leaf {n}")
    library.index()
    texts: list[str] = []
    before = 0
    while True:
        hits = library.log.search("leaf", [1, 2, 3], 0, before, limit)
        assert len(hits.frames) <= limit
        texts += texts_of(hits.frames)
        if not hits.next:
            break
        before = hits.next
        library.post(1, 1, "leaf of another tree")
        library.index()
    assert texts == [f"leaf {n}" for n in range(6, -1, -1)]


def test_a_page_of_hits_stops_where_its_bytes_do(library: Story) -> None:
    for n in range(5):
        library.post(1, 1, f"long {n} " + "y" * 16_000)
    library.index()
    hits = library.log.search("long", [1], 0, 0, 50)
    assert sum(map(len, hits.frames)) <= PAGE_BYTES
    assert [text[:6] for text in texts_of(hits.frames)] == ["long 4", "long 3", "long 2"]
    rest = library.log.search("long", [1], 0, hits.next, 50)
    assert [text[:6] for text in texts_of(rest.frames)] == ["long 1", "long 0"]
    assert rest.next == 0


@pytest.mark.parametrize("before", [1, 2**62])
def test_a_place_beyond_the_ends_is_harmless(shelf: Story, before: int) -> None:
    hits = shelf.log.search("cat", [1], 0, before, 50)
    assert len(hits.frames) == (0 if before == 1 else 2)


def test_only_messages_are_searched(shelf: Story) -> None:
    assert shelf.found("ana", [1, 2, 3]) == shelf.found("one", [1]) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    texts=st.lists(
        st.text(st.sampled_from("ab é天气กา-*\"' \u0301\u200dΣς_2")) | st.text(max_size=20),
        min_size=1,
        max_size=8,
    ),
    queries=st.lists(
        st.text(st.sampled_from("ab é天气กา-*\"' \u0301Σς_2"), max_size=6), min_size=1, max_size=8
    ),
)
def test_the_index_on_disk_finds_what_reading_every_message_finds(
    twins: tuple[Story, Story], texts: list[str], queries: list[str]
) -> None:
    kept = [text for text in texts if text.isprintable()]
    for twin in twins:
        twin.submit(*(twin.message(1, 1, text) for text in kept))
    for query in [*queries, *(text[:4] for text in kept)]:
        try:
            expected = twins[0].found(query, [1])
        except ValueError:
            with pytest.raises(ValueError, match="type a word"):
                twins[1].found(query, [1])
            continue
        assert twins[1].found(query, [1]) == expected


@pytest.fixture
def twins(disk: Story) -> tuple[Story, Story]:
    """The same beginning in memory and on disk."""
    twins = Story(MemoryLog()), disk
    for twin in twins:
        twin.account("ana")
        twin.room("garden", 1)
    return twins


# -- time ------------------------------------------------------------------------------------------------


def slow_search(log: SqliteLog, limit_s: float) -> None:
    """Give searches of this log so much time."""
    log._search_s = limit_s


def many(disk: Story, count: int = 3_000) -> SqliteLog:
    """Store messages that all hold one word, in room 1; room 2 has none."""
    disk.account("ana")
    disk.room("one", 1)
    disk.room("two", 1)
    for _ in range(count // 500):
        disk.submit(*(disk.message(1, 1, "common") for _ in range(500)))
    disk.index()
    assert isinstance(disk.log, SqliteLog)
    return disk.log


def test_a_search_that_takes_too_long_is_broken_off_and_says_so(
    disk: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = many(disk)
    monkeypatch.setattr("chatroom.server.store.search.PLACES", 0)  # so that it has to go through everything
    slow_search(log, -1.0)
    with pytest.raises(StorageError, match="too long"):
        log.search("common", [2], 0, 0, 50)
    slow_search(log, 5.0)
    assert log.search("common", [2], 0, 0, 50).frames == []


def test_what_was_found_is_read_as_long_as_there_is_time_and_then_later(
    disk: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = many(disk, 500)
    ticks = iter(range(1_000_000))
    clock = SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr("chatroom.server.store.search.time", clock)
    slow_search(log, 20.0)
    pages = [log.search("common", [1], 0, 0, 50)]
    while pages[-1].next:
        pages.append(log.search("common", [1], 0, pages[-1].next, 50))
    assert all(0 < len(page.frames) < 50 for page in pages[:-1])
    seqs = [entry_in(frame).seq for page in pages for frame in page.frames]
    assert seqs == list(range(502, 2, -1))


def test_a_search_out_of_time_gives_what_it_has_and_goes_on_from_there(
    disk: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatroom.server.store.indexer.BLOCK", 100)
    log = many(disk, 500)
    slow_search(log, -1.0)
    first = log.search("common", [1], 0, 0, 200)
    assert 0 < len(first.frames) <= 100
    assert first.next
    slow_search(log, 5.0)
    rest = log.search("common", [1], 0, first.next, 1_000)
    seqs = [entry_in(frame).seq for frame in [*first.frames, *rest.frames]]
    assert seqs == list(range(502, 502 - len(seqs), -1))


def test_the_time_limit_of_a_search_does_not_outlive_it(disk: Story) -> None:
    log = many(disk)
    slow_search(log, -1.0)
    log.search("common", [1], 0, 0, 1)
    assert len(disk.entries(1)) == 3_002


def test_naming_the_rooms_to_the_index_is_only_for_speed(
    disk: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(disk, 500)
    disk.post(2, 1, "common but private")
    found = disk.found("common", [2]), disk.found("common", [1])
    monkeypatch.setattr("chatroom.server.store.search.PLACES", 0)
    assert (disk.found("common", [2]), disk.found("common", [1])) == found


def test_access_is_decided_by_the_room_of_the_entry_even_if_the_index_says_otherwise(disk: Story) -> None:
    log = many(disk, 500)
    disk.post(2, 1, "common but private")
    disk.index()
    log._connection.execute(
        "UPDATE documents SET entry = entry - (2 << 40) + (3 << 40) WHERE entry >> 40 = 2"
    )
    assert log.search("common", [2], 0, 0, 50).frames == []


def test_a_damaged_index_is_a_storage_error(disk: Story) -> None:
    log = many(disk, 500)
    log._connection.execute("DROP TABLE words_0")
    with pytest.raises(StorageError):
        log.search("common", [1], 0, 0, 1)
