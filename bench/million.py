"""A database of a million messages, made once and kept in `.work`: what `history` and `search` read.

Words are drawn as in a language: few common ones, many rare ones. Made anew when the store's code changes.
Read next: `profiles/archive.py`.
"""

import hashlib
import random
import shutil
import time
from itertools import accumulate
from pathlib import Path
from typing import Final

from bench import build
from bench.load.dialects import handle_of, key_of
from bench.results import say
from chatroom.protocol.entries import EntryKind, Joined, Posted, RoomKind, encode_body
from chatroom.protocol.packets import Role
from chatroom.server.hub.ports import AddAccount, AddEntry, AddRoom, Change, Committed, Log
from chatroom.server.store import sqlite as store_module
from chatroom.server.store.sqlite import SqliteLog

AUTHORS: Final = 20
WORDS: Final = 20_000
BATCH: Final = 1_000
START_MS: Final = 1_700_000_000_000
APART_MS: Final = 30_000


def vocabulary() -> list[str]:
    """Made-up words, the first ones the most frequent."""
    chooser = random.Random(4)
    syllables = [c + v for c in "bdfgklmnprstvw" for v in "aeiou"]
    words: dict[str, None] = {}
    while len(words) < WORDS:
        words["".join(chooser.choices(syllables, k=chooser.randint(1, 4)))] = None
    return list(words)


def database(messages: int) -> Path:
    """The data directory of a server whose lobby holds so many messages; made if need be."""
    code = b"".join(path.read_bytes() for path in sorted(Path(store_module.__file__).parent.glob("*.py")))
    mark = hashlib.sha256(code).hexdigest()[:12]
    target = build.WORK / f"log-{messages}-{mark}"
    if not target.exists():
        for former in build.WORK.glob(f"log-{messages}-*"):
            shutil.rmtree(former)
        making = target.with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True, mode=0o700)
        _fill(SqliteLog(making / "chatroom.db"), messages)
        making.rename(target)
    return target


def _fill(log: SqliteLog, messages: int) -> None:
    start = time.monotonic()
    room, authors = _people(log)
    chooser = random.Random(5)
    words = vocabulary()
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
    for first in range(0, messages, BATCH):
        batch: list[Change] = []
        for number in range(first, min(first + BATCH, messages)):
            text = " ".join(chooser.choices(words, cum_weights=weights, k=chooser.randint(3, 25)))
            nonce = number.to_bytes(16, "big")
            batch.append(
                AddEntry(room, chooser.choice(authors), EntryKind.POSTED, encode_body(Posted(text)), nonce)
            )
        log.submit(batch, START_MS + first * APART_MS)
        assert all(isinstance(outcome, Committed) for outcome in log.outcomes())
        if first % (100 * BATCH) == 0:
            say(f"making a log of {messages:,} messages: {first:,} stored")
    say(f"making a log of {messages:,} messages: making them searchable")
    while log.index(0.5):
        pass
    log.close()
    say(f"a log of {messages:,} messages made in {time.monotonic() - start:.0f} s")


def _people(log: Log) -> tuple[int, list[int]]:
    """Make the lobby and the authors: the first members of the bench, so that they can log in."""
    changes: list[Change] = [AddRoom("lobby", RoomKind.PUBLIC, ())]
    changes += [
        AddAccount(handle_of(member), key_of(member).public_key().public_bytes_raw(), Role.MEMBER, "bench")
        for member in range(AUTHORS)
    ]
    log.submit(changes, START_MS)
    numbers = [outcome.number for outcome in log.outcomes() if isinstance(outcome, Committed)]
    room, authors = numbers[0], numbers[1:]
    log.submit(
        [AddEntry(room, author, EntryKind.JOINED, encode_body(Joined())) for author in authors], START_MS
    )
    log.outcomes()
    return room, authors
