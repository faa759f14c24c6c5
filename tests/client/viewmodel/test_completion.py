import pytest

from chatroom.client.viewmodel.completion import MOST, Known, complete, in_order

KNOWN = Known(["grace", "greta", "ada"], ["#lobby", "#lab", "#dev"])

CASES = [
    ("gr|", ["grace: |", "greta: |"]),
    ("GR|", ["grace: |", "greta: |"]),
    ("hi gr|", ["hi grace |", "hi greta |"]),
    ("hi gr| there", ["hi grace| there", "hi greta| there"]),
    ("hi\nad|", ["hi\nada: |"]),
    ("hi @g|", ["hi @grace |", "hi @greta |"]),
    ("@ada|", ["@ada |"]),
    ("|", ["grace: |", "greta: |", "ada: |"]),
    ("hi |", []),
    ("x|", []),
    ("see #la|", ["see #lab |"]),
    ("#l|", ["#lobby |", "#lab |"]),
    ("/jo|", ["/join |"]),
    ("/pa|", ["/part |"]),
    ("/s|", ["/search |", "/shrug |", "/select |", "/sidebar |"]),
    ("/msg gr|", ["/msg grace |", "/msg greta |"]),
    ("/join la|", ["/join #lab |"]),
    ("/join #d|", ["/join #dev |"]),
    ("/kick |", ["/kick grace |", "/kick greta |", "/kick ada |"]),
    ("/kick ada |", []),
    ("/role ada |", ["/role ada owner |", "/role ada moderator |", "/role ada member |"]),
    ("/role ada mo|", ["/role ada moderator |"]),
    ("/role ada owner |", []),
    ("//jo|", []),
    ("say /jo|", []),
    ("```py|", ["```python\n|"]),
    ("a\n```ru|", ["a\n```ruby\n|", "a\n```rust\n|"]),
]


@pytest.mark.parametrize(("typed", "ways"), CASES)
def test_tab_completes(typed: str, ways: list[str]) -> None:
    cursor = typed.index("|")
    found = complete(typed.replace("|", ""), cursor, KNOWN)
    assert [way.text[: way.cursor] + "|" + way.text[way.cursor :] for way in found] == ways


def test_a_way_has_a_label_for_a_list() -> None:
    assert [way.label for way in complete("/jo", 3, KNOWN)] == ["/join [-p] #ROOM"]
    assert [way.label for way in complete("@a", 2, KNOWN)] == ["@ada"]


def test_who_spoke_last_comes_first_and_oneself_never() -> None:
    assert in_order({"ada": 5, "me": 9, "grace": 7}, ["zoe", "ada", "me"], "me") == ["grace", "ada", "zoe"]


def test_only_so_many_ways_are_offered() -> None:
    crowd = Known([f"u{number}" for number in range(1000)], [])
    assert len(complete("u", 1, crowd)) == MOST
