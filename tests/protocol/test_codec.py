"""The registry and the codec: one table of packets and their bytes, and what the bytes may become."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatroom.protocol import codec
from chatroom.protocol.entries import ENTRY_TYPE, Entry, Posted, encode_body, encode_entry
from chatroom.protocol.errors import ErrorCode, ProtocolError
from chatroom.protocol.frames import HEADER_BYTES, FrameDecoder, encode_frame
from chatroom.protocol.limits import FRAME_BYTES
from chatroom.protocol.packets import (
    Claim,
    Closing,
    CreateLink,
    Cursor,
    Device,
    DeviceList,
    Done,
    Follow,
    Followed,
    Following,
    Hello,
    History,
    HistoryPage,
    Invite,
    Join,
    Leave,
    LinkCode,
    ListDevices,
    ListMembers,
    ListRooms,
    Login,
    MarkRead,
    Member,
    MemberList,
    Moderate,
    ModerationAct,
    OpenDirect,
    Opened,
    Packet,
    Ping,
    Pong,
    Post,
    PresenceChanged,
    PresenceOf,
    ReadMarker,
    Refused,
    Request,
    RevokeDevice,
    RoomGone,
    RoomInfo,
    RoomList,
    RoomState,
    Search,
    SearchPage,
    SetPresence,
    SetTopic,
    Stored,
    Welcome,
)
from support.packets import PACKETS, any_packet, msgpack_values, packets_of

LOG_ID = bytes(range(0xA0, 0xB0))
NONCE = bytes(range(16))
CHALLENGE = bytes(range(32))
KEY = bytes(range(0x20, 0x40))
SIGNATURE = bytes(range(0x40, 0x80))
SESSION = bytes(range(0x80, 0x90))

SHORT = {"N": NONCE, "C": CHALLENGE, "K": KEY, "S": SIGNATURE, "I": SESSION, "L": LOG_ID}
"""What the capital letters in the bytes of the table stand for."""

INFO = RoomInfo(7, "dev", 1, "tea", 1, 300, 2, True, 295, 5, 1, "", "")
DIRECT = RoomInfo(8, "", 2, "", 0, 0, 2, False, 0, 0, 0, "bob", "")
ENTRY = Entry(7, 300, 1_700_000_000_000, "alice", NONCE, 1, msgspec.Raw(encode_body(Posted("hi"))))

INFO_HEX = "9d 07 a3646576 01 a3746561 01 cd012c 02 c3 cd0127 05 01 a0 a0"
DIRECT_HEX = "9d 08 a0 02 a0 00 00 02 c2 00 00 00 a3626f62 a0"
ENTRY_HEX = "97 07 cd012c cf0000018bcfe56800 a5616c696365 c410N 01 92a2686900"

CASES: list[tuple[Packet, str]] = [
    (Hello(1, 1, "demo", CHALLENGE, LOG_ID), "98 01 01 a464656d6f c420C c410L a46f70656e c2 90"),
    (
        Hello(2, 1, "démo", CHALLENGE, LOG_ID, "invite", True, ["edits"]),
        "98 02 01 a564c3a96d6f c420C c410L a6696e76697465 c3 91a56564697473",
    ),
    (
        Login(1, 1, "alice", KEY, CHALLENGE, SIGNATURE, SESSION),
        "9b 01 01 a5616c696365 c420K c420C c440S c410I a0 a0 a0 90",
    ),
    (
        Login(1, 1, "alice", KEY, CHALLENGE, SIGNATURE, SESSION, "pw", "abc", "prog 0.1", ["edits"]),
        "9b 01 01 a5616c696365 c420K c420C c440S c410I a27077 a3616263 a870726f6720302e31 91a56564697473",
    ),
    (
        Welcome(1, "alice", 1, True, 1_700_000_000_000, 2),
        "97 01 a5616c696365 01 c3 cf0000018bcfe56800 02 a0",
    ),
    (
        Welcome(1, "alice", 3, False, 1_700_000_000_000, 0, "Hello!"),
        "97 01 a5616c696365 03 c2 cf0000018bcfe56800 00 a648656c6c6f21",
    ),
    (Follow(2, []), "93 02 90 00"),
    (Follow(2, [Cursor(1, 0), Cursor(7, 512)], 50), "93 02 92 920100 9207cd0200 32"),
    (Following(2, [Followed(1, 0, 2), Followed(7, 512, 600)]), "92 02 92 93010002 9307cd0200cd0258"),
    (Join(3, "dev"), "94 03 a3646576 c2 00"),
    (Join(3, "dev", True, 1), "94 03 a3646576 c3 01"),
    (OpenDirect(4, "bob"), "92 04 a3626f62"),
    (Opened(4, INFO), "92 04" + INFO_HEX),
    (Leave(5, 7), "92 05 07"),
    (SetTopic(6, 7, "tea"), "93 06 07 a3746561"),
    (Invite(7, 7, "bob"), "93 07 07 a3626f62"),
    (ListRooms(8), "93 08 a0 28"),
    (ListRooms(8, "dev", 10), "93 08 a3646576 0a"),
    (RoomList(8, [INFO, DIRECT], True), "93 08 92" + INFO_HEX + DIRECT_HEX + "c3"),
    (RoomList(8, [], False), "93 08 90 c2"),
    (ListMembers(9, 7), "94 09 07 a0 cd01f4"),
    (ListMembers(9, 7, "alice", 100), "94 09 07 a5616c696365 64"),
    (
        MemberList(9, 7, [Member("alice", 3, 2), Member("bob", 1, 0)], False),
        "94 09 07 92 93a5616c6963650302 93a3626f620100 c2",
    ),
    (Post(10, 7, NONCE, "hello"), "95 0a 07 c410N a568656c6c6f 00"),
    (Post(10, 7, NONCE, "waves 👋", 1), "95 0a 07 c410N aa776176657320f09f918b 01"),
    (Stored(10, 7, 300, NONCE), "95 0a 07 cd012c c410N c2"),
    (Stored(10, 7, 300, NONCE, repeat=True), "95 0a 07 cd012c c410N c3"),
    (History(11, 7), "95 0b 07 00 00 ccc8"),
    (History(11, 7, 100, 200, 50), "95 0b 07 64 ccc8 32"),
    (HistoryPage(11, 7, [ENTRY], True), "94 0b 07 91" + ENTRY_HEX + "c3"),
    (Search(12, "tea"), "96 0c a3746561 00 a0 00 32"),
    (
        Search(12, "tea pot", 7, "bob", 4_398_046_511_104, 20),
        "96 0c a774656120706f74 07 a3626f62 cf0000040000000000 14",
    ),
    (SearchPage(12, [ENTRY], 4_398_046_511_104, 3), "94 0c 91" + ENTRY_HEX + "cf0000040000000000 03"),
    (SearchPage(12, [], 0), "94 0c 90 00 00"),
    (MarkRead(13, 7, 300), "93 0d 07 cd012c"),
    (ReadMarker(7, 300, 5, 1), "94 07 cd012c 05 01"),
    (SetPresence(14, 1), "92 0e 01"),
    (Moderate(18, 7, ModerationAct.KICK, "bob"), "97 12 07 00 a3626f62 00 a0 00"),
    (
        Moderate(18, 7, ModerationAct.BAN, "bob", 86_400, "spam"),
        "97 12 07 01 a3626f62 ce00015180 a47370616d 00",
    ),
    (Moderate(18, 7, ModerationAct.SET_ROLE, "bob", 0, "", 2), "97 12 07 05 a3626f62 00 a0 02"),
    (Claim(19, "0a1b2-c3d4e"), "92 13 ab30613162322d6333643465"),
    (CreateLink(20), "91 14"),
    (LinkCode(20, "0a1b2", 600), "93 14 a53061316232 cd0258"),
    (ListDevices(21), "91 15"),
    (
        DeviceList(21, [Device(KEY, "prog 0.1", 1_700_000_000_000, True), Device(CHALLENGE, "", 0, False)]),
        "92 15 92 94 c420K a870726f6720302e31 cf0000018bcfe56800 c3 94 c420C a0 00 c2",
    ),
    (RevokeDevice(22, KEY), "92 16 c420K"),
    (PresenceChanged([PresenceOf("alice", 2), PresenceOf("bob", 0)]), "91 92 92a5616c69636502 92a3626f6200"),
    (RoomState(INFO), "91" + INFO_HEX),
    (RoomGone(7), "92 07 a0"),
    (RoomGone(7, "bye"), "92 07 a3627965"),
    (Done(15), "91 0f"),
    (Refused(16, 302, "join first"), "94 10 cd012e aa6a6f696e206669727374 00"),
    (Refused(16, 400, "disk full", 2_000), "94 10 cd0190 a96469736b2066756c6c cd07d0"),
    (Ping(17), "91 11"),
    (Pong(4_294_967_295), "91 ceffffffff"),
    (Closing(206, "taken over"), "93 ccce aa74616b656e206f766572 00"),
    (Closing(401, "stopping", 2_000), "93 cd0191 a873746f7070696e67 cd07d0"),
]

NAMES = [f"{type(packet).__name__}-{row}" for row, (packet, _shown) in enumerate(CASES)]
case = pytest.mark.parametrize(("packet", "shown"), CASES, ids=NAMES)


def payload_of(shown: str) -> bytes:
    for letter, value in SHORT.items():
        shown = shown.replace(letter, value.hex())
    return bytes.fromhex(shown)


def decode(packet_type: int, payload: bytes) -> object:
    """What the end that this packet is for makes of it."""
    if packet_type in codec.REQUESTS:
        return codec.decode_from_client(packet_type, payload)
    return codec.decode_from_server(packet_type, payload)


def refused_as(packet_type: int, payload: bytes) -> ErrorCode:
    with pytest.raises(ProtocolError) as refused:
        decode(packet_type, payload)
    return refused.value.code


def required(cls: type[Packet]) -> int:
    """How many leading fields have no default."""
    return sum(field.required for field in msgspec.structs.fields(cls))


# -- the table ---------------------------------------------------------------------------------------------


def test_the_table_has_every_packet() -> None:
    assert {type(packet) for packet, _shown in CASES} == set(PACKETS.values())


@case
def test_a_packet_has_these_bytes(packet: Packet, shown: str) -> None:
    payload = payload_of(shown)
    assert codec.encode(packet) == encode_frame(codec.packet_type(type(packet)), payload)


@case
def test_these_bytes_are_the_packet(packet: Packet, shown: str) -> None:
    assert decode(codec.packet_type(type(packet)), payload_of(shown)) == packet


@case
def test_one_byte_at_a_time_gives_the_same_packet(packet: Packet, shown: str) -> None:
    decoder = FrameDecoder(FRAME_BYTES)
    frame = encode_frame(codec.packet_type(type(packet)), payload_of(shown))
    found = [found for byte in frame for found in decoder.feed(bytes([byte]))]
    assert [decode(*one) for one in found] == [packet]


@case
def test_elements_beyond_the_known_fields_are_ignored(packet: Packet, shown: str) -> None:
    longer = [*msgspec.msgpack.decode(payload_of(shown)), "new", {"x": [1, b"2", None]}]
    assert decode(codec.packet_type(type(packet)), msgspec.msgpack.encode(longer)) == packet


@case
def test_absent_trailing_elements_have_their_defaults(packet: Packet, shown: str) -> None:
    cls = type(packet)
    values = msgspec.msgpack.decode(payload_of(shown))
    for kept in range(required(cls), len(values) + 1):
        expected = cls(*msgspec.structs.astuple(packet)[:kept])
        assert decode(codec.packet_type(cls), msgspec.msgpack.encode(values[:kept])) == expected


@case
def test_an_absent_required_element_is_refused(packet: Packet, shown: str) -> None:
    values = msgspec.msgpack.decode(payload_of(shown))[: required(type(packet)) - 1]
    assert refused_as(codec.packet_type(type(packet)), msgspec.msgpack.encode(values)) is ErrorCode.BAD_PACKET


@case
def test_bytes_after_the_payload_are_refused(packet: Packet, shown: str) -> None:
    for more in (b"\0", b"\xc0", payload_of(shown)):
        payload = payload_of(shown) + more
        assert refused_as(codec.packet_type(type(packet)), payload) is ErrorCode.BAD_PACKET


@case
def test_a_payload_that_was_cut_short_is_refused(packet: Packet, shown: str) -> None:
    payload = payload_of(shown)
    for end in range(len(payload)):
        assert refused_as(codec.packet_type(type(packet)), payload[:end]) is ErrorCode.BAD_PACKET


@pytest.mark.parametrize("number", ["0a", "cc0a", "cd000a", "ce0000000a", "cf" + "00" * 7 + "0a"])
@pytest.mark.parametrize("text", ["a26869", "d9026869", "da00026869", "db000000026869"])
@pytest.mark.parametrize("array", ["95", "dc0005", "dd00000005"])
def test_longer_forms_of_the_same_values_are_accepted(array: str, number: str, text: str) -> None:
    payload = bytes.fromhex(f"{array}{number}d107d0c50010{NONCE.hex()}{text}00")
    assert decode(0x0020, payload) == Post(10, 2_000, NONCE, "hi")


def test_what_is_ignored_may_be_nested() -> None:
    payload = bytes.fromhex(f"960a07c410{NONCE.hex()}a2686900" + "91" * 31 + "90")
    assert decode(0x0020, payload) == Post(10, 7, NONCE, "hi")


# -- the registry ------------------------------------------------------------------------------------------


def test_no_number_and_no_class_is_used_twice() -> None:
    tables = (codec.REQUESTS, codec.RESPONSES, codec.NOTICES, codec.HEARTBEATS)
    numbers = [number for table in tables for number in table] + [ENTRY_TYPE]
    assert len(set(numbers)) == len(numbers)
    assert len(set(PACKETS.values())) == len(PACKETS)


def test_the_number_tells_who_may_send_a_packet() -> None:
    assert all(number < codec.SERVER_SENDS for number in codec.REQUESTS)
    assert all(codec.SERVER_SENDS <= number < codec.IGNORABLE for number in codec.RESPONSES)
    assert all(number >= codec.SERVER_SENDS for number in codec.NOTICES)


def test_every_packet_class_is_registered_and_every_request_carries_an_id() -> None:
    assert set(codec.REQUESTS.values()) == set(Request.__subclasses__())
    assert set(PACKETS.values()) == (set(Packet.__subclasses__()) | set(Request.__subclasses__())) - {Request}
    assert all(cls.__struct_fields__[0] == "id" for cls in codec.REQUESTS.values())
    assert all(cls.__struct_fields__[0] == "id" for cls in codec.RESPONSES.values())


@pytest.mark.parametrize("number", sorted(PACKETS))
def test_each_end_takes_only_what_is_for_it(number: int) -> None:
    packet = next(packet for packet, _shown in CASES if type(packet) is PACKETS[number])
    payload = codec.encode(packet)[HEADER_BYTES:]
    ends = {
        codec.decode_from_client: number in codec.REQUESTS or number in codec.HEARTBEATS,
        codec.decode_from_server: number not in codec.REQUESTS,
    }
    for decode_at, is_for_it in ends.items():
        if is_for_it:
            assert type(decode_at(number, payload)) is PACKETS[number]
        else:
            with pytest.raises(ProtocolError) as refused:
                decode_at(number, payload)
            assert refused.value.code is ErrorCode.BAD_ORDER


def test_an_entry_is_not_for_a_client_to_send() -> None:
    payload = encode_entry(1, 1, 0, "alice", NONCE, 1, encode_body(Posted("hi")))[HEADER_BYTES:]
    assert isinstance(codec.decode_from_server(ENTRY_TYPE, payload), Entry)
    with pytest.raises(ProtocolError) as refused:
        codec.decode_from_client(ENTRY_TYPE, payload)
    assert refused.value.code is ErrorCode.BAD_ORDER


# -- what a newer peer may send ----------------------------------------------------------------------------


def test_an_unknown_request_is_known_by_its_id() -> None:
    payload = msgspec.msgpack.encode([77, "whatever", {"it": "is"}])
    request = codec.decode_from_client(0x3FFF, payload)
    assert type(request) is Request
    assert request.id == 77


@pytest.mark.parametrize("payload", ["", "90", "c0", "a161", "91a161", "91ff", "9101c0", "81a26964 01"])
def test_an_unknown_request_without_an_id_is_refused(payload: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        codec.decode_from_client(0x3FFF, bytes.fromhex(payload))
    assert refused.value.code is ErrorCode.BAD_PACKET


@pytest.mark.parametrize("number", [0x8000, 0x8FFF, 0xFFFF])
def test_an_unknown_packet_that_may_be_ignored_is_ignored_whatever_it_holds(number: int) -> None:
    assert codec.decode_from_client(number, b"\xc1") is None
    assert codec.decode_from_server(number, b"\xc1") is None


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (0x0000, ErrorCode.BAD_ORDER),
        (0x3FFF, ErrorCode.BAD_ORDER),
        (0x4FFF, ErrorCode.BAD_PACKET),
        (0x7FFF, ErrorCode.BAD_PACKET),
    ],
)
def test_a_client_does_not_pass_over_what_it_must_understand(number: int, code: ErrorCode) -> None:
    with pytest.raises(ProtocolError) as refused:
        codec.decode_from_server(number, b"\x90")
    assert refused.value.code is code


def test_a_server_does_not_take_unknown_packets_of_servers() -> None:
    with pytest.raises(ProtocolError) as refused:
        codec.decode_from_client(0x7FFF, b"\x91\x01")
    assert refused.value.code is ErrorCode.BAD_ORDER


# -- hostile payloads --------------------------------------------------------------------------------------

START = "950107c410" + NONCE.hex()
"""The beginning of a Post with the id 1 in room 7: its text and manner are missing."""

HOSTILE = {
    "nothing": "",
    "nil": "c0",
    "a map": "81a2696401",
    "no array": "01",
    "an opcode nobody may use": "c1",
    "an array longer than its elements": "9f0107",
    "an array of four thousand million": "ddffffffff0107",
    "arrays in arrays": "91" * 60_000,
    "maps in maps behind the fields": "96" + START[2:] + "a161" + "00" + "81c0" * 30_000,
    "arrays in arrays behind the fields": "96" + START[2:] + "a161" + "00" + "91" * 60_000 + "c0",
    "a text of four thousand million bytes": START + "dbffffffff61",
    "a text that ends early": START + "a56869",
    "an overlong encoding": START + "a2c0af" + "00",
    "half a surrogate pair": START + "a3eda080" + "00",
    "a byte that is never UTF-8": START + "a1ff" + "00",
    "a cut sequence": START + "a2e282" + "00",
    "beyond the last character": START + "a4f4908080" + "00",
    "bytes for a text": START + "c40161" + "00",
    "a number for a text": START + "61" + "00",
    "nil for a text": START + "c0" + "00",
    "a text for bytes": "950107b0" + "61" * 16 + "a161" + "00",
    "a nonce too short": "950107c40f" + "00" * 15 + "a161" + "00",
    "a nonce too long": "950107c411" + "00" * 17 + "a161" + "00",
    "a nonce of four thousand million bytes": "950107c6ffffffff",
    "a negative id": "95ff" + START[4:] + "a161" + "00",
    "an id of 33 bits": "95cf0000000100000000" + START[4:] + "a161" + "00",
    "the greatest id": "95cfffffffffffffffff" + START[4:] + "a161" + "00",
    "the least id": "95d38000000000000000" + START[4:] + "a161" + "00",
    "a float for an id": "95cb3ff0000000000000" + START[4:] + "a161" + "00",
    "not a number for an id": "95cb7ff8000000000000" + START[4:] + "a161" + "00",
    "infinity for an id": "95ca7f800000" + START[4:] + "a161" + "00",
    "true for an id": "95c3" + START[4:] + "a161" + "00",
    "room 0": "950100c410" + NONCE.hex() + "a161" + "00",
    "a room out of range": "9501ce00400000c410" + NONCE.hex() + "a161" + "00",
    "a manner out of range": START + "a161" + "cd0100",
    "an extension for a manner": START + "a161" + "d40500",
    "a time stamp for a manner": START + "a161" + "d6ff00000000",
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_payload_is_a_bad_packet(payload: str) -> None:
    assert refused_as(0x0020, bytes.fromhex(payload)) is ErrorCode.BAD_PACKET


@pytest.mark.parametrize("number", [0x4010, 0x4016, 0x4017, 0x4021, 0x4022, 0x8002, 0x0010])
def test_a_list_that_claims_to_be_endless_is_refused_for_its_length(number: int) -> None:
    """Nothing may be allocated for elements that are only claimed: a list's length has a limit everywhere."""
    packet = next(packet for packet, _shown in CASES if type(packet) is PACKETS[number])
    values = msgspec.msgpack.decode(msgspec.msgpack.encode(packet))
    place = next(place for place, value in enumerate(values) if isinstance(value, list))
    before = b"".join(msgspec.msgpack.encode(value) for value in values[:place])
    payload = bytes([0x90 | len(values)]) + before + b"\xdd\xff\xff\xff\xff"
    with pytest.raises(ProtocolError, match="of length <="):
        decode(number, payload)


# -- laws --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(PACKETS))
def test_every_packet_comes_back_as_it_was(number: int) -> None:
    @settings(max_examples=40)
    @given(packets_of(PACKETS[number]))
    def holds(packet: Packet) -> None:
        [(packet_type, payload)] = FrameDecoder(2**32).feed(codec.encode(packet))
        assert packet_type == number
        assert decode(packet_type, payload) == packet

    holds()


@given(st.integers(0, 0xFFFF) | st.sampled_from(sorted(PACKETS)), st.binary(max_size=60))
def test_random_payloads_give_packets_or_an_error_of_the_protocol(number: int, payload: bytes) -> None:
    for decode_at in (codec.decode_from_client, codec.decode_from_server):
        try:
            packet = decode_at(number, payload)
        except ProtocolError as error:
            assert error.code in (ErrorCode.BAD_PACKET, ErrorCode.BAD_ORDER)
        else:
            assert packet is None or isinstance(packet, Packet | Entry)


@given(st.sampled_from(sorted(PACKETS)), st.lists(msgpack_values, max_size=14))
def test_any_values_give_packets_or_an_error_of_the_protocol(number: int, values: list[object]) -> None:
    payload = msgspec.msgpack.encode(values)
    try:
        packet = decode(number, payload)
    except ProtocolError as error:
        assert error.code is ErrorCode.BAD_PACKET
    else:
        assert isinstance(packet, PACKETS[number])


@given(st.data())
def test_a_mutated_frame_gives_packets_or_an_error_of_the_protocol(data: st.DataObject) -> None:
    packet = data.draw(any_packet())
    payload = bytearray(msgspec.msgpack.encode(packet))
    for _count in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, min(len(payload), 80)))
        removed = data.draw(st.integers(0, 2))
        payload[place : place + removed] = data.draw(st.binary(max_size=3))
    number = ENTRY_TYPE if isinstance(packet, Entry) else codec.packet_type(type(packet))
    [(packet_type, decoded)] = FrameDecoder(2**32).feed(encode_frame(number, bytes(payload)))
    try:
        decode(packet_type, decoded)
    except ProtocolError as error:
        assert error.code is ErrorCode.BAD_PACKET
