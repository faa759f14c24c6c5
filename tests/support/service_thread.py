"""The service in a thread of the test, on a real port, with a hub and settings of the test's own.

Clients are on loopback; `comes_from` says where the service is told that they come from.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

from chatroom.net.keys import verify
from chatroom.net.listener import Listener
from chatroom.net.loop import Loop
from chatroom.protocol.auth import PLAIN_SERVER_KEY
from chatroom.server.hub.context import HubSettings
from chatroom.server.hub.hub import Hub
from chatroom.server.service import Service
from chatroom.server.settings import ServiceSettings
from chatroom.server.store.memory import MemoryLog
from support.patience import PATIENCE_S

START_MS = 1_700_000_000_000


class ServiceThread:
    """A service that runs; everything inside belongs to its thread, but for `call`."""

    def __init__(
        self,
        hub_class: type[Hub] = Hub,
        settings: ServiceSettings | None = None,
        tls: ssl.SSLContext | None = None,
        key_hash: bytes = PLAIN_SERVER_KEY,
    ) -> None:
        self.loop = Loop()
        self.hub = hub_class(HubSettings(), MemoryLog(), verify)
        self.hub.make_listed_rooms(START_MS)
        self.service = Service(self.loop, self.hub, MemoryLog(), settings or ServiceSettings(), tls, key_hash)
        self.comes_from = ""
        self.accepted: list[socket.socket] = []
        self.listener = Listener(self.loop, "127.0.0.1", 0, self._accept)
        self.port = self.listener.address[1]
        self.thread = threading.Thread(target=self.service.run, daemon=True)
        self.thread.start()

    def _accept(self, sock: socket.socket, address: tuple[str, int]) -> None:
        self.accepted.append(sock)
        self.service.accept(sock, (self.comes_from or address[0], address[1]))

    def call(self, act: Callable[[], object]) -> None:
        """Have `act` called in the thread of the service, and wait for that."""
        done = threading.Event()
        self.loop.call_from_thread(act)
        self.loop.call_from_thread(done.set)
        assert done.wait(PATIENCE_S), "the service does not answer"

    @contextlib.contextmanager
    def resting(self) -> Iterator[None]:
        """Hold the service still for the time of a `with`: what is sent meanwhile it finds all at once."""
        rests, goes_on = threading.Event(), threading.Event()

        def rest() -> None:
            rests.set()
            goes_on.wait()

        self.loop.call_from_thread(rest)
        assert rests.wait(PATIENCE_S), "the service does not come to rest"
        try:
            yield
        finally:
            goes_on.set()

    def stop(self) -> None:
        """End it and wait."""
        self.loop.call_from_thread(self.listener.close)
        self.loop.call_from_thread(lambda: self.service.stop("the test is over"))
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()
        self.loop.close()


@contextlib.contextmanager
def running_service(
    hub_class: type[Hub] = Hub,
    settings: ServiceSettings | None = None,
    tls: ssl.SSLContext | None = None,
    key_hash: bytes = PLAIN_SERVER_KEY,
) -> Iterator[ServiceThread]:
    """A service for the time of a `with`."""
    host = ServiceThread(hub_class, settings, tls, key_hash)
    try:
        yield host
    finally:
        host.stop()
