from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.session.ports import Waiting
from chatroom.client.session.timeline import Line, Timeline
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.calendar import Calendar
from chatroom.client.viewmodel.row_index import RUN_ENTRIES, RowIndex
from chatroom.client.viewmodel.rows import RowKind
from chatroom.client.viewmodel.transcript import NO_ROWS, TOP_KEY, Transcript
from chatroom.protocol.entries import Body, Created, Joined, Left, Manner, Posted, TopicSet
from support.kinds import KIND_OF
from support.screen_world import MINUTE_MS, picture, plain

START_MS = 1_758_472_800_000
"""Sunday 2025-09-21, 16:40 UTC."""

DAY_MS = 86_400_000


def line(seq: int, author: str, body: Body | str, at: int = START_MS) -> Line:
    if isinstance(body, str):
        body = Posted(body)
    mentions_me = isinstance(body, Posted) and "@alice" in body.text
    return Line(1, seq, at, author, KIND_OF[type(body)], body, b"", mentions_me, author == "alice")


class Room:
    """A timeline and its transcript, as alice reads it."""

    def __init__(self, start: int = 0) -> None:
        self.timeline = Timeline(1)
        self.timeline.begin(start)
        self.waiting: list[Waiting] = []
        self.ignored: frozenset[str] = frozenset()
        self.transcript = Transcript(self.timeline, "alice", "#lobby", Calendar("%H:%M", UTC))
        self.sync()

    def sync(self) -> "Room":
        self.transcript.sync(self.waiting, self.ignored, START_MS)
        return self

    def add(self, author: str, body: Body | str, minutes: float = 0) -> "Room":
        at = START_MS + round(minutes * MINUTE_MS)
        self.timeline.append(line(self.timeline.cursor + 1, author, body, at), is_shown=True)
        return self.sync()

    def wait(self, text: str, manner: Manner = Manner.SPEECH, minutes: float = 0) -> "Room":
        at = START_MS + round(minutes * MINUTE_MS)
        self.waiting.append(Waiting(bytes([len(self.waiting)]) * 16, 1, text, manner, at))
        return self.sync()

    def rows(self) -> list[str]:
        """Return the picture without the row at the top."""
        view = self.transcript
        return [text for index in range(1, view.length) for text in picture(view.row(index))]

    def top(self) -> str:
        return plain(self.transcript.row(0).lines[0])


def test_a_room_shows_who_said_what_and_when() -> None:
    room = Room().add("bob", "morning!").add("carl", "nice.\nwhat broke?", 1).add("bob", "EMFILE", 3)
    assert room.rows() == [
        "-- Sunday 21 September --",
        "16:40    bob  |morning!",
        "16:41   carl  |nice.",
        "              |what broke?",
        "16:43    bob  |EMFILE",
    ]


def test_a_time_is_shown_when_the_minute_changes() -> None:
    room = Room().add("bob", "a").add("carl", "b", 0.5).add("bob", "c", 1)
    assert room.rows()[1:] == ["16:40    bob  |a", "        carl  |b", "16:41    bob  |c"]


def test_every_time_is_shown_to_who_wants_that() -> None:
    room = Room()
    room.transcript = Transcript(room.timeline, "alice", "#lobby", Calendar("%H:%M", UTC), every_time=True)
    room.add("bob", "a").add("bob", "b").wait("c")
    assert room.rows()[1:] == ["16:40    bob  |a", "16:40         |b", "16:40  alice …|c"]


def test_a_handle_is_not_repeated_within_some_minutes() -> None:
    room = Room().add("bob", "a").add("bob", "b", 4).add("bob", "c", 10).add("carl", "d", 10)
    assert room.rows()[1:] == [
        "16:40    bob  |a",
        "16:44         |b",
        "16:50    bob  |c",
        "        carl  |d",
    ]
    assert room.transcript.row(2).author == "bob"


def test_a_new_day_begins_with_a_line_a_time_and_a_handle() -> None:
    room = Room().add("bob", "late", 7 * 60 + 18).add("bob", "early", 7 * 60 + 21)
    assert room.rows() == [
        "-- Sunday 21 September --",
        "23:58    bob  |late",
        "-- Monday 22 September --",
        "00:01    bob  |early",
    ]


def test_an_action_has_a_star_and_its_author_in_the_text() -> None:
    room = Room().add("bob", "hi").add("bob", Posted("waves", Manner.ACTION)).add("bob", "so")
    assert room.rows()[1:] == ["16:40    bob  |hi", "           *  |bob waves", "         bob  |so"]
    row = room.transcript.row(2)
    assert row.kind is RowKind.ACTION
    assert row.lines[0][1:] == ((Style.ACTION, " "), (Style.ACTION, "waves"))


def test_joins_and_leaves_are_one_line_between_messages() -> None:
    room = Room().add("owner", Created("lobby", 0)).add("bob", Joined()).add("carl", Joined(), 1)
    room.add("bob", "hi", 2).add("dora", Left(), 3)
    assert room.rows()[1:] == [
        "16:40      ·  |owner created #lobby",
        "           →  |bob, carl joined",
        "16:42    bob  |hi",
        "16:43      ←  |dora left",
    ]


def test_no_minute_is_hidden_that_no_row_above_shows() -> None:
    room = Room().add("bob", Joined()).add("carl", Joined(), 1).add("carl", "hello", 1).add("bob", "hi", 1)
    assert room.rows()[1:] == [
        "16:40      →  |bob, carl joined",
        "16:41   carl  |hello",
        "         bob  |hi",
    ]


def test_a_note_grows_and_is_drawn_anew_under_the_same_key() -> None:
    room = Room().add("bob", Joined())
    before = room.transcript.row(1)
    room.add("carl", Joined())
    after = room.transcript.row(1)
    assert room.transcript.length == 2
    assert (after.key, plain(after.lines[0])) == (before.key, "bob, carl joined")
    assert after.version > before.version


def test_a_note_ends_with_its_day_and_before_it_has_too_many_entries() -> None:
    room = Room().add("bob", Joined()).add("carl", Joined(), 24 * 60)
    assert room.transcript.length == 3
    crowd = Room()
    for number in range(RUN_ENTRIES + 1):
        crowd.add(f"u{number}", Joined())
    assert crowd.transcript.length == 3


def test_a_topic_is_no_part_of_a_run() -> None:
    room = Room().add("bob", Joined()).add("bob", TopicSet("be kind")).add("carl", Joined())
    assert [text.split("|")[1] for text in room.rows()[1:]] == [
        "bob joined",
        "bob set the topic: be kind",
        "carl joined",
    ]


def test_a_mention_of_me_is_marked_and_a_mention_of_others_has_their_colour() -> None:
    room = Room().add("bob", "@alice look").add("bob", "@carl look")
    assert room.transcript.row(1).is_mention
    assert room.transcript.row(1).lines[0][0] == (Style.MENTION, "@alice")
    assert not room.transcript.row(2).is_mention


def test_code_is_marked_as_such() -> None:
    room = Room().add("bob", "```python\nx = 1\n```").add("bob", "see\n```\ny\n```")
    assert room.transcript.row(1).is_code
    assert room.transcript.row(2).code_lines == {1}
    assert not room.transcript.row(2).is_code


def test_ones_own_handle_has_a_style_of_its_own() -> None:
    room = Room().add("alice", "hi").add("bob", "ho")
    assert room.transcript.row(1).handle_style is Style.HANDLE_OWN
    assert room.transcript.row(2).handle_style is not Style.HANDLE_OWN


# -- what waits ------------------------------------------------------------------------------------------


def test_what_waits_stands_at_the_end_with_a_mark() -> None:
    room = Room().add("alice", "a").wait("b").wait("c").wait("waves", Manner.ACTION)
    assert room.rows()[1:] == [
        "16:40  alice  |a",
        "       alice …|b",
        "             …|c",
        "           * …|alice waves",
    ]
    assert room.transcript.row(2).kind is RowKind.WAITING
    assert room.transcript.row(2).lines == (((Style.WAITING, "b"),),)


def test_a_message_that_waits_keeps_its_key_while_others_before_it_are_stored() -> None:
    room = Room().wait("a").wait("b")
    key = room.transcript.row(2).key
    room.waiting.pop(0)
    room.add("alice", "a")
    assert room.transcript.row(2).key == key
    assert room.transcript.index_of(key) == 2
    room.waiting.clear()
    room.add("alice", "b")
    assert room.transcript.index_of(key) == 2


# -- the top, gaps and pages -----------------------------------------------------------------------------


def test_the_top_says_where_the_room_or_what_is_loaded_begins() -> None:
    room = Room(start=500).add("bob", "hi")
    assert (room.top(), room.transcript.row(0).kind) == ("… older messages — PgUp loads", RowKind.GAP)
    room.timeline.is_loading = True
    room.timeline.version += 1
    room.sync()
    assert (room.top(), room.transcript.row(0).kind) == ("loading older messages", RowKind.LOADING)
    first, version = room.transcript.row(0).mark, room.transcript.row(0).version
    room.transcript.turn_spinner()
    assert room.transcript.row(0).mark != first
    assert room.transcript.row(0).version > version
    assert Room().top() == "beginning of #lobby"
    assert Room().transcript.row(0).key == TOP_KEY


def test_a_gap_says_how_many_messages_are_missing() -> None:
    room = Room().add("bob", "a")
    gap = room.timeline.skip_to(215)
    assert gap is not None
    room.add("bob", "b", 3)
    assert room.rows()[1:] == [
        "16:40    bob  |a",
        "              |… 214 messages not loaded — Enter or PgUp loads",
        "-- Sunday 21 September --",
        "16:43    bob  |b",
    ]
    key = room.transcript.row(2).key
    assert room.transcript.index_of(key) == 2
    room.timeline.put([line(seq, "bob", f"m{seq}") for seq in range(16, 216)], 16, 215)
    room.sync()
    assert room.transcript.length == 204
    assert plain(room.transcript.row(2).lines[0]) == "… 14 messages not loaded — Enter or PgUp loads"
    assert room.transcript.row(2).key == key
    assert room.transcript.index_of((216,)) == 203


def test_an_older_page_changes_no_key_and_is_counted() -> None:
    room = Room(start=100).add("bob", Joined()).add("bob", "hi")
    keys = [room.transcript.row(index).key for index in (1, 2)]
    room.timeline.put([line(99, "carl", "old"), line(100, "carl", Joined())], 99, 100)
    room.sync()
    view = room.transcript
    assert view.prepended == 1  # the join before the first one became part of its note
    assert [view.index_of(key) for key in keys] == [2, 3]
    assert view.row(3).key == keys[1]
    assert plain(view.row(2).lines[0]) == "carl, bob joined"
    room.timeline.put([line(seq, "dora", "older") for seq in range(50, 99)], 50, 98)
    assert room.sync().transcript.prepended == 50
    assert view.index_of((75,)) == 26


def test_a_key_above_all_rows_leads_to_the_top() -> None:
    room = Room(start=100).add("bob", "hi")
    assert room.transcript.index_of((3,)) == 0
    assert room.transcript.index_of(TOP_KEY) == 0


def test_a_cut_at_the_beginning_is_taken_in() -> None:
    room = Room()
    room.timeline = Timeline(1, max_items=10)
    room.timeline.begin(0)
    room.transcript = Transcript(room.timeline, "alice", "#lobby", Calendar("%H:%M", UTC))
    for number in range(1, 2000):
        room.add("bob", f"m{number}")
    assert plain(room.transcript.row(room.transcript.length - 1).lines[0]) == "m1999"
    assert room.transcript.length == len(room.timeline.items) + 1


def test_a_timeline_begun_anew_is_taken_in() -> None:
    room = Room().add("bob", "old")
    room.timeline.drop()
    room.timeline.begin(0)
    for seq, text in enumerate(("new", "newer"), 1):
        room.timeline.append(line(seq, "bob", text), is_shown=True)
    assert room.sync().rows()[1:] == ["16:40    bob  |new", "              |newer"]


def test_a_log_begun_anew_with_other_kinds_of_entries_is_taken_in() -> None:
    room = Room().add("bob", "hi")
    room.timeline.drop()
    room.timeline.begin(0)
    for seq, body in enumerate((Joined(), Joined(), Posted("hi")), 1):
        room.timeline.append(line(seq, f"u{seq}", body), is_shown=True)
    assert room.sync().transcript.length == 3


# -- the line of new messages ----------------------------------------------------------------------------


def test_the_line_of_new_messages_stands_above_the_first_of_somebody_else() -> None:
    room = (
        Room()
        .add("bob", "old")
        .add("alice", "mine")
        .add("carl", Joined())
        .add("bob", "new")
        .add("bob", "newer")
    )
    room.transcript.set_unread_after(1)
    assert room.rows()[1:] == [
        "16:40    bob  |old",
        "       alice  |mine",
        "           →  |carl joined",
        "-- new --",
        "         bob  |new",
        "              |newer",
    ]
    assert room.transcript.unread_key == (4,)
    room.transcript.set_unread_after(None)
    assert "-- new --" not in room.rows()


def test_the_line_comes_with_the_first_message_and_stays_there() -> None:
    room = Room().add("bob", "old")
    room.transcript.set_unread_after(1)
    assert "-- new --" not in room.rows()
    room.add("alice", "mine").add("bob", "new").add("carl", "newer")
    assert room.rows().count("-- new --") == 1
    assert room.transcript.unread_key == (3,)


def test_the_line_moves_up_when_older_pages_show_where_it_belongs() -> None:
    room = Room(start=10).add("bob", "m11")
    room.transcript.set_unread_after(8)
    assert room.transcript.unread_key == (11,)
    room.timeline.put([line(seq, "bob", f"m{seq}") for seq in range(7, 11)], 7, 10)
    room.sync()
    assert room.transcript.unread_key == (9,)


# -- hiding ----------------------------------------------------------------------------------------------


def test_what_somebody_ignored_writes_is_not_shown() -> None:
    room = Room().add("bob", "a").add("eve", "b").add("bob", "c")
    room.ignored = frozenset({"eve"})
    assert [text.split("|")[1] for text in room.sync().rows()[1:]] == ["a", "c"]
    room.add("eve", "d").add("bob", "e")
    assert [text.split("|")[1] for text in room.rows()[1:]] == ["a", "c", "e"]
    room.ignored = frozenset()
    assert room.sync().transcript.length == 6


def test_a_cleared_transcript_shows_what_comes_and_everything_again_when_asked() -> None:
    room = Room().add("bob", "a").add("bob", "b")
    room.transcript.clear()
    assert (room.transcript.length, room.top()) == (1, "… cleared — PgUp or Esc shows it again")
    room.add("bob", "c")
    assert [text.split("|")[1] for text in room.rows()] == ["c"]
    assert room.transcript.index_of((3,)) == 1
    assert room.transcript.index_of((1,)) == 0
    assert room.transcript.show_all()
    assert [text.split("|")[1] for text in room.rows()[1:]] == ["a", "b", "c"]
    assert not room.transcript.show_all()


# -- cost ------------------------------------------------------------------------------------------------


def test_a_row_is_made_once_while_nothing_it_shows_changes() -> None:
    room = Room().add("bob", "a").add("carl", "b")
    before = room.transcript.row(1)
    room.add("bob", "c")
    assert room.transcript.row(1) is before


def test_an_appended_entry_does_not_make_the_index_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    for number in range(100):
        room.add("bob", f"m{number}").add(f"u{number}", Joined())

    def refuse(index: RowIndex) -> None:
        raise AssertionError("the index was made anew")

    monkeypatch.setattr(RowIndex, "_rebuild", refuse)
    room.add("bob", "next").add("carl", Joined()).add("dora", Joined())
    room.timeline.drop()
    with pytest.raises(AssertionError):
        room.sync()


def test_a_cut_does_not_make_the_index_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    for number in range(100):
        room.add("bob", f"m{number}").add(f"u{number}", Joined())
    monkeypatch.setattr(RowIndex, "_rebuild", None)
    weight = room.timeline.chars // 2
    room.timeline.shrink(weight)
    room.sync().add("bob", "next")
    assert room.transcript.length == len(room.timeline.items) + 1
    assert room.rows()[-1] == "         bob  |next"


def test_no_room_has_no_rows() -> None:
    assert (NO_ROWS.length, NO_ROWS.index_of((1,))) == (0, 0)
    with pytest.raises(IndexError):
        NO_ROWS.row(0)
    with pytest.raises(IndexError):
        Room().transcript.row(1)


# -- a law -----------------------------------------------------------------------------------------------

ENTRIES = st.sampled_from(
    [Joined(), Left(), Posted("hi"), Posted("@alice"), TopicSet("t"), Created("lobby", 0)]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["bob", "carl", "alice"]), ENTRIES),
        st.tuples(st.just("skip"), st.integers(1, 5), st.integers(0, 3)),
        st.tuples(st.just("fill"), st.integers(0, 3), st.integers(0, 3)),
        st.tuples(st.just("prepend"), st.integers(1, 5), ENTRIES),
        st.tuples(st.just("cut"), st.integers(0, 9), st.integers(0, 0)),
    ),
    max_size=30,
)


@given(STEPS)
def test_however_a_timeline_grew_its_rows_are_those_of_a_fresh_look(
    steps: list[tuple[str, object, object]],
) -> None:
    room = Room(start=50)
    timeline = room.timeline
    room.transcript.set_unread_after(52)
    for number, (step, one, other) in enumerate(steps):
        if step == "add":
            room.add(str(one), other, number)  # type: ignore[arg-type]
        elif step == "skip":
            assert isinstance(one, int)
            timeline.skip_to(timeline.cursor + one)
        elif step == "fill" and timeline.gaps():
            gap = timeline.gaps()[-1]
            assert isinstance(one, int)
            after = min(gap.after + one, gap.before - 2)
            timeline.put(
                [line(seq, "dora", "f") for seq in range(after + 1, gap.before)], after + 1, gap.before - 1
            )
        elif step == "cut":
            assert isinstance(one, int)
            timeline.shrink(timeline.chars * one // 10)
        elif step == "prepend" and timeline.floor > 0:
            assert isinstance(one, int)
            floor = max(0, timeline.floor - one)
            lines = [line(seq, "eve", other) for seq in range(floor + 1, timeline.floor + 1)]  # type: ignore[arg-type]
            timeline.put(lines, floor + 1, timeline.floor)
        room.sync()
        list(map(room.transcript.row, range(room.transcript.length)))
    fresh = Transcript(timeline, "alice", "#lobby", Calendar("%H:%M", UTC))
    fresh.set_unread_after(52)
    fresh.sync((), frozenset(), START_MS)
    old = [room.transcript.row(index) for index in range(room.transcript.length)]
    new = [fresh.row(index) for index in range(fresh.length)]
    assert [picture(row) for row in old] == [picture(row) for row in new]
    assert [row.key for row in old] == sorted({row.key for row in new})
    assert [room.transcript.index_of(row.key) for row in old] == list(range(len(old)))
