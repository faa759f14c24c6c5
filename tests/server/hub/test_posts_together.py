"""Plain posts that arrive together are proposed as one change: of each comes what would come of it alone."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatroom.protocol import requests
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.packets import (
    Join,
    MarkRead,
    Moderate,
    ModerationAct,
    Opened,
    Packet,
    Ping,
    Post,
    Refused,
    Role,
    ServerPacket,
    Stored,
)
from chatroom.protocol.posts import MOST_POSTS, cut_posts, cut_posts_in_python
from chatroom.server.hub.plain_posts import AddPosts
from chatroom.server.hub.ports import AddEntry, Log
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.hub_world import Guest, World


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """What the hub and a log decide together is decided alike on both."""
    log = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "chatroom.db")
    with contextlib.closing(log):
        yield log


@pytest.fixture(autouse=True, params=[cut_posts, cut_posts_in_python], ids=["as built", "in Python"])
def cutter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "cut_posts", request.param)


def nonce(number: int) -> bytes:
    return number.to_bytes(16)


def posts(room: int, *texts: str, first: int = 1) -> list[Post]:
    return [Post(number, room, nonce(number), text) for number, text in enumerate(texts, first)]


def changes(world: World) -> list[str]:
    """What is proposed, by kind."""
    return [type(proposal.change).__name__ for proposal in world.hub._context.proposals]


def codes(answers: Sequence[ServerPacket]) -> list[tuple[int, int]]:
    return [(answer.id, answer.code) for answer in answers if isinstance(answer, Refused)]


def stored(answers: Sequence[ServerPacket]) -> list[tuple[int, int, bool]]:
    return [(answer.id, answer.seq, answer.repeat) for answer in answers if isinstance(answer, Stored)]


def test_they_are_one_change_and_reach_everybody_in_order(log: Log) -> None:
    world = World(log)
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    ana.say_all(posts(lobby, "one", "two", "three"))
    assert changes(world) == [AddPosts.__name__]
    world.settle()
    ana.ask_all(posts(lobby, "four", first=4))
    for guest in (ana, bob):
        assert guest.texts(lobby) == ["one", "two", "three", "four"]
        heads = [entry.seq for entry in guest.entries(lobby)]
        assert heads == list(range(heads[0], heads[0] + len(heads)))
    assert not ana.got(Stored)


def test_more_than_fit_are_several_changes_in_order(log: Log) -> None:
    world = World(log)
    ana = world.member("ana")
    lobby = world.lobby(ana)
    texts = [f"message {number}" for number in range(2 * MOST_POSTS + 3)]
    ana.say_all(posts(lobby, *texts))
    assert changes(world) == [AddPosts.__name__] * 3
    world.settle()
    assert ana.texts(lobby) == texts


def test_what_is_not_plain_is_a_change_of_its_own_in_its_place(log: Log) -> None:
    world = World(log)
    ana, bob = world.member("ana"), world.member("bob")
    lobby = world.lobby(ana)
    texts = ["one", "two", "@bob three", "four", "fünf", "six\nseven", "eight"]
    ana.say_all(posts(lobby, *texts))
    one, several = AddEntry.__name__, AddPosts.__name__
    assert changes(world) == [several, one, several, one, one, several]
    world.settle()
    assert bob.texts(lobby) == texts
    assert log.unread(bob.peer.account.number, {lobby: 100})[lobby].mentions == 1  # type: ignore[union-attr]


def test_who_does_not_follow_is_told_where_each_stands(log: Log) -> None:
    world = World(log)
    ana = world.guest()
    ana.login("ana")
    lobby = world.lobby(ana)
    answers = ana.ask_all(posts(lobby, "one", "two", "three"))
    assert stored(answers) == [(1, 3, False), (2, 4, False), (3, 5, False)]


def test_those_of_several_in_one_pass_reach_everybody_in_order(log: Log) -> None:
    world = World(log)
    ana, bob, eve = world.member("ana"), world.member("bob"), world.guest()
    eve.login("eve")  # and follows nothing
    lobby = world.lobby(ana)
    before = len(eve.received)
    ana.say_all(posts(lobby, "one", "two"))
    eve.say_all(posts(lobby, "three", "four"))
    bob.say_all(posts(lobby, "five"))
    eve.say_all(posts(lobby, "six", first=3))
    world.settle()
    for guest in (ana, bob):
        assert guest.texts(lobby) == ["one", "two", "three", "four", "five", "six"]
    assert stored(eve.received[before:]) == [(1, 7, False), (2, 8, False), (3, 10, False)]
    assert not ana.got(Stored)


@pytest.mark.parametrize("failing", [0, 1])
def test_where_one_outcome_of_several_is_lost_nobody_lacks_what_is_stored(log: Log, failing: int) -> None:
    world = World(log)
    ana, bob, mia = (world.member(handle) for handle in ("ana", "bob", "mia"))
    lobby = world.lobby(ana)
    for guest, text in ((ana, "one"), (bob, "two"), (mia, "three")):
        guest.say_all(posts(lobby, text))
    world.hub.begin_pass(world.now, world.now_ms)
    decided = world.hub.commit()
    del decided[failing]  # as where an error keeps it from being applied
    for proposal, outcome in decided:
        world.hub.decide(proposal, outcome)
    world.end_pass()
    world.settle()
    for guest in (ana, bob, mia):
        assert guest.texts(lobby) == ["one", "two", "three"]


def test_repeats_among_them_are_told_where_they_stand_and_the_others_are_stored(log: Log) -> None:
    world = World(log)
    ana = world.member("ana")
    lobby = world.lobby(ana)
    ana.ask_all(posts(lobby, "one", "two"))
    answers = ana.ask_all([*posts(lobby, "one", "two", "three"), Post(9, lobby, nonce(2), "other")])
    assert stored(answers) == [(1, 3, True), (2, 4, True)]
    assert codes(answers) == [(9, ErrorCode.NONCE_REUSED)]
    assert ana.texts(lobby) == ["one", "two", "three"]


def test_each_that_may_not_be_is_refused(log: Log) -> None:
    world = World(log, text_bytes=10)
    ana, mia = world.member("ana"), world.member("mia", role=Role.MODERATOR)
    lobby = world.lobby(ana)
    answers = ana.ask_all(posts(lobby, "short", "much too long", "short too"))
    assert codes(answers) == [(2, ErrorCode.BAD_TEXT)]
    assert codes(ana.ask_all(posts(77, "one", "two", first=4))) == [
        (4, ErrorCode.NOT_A_MEMBER),
        (5, ErrorCode.NOT_A_MEMBER),
    ]
    mia.moderate(ModerationAct.MUTE, "ana", 600)
    muted = codes(ana.ask_all(posts(lobby, "one", "two", first=6)))
    assert muted == [(6, ErrorCode.NOT_ALLOWED), (7, ErrorCode.NOT_ALLOWED)]
    assert ana.texts(lobby) == ["short", "short too"]


def test_nothing_of_them_is_stored_behind_what_forbids_it_in_the_same_pass(log: Log) -> None:
    world = World(log)
    ana, mia = world.member("ana"), world.member("mia", role=Role.MODERATOR)
    lobby = world.lobby(ana)
    ana.say_all(posts(lobby, "in time", "too"))
    mia.say(Moderate(9, lobby, ModerationAct.MUTE, "ana", 600))
    before = len(ana.received)
    ana.say_all(posts(lobby, "late", "later", first=3))
    world.settle()
    assert [number for number, _ in codes(ana.received[before:])] == [3, 4]
    assert ana.texts(lobby) == ["in time", "too"]


def test_the_bucket_of_the_account_pays_for_each() -> None:
    world = World(posts_per_s=1, post_burst=5)
    ana = world.member("ana")
    lobby = world.lobby(ana)
    world.settle(10)  # the bucket is full again
    ana.say_all(posts(lobby, *"abcd"))
    assert ana.peer.paused_until <= world.now
    ana.say_all(posts(lobby, *"efgh", first=5))
    assert ana.peer.paused_until == pytest.approx(world.now + 3)


def test_before_login_they_do_not_belong() -> None:
    world = World()
    with pytest.raises(ProtocolError, match="Post does not belong here") as refused:
        world.guest().say_all(posts(1, "one", "two"))
    assert refused.value.code == ErrorCode.BAD_ORDER


def test_after_one_that_was_not_stored_none_is_taken_before_it_comes_again() -> None:
    log = MemoryLog()
    world = World(log)
    ana = world.member("ana")
    lobby = world.lobby(ana)
    log.fault = "the disk is full"
    wanted = posts(lobby, "one", "two", "three")
    assert codes(ana.ask_all(wanted)) == [(number, ErrorCode.STORAGE) for number in (1, 2, 3)]
    log.fault = ""
    assert codes(ana.ask_all(wanted[1:])) == [(number, ErrorCode.STORAGE) for number in (2, 3)]
    assert not codes(ana.ask_all(wanted))
    assert ana.texts(lobby) == ["one", "two", "three"]


TEXTS = [
    "tea",
    "cake, please",
    "@bob tea",
    "bob: tea",
    "Küche",
    "",
    "x" * 30,
    "a b",
    " led by a space",
    "\u202e",
]
MORE: st.SearchStrategy[Packet] = st.builds(
    Post,
    st.integers(1, 99),
    st.integers(1, 3),
    st.integers(1, 12).map(nonce),
    st.sampled_from(TEXTS),
    st.sampled_from([0, 0, 0, 1, 200]),
)
PACKETS = st.lists(
    st.one_of(
        MORE,
        MORE,
        MORE,
        MORE,
        st.builds(Ping, st.just(7)),
        st.builds(MarkRead, st.just(8), st.just(1), st.just(3)),
    ),
    min_size=1,
    max_size=8,
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["ana", "bob", "mute", "unmute", "break", "mend"]), PACKETS), max_size=8
)


def carry_out(world: World, log: SqliteLog, steps: Sequence[tuple[str, list[Packet]]]) -> list[Guest]:
    """Let people do these things, what one says arriving at once, and return them."""
    ana, bob = world.member("ana"), world.member("bob")
    mia = world.member("mia", role=Role.MODERATOR)
    opened = ana.ask(Join(90, "den", create=True))[-1]
    assert isinstance(opened, Opened)
    ana.follow(opened.info.room)
    for act, packets in steps:
        if act in ("mute", "unmute"):
            mia.moderate(ModerationAct.MUTE if act == "mute" else ModerationAct.UNMUTE, "ana", 600)
        elif act in ("break", "mend"):
            log._connection.execute(f"PRAGMA query_only = {'ON' if act == 'break' else 'OFF'}")
        else:
            guest = ana if act == "ana" else bob
            guest.say_all(packets)
            if packets[0] != packets[-1]:  # else both are heard in one pass
                world.settle()
    world.settle()
    return [ana, bob, mia]


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_any_mix_together_gives_everybody_what_it_gives_one_by_one(
    steps: list[tuple[str, list[Packet]]],
) -> None:
    received: list[list[list[ServerPacket]]] = []
    for together in (False, True):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            if not together:
                patch.setattr(requests, "cut_posts", lambda *_data: None)
            log = SqliteLog(Path(folder) / "chatroom.db")
            with contextlib.closing(log):
                world = World(log, text_bytes=20, posts_per_s=1e9, post_burst=1e9)
                guests = carry_out(world, log, steps)
                received.append([guest.received[1:] for guest in guests])
    assert received[0] == received[1]
