import pytest

from chatroom.client.session import feed
from chatroom.client.session.events import Restored
from chatroom.client.session.feed import FILL_BY_ITSELF
from chatroom.client.session.timeline import Gap
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import Created, EntryKind, Posted, encode_body, encode_entry
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import Follow, Followed, Following, History, HistoryPage, Refused
from support.session_world import Desk
from support.tiny_server import TinyServer, entry_of


def server_with(count: int) -> TinyServer:
    """A lobby of `count` entries; alice is a member already."""
    server = TinyServer()
    server.room("lobby").members.append("alice")
    for number in range(2, count + 1):
        server.say("bob", f"m{number}")
    return server


def follows(desk: Desk) -> list[tuple[list[tuple[int, int]], int]]:
    assert desk.connection is not None
    asked = [packet for packet in desk.connection.asked(Follow) if isinstance(packet, Follow)]
    return [([(each.room, each.after) for each in packet.cursors], packet.backlog) for packet in asked]


def pages(desk: Desk) -> list[tuple[int, int]]:
    assert desk.connection is not None
    return [(packet.after, packet.before) for packet in desk.connection.asked(History)]  # type: ignore[attr-defined]


def test_a_room_begins_with_its_backlog() -> None:
    desk = Desk(server_with(10), follow_backlog=3).online()
    assert desk.seqs() == [8, 9, 10]
    assert not desk.session.timeline(1).at_beginning
    assert follows(desk) == [([(1, 0)], 3)]


def test_a_short_room_is_there_from_its_beginning() -> None:
    desk = Desk(server_with(3), follow_backlog=3).online()
    assert desk.seqs() == [1, 2, 3]
    assert desk.session.timeline(1).at_beginning


def test_a_dropped_connection_is_resumed_from_the_cursor() -> None:
    server = server_with(3)
    desk = Desk(server).online()
    desk.drop()
    server.say("bob", "missed")
    desk.online()
    assert desk.seqs() == [1, 2, 3, 4]
    assert follows(desk) == [([(1, 3)], 0)]


def test_entries_that_come_again_are_ignored() -> None:
    server = server_with(3)
    desk = Desk(server).online()
    assert desk.connection is not None
    desk.connection.cursors[1] = 0
    desk.settle()
    assert desk.seqs() == [1, 2, 3]


def test_a_small_gap_is_filled_by_itself() -> None:
    server = server_with(3)
    desk = Desk(server, follow_backlog=5, skip_over=10).online()
    desk.drop()
    for number in range(30):
        server.say("bob", str(number))
    desk.connect()
    desk.settle()
    assert desk.seqs() == list(range(1, 34))
    assert pages(desk) == [(3, 29)]


def test_a_large_gap_waits_for_the_user_and_is_filled_from_its_end() -> None:
    server = server_with(3)
    desk = Desk(server, follow_backlog=5, skip_over=10).online()
    desk.drop()
    size = FILL_BY_ITSELF + 250
    for number in range(size + 5):
        server.say("bob", str(number))
    desk.online()
    gap = Gap(3, 4 + size)
    assert desk.seqs() == [1, 2, 3, (3, 4 + size), *range(4 + size, 9 + size)]
    assert pages(desk) == []
    desk.session.ask.fill_gap(1, gap)
    assert desk.session.timeline(1).is_loading
    desk.settle()
    assert desk.seqs()[3] == (3, 4 + size - 200)
    assert not desk.session.timeline(1).is_loading
    desk.session.ask.fill_gap(1, Gap(3, 4 + size - 200))
    desk.settle()
    assert desk.seqs() == list(range(1, 9 + size))  # what was left of it was small


def test_nothing_is_skipped_where_that_is_not_allowed() -> None:
    server = server_with(3)
    desk = Desk(server, follow_backlog=5, skip_over=0).online()
    desk.drop()
    for number in range(50):
        server.say("bob", str(number))
    desk.online()
    assert follows(desk) == [([(1, 3)], 0)]
    assert desk.seqs() == list(range(1, 54))


def test_a_live_entry_beyond_the_next_one_leaves_a_gap_that_is_fetched() -> None:
    server = server_with(3)
    desk = Desk(server).online()
    assert desk.connection is not None
    for number in range(4, 8):
        server.say("bob", str(number))
    desk.connection.cursors[1] = 6  # the server forgets three
    desk.up()
    desk.connection.feed()
    desk.down()
    assert desk.seqs() == [1, 2, 3, (3, 7), 7]
    desk.settle()
    assert desk.seqs() == [1, 2, 3, 4, 5, 6, 7]


def test_a_gap_left_by_a_lost_connection_is_fetched_on_the_next() -> None:
    server = server_with(3)
    desk = Desk(server, follow_backlog=5, skip_over=10).online()
    desk.drop()
    for number in range(30):
        server.say("bob", str(number))
    desk.connect()
    while not pages(desk):
        desk.down()
        desk.up()
    desk.drop()
    assert any(isinstance(item, tuple) for item in desk.seqs())
    assert not desk.session.timeline(1).is_loading
    desk.online()
    assert desk.seqs() == list(range(1, 34))


def test_older_history_comes_page_by_page_up_to_the_beginning() -> None:
    server = server_with(300)
    server.page_entries = 100
    desk = Desk(server, follow_backlog=50).online()
    timeline = desk.session.timeline(1)
    for first in (151, 51):
        desk.session.ask.load_older(1)
        desk.session.ask.load_older(1)  # a second press of the key asks for nothing
        desk.settle()
        assert desk.seqs() == list(range(first, 301))
        assert not timeline.at_beginning
    desk.session.ask.load_older(1)
    desk.settle()
    assert desk.seqs() == list(range(1, 301))
    assert timeline.at_beginning
    assert timeline.prepended == 250
    desk.session.ask.load_older(1)
    desk.settle()
    assert pages(desk) == [(0, 251), (0, 151), (0, 51)]


def test_history_that_was_given_up_by_the_server_ends_at_what_is_left() -> None:
    server = server_with(30)
    desk = Desk(server, follow_backlog=5).online()
    room = server.room("lobby")
    del room.frames[:20]
    room.first = 21
    desk.session.ask.load_older(1)
    desk.settle()
    assert desk.seqs()[0] == 21
    assert desk.session.timeline(1).at_beginning


def test_a_gap_of_which_nothing_is_left_goes_away() -> None:
    server = server_with(3)
    desk = Desk(server).online()
    desk.drop()
    room = server.room("lobby")
    for number in range(20):
        server.say("bob", str(number))
    del room.frames[:15]
    room.first = 16
    desk.online()
    assert desk.seqs() == [1, 2, 3, *range(16, 24)]
    assert pages(desk) == [(3, 16)]


def test_a_log_that_went_back_is_said_and_fetched_anew() -> None:
    server = server_with(30)
    desk = Desk(server, follow_backlog=5).online()
    desk.drop()
    room = server.room("lobby")
    del room.frames[10:]
    server.say("bob", "another eleventh")
    desk.online()
    assert desk.texts() == ["m7", "m8", "m9", "m10", "another eleventh"]
    assert [event.text for event in desk.got(Restored)] == [
        "the history of #lobby was restored by the server; it is fetched anew"
    ]


def test_a_log_that_goes_back_while_we_are_asking_is_noticed_too() -> None:
    server = server_with(30)
    desk = Desk(server, follow_backlog=5).online()
    desk.drop()
    desk.connect()
    while not follows(desk):
        desk.down()
        data = desk.session.data_to_send()
        room = server.room("lobby")
        if len(server.connections[0].requests) == 1:
            del room.frames[10:]
        assert desk.connection is not None
        desk.connection.receive(data)
    desk.settle()
    assert desk.seqs() == [6, 7, 8, 9, 10]
    assert len(desk.got(Restored)) == 1


def test_many_rooms_are_followed_in_several_requests() -> None:
    server = TinyServer(*(f"r{number}" for number in range(450)))
    for room in server.rooms.values():
        room.members.append("alice")
    desk = Desk(server).online()
    assert [len(cursors) for cursors, _ in follows(desk)] == [200, 200, 50]
    assert len(desk.session.rooms) == 450
    assert desk.session.timeline(450).cursor == 1


def test_a_room_that_cannot_be_followed_does_not_hold_up_the_others() -> None:
    server = TinyServer("lobby", "dev")
    for room in server.rooms.values():
        room.members.append("alice")
    desk = Desk(server)
    desk.connect()
    desk.down()
    desk.up()
    desk.down()
    server.room("lobby").members.remove("alice")  # between the greeting and the request
    desk.settle()
    assert desk.session.timeline(2).cursor == 1
    assert not desk.session.timeline(1).has_begun


def test_a_log_that_cannot_be_read_now_is_tried_on_the_next_connection() -> None:
    desk = Desk(server_with(3))
    desk.connect()
    desk.down()
    desk.up()
    desk.down()
    desk.session.data_to_send()
    desk.session.receive(encode(Refused(2, ErrorCode.STORAGE, "disk broken", 500)), desk.now, 0)
    assert desk.session.must_close == "the server cannot read its log: disk broken"


def test_a_session_that_follows_nothing_gets_nothing_until_it_follows() -> None:
    server = server_with(10)
    desk = Desk(server, follow_rooms=False, skip_over=0, follow_backlog=2).online()
    assert follows(desk) == []
    desk.session.ask.follow(1, after=4)
    desk.settle()
    assert desk.seqs() == [5, 6, 7, 8, 9, 10]
    desk.drop()
    server.say("bob", "missed")
    desk.online()
    assert desk.seqs()[-2:] == [10, 11]


def test_a_session_may_follow_from_the_backlog_on() -> None:
    desk = Desk(server_with(10), follow_rooms=False, skip_over=0, follow_backlog=2).online()
    desk.session.ask.follow(1)
    desk.settle()
    assert desk.seqs() == [9, 10]


def test_entries_that_show_nothing_are_lines_only_where_they_are_wanted() -> None:
    server = server_with(3)
    server.add(server.room("lobby"), "bob", Created("x", 0), kind=77)
    server.say("bob", "last")
    assert Desk(server).online().seqs() == [1, 2, 3, 5]
    assert Desk(server, show_unknown=True).online().seqs() == [1, 2, 3, 4, 5]


def test_the_page_around_an_old_entry_comes_in_one_step() -> None:
    desk = Desk(server_with(2_000), follow_backlog=50).online()
    assert desk.session.ask.load_around(1, 700)
    desk.settle()
    assert desk.seqs() == [*range(600, 800), (799, 1_951), *range(1_951, 2_001)]
    assert pages(desk) == [(0, 800)]
    assert desk.session.ask.load_around(1, 700)
    assert desk.session.ask.load_around(1, 1_200)
    desk.settle()
    assert desk.seqs()[200:203] == [(799, 1_100), 1_100, 1_101]
    desk.session.ask.load_older(1)
    desk.settle()
    assert desk.seqs()[:2] == [400, 401]


def test_the_page_around_an_entry_near_what_is_here_joins_it() -> None:
    desk = Desk(server_with(300), follow_backlog=50).online()
    assert desk.session.ask.load_around(1, 240)
    desk.settle()
    assert desk.seqs() == list(range(51, 301))


@pytest.mark.parametrize("seq", [0, 301, 10**6])
def test_around_an_entry_that_does_not_exist_there_is_no_page(seq: int) -> None:
    desk = Desk(server_with(300)).online()
    assert not desk.session.ask.load_around(1, seq)
    assert not desk.session.ask.load_around(7, 1)
    desk.drop()
    assert not desk.session.ask.load_around(1, 5)


def test_all_timelines_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MAX_CHARS", 100_000)
    monkeypatch.setattr(feed, "BOUND_EVERY", 10)
    server = TinyServer("lobby", "dev")
    for room in server.rooms.values():
        room.members.append("alice")
    desk = Desk(server).online()
    for number in range(100):
        server.say("bob", f"{number} " + "x" * 2_000, "dev")
    server.say("bob", "still here")
    desk.settle()
    shown = desk.texts("#dev")
    assert 20 < len(shown) < 60
    assert shown[-1].startswith("99 ")
    assert desk.texts() == ["still here"]
    assert not desk.session.timeline(2).at_beginning


def page_of(request: History, *seqs: int, room: int = 1, more: bool = False) -> bytes:
    server = TinyServer()
    for _ in range(40):
        server.say("bob", "x")
    frames = server.room("lobby").frames
    entries = [entry_of(frames[seq - 1]) for seq in seqs]
    return encode(HistoryPage(request.id, room, entries, more))


@pytest.mark.parametrize(
    "seqs",
    [(27, 28), (27, 29), (26, 28, 29), (29, 28, 27), (29, 29), (29, 30), (1, 29), (28, 29, 30)],
    ids=str,
)
def test_a_page_with_holes_or_of_another_place_ends_the_connection(seqs: tuple[int, ...]) -> None:
    desk = Desk(server_with(32), follow_backlog=3).online()
    desk.session.ask.load_older(1)  # wants what ends at 29
    desk.up()
    assert desk.connection is not None
    request = desk.connection.asked(History)[-1]
    assert isinstance(request, History)
    before = desk.seqs()
    desk.session.receive(page_of(request, *seqs), desk.now, 0)
    assert desk.session.must_close is not None
    assert "history page" in desk.session.must_close
    assert desk.seqs() == before


def test_an_empty_page_that_promises_more_ends_the_connection() -> None:
    desk = Desk(server_with(32), follow_backlog=3).online()
    desk.session.ask.load_older(1)
    desk.up()
    assert desk.connection is not None
    request = desk.connection.asked(History)[-1]
    assert isinstance(request, History)
    desk.session.receive(page_of(request, more=True), desk.now, 0)
    assert desk.session.must_close is not None
    assert "history page with nothing" in desk.session.must_close


@pytest.mark.parametrize("after", [0, 5])
def test_a_gap_that_is_said_to_be_empty_is_not_asked_for_again(after: int) -> None:
    desk = Desk(server_with(32), skip_over=0, follow_rooms=False).online()
    desk.session.ask.follow(1, after)
    assert desk.connection is not None
    desk.up()
    desk.connection.take()
    follow = desk.connection.asked(Follow)[-1]
    assert isinstance(follow, Follow)
    desk.session.receive(encode(Following(follow.id, [Followed(1, 30, 32)])), desk.now, 0)
    desk.up()
    desk.connection.take()
    request = desk.connection.asked(History)[-1]
    assert isinstance(request, History)
    desk.session.receive(page_of(request), desk.now, 0)
    desk.settle()
    assert pages(desk) == [(after, 31)]
    assert desk.session.timeline(1).gaps() == []


def test_a_refused_page_may_be_asked_for_again() -> None:
    desk = Desk(server_with(32), follow_backlog=3).online()
    desk.session.ask.load_older(1)
    desk.up()
    assert desk.connection is not None
    request = desk.connection.asked(History)[-1]
    assert isinstance(request, History)
    desk.connection.take()
    desk.session.receive(encode(Refused(request.id, ErrorCode.STORAGE, "busy")), desk.now, 0)
    assert not desk.session.timeline(1).is_loading
    desk.session.ask.load_older(1)
    desk.settle()
    assert desk.session.timeline(1).at_beginning


@pytest.mark.parametrize("seq", [0, 2**40])
def test_an_entry_of_an_impossible_seq_ends_the_connection(seq: int) -> None:
    desk = Desk(server_with(3)).online()
    frame = encode_entry(1, seq, 0, "bob", b"", EntryKind.POSTED, encode_body(Posted("x")))
    desk.session.receive(frame, desk.now, 0)
    assert desk.session.must_close is not None


def test_a_server_that_follows_rooms_nobody_asked_for_is_ignored() -> None:
    desk = Desk(server_with(3)).online()
    desk.session.receive(encode(Following(99, [Followed(1, 50, 60), Followed(7, 1, 2)])), desk.now, 0)
    assert desk.session.must_close is None
    assert desk.seqs() == [1, 2, 3]
