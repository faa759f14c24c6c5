"""Some read, one stops, others leave and come: with the broadcast in C and without it."""

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from chatroom.net.broadcast import IS_BUILT
from support.raw_client import Ended, RawClient, raw_client
from support.server_process import running_server

SETTINGS = {"limits": {"posts_per_s": 100_000.0, "post_burst": 100_000}}
WITHOUT = "import sys; sys.modules['chatroom.net._broadcast'] = None"
COUNTING = """
import sys
from chatroom.net import _broadcast
once = _broadcast.broadcast
def broadcast(pushes, data):
    _broadcast.broadcast = once
    print("broadcast in C", file=sys.stderr)
    return once(pushes, data)
_broadcast.broadcast = broadcast
"""
"""Tells when the module in C is used for the first time."""
needs_module = pytest.mark.skipif(not IS_BUILT, reason="no C compiler when chatroom was installed")
MESSAGES = 400
LAST = "the last one"


def read_until_the_last(reader: RawClient) -> None:
    try:
        reader.wait_for_text(LAST)
    except Ended:
        return


@pytest.mark.parametrize(
    "altered",
    [
        pytest.param(COUNTING, id="in C", marks=needs_module),
        pytest.param(WITHOUT, id="in Python"),
    ],
)
def test_everybody_gets_all_in_order_while_readers_stall_leave_and_come(altered: str, tmp_path: Path) -> None:
    with running_server(tmp_path, SETTINGS, altered=altered) as server, ExitStack() as stack:
        ana = stack.enter_context(raw_client(server.port))
        lobby = ana.enter("ana")
        reader = stack.enter_context(raw_client(server.port))
        reader.enter("reader")
        stopped = stack.enter_context(raw_client(server.port, receive_bytes=4096))
        stopped.enter("stopped")
        texts = [f"{number} " + "x" * 4_000 for number in range(MESSAGES)]
        for number, text in enumerate(texts):
            if number % 20 == 0:  # who comes gets the descriptor of who has just left
                with raw_client(server.port) as passing:
                    passing.enter(f"passing{number}")
            ana.post(lobby, text)
            ana.wait_for_text(text)
        ana.post(lobby, LAST)
        readers = (ana, reader, stopped)
        threads = [threading.Thread(target=read_until_the_last, args=(one,)) for one in readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in readers:
            assert one.texts() == [*texts, LAST]
        assert ("broadcast in C" in server.log()) == (altered == COUNTING)
        assert "mistake" not in server.log()
        assert "Traceback" not in server.log()
