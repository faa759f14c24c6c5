"""The log in memory: the rules of the store in plain Python, for tests and benches.

It forgets everything at `close`. `SqliteLog` does the same on disk; a test runs both side by side. Read
next: `sqlite.py`.
"""

import secrets
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import assert_never

from chatroom.protocol.entries import (
    EntryKind,
    Posted,
    RoomKind,
    encode_entry,
)
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.limits import PAGE_BYTES, ROOM_MAX, TIME_MAX, UNREAD_COUNT
from chatroom.server.hub.plain_posts import AddPosts
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
    Hits,
    Logged,
    Outcome,
    Repeated,
    RevokeDevice,
    SetRead,
    SingleOutcome,
    StorageError,
    Unread,
)
from chatroom.server.hub.records import CodeRecord, DeviceRecord, Snapshot
from chatroom.server.store import refusals
from chatroom.server.store.changes import entries_of, together
from chatroom.server.store.creation import entries_of_account, entries_of_room, rooms_of_account
from chatroom.server.store.frames import body_of, entry_of, within
from chatroom.server.store.memory_people import People
from chatroom.server.store.memory_rooms import PROJECTIONS, Room
from chatroom.server.store.moderation_rules import UNSETTLING, author_fault
from chatroom.server.store.words import cut_words, holds, parse_query


class MemoryLog:
    """A `Log` without a disk. While `fault` is set it refuses every change and every read with that
    text.
    """

    def __init__(self) -> None:
        self.fault = ""
        self._log_id = secrets.token_bytes(16)
        self._people = People()
        self._rooms: dict[int, Room] = {}
        self._names: dict[str, int] = {}
        self._pairs: dict[frozenset[int], int] = {}
        self._nonces: dict[tuple[int, bytes], Logged] = {}
        self._mentions: dict[tuple[int, int], list[int]] = {}
        self._reads: dict[tuple[int, int], int] = {}
        self._messages: list[Logged] = []
        self._is_unsettled = False
        """Whether a change of this pass took a right away from somebody (`UNSETTLING`)."""
        self._outcomes: list[Outcome] = []

    @property
    def log_id(self) -> bytes:
        """As `Log.log_id`."""
        return self._log_id

    def load(self) -> Snapshot:
        """As `Log.load`."""
        self._check()
        people = self._people
        rooms = tuple(room.record(number, people.kicked_from(number)) for number, room in self._rooms.items())
        return Snapshot(people.records(), rooms, people.barred(), people.has_unused_owner_code())

    def submit(self, changes: Sequence[Change], now_ms: int) -> None:
        """As `Log.submit`."""
        now_ms = min(max(now_ms, 0), TIME_MAX)
        if self.fault:
            self._outcomes += [Failed(ErrorCode.STORAGE, self.fault)] * len(changes)
            return
        self._is_unsettled = False
        self._outcomes += [self._decide(change, now_ms) for change in changes]

    def outcomes(self) -> list[Outcome]:
        """As `Log.outcomes`."""
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    # -- changes -------------------------------------------------------------------------------------------

    def _decide(self, change: Change, now_ms: int) -> Outcome:
        match change:
            case AddEntry():
                return self._decide_entry(change, now_ms)
            case AddPosts():
                return together([self._decide_entry(entry, now_ms) for entry in entries_of(change)])
            case SetRead():
                return self._set_read(change)
            case AddRoom():
                return self._add_room(change, now_ms)
            case AddAccount():
                return self._add_account(change, now_ms)
            case AddCode():
                return self._people.add_code(change, now_ms)
            case AddDevice():
                return self._people.add_device(change, now_ms)
            case RevokeDevice():
                return self._people.revoke_device(change)
            case BarAddress():
                return self._people.bar_address(change, now_ms)
            case _:
                assert_never(change)

    def _decide_entry(self, change: AddEntry, now_ms: int) -> SingleOutcome:
        fault = self._author_fault(change, now_ms) if self._is_unsettled else None
        return fault or self._add_entry(change, now_ms)

    def _author_fault(self, change: AddEntry, now_ms: int) -> Failed | None:
        """Return why the author may do this no more, after what this pass changed."""
        author, room = change.author, self._rooms.get(change.room)
        is_repeat = bool(change.nonce) and (author, change.nonce) in self._nonces
        if room is None or author == refusals.SERVER or change.code or is_repeat:
            return None
        standing = self._people.standing(author, max(now_ms, room.at))
        return author_fault(change.kind, standing, is_member=author in room.members)

    def _add_room(self, change: AddRoom, now_ms: int) -> Outcome:
        members = change.members
        pair = frozenset(members)
        if not all(self._people.is_known(member) for member in members):
            return refusals.NO_SUCH_ACCOUNT
        if len(pair) != len(members):
            return refusals.MEMBER_ALREADY
        if change.kind is RoomKind.DIRECT:
            if len(pair) != 2:
                return refusals.NOT_A_PAIR
            if pair in self._pairs:
                return Committed(self._pairs[pair], ())
        elif change.name in self._names:
            return refusals.NAME_TAKEN
        if self._is_unsettled and members:
            creator = self._people.standing(members[0], now_ms)
            if fault := author_fault(EntryKind.CREATED, creator, is_member=True):
                return fault
        number = len(self._rooms) + 1
        if number > ROOM_MAX:
            return refusals.TOO_MANY_ROOMS
        self._rooms[number] = Room(change.name, change.kind)
        if change.kind is RoomKind.DIRECT:
            self._pairs[pair] = number
        else:
            self._names[change.name] = number
        return Committed(number, self._add_first(entries_of_room(number, change), now_ms))

    def _add_account(self, change: AddAccount, now_ms: int) -> Outcome:
        if not all(room in self._rooms for room in rooms_of_account(change)):
            return refusals.NO_SUCH_ROOM
        outcome = self._people.add_account(change, now_ms)
        if isinstance(outcome, Failed):
            return outcome
        return Committed(outcome.number, self._add_first(entries_of_account(outcome.number, change), now_ms))

    def _add_first(self, entries: list[AddEntry], now_ms: int) -> tuple[Logged, ...]:
        """Add the entries with which something new begins: nothing can stand against them."""
        logged: list[Logged] = []
        for entry in entries:
            added = self._add_entry(entry, now_ms)
            assert isinstance(added, Committed)
            logged += added.entries
        return tuple(logged)

    def _add_entry(self, change: AddEntry, now_ms: int) -> SingleOutcome:
        number, author, kind, nonce = change.room, change.author, change.kind, change.nonce
        room = self._rooms.get(number)
        if room is None:
            return refusals.NO_SUCH_ROOM
        handle = self._people.handles.get(author)
        if handle is None:
            return refusals.NO_SUCH_ACCOUNT
        known = self._nonces.get((author, nonce)) if nonce else None
        if known is not None:
            return _repeated(known, change)
        log = room.log
        seq = len(log) + 1
        at = max(now_ms, room.at)
        logged = Logged(
            number, seq, author, kind, encode_entry(number, seq, at, handle, nonce, kind, change.body)
        )
        if kind in PROJECTIONS:
            refusal = self._project(change, room, logged, now_ms)
            if refusal is not None:
                return refusal
        log.append(logged)
        room.at = at
        if nonce:
            self._nonces[author, nonce] = logged
        for account in change.mentioned:
            self._mentions.setdefault((account, number), []).append(seq)
        if kind == EntryKind.POSTED:
            self._messages.append(logged)
        return Committed(0, (logged,))

    def _project(self, change: AddEntry, room: Room, logged: Logged, now_ms: int) -> Failed | None:
        """Carry out what follows from the entry, at the cost of its code if it has one."""
        people = self._people
        fault = people.owner_code_fault(change.code, now_ms)
        fault = fault or PROJECTIONS[logged.kind](room, logged, people)
        if fault is None:
            people.use_code(change.code)
            self._is_unsettled |= logged.kind in UNSETTLING
        return fault

    def _set_read(self, change: SetRead) -> Outcome:
        room = self._rooms.get(change.room)
        if room is None:
            return refusals.NO_SUCH_ROOM
        if not self._people.is_known(change.account):
            return refusals.NO_SUCH_ACCOUNT
        if change.seq > len(room.log):
            return refusals.NO_SUCH_ENTRY
        place = change.account, change.room
        self._reads[place] = max(change.seq, self._reads.get(place, 0))
        return Committed(0, ())

    # -- reads ---------------------------------------------------------------------------------------------

    def after(self, room: int, seq: int, limit: int, budget_bytes: int) -> list[bytes]:
        """As `Log.after`."""
        log = self._log_of(room)
        return within([logged.frame for logged in log[max(seq, 0) :][: max(limit, 0)]], budget_bytes)

    def before(self, room: int, seq: int, floor: int, limit: int, budget_bytes: int) -> list[bytes]:
        """As `Log.before`."""
        log = self._log_of(room)
        newest_first = reversed(log[max(floor, 0) : max(seq - 1, 0)])
        frames = [logged.frame for logged in islice(newest_first, max(limit, 0))]
        return within(frames, budget_bytes)[::-1]

    def find_post(self, author: int, nonce: bytes) -> bytes | None:
        """See `Log.find_post`."""
        self._check()
        known = self._nonces.get((author, nonce))
        return None if known is None else known.frame

    def unread(self, account: int, heads: Mapping[int, int]) -> dict[int, Unread]:
        """As `Log.unread`."""
        self._check()
        return {room: self._unread(account, room, head) for room, head in heads.items()}

    def _unread(self, account: int, room: int, head: int) -> Unread:
        read = self._reads.get((account, room), 0)
        new = self._rooms[room].log[read:head]
        messages = sum(entry.kind == EntryKind.POSTED and entry.author != account for entry in new)
        mentions = sum(read < seq <= head for seq in self._mentions.get((account, room), ()))
        return Unread(read, min(messages, UNREAD_COUNT), min(mentions, UNREAD_COUNT))

    def search(self, query: str, rooms: Sequence[int], author: int, before: int, limit: int) -> Hits:
        """As `Log.search`; a place in the result is the number of the message in the order of storing."""
        self._check()
        terms = parse_query(query)
        allowed = set(rooms)
        frames: list[bytes] = []
        size = last = 0
        newest = min(before - 1, len(self._messages)) if before else len(self._messages)
        for number in range(newest, 0, -1):
            logged = self._messages[number - 1]
            if logged.room not in allowed or author not in (0, logged.author):
                continue
            body = body_of(logged.frame)
            words = cut_words(body.text) if isinstance(body, Posted) else []
            if all(holds(words, term) for term in terms):
                size += len(logged.frame)
                if frames and (len(frames) >= limit or size > PAGE_BYTES):
                    return Hits(frames, last, 0)
                frames.append(logged.frame)
                last = number
        return Hits(frames, 0, 0)

    def find_code(self, code: bytes) -> CodeRecord | None:
        """As `Log.find_code`."""
        self._check()
        return self._people.find_code(code)

    def devices(self, account: int) -> list[DeviceRecord]:
        """As `Log.devices`."""
        self._check()
        return self._people.devices(account)

    def index(self, budget_s: float) -> bool:
        """As `Log.index`: everything is searchable at once."""
        return False

    def close(self) -> None:
        """As `Log.close`."""

    def _log_of(self, room: int) -> list[Logged]:
        self._check()
        found = self._rooms.get(room)
        return found.log if found else []

    def _check(self) -> None:
        if self.fault:
            raise StorageError(self.fault)


def _repeated(known: Logged, change: AddEntry) -> SingleOutcome:
    """Compare an entry that was stored under this nonce with the one that is to be."""
    body = bytes(entry_of(known.frame).body)
    if (known.room, known.kind, body) == (change.room, change.kind, change.body):
        return Repeated(known.room, known.seq)
    return refusals.NONCE_REUSED
