"""Moderation and devices as the screen shows them."""

import pytest

from chatroom.client.commands.actions import Action
from chatroom.client.themes.styles import Style
from chatroom.client.viewmodel.dialogs import DialogKind
from chatroom.client.viewmodel.effects import Copy
from chatroom.protocol.entries import EntryKind, Moderated
from chatroom.protocol.packets import (
    Claim,
    ListDevices,
    Moderate,
    ModerationAct,
    Packet,
    Post,
    RevokeDevice,
    Role,
)
from support.screen_world import Seat, plain
from support.tiny_server import TinyServer

MINUTE_MS = 60_000


def a_moderator() -> Seat:
    server = TinyServer("lobby")
    server.roles["alice"] = Role.MODERATOR
    server.room("lobby").members.append("bob")
    return Seat(server).look()


def asked(seat: Seat, kind: type[Packet]) -> list[Packet]:
    assert seat.desk.connection is not None
    return seat.desk.connection.asked(kind)


def done_to(seat: Seat, kind: EntryKind, body: Moderated, by: str = "bob") -> Seat:
    seat.server.add(seat.server.room("lobby"), by, body, kind=kind)
    seat.server.flush()
    return seat.settle()


# -- what a moderator does -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "act", "seconds", "reason"),
    [
        ("/kick bob", ModerationAct.KICK, 0, ""),
        ("/ban @Bob 2h flooding", ModerationAct.BAN, 7_200, "flooding"),
        ("/unban bob", ModerationAct.UNBAN, 0, ""),
        ("/mute bob 10m", ModerationAct.MUTE, 600, ""),
        ("/unmute bob said sorry", ModerationAct.UNMUTE, 0, "said sorry"),
    ],
)
def test_an_act_goes_to_the_server_and_stands_in_the_room(
    typed: str, act: ModerationAct, seconds: int, reason: str
) -> None:
    seat = a_moderator().send(typed)
    (request,) = asked(seat, Moderate)
    assert isinstance(request, Moderate)
    assert (request.act, request.handle, request.seconds, request.reason) == (act, "bob", seconds, reason)
    assert seat.text() == ""
    assert f"alice {act.name.lower()}" in seat.picture()[-1]


def test_a_role_is_given() -> None:
    seat = a_moderator().send("/role bob owner")
    (request,) = asked(seat, Moderate)
    assert isinstance(request, Moderate)
    assert (request.act, request.role) == (ModerationAct.SET_ROLE, Role.OWNER)
    assert "alice made bob an owner" in seat.picture()[-1]


def test_a_role_of_ones_own_is_laid_down() -> None:
    seat = a_moderator().send("/role Alice member")
    (request,) = asked(seat, Moderate)
    assert isinstance(request, Moderate)
    assert (request.act, request.handle, request.role) == (ModerationAct.SET_ROLE, "alice", Role.MEMBER)
    assert "alice is a member now" in seat.picture()[-1]


@pytest.mark.parametrize(
    ("typed", "toast"),
    [
        ("/kick alice", "alice: that is you"),
        ("/role alice owner", "alice: that is you"),
        ("/ban b!", "b!: a handle has 2 to 24"),
        ("/ban bob " + "x" * 207, "the reason is too long by 7 characters"),
        ("/mute bob 10", "/mute: 10 is no time"),
    ],
)
def test_what_cannot_be_done_is_said_and_stays_in_the_composer(typed: str, toast: str) -> None:
    seat = a_moderator().send(typed)
    assert seat.toast().startswith(toast)
    assert seat.text() == typed
    assert asked(seat, Moderate) == []


def test_what_the_server_refuses_is_said_with_the_command() -> None:
    seat = Seat(TinyServer("lobby")).send("/kick bob")
    assert seat.toast() == "/kick: members may not"


def test_a_code_makes_an_owner_and_that_is_said() -> None:
    seat = Seat(TinyServer("lobby")).look().send("/claim 12345-67890 abcde-fghjk")
    assert len(asked(seat, Claim)) == 1
    assert seat.toast() == "you are an owner now"
    assert [row.mark for row in seat.model.members().rows] == ["@"]
    assert "alice is an owner now" in seat.picture()[-1]
    seat.send("/claim nonsense")
    assert seat.toast().startswith("/claim: a code is 20 letters and digits")


# -- what is done to oneself -----------------------------------------------------------------------------


def test_a_mute_is_said_stays_in_view_and_keeps_what_one_writes() -> None:
    seat = Seat(TinyServer("lobby")).look()
    until = seat.server.now + 90 * MINUTE_MS
    done_to(seat, EntryKind.MUTED, Moderated("alice", until, "enough"))
    shown = seat.model._state.calendar.until(until, seat.server.now)
    assert seat.toast() == f"you are muted until {shown}: you can read and not write"
    status = seat.model.status(seat.now)
    assert (status.connection, status.connection_style) == (
        f"● online, muted until {shown}",
        Style.STATUS_CONNECTING,
    )
    assert seat.model.composer().placeholder == f"you are muted until {shown}"
    seat.send("but I")
    assert seat.toast() == f"you are muted until {shown}; the text stays here"
    assert seat.text() == "but I"
    assert asked(seat, Post) == []


def test_who_is_muted_and_in_no_room_reads_that_there_is_no_room() -> None:
    seat = done_to(Seat(TinyServer("lobby")), EntryKind.MUTED, Moderated("alice"))
    seat.server.kick(seat.server.room("lobby"), "bob", "alice")
    seat.server.flush()
    assert seat.settle().model.composer().placeholder == "no room yet"


def test_the_end_of_a_mute_is_said_whether_it_was_taken_back_or_is_over() -> None:
    seat = Seat(TinyServer("lobby")).look()
    done_to(seat, EntryKind.MUTED, Moderated("alice"))
    assert seat.model.status(seat.now).connection == "● online, muted"
    done_to(seat.wait(30), EntryKind.UNMUTED, Moderated("alice"))
    assert seat.toast() == "you can write again"
    done_to(seat.wait(30), EntryKind.MUTED, Moderated("alice", seat.server.now + 70_000))
    seat.wait(30).wait(42)
    assert seat.toast() == "you can write again"
    assert seat.model.status(seat.now).connection == "● online"


def test_another_role_is_said_and_only_when_it_changes() -> None:
    seat = a_moderator()
    assert seat.toast() == ""
    seat.drop().connect()
    assert seat.toast() == ""
    done_to(seat, EntryKind.ROLE_SET, Moderated("alice", role=Role.OWNER))
    assert seat.toast() == "you are an owner now"


def test_being_put_out_of_a_room_is_an_alarm_and_the_draft_stays() -> None:
    server = TinyServer("lobby", "dev")
    server.room("dev").members.append("alice")
    seat = Seat(server).open("#dev").type("half a tho")
    server.kick(server.room("dev"), "bob", "alice")
    server.flush()
    seat.settle()
    assert seat.title() == "#lobby"
    assert seat.toast() == "#dev: kicked by bob"
    dialog = seat.dialog()
    assert (dialog.title, dialog.is_alarm) == ("You were put out of #dev", True)
    assert [plain(line) for line in dialog.text] == ["kicked by bob"]
    assert seat.press(Action.DIALOG_ACCEPT).model.dialog is None
    assert seat.model.memory().drafts["#dev"] == "half a tho"


def test_what_is_done_to_others_is_no_news_for_the_status_line() -> None:
    seat = done_to(Seat(TinyServer("lobby")).look(), EntryKind.MUTED, Moderated("bob"), by="carl")
    assert seat.toast() == ""
    assert seat.model.status(seat.now).connection == "● online"


# -- devices ---------------------------------------------------------------------------------------------


def test_a_link_is_shown_with_the_whole_command_and_until_when() -> None:
    seat = Seat(TinyServer("lobby"))
    seat.model.join_string_is("chat.example.org:4567#pin")
    seat.send("/link")
    dialog = seat.dialog()
    text = "\n".join(plain(line) for line in dialog.text)
    code = seat.server.link_code
    assert dialog.kind is DialogKind.LINK
    assert f"chatroom link chat.example.org:4567#pin {code}" in text
    until = seat.model._state.calendar.until(seat.server.now + 600_000, seat.server.now)
    assert f"once, until {until} (10 minutes from now)" in text
    assert "this machine only" not in text
    seat.effects += seat.model.dialog_letter("c", seat.now)
    assert seat.did(Copy(f"chatroom link chat.example.org:4567#pin {code}"))
    assert seat.model.dialog is None


def test_a_server_on_this_machine_is_said_to_be_of_no_use_to_another() -> None:
    seat = Seat(TinyServer("lobby"))
    seat.model.join_string_is("tcp://127.0.0.1:4567")
    assert "this machine only" in plain(seat.send("/link").dialog().text[-1])


def test_a_code_that_nobody_waits_for_any_more_is_not_shown() -> None:
    seat = Seat(TinyServer("lobby"))
    seat.type("/link")
    seat.effects += seat.model.perform(Action.SEND, seat.now)
    assert [plain(line) for line in seat.dialog().text] == ["asking the server …"]
    seat.effects += seat.model.perform(Action.DIALOG_CANCEL, seat.now)
    seat.settle()
    assert seat.model.dialog is None


def test_a_link_that_is_refused_closes_its_dialog_and_says_why() -> None:
    seat = Seat(TinyServer("lobby")).drop().send("/link")
    assert seat.model.dialog is None
    assert seat.toast() == "/link: not connected"


def test_devices_are_listed_and_one_is_taken_away_after_a_question() -> None:
    seat = Seat(TinyServer("lobby")).send("/devices")
    here, old = seat.choices()
    assert here.startswith(">● chatroom  key ")
    assert "this device · since" in here
    assert old.startswith("○ old")
    seat.press(Action.DIALOG_DOWN, Action.DIALOG_ACCEPT)
    assert seat.dialog().kind is DialogKind.REVOKE
    seat.press(Action.DIALOG_ACCEPT)  # not to do it comes first
    assert asked(seat, RevokeDevice) == []
    seat.send("/devices").press(Action.DIALOG_DOWN, Action.DIALOG_ACCEPT)
    seat.effects += seat.model.dialog_letter("y", seat.now)
    seat.settle()
    assert [request.public_key for request in asked(seat, RevokeDevice)] == [bytes(32)]  # type: ignore[attr-defined]
    assert seat.toast() == "that device can log in no more"
    assert seat.dialog().kind is DialogKind.DEVICES
    assert len(asked(seat, ListDevices)) == 3


def test_taking_away_the_device_in_use_is_an_alarm() -> None:
    seat = Seat(TinyServer("lobby")).send("/devices").press(Action.DIALOG_ACCEPT)
    dialog = seat.dialog()
    assert dialog.is_alarm
    assert any("the device you are using now" in plain(line) for line in dialog.text)


def test_devices_that_cannot_be_listed_are_a_note_in_the_dialog() -> None:
    seat = Seat(TinyServer("lobby")).drop().send("/devices")
    assert seat.dialog().note == "not connected"


def test_a_device_that_cannot_be_taken_away_is_said_with_the_command_for_devices() -> None:
    seat = Seat(TinyServer("lobby")).send("/devices").drop()
    seat.press(Action.DIALOG_ACCEPT)
    seat.effects += seat.model.dialog_letter("y", seat.now)
    seat.settle()
    assert seat.toast() == "/devices: not connected"
