"""A room of a million messages: `history` pages, `search`, how long the loop is held, and the time to start.

Read next: `million.py`, `load/caller.py`.
"""

import random
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench import machine, programs
from bench.contenders import our_server
from bench.load.caller import Caller, timed
from bench.million import database, vocabulary
from bench.results import Report, say
from chatroom.protocol.packets import History, HistoryPage, Request, Search, SearchPage, ServerPacket

OURS: Final = "chatroom"


def archive(report: Report, messages: int, requests: int) -> None:
    """Measure `history` and `search` over a log of so many messages."""
    data = database(messages)
    with programs.fresh_directory() as directory, our_server(directory, data=data) as server:
        with machine.on_core(machine.LOAD_CORE):
            asker, bystander = Caller(server.port, 0), Caller(server.port, 1)
            report.note("start", OURS, messages=messages, ready_s=server.ready_s)
            say(f"history: {requests} pages")
            measure(report, "history", asker, bystander, _pages(asker), requests)
            for name, queries in _queries().items():
                say(f"search: {requests} times {name}")
                measure(report, f"search, {name}", asker, bystander, queries, requests)
            asker.close()
            bystander.close()
        _say_size(report, data, server.pid)


def measure(
    report: Report,
    profile: str,
    asker: Caller,
    bystander: Caller,
    make: Callable[[int], Request],
    requests: int,
) -> None:
    """Ask so many times; note the times of the answers, and of the pongs a bystander got meanwhile."""
    answers: list[float] = []
    pongs: list[float] = []
    found = 0
    for _ in range(requests):
        answer_s, pong_s, answer = timed(asker, bystander, make(asker.next_id()))
        answers.append(answer_s * 1e3)
        pongs.append(pong_s * 1e3)
        found += _entries(answer)
    answers.sort()
    report.note(
        profile,
        OURS,
        p50_ms=statistics.median(answers),
        p99_ms=answers[int(len(answers) * 0.99)],
        most_ms=answers[-1],
        loop_held_ms=max(pongs),
        entries_each=found / requests,
    )


def _entries(answer: ServerPacket) -> int:
    return len(answer.entries) if isinstance(answer, HistoryPage | SearchPage) else 0


def _pages(asker: Caller) -> Callable[[int], Request]:
    chooser = random.Random(6)
    return lambda number: History(number, asker.room, before=chooser.randint(2, asker.head), limit=200)


def _queries() -> dict[str, Callable[[int], Request]]:
    """Kinds of search: words that stand in most messages, in some, in few, and two or three together."""
    chooser = random.Random(7)
    words = vocabulary()
    common, some, rare = words[:5], words[50:500], words[5_000:]
    return {
        "a common word": lambda number: Search(number, chooser.choice(common)),
        "a word": lambda number: Search(number, chooser.choice(some)),
        "a rare word": lambda number: Search(number, chooser.choice(rare)),
        "two words": lambda number: Search(number, f"{chooser.choice(some)} {chooser.choice(some)}"),
        "common and rare": lambda number: Search(number, f"{chooser.choice(common)} {chooser.choice(rare)}"),
        "no such word": lambda number: Search(number, "xyzzyx"),
    }


def _say_size(report: Report, data: Path, pid: int) -> None:
    size = sum(path.stat().st_size for path in data.glob("chatroom.db*"))
    report.note("start", OURS, database_mib=size / 2**20, resident_mib=machine.resident_bytes(pid) / 2**20)
