"""Mentions: which handles a text speaks to, and where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol.limits import HANDLE_CHARS
from chatroom.protocol.mentions import Mention, find_mentions, mentions

CASES: list[tuple[str, list[str]]] = [
    ("", []),
    ("hello", []),
    ("alice", []),
    ("hello alice", []),
    ("@alice", ["alice"]),
    ("hello @alice!", ["alice"]),
    ("@Alice and @BOB", ["alice", "bob"]),
    ("@alice @alice", ["alice", "alice"]),
    ("(@alice)", ["alice"]),
    ("*@alice*", ["alice"]),
    ('"@alice"', ["alice"]),
    ("@alice's", ["alice"]),
    ("@alice.", ["alice"]),
    ("@alice, hi", ["alice"]),
    ("@alice: hi", ["alice"]),
    ("@alice?!", ["alice"]),
    ("@alice…", ["alice"]),
    ("ask @alice-b", ["alice-b"]),
    ("谢谢@alice你好", ["alice"]),
    ("@al", ["al"]),
    ("@a", []),
    ("@1ice", []),
    ("@_alice", []),
    ("@ alice", []),
    ("@@alice", []),
    ("alice@example.org", []),
    ("alice@bob", []),
    ("a.@alice", []),
    ("-@alice", []),
    ("_@alice_", []),
    ("https://example.org/@alice", []),
    ("@alice/repo", []),
    ("@alice@example.org", []),
    ("@" + "a" * HANDLE_CHARS, ["a" * HANDLE_CHARS]),
    ("@" + "a" * (HANDLE_CHARS + 1), []),
    ("alice: hi", ["alice"]),
    ("Alice, hi", ["alice"]),
    ("alice:", ["alice"]),
    ("alice,", ["alice"]),
    ("alice:hi", []),
    ("alice; hi", []),
    (" alice: hi", []),
    ("hi alice: you", []),
    ("hello\nalice: hi", ["alice"]),
    ("alice:\nbob,\ncarol", ["alice", "bob"]),
    ("bob: ask @alice", ["bob", "alice"]),
    ("http://example.org", []),
    ("10: ten", []),
    ("a" * (HANDLE_CHARS + 1) + ": hi", []),
    ("al\u200dice: hi", []),
    ("@\u0430lice", []),
    ("alice\u00a0: hi", []),
    ("@alice\n@bob\n\n@carol", ["alice", "bob", "carol"]),
]


@pytest.mark.parametrize(("text", "handles"), CASES)
def test_a_text_mentions_these_handles(text: str, handles: list[str]) -> None:
    assert [found.handle for found in find_mentions(text)] == handles


def test_a_mention_says_where_it_stands() -> None:
    text = "Bob: ask @Alice\ncarol, too"
    assert list(find_mentions(text)) == [
        Mention("bob", 0, 3),
        Mention("alice", 9, 15),
        Mention("carol", 16, 21),
    ]


@pytest.mark.parametrize(("handle", "is_mentioned"), [("alice", True), ("bob", True), ("carol", False)])
def test_one_handle_is_looked_for(handle: str, is_mentioned: bool) -> None:
    assert mentions("bob: ask @Alice, not carol", handle) is is_mentioned


pieces = st.sampled_from(["@", "alice", "Bob", "-", "_", ".", "/", ":", ",", " ", "\n", "é", "9", "a" * 23])


@given(st.lists(pieces | st.characters(), max_size=20).map("".join))
def test_mentions_stand_in_order_and_do_not_overlap(text: str) -> None:
    end = 0
    for found in find_mentions(text):
        assert end <= found.start < found.stop
        assert text[found.start : found.stop].removeprefix("@").lower() == found.handle
        assert "\n" not in text[found.start : found.stop]
        end = found.stop


@given(st.lists(pieces, max_size=12).map("".join), st.lists(pieces, max_size=12).map("".join))
def test_lines_are_searched_one_by_one(first: str, second: str) -> None:
    alone = [found.handle for text in (first, second) for found in find_mentions(text)]
    assert [found.handle for found in find_mentions(f"{first}\n{second}")] == alone
