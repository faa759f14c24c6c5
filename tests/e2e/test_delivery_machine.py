"""The law of delivery over the real hub, the real SQLite file and real sessions.

Any mix of posts, cuts, kills and restarts leaves every timeline equal to the log, with every message in it
once and in its author's order.
"""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatroom.client.session.events import PostRefused
from chatroom.client.session.timeline import Gap
from chatroom.protocol.entries import Entry, Posted, decode_entry, read_body
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.server.store.sqlite import SqliteLog
from support.hub_server import HubServer
from support.session_world import Desk

HANDLES = ("alice", "bob", "carol")
WHO = st.sampled_from(range(len(HANDLES)))
FEW_BYTES = st.integers(1, 150)


class Delivery(RuleBasedStateMachine):
    """Three people; `seen` is what each (room, seq) ever was on any screen."""

    @initialize()
    def begin(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        path = Path(self.directory.name) / "chatroom.db"
        self.server = HubServer(lambda: SqliteLog(path))
        self.desks = [Desk(self.server, handle, follow_backlog=5, skip_over=8) for handle in HANDLES]
        self.posted: dict[str, list[str]] = {handle: [] for handle in HANDLES}
        self.seen: dict[int, bytes] = {}
        for desk in self.desks:
            desk.online()
        self.room = self.desks[0].number()
        self.kept_before = [dict(desk.file.kept) for desk in self.desks]

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        for desk in self.desks:
            desk.drop()
            desk.online()
        for desk in self.desks:
            desk.settle()
            assert desk.session.waiting_count == 0
            timeline = desk.session.timeline(self.room)
            while timeline.gaps():
                desk.session.fill_gap(self.room, timeline.gaps()[0])
                desk.settle()
            assert timeline.cursor == len(self.log())
        self.what_is_shown_is_what_is_stored()
        stored = [body.text for body in map(read_body, self.log()) if isinstance(body, Posted)]
        for handle, texts in self.posted.items():
            assert [text for text in stored if text.startswith(handle)] == texts
        self.server.log.close()
        self.directory.cleanup()

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
        if forgets:  # what was taken out of its outbox had not reached the disk
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

    def cut_all(self) -> None:
        for desk in self.desks:
            desk.drop()

    # -- what must hold ------------------------------------------------------------------------------------

    def log(self) -> list[Entry]:
        frames = self.server.log.after(self.room, 0, 100_000, 2**30)
        return [decode_entry(frame[HEADER_BYTES:]) for frame in frames]

    @invariant()
    def what_is_shown_is_what_is_stored(self) -> None:
        if not hasattr(self, "server"):
            return
        log = self.log()
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        nonces = [(entry.author, entry.nonce) for entry in log if entry.nonce]
        assert len(set(nonces)) == len(nonces)
        for entry in log:
            assert self.seen.setdefault(entry.seq, bytes(entry.body)) == bytes(entry.body)
        for number, desk in enumerate(self.desks):
            self.kept_before[number] = dict(desk.file.kept)
            assert not any(isinstance(event, PostRefused) for event in desk.session.take_events())
            check_timeline(desk, self.room, log)


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


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=80, stateful_step_count=40)
