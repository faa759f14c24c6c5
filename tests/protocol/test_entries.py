"""Entries: their bytes, their kinds, and what becomes of what is not known."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol.entries import (
    BODY_TYPES,
    ENTRY_TYPE,
    Body,
    Created,
    Declined,
    Entry,
    EntryKind,
    Invited,
    Joined,
    Left,
    Manner,
    Moderated,
    Posted,
    RoomKind,
    TopicSet,
    Unknown,
    decode_entry,
    encode_body,
    encode_entry,
    kind_name,
    read_body,
)
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.frames import FrameDecoder, encode_frame
from chatroom.protocol.limits import SEQ_MAX, TIME_MAX
from support.packets import msgpack_values, packets_of

NONCE = bytes(range(16))
AT = 1_700_000_000_000

BODIES: list[tuple[Body, str]] = [
    (Posted("hello"), "92 a568656c6c6f 00"),
    (Posted("waves", Manner.ACTION), "92 a57761766573 01"),
    (Created("dev", RoomKind.PRIVATE), "92 a3646576 01"),
    (Created("", RoomKind.DIRECT), "92 a0 02"),
    (Joined(), "90"),
    (Left(), "90"),
    (Invited("bob"), "91 a3626f62"),
    (Declined(), "90"),
    (TopicSet("tea"), "91 a3746561"),
    (TopicSet(""), "91 a0"),
    (Moderated("bob"), "94 a3626f62 00 a0 00"),
    (Moderated("bob", AT, "spam", 2), "94 a3626f62 cf0000018bcfe56800 a47370616d 02"),
]

MISFITS = {
    "nil": "c0",
    "too few elements": "90",
    "nil for a text": "91c0",
    "a number for a text": "9101",
    "bytes for a text": "91c40161",
    "an overlong encoding": "91a2c0af",
    "half a surrogate pair": "91a3eda080",
    "a manner out of range": "92a161ce00010000",
    "a negative manner": "92a161ff",
    "bytes after the body": "92a16101c0",
    "an opcode nobody may use": "c1",
    "arrays in arrays behind the fields": "93a16100" + "91" * 60_000,
    "a text of four thousand million bytes": "91dbffffffff",
}
"""What a message's body is not."""

NAMES = [f"{type(body).__name__}-{row}" for row, (body, _shown) in enumerate(BODIES)]
case = pytest.mark.parametrize(("body", "shown"), BODIES, ids=NAMES)


def kind_of(body: Body) -> EntryKind:
    """A kind whose body this may be."""
    return next(kind for kind, body_type in BODY_TYPES.items() if isinstance(body, body_type))


def entry_with(kind: int, body: bytes) -> Entry:
    return Entry(1, 1, AT, "alice", NONCE, kind, msgspec.Raw(body))


def test_an_entry_has_these_bytes() -> None:
    frame = encode_entry(7, 300, AT, "alice", NONCE, EntryKind.POSTED, encode_body(Posted("hi")))
    payload = "97 07 cd012c cf0000018bcfe56800 a5616c696365 c410" + NONCE.hex() + "01 92a2686900"
    assert frame == encode_frame(ENTRY_TYPE, bytes.fromhex(payload))


@case
def test_a_body_has_these_bytes(body: Body, shown: str) -> None:
    assert encode_body(body) == bytes.fromhex(shown)


@case
def test_these_bytes_are_the_body(body: Body, shown: str) -> None:
    kind = kind_of(body)
    assert read_body(entry_with(kind, bytes.fromhex(shown))) == body


@case
def test_elements_beyond_the_known_fields_of_a_body_are_ignored(body: Body, shown: str) -> None:
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(bytes.fromhex(shown)), {"new": 1}])
    assert read_body(entry_with(kind_of(body), longer)) == body


def test_every_kind_has_a_body_and_a_case() -> None:
    assert set(BODY_TYPES) == set(EntryKind)
    assert {type(body) for body, _shown in BODIES} == set(BODY_TYPES.values())


@pytest.mark.parametrize("kind", [k for k in EntryKind if BODY_TYPES[k] is Moderated])
def test_every_kind_of_moderation_has_the_same_body(kind: EntryKind) -> None:
    body = Moderated("bob", AT, "spam", 1)
    assert read_body(entry_with(kind, encode_body(body))) == body


def test_what_has_no_end_ends_with_time_itself() -> None:
    assert Moderated("bob", AT).ends_at == AT
    assert Moderated("bob").ends_at == TIME_MAX


@pytest.mark.parametrize("kind", [0, 2, 9, 16, 19, 26, 65_535])
def test_a_kind_that_is_not_known_is_an_entry_without_meaning(kind: int) -> None:
    assert read_body(entry_with(kind, encode_body(Posted("hi")))) == Unknown()


@pytest.mark.parametrize("body", MISFITS.values(), ids=MISFITS.keys())
def test_a_body_that_does_not_fit_its_kind_is_an_entry_without_meaning(body: str) -> None:
    assert read_body(entry_with(EntryKind.POSTED, bytes.fromhex(body))) == Unknown()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (1, "message"),
        (10, "created"),
        (11, "joined"),
        (12, "left"),
        (13, "invited"),
        (14, "topic_set"),
        (15, "declined"),
        (20, "kicked"),
        (21, "banned"),
        (22, "unbanned"),
        (23, "muted"),
        (24, "unmuted"),
        (25, "role_set"),
        (2, "unknown-2"),
        (65535, "unknown-65535"),
    ],
)
def test_scripts_see_a_kind_by_name(kind: int, name: str) -> None:
    assert kind_name(kind) == name


@pytest.mark.parametrize(
    "values",
    [
        [0, 1, AT, "a", b"", 1, []],
        [1, SEQ_MAX + 1, AT, "a", b"", 1, []],
        [1, -1, AT, "a", b"", 1, []],
        [1, 1, TIME_MAX + 1, "a", b"", 1, []],
        [1, 1, -1, "a", b"", 1, []],
        [1, 1, 1.5, "a", b"", 1, []],
        [1, 1, AT, "a" * 25, b"", 1, []],
        [1, 1, AT, b"a", b"", 1, []],
        [1, 1, AT, "a", bytes(17), 1, []],
        [1, 1, AT, "a", b"", 65_536, []],
        [1, 1, AT, "a", b"", 1],
        {"room": 1},
    ],
)
def test_an_entry_out_of_range_is_a_bad_packet(values: object) -> None:
    with pytest.raises(ProtocolError) as refused:
        decode_entry(msgspec.msgpack.encode(values))
    assert refused.value.code is ErrorCode.BAD_PACKET


@given(packets_of(Entry))
def test_every_entry_comes_back_as_it_was(entry: Entry) -> None:
    frame = encode_entry(
        entry.room, entry.seq, entry.at, entry.author, entry.nonce, entry.kind, bytes(entry.body)
    )
    [(packet_type, payload)] = FrameDecoder(2**32).feed(frame)
    assert packet_type == ENTRY_TYPE
    assert decode_entry(payload) == entry


@given(st.sampled_from(list(EntryKind)).flatmap(lambda kind: packets_of(BODY_TYPES[kind])))
def test_every_body_comes_back_as_it_was(body: Body) -> None:
    assert read_body(entry_with(kind_of(body), encode_body(body))) == body


@given(st.sampled_from(list(EntryKind)), st.binary(max_size=40) | msgpack_values.map(msgspec.msgpack.encode))
def test_any_bytes_are_a_body_or_without_meaning(kind: EntryKind, body: bytes) -> None:
    assert isinstance(read_body(entry_with(kind, body)), BODY_TYPES[kind] | Unknown)
