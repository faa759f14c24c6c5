"""Search: which messages of some rooms hold all words of a query, newest first.

Words come from `words.py` and stand quoted in the query of FTS5, so nothing a person types is an
operator. What may be read is decided by SQL: the room of a hit must be one of those asked for. The
query of FTS5 names the rooms too, but only to be quick. Blocks are searched from the newest on, within
a time limit. Read next: `indexer.py`.
"""

import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Final

from chatroom.protocol.limits import PAGE_BYTES
from chatroom.server.hub.ports import Hits, StorageError
from chatroom.server.store.indexer import block_of, in_block
from chatroom.server.store.words import Term, parse_query

PLACES: Final = 200
"""Most rooms named to FTS5: more cost more than they save (200 rooms 8 ms, 1,000 rooms 15 ms)."""

_FIND: Final = """
    SELECT id, entry FROM words_N JOIN documents ON id = words_N.rowid
    WHERE words_N MATCH :match AND words_N.rowid < :below
    AND entry >> 40 IN (SELECT value FROM json_each(:rooms)) AND (:author = 0 OR author = :author)
    ORDER BY words_N.rowid DESC LIMIT :limit"""

_STEPS: Final = 1_000
"""Steps of SQLite between two looks at the clock: about 6 us."""


def search(
    connection: sqlite3.Connection,
    query: str,
    rooms: Sequence[int],
    author: int,
    below: int,
    limit: int,
    limit_s: float,
) -> Hits:
    """Return messages as `Log.search` does, among the documents with numbers less than `below`.

    A search that runs out of time gives the page it has, to be continued; with nothing found by then it
    raises StorageError. To read what it found it has half as much time again, and the read under way.
    `unindexed` is left 0.
    """
    terms = parse_query(query)
    if not rooms:
        return Hits([], 0, 0)
    asked: dict[str, str | int] = {
        "match": _match(terms, rooms, author),
        "below": below,
        "rooms": json.dumps(list(rooms)),
        "author": author,
    }
    give_up_at = time.monotonic() + limit_s
    found: list[tuple[int, int]] = []
    is_late = False
    connection.set_progress_handler(lambda: time.monotonic() > give_up_at, _STEPS)
    try:
        for block in range(block_of(below - 1), -1, -1):
            asked["limit"] = limit + 1 - len(found)
            found.extend(connection.execute(in_block(_FIND, block), asked))
            is_late = time.monotonic() > give_up_at
            if len(found) > limit or is_late:
                break
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        is_late = True
    finally:
        connection.set_progress_handler(None, 0)
    if is_late and not found:
        raise StorageError("the search took too long; add a word or choose a room")
    return _page(connection, found, limit, has_more=is_late, give_up_at=time.monotonic() + limit_s / 2)


def _match(terms: Sequence[Term], rooms: Sequence[int], author: int) -> str:
    """Return the query of FTS5: terms are quoted, column names and operators are ours."""
    wanted = [_quoted(" ".join(term.words)) + (" *" if term.is_prefix else "") for term in terms]
    parts = [f"words : ({' AND '.join(wanted)})"]
    if len(rooms) <= PLACES:
        parts.append(f"place : ({' OR '.join(_quoted(f'r{room}') for room in rooms)})")
    if author:
        parts.append(f"place : {_quoted(f'a{author}')}")
    return " AND ".join(parts)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _page(
    connection: sqlite3.Connection,
    found: list[tuple[int, int]],
    limit: int,
    *,
    has_more: bool,
    give_up_at: float,
) -> Hits:
    """Read the frames of what was found, as many as fit on a page and can be read in time, at least one: each
    may lie in another part of the disk.
    """
    frames: list[bytes] = []
    size = last = 0
    for document, entry in found:
        if frames and (len(frames) >= limit or time.monotonic() > give_up_at):
            has_more = True
            break
        (frame,) = connection.execute("SELECT frame FROM entries WHERE id = ?", (entry,)).fetchone()
        size += len(frame)
        if frames and size > PAGE_BYTES:
            has_more = True
            break
        frames.append(frame)
        last = document
    return Hits(frames, last if has_more else 0, 0)


def newest_below(newest: int, before: int) -> int:
    """Return where a search begins: below `before`, or below all when it is 0 or beyond."""
    return min(before, newest + 1) if before else newest + 1
