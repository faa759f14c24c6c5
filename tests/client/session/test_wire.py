import pytest

from chatroom.client.session.wire import DEAD_S, LOGIN_S, SILENCE_S, Wire
from chatroom.protocol import limits
from chatroom.protocol.codec import decode_from_client, encode
from chatroom.protocol.errors import ProtocolError
from chatroom.protocol.frames import FrameDecoder, encode_frame
from chatroom.protocol.packets import Done, Leave, Packet, Ping, Pong


def opened() -> Wire:
    wire = Wire()
    wire.open(0.0)
    wire.greeted()
    wire.logged_in()
    return wire


def sent(wire: Wire) -> list[Packet | None]:
    decoder = FrameDecoder(limits.FRAME_BYTES)
    return [decode_from_client(number, payload) for number, payload in decoder.feed(wire.take())]


def test_packets_arrive_however_the_bytes_were_split() -> None:
    data = encode(Done(1)) + encode(Done(2))
    wire = opened()
    found = [packet for byte in data for packet in wire.receive(bytes([byte]), 1.0)]
    assert found == [Done(1), Done(2)]


def test_a_ping_is_answered_and_not_passed_on() -> None:
    wire = opened()
    assert list(wire.receive(encode(Ping(77)) + encode(Pong(5)), 1.0)) == []
    assert sent(wire) == [Pong(77)]


def test_packets_this_program_does_not_know_are_passed_over() -> None:
    wire = opened()
    assert list(wire.receive(encode_frame(0x9999, b"\xc0") + encode(Done(1)), 1.0)) == [Done(1)]


def test_frames_are_short_until_the_server_has_greeted() -> None:
    wire = Wire()
    wire.open(0.0)
    frame = encode_frame(0x9999, bytes(limits.LOGIN_FRAME_BYTES + 1))
    with pytest.raises(ProtocolError):
        list(wire.receive(frame, 0.0))
    wire.open(0.0)
    wire.greeted()
    assert list(wire.receive(frame, 0.0)) == []


def test_a_request_is_remembered_until_it_is_answered() -> None:
    wire = opened()
    wire.ask(Leave(wire.next_id(), 3))
    assert sent(wire) == [Leave(1, 3)]
    assert wire.answered(1) == Leave(1, 3)
    assert wire.answered(1) is None


def test_request_numbers_start_again_after_the_last_and_skip_those_in_use() -> None:
    wire = opened()
    wire.ask(Leave(wire.next_id(), 3))
    wire._number = limits.ID_MAX
    assert wire.next_id() == 2


def test_nothing_of_a_former_connection_is_left() -> None:
    wire = opened()
    list(wire.receive(encode(Done(1))[:5], 0.0))
    wire.ask(Leave(wire.next_id(), 3))
    wire.close()
    assert wire.take() == b""
    assert wire.asked == {}
    wire.open(9.0)
    assert list(wire.receive(encode(Done(2)), 9.0)) == [Done(2)]


def test_a_silent_server_is_asked_once_and_given_up_later() -> None:
    wire = opened()
    assert wire.next_tick() == SILENCE_S
    assert wire.tick(SILENCE_S - 0.1) is None
    assert sent(wire) == []
    assert wire.tick(SILENCE_S) is None
    assert [type(packet) for packet in sent(wire)] == [Ping]
    assert wire.tick(SILENCE_S + 1) is None
    assert sent(wire) == []
    assert wire.next_tick() == DEAD_S
    assert wire.tick(DEAD_S - 0.1) is None
    assert wire.tick(DEAD_S) == "the server no longer answers"


def test_any_byte_is_a_sign_of_life() -> None:
    wire = opened()
    wire.tick(SILENCE_S)
    list(wire.receive(b"\0", 30.0))
    assert wire.tick(30.0 + SILENCE_S - 0.1) is None
    assert wire.next_tick() == 30.0 + SILENCE_S
    assert wire.tick(30.0 + DEAD_S) == "the server no longer answers"


def test_a_login_has_a_deadline_that_bytes_do_not_move() -> None:
    wire = Wire()
    wire.open(0.0)
    list(wire.receive(b"\0", LOGIN_S - 1))
    assert wire.next_tick() == LOGIN_S
    assert wire.tick(LOGIN_S - 0.1) is None
    assert wire.tick(LOGIN_S) == "the server does not answer"


def test_without_a_connection_there_is_nothing_to_wait_for() -> None:
    wire = Wire()
    assert wire.next_tick() == float("inf")
    assert wire.tick(1e9) is None
