import socket
import struct
import sys
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatroom.net.loop import Loop
from chatroom.net.stream import PlainStream, Stream, StreamClosed, reason_of
from support.patience import PATIENCE_S, wait_until

Pair = tuple[socket.socket, socket.socket]
MakePair = Callable[..., Pair]
RunUntil = Callable[[Callable[[], object]], None]

SMALL = 4096


def _stall(stream: PlainStream, data: bytes = b"x" * 65536) -> int:
    """Send to a peer that does not read until something stays behind; how much was given."""
    given_bytes = 0
    while True:
        given_bytes += len(data)
        if not stream.send(data):
            return given_bytes


def _take(sock: socket.socket, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        piece = sock.recv(65536)
        assert piece, "the stream ended early"
        got += piece
    return bytes(got)


def _drain(stream: Stream, sock: socket.socket, count: int) -> bytes:
    """Flush while reading at the other end until so many bytes have come."""
    got = bytearray()
    deadline = time.monotonic() + PATIENCE_S
    sock.setblocking(False)
    while len(got) < count:
        assert time.monotonic() < deadline, f"{len(got)} of {count} bytes came"
        stream.flush()
        try:
            got += sock.recv(65536)
        except BlockingIOError:
            continue
    return bytes(got)


def test_what_is_sent_arrives_and_nothing_is_pending(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair()
    stream = PlainStream(ours)
    assert stream.send(b"hello ") is True
    assert stream.send(memoryview(b"there")) is True
    assert stream.pending_bytes == 0
    assert _take(theirs, 11) == b"hello there"


def test_a_socket_becomes_non_blocking_and_undelayed(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair()
    stream = PlainStream(ours)
    assert ours.getblocking() is False
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    host, port = theirs.getsockname()
    assert stream.peer_address == f"{host}:{port}"
    assert stream.fileno() == ours.fileno()


def test_a_read_with_nothing_there_is_empty_and_an_end_is_a_clean_close(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair()
    stream = PlainStream(ours)
    assert stream.read() == b""
    theirs.sendall(b"last words")
    theirs.close()
    assert stream.read() == b"last words"
    for _ in range(2):
        with pytest.raises(StreamClosed, match="closed by the other end") as caught:
            stream.read()
        assert caught.value.clean


def test_a_read_that_fills_its_budget_says_that_more_may_be_left(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair()
    stream = PlainStream(ours)
    theirs.sendall(b"a" * 1000)
    assert stream.read(600) == b"a" * 600
    assert stream.more_to_read
    assert stream.read(600) == b"a" * 400
    assert not stream.more_to_read
    theirs.sendall(b"b" * 600)
    assert stream.read(600) == b"b" * 600
    assert stream.more_to_read
    assert stream.read(600) == b""
    assert not stream.more_to_read


def test_a_reset_is_an_unclean_close(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair()
    stream = PlainStream(ours)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    with pytest.raises(StreamClosed, match="reset by the other end") as caught:
        stream.read()
    assert not caught.value.clean


def test_after_a_failed_send_nothing_is_sent_any_more(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair()
    stream = PlainStream(ours)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    reasons = set()
    for _ in range(3):
        with pytest.raises(StreamClosed) as caught:
            stream.send(b"x")
        reasons.add(caught.value.reason)
    assert len(reasons) == 1
    assert stream.pending_bytes == 0
    assert stream.flush() is True


def test_a_failed_flush_drops_the_backlog_and_ends_sending(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair(SMALL)
    stream = PlainStream(ours)
    _stall(stream)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    with pytest.raises(StreamClosed):
        stream.flush()
    assert stream.pending_bytes == 0
    with pytest.raises(StreamClosed):
        stream.send(b"x")


def test_a_stalled_peer_gets_every_byte_in_order_once_it_reads(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair(SMALL)
    stream = PlainStream(ours)
    sent = bytearray()
    for number in range(200):
        data = struct.pack(">I", number) * 256
        sent += data
        stream.send(data)
    assert stream.pending_bytes > 0
    assert stream.send(b"the end") is False
    sent += b"the end"
    assert _drain(stream, theirs, len(sent)) == bytes(sent)
    assert stream.pending_bytes == 0
    assert stream.flush() is True


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says what was taken")
def test_the_kernel_says_whether_bytes_wait_and_how_many_were_taken(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair(SMALL)
    stream = PlainStream(ours)
    before = stream.look()
    assert before is not None
    assert not before.waits
    given_bytes = _stall(stream)
    stalled = stream.look()
    assert stalled is not None
    assert stalled.waits
    _drain(stream, theirs, given_bytes)
    wait_until(lambda: stream.look() == (False, before.taken_bytes + given_bytes))


def test_of_a_socket_that_is_not_tcp_nothing_is_said() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        stream = PlainStream(ours)
        assert stream.look() is None
        stream.close()
        assert stream.look() is None


def test_what_waits_is_the_senders_own_buffer_and_no_copy(tcp_pair: MakePair) -> None:
    shared = bytes(64 * 1024)
    streams = [PlainStream(tcp_pair(SMALL)[0], pending_limit_bytes=10**7) for _ in range(4)]
    for stream in streams:
        _stall(stream, shared)
        assert stream.send(shared) is False
        assert all(view.obj is shared for view in stream._queue)


def test_more_than_the_limit_behind_a_backlog_closes_the_stream(tcp_pair: MakePair) -> None:
    stream = PlainStream(tcp_pair(SMALL)[0], pending_limit_bytes=200_000)
    _stall(stream)
    while stream.pending_bytes + 50_000 <= 200_000:
        assert stream.send(b"y" * 50_000) is False
    with pytest.raises(StreamClosed, match="200000 bytes wait") as caught:
        stream.send(b"y" * 50_000)
    assert not caught.value.clean
    assert stream.pending_bytes == 0
    with pytest.raises(StreamClosed):
        stream.send(b"z")


def test_one_buffer_above_the_limit_is_taken_when_nothing_waits(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair(SMALL)
    stream = PlainStream(ours, pending_limit_bytes=1000)
    big = bytes(range(256)) * 4000
    assert stream.send(big) is False
    assert _drain(stream, theirs, len(big)) == big


def test_an_empty_send_changes_nothing(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair(SMALL)
    stream = PlainStream(ours)
    assert stream.send(b"") is True
    total = _stall(stream)
    pending_bytes = stream.pending_bytes
    assert stream.send(b"") is False
    assert stream.pending_bytes == pending_bytes
    assert len(_drain(stream, theirs, total)) == total


def test_a_half_close_by_the_peer_leaves_our_direction_open(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair()
    stream = PlainStream(ours)
    theirs.sendall(b"request")
    theirs.shutdown(socket.SHUT_WR)
    assert stream.read() == b"request"
    with pytest.raises(StreamClosed):
        stream.read()
    assert stream.send(b"reply") is True
    assert _take(theirs, 5) == b"reply"


def test_the_end_is_signalled_after_what_is_pending_and_reading_goes_on(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair(SMALL)
    stream = PlainStream(ours)
    total = _stall(stream)
    stream.shutdown_write()
    with pytest.raises(StreamClosed):
        stream.send(b"too late")
    assert len(_drain(stream, theirs, total)) == total
    stream.flush()
    theirs.settimeout(5)
    assert theirs.recv(1) == b""
    theirs.sendall(b"answer")
    assert stream.read() == b"answer"


def test_the_end_is_signalled_at_once_when_nothing_is_pending(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair()
    stream = PlainStream(ours)
    stream.shutdown_write()
    stream.shutdown_write()
    assert theirs.recv(1) == b""


def test_a_closed_stream_says_so_and_may_be_closed_again(tcp_pair: MakePair) -> None:
    stream = PlainStream(tcp_pair()[0])
    stream.close()
    stream.close()
    assert stream.fileno() == -1
    with pytest.raises(StreamClosed, match="closed at this end"):
        stream.send(b"x")
    with pytest.raises(StreamClosed, match="closed at this end"):
        stream.read()


def test_a_stream_may_lie_over_a_socket_pair() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        stream = PlainStream(ours)
        assert stream.peer_address == "local"
        stream.send(b"x")
        assert theirs.recv(1) == b"x"
        stream.close()


def test_a_system_without_sendmsg_flushes_one_buffer_after_the_other(tcp_pair: MakePair) -> None:
    ours, theirs = tcp_pair(SMALL)

    class Plainer:
        """A socket of an operating system that has no sendmsg."""

        def __init__(self) -> None:
            for name in (
                "setblocking",
                "setsockopt",
                "getpeername",
                "recv",
                "send",
                "fileno",
                "shutdown",
                "close",
            ):
                setattr(self, name, getattr(ours, name))

    stream = PlainStream(Plainer())
    sent = [bytes([number]) * 20_000 for number in range(20)]
    for data in sent:
        stream.send(data)
    assert _drain(stream, theirs, 400_000) == b"".join(sent)


def test_every_failure_has_a_reason_of_one_line() -> None:
    for error in (
        ConnectionResetError(),
        TimeoutError(),
        OSError(),
        OSError(28, "No space left on device"),
        OSError("odd"),
    ):
        reason = reason_of(error)
        assert reason
        assert "\n" not in reason


def test_a_loop_carries_a_stalled_stream_to_its_end(
    loop: Loop, run_until: RunUntil, tcp_pair: MakePair
) -> None:
    ours, theirs = tcp_pair(SMALL)
    stream, reader = PlainStream(ours, pending_limit_bytes=10**7), PlainStream(theirs)
    got = bytearray()
    loop.watch(stream, None, lambda: loop.want_write(stream, not stream.flush()))
    loop.watch(reader, lambda: got.extend(reader.read()))
    data = bytes(range(256)) * 16
    for _ in range(500):
        loop.want_write(stream, not stream.send(data))
    run_until(lambda: len(got) == 500 * len(data))
    assert got == data * 500
    loop.unwatch(stream)
    loop.unwatch(reader)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=20), st.integers(1, 60_000).map(lambda size: bytes([size % 251]) * size)
        ),
        max_size=30,
    ),
    st.lists(st.integers(1, 50_000), min_size=1, max_size=30),
)
def test_any_mix_of_sends_flushes_and_reads_keeps_every_byte_in_order(
    tcp_pair: MakePair, sends: list[bytes], reads: list[int]
) -> None:
    ours, theirs = tcp_pair(SMALL)
    writer, reader = PlainStream(ours, pending_limit_bytes=10**8), PlainStream(theirs)
    got = bytearray()
    for index, data in enumerate(sends):
        all_sent = writer.send(data)
        assert all_sent is (writer.pending_bytes == 0)
        if index % 3 == 0:
            assert writer.flush() is (writer.pending_bytes == 0)
            got += reader.read(reads[index % len(reads)])
    deadline = time.monotonic() + PATIENCE_S
    total = sum(map(len, sends))
    while len(got) < total:
        assert time.monotonic() < deadline
        writer.flush()
        got += reader.read(reads[len(got) % len(reads)])
    assert got == b"".join(sends)
    assert writer.pending_bytes == 0
    writer.close()
    reader.close()


def test_what_push_left_over_is_kept_and_flushed_in_order() -> None:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    stream = PlainStream(ours)
    data = bytes(range(256)) * 2000
    sent = stream.push(data)
    assert 0 < sent < len(data)
    stream.keep(data, sent)
    assert stream.pending_bytes == len(data) - sent
    received = bytearray()
    while not stream.flush():
        received += theirs.recv(65_536)
    while len(received) < len(data):
        received += theirs.recv(65_536)
    assert bytes(received) == data
    stream.close()
    theirs.close()
