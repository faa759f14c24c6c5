import errno
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from chatroom.net import listener as listener_module
from chatroom.net.listener import ACCEPTS_PER_PASS, Listener
from chatroom.net.loop import Loop
from support.patience import PATIENCE_S

RunUntil = Callable[[Callable[[], object]], None]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 on its loopback")


class Guests:
    """What the listener has handed over."""

    def __init__(self) -> None:
        self.socks: list[socket.socket] = []
        self.addresses: list[tuple[str, int]] = []

    def take(self, sock: socket.socket, address: tuple[str, int]) -> None:
        self.socks.append(sock)
        self.addresses.append(address)

    def close(self) -> None:
        for sock in self.socks:
            sock.close()


@pytest.fixture
def guests() -> Iterator[Guests]:
    guests = Guests()
    yield guests
    guests.close()


def test_a_connection_is_handed_over_non_blocking_with_its_address(
    loop: Loop, run_until: RunUntil, guests: Guests
) -> None:
    listener = Listener(loop, "127.0.0.1", 0, guests.take)
    assert listener.address[0] == "127.0.0.1"
    assert listener.address[1] > 0
    with socket.create_connection(listener.address) as client:
        run_until(lambda: guests.socks)
        assert guests.addresses == [client.getsockname()]
        assert guests.socks[0].getblocking() is False
    listener.close()


@needs_ipv6
def test_an_ipv6_address_is_listened_on(loop: Loop, run_until: RunUntil, guests: Guests) -> None:
    listener = Listener(loop, "::1", 0, guests.take)
    assert listener.address[0] == "::1"
    with socket.create_connection(listener.address):
        run_until(lambda: guests.socks)
    assert guests.addresses[0][0] == "::1"
    listener.close()


@needs_ipv6
@pytest.mark.parametrize("host", ["", "*"])
def test_any_host_serves_both_families_and_ipv4_guests_look_like_ipv4(
    host: str, loop: Loop, run_until: RunUntil, guests: Guests
) -> None:
    listener = Listener(loop, host, 0, guests.take)
    port = listener.address[1]
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("::1", port)):
        run_until(lambda: len(guests.socks) == 2)
    assert sorted(address[0] for address in guests.addresses) == ["127.0.0.1", "::1"]
    listener.close()


def test_any_host_falls_back_to_ipv4_on_a_machine_without_ipv6(
    loop: Loop, run_until: RunUntil, guests: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module.socket, "has_dualstack_ipv6", lambda: False)
    listener = Listener(loop, "*", 0, guests.take)
    assert listener.address[0] == "0.0.0.0"
    with socket.create_connection(("127.0.0.1", listener.address[1])):
        run_until(lambda: guests.socks)
    listener.close()


def test_a_port_in_use_is_refused_naming_the_address(loop: Loop, guests: Guests) -> None:
    listener = Listener(loop, "127.0.0.1", 0, guests.take)
    port = listener.address[1]
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}") as caught:
        Listener(loop, "127.0.0.1", port, guests.take)
    assert caught.value.errno == errno.EADDRINUSE
    listener.close()


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "192.0.2.77"])
def test_a_host_that_is_not_here_is_refused_naming_it(host: str, loop: Loop, guests: Guests) -> None:
    with pytest.raises(OSError, match=f"cannot listen on {host}"):
        Listener(loop, host, 0, guests.take)


def test_a_port_can_be_listened_on_again_right_after_its_connections_ended(
    loop: Loop, run_until: RunUntil, guests: Guests
) -> None:
    listener = Listener(loop, "127.0.0.1", 0, guests.take)
    port = listener.address[1]
    with socket.create_connection(listener.address):
        run_until(lambda: guests.socks)
        guests.socks[0].close()  # the server closes first: its end lingers in TIME_WAIT
    listener.close()
    again = Listener(loop, "127.0.0.1", port, guests.take)
    assert again.address[1] == port
    again.close()


def test_a_rush_is_accepted_in_bounded_passes(loop: Loop, run_until: RunUntil, guests: Guests) -> None:
    listener = Listener(loop, "127.0.0.1", 0, guests.take)
    clients = [socket.create_connection(listener.address) for _ in range(ACCEPTS_PER_PASS + 10)]
    loop.run_once(1)
    assert len(guests.socks) == ACCEPTS_PER_PASS
    run_until(lambda: len(guests.socks) == len(clients))
    for client in clients:
        client.close()
    listener.close()


def test_a_callback_may_close_the_listener(loop: Loop, run_until: RunUntil, guests: Guests) -> None:
    def take_one(sock: socket.socket, address: tuple[str, int]) -> None:
        guests.take(sock, address)
        listener.close()

    listener = Listener(loop, "127.0.0.1", 0, take_one)
    clients = [socket.create_connection(listener.address) for _ in range(3)]
    run_until(lambda: guests.socks)
    loop.run_once(0)
    assert len(guests.socks) == 1
    listener.close()
    for client in clients:
        client.close()


def test_a_callback_that_fails_closes_the_connection_and_the_next_is_served(
    loop: Loop, run_until: RunUntil, guests: Guests
) -> None:
    def fail_first(sock: socket.socket, address: tuple[str, int]) -> None:
        guests.addresses.append(address)
        if len(guests.addresses) == 1:
            raise LookupError
        guests.socks.append(sock)

    listener = Listener(loop, "127.0.0.1", 0, fail_first)
    with (
        socket.create_connection(listener.address, 5) as first,
        socket.create_connection(listener.address, 5),
    ):
        with pytest.raises(LookupError):
            loop.run_once(5)
        assert first.recv(1) == b""
        run_until(lambda: guests.socks)
    listener.close()


class Faulty:
    """A listening socket whose next accepts fail as told."""

    def __init__(self, sock: socket.socket, *codes: int) -> None:
        self.sock = sock
        self.codes = list(codes)
        self.fileno = sock.fileno
        self.close = sock.close

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        if self.codes:
            raise OSError(self.codes.pop(0), "as told")
        return self.sock.accept()


def test_a_connection_that_fails_while_it_waits_does_not_delay_the_next(loop: Loop, guests: Guests) -> None:
    troubles: list[str] = []
    listener = Listener(loop, "127.0.0.1", 0, guests.take, on_trouble=troubles.append)
    listener._sock = Faulty(listener._sock, errno.ECONNABORTED, errno.EPROTO)
    with socket.create_connection(listener.address):
        loop.run_once(5)
    assert len(guests.socks) == 1
    assert troubles == []
    listener.close()


@pytest.mark.parametrize("code", [errno.ENOMEM, errno.ENOBUFS, errno.EINVAL])
def test_an_accept_that_cannot_work_rests_and_goes_on(
    code: int, loop: Loop, run_until: RunUntil, guests: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "REST_S", 0.1)
    troubles: list[str] = []
    listener = Listener(loop, "127.0.0.1", 0, guests.take, on_trouble=troubles.append)
    listener._sock = Faulty(listener._sock, code)
    start = time.monotonic()
    with socket.create_connection(listener.address):
        run_until(lambda: guests.socks)
    assert time.monotonic() - start > 0.09
    assert len(troubles) == 1
    listener.close()


def test_a_listener_closed_while_it_rests_stays_closed(
    loop: Loop, guests: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "REST_S", 0.05)
    listener = Listener(loop, "127.0.0.1", 0, guests.take)
    listener._sock = Faulty(listener._sock, errno.ENOMEM)
    with socket.create_connection(listener.address):
        loop.run_once(5)
        listener.close()
        loop.run_once(0.1)
    assert guests.socks == []


def test_a_closed_listener_refuses(loop: Loop, guests: Guests) -> None:
    listener = Listener(loop, "127.0.0.1", 0, guests.take)
    listener.close()
    with pytest.raises(OSError):
        socket.create_connection(listener.address, 1)


# A server in a process with few descriptors: it echoes nothing, holds what comes, and closes all on a line of
# standard input. It prints what it does.
EXHAUSTED = textwrap.dedent(
    """
    import resource, select, sys, time
    from chatroom.net.listener import Listener
    from chatroom.net.loop import Loop

    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
    loop, held, gives_way = Loop(), [], []

    def say(*words):
        print(*words, flush=True)

    def command():
        word = sys.stdin.readline().strip()
        if word == "free":
            while held:
                held.pop().close()
        elif word == "give way":
            gives_way.append(True)
        elif word == "cpu":
            say("cpu", time.process_time())
        else:
            raise SystemExit

    def take(sock, address):
        held.append(sock)
        say("held", len(held))

    def trouble(text):
        say("trouble", time.monotonic(), text)

    def make_room():
        if gives_way:
            held.pop(0).close()
        return bool(gives_way)

    listener = Listener(loop, "127.0.0.1", 0, take, on_trouble=trouble, make_room=make_room)
    loop.watch(sys.stdin, command)
    say("port", listener.address[1])
    while True:
        loop.run_once(10)
    """
)


class Server:
    """The process above and what it has said."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", EXHAUSTED],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.clients: list[socket.socket] = []
        self.port = int(self.hear("port")[0])

    def tell(self, word: str) -> None:
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def hear(self, *wanted: str) -> list[str]:
        """What follows the next of these words; with several, the word itself before it."""
        while True:
            line = self.process.stdout.readline()
            assert line, "the server has died"
            words = line.split(maxsplit=2)
            if words[0] in wanted:
                return words if len(wanted) > 1 else words[1:]

    def visit(self) -> None:
        self.clients.append(socket.create_connection(("127.0.0.1", self.port), PATIENCE_S))

    def cpu_s(self) -> float:
        self.tell("cpu")
        return float(self.hear("cpu")[0])

    def close(self) -> None:
        for client in self.clients:
            client.close()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.mark.skipif(os.name != "posix", reason="descriptors are limited like this on POSIX only")
def test_a_process_without_descriptors_rests_turns_away_and_recovers(server: Server) -> None:
    for _ in range(60):
        server.visit()
    times = [float(server.hear("trouble")[0])]
    cpu_before_s = server.cpu_s()
    while len(times) < 3:  # people keep coming: one line a second and not more
        for _ in range(5):
            server.visit()
        times.append(float(server.hear("trouble")[0]))
    spent_s = server.cpu_s() - cpu_before_s
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert all(gap > 0.5 for gap in gaps), gaps
    assert spent_s < 0.05 * sum(gaps), f"{spent_s:.3f} s of CPU in {sum(gaps):.1f} s"
    assert server.clients[-1].recv(1) == b"", "who cannot be served is told so by a close"
    server.tell("free")
    server.visit()
    assert server.hear("held") == ["1"]
    server.tell("end")
    assert server.process.wait(PATIENCE_S) == 0


@pytest.mark.skipif(os.name != "posix", reason="descriptors are limited like this on POSIX only")
def test_running_out_while_nobody_waits_is_no_trouble(server: Server) -> None:
    """Linux looks for a descriptor first: the pass that takes the last one asks again and gets EMFILE."""
    held = 0
    while True:
        server.visit()
        word, *rest = server.hear("held", "trouble")
        if word == "trouble":
            break
        held += 1
    assert held > 20
    assert "1 turned away" in rest[-1], "the first trouble is the first guest who cannot be served"


@pytest.mark.skipif(os.name != "posix", reason="descriptors are limited like this on POSIX only")
def test_without_descriptors_those_inside_may_give_way_to_those_who_come(server: Server) -> None:
    server.tell("give way")
    for _ in range(100):
        server.visit()
    counts = [int(server.hear("held")[0]) for _ in range(100)]
    assert 20 < max(counts) < 40
    server.clients[-1].settimeout(0.2)
    with pytest.raises(TimeoutError):  # it is held, and not closed
        server.clients[-1].recv(1)
    server.tell("cpu")
    assert server.hear("cpu", "trouble")[0] == "cpu", "there was no trouble"
