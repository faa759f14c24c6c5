"""Names: what may be claimed, how it is folded, and what looks alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol.names import (
    RESERVED_HANDLES,
    fold_handle,
    fold_room_name,
    handle_fault,
    room_name_fault,
    skeleton,
)

handles = st.from_regex(r"[a-z][a-z0-9_-]{1,23}", fullmatch=True)

GOOD_HANDLES = ["al", "alice", "a1", "a-b_c", "bob-", "x" * 24, "robot", "ad", "channels", "o-o"]

BAD_HANDLES = {
    "empty": "",
    "one letter": "a",
    "25 letters": "a" * 25,
    "capital": "Alice",
    "digit first": "1alice",
    "dash first": "-alice",
    "underscore first": "_alice",
    "space": "al ice",
    "newline at the end": "alice\n",
    "NUL": "alice\0",
    "escape": "al\x1bice",
    "dot": "al.ice",
    "at sign": "@alice",
    "colon": "alice:",
    "slash": "../alice",
    "Cyrillic letters": "сосо",
    "one Cyrillic letter": "аlice",
    "wide letters": "\uff41\uff4c\uff49\uff43\uff45",
    "Kelvin sign": "al\u212a",
    "zero width space": "al\u200bice",
    "right-to-left override": "al\u202eice",
    "combining mark": "alice\u0301",
    "no-break space": "al\u00a0ice",
    "digits of another script": "al\u0663",
    "lone surrogate": "al\ud800",
}

LOOK_ALIKES = [
    ("a1ice", "alice"),
    ("al1ce", "allce"),
    ("b0b", "bob"),
    ("al-ice", "alice"),
    ("alice_", "alice"),
    ("a--l_ice", "alice"),
    ("rnary", "mary"),
    ("r_nary", "mary"),
    ("vvill", "will"),
    ("v-vill", "will"),
    ("vvvvill", "wwill"),
    ("ww", "vwv"),
    ("ww", "vvw"),
    ("ww", "vvvv"),
    ("rmn", "rrnn"),
    ("c0rn", "com"),
]

ROOM_NAMES = {
    "lobby": True,
    "a": True,
    "1": True,
    "dev-ops_2.0": True,
    "x" * 32: True,
    "": False,
    "x" * 33: False,
    "Lobby": False,
    "#lobby": False,
    ".hidden": False,
    "-x": False,
    "_x": False,
    "a b": False,
    "a/b": False,
    "..": False,
    "lobby\n": False,
    "caf\u00e9": False,
    "lobby\u200b": False,
}


@pytest.mark.parametrize("handle", GOOD_HANDLES)
def test_a_handle_of_this_form_may_be_claimed(handle: str) -> None:
    assert handle_fault(handle) is None


@pytest.mark.parametrize("handle", BAD_HANDLES.values(), ids=BAD_HANDLES.keys())
def test_a_handle_of_this_form_may_not_be_claimed(handle: str) -> None:
    fault = handle_fault(handle)
    assert fault == "a handle has 2 to 24 of a-z 0-9 _ - and begins with a letter"


@pytest.mark.parametrize("handle", sorted(RESERVED_HANDLES))
def test_a_reserved_handle_may_not_be_claimed(handle: str) -> None:
    assert handle_fault(handle) == "this handle is reserved"


@pytest.mark.parametrize(
    "handle", ["adm-in", "adrnin", "r00t", "a11", "a-l-l", "serv-er", "everyone_", "0wner", "m0derat0r"]
)
def test_what_looks_like_a_reserved_handle_may_not_be_claimed(handle: str) -> None:
    assert handle_fault(handle) in ("this handle is reserved", handle_fault("0"))
    assert skeleton(handle) in {skeleton(reserved) for reserved in RESERVED_HANDLES}


@pytest.mark.parametrize("handle", ["admin", "server", "system", "everyone", "all", "here", "root", "guest"])
def test_these_handles_are_reserved(handle: str) -> None:
    assert handle in RESERVED_HANDLES


@pytest.mark.parametrize(("handle", "other"), LOOK_ALIKES)
def test_look_alikes_have_one_skeleton(handle: str, other: str) -> None:
    assert skeleton(handle) == skeleton(other)


@pytest.mark.parametrize(("handle", "other"), [("alice", "alicia"), ("bob", "rob"), ("ann", "anna")])
def test_others_have_their_own_skeleton(handle: str, other: str) -> None:
    assert skeleton(handle) != skeleton(other)


@given(handles)
def test_a_skeleton_is_its_own_skeleton(handle: str) -> None:
    assert skeleton(skeleton(handle)) == skeleton(handle)


@given(handles, st.sampled_from("-_"), st.integers(1, 24))
def test_dashes_never_make_another_skeleton(handle: str, noise: str, place: int) -> None:
    assert skeleton(handle[:place] + noise + handle[place:]) == skeleton(handle)


@pytest.mark.parametrize(("name", "is_good"), ROOM_NAMES.items())
def test_a_room_name_follows_the_rule(name: str, is_good: bool) -> None:
    assert (room_name_fault(name) is None) == is_good


@given(st.text())
def test_what_passes_as_a_name_is_printable_ascii_without_capitals(name: str) -> None:
    for fault in (handle_fault(name), room_name_fault(name)):
        if fault is None:
            assert name.isascii()
            assert name.isprintable()
            assert name == name.lower()
            assert " " not in name


@pytest.mark.parametrize(
    ("typed", "handle"),
    [("alice", "alice"), (" @Alice ", "alice"), ("ALICE", "alice"), ("@@alice", "@alice")],
)
def test_a_typed_handle_is_folded(typed: str, handle: str) -> None:
    assert fold_handle(typed) == handle


@pytest.mark.parametrize(("typed", "name"), [("lobby", "lobby"), (" #Dev.Ops ", "dev.ops"), ("##x", "#x")])
def test_a_typed_room_name_is_folded(typed: str, name: str) -> None:
    assert fold_room_name(typed) == name


@given(handles)
def test_a_stored_handle_is_folded_already(handle: str) -> None:
    assert fold_handle(handle) == fold_handle(f"@{handle.upper()} ") == handle


WRITTEN = {"o": ("o", "0"), "l": ("l", "1"), "m": ("m", "rn", "r-n", "r_n"), "w": ("w", "vv", "v--v")}
"""How one may write a letter so that it looks the same."""


@given(st.text("olmwvrna", min_size=1, max_size=12), st.data())
def test_a_handle_has_one_skeleton_however_it_is_written(looks: str, data: st.DataObject) -> None:
    """Also where what stands for a letter touches what stands for the next one."""
    strokes = looks.replace("m", "rn").replace("w", "vv")
    ways = [
        (written, letter.replace("m", "rn").replace("w", "vv"))
        for letter, ways in WRITTEN.items()
        for written in ways
    ]
    written = ""
    while strokes:
        fitting = [way for way, drawn in ways if strokes.startswith(drawn)] + [strokes[0]]
        way = data.draw(st.sampled_from(fitting))
        written += way
        strokes = strokes[len(dict(ways).get(way, way)) :]
    assert skeleton(written) == skeleton(looks)


@given(handles)
def test_a_skeleton_is_made_of_the_fewest_kinds_of_letter(handle: str) -> None:
    assert not set(skeleton(handle)) & set("01mw_-")
