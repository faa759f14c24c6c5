"""What a run of nonces adds is there as if each had been added, whenever somebody asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.server.store import nonce_keys
from chatroom.server.store.nonce_keys import NonceKeys, nonce_key

NONCES = st.integers(0, 30).map(lambda number: number.to_bytes(16))
ADDED = st.tuples(
    st.integers(1, 3), st.lists(NONCES, min_size=1, max_size=4, unique=True), st.integers(1, 1_000)
)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["run", "one", "get", "all", "asked", "drop"]), ADDED), max_size=12
    ),
    most=st.sampled_from([1, 3, 100]),
)
def test_they_are_a_dict_whatever_is_asked_and_when(
    steps: list[tuple[str, tuple[int, list[bytes], int]]], most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nonce_keys, "MOST_IN_RUNS", most)
        keys, expected = NonceKeys(), dict[bytes, int]()
        for what, (author, nonces, entry) in steps:
            new = {nonce_key(author, nonce): entry + place for place, nonce in enumerate(nonces)}
            if what == "get":
                assert [keys.get(key) for key in new] == [expected.get(key) for key in new]
            elif not new.keys() & expected.keys():  # a nonce is stored once
                adding = NonceKeys() if what in ("all", "drop", "asked") else keys
                if what == "one":
                    for key, place in new.items():
                        adding.add(key, place)
                else:
                    adding.add_run(author, b"".join(nonces), entry)
                if what == "asked":
                    assert adding.get(nonce_key(author, nonces[0])) == entry
                if adding is not keys:
                    keys.add_all(adding)
                    assert len(adding) == len(nonces)
                if what in ("asked", "drop"):
                    keys.drop_all(adding)
                else:
                    expected |= new
            assert len(keys) == len(expected)
        assert keys.entries() == expected
        assert not keys.runs


def test_so_many_are_not_left_to_be_taken_apart_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonce_keys, "MOST_IN_RUNS", 6)
    keys = NonceKeys()
    for number in range(5):
        some = NonceKeys()
        some.add_run(1, number.to_bytes(16) + (number + 10).to_bytes(16), 2 * number)
        keys.add_all(some)
        assert len(keys.runs) <= 3
        assert len(keys) == 2 * number + 2
