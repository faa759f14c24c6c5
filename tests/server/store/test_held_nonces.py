"""Nonces in memory: what is added is there, what is dropped is gone, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.server.store.held_nonces import HeldNonces
from chatroom.server.store.nonce_keys import NonceKeys, cut_nonces, nonce_key
from chatroom.server.store.nonce_runs import Run


def held_in(held: HeldNonces) -> dict[bytes, int]:
    """What is there, by key."""
    found = dict(held.apart)
    for author, run in held.runs.items():
        for nonce, entry in zip(cut_nonces(bytes(run.nonces)), run.entries, strict=True):
            assert held.find_in_run(author, nonce) == entry
            found[nonce_key(author, nonce)] = entry
    return found


def gathered(first: int, steps: list[tuple[int, int, bool]]) -> NonceKeys:
    """What a transaction took: author, how many, whether as a run; nonces and entries rise from `first`."""
    keys = NonceKeys()
    for author, count, is_run in steps:
        numbers = range(first, first + count)
        if is_run:
            keys.add_run(author, b"".join(number.to_bytes(16) for number in numbers), list(numbers))
        else:
            for number in numbers:
                keys.apart[nonce_key(author, number.to_bytes(16))] = number
        first += count
    return keys


STEPS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), st.booleans()), min_size=1, max_size=5)
FATES = st.sampled_from(["kept", "dropped", "set apart"])


@given(st.lists(st.tuples(STEPS, FATES), max_size=10))
def test_they_are_a_dict(transactions: list[tuple[list[tuple[int, int, bool]], str]]) -> None:
    held, expected, first = HeldNonces(), dict[bytes, int](), 1
    for steps, fate in transactions:
        keys = gathered(first, steps)
        held.add_all(keys)
        if fate == "dropped":
            held.drop_all(keys)
        else:
            all_of_them = HeldNonces()
            all_of_them.add_all(keys)
            expected |= held_in(all_of_them)
        if fate == "set apart" and held.runs:
            held.set_apart(min(held.runs))
        first += sum(count for _, count, _ in steps)
        assert held_in(held) == expected
        assert len(held) == len(expected)
    assert held.find_in_run(9, bytes(16)) is None


@pytest.mark.parametrize("taken", [(), ("nonces",), ("nonces", "an entry")])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_what_was_added_in_part_can_be_dropped(
    monkeypatch: pytest.MonkeyPatch, after: int, taken: tuple[str, ...]
) -> None:
    held = HeldNonces()
    held.add_all(gathered(1, [(1, 2, True), (2, 2, True), (1, 1, False)]))
    before, calls, add = held_in(held), iter(range(100)), Run.add

    def lacking(run: Run, nonces: bytes, entries: list[int]) -> None:
        if next(calls) == after:
            if "nonces" in taken:
                run.nonces += nonces
            if "an entry" in taken:
                run.entries.append(entries[0])
            raise MemoryError
        add(run, nonces, entries)

    monkeypatch.setattr(Run, "add", lacking)
    keys = gathered(10, [(1, 3, True), (3, 2, True), (1, 2, True), (2, 1, False)])
    with pytest.raises(MemoryError):
        held.add_all(keys)
    held.drop_all(keys)
    assert held_in(held) == before
    assert len(held) == len(before)


def test_what_was_dropped_in_part_is_dropped_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    held = HeldNonces()
    held.add_all(gathered(1, [(1, 2, True), (2, 2, True)]))
    before, drop, failures = held_in(held), Run.drop, [MemoryError()]
    keys = gathered(10, [(1, 3, True), (2, 2, True), (3, 1, True), (1, 2, False)])
    held.add_all(keys)

    def failing(run: Run, nonces: bytes) -> None:
        if len(run) == 5 and failures:
            del run.nonces[-len(nonces) :]
            raise failures.pop()
        drop(run, nonces)

    monkeypatch.setattr(Run, "drop", failing)
    with pytest.raises(MemoryError):
        held.drop_all(keys)
    held.drop_all(keys)
    assert held_in(held) == before
    assert len(held) == len(before)
    held.clear()
    assert (held_in(held), len(held)) == ({}, 0)
