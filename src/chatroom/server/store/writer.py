"""The writer: decides the changes of one pass, in order, and commits them together.

Deciding a message touches memory only; the rows are written at the end, many with one statement.
Everything else (a room, a membership, a read marker) is written while it is decided, in the same
transaction, so that a later change of the pass sees it. What a transaction that fails has moved in
memory is forgotten and read again. Read next: `posting.py`, `creation.py`, `projections.py`.
"""

import sqlite3
import time
from collections.abc import Sequence
from typing import Final, assert_never

from chatroom.protocol.entries import encode_entry
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import TIME_MAX
from chatroom.server.hub.plain_posts import AddPosts, CommittedPosts
from chatroom.server.hub.ports import (
    AddAccount,
    AddCode,
    AddDevice,
    AddEntry,
    AddRoom,
    BarAddress,
    Change,
    Committed,
    Failed,
    Logged,
    Outcome,
    RevokeDevice,
    SetRead,
    Several,
    SingleChange,
    SingleOutcome,
    StorageError,
)
from chatroom.server.store import refusals
from chatroom.server.store.changes import author_of, entries_of, repeated, together
from chatroom.server.store.creation import (
    entries_of_account,
    entries_of_room,
    insert_account,
    insert_room,
    rooms_of_account,
)
from chatroom.server.store.disk_faults import FAULTS, is_everywhere, not_stored, words_for
from chatroom.server.store.drafts import Draft
from chatroom.server.store.heads import Heads
from chatroom.server.store.markers import set_read
from chatroom.server.store.moderation import judge_author
from chatroom.server.store.moderation_rules import UNSETTLING
from chatroom.server.store.nonce_keys import nonce_key
from chatroom.server.store.nonces import Nonces
from chatroom.server.store.people import proof_of, store_about_people
from chatroom.server.store.posting import Posting
from chatroom.server.store.projections import PROJECTIONS, project
from chatroom.server.store.reading import read_frame
from chatroom.server.store.schema import ROOM_SHIFT
from chatroom.server.store.transactions import roll_back

ALONE_S: Final = 0.02
"""How long changes are tried one by one; those left over fail as one before, and are sent again."""


class Writer:
    """Stores changes in one database; `handles` are the accounts' handles by number, which it adds to."""

    def __init__(self, cursor: sqlite3.Cursor, heads: Heads, nonces: Nonces, handles: dict[int, str]) -> None:
        self._cursor = cursor
        self._heads = heads
        self._nonces = nonces
        self._handles = handles
        self._posting = Posting(heads, nonces, handles)
        self._unfinished: Draft | None = None  # under way, or still to be taken back
        self._fresh: dict[int, int] = {}
        self.entries = 0  # that were committed so far

    def take_fresh(self) -> dict[int, int]:
        """Return the rooms that got entries since the last call, with the time of the first of them."""
        fresh, self._fresh = self._fresh, {}
        return fresh

    def store(self, changes: Sequence[Change], now_ms: int) -> list[Outcome]:
        """Commit the changes of one pass and return what became of each.

        When they cannot be stored together each is tried alone, without the nonces of others: an author of
        whose changes one was not stored gets no further one stored here, so that order is kept. Raises
        StorageError where it cannot be found out what is stored: `finish` is to be called until it can.
        """
        now_ms = min(max(now_ms, 0), TIME_MAX)
        try:
            self.finish()
        except FAULTS as error:
            return [not_stored(error)] * len(changes)
        try:
            return self._try(changes, Draft(now_ms))
        except FAULTS as error:
            fault = self._surely_not_stored(error)
            if is_everywhere(error):
                return [fault] * len(changes)
        try:
            singles = [entries_of(change) if isinstance(change, AddPosts) else change for change in changes]
        except MemoryError:
            return [fault] * len(changes)
        failed: dict[int, Failed] = {}
        give_up_at = time.monotonic() + ALONE_S
        outcomes: list[Outcome] = []
        for single in singles:  # what is raised from here on costs all who asked their connection
            entries: Sequence[SingleChange] = single if isinstance(single, list) else [single]
            each = [self._store_alone(entry, now_ms, failed, give_up_at) for entry in entries]
            outcomes.append(Several(tuple(each)) if isinstance(single, list) else each[0])
        return outcomes

    def _store_alone(
        self, change: SingleChange, now_ms: int, failed: dict[int, Failed], give_up_at: float
    ) -> SingleOutcome:
        """Store one change, unless the author is among those for whom one `failed`, or time is up."""
        author = author_of(change)
        refusal = failed.get(author)
        if refusal is None and time.monotonic() > give_up_at:
            refusal = next(reversed(failed.values()), refusals.NO_TIME)
        if refusal is not None:
            return refusal
        try:
            (outcome,) = self._try([change], Draft(now_ms, is_alone=True))
        except FAULTS as error:
            outcome = self._surely_not_stored(error)
        assert not isinstance(outcome, CommittedPosts | Several)
        if isinstance(outcome, Failed) and outcome.code is ErrorCode.STORAGE:
            failed[author] = outcome
        return outcome

    def _try(self, changes: Sequence[Change], draft: Draft) -> list[Outcome]:
        """As `_attempt`; where it could not find out what an error left, that is looked for once more."""
        try:
            return self._attempt(changes, draft)
        except FAULTS:
            left = self._unfinished
            if left is None or not self._take_back(left):
                raise
            return self._committed(left)

    def _surely_not_stored(self, error: Exception) -> Failed:
        """Return why what raised this is not stored. Raises StorageError where it may be, after all."""
        if self._unfinished is not None:
            raise StorageError(f"the server cannot find out what it has stored: {words_for(error)}") from None
        return not_stored(error)

    def _attempt(self, changes: Sequence[Change], draft: Draft) -> list[Outcome]:
        """Decide and commit, or raise one of `FAULTS` and leave everything as it was.

        At first nonces that the index may hold are looked up by the statement that writes the rows; when one
        of them had been stored, all is taken back and decided again with each nonce looked up before.
        """
        self._unfinished = draft
        try:
            self._decide_all(changes, draft)
            is_committed = self._commit(draft)
        except FAULTS:
            if not self._take_back(draft):
                raise
            is_committed = True  # the disk has it, whatever was said
        except BaseException:
            if self._take_back(draft):
                self._committed(draft)
            raise
        if is_committed:
            return self._committed(draft)
        self._take_back(draft)
        if draft.looks_up:
            raise StorageError("the log has an entry in the place of a new one")
        return self._attempt(changes, Draft(draft.now_ms, is_alone=draft.is_alone, looks_up=True))

    def _committed(self, draft: Draft) -> list[Outcome]:
        """Note what is on disk, and return what became of each change. Nothing is taken back any more."""
        self._unfinished = None
        try:
            if draft.has_slice:
                self._nonces.wrote_slice()
            self.entries += draft.entries
            for room, at in draft.rooms.items():
                self._fresh.setdefault(room, at)
            if draft.keys.late:
                self._nonces.note_late(draft.keys.late)
        except MemoryError:
            pass  # what is stored is told
        return draft.outcomes

    def finish(self) -> None:
        """Take back what could not be taken back, also of what somebody else has begun: what is stored next
        must not become a part of it. Raises StorageError, or what the database raises, where that cannot be.
        """
        if self._cursor.connection.in_transaction:
            self._roll_back()
        left = self._unfinished
        if left is not None and self._take_back(left):
            self._committed(left)

    # -- transactions --------------------------------------------------------------------------------------

    def _begin(self, draft: Draft) -> None:
        if not draft.has_begun:
            self._cursor.execute("BEGIN IMMEDIATE")
            draft.has_begun = True

    def _commit(self, draft: Draft) -> bool:
        """Write the gathered rows and commit; False, without a commit, when the nonce of a row had been
        stored. The nonces are kept before: an error after a commit must not make a stored one look new.

        Where one statement writes all there is, it is its own transaction: for one message 1.5 us less, for
        16 of as many clients 3 of 57.
        """
        cursor, entries = self._cursor, draft.entries
        indexes_nonces = not draft.is_alone and self._nonces.is_due(idle=False)
        if not draft.has_begun and not entries:
            return True
        if not draft.has_begun and not draft.mentions and not indexes_nonces and draft.is_one_statement:
            self._nonces.add(draft.keys)
            draft.is_written = True
            return draft.write_rows(cursor)
        self._begin(draft)
        if entries and not draft.write_rows(cursor):
            return False
        if draft.mentions:
            cursor.executemany("INSERT OR IGNORE INTO mentions VALUES (?, ?, ?)", draft.mentions)
        if indexes_nonces:
            draft.has_slice = True
            self._nonces.write_slice()
        self._nonces.add(draft.keys)
        draft.is_written = True
        cursor.execute("COMMIT")
        return True

    def _roll_back(self) -> None:
        roll_back(self._cursor.connection)
        if self._cursor.connection.in_transaction:
            raise StorageError("a transaction cannot be taken back")

    def _take_back(self, draft: Draft) -> bool:
        """Let all be as it was, or return True where the draft is on disk after all. It can be repeated."""
        self._roll_back()
        for room in draft.rooms:
            self._heads.forget(room)
        if not (stands := draft.stands(self._cursor)):
            for account in draft.accounts:
                self._handles.pop(account, None)
            self._nonces.forget(draft.keys)
        self._unfinished = None
        return stands

    # -- decisions -----------------------------------------------------------------------------------------

    def _decide_all(self, changes: Sequence[Change], draft: Draft) -> None:
        outcomes = draft.outcomes
        while len(outcomes) < len(changes):
            change = changes[len(outcomes)]
            if not isinstance(change, AddPosts):
                outcomes.append(self._decide(change, draft))
            elif posted := self._posting.take(changes, draft):
                outcomes += posted
            else:
                outcomes.append(together([self._decide_entry(entry, draft) for entry in entries_of(change)]))

    def _decide(self, change: SingleChange, draft: Draft) -> Outcome:
        match change:
            case AddEntry():
                return self._decide_entry(change, draft)
            case SetRead():
                return self._set_read(change, draft)
            case AddRoom():
                return self._add_room(change, draft)
            case AddAccount():
                return self._add_account(change, draft)
            case AddCode() | AddDevice() | RevokeDevice() | BarAddress():
                self._begin(draft)
                outcome = store_about_people(self._cursor, change, draft.now_ms)
                if isinstance(outcome, Committed):
                    draft.proof = proof_of(change, draft.proof)
                return outcome
            case _:
                assert_never(change)

    def _decide_entry(self, change: AddEntry, draft: Draft) -> SingleOutcome:
        fault = self._author_fault(change, draft) if draft.is_unsettled else None
        return fault or self._add_entry(change, draft)

    def _add_entry(self, change: AddEntry, draft: Draft) -> SingleOutcome:
        """Give the entry its seq, time and frame, and gather its row."""
        room, author, kind, nonce = change.room, change.author, change.kind, change.nonce
        head = self._heads.get(room)
        if head is None:
            return refusals.NO_SUCH_ROOM
        handle = self._handles.get(author)
        if handle is None:
            return refusals.NO_SUCH_ACCOUNT
        key = nonce_key(author, nonce)
        may_be_known = bool(nonce) and not self._nonces.note_if_greatest(draft.keys, author, nonce)
        if may_be_known:
            known = self._known(change, key, draft, draft.looks_up)
            if known is not None:
                return repeated(draft.frame_of(known) or read_frame(self._cursor, known), change)
        seq = head.seq + 1
        at = draft.now_ms
        if at < head.at:  # the clock went back; by max() it takes 0.1 us more
            at = head.at
        frame = encode_entry(room, seq, at, handle, nonce, kind, change.body)
        logged = Logged(room, seq, author, kind, frame)
        if kind in PROJECTIONS:
            self._begin(draft)
            refusal = project(self._cursor, logged, change.code, draft.now_ms)
            if refusal is not None:
                return refusal
            draft.is_unsettled |= kind in UNSETTLING
        draft.rooms.setdefault(room, at)
        head.seq = seq
        head.at = at
        entry = room << ROOM_SHIFT | seq
        if nonce:
            draft.keys.apart[key] = entry
        if may_be_known:
            draft.keys.note_late(author, {key: entry}, self._nonces.highest)
        draft.add(author, entry, kind, (bytearray(frame),))
        for account in change.mentioned:
            draft.mentions.append((account, room, seq))
        return Committed(0, (logged,))

    def _known(self, change: AddEntry, key: bytes, draft: Draft, looks_up: bool) -> int | None:
        """Return the row id of the entry with this nonce, if it has one; `looks_up` also in the index."""
        nonces = self._nonces
        held = draft.keys.get(key) or nonces.recent(key)
        return held or (nonces.on_disk if looks_up else nonces.in_runs)(change.author, change.nonce)

    def _author_fault(self, change: AddEntry, draft: Draft) -> Failed | None:
        """Return why the author may do this no more, after what this pass changed. A repeat is none."""
        author, head = change.author, self._heads.get(change.room)
        if head is None or author == refusals.SERVER or change.code:
            return None
        key = nonce_key(author, change.nonce)
        if change.nonce and self._known(change, key, draft, looks_up=True):
            return None
        return judge_author(self._cursor, author, change.kind, change.room, max(draft.now_ms, head.at))

    def _set_read(self, change: SetRead, draft: Draft) -> Outcome:
        head = self._heads.get(change.room)
        if head is None:
            return refusals.NO_SUCH_ROOM
        if change.account not in self._handles or change.account == refusals.SERVER:
            return refusals.NO_SUCH_ACCOUNT
        if change.seq > head.seq:
            return refusals.NO_SUCH_ENTRY
        if change.seq > 0:
            self._begin(draft)
            set_read(self._cursor, change)
        return Committed(0, ())

    def _add_account(self, change: AddAccount, draft: Draft) -> Outcome:
        if any(self._heads.get(room) is None for room in rooms_of_account(change)):
            return refusals.NO_SUCH_ROOM
        self._begin(draft)
        outcome = insert_account(self._cursor, change, draft.now_ms)
        if isinstance(outcome, Failed):
            return outcome
        number = outcome.number
        draft.accounts.append(number)
        draft.proof = proof_of(change, draft.proof)
        self._handles[number] = change.handle
        return Committed(number, self._add_first(entries_of_account(number, change), draft))

    def _add_room(self, change: AddRoom, draft: Draft) -> Outcome:
        if any(member not in self._handles or member == refusals.SERVER for member in change.members):
            return refusals.NO_SUCH_ACCOUNT
        self._begin(draft)
        outcome = insert_room(self._cursor, change, draft.now_ms if draft.is_unsettled else None)
        if isinstance(outcome, Failed) or self._heads.get(outcome.number) is not None:
            return outcome
        draft.rooms[outcome.number] = draft.now_ms
        self._heads.begin(outcome.number)
        return Committed(outcome.number, self._add_first(entries_of_room(outcome.number, change), draft))

    def _add_first(self, entries: list[AddEntry], draft: Draft) -> tuple[Logged, ...]:
        """Add the entries with which something new begins: nothing can stand against them."""
        logged: list[Logged] = []
        for entry in entries:
            added = self._add_entry(entry, draft)
            assert isinstance(added, Committed)
            logged += added.entries
        return tuple(logged)
