"""The one line that tells a person what to change."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.config.errors import SettingsError, did_you_mean, quoted


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"file": Path("s.toml"), "line": 12, "section": "limits", "key": "x"}, "s.toml:12: [limits] x: no"),
        ({"file": Path("s.toml"), "line": 12, "section": "limits"}, "s.toml:12: [limits]: no"),
        ({"file": Path("s.toml"), "key": "x"}, "s.toml: x: no"),
        ({"file": Path("s.toml")}, "s.toml: no"),
        ({"section": "limits", "key": "x"}, "[limits] x: no"),
        ({"key": "--port"}, "--port: no"),
        ({}, "no"),
    ],
)
def test_the_line_holds_what_is_known(parts: dict[str, object], line: str) -> None:
    assert str(SettingsError("no", **parts)) == line  # type: ignore[arg-type]


@given(st.text(), st.text())
def test_whatever_a_file_holds_the_error_is_one_printable_line(section: str, key: str) -> None:
    assert str(SettingsError("wrong", file=Path("f"), line=1, section=section, key=key)).isprintable()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        ("a\x1b[31m\n", '"a\\x1b[31m\\n"'),
        ("x" * 100, f'"{"x" * 60}…"'),
        ({"a": 1}, "a table"),
        ([1, 2], "a list of 2"),
        (10**100, "a huge number"),
        (-5, "-5"),
        (float("nan"), "nan"),
    ],
)
def test_a_wrong_value_is_quoted_short_and_harmless(value: object, shown: str) -> None:
    assert quoted(value) == shown


VALID = ("post_burst", "posts_per_s", "ping_s")


@pytest.mark.parametrize("typed", ["post_brust", "Post-Burst", "postburst", "post burst"])
def test_the_nearest_name_is_offered(typed: str) -> None:
    assert did_you_mean(typed, VALID) == "; did you mean post_burst?"


def test_where_nothing_is_near_all_names_are_offered() -> None:
    assert did_you_mean("zzz", VALID) == "; it may be ping_s, post_burst, posts_per_s"
    assert did_you_mean("zzz", ()) == ""
