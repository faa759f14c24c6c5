"""Posting, reading back, searching and read markers, through the hub's public verbs."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatroom.protocol.entries import Entry, EntryKind, Manner, read_body
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import (
    Done,
    History,
    HistoryPage,
    Join,
    Leave,
    MarkRead,
    ModerationAct,
    Opened,
    Post,
    ReadMarker,
    Refused,
    Role,
    RoomState,
    Search,
    SearchPage,
    Stored,
)
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.hub_world import World


@pytest.fixture(params=["memory", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world on each log: what the hub and a log decide together is decided alike on both."""
    log = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "chatroom.db")
    with contextlib.closing(log):
        yield World(log)


def nonce(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_a_message_reaches_every_follower_and_its_author_as_the_same_entry(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    ana.post(lobby, "hello", nonce(1))
    assert ana.entries(lobby)[-1] == bob.entries(lobby)[-1]
    entry = bob.entries(lobby)[-1]
    assert (entry.author, entry.nonce, entry.kind) == ("ana", nonce(1), EntryKind.POSTED)
    assert bob.texts(lobby) == ["hello"]
    assert not ana.got(Stored)


def test_a_member_that_does_not_follow_the_room_is_answered_with_stored() -> None:
    world = World()
    ana = world.guest()
    ana.login("ana")
    lobby = world.lobby(ana)
    answer = ana.post(lobby, "hello", nonce(1))
    assert answer == [Stored(2, lobby, 3, nonce(1))]


def test_a_repeated_nonce_gives_the_old_seq_and_stores_nothing(world: World) -> None:
    ana = world.member("ana")
    lobby = world.lobby(ana)
    ana.post(lobby, "once", nonce(1))
    seq = ana.entries(lobby)[-1].seq
    answer = ana.post(lobby, "once", nonce(1))
    assert [type(packet) for packet in answer] == [Stored]
    assert isinstance(answer[0], Stored)
    assert (answer[0].seq, answer[0].repeat) == (seq, True)
    assert ana.texts(lobby) == ["once"]


def test_a_nonce_with_other_content_is_refused_and_the_old_message_stays(world: World) -> None:
    ana = world.member("ana")
    lobby = world.lobby(ana)
    ana.post(lobby, "first", nonce(1))
    ana.post(lobby, "second", nonce(1))
    refused = ana.last(Refused)
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.NONCE_REUSED
    assert ana.texts(lobby) == ["first"]


@pytest.mark.parametrize("reason", ["left", "muted", "text"])
def test_a_post_that_may_not_be_is_told_what_its_nonce_stands_for(world: World, reason: str) -> None:
    """Only the stored message itself, sent again, is a repeat of it."""
    ana, mia = world.member("ana"), world.member("mia", role=Role.MODERATOR)
    lobby = world.lobby(ana)
    den = ana.ask(Join(90, "den", create=True))[-1]
    assert isinstance(den, Opened)
    ana.post(lobby, "first", nonce(1))
    if reason == "left":
        ana.ask(Leave(91, lobby))
    elif reason == "muted":
        mia.moderate(ModerationAct.MUTE, "ana", 600)
    bad = "\0" if reason == "text" else "second"
    others = [Post(10, lobby, nonce(1), bad), Post(11, lobby, nonce(1), bad, Manner.ACTION)]
    if reason != "text":
        others.append(Post(12, lobby, nonce(1), "first", Manner.ACTION))
        others.append(Post(13, den.info.room if reason == "muted" else 77, nonce(1), "first"))
    for other in others:
        refused = ana.ask(other)[-1]
        assert isinstance(refused, Refused)
        assert (refused.id, refused.code) == (other.id, ErrorCode.NONCE_REUSED)
    same = ana.ask(Post(14, lobby, nonce(1), "first"))[-1]
    assert isinstance(same, Stored)
    assert same.repeat
    fresh = ana.ask(Post(15, lobby, nonce(2), bad))[-1]
    assert isinstance(fresh, Refused)
    assert fresh.code != ErrorCode.NONCE_REUSED


def test_two_accounts_may_use_one_nonce(world: World) -> None:
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    ana.post(lobby, "from ana", nonce(1))
    bob.post(lobby, "from bob", nonce(1))
    assert ana.texts(lobby) == ["from ana", "from bob"]


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\n\n", "\u2800", "a\x1b[31mb", "a\u202eb", "a\u200bb", "a\x9bb", "a\0b", "x\n" * 500],
)
def test_text_that_may_not_travel_is_refused(text: str) -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    ana.post(lobby, text, nonce(1))
    refused = ana.last(Refused)
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.BAD_TEXT
    assert ana.texts(lobby) == []


def test_posting_to_a_room_one_left_is_refused() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    ana.ask(Leave(9, lobby))
    ana.post(lobby, "still here?", nonce(1))
    refused = ana.last(Refused)
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.NOT_A_MEMBER


def test_posts_of_one_pass_are_stored_in_the_order_they_came() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    for number in range(50):
        sender = ana if number % 3 else bob
        sender.say(Post(1000 + number, lobby, nonce(number), f"message {number}"))
    world.settle()
    expected = [f"message {number}" for number in range(50)]
    assert ana.texts(lobby) == expected
    assert bob.texts(lobby) == expected
    seqs = [entry.seq for entry in bob.entries(lobby)]
    assert seqs == list(range(1, len(seqs) + 1))


def history_of(guest: object, *pages: HistoryPage) -> list[int]:
    return [entry.seq for page in pages for entry in page.entries]


def test_history_pages_forward_and_backward_without_gap_or_overlap() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    for number in range(45):
        ana.post(lobby, f"message {number}", nonce(number))
    head = ana.entries(lobby)[-1].seq
    forward: list[int] = []
    more = True
    while more:
        page = ana.ask(History(1, lobby, after=forward[-1] if forward else 0, limit=10))[-1]
        assert isinstance(page, HistoryPage)
        forward += [entry.seq for entry in page.entries]
        more = page.more
    assert forward == list(range(1, head + 1))
    backward: list[int] = []
    more = True
    while more:
        before = backward[0] if backward else head + 1
        page = ana.ask(History(1, lobby, before=before, limit=10))[-1]
        assert isinstance(page, HistoryPage)
        backward = [entry.seq for entry in page.entries] + backward
        more = page.more
    assert backward == list(range(1, head + 1))


def test_a_history_range_between_two_seqs_is_given_exactly() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    for number in range(20):
        ana.post(lobby, f"message {number}", nonce(number))
    page = ana.ask(History(1, lobby, after=5, before=9))[-1]
    assert isinstance(page, HistoryPage)
    assert [entry.seq for entry in page.entries] == [6, 7, 8]
    assert not page.more
    empty = ana.ask(History(1, lobby, after=9, before=5))[-1]
    assert isinstance(empty, HistoryPage)
    assert (empty.entries, empty.more) == ([], False)
    beyond = ana.ask(History(1, lobby, after=10_000))[-1]
    assert isinstance(beyond, HistoryPage)
    assert (beyond.entries, beyond.more) == ([], False)


def test_search_finds_only_in_rooms_of_the_account() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    ana.post(lobby, "the quick brown fox", nonce(1))
    bob.post(lobby, "a slow brown bear", nonce(2))
    while world.log.index(1.0):
        pass
    page = ana.ask(Search(1, "brown"))[-1]
    assert isinstance(page, SearchPage)
    assert [read_body(entry).text for entry in page.entries] == ["a slow brown bear", "the quick brown fox"]  # type: ignore[union-attr]
    page = ana.ask(Search(1, "brown", author="bob"))[-1]
    assert isinstance(page, SearchPage)
    assert [entry.author for entry in page.entries] == ["bob"]
    ana.ask(Leave(2, lobby))
    page = ana.ask(Search(1, "brown"))[-1]
    assert isinstance(page, SearchPage)
    assert page.entries == []
    refused = ana.ask(Search(1, "brown", room=lobby))[-1]
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.NOT_A_MEMBER


def test_a_search_for_nothing_is_refused() -> None:
    world = World()
    ana = world.member("ana")
    refused = ana.ask(Search(1, "  ** "))[-1]
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.BAD_QUERY


def test_read_markers_and_unread_counts_agree_on_all_devices() -> None:
    world = World()
    ana, bob = world.member("ana"), world.member("bob")
    phone = world.member("bob", key=bob.key)
    lobby = world.lobby(ana)
    for number in range(5):
        ana.post(lobby, f"message {number}" + (" @bob" if number == 4 else ""), nonce(number))
    bob.post(lobby, "my own does not count", nonce(9))
    head = bob.entries(lobby)[-1].seq
    answer = bob.ask(MarkRead(7, lobby, head - 3))
    assert answer == [ReadMarker(lobby, head - 3, 2, 1), Done(7)]
    assert phone.last(ReadMarker) == ReadMarker(lobby, head - 3, 2, 1)
    bob.ask(MarkRead(8, lobby, head - 5))
    assert bob.last(ReadMarker) == ReadMarker(lobby, head - 3, 2, 1), "a marker never goes back"
    tablet = world.guest(bob.key)
    tablet.login("bob")
    state = tablet.last(RoomState)
    assert isinstance(state, RoomState)
    assert (state.info.read, state.info.unread, state.info.mentions) == (head - 3, 2, 1)


def test_a_marker_ahead_of_the_head_is_refused() -> None:
    world = World()
    ana = world.member("ana")
    refused = ana.ask(MarkRead(1, world.lobby(ana), 10_000))[-1]
    assert isinstance(refused, Refused)
    assert refused.code == ErrorCode.BAD_RANGE


def test_the_clock_going_back_never_turns_the_times_of_a_room_around() -> None:
    world = World()
    ana = world.member("ana")
    lobby = world.lobby(ana)
    ana.post(lobby, "before", nonce(1))
    world.now_ms -= 3_600_000
    ana.post(lobby, "after", nonce(2))
    first, second = [entry for entry in ana.entries(lobby) if entry.kind == EntryKind.POSTED]
    assert isinstance(first, Entry)
    assert second.at >= first.at


def test_a_message_counts_for_more_in_its_pass_the_more_it_mentions(world: World) -> None:
    ana, *others = (world.guest() for _ in range(17))
    ana.login("ana")
    for number, other in enumerate(others):
        other.login(f"user{number}")
    lobby, before = world.lobby(ana), world.hub.posts
    for mentioned, counts in ((0, 1), (7, 2), (8, 4), (16, 7)):
        text = " ".join(["hello", *(f"@user{number}" for number in range(mentioned))])
        ana.say_all([Post(mentioned + 10, lobby, nonce(mentioned), text)])
        assert world.hub.posts - before == counts
