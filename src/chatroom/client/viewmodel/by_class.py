"""Rows of a table that holds a function for every class of a closed set: each event, each command,
each answer.

Read next: `hearing.py`, `commanding.py`, `acting.py`.
"""

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")
Result = TypeVar("Result")


def row(
    kind: type[Value], take: Callable[[Value], Result]
) -> tuple[type[object], Callable[[object], Result]]:
    """Return the class, and `take` behind a check of the class."""

    def checked(value: object) -> Result:
        assert isinstance(value, kind)
        return take(value)

    return kind, checked
