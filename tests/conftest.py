"""What holds for all tests: what they import, what programs they start run, and how Hypothesis searches."""

import os

import hypothesis
import pytest

from support.compiled import AS_COMPILED, drop_stale, import_source

if AS_COMPILED not in os.environ:
    import_source()

# A test may wait for a disk or a busy machine: what limits it is the timeout of pytest, not one per example.
hypothesis.settings.register_profile("chatroom", deadline=None, print_blob=True)
hypothesis.settings.load_profile("chatroom")


CHANGED = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Delete what was compiled of an older source, before workers begin."""
    config.stash[CHANGED] = "" if hasattr(config, "workerinput") else drop_stale()


def pytest_report_header(config: pytest.Config) -> str:
    changed = config.stash[CHANGED]
    return f"deleted what was compiled: {changed} was changed after; make compiles it anew" if changed else ""
