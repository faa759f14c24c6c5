"""The scan that knows on which line a key stands."""

import tomllib
from collections.abc import Iterator

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from chatroom.config.toml_lines import key_lines, line_of

TRAPS = """\
# [limits] in a comment
title = "[limits] # not a comment, \\" nor the end"

[server]
port = 1   # port = 2
name = '''
[limits]
post_burst = 7
'''
note = \"\"\"one \\\"\"\" two
[limits]""\"\"\"
"quoted.key" = 1
'literal key' = 2
"caf\\u00e9" = 3
list = [ "]", # ]
  'x', [1, 2],
  { a = "}" },
]

[ limits . "deep" ]
post_burst = 200

[[peers]]
host = "a"
[[peers]]
port = 2
[rooms]
a.b . c = 1
inline = { depth = 1, other = [1] }
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("server",), 4),
        (("server", "port"), 5),
        (("server", "name"), 6),
        (("server", "note"), 10),
        (("server", "quoted.key"), 12),
        (("server", "literal key"), 13),
        (("server", "café"), 14),
        (("server", "list"), 15),
        (("limits", "deep"), 20),
        (("limits",), 20),
        (("limits", "deep", "post_burst"), 21),
        (("peers", "host"), 24),
        (("peers", "port"), 26),
        (("rooms", "a", "b", "c"), 28),
        (("rooms", "a", "b"), 28),
        (("rooms", "inline", "depth"), 29),
        (("rooms", "missing"), 27),
        (("nowhere",), None),
    ],
)
def test_each_key_is_found_on_its_line(path: tuple[str, ...], line: int | None) -> None:
    tomllib.loads(TRAPS)
    assert line_of(TRAPS, path) == line


def test_the_same_key_in_two_sections_is_told_apart() -> None:
    text = "[a]\nport = 1\n[b]\n\nport = 2\n"
    assert line_of(text, ("a", "port")) == 2
    assert line_of(text, ("b", "port")) == 5


def test_windows_line_ends_count_once() -> None:
    assert line_of("[a]\r\n\r\nb = 1\r\n", ("a", "b")) == 3


KEYS = st.text(min_size=1, max_size=6)
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def keys_of(table: dict[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys_of(value, (*above, key))
        else:
            yield (*above, key)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_key_of_any_toml_is_found_in_the_order_of_the_text(table: dict[str, object]) -> None:
    text = tomli_w.dumps(table, multiline_strings=True)
    found = list(key_lines(text))
    parsed = tomllib.loads(text)
    assert {key.path for key in found} >= {path for path in keys_of(parsed) if is_outside_lists(parsed, path)}
    assert [key.line for key in found] == sorted(key.line for key in found)


def is_outside_lists(table: dict[str, object], path: tuple[str, ...]) -> bool:
    value: object = table
    for part in path:
        assert isinstance(value, dict)
        value = value[part]
    return not isinstance(value, list)  # a list of tables may be written with [[headers]]


@given(st.text(alphabet="[]{}=.,#\"'\\\n\r abu0\0é", max_size=60) | st.text(max_size=60))
def test_any_text_at_all_is_scanned_to_its_end(text: str) -> None:
    lines = [key.line for key in key_lines(text)]
    assert lines == sorted(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ['\\"""', '"', "'''x", '\\"', "[", "a.", "=\n'"])
def test_a_long_spoiled_text_takes_no_longer_than_its_length_allows(piece: str) -> None:
    for opening in ('a = """', 'a = "', "a = '''", "", '"'):
        list(key_lines(opening + piece * 60_000))
