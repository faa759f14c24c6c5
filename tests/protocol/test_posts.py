"""Posts, cut and encoded several at once: both ways of doing it, in C and in Python, give the same."""

from itertools import cycle, pairwise, product, takewhile

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol.codec import encode
from chatroom.protocol.frames import HEADER_BYTES, encode_frame
from chatroom.protocol.limits import FRAME_BYTES, ID_MAX, NONCE_BYTES, ROOM_MAX, TEXT_BYTES
from chatroom.protocol.packets import Post
from chatroom.protocol.posts import MOST_POSTS, is_plain
from support.posts import (
    AT,
    IN_C,
    IN_PYTHON,
    NONCE,
    ONE,
    RIGHT,
    Way,
    assert_as_single,
    assert_is,
    both_ways,
    cut_one,
    entry_of,
    frame,
    integer,
    is_plain_for_c,
    needs_module,
    nonce_of,
    payload,
    post_of,
    string,
)


def with_text(text: str) -> bytes:
    return encode(Post(1, 7, NONCE, text))


CASES: dict[str, tuple[bytes, bool, bool]] = {
    # what comes | is it taken in C | and in Python
    "as encode makes it": (ONE, True, True),
    "nothing": (b"", False, False),
    "no payload": (frame(b""), False, False),
    "without a manner": (frame(payload(head=b"\x94", manner=b"")), True, True),
    # the frame
    "a wrong checksum, first bit": (frame(RIGHT, wrong=1 << 31), False, False),
    "a wrong checksum, last bit": (frame(RIGHT, wrong=1), False, False),
    "a length that is one too much": (frame(RIGHT, longer=1), False, False),
    "a length that is one too little": (frame(RIGHT, longer=-1), False, False),
    "a length of four thousand million": (frame(RIGHT, longer=2**32 - 1 - len(RIGHT)), False, False),
    "a length with the highest bit": (frame(RIGHT, longer=2**31 - len(RIGHT)), False, False),
    "another type": (frame(RIGHT, 0x0021), False, False),
    "another type by its first byte": (frame(RIGHT, 0x8020), False, False),
    "the lowest flag that must be understood": (frame(RIGHT, flags=0x0001), False, False),
    "the highest flag that must be understood": (frame(RIGHT, flags=0x0080), False, False),
    "flags that may be ignored": (frame(RIGHT, flags=0xFF00), True, True),
    # the array
    "three elements": (frame(payload(head=b"\x93", text=b"", manner=b"")), False, False),
    "four elements, of which three are there": (
        frame(payload(head=b"\x94", text=b"", manner=b"")),
        False,
        False,
    ),
    "five elements, of which four are there": (frame(payload(manner=b"")), False, False),
    "four elements, and one behind": (frame(payload(head=b"\x94")), False, False),
    "six elements": (frame(payload(head=b"\x96", tail=b"\xc0")), False, True),
    "a byte behind the array": (frame(payload(tail=b"\xc0")), False, False),
    "an array of 16 bits": (frame(payload(head=b"\xdc\x00\x05")), False, True),
    "a map": (frame(payload(head=b"\x84", manner=b"")), False, False),
    # the id
    "the greatest id": (frame(payload(id=integer(ID_MAX, 4))), True, True),
    "an id beyond": (frame(payload(id=integer(ID_MAX + 1, 8))), False, False),
    "an id of 64 bits, all set": (frame(payload(id=integer(2**64 - 1, 8))), False, False),
    "an id of 127": (frame(payload(id=integer(127))), True, True),
    "an id below 0": (frame(payload(id=b"\xff")), False, False),
    "an id below 0 of 8 bits": (frame(payload(id=b"\xd0\x80")), False, False),
    "an id of 8 bits with a sign": (frame(payload(id=b"\xd0\x05")), False, True),
    "an id that is no number": (frame(payload(id=b"\xc3")), False, False),
    "an id that is a text": (frame(payload(id=b"\xa1a")), False, False),
    # the room
    "no room": (frame(payload(room=b"\x00")), False, False),
    "the first room": (frame(payload(room=b"\x01")), True, True),
    "the last room": (frame(payload(room=integer(ROOM_MAX, 4))), True, True),
    "a room beyond": (frame(payload(room=integer(ROOM_MAX + 1, 4))), False, False),
    "a room of 64 bits, the same in the lower 32": (frame(payload(room=integer(2**32 + 7, 8))), False, False),
    # the nonce
    "a nonce of 15 bytes": (frame(payload(nonce=b"\xc4\x0f" + NONCE[:15])), False, False),
    "a nonce of 17 bytes": (frame(payload(nonce=b"\xc4\x11" + NONCE + b"x")), False, False),
    "a nonce of 16 bytes that says 15": (frame(payload(nonce=b"\xc4\x0f" + NONCE)), False, False),
    "a nonce with a length of 16 bits": (frame(payload(nonce=b"\xc5\x00\x10" + NONCE)), False, True),
    "a nonce that is a text": (frame(payload(nonce=string(b"a" * 16))), False, False),
    # the text
    "an empty text": (with_text(""), False, False),
    "a text that is bytes": (frame(payload(text=b"\xc4\x02hi")), False, False),
    "a text that is nothing": (frame(payload(text=b"\xc0")), False, False),
    "a text of 31": (with_text("a" * 31), True, True),
    "a text of 32": (with_text("a" * 32), True, True),
    "a text of 255": (with_text("a" * 255), True, True),
    "a text of 256": (with_text("a" * 256), True, True),
    "the longest text": (with_text("a" * TEXT_BYTES), True, True),
    "a text beyond": (with_text("a" * (TEXT_BYTES + 1)), False, False),
    "a text longer than its payload": (frame(payload(text=b"\xd9\x04hi")), False, False),
    "a text of four thousand million bytes": (frame(payload(text=b"\xdb\xff\xff\xff\xffhi")), False, False),
    "a text that ends in its header": (frame(payload(text=b"\xdb\x00", manner=b"")), False, False),
    "an escape": (with_text("\x1b[2J"), False, False),
    "two lines": (with_text("hello\nworld"), False, False),
    "no ASCII": (with_text("h\u00e9llo"), False, False),
    "no UTF-8": (frame(payload(text=string(b"\xff\xfe"))), False, False),
    "a space first": (with_text(" hi"), False, False),
    "a space last": (with_text("hi "), True, True),
    "a space alone": (with_text(" "), False, False),
    # mentions
    "an @": (with_text("hello @bob"), False, False),
    "an @ that mentions nobody": (with_text("a@example.org"), False, True),
    "a handle and a colon": (with_text("bob: hi"), False, False),
    "a handle and a comma": (with_text("b_-9, hi"), False, False),
    "a handle and a colon, and no more": (with_text("Zed:"), False, False),
    "a colon where no handle is": (with_text("what is it: this"), True, True),
    "a colon at once": (with_text(":)"), True, True),
    "an address of the web": (with_text("http://example.org"), False, True),
    "a number and a colon": (with_text("10: ten"), False, True),
    # the manner
    "an action": (frame(payload(manner=b"\x01")), True, True),
    "the greatest manner": (frame(payload(manner=integer(255, 1))), True, True),
    "a manner beyond": (frame(payload(manner=integer(256, 2))), False, False),
    "a manner below 0": (frame(payload(manner=b"\xff")), False, False),
    "no manner": (frame(payload(manner=b"\xc0")), False, False),
    # numbers that are longer than they need be
    **{f"an id of {w} bytes": (frame(payload(id=integer(5, w))), True, True) for w in (1, 2, 4, 8)},
    **{f"a room of {w} bytes": (frame(payload(room=integer(7, w))), True, True) for w in (1, 2, 4, 8)},
    **{f"a manner of {w} bytes": (frame(payload(manner=integer(1, w))), True, True) for w in (1, 2, 4, 8)},
    **{
        f"a text's length of {w} bytes": (frame(payload(text=string(b"hi", w))), True, True)
        for w in (1, 2, 4)
    },
    **{
        f"a number cut at {w}": (frame(payload(manner=integer(1, w)[:w])), False, False) for w in (1, 2, 4, 8)
    },
}


# -- what is cut is what was sent ------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize("name", CASES)
def test_a_post_is_taken_where_it_is_whole_right_and_plain(way: Way, name: str) -> None:
    data, in_c, in_python = CASES[name]
    is_taken = in_c if way is IN_C else in_python
    assert assert_as_single(way, data) == is_taken
    assert assert_as_single(way, b"\x00" + data, start=1) == is_taken
    is_of_this_room = is_taken and name not in ("the first room", "the last room")
    assert assert_as_single(way, ONE + data) == 1 + is_of_this_room


@both_ways
def test_a_byte_of_a_text_is_looked_at_wherever_it_stands(way: Way) -> None:
    for size in (1, 2, 7, 8, 9, 15, 16, 17, 23):
        for place, value in product(range(size), range(256)):
            text = bytes(value if number == place else ord("x") for number in range(size))
            is_sure = text.isascii() and way.is_sure_of(text.decode())
            answer = way.cut(frame(payload(text=string(text))), 0, FRAME_BYTES)
            assert (answer is not None) == is_sure, text


numbers = st.integers(0, 300) | st.sampled_from([127, 128, 255, 256, 65_535, 65_536])
words = st.sampled_from(
    [
        "bob",
        "Zed:",
        "ann,",
        "http://",
        "10:",
        "@",
        "hello",
        " ",
        "a" * 40,
        "x:y",
        "-",
        "\n",
        "\u00e9",
        "\x7f",
        "~",
        "!",
    ]
)
texts = (
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)
    | st.lists(words, max_size=6).map("".join)
    | st.text(max_size=20)
    | st.integers(0, 300).map(lambda size: "y" * size)
)
any_nonce = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
sent_posts = st.builds(
    Post,
    id=numbers | st.sampled_from([2**32 - 1]),
    room=st.sampled_from([7, 7, 7, 7, 7, 7, 7, 1, 70_000, ROOM_MAX]),
    nonce=any_nonce | numbers.map(nonce_of),
    text=texts,
    manner=st.integers(0, 255) | st.just(0),
)


@st.composite
def frames(draw: st.DrawFn) -> tuple[Post, bytes]:
    """A post and a frame that says it, of all that may be written in several ways in any of them."""
    post = draw(sent_posts)
    if draw(st.booleans()):
        return post, encode(post)

    def wide(number: int) -> bytes:
        least = 0 if number < 0x80 else (number.bit_length() + 7) // 8
        return integer(number, draw(st.sampled_from([width for width in (0, 1, 2, 4, 8) if width >= least])))

    text = post.text.encode(errors="replace")
    post = msgspec.structs.replace(post, text=text.decode())
    least = 0 if len(text) < 32 else 1 if len(text) < 256 else 2
    shown = string(text, draw(st.sampled_from([width for width in (0, 1, 2, 4) if width >= least])))
    has_manner = post.manner or draw(st.booleans())
    data = payload(
        head=b"\x95" if has_manner else b"\x94",
        id=wide(post.id),
        room=wide(post.room),
        nonce=b"\xc4\x10" + post.nonce,
        text=shown,
        manner=wide(post.manner) if has_manner else b"",
    )
    return post, frame(data, flags=draw(st.sampled_from([0, 0x0100, 0xFF00])))


@both_ways
@given(
    sent=st.lists(frames(), min_size=1, max_size=20),
    before=st.binary(max_size=5),
    rest=st.binary(max_size=14),
)
def test_what_is_cut_are_the_first_of_those_that_were_sent(
    way: Way, sent: list[tuple[Post, bytes]], before: bytes, rest: bytes
) -> None:
    first = sent[0][0]
    sure = takewhile(lambda one: one[0].room == first.room and way.is_sure_of(one[0].text), sent[:MOST_POSTS])
    expected = list(sure)
    data = before + b"".join(data for _, data in sent) + rest
    answer = way.cut(data, len(before), FRAME_BYTES)
    if not expected:
        assert answer is None
        return
    assert answer is not None
    posts, stop = answer
    assert posts.payloads() == [data[HEADER_BYTES:] for _, data in expected]
    assert stop == len(before) + sum(len(data) for _, data in expected)
    assert_is(posts, [post for post, _ in expected])
    assert_as_single(way, data, start=len(before))


@needs_module
@given(st.lists(sent_posts, max_size=20))
def test_both_ways_agree_on_what_a_client_of_ours_sends(sent: list[Post]) -> None:
    known = [post for post in sent if is_plain(post.text) == is_plain_for_c(post.text)]
    data = b"".join(encode(post) for post in known)
    assert assert_as_single(IN_C, data) == assert_as_single(IN_PYTHON, data)


@both_ways
def test_of_many_posts_the_first_sixteen_are_one_value(way: Way) -> None:
    assert MOST_POSTS == 16
    sent = [post_of(f"line {number}", number) for number in range(1, 41)]
    data, start, counts = b"".join(sent), 0, []
    while answer := way.cut(data, start, FRAME_BYTES):
        counts.append(len(answer[0]))
        start = answer[1]
    assert counts == [16, 16, 8]
    assert start == len(data)


@both_ways
def test_it_begins_where_it_is_told_and_nowhere_else(way: Way) -> None:
    sent = [post_of(f"line {number}", number) for number in range(1, 4)]
    data = b"".join(sent)
    starts = {0: 3, len(sent[0]): 2, len(sent[0]) + len(sent[1]): 1}
    for start in range(len(data) + 1):
        assert assert_as_single(way, data, start=start) == starts.get(start, 0)


@both_ways
def test_a_payload_is_taken_up_to_the_limit(way: Way) -> None:
    data = ONE + frame(payload(text=b"\xa3hey")) + ONE
    for limit, count in {len(RIGHT) + 1: 3, len(RIGHT): 1, len(RIGHT) - 1: 0, 0: 0, 2**80: 3}.items():
        assert assert_as_single(way, data, limit) == count
    assert way.cut(data, 0, -1) is None


@both_ways
def test_posts_are_of_one_room(way: Way) -> None:
    data = b"".join(post_of("hi", number, room) for number, room in enumerate((7, 7, 9, 9, 9, 7), 1))
    assert assert_as_single(way, data) == 2
    assert assert_as_single(way, data, start=2 * len(post_of("hi"))) == 3
    assert assert_as_single(way, frame(payload(room=integer(0x10007, 4))) + ONE) == 1


@both_ways
def test_every_right_frame_of_another_type_ends_the_run(way: Way) -> None:
    data = post_of("one", 1) + encode_frame(0x0002, b"\x91\x01") + post_of("two", 2)
    assert assert_as_single(way, data) == 1


# -- whatever comes --------------------------------------------------------------------------------------


@both_ways
def test_a_frame_with_one_byte_changed_or_cut_anywhere_is_read_as_it_is_one_by_one_or_not_at_all(
    way: Way,
) -> None:
    longer = payload(id=integer(500, 2), text=string(b"hey", 1), manner=integer(9, 1))
    shorter = payload(head=b"\x94", manner=b"")
    for body in (RIGHT, shorter, longer, payload(text=string(b"hi, bob!")), payload(text=string(b"by @bo!"))):
        whole = frame(body)
        for place, value in product(range(len(whole)), range(256)):
            changed = whole[:place] + bytes([value]) + whole[place + 1 :]
            assert_as_single(way, changed)
            if place >= HEADER_BYTES:  # and with the checksum that belongs to it
                assert_as_single(way, frame(changed[HEADER_BYTES:]))
        for place in range(len(body) + 1):
            assert_as_single(way, whole[: HEADER_BYTES + place - 1])
            assert_as_single(way, frame(body[:place]))
            assert_as_single(way, frame(body[place:]))
            assert_as_single(way, frame(body[:place] + b"\x00" + body[place:]))


@both_ways
def test_of_a_stream_that_ends_anywhere_the_whole_frames_are_cut(way: Way) -> None:
    sent = [post_of(f"line {number}", number) for number in range(1, 4)]
    data = b"".join(sent)
    ends = [sum(map(len, sent[:count])) for count in (1, 2, 3)]
    for size in range(len(data) + 1):
        assert assert_as_single(way, data[:size]) == sum(end <= size for end in ends)


@both_ways
@given(parts=st.lists(frames().map(lambda one: one[1]) | st.binary(max_size=40), max_size=6), data=st.data())
def test_any_bytes_are_read_as_they_are_one_by_one_or_not_at_all(
    way: Way, parts: list[bytes], data: st.DataObject
) -> None:
    sent = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 2)) if sent else 0):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    assert_as_single(way, bytes(sent), data.draw(st.sampled_from([0, 40, FRAME_BYTES])))


@both_ways
@given(body=st.binary(max_size=60))
def test_any_payload_is_read_as_it_is_by_itself_or_not_at_all(way: Way, body: bytes) -> None:
    assert_as_single(way, frame(body))
    assert_as_single(way, frame(b"\x95\x01\x07\xc4\x10" + body))


@both_ways
@given(sent=st.lists(frames(), max_size=8), places=st.lists(st.integers(0, 800), max_size=8))
def test_any_split_gives_the_same_posts(way: Way, sent: list[tuple[Post, bytes]], places: list[int]) -> None:
    stream = b"".join(data for post, data in sent if way.is_sure_of(post.text))
    found: list[bytes] = []
    kept = b""
    for start, stop in pairwise([0, *sorted(min(place, len(stream)) for place in places), len(stream)]):
        kept, place = kept + stream[start:stop], 0
        while answer := way.cut(kept, place, FRAME_BYTES):
            found += answer[0].payloads()
            place = answer[1]
        kept = kept[place:]
    assert kept == b""
    assert found == [data[HEADER_BYTES:] for post, data in sent if way.is_sure_of(post.text)]


# -- what becomes of them --------------------------------------------------------------------------------

EDGES = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63 - 16, 2**63 - 1]
AUTHORS = [
    "",
    "alice",
    "a" * 31,
    "a" * 32,
    "a" * 255,
    "a" * 256,
    "a" * 65_535,
    "a" * 65_536,
    "\u00e9\U0001f4a9\x00",
]


@both_ways
def test_entries_have_the_bytes_that_each_entry_has_by_itself(way: Way) -> None:
    rooms = [number for number in (1, *EDGES, ROOM_MAX) if 0 < number <= ROOM_MAX]
    sizes = [1, 7, 8, 9, 31, 32, 33, 255, 256, 257, TEXT_BYTES]
    for room in rooms:
        sent = [
            Post(1, room, bytes([number]) * NONCE_BYTES, "x" * size, manner)
            for number, (size, manner) in enumerate(zip(sizes, cycle((0, 1, 127, 128, 255)), strict=False))
        ]
        answer = way.cut(b"".join(map(encode, sent)), 0, FRAME_BYTES)
        assert answer is not None
        assert len(answer[0]) == len(sizes)
        envelopes = [*((seq, AT, "alice") for seq in EDGES), *((300, at, "alice") for at in EDGES)]
        for seq, at, author in envelopes + [(300, AT, author) for author in AUTHORS]:
            expected = [entry_of(post, seq + place, at, author) for place, post in enumerate(sent)]
            assert answer[0].entries(seq, at, author) == expected


@both_ways
@given(post=sent_posts, seq=st.integers(0, 2**63 - 1), at=st.integers(0, 2**63 - 1), author=st.text())
def test_an_entry_of_any_post_has_the_bytes_that_it_has_by_itself(
    way: Way, post: Post, seq: int, at: int, author: str
) -> None:
    if answer := way.cut(encode(post), 0, FRAME_BYTES):
        assert answer[0].entries(seq, at, author) == [entry_of(post, seq, at, author)]


@both_ways
def test_an_entry_may_be_changed_and_the_next_ones_are_as_before(way: Way) -> None:
    posts, _ = cut_one(way, ONE)
    [entry] = posts.entries(1, AT, "alice")
    entry[:] = b""
    entry += b"more"
    assert posts.entries(1, AT, "alice") == [entry_of(Post(1, 7, NONCE, "hi"), 1, AT, "alice")]


@both_ways
def test_an_author_that_cannot_be_written_is_an_error(way: Way) -> None:
    posts, _ = cut_one(way, ONE)
    with pytest.raises(UnicodeEncodeError):
        posts.entries(1, AT, "half a pair: \ud800")


@both_ways
@given(
    nonces=st.lists(st.integers(0, 3).map(nonce_of) | any_nonce, min_size=1, max_size=4),
    before=st.binary(max_size=20) | st.sampled_from([b"", bytes(15), bytes(16), bytes(17), b"\xff" * 16]),
)
def test_nonces_rise_above_another_as_python_compares_bytes(
    way: Way, nonces: list[bytes], before: bytes
) -> None:
    posts, _ = cut_one(way, b"".join(encode(Post(1, 7, nonce, "hi")) for nonce in nonces))
    for first in (before, nonces[0], nonces[0][:15], nonces[0] + b"\x00", nonces[0][:15] + b"\x00"):
        rises = all(one < next_one for one, next_one in pairwise([first, *nonces]))
        assert posts.rise_above(first) is rises
