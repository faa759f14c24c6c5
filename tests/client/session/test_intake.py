import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatroom.client.session import intake
from chatroom.protocol import limits
from chatroom.protocol.entries import (
    Body,
    Created,
    Entry,
    EntryKind,
    Invited,
    Joined,
    Posted,
    RoomKind,
    TopicSet,
    Unknown,
    encode_body,
)
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Presence, Role, RoomInfo
from chatroom.protocol.text import clean_text

NASTY = "a\x1b[31m\u202eb\u200b\x9b\x07\ud83d c"


def entry(body: Body, kind: int = EntryKind.POSTED, author: str = "bob", at: int = 5) -> Entry:
    return Entry(1, 7, at, author, b"n", kind, msgspec.Raw(encode_body(body)))


def test_a_message_becomes_a_line_with_clean_text() -> None:
    line = intake.line_of(entry(Posted("hi\x1b[0m\u202e there  ")), "alice")
    assert line.body == Posted("hi[0m there")
    assert (line.room, line.seq, line.at, line.author, line.nonce) == (1, 7, 5, "bob", b"n")
    assert not line.is_own
    assert not line.mentions_me
    assert intake.is_shown(line)


def test_a_message_that_names_me_is_a_mention_but_not_my_own() -> None:
    assert intake.line_of(entry(Posted("@alice hi")), "alice").mentions_me
    own = intake.line_of(entry(Posted("@alice hi")), "bob")
    assert own.is_own
    assert not intake.line_of(entry(Posted("@bob hi")), "bob").mentions_me


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (Posted("\u200b \u2800"), EntryKind.POSTED),
        (Unknown(), 77),
        (Joined(), EntryKind.POSTED),
        (Invited("B\x1bob"), EntryKind.INVITED),
    ],
    ids=["blank text", "unknown kind", "body of another kind", "invited nobody"],
)
def test_what_cannot_be_shown_is_unknown(body: Body, kind: int) -> None:
    line = intake.line_of(entry(body, kind), "alice")
    assert line.body == Unknown()
    assert not intake.is_shown(line)


@pytest.mark.parametrize("author", ["", "B", "bob\x1b[2J", "ålice", "a" * 25])
def test_an_author_without_a_proper_handle_is_nobody_and_says_nothing(author: str) -> None:
    line = intake.line_of(entry(Posted("obey me"), author=author), "alice")
    assert line.author == intake.NOBODY
    assert line.body == Unknown()


def test_other_bodies_are_cleaned_too() -> None:
    assert intake.line_of(entry(TopicSet("a\nb\x07"), EntryKind.TOPIC_SET), "x").body == TopicSet("a b")
    assert intake.line_of(entry(TopicSet("\u2800"), EntryKind.TOPIC_SET), "x").body == TopicSet("")
    assert intake.line_of(entry(Created("a\x1bb", 0), EntryKind.CREATED), "x").body == Created("", 0)
    assert intake.line_of(entry(Created("dev", 0), EntryKind.CREATED), "x").body == Created("dev", 0)
    assert intake.line_of(entry(Invited("bob"), EntryKind.INVITED), "x").body == Invited("bob")


def test_an_unknown_manner_is_speech() -> None:
    assert intake.line_of(entry(Posted("hi", 200)), "x").body == Posted("hi", 0)
    assert intake.line_of(entry(Posted("hi", 1)), "x").body == Posted("hi", 1)


def test_a_message_of_too_many_lines_is_cut_and_says_so() -> None:
    high = intake.shown_text("x\n" * 5_000 + "x")
    assert high.count("\n") == limits.TEXT_LINES - 1
    assert high.endswith(intake.CUT_MARK)


def test_a_line_is_cut_to_its_length() -> None:
    assert intake.shown_line("a b", 10) == "a b"
    assert len(intake.shown_line("x" * 1000, 10)) == 10


@given(st.text() | st.text("👨🏽م中\u200d\u200c\ufe0f ", max_size=30))
@example("1234567890123456👨\u200d👨👨👨👨")
def test_whatever_is_shown_is_clean(text: str) -> None:
    shown = intake.shown_text(text)
    assert shown == clean_text(shown)
    line = intake.shown_line(text, 20)
    assert line == clean_text(line)
    assert len(line) <= 20


def info(**fields: object) -> RoomInfo:
    values: dict[str, object] = {"room": 1, "name": "dev", "kind": 0, "topic": "", "first": 1, "head": 0}
    values |= {"member_count": 1, "is_member": True} | fields
    return RoomInfo(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "De v"},
        {"name": NASTY},
        {"kind": 9},
        {"kind": RoomKind.DIRECT, "partner": ""},
        {"kind": RoomKind.DIRECT, "partner": "b\x1bb"},
    ],
)
def test_a_room_that_cannot_be_named_has_a_fault(fields: dict[str, object]) -> None:
    assert intake.room_fault(info(**fields))


def test_proper_rooms_have_no_fault() -> None:
    assert intake.room_fault(info()) is None
    assert intake.room_fault(info(name="", kind=RoomKind.DIRECT, partner="bob")) is None


def test_reserved_handles_have_the_form_of_a_handle() -> None:
    assert intake.is_handle("server")
    assert intake.is_handle("bob_2")
    assert not intake.is_handle("Bob")


def test_numbers_that_are_not_known_become_harmless_ones() -> None:
    assert intake.role_of(3) is Role.OWNER
    assert intake.role_of(99) is Role.MEMBER
    assert intake.presence_of(2) is Presence.ONLINE
    assert intake.presence_of(-1) is Presence.AWAY


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (301, ErrorCode.NO_SUCH_ROOM),
        (199, ErrorCode.BAD_PACKET),
        (299, ErrorCode.NOT_ADMITTED),
        (399, ErrorCode.NOT_ALLOWED),
        (499, ErrorCode.INTERNAL),
        (9999, ErrorCode.INTERNAL),
        (0, ErrorCode.INTERNAL),
    ],
)
def test_a_code_of_a_later_version_stands_for_its_class(number: int, code: ErrorCode) -> None:
    assert intake.code_of(number) is code
