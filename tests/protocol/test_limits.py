"""Limits: the longest of everything fits where it has to fit."""

import msgspec

from chatroom.protocol import limits
from chatroom.protocol.codec import decode_from_server, encode
from chatroom.protocol.entries import ENTRY_TYPE, Entry, EntryKind, Posted, encode_body, encode_entry
from chatroom.protocol.frames import HEADER_BYTES
from chatroom.protocol.packets import (
    Cursor,
    Device,
    DeviceList,
    Follow,
    Followed,
    Following,
    HistoryPage,
    Login,
    Member,
    MemberList,
    Packet,
    Post,
    PresenceChanged,
    PresenceOf,
    RoomInfo,
    RoomList,
    Search,
    SearchPage,
    SetTopic,
    Welcome,
)

WIDE = "\N{PILE OF POO}"
"""A character of four bytes, the most that UTF-8 has."""

HANDLE = "h" * limits.HANDLE_CHARS
ROOM_NAME = "r" * limits.ROOM_NAME_CHARS
TOPIC = WIDE * limits.TOPIC_CHARS
NONCE = bytes(limits.NONCE_BYTES)
TEXT = "t" * limits.TEXT_BYTES
INFO = RoomInfo(
    limits.ROOM_MAX, ROOM_NAME, 1, TOPIC, limits.SEQ_MAX, limits.SEQ_MAX, limits.COUNT_MAX, True,
    limits.SEQ_MAX, limits.COUNT_MAX, limits.COUNT_MAX, HANDLE, HANDLE,
)  # fmt: skip


def payload_bytes(packet: Packet) -> int:
    return len(encode(packet)) - HEADER_BYTES


def longest_entry(text: str) -> bytes:
    body = encode_body(Posted(text, 255))
    return encode_entry(
        limits.ROOM_MAX, limits.SEQ_MAX, limits.TIME_MAX, HANDLE, NONCE, EntryKind.POSTED, body
    )


def entries_of(frames: list[bytes]) -> list[Entry]:
    found = [decode_from_server(ENTRY_TYPE, frame[HEADER_BYTES:]) for frame in frames]
    return [entry for entry in found if isinstance(entry, Entry)]


def test_the_longest_login_fits_before_login() -> None:
    login = Login(
        limits.ID_MAX, limits.CODE_MAX, HANDLE, bytes(32), bytes(32), bytes(64), bytes(16),
        WIDE * limits.PASSWORD_CHARS, WIDE * limits.WORD_CHARS, WIDE * limits.WORD_CHARS,
        ["f" * 16] * limits.FEATURES,
    )  # fmt: skip
    assert payload_bytes(login) <= limits.LOGIN_FRAME_BYTES


def test_the_longest_requests_fit_in_a_frame() -> None:
    for request in (
        Post(limits.ID_MAX, limits.ROOM_MAX, NONCE, TEXT, 255),
        SetTopic(limits.ID_MAX, limits.ROOM_MAX, TOPIC),
        Search(limits.ID_MAX, WIDE * limits.QUERY_CHARS, limits.ROOM_MAX, HANDLE, limits.SEARCH_MARK_MAX),
        Follow(limits.ID_MAX, [Cursor(limits.ROOM_MAX, limits.SEQ_MAX)] * limits.CURSORS, limits.SEQ_MAX),
    ):
        assert payload_bytes(request) <= limits.FRAME_BYTES


def test_the_longest_lists_fit_in_a_frame() -> None:
    followed = Followed(limits.ROOM_MAX, limits.SEQ_MAX, limits.SEQ_MAX)
    for response in (
        RoomList(limits.ID_MAX, [INFO] * limits.ROOMS_PAGE, True),
        MemberList(
            limits.ID_MAX, limits.ROOM_MAX, [Member(HANDLE, limits.CODE_MAX, 2)] * limits.MEMBERS_PAGE, True
        ),
        Following(limits.ID_MAX, [followed] * limits.CURSORS),
        PresenceChanged([PresenceOf(HANDLE, limits.CODE_MAX)] * limits.PRESENCE_CHANGES),
        Welcome(limits.ID_MAX, HANDLE, 3, True, limits.TIME_MAX, limits.COUNT_MAX, TEXT),
        DeviceList(
            limits.ID_MAX,
            [Device(bytes(32), WIDE * limits.WORD_CHARS, limits.TIME_MAX, True)] * limits.DEVICES,
        ),
    ):
        assert payload_bytes(response) <= limits.FRAME_BYTES


def test_a_page_full_of_the_longest_or_of_the_most_entries_fits_in_a_frame() -> None:
    for text in (TEXT, "t" * (limits.PAGE_BYTES // limits.PAGE_ENTRIES), ""):
        frame = longest_entry(text)
        count = min(limits.PAGE_BYTES // len(frame), limits.PAGE_ENTRIES)
        entries = entries_of([frame] * count)
        page = HistoryPage(limits.ID_MAX, limits.ROOM_MAX, entries, True)
        assert payload_bytes(page) <= limits.FRAME_BYTES
        hits = SearchPage(
            limits.ID_MAX, entries[: limits.SEARCH_HITS], limits.SEARCH_MARK_MAX, limits.COUNT_MAX
        )
        assert payload_bytes(hits) <= limits.FRAME_BYTES


def test_a_page_holds_at_least_one_of_the_longest_entries() -> None:
    assert len(longest_entry(TEXT)) <= limits.PAGE_BYTES


def test_every_number_fits_where_databases_and_calendars_keep_it() -> None:
    assert limits.ROOM_MAX * (limits.SEQ_MAX + 1) + limits.SEQ_MAX < 2**63
    assert limits.SEARCH_MARK_MAX < 2**63
    assert limits.TIME_MAX // 1_000 == 253_402_300_799  # 9999-12-31T23:59:59Z


def test_limits_are_whole_numbers_above_zero() -> None:
    values = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert all(type(value) is int and value > 0 for value in values.values())
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(values)) == values
