"""What the tests of the net floor share: a loop, connected sockets, a server's key, waits with a deadline."""

import socket
import ssl
from collections.abc import Callable, Iterator

import pytest

from chatroom.net.keys import ServerKey, load_or_create_server_key
from chatroom.net.loop import Loop
from chatroom.net.tls import TlsStream, client_context, server_context
from support.patience import PATIENCE_S, wait_until


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def run_until(loop: Loop) -> Callable[[Callable[[], object]], None]:
    """Run passes of the loop until the condition holds; fail after a deadline."""

    def run(condition: Callable[[], object]) -> None:
        wait_until(condition, between=lambda: loop.run_once(0.05))

    return run


@pytest.fixture
def tcp_pair() -> Iterator[Callable[..., tuple[socket.socket, socket.socket]]]:
    """Make two connected TCP sockets, blocking ones, with small buffers on request."""
    made: list[socket.socket] = []

    def make(buffer_bytes: int | None = None) -> tuple[socket.socket, socket.socket]:
        listening = socket.socket()
        ours = socket.socket()
        if buffer_bytes is not None:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        with listening:
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            ours.connect(listening.getsockname())
            theirs = listening.accept()[0]
        ours.settimeout(PATIENCE_S)
        theirs.settimeout(PATIENCE_S)
        made.extend((ours, theirs))
        return ours, theirs

    yield make
    for sock in made:
        sock.close()


@pytest.fixture(scope="session")
def server_key(tmp_path_factory: pytest.TempPathFactory) -> ServerKey:
    return load_or_create_server_key(tmp_path_factory.mktemp("key"), ["localhost", "127.0.0.1"])


@pytest.fixture(scope="session")
def server_tls(server_key: ServerKey) -> ssl.SSLContext:
    return server_context(server_key.cert_path, server_key.key_path)


@pytest.fixture(scope="session")
def client_tls() -> ssl.SSLContext:
    return client_context()


@pytest.fixture
def tls_pair(
    tcp_pair: Callable[..., tuple[socket.socket, socket.socket]],
    server_tls: ssl.SSLContext,
    client_tls: ssl.SSLContext,
) -> Callable[..., tuple[TlsStream, TlsStream]]:
    """Make a server's and a client's stream, handshake done. All server's streams share one outgoing BIO."""
    outgoing = ssl.MemoryBIO()

    def make(buffer_bytes: int | None = None, **limits: int) -> tuple[TlsStream, TlsStream]:
        ours, theirs = tcp_pair(buffer_bytes)
        server = TlsStream(ours, server_tls, server_side=True, outgoing=outgoing, **limits)
        client = TlsStream(theirs, client_tls, server_side=False, server_name="localhost")
        wait_until(lambda: client.handshake() & server.handshake(), between=lambda: None)
        return server, client

    return make
