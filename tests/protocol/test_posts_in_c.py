"""The module in C that cuts posts: its build, its arguments, its memory. What it gives: `test_posts.py`."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from chatroom.protocol.limits import FRAME_BYTES
from chatroom.protocol.posts import IS_BUILT, cut_posts
from support.modules_in_c import assert_built
from support.posts import AT, IN_C, ONE, cut_one, decoded, needs_module, post_of


def test_the_module_in_c_is_built_of_the_source_that_is_here_wherever_it_can_be() -> None:
    assert_built("protocol/_posts.c", is_built=IS_BUILT)


def test_without_the_module_in_c_python_cuts() -> None:
    program = (
        "import sys; sys.modules['chatroom.protocol._posts'] = None\n"
        "from chatroom.protocol import posts\n"
        "assert not posts.IS_BUILT and posts.cut_posts is posts.cut_posts_in_python"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr


@needs_module
def test_a_start_outside_the_data_is_refused_and_so_is_what_is_of_another_type() -> None:
    cut: Any = cut_posts
    for start in (-1, len(ONE) + 1, 2**80, -(2**80)):
        with pytest.raises(ValueError, match="start"):
            cut(ONE, start, FRAME_BYTES)
    for data in (bytearray(ONE), memoryview(ONE), "text", None):
        with pytest.raises(TypeError):
            cut(data, 0, FRAME_BYTES)
    for wrong in ("0", 1.0, None, b""):
        with pytest.raises(TypeError):
            cut(ONE, wrong, FRAME_BYTES)
        with pytest.raises(TypeError):
            cut(ONE, 0, wrong)
    for arguments in ((), (ONE,), (ONE, 0), (ONE, 0, 100, 1)):
        with pytest.raises(TypeError):
            cut(*arguments)


@needs_module
def test_what_entries_and_nonces_are_given_is_looked_at() -> None:
    posts: Any = cut_one(IN_C, ONE)[0]
    for number in (-1, 2**63, -(2**63), 2**80):
        with pytest.raises(OverflowError):
            posts.entries(number, AT, "alice")
        with pytest.raises(OverflowError):
            posts.entries(1, number, "alice")
    for wrong in ("1", 1.0, None):
        with pytest.raises(TypeError):
            posts.entries(wrong, AT, "alice")
        with pytest.raises(TypeError):
            posts.entries(1, wrong, "alice")
    for wrong in (b"alice", None, 1):
        with pytest.raises(TypeError):
            posts.entries(1, AT, wrong)
    for wrong in ("nonce", None, bytearray(16)):
        with pytest.raises(TypeError):
            posts.rise_above(wrong)
    for arguments in ((), (1, AT), (1, AT, "alice", 1)):
        with pytest.raises(TypeError):
            posts.entries(*arguments)


@needs_module
def test_posts_are_made_by_cutting_alone_and_never_change() -> None:
    posts: Any = cut_one(IN_C, ONE)[0]
    with pytest.raises(TypeError):
        type(posts)()
    with pytest.raises(TypeError):
        type("Mine", (type(posts),), {})
    for name in ("room", "longest_bytes", "more"):
        with pytest.raises(AttributeError):
            setattr(posts, name, 1)
    with pytest.raises(TypeError):
        type(posts).room = 1


@needs_module
def test_posts_outlive_the_name_of_their_data_and_one_another() -> None:
    data = b"".join(post_of("x" * 200, number) for number in range(1, 200))
    kept, start = [], 0
    while answer := cut_posts(data, start, FRAME_BYTES):
        kept.append(answer[0])
        start = answer[1]
    expected = [body for body, _ in decoded(data)]
    del data, answer
    waste = [bytes([number]) * 50_000 for number in range(100)]
    assert [body for posts in kept for body in posts.payloads()] == expected
    assert len(waste) == 100


@needs_module
def test_nothing_is_held_that_was_cut_but_by_the_posts() -> None:
    data = b"".join(post_of(f"line {number}", number) for number in range(1, 10))
    author, nonce = str(b"alice", "ascii"), bytes(16)
    kind = type(cut_one(IN_C, data)[0])

    def holders() -> list[int]:
        return [sys.getrefcount(thing) for thing in (data, author, nonce, kind)]

    def use() -> None:
        for start in (0, 1, len(data), len(post_of("line 1"))) * 500:
            if answer := cut_posts(data, start, FRAME_BYTES):
                posts = answer[0]
                posts.entries(1, AT, author)
                posts.nonces()
                posts.payloads()
                posts.rise_above(nonce)
            for wrong in (-1, len(data) + 1):
                with pytest.raises(ValueError):
                    cut_posts(data, wrong, FRAME_BYTES)
            with pytest.raises(OverflowError):
                cut_one(IN_C, data)[0].entries(-1, AT, author)

    use()
    before, blocks = holders(), sys.getallocatedblocks()
    use()
    assert holders() == before
    assert sys.getallocatedblocks() - blocks < 100
    held = cut_posts(data, 0, FRAME_BYTES)
    assert holders() == [before[0] + 1, *before[1:3], before[3] + 1]
    del held
    assert holders() == before


@needs_module
def test_want_of_memory_is_an_error_and_nothing_is_lost_by_it() -> None:
    testcapi = pytest.importorskip("_testcapi", reason="this Python has no _testcapi, the taker of memory")
    data = b"".join(post_of(f"line {number}" * 60, number) for number in range(1, 5))
    posts = cut_one(IN_C, data)[0]
    uses: list[Callable[[], object]] = [
        lambda: cut_posts(data, 0, FRAME_BYTES),
        posts.nonces,
        posts.payloads,
        lambda: posts.entries(300, AT, "alice"),
    ]
    for use in uses:
        expected = use()
        failures, before = 0, (sys.getrefcount(data), sys.getrefcount(type(posts)))
        blocks = sys.getallocatedblocks()
        for number in list(range(20)) * 20:
            answer = None
            testcapi.set_nomemory(number, number + 1)
            try:
                answer = use()
            except MemoryError:
                testcapi.remove_mem_hooks()
                failures += 1
            else:
                testcapi.remove_mem_hooks()
                assert isinstance(answer, tuple) or answer == expected
        assert 0 < failures < 20 * 20
        del answer
        assert (sys.getrefcount(data), sys.getrefcount(type(posts))) == before
        assert sys.getallocatedblocks() - blocks < 20
