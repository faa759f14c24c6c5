import pytest

from chatroom.client.commands.actions import Action
from chatroom.client.viewmodel.dialogs import DialogKind
from chatroom.client.viewmodel.effects import OnScreen, OpenEditor, Quit, Reconnect
from chatroom.client.viewmodel.screen import ScreenMemory
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.packets import Invite, Join, Leave, Packet, Presence, SetPresence
from support.screen_world import Seat
from support.tiny_server import TinyServer


def campus() -> TinyServer:
    server = TinyServer("lobby", "dev")
    server.room("dev").members.append("alice")
    server.make_room("secret", RoomKind.PRIVATE)
    return server


def asked(seat: Seat, kind: type[Packet]) -> list[Packet]:
    assert seat.desk.connection is not None
    return seat.desk.connection.asked(kind)


def test_a_room_is_made_joined_and_shown() -> None:
    seat = Seat().send("/join #Lab")
    assert seat.title() == "#lab"
    assert seat.server.room("lab").kind is RoomKind.PUBLIC
    seat.send("/join -p club")
    assert seat.title() == "#club"
    assert seat.server.room("club").kind is RoomKind.PRIVATE


def test_a_room_one_is_in_is_only_shown() -> None:
    seat = Seat(campus()).send("/join dev")
    assert seat.title() == "#dev"
    assert asked(seat, Join) == []


def test_a_room_is_left_by_name_or_as_the_current_one() -> None:
    seat = Seat(campus()).send("/leave dev")
    assert seat.title() == "#lobby"
    seat.send("/join lab").send("/part")
    assert seat.title() == "#lobby"
    assert len(asked(seat, Leave)) == 2


def test_a_direct_room_is_put_away_until_something_new_is_written_there() -> None:
    seat = Seat().send("/msg bob hi")
    assert seat.title() == "@bob"
    seat.send("/close")
    assert (seat.title(), seat.text(), titles(seat)) == ("#lobby", "", ["#lobby"])
    assert asked(seat, Leave) == []
    again = Seat(seat.server, memory=seat.model.memory())
    assert titles(again) == ["#lobby"]
    seat.server.say("bob", "ho", "")
    again.settle()
    assert titles(again) == ["#lobby", "@bob"]
    again.send("/close @bob").send("/msg bob")
    assert (titles(again), again.title()) == (["#lobby", "@bob"], "@bob")
    assert any("hi" in text for text in again.picture())


def test_the_only_room_cannot_be_put_away() -> None:
    server = TinyServer()
    server.rooms.clear()
    server.make_room("", RoomKind.DIRECT, ("alice", "bob"))
    seat = Seat(server).send("/msg bob").send("/leave #lobby").send("/close")
    assert (seat.title(), seat.toast()) == ("@bob", "there is no other room to go to")


def titles(seat: Seat) -> list[str]:
    return [row.title for row in seat.model.sidebar()]


FAULTS = [
    ("/join no!", "no!: a room name has 1 to 32"),
    ("/leave #nowhere", "#nowhere is none of your rooms"),
    ("/w nowhere", "nowhere is none of your rooms"),
    ("/w 99", "99 is none of your rooms"),
    ("/topic " + "x" * 307, "the topic is too long by 7 characters"),
    ("/invite b!", "b!: a handle has 2 to 24"),
    ("/invite bob #nowhere", "#nowhere is none of your rooms"),
    ("/ignore alice", "alice: that is you"),
    ("/quit now", "usage: /quit"),
]


@pytest.mark.parametrize(("typed", "toast"), FAULTS, ids=[typed[:20] for typed, _ in FAULTS])
def test_a_fault_is_said_and_what_was_typed_stays(typed: str, toast: str) -> None:
    seat = Seat().send(typed)
    assert seat.toast().startswith(toast)
    assert seat.text() == typed


def test_a_refusal_of_the_server_is_said() -> None:
    seat = Seat(campus()).drop()
    seat.send("/join lab")
    assert seat.toast() == "/join: not connected"


def test_the_topic_is_set_taken_away_and_shown() -> None:
    seat = Seat().send("/topic be  kind")
    assert seat.model.header().topic == "be kind"
    seat.send("/topic")
    assert seat.toast() == "topic of #lobby: be kind"
    seat.send("/topic -")
    assert seat.model.header().topic == ""
    seat.wait(10).send("/topic")
    assert seat.toast() == "#lobby has no topic"


def test_somebody_is_invited() -> None:
    seat = Seat(campus()).send("/invite @Bob").send("/invite carl #dev")
    assert [(packet.room, packet.handle) for packet in asked(seat, Invite)] == [(1, "bob"), (2, "carl")]  # type: ignore[attr-defined]


def test_somebody_who_is_there_is_not_invited() -> None:
    server = campus()
    server.room("lobby").members.append("bob")
    seat = Seat(server).send("/invite bob")
    assert (asked(seat, Invite), seat.toast()) == ([], "bob is in #lobby already")


def test_hiding_says_when_it_changes_nothing_or_nobody() -> None:
    server = campus()
    server.room("lobby").members.append("bob")
    seat = Seat(server)
    assert seat.send("/ignore bob").toast() == "bob is hidden here"
    assert seat.send("/ignore bob").toast() == "bob is hidden here already"
    assert seat.send("/ignore nosuch").toast() == "nosuch is hidden here: nobody of that handle is here"
    assert seat.send("/unignore bob").toast() == "bob is shown again"
    assert seat.send("/unignore bob").toast() == "bob is not hidden here"


def test_one_is_away_and_back() -> None:
    seat = Seat().send("/away")
    assert seat.model.status(seat.now).connection == "◐ away"
    seat.send("/back")
    assert seat.model.status(seat.now).connection == "● online"
    assert [packet.presence for packet in asked(seat, SetPresence)] == [Presence.AWAY, Presence.ONLINE]  # type: ignore[attr-defined]


def test_a_room_is_opened_by_number_and_by_name() -> None:
    seat = Seat(campus()).send("/w 2")
    assert seat.title() == "#dev"
    seat.send("/w lobby")
    assert seat.title() == "#lobby"
    seat.send("/w")
    assert seat.dialog().kind is DialogKind.SWITCHER


def test_the_rooms_of_the_server_are_listed_and_joined() -> None:
    seat = Seat(campus()).type("/list")
    seat.model.perform(Action.SEND, seat.now)
    assert seat.dialog().note == "asking the server …"
    seat.settle()
    assert [choice.split(" |")[0] for choice in seat.choices()] == [">#dev  ", "#lobby  ", "#secret  "]
    seat.query("sec").press(Action.DIALOG_ACCEPT)
    assert seat.title() == "#secret"


def test_a_list_that_cannot_be_had_says_why() -> None:
    seat = Seat(campus()).drop().send("/list")
    assert (seat.dialog().note, seat.choices()) == ("not connected", [])
    seat.press(Action.DIALOG_CANCEL)
    assert seat.model.dialog is None


def test_the_members_are_listed_and_written_to() -> None:
    server = campus()
    server.room("lobby").members.append("bob")
    seat = Seat(server).send("/names")
    assert seat.choices() == [">● alice | you", "● bob"]
    seat.query("bo").press(Action.DIALOG_ACCEPT)
    assert seat.title() == "@bob"


def test_what_somebody_writes_is_hidden_shown_again_and_remembered() -> None:
    server = campus()
    server.say("eve", "spam")
    server.say("bob", "hi")
    seat = Seat(server)
    seat.send("/ignore eve")
    assert not any("spam" in text for text in seat.picture())
    assert seat.model.memory().ignored == ("eve",)
    seat.wait(10).send("/ignore")
    assert seat.toast() == "hidden here: eve"
    seat.send("/unignore eve")
    assert any("spam" in text for text in seat.picture())
    again = Seat(server, "alice2", memory=ScreenMemory(ignored=("eve",)))
    assert not any("spam" in text for text in again.picture())


def test_a_fault_before_does_not_hide_what_a_command_says() -> None:
    seat = Seat().send("/ignore alice")
    assert seat.toast() == "alice: that is you"
    assert seat.send("/ignore").toast() == "nobody is hidden here"
    assert seat.send("/topic").toast() == "#lobby has no topic"
    seat.send("/jion")
    assert seat.send("/away").toast() == ""


def test_the_transcript_is_cleared_until_escape() -> None:
    seat = Seat().send("hi").send("/clear")
    assert len(seat.rows()) == 1
    seat.send("ho")
    assert len(seat.rows()) == 2
    seat.press(Action.ESCAPE)
    assert len(seat.rows()) > 3


@pytest.mark.parametrize(
    ("typed", "effect"),
    [
        ("/quit", Quit()),
        ("/reconnect", Reconnect()),
        ("/users", OnScreen(Action.TOGGLE_MEMBERS)),
        ("/mouse", OnScreen(Action.TOGGLE_MOUSE)),
        ("/edit", OpenEditor("")),
    ],
)
def test_a_command_does_what_a_key_does(typed: str, effect: object) -> None:
    seat = Seat().send(typed)
    assert effect in seat.effects
    assert seat.text() == ""


def test_help_is_made_from_the_tables() -> None:
    seat = Seat().send("/help")
    rows = seat.choices()
    assert any(row.startswith("/join [-p] #ROOM") for row in rows)
    assert any(row.startswith("Ctrl-G  F2") for row in rows)
    assert "Keys" in rows
    seat.press(Action.DIALOG_PAGE_DOWN)
    assert seat.effects[-1] == OnScreen(Action.DIALOG_PAGE_DOWN)
    seat.model.dialog_letter("q", seat.now)
    assert seat.model.dialog is None
