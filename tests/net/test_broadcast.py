"""One buffer to many sockets: both ways of doing it, in C and in Python, give the same."""

import contextlib
import gc
import os
import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from chatroom.net.broadcast import IS_BUILT, Push, broadcast_in_c, close_push, make_push
from chatroom.net.stream import PlainStream
from chatroom.server.hub.delivery import broadcast_in_python
from support.modules_in_c import assert_built, needs

Pair = tuple[socket.socket, socket.socket]
MakePair = Callable[..., Pair]
Broadcast = Callable[[dict[str, Push], bytes], list[tuple[str, int]]]

if IS_BUILT:
    from chatroom.net import _broadcast

needs_module = needs(is_built=IS_BUILT)
BROADCASTS = [
    pytest.param(broadcast_in_c, id="in C", marks=needs_module),
    pytest.param(broadcast_in_python, id="in Python"),
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


def test_the_module_in_c_is_built_of_the_source_that_is_here_wherever_it_can_be() -> None:
    assert_built("net/_broadcast.c", is_built=IS_BUILT)


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
        os.dup2(new.fileno(), descriptor)
    with pytest.raises(OSError, match="descriptor"):
        push(b"secret")
    for broadcast in (broadcast_in_python, *([broadcast_in_c] if IS_BUILT else [])):
        assert broadcast({"gone": push}, b"secret") == [("gone", 0)]
    reader.setblocking(False)
    with pytest.raises(BlockingIOError):
        reader.recv(10)
    if new.fileno() != descriptor:
        os.close(descriptor)


def test_a_push_keeps_its_socket_open_until_it_is_closed(new_pair: Callable[[], Pair]) -> None:
    ours, theirs = new_pair()
    push = make_push(ours.dup())
    gc.collect()
    assert push(b"still here") == len(b"still here")
    assert theirs.recv(100) == b"still here"
    with pytest.warns(ResourceWarning, match="unclosed"):
        del push


def test_a_stream_that_cannot_be_closed_for_want_of_memory_is_closed(tcp_pair: MakePair) -> None:
    testcapi = pytest.importorskip("_testcapi", reason="this Python has no _testcapi, the taker of memory")
    for number in range(10):
        stream = PlainStream(tcp_pair()[0])
        push = stream.push
        testcapi.set_nomemory(number, number + 1)
        try:  # and not `suppress`, which needs memory itself
            stream.close()
        except MemoryError:
            pass
        testcapi.remove_mem_hooks()
        assert stream.fileno() < 0
        with pytest.raises(OSError, match="descriptor"):
            push(b"x")


@needs_module
def test_what_is_no_push_is_found_before_anything_is_sent(new_pair: Callable[[], Pair]) -> None:
    ours, theirs = new_pair()
    with pytest.raises(TypeError, match="not a Push"):
        broadcast_in_c({"good": make_push(ours), "bad": ours.send}, b"x")
    theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        theirs.recv(10)


def test_a_push_takes_one_buffer_and_nothing_else(new_pair: Callable[[], Pair]) -> None:
    ours, theirs = new_pair()
    push: Callable[..., int] = make_push(ours)
    with pytest.raises(TypeError):
        push()
    with pytest.raises(TypeError):
        push(b"x", b"y")
    with pytest.raises(TypeError):
        push(data=b"x")
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
            broadcast_in_c({"ana": push}, wrong)  # type: ignore[arg-type]
    for wrong in (None, "3", 3.5):
        with pytest.raises(TypeError):
            make_push(wrong)  # type: ignore[arg-type]


@needs_module
def test_a_socket_that_blocks_is_not_waited_for_either(new_pair: Callable[[], Pair]) -> None:
    ours, _theirs = new_pair()
    ours.setblocking(True)
    [(_, sent)] = broadcast_in_c({"slow": make_push(ours)}, bytes(1_000_000))
    assert 0 < sent < 1_000_000


@needs_module
def test_the_module_fails_for_want_of_memory_before_it_sends(new_pair: Callable[[], Pair]) -> None:
    testcapi = pytest.importorskip("_testcapi", reason="this Python has no _testcapi, the taker of memory")
    pairs = [new_pair() for _ in range(3)]
    pushes = {number: make_push(ours) for number, (ours, _) in enumerate(pairs)}
    pairs[1][1].close()
    failures = 0
    for number in range(12):
        testcapi.set_nomemory(number, number + 1)
        try:
            answer = _broadcast.broadcast(pushes, b"x")
        except MemoryError:
            testcapi.remove_mem_hooks()
            failures += 1
            for _, theirs in (pairs[0], pairs[2]):
                with pytest.raises(BlockingIOError):
                    theirs.recv(10, socket.MSG_DONTWAIT)
        else:
            testcapi.remove_mem_hooks()
            assert memoryview(answer or b"").cast("q").tolist() == [1, 0, 1]
            for _, theirs in (pairs[0], pairs[2]):
                assert theirs.recv(10, socket.MSG_DONTWAIT) == b"x"
    assert 0 < failures < 12


@needs_module
def test_nothing_is_held_that_was_sent_or_sent_to(new_pair: Callable[[], Pair]) -> None:
    ours, theirs = new_pair()
    push, key, data = make_push(ours), object(), bytes(range(100))

    def holders() -> list[int]:
        return [sys.getrefcount(thing) for thing in (push, key, data, ours, type(push))]

    def use() -> None:
        for _ in range(2_000):
            broadcast_in_c({key: push}, data)
            theirs.recv(1_000)
        for _ in range(2_000):
            broadcast_in_c({key: push, 2: closed}, data)
            theirs.recv(1_000)
            make_push(ours)

    closed = make_push(ours)
    close_push(closed)
    use()
    before, blocks = holders(), sys.getallocatedblocks()
    use()
    assert holders() == before
    assert sys.getallocatedblocks() - blocks < 100
