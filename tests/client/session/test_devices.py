import pytest

from chatroom.client.session.events import Devices, LinkMade, RequestRefused
from chatroom.protocol.codec import encode
from chatroom.protocol.errors import ErrorCode
from chatroom.protocol.packets import DeviceList, LinkCode
from support.session_world import Desk
from support.tiny_server import TinyServer


@pytest.mark.parametrize("code", ["", "two words", "00000-00000-00000-0000\x1b", "0" * 21])
def test_what_is_no_code_is_not_shown_as_one(code: str) -> None:
    server = TinyServer()
    server.link_code = code
    desk = Desk(server).online()
    desk.session.ask.create_link()
    desk.settle()
    assert desk.got(LinkMade) == []
    assert [(event.request, event.code) for event in desk.got(RequestRefused)] == [
        ("link", ErrorCode.INTERNAL)
    ]


def test_a_code_is_shown_in_its_groups_however_the_server_writes_it() -> None:
    server = TinyServer()
    server.link_code = "ABCDEFGHJKMNPQRSTVWX"
    desk = Desk(server).online()
    desk.session.ask.create_link()
    desk.settle()
    assert desk.got(LinkMade) == [LinkMade("abcde-fghjk-mnpqr-stvwx", 600)]


def test_answers_nobody_asked_for_make_no_events() -> None:
    desk = Desk(TinyServer()).online()
    for packet in (LinkCode(7, "0" * 20, 600), DeviceList(8, [])):
        desk.session.receive(encode(packet), desk.now, 0)
    assert desk.settle().got(LinkMade) == []
    assert desk.got(Devices) == []
    assert desk.session.must_close is None
