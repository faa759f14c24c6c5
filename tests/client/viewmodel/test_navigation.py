import pytest
from msgspec.structs import replace

from chatroom.client.commands.actions import Action
from chatroom.client.viewmodel.effects import ScrollTo, ScrollToEnd
from chatroom.protocol.codec import encode
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.packets import Join, Leave, Packet, RoomGone, RoomInfo, RoomState
from support.screen_world import Seat
from support.tiny_server import TinyServer

INVITATION = RoomInfo(5, "secret", RoomKind.PRIVATE, "plans", 1, 1, 1, is_member=False, invited_by="bob")


def campus() -> TinyServer:
    server = TinyServer("lobby", "dev", "lab")
    for name in ("lobby", "dev", "lab"):
        server.room(name).members += ["alice", "bob"]
    server.make_room("", RoomKind.DIRECT, ("alice", "bob"))
    server.say("alice", "hello", "")
    return server


def test_one_goes_up_and_down_the_sidebar() -> None:
    seat = Seat(campus())
    titles = []
    for action in (
        Action.NEXT_ROOM,
        Action.NEXT_ROOM,
        Action.PREVIOUS_ROOM,
        Action.PREVIOUS_ROOM,
        Action.PREVIOUS_ROOM,
    ):
        seat.press(action)
        titles.append(seat.title())
    assert titles == ["#dev", "#lab", "#dev", "#lobby", "@bob"]


def test_a_number_is_that_of_one_room_whatever_comes_and_goes() -> None:
    server = campus()
    seat = Seat(server)
    assert numbers(seat) == {"#lobby": 1, "#dev": 2, "#lab": 3, "@bob": 4}
    seat.send("/msg carl hi").send("/join #alpha")
    assert numbers(seat) == {"#lobby": 1, "#dev": 2, "#lab": 3, "#alpha": 6, "@bob": 4, "@carl": 5}
    seat.send("/leave #dev")
    assert numbers(seat) == {"#lobby": 1, "#lab": 3, "#alpha": 6, "@bob": 4, "@carl": 5}
    again = Seat(server, memory=seat.model.memory(), online=False)
    assert numbers(again) == {}
    again.connect()
    assert numbers(again) == numbers(seat)
    assert again.press(Action.ROOM_6).title() == "#alpha"
    again.send("/join #beta")
    assert numbers(again)["#beta"] == 2


def test_a_direct_room_without_a_message_is_only_there_while_one_wants_it() -> None:
    server = campus()
    seat = Seat(server)
    server.make_room("", RoomKind.DIRECT, ("alice", "carl"))
    seat.drop().connect()
    assert "@carl" not in numbers(seat)
    seat.send("/msg carl").send("/w lobby")
    assert "@carl" in numbers(seat)
    assert "@carl" not in numbers(Seat(server, memory=seat.model.memory()))


def numbers(seat: Seat) -> dict[str, int]:
    return {row.title: row.index for row in seat.model.sidebar()}


def test_a_number_opens_the_room_and_one_without_a_room_says_so() -> None:
    seat = Seat(campus()).press(Action.ROOM_3)
    assert seat.title() == "#lab"
    assert seat.did(ScrollToEnd())
    seat.press(Action.ROOM_9)
    assert (seat.title(), seat.toast()) == ("#lab", "there is no room 9")


def test_a_tour_of_what_is_new_goes_by_weight_and_ends_where_it_began() -> None:
    server = campus()
    seat = Seat(server).look()
    server.say("bob", "hi", "dev")
    server.say("bob", "alice: hi", "lab")
    server.say("bob", "hi", "")
    seat.settle()
    titles = []
    for _ in range(4):
        seat.press(Action.NEXT_ACTIVE).look()
        titles.append(seat.title())
    assert titles == ["#lab", "@bob", "#dev", "#lobby"]
    seat.press(Action.NEXT_ACTIVE)
    assert seat.toast() == "nothing new anywhere"


def test_going_elsewhere_by_hand_begins_a_new_tour() -> None:
    server = campus()
    seat = Seat(server).look()
    server.say("bob", "hi", "dev")
    seat.settle().press(Action.NEXT_ACTIVE).look()
    seat.press(Action.ROOM_3)
    seat.press(Action.NEXT_ACTIVE)
    assert (seat.title(), seat.toast()) == ("#lab", "nothing new anywhere")


def test_a_room_left_elsewhere_gives_way_to_another() -> None:
    seat = Seat(campus()).press(Action.ROOM_2)
    seat.send("/leave")
    assert seat.title() == "#lobby"
    assert "#dev" not in [row.title for row in seat.model.sidebar()]


def invited_seat() -> Seat:
    """A seat at which bob's invitation to the room 5 has just come."""
    server = campus()
    server.make_room("secret", RoomKind.PRIVATE)
    seat = Seat(server)
    tell(seat, RoomState(INVITATION))
    return seat


def tell(seat: Seat, packet: Packet) -> None:
    seat.desk.session.receive(encode(packet), seat.desk.now, 0)
    seat.settle()


def asked(seat: Seat, kind: type[Packet]) -> list[Packet]:
    assert seat.desk.connection is not None
    return seat.desk.connection.asked(kind)


def test_an_invitation_is_shown_as_such_and_accepted_after_opening_it() -> None:
    seat = invited_seat()
    row = next(row for row in seat.model.sidebar() if row.is_invitation)
    assert (row.title, row.index) == ("#secret", 5)
    assert seat.toast() == "bob invites you to #secret: /join or /leave #secret"
    assert seat.model.status(seat.now).activity == "[!5]"
    seat.press(Action.ROOM_5)
    assert [choice.label for choice in seat.dialog().choices] == ["Join", "Decline", "Not now"]
    assert [line[0][1] for line in seat.dialog().text] == [
        "bob invites you to #secret.",
        "plans",
        "1 member",
    ]
    assert asked(seat, Join) == []
    seat.press(Action.DIALOG_ACCEPT)
    assert [packet.name for packet in asked(seat, Join)] == ["secret"]  # type: ignore[attr-defined]
    assert seat.title() == "#secret"
    assert seat.model.status(seat.now).activity == ""


@pytest.mark.parametrize("way", ["a letter", "the button", "named", "from the switcher"])
def test_an_invitation_is_declined_as_easily(way: str) -> None:
    seat = invited_seat()
    if way == "named":
        seat.send("/leave #secret")
    elif way == "from the switcher":
        seat.press(Action.SWITCH_ROOM)
        seat.effects += seat.model.dialog_edited(0, "secret", seat.now)
        seat.press(Action.DIALOG_ACCEPT, Action.DIALOG_NEXT, Action.DIALOG_ACCEPT)
    elif way == "a letter":
        seat.press(Action.ROOM_5)
        seat.effects += seat.model.dialog_letter("d", seat.now)
    else:
        seat.press(Action.ROOM_5)
        seat.effects += seat.model.dialog_picked(1, seat.now)
    seat.settle()
    assert [packet.room for packet in asked(seat, Leave)] == [5]  # type: ignore[attr-defined]
    assert seat.model.dialog is None
    tell(seat, RoomGone(5))
    assert not any(row.is_invitation for row in seat.model.sidebar())
    assert (seat.title(), seat.model.status(seat.now).activity) == ("#lobby", "")


def test_a_reply_to_an_invitation_that_another_device_answered_does_nothing() -> None:
    for packet in (RoomGone(5), RoomState(replace(INVITATION, is_member=True))):
        seat = invited_seat().press(Action.ROOM_5)
        tell(seat, packet)
        seat.press(Action.DIALOG_ACCEPT)
        assert asked(seat, Join) == asked(seat, Leave) == []
    assert seat.title() == "#secret"


def test_one_goes_to_the_line_of_new_messages() -> None:
    server = campus()
    seat = Seat(server).look().press(Action.ROOM_2)
    seat.look().press(Action.ROOM_1, Action.FIRST_UNREAD)
    assert seat.toast() == "nothing new here"
    seq = server.say("bob", "new", "dev")
    seat.settle().press(Action.ROOM_2, Action.FIRST_UNREAD)
    assert seat.did(ScrollTo((seq,)))


def test_one_goes_from_mention_to_mention() -> None:
    server = campus()
    seqs = [server.say("bob", text) for text in ("@alice 1", "x", "@alice 2", "y", "@alice 3", "z")]
    seat = Seat(server).look()
    for _ in range(3):
        seat.press(Action.PREVIOUS_MENTION)
    places = [effect.key for effect in seat.effects if isinstance(effect, ScrollTo)]
    assert places == [(seqs[4],), (seqs[2],), (seqs[0],)]
    seat.press(Action.PREVIOUS_MENTION)
    assert seat.toast() == "no mention of you before this place"
    seat.press(Action.NEXT_MENTION)
    assert seat.effects[-1] == ScrollTo((seqs[2],))


def test_the_gap_in_view_is_loaded_by_enter_and_by_page_up() -> None:
    server = campus()
    seat = Seat(server, skip_over=10, follow_backlog=5)
    seat.drop()
    for number in range(900):
        server.say("bob", f"m{number}")
    seat.connect().look()
    before = seat.model.transcript().length
    assert any("not loaded" in text for text in seat.picture())
    seat.type("").press(Action.SEND)
    assert seat.model.transcript().length == before + 200
    seat.look().press(Action.PAGE_UP)
    assert seat.model.transcript().length == before + 400


def test_page_up_brings_back_what_was_cleared() -> None:
    server = campus()
    server.say("bob", "hi")
    seat = Seat(server).look().send("/clear")
    assert len(seat.rows()) == 1
    seat.look().press(Action.PAGE_UP)
    assert len(seat.rows()) > 1
