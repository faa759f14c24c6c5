"""The law of delivery over the real hub, the real SQLite file, a real outbox file and real sessions.

Any mix of posts in two rooms, comings, leavings, kicks and mutes, cuts, slow readers, kills, restarts, full
disks, jumping clocks and older copies put in the place of the log leaves every timeline equal to the log,
with every message in it once and in its author's order. The invariants I1 to I8 of docs/guarantees.md are
looked at after every step, in the database as another program sees it: what is not committed is not there.
`CHATROOM_EXAMPLES` makes it search longer; with `CHATROOM_FIRST_FAULT` it looks for no shorter example of a
fault that it found. Read next: `support/delivery_book.py`.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chatroom.client.session.events import State
from chatroom.protocol.packets import ModerationAct, Role
from chatroom.server.hub import delivery
from chatroom.server.store.copies import back_up, restore
from chatroom.server.store.sqlite import SqliteLog
from support.delivery_book import Book, FileDesk, Logs
from support.hub_server import HubLink, HubServer
from support.session_world import Desk

EXAMPLES = int(os.environ.get("CHATROOM_EXAMPLES", "80"))
PHASES = [Phase.generate] if "CHATROOM_FIRST_FAULT" in os.environ else list(Phase)
HANDLES = ("alice", "bob", "carol")
WHO = st.sampled_from(range(len(HANDLES)))
OTHERS = st.sampled_from(HANDLES[1:])
TITLES = ("#lobby", "#dev")
TITLE = st.sampled_from(TITLES)
FEW_BYTES = st.integers(1, 150)
HOUR_MS, YEAR_MS = 3_600_000, 31_557_600_000
RETRY_S = 31.0
COPIES = 3


class Delivery(RuleBasedStateMachine):
    """Three people, of whom alice is the owner; what was promised to them stands in the book."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(delivery, "FEED_ENTRIES", 3)  # who lags is fed in several helpings
        self.directory = Path(tempfile.mkdtemp(prefix="delivery-"))
        self.path = self.directory / "chatroom.db"
        self.server = HubServer(lambda: SqliteLog(self.path))
        code = self.server.hub.make_owner_code(self.server.now)
        brief = {"follow_backlog": 5, "skip_over": 8}
        self.desks = [Desk(self.server, handle, **brief) for handle in HANDLES[:2]]
        self.desks.append(FileDesk(self.directory / "outbox", self.server, HANDLES[2], **brief))
        for desk in self.desks:
            desk.online()
            desk.session.ask.join("dev", create=True)
            desk.settle()
        self.desks[0].session.ask.claim(code)
        self.desks[0].settle()
        assert self.desks[0].session.my_role is Role.OWNER
        self.rooms = {title: self.desks[0].number(title) for title in TITLES}
        self.book = Book(self.server, self.path, self.desks, list(self.rooms.values()))
        self.copies: list[Path] = []
        self.restored = 0

    def teardown(self) -> None:
        if not hasattr(self, "patch"):
            return
        try:
            if hasattr(self, "book"):
                self.everything_arrives()
        finally:
            self.patch.undo()
            if hasattr(self, "book"):
                self.clear_away()

    def clear_away(self) -> None:
        for desk in self.desks:
            if isinstance(desk, FileDesk):
                desk.end()
        self.book.close()
        self.server.log.close()
        shutil.rmtree(self.directory)

    def everything_arrives(self) -> None:
        self.free_the_disk()
        for desk in self.desks:
            desk.drop()
            desk.online()
            self.book.check()
        for desk in self.desks:
            desk.wait(RETRY_S)
            assert desk.session.waiting_count == 0
            for title in TITLES:
                desk.session.ask.join(title.removeprefix("#"), create=False)
                desk.settle()
        for desk in self.desks:
            desk.settle()
            for room, log in self.book.log().items():
                timeline = desk.session.timeline(room)
                while timeline.gaps():
                    desk.session.ask.fill_gap(room, timeline.gaps()[0])
                    desk.settle()
                assert timeline.cursor == len(log)
        self.book.check()
        self.every_message_is_answered(self.book.log())

    def every_message_is_answered(self, logs: Logs) -> None:
        """What was written stands in the log, was given back, or was in a log that an operator threw away."""
        stored = {entry.nonce for log in logs.values() for entry in log}
        for posts in self.book.posted.values():
            for _, nonce in posts:
                assert (nonce in stored) != (nonce in self.book.refused) or nonce in self.book.lost

    @invariant()
    def every_promise_is_kept(self) -> None:
        if hasattr(self, "book"):
            self.book.check()

    # -- people ----------------------------------------------------------------------------------------------

    @rule(who=WHO, title=TITLE, count=st.integers(1, 6))
    def post(self, who: int, title: str, count: int) -> None:
        desk, room = self.desks[who], self.rooms[title]
        if room in desk.session.rooms:
            for _ in range(count):
                number = len(self.book.posted[desk.handle])
                self.book.wrote(desk, room, desk.post(f"{desk.handle} {number}", title))

    @rule(who=WHO, title=TITLE)
    def leave(self, who: int, title: str) -> None:
        self.reach(who).session.ask.leave(self.rooms[title])

    @rule(who=WHO, title=TITLE)
    def join(self, who: int, title: str) -> None:
        self.reach(who).session.ask.join(title.removeprefix("#"), create=False)

    @rule(handle=OTHERS, title=TITLE)
    def kick(self, handle: str, title: str) -> None:
        self.reach(0).session.ask.moderate(self.rooms[title], ModerationAct.KICK, handle)

    @rule(handle=OTHERS, act=st.sampled_from([ModerationAct.MUTE, ModerationAct.UNMUTE]))
    def mute_or_unmute(self, handle: str, act: ModerationAct) -> None:
        self.reach(0).session.ask.moderate(self.rooms["#lobby"], act, handle)

    @rule(who=WHO, title=TITLE, count=st.integers(1, 3))
    def leave_while_writing(self, who: int, title: str, count: int) -> None:
        """All of it is in one pass of the server."""
        self.leave(who, title)
        self.post(who, title, count)
        self.carry_up_in_one_pass([who])

    @rule(who=st.integers(1, 2), title=TITLE, count=st.integers(1, 3))
    def kick_or_mute_who_is_writing(self, who: int, title: str, count: int) -> None:
        self.kick(HANDLES[who], title)
        self.mute_or_unmute(HANDLES[who], ModerationAct.MUTE)
        self.reach(who)
        self.post(who, title, count)
        self.carry_up_in_one_pass([0, who])

    # -- connections -----------------------------------------------------------------------------------------

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        if self.desks[who].connection is None:
            self.desks[who].connect()

    @rule()
    def everybody_is_there(self) -> None:
        """Whoever is not is connected, and whatever is under way arrives."""
        for who in range(len(HANDLES)):
            self.reach(who)
        for desk in self.desks:
            desk.settle()

    def reach(self, who: int) -> Desk:
        """Return somebody's desk, connected and logged in if the server lets it."""
        self.connect(who)
        desk = self.desks[who]
        return desk if desk.session.state is State.ONLINE else desk.settle()

    @rule(who=WHO)
    def carry_up(self, who: int) -> None:
        if self.desks[who].connection is not None:
            self.desks[who].up()

    @rule(order=st.permutations(range(len(HANDLES))))
    def carry_up_in_one_pass(self, order: list[int]) -> None:
        for who in order:
            link = self.link(who)
            if link is not None:
                link.think(self.desks[who].session.data_to_send())
        self.server.flush()

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
            self.server.flush()

    @rule(who=WHO, capacity=st.sampled_from([0, 60, 400, None]))
    def take_only_a_part(self, who: int, capacity: int | None) -> None:
        """The buffer between the server and a reader is that small from now on, or endless again."""
        link = self.link(who)
        if link is not None:
            link.capacity = capacity
            link.take(0)
            self.server.flush()

    @rule(who=WHO)
    def cut(self, who: int) -> None:
        self.desks[who].drop()

    @rule(who=WHO)
    def settle(self, who: int) -> None:
        self.desks[who].settle()

    # -- ends ------------------------------------------------------------------------------------------------

    @rule(who=WHO, forgets=st.booleans())
    def kill_the_client(self, who: int, forgets: bool) -> None:
        desk = self.desks[who]
        if forgets and who < 2:  # what was taken out of its outbox had not reached the disk
            before = self.book.kept_before[who].items()
            again = {nonce: post for nonce, post in before if nonce not in self.book.refused}
            desk.file.kept = again | desk.file.kept  # type: ignore[assignment]
        desk.start()
        self.book.killed(desk)

    @rule()
    def kill_the_server(self) -> None:
        self.server.restart()
        self.cut_all()

    @rule(who=WHO)
    def kill_the_server_while_it_thinks(self, who: int) -> None:
        link = self.link(who)
        if link is not None:
            link.think(self.desks[who].session.data_to_send())
        self.server.restart(loses_the_pass=True)
        self.cut_all()

    @precondition(lambda self: len(self.copies) < COPIES)
    @rule()
    def copy_the_log(self) -> None:
        copy = self.directory / f"copy-{len(self.copies)}.db"
        back_up(self.path, copy)
        self.copies.append(copy)

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def put_an_older_copy_in_its_place(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.copies))
        self.server.flush()
        former_id, former = self.server.log.log_id, self.book.log()
        self.book.close()
        self.restored += 1
        self.server.restart(meanwhile=lambda: restore(copy, self.path, f"kept-{self.restored}.db"))
        self.book.open()
        self.cut_all()
        assert self.server.log.log_id != former_id
        self.book.replaced(former_id, former)

    # -- disk and time ---------------------------------------------------------------------------------------

    @rule(pages=st.sampled_from([0, 1, 3]))
    def fill_the_disk(self, pages: int) -> None:
        (count,) = self.server.log._connection.execute("PRAGMA page_count").fetchone()
        self.server.log._connection.execute(f"PRAGMA max_page_count = {count + pages}").fetchone()

    @rule()
    def let_the_disk_refuse(self) -> None:
        self.server.log._connection.execute("PRAGMA query_only = ON")

    @rule(who=WHO, title=TITLE)
    def let_the_disk_refuse_one_of_two_messages(self, who: int, title: str) -> None:
        """The second is under way before its author hears of the first."""
        self.reach(who)
        self.post(who, title, 1)
        self.let_the_disk_refuse()
        self.carry_up(who)
        self.free_the_disk()
        self.post(who, title, 1)
        self.carry_up(who)

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

    def link(self, who: int) -> HubLink | None:
        link = self.desks[who].connection
        return link if isinstance(link, HubLink) else None


Delivery.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, phases=PHASES)
TestDelivery = pytest.mark.timeout(120 + 5 * EXAMPLES)(Delivery.TestCase)
