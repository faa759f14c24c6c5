import pytest

from chatroom.client.session.timeline import Line
from chatroom.client.viewmodel.notes import NOT_KNOWN, note_text
from chatroom.protocol.entries import (
    BODY_TYPES,
    Body,
    Created,
    Declined,
    EntryKind,
    Invited,
    Joined,
    Left,
    Moderated,
    Posted,
    TopicSet,
    Unknown,
)
from chatroom.protocol.packets import Role

IN, OUT, NO = Joined(), Left(), Declined()


def until(at_ms: int, now_ms: int) -> str:
    return f"{at_ms} after {now_ms}"


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
    ([("bob", NO)], "·", "bob declined the invitation"),
    ([("carl", IN), ("bob", NO), ("eve", NO)], "→", "carl joined · bob, eve declined the invitation"),
    (
        [("ana", Invited("bob")), ("bob", NO), ("ana", Invited("bob")), ("bob", IN)],
        "→",
        "ana invited bob · bob declined the invitation · bob joined",
    ),
    (
        [("ana", Invited("bob")), ("ana", Invited("carl")), ("bob", IN)],
        "→",
        "ana invited bob, carl · bob joined",
    ),
    (
        [("ana", IN), ("ana", Invited("bob")), ("bob", IN)],
        "→",
        "ana joined · ana invited bob · bob joined",
    ),
    ([("bob", IN), ("bob", OUT), ("ana", Invited("bob"))], "←", "bob joined and left · ana invited bob"),
    (
        [(f"user{number}", IN) for number in range(12)],
        "→",
        "user0, user1, user2, user3, user4, user5, user6 and 5 others joined",
    ),
    ([(f"u{number}", IN) for number in range(8)], "→", "u0, u1, u2, u3, u4, u5, u6, u7 joined"),
]


@pytest.mark.parametrize(("entries", "sign", "text"), NOTES)
def test_a_run_of_entries_is_one_line(entries: list[tuple[str, Body]], sign: str, text: str) -> None:
    assert note_text(lines(*entries), "#lab", until) == (sign, text)


MODERATED = [
    (EntryKind.KICKED, Moderated("kenji"), "radia kicked kenji"),
    (EntryKind.KICKED, Moderated("kenji", 9, "enough"), "radia kicked kenji until 9 after 1: enough"),
    (EntryKind.BANNED, Moderated("kenji", 18, "flooding"), "radia banned kenji until 18 after 1: flooding"),
    (EntryKind.BANNED, Moderated("kenji"), "radia banned kenji"),
    (EntryKind.UNBANNED, Moderated("kenji", 0, "said sorry"), "radia unbanned kenji: said sorry"),
    (EntryKind.MUTED, Moderated("kenji", 7), "radia muted kenji until 7 after 1"),
    (EntryKind.UNMUTED, Moderated("kenji"), "radia unmuted kenji"),
    (EntryKind.ROLE_SET, Moderated("kenji", role=Role.MODERATOR), "radia made kenji a moderator"),
    (EntryKind.ROLE_SET, Moderated("kenji", role=Role.MEMBER), "radia made kenji a member"),
    (EntryKind.ROLE_SET, Moderated("radia", role=Role.OWNER), "radia is an owner now"),
    (EntryKind.ROLE_SET, Moderated("kenji", role=77), "radia gave kenji another role"),
]


@pytest.mark.parametrize(("kind", "body", "text"), MODERATED)
def test_what_moderators_do_is_said_with_its_end_and_its_reason(
    kind: EntryKind, body: Moderated, text: str
) -> None:
    assert note_text([Line(1, 1, 1, "radia", kind, body, b"", False, False)], "#lab", until) == ("·", text)


EXAMPLES: dict[type[Body], Body] = {
    Created: Created("lab", 0),
    Joined: IN,
    Left: OUT,
    Invited: Invited("bob"),
    Declined: NO,
    TopicSet: TopicSet(""),
    Moderated: Moderated("bob"),
    Unknown: Unknown(),
}


@pytest.mark.parametrize("kind", [kind for kind in EntryKind if BODY_TYPES[kind] is not Posted])
def test_every_kind_of_entry_that_is_no_message_has_a_note(kind: EntryKind) -> None:
    line = Line(1, 1, 1, "ana", kind, EXAMPLES[BODY_TYPES[kind]], b"", False, False)
    sign, text = note_text([line], "#lab", until)
    assert sign
    assert text
    assert text != NOT_KNOWN


def test_a_kind_that_is_not_known_is_no_empty_row() -> None:
    for kind, body in ((99, Unknown()), (99, Moderated("bob")), (EntryKind.CREATED, Unknown())):
        assert note_text([Line(1, 1, 1, "ana", kind, body, b"", False, False)], "#lab", until)[1] == NOT_KNOWN
