"""One buffer to many sockets: both ways of doing it, in C and one by one, give the same."""

import contextlib
import shutil
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatroom.net.broadcast import IS_BUILT, Push, make_push, send_to_all
from chatroom.net.stream import PlainStream
from chatroom.server.hub.delivery import push_one_by_one

Pair = tuple[socket.socket, socket.socket]
MakePair = Callable[..., Pair]
Broadcast = Callable[[dict[str, Push], bytes], list[tuple[str, int]]]

needs_module = pytest.mark.skipif(
    not IS_BUILT, reason="installed without a C compiler or Python's headers: apt-get install gcc python3-dev"
)
BROADCASTS = [
    pytest.param(send_to_all, id="in C", marks=needs_module),
    pytest.param(push_one_by_one, id="one by one"),
]
BUFFER_BYTES = 4096


@pytest.fixture
def new_pair() -> Iterator[Callable[[], Pair]]:
    """Make connected sockets with small buffers; ours does not block."""
    made: list[socket.socket] = []

    def make() -> Pair:
        ours, theirs = socket.socketpair()
        made.extend((ours, theirs))
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        return ours, theirs

    yield make
    for sock in made:
        sock.close()


def test_the_module_in_c_is_built_wherever_it_can_be() -> None:
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if sys.platform == "win32" or not header.exists() or shutil.which("cc") is None:
        pytest.skip("no C compiler or no headers of Python: apt-get install gcc python3-dev")
    assert IS_BUILT


@pytest.mark.parametrize("broadcast", BROADCASTS)
def test_each_socket_gets_all_of_it(broadcast: Broadcast, new_pair: Callable[[], Pair]) -> None:
    pairs = {name: new_pair() for name in ("ana", "bob", "carl")}
    pushes = {name: make_push(ours) for name, (ours, _) in pairs.items()}
    for data in (b"one", b"two" * 100):
        assert broadcast(pushes, data) == []
        assert [theirs.recv(1_000) for _, theirs in pairs.values()] == [data] * 3
    assert broadcast({}, b"nobody") == []


@pytest.mark.parametrize("broadcast", BROADCASTS)
def test_who_did_not_take_all_is_told_with_what_it_took_and_costs_the_others_nothing(
    broadcast: Broadcast, new_pair: Callable[[], Pair]
) -> None:
    names = ("reads", "full", "gone", "slow", "reads too")
    pairs = {name: new_pair() for name in names}
    pushes = {name: make_push(ours) for name, (ours, _) in pairs.items()}
    with contextlib.suppress(BlockingIOError):
        while True:
            pushes["full"](bytes(BUFFER_BYTES))
    pairs["gone"][1].close()
    for name in ("reads", "reads too", "gone"):
        pairs[name][0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
    data = bytes(range(256)) * 300
    behind = dict(broadcast(pushes, data))
    assert list(behind) == ["full", "gone", "slow"]
    assert behind["full"] == behind["gone"] == 0
    assert 0 < behind["slow"] < len(data)
    for name in ("reads", "reads too"):
        assert pairs[name][1].recv(len(data) + 1, socket.MSG_WAITALL | socket.MSG_DONTWAIT) == data
    assert pairs["slow"][1].recv(len(data)) == data[: behind["slow"]]


@pytest.mark.parametrize("broadcast", BROADCASTS)
def test_a_socket_that_would_block_is_not_waited_for(
    broadcast: Broadcast, new_pair: Callable[[], Pair]
) -> None:
    ours, _theirs = new_pair()
    push = make_push(ours)
    [(_, sent)] = broadcast({"slow": push}, bytes(1_000_000))
    assert 0 < sent < 1_000_000
    assert broadcast({"slow": push}, b"more") == [("slow", 0)]


def test_a_push_that_was_closed_writes_to_nobody_who_got_its_descriptor(tcp_pair: MakePair) -> None:
    ours, _theirs = tcp_pair()
    stream = PlainStream(ours)
    descriptor, push = stream.fileno(), stream.push
    stream.close()
    new, reader = tcp_pair()
    if new.fileno() != descriptor:
        new, reader = reader, new
    assert new.fileno() == descriptor, "the system gives the lowest free descriptor to the next socket"
    with pytest.raises(OSError, match="descriptor"):
        push(b"secret")
    for broadcast in (push_one_by_one, *([send_to_all] if IS_BUILT else [])):
        assert broadcast({"gone": push}, b"secret") == [("gone", 0)]
    reader.setblocking(False)
    with pytest.raises(BlockingIOError):
        reader.recv(10)


@needs_module
def test_what_is_no_sender_is_found_before_anything_is_sent(new_pair: Callable[[], Pair]) -> None:
    ours, theirs = new_pair()
    with pytest.raises(TypeError, match="not a Sender"):
        send_to_all({"good": make_push(ours), "bad": ours.send}, b"x")
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(10)


@needs_module
def test_what_is_no_bytes_is_refused(new_pair: Callable[[], Pair]) -> None:
    push = make_push(new_pair()[0])
    for wrong in (bytearray(b"x"), memoryview(b"x"), "x", None):
        with pytest.raises(TypeError):
            push(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            send_to_all({"ana": push}, wrong)  # type: ignore[arg-type]


@needs_module
def test_where_memory_is_lacking_nothing_is_sent(new_pair: Callable[[], Pair]) -> None:
    testcapi = pytest.importorskip("_testcapi", reason="this Python has no _testcapi, the taker of memory")
    ours, theirs = new_pair()
    senders = {number: make_push(ours) for number in range(100)}
    data = b"x"
    testcapi.set_nomemory(0, 1)
    try:
        send_to_all(senders, data)
    except MemoryError:
        testcapi.remove_mem_hooks()
    else:
        testcapi.remove_mem_hooks()
        pytest.fail("memory was there")
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(10)


@needs_module
def test_nothing_is_held_that_was_sent_or_sent_to(new_pair: Callable[[], Pair]) -> None:
    ours, theirs = new_pair()
    push, key, data = make_push(ours), object(), bytes(range(100))

    def holders() -> list[int]:
        return [sys.getrefcount(thing) for thing in (push, key, data, type(push))]

    before = holders()
    for _ in range(1_000):
        assert send_to_all({key: push}, data) == []
        theirs.recv(1_000)
    theirs.close()
    for _ in range(1_000):
        assert send_to_all({key: push}, data) == [(key, 0)]
        make_push(ours)
    assert holders() == before
