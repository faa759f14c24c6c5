"""What holds for all tests: what they import, what programs they start run, and how Hypothesis searches."""

import os

import hypothesis

from support.compiled import AS_COMPILED, drop_stale, import_source

if AS_COMPILED not in os.environ:
    import_source()

# A test may wait for a disk or a busy machine: what limits it is the timeout of pytest, not one per example.
hypothesis.settings.register_profile("chatroom", deadline=None, print_blob=True)
hypothesis.settings.load_profile("chatroom")


def pytest_report_header() -> str:
    """Tell which of the two ways programs go."""
    changed = drop_stale()
    return (
        f"compiled modules: deleted, for {changed} was changed after; make test builds them"
        if changed
        else ""
    )
