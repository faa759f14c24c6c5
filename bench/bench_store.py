"""What the store costs: CPU and time of a commit by batch size, of reads, of search, of opening.

    python bench/bench_store.py [--messages 1000000] [--dir DIR] [--posts]

`--posts`: only what storing a message of a flood costs, by how its nonce was made.

`CPU` is user and system time of this process. `sync` is what one write of 4,120 bytes and one fdatasync cost
in the same run, in a file that does not grow: no way of keeping a message on disk costs less, so `beyond` is
ours. DIR must lie on the disk that is to be measured (the folder of this file by default), not on a tmpfs.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import accumulate, count
from pathlib import Path

from chatroom.protocol.codec import encode
from chatroom.protocol.entries import EntryKind, Posted, RoomKind, encode_body
from chatroom.protocol.packets import Post, Role
from chatroom.protocol.posts import cut_posts
from chatroom.server.hub.plain_posts import AddPosts
from chatroom.server.hub.ports import AddAccount, AddEntry, AddRoom, Committed, Log
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog

ROUNDS = 5
BATCHES = (1, 16, 64, 256)
AUTHORS = 100
BODY = encode_body(Posted("x" * 100))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--messages", type=int, default=1_000_000, help="size of the log for reads and search"
    )
    parser.add_argument("--dir", type=Path, default=Path(__file__).parent, help="where to put the files")
    parser.add_argument("--commits", type=int, help=argparse.SUPPRESS)  # the part that runs under strace
    parser.add_argument("--posts", action="store_true", help="only posts that come together")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="store-", dir=options.dir))
    try:
        if options.commits is not None:
            commit_one_by_one(folder, options.commits)
            return
        bench_posts(folder)
        if options.posts:
            return
        bench_memory()
        bench_commits(folder)
        count_system_calls(options.dir)
        bench_big(folder, options.messages)
    finally:
        shutil.rmtree(folder)


# -- material --------------------------------------------------------------------------------------------


def random_nonce() -> bytes:
    return os.urandom(16)


_rising = count(1)


def rising_nonce() -> bytes:
    return next(_rising).to_bytes(8, "big") + os.urandom(8)


def backward_nonce() -> bytes:
    return next(_rising).to_bytes(8, "little") + bytes(8)  # a counter as most machines hold it


def people(log: Log) -> None:
    """Make the accounts and a room."""
    log.submit([AddAccount(f"user{n}", n.to_bytes(32, "big"), Role.MEMBER, "") for n in range(AUTHORS)], 1)
    log.submit([AddRoom("hall", RoomKind.PUBLIC, (1,)), AddRoom("side", RoomKind.PUBLIC, (1,))], 1)
    assert all(isinstance(outcome, Committed) for outcome in log.outcomes())


def messages(size: int, nonce: Callable[[], bytes], body: bytes = BODY, room: int = 1) -> list[AddEntry]:
    return [AddEntry(room, n % AUTHORS + 1, EntryKind.POSTED, body, nonce()) for n in range(size)]


def submit(log: Log, batch: Sequence[AddEntry]) -> None:
    log.submit(batch, time.time_ns() // 1_000_000)
    outcomes = log.outcomes()
    assert type(outcomes[-1]) is Committed, outcomes[-1]


def time_nonce() -> bytes:
    return (next(_rising) // 256).to_bytes(6, "big") + os.urandom(10)  # within a "millisecond" in any order


# -- posts together --------------------------------------------------------------------------------------


def bench_posts(folder: Path) -> None:
    """A flood of 64 authors with four posts each in a pass, and the same after a restart."""
    for nonce in (time_nonce, rising_nonce, random_nonce, backward_nonce):
        path = folder / f"posts-{nonce.__name__}.db"
        costs: list[float] = []
        for _ in range(2):
            log = SqliteLog(path)
            if not costs:
                people(log)
            passes = [[posts_of(author, nonce) for author in range(1, 65)] for _ in range(400)]
            begin = time.process_time()
            for batch in passes:
                log.submit(batch, time.time_ns() // 1_000_000)
                log.outcomes()
            costs.append((time.process_time() - begin) / (400 * 64 * 4) * 1e6)
            log.close()
        name, first, again = nonce.__name__.replace("_", " "), *costs
        print(f"posts together, {name:14s}: CPU {first:.1f} us a message, {again:.1f} after a restart")


def posts_of(author: int, nonce: Callable[[], bytes]) -> AddPosts:
    data = b"".join(encode(Post(1, 1, nonce(), "x" * 100)) for _ in range(4))
    cut = cut_posts(data, 0, len(data))
    assert cut is not None
    return AddPosts(1, author, cut[0])


# -- commits ---------------------------------------------------------------------------------------------


def bench_memory() -> None:
    log = MemoryLog()
    people(log)
    for size in (1, 64):
        batches = [messages(size, random_nonce) for _ in range(40_000 // size)]
        begin = time.perf_counter()
        for batch in batches:
            submit(log, batch)
        taken = time.perf_counter() - begin
        print(f"MemoryLog, {size:3d} a pass: {40_000 / taken:10,.0f} messages/s")


class Sync:
    """The least that durable writing can cost: one write and one fdatasync."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(1 << 24))
        self._file = path.open("r+b", buffering=0)
        os.fsync(self._file.fileno())
        self._data = bytes(4_120)

    def __call__(self) -> None:
        if self._file.tell() > 1 << 23:
            self._file.seek(0)
        self._file.write(self._data)
        (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(self._file.fileno())


def bench_commits(folder: Path) -> None:
    """Take turns between the kinds, so that all meet the same machine; keep medians."""
    sync = Sync(folder / "sync")
    logs: dict[str, tuple[Log, Callable[[], bytes]]] = {}
    for nonce in (random_nonce, rising_nonce):
        log = SqliteLog(folder / f"{nonce.__name__}.db")
        people(log)
        for _ in range(200):
            submit(log, messages(500, nonce))  # 100,000 messages: an index that does not fit in a few pages
        for _ in range(1_500):
            submit(log, messages(1, nonce))  # a write-ahead log that does not grow any more
        logs[nonce.__name__.replace("_", " ")] = log, nonce
    for size in BATCHES:
        commits = max(2_000 // size, 60)
        costs: dict[str, list[tuple[float, float]]] = {}
        for _ in range(ROUNDS):
            costs.setdefault("sync", []).append(measure(sync, 1_000))
            for name, (log, nonce) in logs.items():
                costs.setdefault(name, []).append(measure_commits(log, size, nonce, commits))
        floor = statistics.median(cpu for cpu, _ in costs.pop("sync"))
        for name, rounds in costs.items():
            cpu, wall = (statistics.median(values) for values in zip(*rounds, strict=True))
            print(
                f"commit of {size:3d}, {name:12s}: CPU {cpu:7.1f} us (sync {floor:5.1f},"
                f" beyond {cpu - floor:7.1f}, {(cpu - floor) / size:5.1f} a message),"
                f" wall {wall:7.1f} us, {size / wall * 1e6:9,.0f} messages/s"
            )
    for log, _ in logs.values():
        log.close()


def measure_commits(log: Log, size: int, nonce: Callable[[], bytes], commits: int) -> tuple[float, float]:
    """Return CPU and wall time of one commit in microseconds; the messages are made before."""
    batches = iter([messages(size, nonce) for _ in range(commits)])
    return measure(lambda: submit(log, next(batches)), commits)


def measure(act: Callable[[], None], times: int) -> tuple[float, float]:
    """Return CPU and wall time of one act in microseconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        act()
    return (time.process_time() - cpu) / times * 1e6, (time.perf_counter() - wall) / times * 1e6


def commit_one_by_one(folder: Path, commits: int) -> None:
    log = SqliteLog(folder / "calls.db")
    people(log)
    for _ in range(commits):
        submit(log, messages(1, random_nonce))
    os._exit(0)  # closing would add its own calls


def count_system_calls(folder: Path) -> None:
    if shutil.which("strace") is None:
        print("system calls of a commit: not counted, strace is not installed")
        return
    few, many = (_system_calls(folder, commits) for commits in (100, 1_100))
    calls = {name: (many[name] - few.get(name, 0)) / 1_000 for name in many}
    listed = ", ".join(f"{name} {calls[name]:.2f}" for name in sorted(calls, key=calls.__getitem__)[::-1][:6])
    print(f"system calls of a commit of 1: {sum(calls.values()):.1f} ({listed})")


def _system_calls(folder: Path, commits: int) -> dict[str, int]:
    with tempfile.NamedTemporaryFile("r", dir=folder) as report:
        program = [sys.executable, __file__, "--dir", str(folder), "--commits", str(commits)]
        subprocess.run(["strace", "-f", "-c", "-o", report.name, *program], check=True)
        rows = (line.split() for line in report)
        found = {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit()}
    for left in folder.glob("store-*/calls.db"):
        shutil.rmtree(left.parent)
    found.pop("total", None)
    return found


# -- a big log -------------------------------------------------------------------------------------------


def bench_big(folder: Path, size: int) -> None:
    path = folder / "big.db"
    log = SqliteLog(path, search_s=10)
    people(log)
    fill(log, size)
    index(log, size)
    log.close()
    begin = time.perf_counter()
    log = SqliteLog(path, search_s=10)
    heads = [room.head for room in log.load().rooms]
    print(f"open a log of {heads[0]:,} messages: {(time.perf_counter() - begin) * 1e3:.1f} ms")
    rng = random.Random(1)
    places = [rng.randrange(heads[0] - 200) for _ in range(300)]
    show("page of 200 after", lambda: log.after(1, places[0], 200, 57_344), places)
    show("page of 200 before", lambda: log.before(1, places[0] + 200, 0, 200, 57_344), places)
    show("unread, 999 of many", lambda: log.unread(2, {1: heads[0]}), places[:50])
    words = vocabulary()
    queries = {
        "the commonest word": words[0],
        "two common words": f"{words[0]} {words[1]}",
        "a rare word": words[40_000],
        "a rare and a common word": f"{words[40_000]} {words[0]}",
        "a phrase": f"{words[0]}-{words[1]}",
        "the beginning of words": f"{words[2][:2]}*",
        "words that never meet": "even odd",
        "no such word": "zzzzzz",
    }
    for name, query in queries.items():
        show(f"search {name}", lambda query=query: log.search(query, [1], 0, 0, 50), places[:30])
    show("search a common word in a small room", lambda: log.search(words[0], [2], 0, 0, 50), places[:30])
    show("search a common word of one author", lambda: log.search(words[0], [1], 7, 0, 50), places[:30])
    many = list(range(1, 1_000))
    show("search a common word in 1,000 rooms", lambda: log.search(words[0], many, 0, 0, 50), places[:30])
    log.close()


def vocabulary() -> list[str]:
    rng = random.Random(7)
    letters = "etaoinshrdlcumwfgypbvk"
    return ["".join(rng.choice(letters) for _ in range(rng.randint(2, 10))) for _ in range(50_000)]


def fill(log: Log, size: int) -> None:
    """Store messages of 16 words, as frequent as words are (Zipf's law); one in 1,000 goes to a side room."""
    words = vocabulary()
    rng = random.Random(3)
    frequencies = list(accumulate(1 / (rank + 1) for rank in range(len(words))))
    begin = time.perf_counter()
    for start in range(0, size, 1_000):
        changes = []
        for n in range(start, min(start + 1_000, size)):
            chosen = rng.choices(words, cum_weights=frequencies, k=16)
            text = " ".join([*chosen, "even" if n % 2 else "odd"])
            room = 2 if n % 1_000 == 0 else 1
            changes.append(
                AddEntry(room, n % AUTHORS + 1, EntryKind.POSTED, encode_body(Posted(text)), os.urandom(16))
            )
        submit(log, changes)
    print(f"stored {size:,} messages in {time.perf_counter() - begin:.1f} s")


def index(log: Log, size: int) -> None:
    """Index everything in slices of 5 ms, as an idle server does."""
    slices: list[float] = []
    cpu = time.process_time()
    is_left = True
    while is_left:
        begin = time.perf_counter()
        is_left = log.index(0.005)
        slices.append((time.perf_counter() - begin) * 1e3)
    cpu = time.process_time() - cpu
    slices.sort()
    print(
        f"index: {cpu / size * 1e6:.1f} us of CPU a message; a slice of 5 ms takes p50"
        f" {slices[len(slices) // 2]:.1f}, p99 {slices[len(slices) * 99 // 100]:.1f},"
        f" at most {slices[-1]:.1f} ms"
    )


def show(name: str, act: Callable[[], object], places: list[int]) -> None:
    """Do it once for each place (the act looks at the first) and print median and p99."""
    times: list[float] = []
    for _ in range(len(places)):
        begin = time.perf_counter()
        act()
        times.append((time.perf_counter() - begin) * 1e3)
        places.append(places.pop(0))
    times.sort()
    print(f"{name:40s} p50 {times[len(times) // 2]:7.3f}  p99 {times[len(times) * 99 // 100]:7.3f} ms")


if __name__ == "__main__":
    main()
