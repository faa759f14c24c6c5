import socket
import ssl
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatroom.net.keys import ServerKey
from chatroom.net.loop import Loop
from chatroom.net.stream import StreamClosed
from chatroom.net.tls import (
    AHEAD_BYTES,
    ALPN,
    KEPT,
    PIECE_BYTES,
    RECORD_BYTES,
    TlsStream,
    client_context,
    peer_pin,
    peer_spki_hash,
)
from support.patience import PATIENCE_S, wait_until

Pair = tuple[socket.socket, socket.socket]
MakePair = Callable[..., Pair]
MakeTls = Callable[..., tuple[TlsStream, TlsStream]]
RunUntil = Callable[[Callable[[], object]], None]

SMALL = 4096


def _read(stream: TlsStream, count: int) -> bytes:
    got = bytearray()

    def enough() -> bool:
        got.extend(stream.read())
        return len(got) >= count

    wait_until(enough)
    return bytes(got)


def _pump(writer: TlsStream, reader: TlsStream, count: int) -> bytes:
    got = bytearray()

    def enough() -> bool:
        writer.flush()
        got.extend(reader.read())
        return len(got) >= count

    wait_until(enough)
    return bytes(got)


def _stall(stream: TlsStream, data: bytes = b"x" * 65536) -> int:
    given_bytes = len(data)
    while stream.send(data):
        given_bytes += len(data)
    return given_bytes


def _closing_reason(stream: TlsStream) -> StreamClosed:
    """Read until the stream ends; how it ended."""
    closed: list[StreamClosed] = []

    def ended() -> bool:
        try:
            stream.read()
        except StreamClosed as end:
            closed.append(end)
        return bool(closed)

    wait_until(ended)
    return closed[0]


def _raw(stream: TlsStream) -> socket.socket:
    return stream._raw._sock


def test_bytes_pass_both_ways_under_tls_1_3_with_our_alpn(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    assert server.send(b"to the client") is True
    assert _read(client, 13) == b"to the client"
    assert client.send(memoryview(b"to the server")) is True
    assert _read(server, 13) == b"to the server"
    assert server._tls.version() == "TLSv1.3"
    assert server._tls.selected_alpn_protocol() == ALPN


def test_the_client_sees_the_pin_that_the_server_prints(tls_pair: MakeTls, server_key: ServerKey) -> None:
    _, client = tls_pair()
    assert peer_pin(client) == server_key.pin
    assert peer_spki_hash(client) == server_key.spki_hash


def test_who_shows_no_certificate_has_no_pin(tls_pair: MakeTls) -> None:
    server, _ = tls_pair()
    with pytest.raises(StreamClosed, match="no certificate"):
        peer_pin(server)


def test_no_session_ticket_makes_a_client_readable(tls_pair: MakeTls) -> None:
    _, client = tls_pair()
    _raw(client).settimeout(0.05)
    with pytest.raises(TimeoutError):
        _raw(client).recv(1)


def test_one_read_gives_all_records_that_have_arrived(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    for number in range(30):
        server.send(bytes([number]) * 10)
    everything = b"".join(bytes([number]) * 10 for number in range(30))
    wait_until(lambda: len(_raw(client).recv(4096, socket.MSG_PEEK)) == 30 * (10 + 22))
    assert client.read() == everything
    assert not client.more_to_read
    assert client.read() == b""


def test_a_record_cut_by_the_network_is_read_when_its_rest_comes(
    tcp_pair: MakePair, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    (ours, relay_a), (relay_b, theirs) = tcp_pair(), tcp_pair()
    server = TlsStream(ours, server_tls, server_side=True)
    client = TlsStream(theirs, client_tls, server_side=False)
    relay_a.setblocking(False)
    relay_b.setblocking(False)

    def carry(source: socket.socket, target: socket.socket) -> None:
        """One byte a call: every record is cut everywhere."""
        try:
            target.send(source.recv(1))
        except BlockingIOError:
            return

    done = [False, False]
    deadline = time.monotonic() + PATIENCE_S
    while not all(done):
        assert time.monotonic() < deadline
        done = [server.handshake(), client.handshake()]
        carry(relay_a, relay_b)
        carry(relay_b, relay_a)
    server.send(b"first")
    server.send(b"second")
    got = []

    def both() -> bool:
        carry(relay_a, relay_b)
        got.append(client.read())
        return b"".join(got) == b"firstsecond"

    wait_until(both)
    assert [piece for piece in got if piece] == [b"first", b"second"]


def test_a_read_budget_bounds_what_one_read_gives(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    data = bytes(range(256)) * 400
    server.send(data)
    wait_until(lambda: not server.pending_bytes and len(_raw(client).recv(65536, socket.MSG_PEEK)) > 60_000)
    got = bytearray()
    reads = 0
    while len(got) < len(data):
        piece = client.read(8192)
        assert len(piece) <= 8192 + RECORD_BYTES
        got += piece
        reads += 1
    assert got == data
    assert reads > 8


def test_more_to_read_is_said_when_the_budget_ended_the_read(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    server.send(b"a" * 10_000)
    wait_until(lambda: len(_raw(client).recv(65536, socket.MSG_PEEK)) > 10_000)
    client.read(1000)
    assert client.more_to_read


def test_what_comes_along_with_the_handshake_is_not_overlooked(
    tcp_pair: MakePair, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    ours, theirs = tcp_pair()
    server = TlsStream(ours, server_tls, server_side=True)
    client = TlsStream(theirs, client_tls, server_side=False)
    client.handshake()
    wait_until(lambda: not server.handshake() and not _nothing_there(theirs))
    wait_until(client.handshake)
    client.send(b"early words")  # in the kernel beside the end of the handshake
    wait_until(lambda: len(ours.recv(4096, socket.MSG_PEEK)) > 60)
    assert server.handshake() is True
    assert server.more_to_read
    assert server.read() == b"early words"
    assert not server.more_to_read


def _nothing_there(sock: socket.socket) -> bool:
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True


def test_nothing_may_be_sent_before_the_handshake(tcp_pair: MakePair, server_tls: ssl.SSLContext) -> None:
    stream = TlsStream(tcp_pair()[0], server_tls, server_side=True)
    with pytest.raises(AssertionError):
        stream.send(b"too early")


def test_a_handshake_with_a_silent_peer_waits_for_the_deadline_of_its_owner(
    loop: Loop, run_until: RunUntil, tcp_pair: MakePair, server_tls: ssl.SSLContext
) -> None:
    ours, theirs = tcp_pair()
    stream = TlsStream(ours, server_tls, server_side=True)
    over: list[str] = []

    def give_up() -> None:
        loop.unwatch(stream)
        stream.close()
        over.append("deadline")

    loop.watch(stream, lambda: over.append("done") if stream.handshake() else None)
    loop.call_later(0.05, give_up)
    run_until(lambda: over)
    assert over == ["deadline"]
    assert theirs.recv(1) == b""


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\0" * 100_000,
        b"\xff" * 64,
        b"\x16\x03\x01\xff\xff" + b"A" * 70_000,
    ],
    ids=["http", "ssh", "zeros", "ones", "overlong-record"],
)
def test_plain_text_on_the_tls_port_ends_the_handshake(
    opening: bytes, tcp_pair: MakePair, server_tls: ssl.SSLContext
) -> None:
    ours, theirs = tcp_pair()
    stream = TlsStream(ours, server_tls, server_side=True)
    theirs.sendall(opening)
    closed: list[StreamClosed] = []

    def ended() -> bool:
        try:
            assert not stream.handshake()
        except StreamClosed as end:
            closed.append(end)
        return bool(closed)

    wait_until(ended)
    assert not closed[0].clean
    assert "TLS" in closed[0].reason
    with pytest.raises(StreamClosed):
        stream.send(b"x")
    with pytest.raises(StreamClosed):
        stream.read()


def test_a_plain_server_is_recognised_by_the_tls_client(
    tcp_pair: MakePair, client_tls: ssl.SSLContext
) -> None:
    ours, theirs = tcp_pair()
    stream = TlsStream(ours, client_tls, server_side=False)
    assert stream.handshake() is False
    theirs.sendall(b"\0\0\0\x20\x01\0\0\0 hello, this is no TLS")
    wait_until(lambda: not _nothing_there(ours))
    with pytest.raises(StreamClosed, match="does not speak TLS"):
        stream.handshake()


def test_a_scanner_that_hangs_up_ends_the_handshake_cleanly(
    tcp_pair: MakePair, server_tls: ssl.SSLContext
) -> None:
    ours, theirs = tcp_pair()
    stream = TlsStream(ours, server_tls, server_side=True)
    theirs.close()
    with pytest.raises(StreamClosed, match="during the TLS handshake") as caught:
        stream.handshake()
    assert caught.value.clean


def test_an_older_tls_is_refused_by_both_ends(tcp_pair: MakePair, server_tls: ssl.SSLContext) -> None:
    ours, theirs = tcp_pair()
    server = TlsStream(ours, server_tls, server_side=True)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    client = TlsStream(theirs, old, server_side=False)
    client.handshake()
    wait_until(lambda: not _nothing_there(ours))
    with pytest.raises(StreamClosed, match=r"TLS 1\.3"):
        server.handshake()
    wait_until(lambda: not _nothing_there(theirs))
    with pytest.raises(StreamClosed, match=r"TLS 1\.3"):
        client.handshake()


def test_a_certificate_no_authority_vouches_for_is_refused_when_that_was_asked(
    tcp_pair: MakePair, server_tls: ssl.SSLContext
) -> None:
    ours, theirs = tcp_pair()
    server = TlsStream(ours, server_tls, server_side=True)
    client = TlsStream(theirs, client_context(verify_ca=True), server_side=False, server_name="localhost")
    client.handshake()
    wait_until(lambda: not server.handshake() and not _nothing_there(theirs))
    with pytest.raises(StreamClosed, match="certificate is refused"):
        client.handshake()
    wait_until(lambda: not _nothing_there(ours))
    with pytest.raises(StreamClosed):
        server.handshake()


def test_an_end_without_close_notify_is_an_end(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    server.send(b"last words")
    server.close()
    assert _read(client, 10) == b"last words"
    closed = _closing_reason(client)
    assert closed.clean
    assert closed.reason == "closed by the other end"


def test_a_close_notify_is_an_end_though_the_socket_stays_open(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    server.send(b"last words")
    with pytest.raises(ssl.SSLWantReadError):
        server._tls.unwrap()
    server._send_outgoing()
    wait_until(lambda: len(_raw(client).recv(4096, socket.MSG_PEEK)) > 40)
    assert client.read() == b"last words"
    assert client.more_to_read, "the end was read with the last record: the selector stays silent"
    with pytest.raises(StreamClosed) as caught:
        client.read()
    assert caught.value.clean


def test_a_half_close_leaves_the_other_direction_open(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    client.send(b"request")
    client.shutdown_write()
    client.shutdown_write()
    with pytest.raises(StreamClosed):
        client.send(b"too late")
    assert _read(server, 7) == b"request"
    assert _closing_reason(server).clean
    assert server.send(b"reply") is True
    assert server.send(b"r" * 100_000) in (True, False)
    assert _pump(server, client, 100_005) == b"reply" + b"r" * 100_000


def test_the_end_is_signalled_after_what_is_pending(tls_pair: MakeTls) -> None:
    server, client = tls_pair(SMALL)
    total = _stall(server)
    for size in (100, 100_000):
        assert server.send(b"x" * size) is False
        total += size
    server.shutdown_write()
    assert _pump(server, client, total) == b"x" * total
    wait_until(server.flush)
    assert _closing_reason(client).clean


def test_a_reset_is_an_unclean_close(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    _raw(client).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    closed = _closing_reason(server)
    assert not closed.clean
    assert "reset" in closed.reason
    with pytest.raises(StreamClosed):
        server.send(b"x")


def test_a_forged_record_ends_the_stream_after_what_came_before(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    client.send(b"honest")
    _raw(client).send(b"\x17\x03\x03\x00\x20" + b"F" * 32)
    wait_until(lambda: len(_raw(server).recv(4096, socket.MSG_PEEK)) == 28 + 37)
    assert server.read() == b"honest"
    assert server.more_to_read
    with pytest.raises(StreamClosed, match="TLS failed") as caught:
        server.read()
    assert not caught.value.clean
    with pytest.raises(StreamClosed):
        server.send(b"x")
    assert "alert" in _closing_reason(client).reason


@pytest.mark.parametrize(
    "size", [1, PIECE_BYTES, PIECE_BYTES + 1, RECORD_BYTES + 1, AHEAD_BYTES, AHEAD_BYTES + 1, 1_000_000]
)
def test_sends_of_all_sizes_arrive_whole(size: int, tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    server.send(data)
    server.send(b"|after")
    assert _pump(server, client, size + 6) == data + b"|after"
    assert server.pending_bytes == 0


def test_an_empty_send_is_no_record(tls_pair: MakeTls) -> None:
    server, client = tls_pair()
    assert server.send(b"") is True
    server.send(b"x")
    assert _read(client, 1) == b"x"


def test_streams_that_share_a_bio_never_mix(tls_pair: MakeTls) -> None:
    pairs = [tls_pair(SMALL), tls_pair(), tls_pair()]
    parts = [bytes([number]) * size for number, size in enumerate((300_000, 20_000, 10))]
    for _ in range(2):
        for (server, _), part in zip(pairs, parts, strict=True):
            server.send(part)
    pairs[2][0].shutdown_write()
    forger = _raw(pairs[1][1])
    forger.send(b"\x17\x03\x03\x00\x20" + b"F" * 32)
    assert "TLS failed" in _closing_reason(pairs[1][0]).reason
    assert pairs[0][0].flush() is False
    for (server, client), part in zip(pairs, parts, strict=True):
        assert _pump(server, client, 2 * len(part)) == 2 * part


def test_what_a_stream_that_failed_has_left_in_a_shared_bio_gets_into_no_other(tls_pair: MakeTls) -> None:
    def no_memory() -> bytes:
        raise MemoryError

    (failing, _), (server, client) = tls_pair(), tls_pair()
    failing._take_records = no_memory
    assert failing.push(b"lost") == KEPT
    with pytest.raises(StreamClosed, match="memory"):
        failing.send(b"more")
    assert server.send(b"whole")
    assert _read(client, 5) == b"whole"


def test_a_handshake_for_which_memory_is_lacking_leaves_nothing_in_a_shared_bio(
    tcp_pair: MakePair,
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
) -> None:
    shared = ssl.MemoryBIO()
    ours, theirs = tcp_pair()
    server = TlsStream(ours, server_tls, server_side=True, outgoing=shared)
    client = TlsStream(theirs, client_tls, server_side=False, server_name="localhost")
    client.handshake()

    class NoMemory:
        def do_handshake(self) -> None:
            shared.write(b"half a flight")
            raise MemoryError

    server._tls = NoMemory()  # type: ignore[assignment]
    with pytest.raises(StreamClosed, match="memory"):
        wait_until(server.handshake, between=lambda: None)
    assert shared.pending == 0


def test_a_backlog_is_the_senders_own_buffer_but_for_a_few_records(tls_pair: MakeTls) -> None:
    server, _ = tls_pair(SMALL, pending_limit_bytes=10**8)
    shared = bytes(1_000_000)
    _stall(server, shared)
    for _ in range(5):
        assert server.send(shared) is False
    assert server._raw.pending_bytes <= AHEAD_BYTES * 1.01
    assert server.pending_bytes > 5_000_000
    assert all(view.obj is shared for view in server._waiting)


def test_nothing_is_encrypted_for_a_peer_that_takes_nothing(tls_pair: MakeTls) -> None:
    server, _ = tls_pair(SMALL)
    _stall(server, bytes(1000))
    cipher_bytes, shared = server._raw.pending_bytes, bytes(500)
    for _ in range(100):
        assert server.send(shared) is False
    assert server._raw.pending_bytes == cipher_bytes
    assert all(view.obj is shared for view in server._waiting)


def test_more_than_the_limit_behind_a_backlog_closes_the_stream(tls_pair: MakeTls) -> None:
    server, _ = tls_pair(SMALL, pending_limit_bytes=200_000)
    _stall(server)
    with pytest.raises(StreamClosed, match="200000 bytes wait"):
        server.send(b"y" * 200_001)
    with pytest.raises(StreamClosed):
        server.send(b"z")


def test_a_failed_flush_ends_sending(tls_pair: MakeTls) -> None:
    server, client = tls_pair(SMALL)
    _stall(server)
    _raw(client).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    with pytest.raises(StreamClosed):
        server.flush()
    assert server.pending_bytes == 0
    with pytest.raises(StreamClosed):
        server.send(b"x")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=20), st.integers(1, 60_000).map(lambda size: bytes([size % 251]) * size)
        ),
        max_size=25,
    ),
    st.lists(st.integers(1, 50_000), min_size=1, max_size=20),
)
def test_any_mix_of_sends_flushes_and_reads_keeps_every_byte_in_order(
    tls_pair: MakeTls, sends: list[bytes], reads: list[int]
) -> None:
    writer, reader = tls_pair(SMALL, pending_limit_bytes=10**8)
    got = bytearray()
    for index, data in enumerate(sends):
        assert writer.send(data) is (writer.pending_bytes == 0)
        if index % 3 == 0:
            assert writer.flush() is (writer.pending_bytes == 0)
            got += reader.read(reads[index % len(reads)])
    total = sum(map(len, sends))
    deadline = time.monotonic() + PATIENCE_S
    while len(got) < total:
        assert time.monotonic() < deadline
        writer.flush()
        got += reader.read(reads[len(got) % len(reads)])
    assert got == b"".join(sends)
    assert writer.pending_bytes == 0
    writer.close()
    reader.close()


def test_a_loop_carries_a_stalled_stream_to_its_end(
    loop: Loop, run_until: RunUntil, tls_pair: MakeTls
) -> None:
    server, client = tls_pair(SMALL, pending_limit_bytes=10**8)
    got = bytearray()
    loop.watch(server, None, lambda: loop.want_write(server, not server.flush()))
    loop.watch(client, lambda: got.extend(client.read()))
    data = bytes(range(256)) * 16
    for _ in range(300):
        loop.want_write(server, not server.send(data))
    run_until(lambda: len(got) == 300 * len(data))
    assert got == data * 300
    loop.unwatch(server)
    loop.unwatch(client)


# A server process that says by how much a connection has made it grow: each is greeted with 20 kB and idles.
HOLDING = textwrap.dedent(
    """
    import gc, resource, ssl, sys
    from pathlib import Path
    from chatroom.net.listener import Listener
    from chatroom.net.loop import Loop
    from chatroom.net.tls import TlsStream, server_context

    context, loop, held = server_context(Path(sys.argv[1]), Path(sys.argv[2])), Loop(), []
    outgoing = ssl.MemoryBIO()

    def take(sock, address):
        stream = TlsStream(sock, context, server_side=True, outgoing=outgoing)
        loop.watch(stream, lambda: go_on(stream))

    def go_on(stream):
        if stream not in held and stream.handshake():
            held.append(stream)
            stream.send(bytes(20_000))

    def resident():
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    listener = Listener(loop, "127.0.0.1", 0, take)
    print(listener.address[1], flush=True)
    warm, measured = int(sys.argv[3]), int(sys.argv[4])
    while len(held) < warm:
        loop.run_once()
    before = resident()
    while len(held) < warm + measured:
        loop.run_once()
    print((resident() - before) // measured, flush=True)
    sys.stdin.read()
    """
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
def test_an_idle_connection_costs_a_server_at_most_32_kib(
    server_key: ServerKey, client_tls: ssl.SSLContext
) -> None:
    warm, measured = 10, 150
    arguments = [str(server_key.cert_path), str(server_key.key_path), str(warm), str(measured)]
    clients: list[socket.socket] = []
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            port = int(server.stdout.readline())
            for _ in range(warm + measured):
                raw = socket.create_connection(("127.0.0.1", port), 5)
                clients.append(client_tls.wrap_socket(raw, server_hostname="localhost"))
            bytes_each = int(server.stdout.readline())
        finally:
            for client in clients:
                client.close()
            server.stdin.close()
    assert bytes_each <= 32 * 1024
