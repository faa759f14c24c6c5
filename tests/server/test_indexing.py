"""When stored messages are made searchable."""

import contextlib

from chatroom.net.loop import Loop
from chatroom.server.indexing import BUSY_EVERY_S, BUSY_SLICE_S, IDLE_SLICE_S, Indexing
from chatroom.server.store.memory import MemoryLog
from support.patience import wait_until
from support.raw_client import raw_client
from support.service_thread import running_service


class SlicedLog(MemoryLog):
    """Notes for how long each time it was told to index."""

    def __init__(self, *, has_more: bool = False) -> None:
        super().__init__()
        self.slices_s: list[float] = []
        self.has_more = has_more

    def index(self, budget_s: float) -> bool:
        self.slices_s.append(budget_s)
        return self.has_more


def test_a_server_that_has_heard_something_indexes_when_it_hears_no_more() -> None:
    with running_service() as host, raw_client(host.port) as ana:
        log, indexing = SlicedLog(), host.service._indexing
        host.call(lambda: setattr(indexing, "_log", log))
        lobby = ana.enter("ana")
        wait_until(lambda: log.slices_s and indexing._timer is None)
        log.slices_s.clear()
        ana.post(lobby, "to be found")
        wait_until(lambda: log.slices_s and indexing._timer is None)
        assert set(log.slices_s) == {IDLE_SLICE_S}


def test_while_packets_come_it_indexes_a_little_at_a_time() -> None:
    with contextlib.closing(Loop()) as loop:
        log = SlicedLog()
        indexing = Indexing(loop, log)
        indexing.busy(loop.now() + 60)
        while not log.slices_s:
            loop.run_once()
        assert log.slices_s == [BUSY_SLICE_S]


def test_under_load_it_indexes_once_a_second_and_goes_on_soon_when_there_is_silence() -> None:
    with contextlib.closing(Loop()) as loop:
        log = SlicedLog(has_more=True)
        indexing = Indexing(loop, log)
        indexing.busy(loop.now() + 60)
        while not log.slices_s:
            loop.run_once()
        began_at = loop.now()
        while loop.now() < began_at + BUSY_EVERY_S * 0.7:
            loop.run_once(0.05)
        assert log.slices_s == [BUSY_SLICE_S]
        indexing.busy(loop.now() - 1)  # nothing came for a second
        while len(log.slices_s) < 2:
            loop.run_once()
        assert log.slices_s == [BUSY_SLICE_S, IDLE_SLICE_S]
        assert loop.now() < began_at + BUSY_EVERY_S


def test_the_log_of_a_server_that_rests_looks_after_its_files() -> None:
    with running_service() as host:
        log, indexing = SlicedLog(), host.service._indexing
        host.call(lambda: setattr(indexing, "_log", log))
        for _ in range(2):
            wait_until(lambda: log.slices_s and indexing._timer is None)
            log.slices_s.clear()
