"""The modules in C, as tests see them: skipped where they are not built, and built wherever they can be."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "chatroom"


def needs(*, is_built: bool) -> pytest.MarkDecorator:
    """Return the mark of a test that is about such a module."""
    why = "installed without a C compiler or Python's headers: apt-get install gcc python3-dev"
    return pytest.mark.skipif(not is_built, reason=why)


def has_compiler() -> bool:
    """Whether modules can be built here."""
    compiler = str(sysconfig.get_config_var("CC")).split()[0]
    has_headers = (Path(sysconfig.get_path("include")) / "Python.h").exists()
    return sys.platform != "win32" and has_headers and shutil.which(compiler) is not None


def assert_built(source: str, *, is_built: bool) -> None:
    """That the source in the package compiles without a warning, and the module is there; skips where nothing
    compiles.
    """
    if not has_compiler():
        pytest.skip("no C compiler or no headers of Python: apt-get install gcc python3-dev")
    include = sysconfig.get_path("include")
    command = [
        str(sysconfig.get_config_var("CC")).split()[0],
        "-fsyntax-only",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{include}",
        str(PACKAGE / source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    assert is_built, "a compiler is here, but was not at installation: rm .venv/installed*, then make test"
