"""What a transaction gathers of nonces is found, whether one by one or in runs, whenever somebody asks."""

from hypothesis import given
from hypothesis import strategies as st

from chatroom.server.store.nonce_keys import NonceKeys, author_and_nonce, cut_nonces, nonce_key

NONCES = st.integers(0, 30).map(lambda number: number.to_bytes(16))
ADDED = st.tuples(
    st.integers(1, 3), st.lists(NONCES, min_size=1, max_size=4, unique=True), st.integers(1, 1_000)
)


@given(steps=st.lists(st.tuples(st.sampled_from(["run", "one", "get"]), ADDED), max_size=12))
def test_they_are_a_dict_whatever_is_asked_and_when(
    steps: list[tuple[str, tuple[int, list[bytes], int]]],
) -> None:
    keys, expected = NonceKeys(), dict[bytes, int]()
    for what, (author, nonces, entry) in steps:
        new = {nonce_key(author, nonce): entry + place for place, nonce in enumerate(nonces)}
        if what == "get":
            assert [keys.get(key) for key in new] == [expected.get(key) for key in new]
        elif not new.keys() & expected.keys():  # a nonce is stored once
            expected |= new
            if what == "one":
                for key, place in new.items():
                    keys.apart[key] = place
            else:
                keys.add_run(author, b"".join(nonces), list(range(entry, entry + len(nonces))))
    assert {key: keys.get(key) for key in expected} == expected
    in_runs = [(nonce_key(author, nonce)) for author, nonces, _ in keys.runs for nonce in cut_nonces(nonces)]
    assert sorted([*keys.apart, *in_runs]) == sorted(expected), "each is there once, to be stored"


@given(st.integers(1, 2**32 - 1), st.binary(min_size=16, max_size=16))
def test_a_key_tells_what_it_was_made_of(author: int, nonce: bytes) -> None:
    assert author_and_nonce(nonce_key(author, nonce)) == (author, nonce)
