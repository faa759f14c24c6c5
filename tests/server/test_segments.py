"""Requests that arrive together, with real sockets: however TCP splits them, they are answered alike."""

import time

import pytest

from chatroom.protocol.codec import encode
from chatroom.protocol.entries import RoomKind
from chatroom.protocol.packets import (
    Cursor,
    Done,
    Follow,
    Following,
    Invite,
    Join,
    Leave,
    ListMembers,
    ListRooms,
    Opened,
    Packet,
    Ping,
    Pong,
    Post,
    Refused,
    RoomGone,
    RoomList,
    ServerPacket,
    SetTopic,
    Stored,
    Welcome,
)
from chatroom.server.hub.hub import Hub
from chatroom.server.hub.ports import Outcome
from chatroom.server.store.memory import MemoryLog
from support.raw_client import RawClient, raw_client
from support.service_thread import running_service

LOBBY, OWN = 1, 2
NONCE = bytes(16)
Said = tuple[str, object, object]
ANSWERS = Done | Following | Opened | Refused | RoomGone | RoomList | Stored
OUT = [Leave(1, LOBBY)]
"""Said before, where somebody is to be no member of the lobby."""

TOGETHER: list[tuple[list[Packet], list[Packet]]] = [
    (OUT, [Join(10, "lobby"), Post(11, LOBBY, NONCE, "hello")]),
    (OUT, [Join(10, "lobby"), Leave(11, LOBBY)]),
    (OUT, [Join(10, "lobby"), Follow(11, [Cursor(LOBBY, 0)])]),
    (OUT, [Join(10, "lobby"), ListMembers(11, LOBBY), Leave(12, LOBBY), ListMembers(13, LOBBY)]),
    ([], [Join(10, "den", create=True, kind=RoomKind.PRIVATE), Leave(11, OWN)]),
    ([], [Join(10, "den", create=True), Post(11, OWN, NONCE, "hello"), Leave(12, OWN), Join(13, "den")]),
    ([], [Join(10, "den", create=True, kind=RoomKind.PRIVATE), Invite(11, OWN, "ana"), Leave(12, OWN)]),
    ([], [Leave(10, LOBBY), Follow(11, [Cursor(LOBBY, 0)])]),
    ([], [Leave(10, LOBBY), Join(11, "lobby"), Post(12, LOBBY, NONCE, "hello")]),
    ([], [Leave(10, LOBBY), Post(11, LOBBY, NONCE, "hello")]),
    ([], [Post(10, LOBBY, NONCE, "hello"), Leave(11, LOBBY), Post(12, LOBBY, bytes(15) + b"1", "ghost")]),
    ([], [SetTopic(10, LOBBY, "tea"), ListRooms(11)]),
]


def said(packet: ServerPacket) -> Said:
    """What an answer says, without what differs from one server to the next."""
    about = getattr(packet, "rooms", None) or getattr(packet, "info", None) or getattr(packet, "code", None)
    return type(packet).__name__, getattr(packet, "id", None), about


def answers(before: list[Packet], packets: list[Packet], *, at_once: bool) -> list[Said]:
    with running_service() as host, raw_client(host.port) as ana:
        ana.enter("ana", follow=False)
        for packet in before:
            ana.send(packet)
            pause(ana)
        start = len(ana.received)
        if at_once:
            ana.socket.sendall(b"".join(map(encode, packets)))
        else:
            for packet in packets:
                ana.send(packet)
                pause(ana)
        pause(ana)
        return [said(packet) for packet in ana.received[start:] if isinstance(packet, ANSWERS)]


def pause(client: RawClient) -> None:
    """Wait until all that was sent has been carried out."""
    for token in (1, 2):  # what was asked before the first may be decided in its pass, but not later
        client.send(Ping(token))
        client.wait_for(lambda packet: isinstance(packet, Pong))


@pytest.mark.parametrize(("before", "packets"), TOGETHER)
def test_requests_of_one_segment_are_answered_as_those_of_many(
    before: list[Packet], packets: list[Packet]
) -> None:
    apart = answers(before, packets, at_once=False)
    assert answers(before, packets, at_once=True) == apart


def test_what_arrives_with_the_login_is_taken_after_it() -> None:
    with running_service() as host, raw_client(host.port) as ana:
        login = ana.login_packet("ana")
        ana.socket.sendall(encode(login) + encode(Follow(8, [Cursor(LOBBY, 0)])) + encode(Leave(9, LOBBY)))
        assert isinstance(ana.wait_for(Welcome), Welcome)
        assert isinstance(ana.wait_for(Following), Following)
        assert isinstance(ana.wait_for(Done), Done)


def test_who_said_all_and_ended_is_still_answered() -> None:
    with running_service() as host, raw_client(host.port) as ana:
        ana.enter("ana", follow=False)
        ana.socket.sendall(encode(Leave(8, LOBBY)) + encode(Join(9, "lobby")) + encode(Leave(10, LOBBY)))
        ana.end_output()
        ana.wait_for(lambda packet: isinstance(packet, Done) and packet.id == 10)


class LateLog(MemoryLog):
    """Decides when it is told to, as a log that other machines share does."""

    def __init__(self) -> None:
        super().__init__()
        self.is_late = False

    def outcomes(self) -> list[Outcome]:
        return [] if self.is_late else super().outcomes()


def test_nothing_is_heard_and_nothing_done_while_the_log_has_not_decided() -> None:
    log = LateLog()
    passes = 0

    class CountingHub(Hub):
        def __init__(self, settings: object, _log: object, verify: object) -> None:
            super().__init__(settings, log, verify)  # type: ignore[arg-type]

        def write(self) -> None:
            nonlocal passes
            passes += 1
            super().write()

    def decide() -> None:
        log.is_late = False

    with running_service(CountingHub) as host, raw_client(host.port) as ana:
        ana.enter("ana", follow=False)
        host.call(lambda: setattr(log, "is_late", True))
        ana.socket.sendall(encode(Leave(8, LOBBY)) + encode(Ping(5)))
        time.sleep(0.1)
        ana.socket.sendall(encode(Ping(6)))
        host.call(lambda: None)  # that was heard, if anything is
        counted, began = passes, time.monotonic()
        time.sleep(0.3)
        assert passes - counted <= 5 + 2 * (time.monotonic() - began)
        host.call(decide)
        kinds = [type(ana.wait_for(lambda packet: isinstance(packet, Done | Pong))) for _ in range(3)]
        assert kinds == [Done, Pong, Pong]
