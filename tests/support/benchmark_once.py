"""A plugin for pytest: the fixture `benchmark`, with which a micro-bench runs once and measures nothing."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest

P = ParamSpec("P")
R = TypeVar("R")


class Once:
    """In place of pytest-benchmark's fixture, as far as `bench/micro` uses it."""

    stats = None

    def __call__(self, act: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return act(*args, **kwargs)

    def pedantic(
        self,
        act: Callable[..., R],
        setup: Callable[[], tuple[tuple[object, ...], dict[str, object]]],
        **_how: int,
    ) -> R:
        """Call with what `setup` gives."""
        args, kwargs = setup()
        return act(*args, **kwargs)


@pytest.fixture
def benchmark() -> Once:
    return Once()
