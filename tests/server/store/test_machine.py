"""The law of the store: whatever is asked of it, and however often it is reopened or crashes, the log on disk
does what the log in memory does.
"""

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatroom.protocol.entries import Declined, EntryKind, Invited, Posted, RoomKind, TopicSet, encode_body
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import AddAccount, AddEntry, AddRoom, Change, Hits, SetRead, Several
from chatroom.server.store import indexer, nonces
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.outcomes import one_by_one
from support.story import BUDGET, LIMIT, START_MS, joined, left, new_account, posts_together

HANDLES = ["ana", "bob", "b0b", "eve", "dora"]
WORDS = ["tea", "cake", "tea cake", "今天天气", "天气", "teacup", "@bob: tea"]

accounts = st.integers(0, 5)
rooms = st.integers(1, 4)


def message(room: int, author: int, text: str, nonce: int, mentioned: list[int]) -> AddEntry:
    body = encode_body(Posted(text))
    key = nonce.to_bytes(16, "big") if nonce else b""
    return AddEntry(room, author, EntryKind.POSTED, body, key, tuple(mentioned))


def invited(room: int, author: int, handle: str) -> AddEntry:
    return AddEntry(room, author, EntryKind.INVITED, encode_body(Invited(handle)))


def declined(room: int, author: int) -> AddEntry:
    return AddEntry(room, author, EntryKind.DECLINED, encode_body(Declined()))


def topic(room: int, author: int, text: str) -> AddEntry:
    return AddEntry(room, author, EntryKind.TOPIC_SET, encode_body(TopicSet(text)))


def account(handle: str, key: str) -> AddAccount:
    return new_account(handle, key.encode().ljust(32))


def plain_messages(room: int, author: int, posts: list[tuple[str, int]]) -> AddPosts:
    return AddPosts(room, author, posts_together(room, ((text, n.to_bytes(16)) for text, n in posts)))


messages = st.builds(
    message,
    rooms,
    accounts,
    st.sampled_from(WORDS),
    st.integers(0, 40),
    st.lists(accounts, max_size=2, unique=True),
)
changes: st.SearchStrategy[Change] = st.one_of(
    messages,
    messages,
    st.builds(
        plain_messages,
        rooms,
        accounts,
        st.lists(
            st.tuples(st.sampled_from(["tea", "cake", "tea cake"]), st.integers(1, 40)),
            min_size=1,
            max_size=5,
        ),
    ),
    st.builds(joined, rooms, st.integers(1, 5)),
    st.builds(left, rooms, st.integers(1, 5)),
    st.builds(invited, rooms, accounts, st.sampled_from(HANDLES)),
    st.builds(declined, rooms, accounts),
    st.builds(topic, rooms, accounts, st.sampled_from(WORDS)),
    st.builds(SetRead, accounts, rooms, st.integers(0, 12)),
    st.builds(account, st.sampled_from(HANDLES), st.sampled_from(HANDLES)),
    st.builds(
        AddRoom,
        st.sampled_from(["garden", "kitchen"]),
        st.sampled_from([RoomKind.PUBLIC, RoomKind.PRIVATE]),
        st.lists(accounts, max_size=3).map(tuple),
    ),
    st.builds(AddRoom, st.just(""), st.just(RoomKind.DIRECT), st.lists(accounts, max_size=3).map(tuple)),
)


class TwoLogs(RuleBasedStateMachine):
    """The same passes for a log in memory and one on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for module, name, value in (
            (indexer, "BATCH", 3),
            (indexer, "BLOCK", 5),
            (nonces, "IDLE_NONCES", 4),
            (nonces, "MOST_NONCES", 8),
            (nonces, "SLICE", 3),
        ):
            self.patch.setattr(module, name, value)
        self.folder = Path(tempfile.mkdtemp(prefix="two-logs-"))
        self.places = 0
        self.memory = MemoryLog()
        self.disk = SqliteLog(self.place(), search_s=10)
        self.log_id = self.disk.log_id
        self.now_ms = START_MS

    def place(self) -> Path:
        folder = self.folder / str(self.places)
        folder.mkdir(exist_ok=True)
        return folder / "log.db"

    @initialize()
    def begin(self) -> None:
        made = [new_account("ana"), new_account("bob"), AddRoom("garden", RoomKind.PUBLIC, (1, 2))]
        self.commit(made)

    @rule(batch=st.lists(changes, min_size=1, max_size=6), later_ms=st.integers(-5_000, 5_000))
    def commit(self, batch: list[Change], later_ms: int = 0) -> None:
        self.now_ms += later_ms
        for log in (self.memory, self.disk):
            log.submit(batch, self.now_ms)
        assert one_by_one(batch, self.disk.outcomes()) == self.memory.outcomes()

    @rule(batch=st.lists(changes, min_size=1, max_size=4))
    def fail_to_commit(self, batch: list[Change]) -> None:
        """The disk refuses everything: what is not refused for another reason is refused for that."""
        self.disk._connection.execute("PRAGMA query_only = ON")
        self.disk.submit(batch, self.now_ms)
        self.disk._connection.execute("PRAGMA query_only = OFF")
        for outcome in self.disk.outcomes():
            each = outcome.outcomes if isinstance(outcome, Several) else (outcome,)
            assert not any(isinstance(one, CommittedPosts) or getattr(one, "entries", ()) for one in each)

    @rule(steps=st.integers(1, 5))
    def index(self, steps: int) -> None:
        for _ in range(steps):
            if not self.disk.index(0):
                break

    @rule()
    def reopen(self) -> None:
        self.disk.close()
        self.disk = SqliteLog(self.place(), search_s=10)

    @rule()
    def crash(self) -> None:
        """Go on with the files as they lie there now."""
        old = self.place().parent
        self.places += 1
        new = self.place().parent
        for file in old.iterdir():
            if not file.name.endswith("-shm"):
                shutil.copy(file, new)
        self.disk.close()
        self.disk = SqliteLog(self.place(), search_s=10)

    @rule(query=st.sampled_from(["tea", "cake tea", "天气", "te*", "bob"]), author=st.sampled_from([0, 1, 2]))
    def search(self, query: str, author: int) -> None:
        while self.disk.index(1):
            pass
        among = [room.number for room in self.memory.load().rooms][:3]
        found: list[list[bytes]] = []
        for log in (self.memory, self.disk):
            frames: list[bytes] = []
            before = 0
            while True:
                hits: Hits = log.search(query, among, author, before, 2)
                frames += hits.frames
                before = hits.next
                if not before:
                    break
            found.append(sorted(frames))
        assert found[0] == found[1]

    @invariant()
    def the_rooms_are_the_same(self) -> None:
        assert self.disk.log_id == self.log_id
        snapshot = self.memory.load()
        assert self.disk.load() == snapshot
        heads = {room.number: room.head for room in snapshot.rooms}
        for room in heads:
            frames = self.memory.after(room, 0, LIMIT, BUDGET)
            assert self.disk.after(room, 0, LIMIT, BUDGET) == frames
            assert self.disk.before(room, 5, 1, 3, 200) == self.memory.before(room, 5, 1, 3, 200)
        for number in range(1, len(snapshot.accounts) + 1):
            assert self.disk.unread(number, heads) == self.memory.unread(number, heads)

    def teardown(self) -> None:
        self.patch.undo()
        with contextlib.suppress(Exception):
            self.disk.close()
        shutil.rmtree(self.folder)


TwoLogs.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestTwoLogs = pytest.mark.timeout(300)(TwoLogs.TestCase)
