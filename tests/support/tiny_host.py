"""A tiny server on a real socket, in the loop of the test: plain or TLS, and as rude as a test wants.

`TinyHost` listens; `kill` cuts everything at once, `listen` begins again on the same port, and `close` is the
end.
"""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator

from chatroom.net.keys import ServerKey
from chatroom.net.listener import Listener
from chatroom.net.loop import Loop
from chatroom.net.stream import PlainStream, Stream, StreamClosed
from chatroom.net.tls import TlsStream, server_context
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.protocol.errors import ProtocolError
from support.patience import PATIENCE_S, wait_until
from support.ports import held_port
from support.tiny_server import TinyConnection, TinyServer


def run_until(loop: Loop, condition: Callable[[], object]) -> None:
    """Run passes of the loop until the condition holds; fail after a deadline."""
    wait_until(condition, between=lambda: loop.run_once(0.05))


class TinyHost:
    """The sockets of a tiny server."""

    def __init__(self, loop: Loop, server: TinyServer, key: ServerKey | None = None) -> None:
        self.loop = loop
        self.server = server
        self._port = contextlib.ExitStack()
        self.port = self._port.enter_context(held_port())
        self.accepted = 0
        self.links: list[_Link] = []
        self.listener: Listener | None = None
        self.context: ssl.SSLContext | None = None
        if key is not None:
            self.context = server_context(key.cert_path, key.key_path)
            server.key_hash = key.spki_hash
        else:
            server.key_hash = PLAIN_SERVER_KEY
        self.listen()

    def listen(self) -> None:
        """Accept connections, on the same port each time."""
        self.listener = Listener(self.loop, "127.0.0.1", self.port, self._accept)

    def kill(self) -> None:
        """Stop listening and cut all connections."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        self.cut()

    def close(self) -> None:
        """Stop for good."""
        self.kill()
        self._port.close()

    def cut(self) -> None:
        """Cut all connections; new ones are accepted."""
        for link in list(self.links):
            link.close()

    def say(self, author: str, text: str, room: str = "lobby") -> int:
        """Have somebody post, and send it out."""
        seq = self.server.say(author, text, room)
        self.server.flush()
        for link in self.links:
            link.send()
        return seq

    def _accept(self, sock: object, *_address: object) -> None:
        self.accepted += 1
        stream: Stream
        if self.context is None:
            stream = PlainStream(sock)  # type: ignore[arg-type]
        else:
            stream = TlsStream(sock, self.context, server_side=True)  # type: ignore[arg-type]
        self.links.append(_Link(self, stream))


class _Link:
    """One accepted socket and the tiny connection behind it."""

    def __init__(self, host: TinyHost, stream: Stream) -> None:
        self.host = host
        self.stream = stream
        self.connection: TinyConnection | None = None
        host.loop.watch(stream, self._readable, self._writable)
        if isinstance(stream, PlainStream):
            self._begin()

    def _begin(self) -> None:
        self.connection = self.host.server.connect()
        self.send()

    def _readable(self) -> None:
        try:
            if self.connection is None:
                assert isinstance(self.stream, TlsStream)
                if not self.stream.handshake():
                    return
                self._begin()
            assert self.connection is not None
            self.connection.receive(self.stream.read())
            for link in self.host.links:
                link.send()
        except (StreamClosed, ProtocolError):
            self.close()

    def _writable(self) -> None:
        try:
            self.host.loop.want_write(self.stream, not self.stream.flush())
        except StreamClosed:
            self.close()

    def send(self) -> None:
        """Send what the tiny server has for this connection."""
        if self.connection is not None and self.connection.out:
            self.host.loop.want_write(self.stream, not self.stream.send(self.connection.take()))

    def close(self) -> None:
        """Cut the connection."""
        self.host.links.remove(self)
        self.host.loop.unwatch(self.stream)
        self.stream.close()
        if self.connection is not None:
            self.connection.close()


@contextlib.contextmanager
def tiny_host_in_thread(server: TinyServer, key: ServerKey | None = None) -> Iterator[TinyHost]:
    """A tiny host whose loop runs in a thread, for clients that run a loop of their own.

    What a test does to it while it runs goes through `in_host`.
    """
    loop = Loop()
    host = TinyHost(loop, server, key)
    is_over = threading.Event()

    def run() -> None:
        while not is_over.is_set():
            loop.run_once(0.5)

    thread = threading.Thread(target=run, name="tiny host", daemon=True)
    thread.start()
    try:
        yield host
    finally:
        loop.call_from_thread(is_over.set)
        thread.join(PATIENCE_S)
        host.close()
        loop.close()


def in_host(host: TinyHost, action: Callable[[], object]) -> None:
    """Do something in the thread of a host, and return when it is done."""
    done = threading.Event()

    def act() -> None:
        action()
        done.set()

    host.loop.call_from_thread(act)
    assert done.wait(PATIENCE_S)
