"""What a message costs the screen model in a room of 100,000 entries, and what the rare things cost.

Run: `python bench/bench_viewmodel.py`. Prints microseconds or milliseconds; the bound to keep is 1 ms for a
message with all 40 rows in view asked for.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC

from chatroom.client.session.timeline import Line, Timeline
from chatroom.client.viewmodel.calendar import Calendar
from chatroom.client.viewmodel.transcript import Transcript
from chatroom.protocol.entries import Body, EntryKind, Joined, Posted

ITEMS = 100_000
IN_VIEW = 40
TEXT = "the accept loop swallowed **EMFILE**, see https://example.org/issues/42 and `select.py`, @bob said"
START_MS = 1_758_472_800_000


def line(seq: int) -> Line:
    """Return an entry of a busy room: every tenth is a join."""
    kind, body = EntryKind.POSTED, Posted(f"{TEXT} {seq}")
    joined: Body = Joined()
    is_join = seq % 10 == 0
    author = f"user{seq % 23}"
    at = START_MS + seq * 1000
    return Line(
        1,
        seq,
        at,
        author,
        EntryKind.JOINED if is_join else kind,
        joined if is_join else body,
        b"",
        False,
        False,
    )


def frame(transcript: Transcript, last: int | None = None) -> None:
    """Ask for the rows in view, as a drawing does."""
    end = transcript.length if last is None else last
    for index in range(max(0, end - IN_VIEW), end):
        transcript.row(index)


def timed(title: str, times: int, work: Callable[[int], None]) -> None:
    took = []
    for number in range(times):
        begin = time.perf_counter()
        work(number)
        took.append(time.perf_counter() - begin)
    median, worst = statistics.median(took) * 1e3, max(took) * 1e3
    print(f"{title:<58} median {median:8.3f} ms   worst {worst:8.3f} ms")


def main() -> None:
    timeline = Timeline(1, max_items=10 * ITEMS, max_chars=10**10)
    timeline.begin(1_000_000)
    for seq in range(1_000_001, 1_000_001 + ITEMS):
        timeline.append(line(seq), is_shown=True)
    transcript = Transcript(timeline, "alice", "#lobby", Calendar("%H:%M", UTC))
    nobody: frozenset[str] = frozenset()

    def append(_: int) -> None:
        timeline.append(line(timeline.cursor + 1), is_shown=True)
        transcript.sync((), nobody, START_MS)
        frame(transcript)

    def prepend(_: int) -> None:
        floor = timeline.floor
        timeline.put([line(seq) for seq in range(floor - 199, floor + 1)], floor - 199, floor)
        transcript.sync((), nobody, START_MS)
        frame(transcript)

    print(f"a room of {ITEMS:,} entries, {IN_VIEW} rows in view")
    timed("first index of all rows", 1, lambda _: bool(transcript.sync((), nobody, START_MS)) and None)
    timed("a message arrives, and all rows in view are asked for", 2000, append)
    timed("nothing happened, and all rows in view are asked for", 2000, lambda _: frame(transcript))
    timed("a jump to rows never seen (marks up 40 texts)", 500, lambda n: frame(transcript, 1000 + 150 * n))
    timed("an older page of 200 arrives", 20, prepend)


if __name__ == "__main__":
    main()
