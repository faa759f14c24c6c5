import pytest

from chatroom.client.commands.actions import Action
from chatroom.client.session.events import Found
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.boxes.answers import Ask, Close, Jump
from chatroom.client.viewmodel.boxes.search import EXCERPT_CHARS, Query, SearchBox, excerpt, parse_query
from chatroom.protocol.packets import Search
from support.screen_world import Seat, plain
from support.tiny_server import TinyServer


def box(typed: str = "") -> SearchBox:
    return SearchBox(1, typed, "alice", lambda room, at: (f"#room{room}", "16:40"))


def hit(seq: int, text: str = "tls is fine") -> tuple[int, int, int, str, str]:
    return (1, seq, 0, "bob", text)


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("tls pending", Query("tls pending")),
        ("  tls   pending ", Query("tls pending")),
        ("from:bob tls", Query("tls", "bob")),
        ("tls FROM:@bob in:#lab", Query("tls", "bob", "#lab")),
        ("in:lab", Query("", "", "lab")),
        ("see from: there", Query("see from: there")),
    ],
)
def test_a_search_is_words_and_names(typed: str, query: Query) -> None:
    assert parse_query(typed) == query


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("descriptor", "descriptor*"),
        ("a b descr", "a b descr*"),
        ("a b", "a b"),
        ("descr*", "descr*"),
        ("c++", "c++"),
        ("日本", "日本*"),
        ("", ""),
    ],
)
def test_the_last_word_may_be_the_beginning_of_one(words: str, sent: str) -> None:
    assert Query(words).sent == sent


def test_enter_searches_and_then_shows_what_is_chosen() -> None:
    search = box("tls from:bob")
    assert search.act(Action.DIALOG_ACCEPT) == Ask("tls*", "", "bob")
    assert search.view().note == "searching …"
    assert search.act(Action.DIALOG_ACCEPT) is None
    search.take(Found("tls*", (hit(9), hit(4)), 0, 0))
    assert search.view().note == "2 found · Enter shows it in its place"
    search.act(Action.DIALOG_DOWN)
    assert search.act(Action.DIALOG_ACCEPT) == Jump(1, 4)


def test_it_goes_on_while_one_types_with_one_search_at_a_time() -> None:
    search = box()
    assert search.edited("t") is None
    assert search.edited("tl") == Ask("tl*", "", "")
    assert search.edited("tls") is None
    assert search.edited("tls ") is None
    assert search.take(Found("tl*", (hit(9), hit(8)), 0, 0)) == Ask("tls*", "", "")
    assert len(search.view().rows) == 2  # until there is something better to show
    assert search.take(Found("tls*", (hit(9),), 0, 0)) is None
    assert len(search.view().rows) == 1
    assert search.act(Action.DIALOG_ACCEPT) == Jump(1, 9)


def test_with_nothing_typed_nothing_is_found() -> None:
    search = box()
    search.edited("tls")
    assert search.edited("") is None
    assert search.take(Found("tls*", (hit(9),), 0, 0)) is None
    assert search.view().rows == ()
    assert search.view().note == "words · from:handle · in:#room"
    assert search.edited("tls") == Ask("tls*", "", "")


def test_a_short_word_is_searched_for_with_enter() -> None:
    search = box()
    assert search.edited("c") is None
    assert search.act(Action.DIALOG_ACCEPT) == Ask("c", "", "")


def test_the_answer_to_the_search_of_another_dialog_is_passed_over() -> None:
    search = box("tls")
    search.ask()
    assert search.take(Found("emfile*", (hit(9),), 0, 0)) is None
    assert search.view().rows == ()
    search.take(Found("tls*", (hit(9),), 0, 0))
    assert len(search.view().rows) == 1


def test_below_the_last_one_the_search_goes_on() -> None:
    search = box("tls in:#lab")
    search.ask()
    search.take(Found("tls*", (hit(9), hit(8)), 77, 3))
    note = search.view().note
    assert note.startswith("2 found, ↓ below the last finds more · Enter shows it")
    assert note.endswith("the newest 3 cannot be found yet")
    assert search.act(Action.DIALOG_DOWN) is None
    assert search.act(Action.DIALOG_DOWN) == Ask("tls*", "#lab", "", 77)
    assert search.act(Action.DIALOG_DOWN) is None  # asked already
    search.take(Found("tls*", (hit(3),), 0, 0))
    assert len(search.view().rows) == 3
    assert search.act(Action.DIALOG_DOWN) is None
    assert search.view().selected == 2


def test_a_search_for_nothing_asks_for_words() -> None:
    search = box("from:bob")
    assert search.act(Action.DIALOG_ACCEPT) is None
    assert search.view().note == "search for which words?"


def test_a_refusal_is_said_in_the_dialog() -> None:
    search = box("tls")
    search.ask()
    search.refused("the search took too long")
    assert search.view().note == "the search took too long"
    assert search.act(Action.DIALOG_ACCEPT) == Ask("tls*", "", "")
    assert search.act(Action.DIALOG_CANCEL) == Close()


def test_an_excerpt_shows_the_words_in_their_place() -> None:
    spans = excerpt("did you see the\nTLS pending() note?", ["tls", "note"])
    assert [part for style, part in spans if style is Style.MATCH] == ["TLS", "note"]
    assert plain(spans) == "did you see the TLS pending() note?"
    long = plain(excerpt("x" * 500 + " tls " + "y" * 500, ["tls"]))
    assert long.startswith("…")
    assert "tls" in long
    assert len(long) <= EXCERPT_CHARS
    assert plain(excerpt("nothing here", ["tls"])) == "nothing here"
    assert plain(excerpt("a (b) c", ["(b)"])) == "a (b) c"


def test_what_was_found_is_shown_with_room_author_and_time() -> None:
    server = TinyServer("lobby", "dev")
    for name in ("lobby", "dev"):
        server.room(name).members.append("alice")
        server.say("bob", f"tls in {name}", name)
    seat = Seat(server).look().send("/search tls")
    assert seat.choices() == [">#dev bob tls in dev | 22:13", "#lobby bob tls in lobby | 22:13"]
    seat.press(Action.DIALOG_ACCEPT)
    assert seat.title() == "#dev"


def test_a_search_in_a_room_that_is_none_of_ours_is_refused() -> None:
    seat = Seat().send("/search tls in:#nowhere")
    assert seat.dialog().note == "#nowhere is none of your rooms"


def test_a_word_is_found_by_its_beginning_and_the_beginning_is_marked() -> None:
    server = TinyServer("lobby")
    server.say("bob", "all descriptors are used")
    seat = Seat(server).look().press(Action.SEARCH).query("descriptor")
    assert seat.choices() == [">#lobby bob all descriptors are used | 22:13"]
    assert (Style.MATCH, "descriptor") in seat.dialog().rows[0].spans


def test_typing_on_while_an_answer_comes_ends_with_the_answer_to_what_is_typed() -> None:
    server = TinyServer("lobby")
    for text in ("tls", "tlsa", "tlsab"):
        server.say("bob", text)
    seat = Seat(server).look().press(Action.SEARCH)
    for typed in ("tl", "tls", "tlsa", "tlsab"):
        seat.effects += seat.model.dialog_edited(0, typed, seat.now)
    seat.settle()
    assert [choice.split(" ")[2] for choice in seat.choices()] == ["tlsab"]
    assert seat.desk.connection is not None
    assert len(seat.desk.connection.asked(Search)) == 2
