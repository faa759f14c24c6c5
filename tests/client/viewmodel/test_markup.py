import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.client.themes.styles import Style, handle_style
from chatroom.client.viewmodel.markup import Reader, find_links, mark_text
from chatroom.protocol.text import clean_text

ALICE = Reader("alice", {"bob": 1})
LETTERS = {
    Style.TEXT: "t",
    Style.BOLD: "b",
    Style.ITALIC: "i",
    Style.CODE: "c",
    Style.CODE_LANGUAGE: "l",
    Style.URL: "u",
    Style.MENTION: "m",
    handle_style("bob"): "h",
    handle_style("carl"): "h",
}


def shown(text: str) -> str:
    """Return the spans as "letter of the style(text)", lines joined by newlines."""
    lines = mark_text(text, ALICE).lines
    return "\n".join("".join(f"{LETTERS[style]}({part})" for style, part in line) for line in lines)


TEXTS = [
    ("hello", "t(hello)"),
    ("", "t()"),
    ("a\n\nb", "t(a)\nt()\nt(b)"),
    ("run `make test` now", "t(run )c(make test)t( now)"),
    ("``a ` b``", "c(a ` b)"),
    ("a ` b", "t(a ` b)"),
    ("`` x", "t(`` x)"),
    ("a **bold** word", "t(a )b(bold)t( word)"),
    ("an *italic* word", "t(an )i(italic)t( word)"),
    ("*really!*", "i(really!)"),
    ("2*3*4 and 2**3**4", "t(2*3*4 and 2**3**4)"),
    ("2 * 3 * 4", "t(2 * 3 * 4)"),
    ("def f(*args, **kwargs):", "t(def f(*args, **kwargs):)"),
    ("*.py and *.txt", "t(*.py and *.txt)"),
    ("/* a comment */", "t(/* a comment */)"),
    ("snake_case_name __init__", "t(snake_case_name __init__)"),
    ("**no\nway**", "t(**no)\nt(way**)"),
    ("* item\n* other", "t(* item)\nt(* other)"),
    ("`**code**`", "c(**code**)"),
    ("see https://example.org/a_b*c*?q=1.", "t(see )u(https://example.org/a_b*c*?q=1)t(.)"),
    ("(https://example.org/a_(b))", "t(()u(https://example.org/a_(b))t())"),
    ("<http://a.b>", "t(<)u(http://a.b)t(>)"),
    ("ftp://a.b", "t(ftp://a.b)"),
    ("hi @alice and @carl", "t(hi )m(@alice)t( and )h(@carl)"),
    ("alice: hi", "m(alice)t(: hi)"),
    ("bob, hi", "h(bob)t(, hi)"),
    ("note: hi", "t(note: hi)"),
    ("mail@alice.org", "t(mail@alice.org)"),
    ("`@alice`", "c(@alice)"),
    (":tada: stays", "t(:tada: stays)"),
    ("```\na\n  b\n```", "c(a)\nc(  b)"),
    ("```python\nx = 1\n```", "l(python)\nc(x = 1)"),
    ("look:\n```\n*x*\n```\nthere", "t(look:)\nc(*x*)\nt(there)"),
    ("```\nopen to the end", "c(open to the end)"),
    ("```one line```", "c(one line)"),
    ("```\n```", "t(```)\nt(```)"),
    ("```", "t(```)"),
    ("a ``` b", "t(a ``` b)"),
]


@pytest.mark.parametrize(("text", "spans"), TEXTS)
def test_text_is_marked(text: str, spans: str) -> None:
    assert shown(text) == spans


def test_a_text_that_is_nothing_but_code_says_so() -> None:
    assert mark_text("```python\nx\n```", ALICE).is_code
    assert not mark_text("see\n```\nx\n```", ALICE).is_code
    assert mark_text("see\n```\nx\n```", ALICE).code_lines == {1}
    assert not mark_text("see", ALICE).is_code


@given(st.text(alphabet="ab *`@:/.\n_-hts\u00e9", max_size=80))
def test_nothing_but_markup_signs_is_ever_left_out(text: str) -> None:
    text = clean_text(text)
    lines = mark_text(text, ALICE).lines
    assert all(line and all("\n" not in part for _, part in line) for line in lines)
    kept = "".join(part for line in lines for _, part in line)
    assert kept.replace("*", "").replace("`", "") == text.replace("\n", "").replace("*", "").replace(
        "`", ""
    ) or ("```" in text)


def test_links_are_found_once_each() -> None:
    assert find_links("https://a.b/1, http://c.d and https://a.b/1") == ["https://a.b/1", "http://c.d"]


@pytest.mark.parametrize(
    "text",
    [
        "**a" * 5000,
        "*a " * 5000,
        "``a```" * 2700,
        "`" * 16_000,
        "@a" * 8000,
        "```\n" * 4000,
        "https://" * 2000,
    ],
    ids=["bold", "italic", "ticks", "tick", "at", "fence", "url"],
)
def test_a_hostile_text_is_marked_in_a_moment(text: str) -> None:
    begin = time.process_time()
    mark_text(text, ALICE)
    assert time.process_time() - begin < 0.5
