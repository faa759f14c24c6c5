"""Laws of the session: whatever is cut, repeated, skipped, killed or lied, timelines equal the log."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import inspect

from chatroom.client.session.events import PostRefused
from chatroom.client.session.timeline import Gap, Line
from chatroom.protocol import limits
from chatroom.protocol.codec import NOTICES, RESPONSES, decode_from_server, encode
from chatroom.protocol.entries import Entry, EntryKind, Posted, encode_entry
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.frames import FrameDecoder, encode_frame
from chatroom.protocol.packets import Hello, Refused, Welcome
from support.session_world import Desk
from support.tiny_server import TinyServer, entry_of

WHO = st.sampled_from([0, 1])
FEW_BYTES = st.integers(1, 120)
HANDLES = ("alice", "bob")


class Cuts(RuleBasedStateMachine):
    """Two people on links that are cut anywhere, with clients that are killed and a disk that may be full."""

    @initialize()
    def begin(self) -> None:
        self.server = TinyServer()
        self.server.page_entries = 3
        self.desks = [Desk(self.server, handle, follow_backlog=4, skip_over=6) for handle in HANDLES]
        self.posted: dict[str, list[str]] = {handle: [] for handle in HANDLES}
        self.is_ordered = True
        for desk in self.desks:
            desk.online()

    @rule(who=WHO)
    def post(self, who: int) -> None:
        desk = self.desks[who]
        if 1 in desk.session.rooms:
            text = f"{desk.handle} {len(self.posted[desk.handle])}"
            self.posted[desk.handle].append(text)
            desk.post(text)

    @rule(count=st.integers(1, 12))
    def others_talk(self, count: int) -> None:
        for number in range(count):
            self.server.say("eve", f"eve {number}")
        self.server.flush()

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        if self.desks[who].connection is None:
            self.desks[who].connect()

    @rule(who=WHO)
    def carry_up(self, who: int) -> None:
        if self.desks[who].connection is not None:
            self.desks[who].up()

    @rule(who=WHO, limit=FEW_BYTES)
    def cut_on_the_way_up(self, who: int, limit: int) -> None:
        if self.desks[who].connection is not None:
            self.desks[who].up(limit)

    @rule(who=WHO, limit=FEW_BYTES | st.none())
    def carry_down(self, who: int, limit: int | None) -> None:
        if self.desks[who].connection is not None:
            self.desks[who].down(limit)

    @rule(who=WHO)
    def cut(self, who: int) -> None:
        self.desks[who].drop()

    @rule(who=WHO, forgets=st.booleans())
    def kill_the_client(self, who: int, forgets: bool) -> None:
        desk = self.desks[who]
        if forgets:  # what was taken out of the file had not reached the disk
            desk.file.kept = self.kept_before[who] | desk.file.kept
        desk.start()

    @rule(who=WHO)
    def look_back(self, who: int) -> None:
        self.desks[who].session.ask.load_older(1)

    @rule(who=WHO, seq=st.integers(1, 60))
    def jump(self, who: int, seq: int) -> None:
        self.desks[who].session.ask.load_around(1, seq)

    @precondition(lambda self: self.is_ordered)
    @rule()
    def the_disk_is_full(self) -> None:
        self.is_ordered = False
        self.server.refuse = lambda post: Refused(post.id, ErrorCode.STORAGE, "full", 200)

    @rule()
    def there_is_space(self) -> None:
        self.server.refuse = lambda post: None

    @rule(seconds=st.sampled_from([0.1, 1.0, 25.0]))
    def time_passes(self, seconds: float) -> None:
        for desk in self.desks:
            desk.now += seconds
            desk.session.tick(desk.now)
            desk.obey()

    @invariant()
    def what_is_shown_is_what_is_stored(self) -> None:
        if not hasattr(self, "server"):
            return
        self.kept_before = [dict(desk.file.kept) for desk in self.desks]
        for desk in self.desks:
            check_timeline(desk)
            assert not any(isinstance(event, PostRefused) for event in desk.session.take_events())

    def teardown(self) -> None:
        if not hasattr(self, "server"):
            return
        self.server.refuse = lambda post: None
        for desk in self.desks:
            desk.drop()
            desk.online()
        for desk in self.desks:
            desk.settle()
            assert desk.session.waiting_count == 0
            assert desk.file.kept == {}
            timeline = desk.session.timeline(1)
            while timeline.gaps():
                desk.session.ask.fill_gap(1, timeline.gaps()[0])
                desk.settle()
                check_timeline(desk)
            assert timeline.cursor == self.server.room("lobby").head
        for handle, texts in self.posted.items():
            stored = [text for text in self.server.texts() if text.startswith(handle)]
            assert sorted(stored) == sorted(texts)
            assert not self.is_ordered or stored == texts


def check_timeline(desk: Desk) -> None:
    """Every seq from the floor to the cursor is here as it is in the log, or in a gap, once and in order."""
    timeline = desk.session.timeline(1)
    log = [entry_of(frame) for frame in desk.server.room("lobby").frames]
    seq = timeline.floor
    for item in timeline.items:
        if isinstance(item, Gap):
            assert item.after == seq
            seq = item.before - 1
        else:
            seq += 1
            assert is_same(item, log[seq - 1])
    assert seq == timeline.cursor <= len(log)


def is_same(line: Line, entry: Entry) -> bool:
    text = line.body.text if isinstance(line.body, Posted) else ""
    return (line.seq, line.author, line.kind, line.nonce) == (
        entry.seq,
        entry.author,
        entry.kind,
        entry.nonce,
    ) and text.encode() in bytes(entry.body)


TestCuts = Cuts.TestCase
TestCuts.settings = settings(max_examples=150, stateful_step_count=40)


SERVER_PACKETS = [*RESPONSES.values(), *NOTICES.values()]


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=60), max_size=5), st.booleans())
def test_any_bytes_at_all_end_in_a_reason_or_in_nothing(parts: list[bytes], is_online: bool) -> None:
    desk = Desk(TinyServer())
    if is_online:
        desk.online()
    else:
        desk.connect()
    for part in parts:
        desk.session.receive(part, desk.now, 0)
    assert desk.session.must_close is None or desk.session.must_close.isprintable()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.text(max_size=8) | st.binary(max_size=33),
    lambda inner: st.lists(inner, max_size=8),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from([0x8001, *RESPONSES, *NOTICES]), VALUES), max_size=6))
def test_any_payload_in_any_frame_ends_in_a_reason_or_in_nothing(frames: list[tuple[int, object]]) -> None:
    desk = Desk(TinyServer()).online()
    for packet_type, value in frames:
        desk.session.receive(encode_frame(packet_type, msgspec.msgpack.encode(value)), desk.now, 0)
    assert desk.session.must_close is None or desk.session.must_close.isprintable()


NASTY_TEXTS = st.sampled_from(
    ["", "bob", "alice", "dev", "lobby", "\x1b]0;x\x07", "hi \x1b[2J", "\u202e\u200b"]
)


def values_of(kind: inspect.Type) -> st.SearchStrategy[object]:
    """Return the values that a field of a packet may have and a decoder lets through."""
    match kind:
        case inspect.IntType(ge=least, le=most):
            low = -9 if least is None else least
            high = 2**40 if most is None else most
            return st.integers(low, min(high, low + 12)) | st.integers(low, high)
        case inspect.StrType(max_length=longest):
            return NASTY_TEXTS.map(lambda text: text[:longest])
        case inspect.BytesType(max_length=longest):
            return st.just(bytes(longest or 0))
        case inspect.BoolType():
            return st.booleans()
        case inspect.ListType(item_type=item):
            return st.lists(values_of(item), max_size=3)
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(values_of, items))
        case inspect.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: values_of(field.type) for field in fields})
        case _:
            return BODIES.map(msgspec.Raw)


@st.composite
def hostile_packets(draw: st.DrawFn) -> bytes:
    """A well-formed packet of a server that lies in every field."""
    kind = draw(st.sampled_from([kind for kind in SERVER_PACKETS if kind not in (Hello, Welcome)]))
    return encode(draw(values_of(inspect.type_info(kind))))  # type: ignore[arg-type]


@st.composite
def hostile_entries(draw: st.DrawFn) -> bytes:
    seq = draw(st.integers(0, 12) | st.integers(0, limits.SEQ_MAX))
    author = draw(st.sampled_from(["alice", "bob", "\x1b", ""]))
    kind = draw(st.sampled_from([*EntryKind, 99]))
    return encode_entry(
        draw(st.integers(1, 3)), seq, draw(st.integers(0, limits.TIME_MAX)), author, b"", kind, draw(BODIES)
    )


BODIES = st.sampled_from(
    [
        b"\xc0",
        b"\x90",
        b"\x91\xa2hi",
        b"\x92\xa2hi\x00",
        b"\x91\xa4hi\x1b\x07",
        b"\x94\xa5alice\x00\xa4hi\x1b\x07\x03",
    ]
)


@settings(max_examples=300)
@given(st.lists(hostile_packets() | hostile_entries(), max_size=12))
def test_a_server_that_lies_in_every_field_gets_nothing_unclean_shown(frames: list[bytes]) -> None:
    server = TinyServer()
    for number in range(5):
        server.say("bob", str(number))
    desk = Desk(server).online()
    desk.session.ask.load_members(1)
    desk.session.ask.list_rooms()
    desk.session.ask.search("x")
    desk.session.ask.join("dev", create=True)
    desk.session.ask.create_link()
    desk.session.ask.list_devices()
    for frame in frames:
        desk.session.receive(frame, desk.now, 0)
        desk.session.tick(desk.now)
        desk.session.data_to_send()
    for shown in everything_shown(desk):
        assert "\x1b" not in shown
        assert "\x07" not in shown


def everything_shown(desk: Desk) -> list[str]:
    session = desk.session
    texts = [repr_of(event) for event in session.take_events()]
    texts += [session.server_name, session.must_close or ""]
    for view in session.rooms.values():
        texts += [view.title, view.name, view.topic, view.invited_by, view.partner]
        texts += [member.handle for member in session.roster.members(view.number)]
        for item in session.timeline(view.number).items:
            if isinstance(item, Line):
                texts += [item.author, *(str(value) for value in msgspec.structs.astuple(item.body))]
    return texts


def repr_of(event: object) -> str:
    return " ".join(
        str(value)
        for value in (getattr(event, name) for name in event.__slots__)  # type: ignore[attr-defined]
    )


@settings(max_examples=100)
@given(hostile_packets() | hostile_entries())
def test_what_the_strategies_make_passes_the_decoder(frame: bytes) -> None:
    """Else the test before this one would only test the decoder."""
    ((packet_type, payload),) = FrameDecoder(limits.FRAME_BYTES).feed(frame)
    assert decode_from_server(packet_type, payload) is not None
