"""The guard of the ClientHello: what begins fairly, and what does not, however it was split."""

import socket
import ssl
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.net.hello import HELLO_BYTES, HelloGuard
from chatroom.net.stream import StreamClosed
from chatroom.net.tls import TlsStream, client_context
from support.patience import wait_until


def record(body: bytes, kind: int = 22) -> bytes:
    return bytes([kind, 3, 1]) + len(body).to_bytes(2) + body


def hello(claimed_bytes: int, given_bytes: int) -> bytes:
    return b"\x01" + claimed_bytes.to_bytes(3) + bytes(given_bytes)


def real_hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        client_context().wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    return outgoing.read()


CHANGE_CIPHER_SPEC = record(b"\x01", kind=20)
FINISHED = record(bytes(53), kind=23)

FAIR = {
    "real": real_hello(),
    "real, then the rest of a handshake": real_hello() + CHANGE_CIPHER_SPEC + FINISHED,
    "asked for again": real_hello() + CHANGE_CIPHER_SPEC + real_hello() + FINISHED,
    "as long as may be": record(hello(HELLO_BYTES, HELLO_BYTES)),
    "not TLS": b"GET / HTTP/1.1\r\n\r\n",
    "an alert": record(b"\x02\x28", kind=21),
    "an empty record": record(b"", kind=23) + FINISHED,
}
UNFAIR = {
    "too long": record(hello(HELLO_BYTES + 1, 100)),
    "as long as OpenSSL takes": record(hello(131_000, 100)),
    "too long when asked for again": real_hello() + CHANGE_CIPHER_SPEC + record(hello(131_000, 100)),
    "its length in the next record": record(b"\x01\x01") + record(b"\xff\xff" + bytes(100)),
    "nothing in the record": record(b"") + real_hello(),
}


def verdict(data: bytes, cuts: list[int]) -> bool:
    guard = HelloGuard()
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    begins = [0, *ends[:-1]]
    return all(guard.is_fair(data[begin:end]) for begin, end in zip(begins, ends, strict=True))


CUTS = st.lists(st.integers(0, 20_000), max_size=20)


@pytest.mark.parametrize("name", FAIR)
@given(cuts=CUTS)
def test_what_clients_send_is_fair(name: str, cuts: list[int]) -> None:
    assert verdict(FAIR[name], cuts)


@pytest.mark.parametrize("name", UNFAIR)
@given(cuts=CUTS)
def test_what_makes_a_server_hold_much_is_not(name: str, cuts: list[int]) -> None:
    assert not verdict(UNFAIR[name], cuts)


def shake_hands(server: TlsStream) -> None:
    wait_until(server.handshake, "the handshake goes on")


@pytest.mark.parametrize("name", UNFAIR)
def test_a_server_ends_such_a_handshake_at_once(
    tcp_pair: Callable[..., tuple[socket.socket, socket.socket]], server_tls: ssl.SSLContext, name: str
) -> None:
    ours, theirs = tcp_pair()
    server = TlsStream(ours, server_tls, server_side=True)
    theirs.sendall(UNFAIR[name])
    with pytest.raises(StreamClosed, match="ClientHello"):
        shake_hands(server)
