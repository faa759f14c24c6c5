"""The law of delivery over the real hub, the real SQLite file, a real outbox file and real sessions.

Any mix of posts, cuts, kills, restarts, full disks and jumping clocks leaves every timeline equal to the log,
with every message in it once and in its author's order. The invariants of docs/guarantees.md are looked at
after every step, in the database as another program sees it: what is not committed is not there.
`CHATROOM_EXAMPLES` makes it search longer.
"""

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatroom.client.connection.outbox_file import DiskOutbox
from chatroom.client.session.events import PostRefused, PostStored
from chatroom.client.session.timeline import Gap
from chatroom.protocol.entries import Entry, Posted, decode_entry, read_body
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.server.store.sqlite import SqliteLog
from support.hub_server import HubServer
from support.session_world import Desk

EXAMPLES = int(os.environ.get("CHATROOM_EXAMPLES", "80"))
HANDLES = ("alice", "bob", "carol")
WHO = st.sampled_from(range(len(HANDLES)))
FEW_BYTES = st.integers(1, 150)
HOUR_MS, YEAR_MS = 3_600_000, 31_557_600_000
RETRY_S = 31.0


class FileDesk(Desk):
    """A desk whose outbox is a file: a new process takes over what the one before has left."""

    def __init__(self, place: Path, *arguments: object, **options: object) -> None:
        self.place = place
        self.outbox: DiskOutbox | None = None
        super().__init__(*arguments, **options)  # type: ignore[arg-type]

    def start(self) -> None:
        """A new process; the lock of the old one ended with it."""
        if self.outbox is not None:
            self.outbox.close()
        self.outbox = DiskOutbox(self.place)
        self.file = self.outbox  # type: ignore[assignment]
        super().start()


class Delivery(RuleBasedStateMachine):
    """Three people; `seen` is what each (room, seq) ever was on any screen, `told` what was acknowledged."""

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="delivery-")
        path = Path(self.directory) / "chatroom.db"
        self.server = HubServer(lambda: SqliteLog(path))
        self.disk = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        self.desks = [Desk(self.server, handle, follow_backlog=5, skip_over=8) for handle in HANDLES[:2]]
        place = Path(self.directory) / "outbox"
        self.desks.append(FileDesk(place, self.server, HANDLES[2], follow_backlog=5, skip_over=8))
        self.told: dict[bytes, int] = {}
        self.posted: dict[str, list[str]] = {handle: [] for handle in HANDLES}
        self.seen: dict[int, bytes] = {}
        for desk in self.desks:
            desk.online()
        self.room = self.desks[0].number()
        self.kept_before = [dict(desk.file.kept) for desk in self.desks[:2]]

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        try:
            self.everything_arrives()
        finally:
            for desk in self.desks:
                if isinstance(desk, FileDesk) and desk.outbox is not None:
                    desk.outbox.close()
            self.disk.close()
            self.server.log.close()
            shutil.rmtree(self.directory)

    def everything_arrives(self) -> None:
        self.free_the_disk()
        for desk in self.desks:
            desk.drop()
            desk.online()
        for desk in self.desks:
            desk.wait(RETRY_S)
            assert desk.session.waiting_count == 0
        for desk in self.desks:
            desk.settle()
            timeline = desk.session.timeline(self.room)
            while timeline.gaps():
                desk.session.ask.fill_gap(self.room, timeline.gaps()[0])
                desk.settle()
            assert timeline.cursor == len(self.log())
        self.what_is_shown_is_what_is_stored()
        stored = [body.text for body in map(read_body, self.log()) if isinstance(body, Posted)]
        for handle, texts in self.posted.items():
            assert [text for text in stored if text.startswith(handle)] == texts

    # -- what may happen -----------------------------------------------------------------------------------

    @rule(who=WHO, count=st.integers(1, 6))
    def post(self, who: int, count: int) -> None:
        desk = self.desks[who]
        if self.room in desk.session.rooms:
            for _ in range(count):
                text = f"{desk.handle} {len(self.posted[desk.handle])}"
                self.posted[desk.handle].append(text)
                desk.post(text)

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        if self.desks[who].connection is None:
            self.desks[who].connect()

    @rule(who=WHO)
    def carry_up(self, who: int) -> None:
        if self.desks[who].connection is not None:
            self.desks[who].up()

    @rule(who=WHO)
    def lose_the_answer(self, who: int) -> None:
        if self.desks[who].connection is not None:
            self.desks[who].up()
            self.desks[who].drop()

    @rule(who=WHO, limit=FEW_BYTES)
    def cut_on_the_way_up(self, who: int, limit: int) -> None:
        if self.desks[who].connection is not None:
            self.desks[who].up(limit)

    @rule(who=WHO, limit=FEW_BYTES | st.none())
    def carry_down(self, who: int, limit: int | None) -> None:
        if self.desks[who].connection is not None:
            self.desks[who].down(limit)

    @rule(who=WHO)
    def cut(self, who: int) -> None:
        self.desks[who].drop()

    @rule(who=WHO)
    def settle(self, who: int) -> None:
        self.desks[who].settle()

    @rule(who=WHO, forgets=st.booleans())
    def kill_the_client(self, who: int, forgets: bool) -> None:
        desk = self.desks[who]
        if forgets and who < 2:  # what was taken out of its outbox had not reached the disk
            desk.file.kept = self.kept_before[who] | desk.file.kept
        desk.start()

    @rule()
    def kill_the_server(self) -> None:
        self.server.restart()
        self.cut_all()

    @rule(who=WHO)
    def kill_the_server_while_it_thinks(self, who: int) -> None:
        desk = self.desks[who]
        if desk.connection is not None:
            desk.connection.think(desk.session.data_to_send())  # type: ignore[attr-defined]
        self.server.restart(loses_the_pass=True)
        self.cut_all()

    @rule(pages=st.sampled_from([0, 1, 3]))
    def fill_the_disk(self, pages: int) -> None:
        (count,) = self.server.log._connection.execute("PRAGMA page_count").fetchone()
        self.server.log._connection.execute(f"PRAGMA max_page_count = {count + pages}").fetchone()

    @rule()
    def let_the_disk_refuse(self) -> None:
        self.server.log._connection.execute("PRAGMA query_only = ON")

    @rule()
    def free_the_disk(self) -> None:
        self.server.log._connection.execute("PRAGMA max_page_count = 1000000000").fetchone()
        self.server.log._connection.execute("PRAGMA query_only = OFF")

    @rule(who=WHO, seconds=st.sampled_from([0.5, 2.0, RETRY_S, 50.0]))
    def let_time_pass(self, who: int, seconds: float) -> None:
        self.desks[who].wait(seconds)

    @rule(jump=st.sampled_from([HOUR_MS, -HOUR_MS, 10 * YEAR_MS, -10 * YEAR_MS]))
    def let_the_wall_clock_jump(self, jump: int) -> None:
        self.server.now += jump

    def cut_all(self) -> None:
        for desk in self.desks:
            desk.drop()

    # -- what must hold ------------------------------------------------------------------------------------

    def log(self) -> list[Entry]:
        """What another program finds committed."""
        rows = self.disk.execute("SELECT frame FROM entries WHERE id >> 40 = ? ORDER BY id", (self.room,))
        return [decode_entry(frame[HEADER_BYTES:]) for (frame,) in rows]

    @invariant()
    def what_is_shown_is_what_is_stored(self) -> None:
        if not hasattr(self, "server"):
            return
        log = self.log()
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        assert [entry.at for entry in log] == sorted(entry.at for entry in log)
        nonces = [(entry.author, entry.nonce) for entry in log if entry.nonce]
        assert len(set(nonces)) == len(nonces)
        for entry in log:
            assert self.seen.setdefault(entry.seq, bytes(entry.body)) == bytes(entry.body)
        for number, desk in enumerate(self.desks):
            if number < 2:
                self.kept_before[number] = dict(desk.file.kept)
            for event in desk.session.take_events():
                assert not isinstance(event, PostRefused)
                if isinstance(event, PostStored):
                    self.told[event.nonce] = event.seq
            check_timeline(desk, self.room, log)
        assert all(log[seq - 1].nonce == nonce for nonce, seq in self.told.items())
        self.each_author_is_in_order(log)

    def each_author_is_in_order(self, log: list[Entry]) -> None:
        stored = [body.text for body in map(read_body, log) if isinstance(body, Posted)]
        for handle, texts in self.posted.items():
            own = [text for text in stored if text.startswith(handle)]
            assert own == texts[: len(own)]


def check_timeline(desk: Desk, room: int, log: list[Entry]) -> None:
    timeline = desk.session.timeline(room)
    seq = timeline.floor
    for item in timeline.items:
        if isinstance(item, Gap):
            assert item.after == seq
            seq = item.before - 1
        else:
            seq += 1
            entry = log[seq - 1]
            assert (item.seq, item.author, item.nonce) == (entry.seq, entry.author, entry.nonce)
            assert item.body == read_body(entry)
    assert seq == timeline.cursor <= len(log)


Delivery.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=40)
TestDelivery = pytest.mark.timeout(120 + 5 * EXAMPLES)(Delivery.TestCase)
