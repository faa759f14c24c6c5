"""The law of the two logs, for people: whatever is asked of accounts, codes, devices and moderation, the log
on disk does what the log in memory does, and a server that starts again finds what the running one knew.
"""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from chatroom.protocol.entries import Declined, EntryKind, Invited, Moderated, Posted, RoomKind, encode_body
from chatroom.protocol.packets import Role
from chatroom.server.hub.fold import fold, fold_change
from chatroom.server.hub.ports import (
    AddAccount,
    AddCode,
    AddDevice,
    AddEntry,
    AddRoom,
    BarAddress,
    Change,
    Committed,
    Outcome,
    RevokeDevice,
)
from chatroom.server.hub.records import CodeKind, RoomRecord
from chatroom.server.hub.state import State
from chatroom.server.store.memory import MemoryLog
from chatroom.server.store.sqlite import SqliteLog
from support.story import START_MS, joined, left, new_account

HANDLES = ["ana", "bob", "eve", "zoe"]
KEYS = [handle.encode().ljust(32, b".") for handle in HANDLES] + [b"p" * 32, b"t" * 32]
HASHES = [bytes([number]) * 32 for number in range(6)]
MODERATION = [kind for kind in EntryKind if kind >= EntryKind.KICKED]

accounts = st.integers(1, 4)
handles = st.sampled_from(HANDLES)
keys = st.sampled_from(KEYS)
hashes = st.sampled_from(HASHES)
roles = st.sampled_from([Role.MEMBER, Role.MODERATOR, Role.OWNER])
ENTERED = st.sampled_from([(), (1,), (1, 1), (1, 9)])
times = st.sampled_from([0, START_MS + 3_000, START_MS + 8_000])


def moderated(
    kind: EntryKind, author: int, handle: str, until: int, role: int, code: bytes, reason: str
) -> AddEntry:
    body = encode_body(Moderated(handle, until, reason, role if kind is EntryKind.ROLE_SET else 0))
    return AddEntry(1, author, kind, body, code=code if kind is EntryKind.ROLE_SET else b"")


def invited(author: int, handle: str) -> AddEntry:
    return AddEntry(1, author, EntryKind.INVITED, encode_body(Invited(handle)))


def declined(author: int) -> AddEntry:
    return AddEntry(1, author, EntryKind.DECLINED, encode_body(Declined()))


def posted(author: int, number: int) -> AddEntry:
    return AddEntry(1, author, EntryKind.POSTED, encode_body(Posted("tea")), number.to_bytes(16, "big"))


def barred_account(
    handle: str, key: bytes, code: bytes, kicked: int, muted_until: int, muted_in: int
) -> AddAccount:
    kicks = ((1, kicked),) if kicked else ()
    return AddAccount(handle, key, Role.MEMBER, "phone", code, (), kicks, muted_until, muted_in)


changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(posted, accounts, st.integers(1, 12)),
    st.builds(AddRoom, st.just(""), st.just(RoomKind.DIRECT), st.tuples(accounts, accounts)),
    st.builds(AddAccount, handles, keys, roles, st.just("laptop"), st.just(b"") | hashes, ENTERED),
    st.builds(barred_account, handles, keys, st.just(b"") | hashes, times, times, st.sampled_from([1, 9])),
    st.builds(
        AddCode,
        hashes,
        st.sampled_from(CodeKind),
        roles,
        accounts | st.just(0),
        st.just(START_MS + 9_000) | times,
    ),
    st.builds(AddDevice, accounts, keys, st.just("phone"), hashes),
    st.builds(RevokeDevice, accounts, keys),
    st.builds(BarAddress, accounts, st.sampled_from(["192.0.2.7", "2001:db8::/64"])),
    st.builds(joined, st.just(1), accounts),
    st.builds(left, st.just(1), accounts),
    st.builds(invited, accounts, handles),
    st.builds(declined, accounts),
    *[
        st.builds(
            moderated,
            st.just(kind),
            accounts,
            handles,
            times,
            st.sampled_from([0, 1, 2, 3, 9]),
            st.just(b"") | hashes,
            st.sampled_from(["", "spam"]),
        )
        for kind in MODERATION
    ],
)
BEGINNING: list[Change] = [
    AddAccount("ana", KEYS[0], Role.OWNER, "laptop"),
    AddAccount("bob", KEYS[1], Role.MODERATOR, "laptop"),
    new_account("eve", KEYS[2]),
    AddRoom("garden", RoomKind.PUBLIC, (1, 2, 3)),
]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(changes, min_size=1, max_size=5), max_size=12))
def test_both_logs_and_the_hub_agree(passes: list[list[Change]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        memory, disk = MemoryLog(), SqliteLog(Path(folder) / "log.db", search_s=5)
        now_ms = START_MS
        follow(memory, disk, BEGINNING, now_ms)
        state = State(memory.load(), 1, 1)
        for batch in passes:
            now_ms += 1_000
            for change, outcome in zip(batch, follow(memory, disk, batch, now_ms), strict=True):
                take_in(state, change, outcome)
            assert shape(state) == shape(State(memory.load(), 1, 1))
        disk.close()
        again = SqliteLog(Path(folder) / "log.db")
        assert sorted_load(again) == sorted_load(memory)
        for code in HASHES:
            assert again.find_code(code) == memory.find_code(code)
        for number in range(1, 5):
            assert again.devices(number) == memory.devices(number)
        again.close()


def follow(memory: MemoryLog, disk: SqliteLog, batch: list[Change], now_ms: int) -> list[Outcome]:
    """Give both logs one pass, compare, and return what came of it."""
    for log in (memory, disk):
        log.submit(batch, now_ms)
    outcomes = memory.outcomes()
    assert disk.outcomes() == outcomes
    assert sorted_load(disk) == sorted_load(memory)
    return outcomes


def sorted_load(log: MemoryLog | SqliteLog) -> object:
    """What a server loads, its lists in one order."""
    found = log.load()
    people = [
        (one.number, one.handle, one.role, set(one.public_keys), one.muted_until, one.ban)
        for one in found.accounts
    ]
    return people, found.rooms, set(found.barred), found.has_owner_code


def take_in(state: State, change: Change, outcome: Outcome) -> None:
    """What the hub does with a decided change."""
    if isinstance(outcome, Committed):
        if outcome.number or not outcome.entries:
            fold_change(state, change, outcome)
        if isinstance(change, AddRoom) and outcome.number and outcome.number not in state.rooms:
            state.add_room(RoomRecord(outcome.number, change.name, change.kind, "", 1, 0, (), ()))
        for logged in outcome.entries:
            fold(state, state.rooms[logged.room], logged)


def shape(state: State) -> object:
    """What a state comes down to."""
    people = {
        one.handle: (
            one.role,
            frozenset(one.public_keys),
            one.muted_until,
            one.ban,
            sorted(one.rooms),
            one.kicked,
        )
        for one in state.accounts.values()
    }
    rooms = {room.number: (room.head, sorted(room.members), room.topic) for room in state.rooms.values()}
    invitations = {(one.handle, room.number) for one in state.accounts.values() for room in one.invitations}
    owners = {key: account.handle for key, account in state.by_key.items()}
    barred = {(origin, account.handle) for origin, found in state.barred.items() for account in found}
    return people, rooms, invitations, owners, barred
