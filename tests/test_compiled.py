"""What was compiled from its Python: that it is there, that programs run it, and that it does the same."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.compiled import AS_COMPILED, CHECKOUT, SOURCES, built, newer_than
from support.modules_in_c import has_compiler

NAMES = [".".join(source.relative_to(CHECKOUT / "src").with_suffix("").parts) for source in SOURCES]
needs_built = pytest.mark.skipif(not built(), reason="nothing is compiled here: make test compiles it")
STAMP = CHECKOUT / ".venv" / "installed-dev"

LAWS = (
    *("net/test_broadcast", "net/test_loop", "net/test_stream", "net/test_tls"),
    *("protocol/test_frames", "protocol/test_requests"),
    *("server/hub/test_connections", "server/hub/test_effort", "server/hub/test_full_disk"),
    *("server/hub/test_messages", "server/hub/test_one_pass", "server/hub/test_posts_together"),
    *("server/hub/test_bans", "server/hub/test_rooms", "server/test_indexing"),
    *("server/store/test_drafts", "server/store/test_heads", "server/store/test_identity_law"),
    *("server/store/test_machine", "server/store/test_nonce_runs", "server/store/test_one_pass"),
    *("server/store/test_rows", "server/store/test_sqlite"),
)
"""Tests that put nothing of their own in the place of a part of it."""

GENERATE = """
import sys
from mypyc.build import mypycify
flags = ["--config-file=", "--ignore-missing-imports"]
mypycify([*flags, *sys.argv[2:]], multi_file=True, group_name="chatroom_compiled", target_dir=sys.argv[1])
"""
OTHER_SYSTEMS = {"net/stream", "net/tls"}
"""Modules that do something else on another system, or with another Python."""


def test_it_is_there_wherever_it_can_be() -> None:
    if not has_compiler():
        pytest.skip("no C compiler or no headers of Python: apt-get install gcc python3-dev")
    if not STAMP.exists() or newer_than(STAMP):
        pytest.skip("installed by hand, or a source was changed since: make test compiles it")
    assert len(built()) == 1 + len(SOURCES), "not compiled: .venv/bin/pip install -v -e . tells why"


@needs_built
def test_programs_run_what_was_compiled() -> None:
    program = (
        "import importlib, sys; print(*(importlib.import_module(name).__file__ for name in sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, *NAMES]
    files = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert len(files) == len(NAMES)
    assert not [file for file in files if file.endswith(".py")]


@pytest.mark.skipif(AS_COMPILED in os.environ, reason="this is the run of the tests on what was compiled")
@pytest.mark.parametrize("name", NAMES)
def test_tests_import_the_source(name: str) -> None:
    file = importlib.import_module(name).__file__
    assert file is not None
    assert file.endswith(".py")


@needs_built
def test_laws_hold_for_what_was_compiled() -> None:
    laws = [f"tests/{name}.py" for name in LAWS]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *laws]
    environment = {**os.environ, AS_COMPILED: "1"}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=170, check=False
    )
    assert done.returncode == 0, done.stdout[-4_000:]


def test_the_compiler_takes_nothing_for_granted_that_a_call_may_change(tmp_path: Path) -> None:
    """An attribute that was seen to be None is taken for None from there on, whatever is called in between:
    where it is not, what was compiled fails. A copy in a local variable is safe.
    """
    pytest.importorskip("mypyc.build")
    sources = [str(source) for source in SOURCES]
    subprocess.run([sys.executable, "-c", GENERATE, tmp_path, *sources], cwd=CHECKOUT, check=True)
    generated = {
        path.stem.removeprefix("__native_chatroom___").replace("___", "/"): path.read_text(encoding="utf-8")
        for path in tmp_path.glob("__native_chatroom___*.c")
    }
    assert len(generated) == len(SOURCES)
    assert not [name for name, text in generated.items() if 'CPy_TypeError("None"' in text]
    unreachable = {name for name, text in generated.items() if "allegedly unreachable" in text}
    assert unreachable <= OTHER_SYSTEMS
