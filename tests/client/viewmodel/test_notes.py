import pytest

from chatroom.client.session.timeline import Line
from chatroom.client.viewmodel.notes import note_text
from chatroom.protocol.entries import Body, Created, Invited, Joined, Left, TopicSet

IN, OUT = Joined(), Left()


def lines(*entries: tuple[str, Body]) -> list[Line]:
    return [Line(1, seq, seq, who, 0, body, b"", False, False) for seq, (who, body) in enumerate(entries, 1)]


NOTES = [
    ([("ana", Created("lab", 0))], "·", "ana created #lab"),
    ([("ana", TopicSet("be kind"))], "·", "ana set the topic: be kind"),
    ([("ana", TopicSet(""))], "·", "ana took the topic away"),
    ([("ana", IN)], "→", "ana joined"),
    ([("ana", OUT)], "←", "ana left"),
    ([("ana", IN), ("bob", IN), ("carl", OUT)], "→", "ana, bob joined · carl left"),
    ([("ana", IN), ("ana", OUT)], "←", "ana joined and left"),
    ([("ana", OUT), ("ana", IN)], "→", "ana left and came back"),
    ([("ana", IN), ("ana", OUT), ("ana", IN)], "→", "ana joined"),
    ([("ana", Invited("bob"))], "·", "ana invited bob"),
    (
        [("ana", Invited("bob")), ("ana", Invited("carl")), ("bob", IN)],
        "→",
        "bob joined · ana invited bob, carl",
    ),
    (
        [(f"user{number}", IN) for number in range(12)],
        "→",
        "user0, user1, user2, user3, user4, user5, user6 and 5 others joined",
    ),
    ([(f"u{number}", IN) for number in range(8)], "→", "u0, u1, u2, u3, u4, u5, u6, u7 joined"),
]


@pytest.mark.parametrize(("entries", "sign", "text"), NOTES)
def test_a_run_of_entries_is_one_line(entries: list[tuple[str, Body]], sign: str, text: str) -> None:
    assert note_text(lines(*entries), "#lab") == (sign, text)
