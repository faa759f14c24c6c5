"""Text: what is made of it, what is refused, and the laws between the two."""

import re
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatroom.protocol import text as rules
from chatroom.protocol.limits import TEXT_BYTES, TEXT_LINES
from chatroom.protocol.text import (
    MARKS_PER_BASE,
    clean_line,
    clean_text,
    is_blank,
    line_fault,
    log_safe,
    text_fault,
)

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
KISS = "👨🏻\u200d❤\ufe0f\u200d💋\u200d👨🏼"
MAY_NOT_TRAVEL = "contains characters that may not travel"

CLEANED = {
    "plain": ("hello", "hello"),
    "spaces within": ("a  b", "a  b"),
    "indented": ("  a\n    b", "  a\n    b"),
    "trailing spaces": ("a  \nb\t\n", "a\nb"),
    "empty lines around": ("\n\n a\n\nb\n \n", " a\n\nb"),
    "tab": ("a\tb", "a    b"),
    "line ends of Windows": ("a\r\nb\r\n", "a\nb"),
    "line ends of old": ("a\rb", "a\nb"),
    "other line ends": ("a\x0bb\x0cc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
    "colour codes": ("\x1b[31mred\x1b[0m", "[31mred[0m"),
    "title of the terminal": ("\x1b]0;owned\x07", "]0;owned"),
    "clipboard": ("\x1b]52;c;aGk=\x1b\\", "]52;c;aGk=\\"),
    "C1 introducer": ("\x9b31mred", "31mred"),
    "bell, backspace, NUL, DEL": ("a\x07\x08\x00\x7fb", "ab"),
    "bidi override": ("abc\u202edef\u202c", "abcdef"),
    "bidi isolates and marks": ("\u2066a\u2069\u200e\u200f\u061cb", "ab"),
    "zero width": ("a\u200bb\ufeffc\u2060d\u00ade", "abcde"),
    "tags": ("flag\U0001f3f4\U000e0067\U000e007f", "flag\U0001f3f4"),
    "fillers": ("a\u3164\u115f\u1160\uffa0b", "ab"),
    "non-characters": ("a\ufdd0\ufffe\uffff\U0001fffe\U0010ffffb", "ab"),
    "lone surrogate": ("a\ud800b\udfffc", "abc"),
    "replacement character": ("a\ufffdb", "a\ufffdb"),
    "no-break space": ("a\u00a0b\u00a0", "a\u00a0b"),
    "only blanks": (" \u00a0\u3000\n\t", ""),
    "only what is deleted": ("\u200b\x1b\u202e", ""),
    "accent": ("e\u0301", "e\u0301"),
    "stacked marks": ("e" + "\u0301" * 20 + "f", "e" + "\u0301" * MARKS_PER_BASE + "f"),
    "stacked enclosing marks": ("e" + "\u20dd" * 20, "e" + "\u20dd" * MARKS_PER_BASE),
    "stacked vowel signs": ("क" + "\u0903" * 20, "क" + "\u0903" * MARKS_PER_BASE),
    "stacked jamo": ("\u1100" + "\u1161" * 20, "\u1100" + "\u1161" * MARKS_PER_BASE),
    "stacked skin tones": ("👋" + "🏻" * 20, "👋" + "🏻" * MARKS_PER_BASE),
    "stacked selectors": ("❤" + "\ufe0f" * 20, "❤\ufe0f"),
    "selectors on what has no variants": ("a\ufe0fb\ufe00 \ufe0f", "ab"),
    "selectors on what has some": (
        "中\ufe00#\ufe0f\u20e31\ufe0e✈\ufe0e",
        "中\ufe00#\ufe0f\u20e31\ufe0e✈\ufe0e",
    ),
    "a chain of joined emoji": ("👨\u200d" * 17 + "👨", ("👨\u200d" * MARKS_PER_BASE + "👨") * 2),
    "marks on nothing": ("\u0301" * 20, "\u0301" * MARKS_PER_BASE),
    "family": (FAMILY, FAMILY),
    "kiss": (KISS, KISS),
    "Persian": ("می\u200cخواهم", "می\u200cخواهم"),
    "Sinhala": ("ක්\u200dෂ", "ක්\u200dෂ"),
    "Bengali": ("র\u200d্যা", "র\u200d্যা"),
    "joiners between other letters": ("é\u200dx pay\u0301\u200cpal 中\u200d文", "éx pay\u0301pal 中文"),
    "a joiner that keeps letters from digits": ("می\u200c٣", "می٣"),
    "a joiner at the end of a word": ("ه\u200d و", "ه و"),
    "a joiner between a letter and an emoji": ("م\u200d👨\u200dم", "م👨م"),
    "a joiner between two that are no emoji": ("→\u200d→", "→→"),
    "a joiner that does not join emoji": ("👨\u200c👩", "👨👩"),
    "joined with a skin tone and a sign": ("🏃🏽\u200d♀\ufe0f", "🏃🏽\u200d♀\ufe0f"),
    "joined with a flag": ("🏳\ufe0f\u200d🌈", "🏳\ufe0f\u200d🌈"),
    "a joiner after two selectors": ("👨\ufe0f\ufe0f\u200d👩", "👨\ufe0f👩"),
    "a joiner after ASCII": ("pass\u200dword", "password"),
    "a joiner after a space": ("é \u200dé", "é é"),
    "a joiner at the beginning": ("\u200dé", "é"),
    "two joiners": ("م\u200d\u200cم👨\u200d\u200d👩", "مم👨👩"),
    "joiners at the end of a line": ("a \u200d\nb", "a\nb"),
    "Hebrew": ("שלום", "שלום"),
}

NEVER = {
    *range(0x20),
    *range(0x7F, 0xA0),
    *[0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x200B, 0x200E, 0x200F, 0x3164, 0xFEFF, 0xFFA0],
    *range(0x180B, 0x1810),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xD800, 0xE000),
    *range(0xFDD0, 0xFDF0),
    *range(0xFFF0, 0xFFFD),
    *[0xFFFE, 0xFFFF, 0x1FFFE, 0x1FFFF, 0x2FFFE, 0x2FFFF],
    *range(0x13430, 0x13440),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
    *range(0x3FFFE, 0xE1000),
    *[0xEFFFE, 0xEFFFF, 0xFFFFE, 0xFFFFF, 0x10FFFE, 0x10FFFF],
} - {0x0A}
"""docs/protocol.md lists them; every code point is tried below."""

FOR_THEIR_PLACE = {0x200C, 0x200D, *range(0xFE00, 0xFE10)}
"""These may travel where they belong; `a` and `b` have nothing to do with them."""

nasty = st.sampled_from(
    list("a \t\n\r\x0b\x0c\x1b\x1c\x7f\x85\xa0é\u0301\u200b\u200c\u200d\u2028\u202e\u2800\u3000\ud800\ufe0f")
    + list("👨🏻♀م🏳٣#\u1161\u1100\U000e0041क\u0903\u3164\ufffd\ufdd0")
)
texts = st.lists(nasty | st.characters(), max_size=40).map("".join)


# -- cleaning ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "clean"), CLEANED.values(), ids=CLEANED.keys())
def test_text_is_cleaned(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a topic", "a topic"),
        ("  two\n lines\t", "two lines"),
        ("a\u2003\u00a0b", "a b"),
        ("\x1b[2J", "[2J"),
        ("\n \t", ""),
        ("a\u202eb", "ab"),
    ],
)
def test_a_line_is_cleaned(text: str, line: str) -> None:
    assert clean_line(text) == line


@given(texts)
@example("é\n\u200d")
@example("\u0301" * 9 + "\u200d\u200d👨")
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    assert clean_line(clean_line(text)) == clean_line(text)


@given(texts)
def test_a_clean_line_is_one_line_without_blanks_around(text: str) -> None:
    line = clean_line(text)
    assert line.splitlines() in ([], [line])
    assert line == line.strip()
    assert line_fault(line, max_chars=len(line)) is None


LETTERS, EMOJI, TONES = "مक්র්", "👨❤♀🏳", "🏻🏿"
invisible = st.lists(
    st.sampled_from(list(f"{LETTERS}{EMOJI}{TONES}aé1#٣ 中→\n\u0301\u200c\u200d\ufe00\ufe0f\u200b")),
    max_size=14,
).map("".join)


@given(invisible)
def test_what_is_left_of_the_invisible_joins_or_varies_something(text: str) -> None:
    clean = clean_text(text)
    rest = re.sub(f"(?<=[{LETTERS}])[\u200c\u200d](?=[{LETTERS}])", "", clean)
    rest = re.sub(
        f"((?:[{EMOJI}][\ufe0f{TONES}]?\u200d)+)(?=[{EMOJI}])", lambda m: m[1].replace("\u200d", ""), rest
    )
    rest = re.sub("([^\x00-\x7f\u200c\u200d\ufe00-\ufe0f])[\ufe00-\ufe0f]|([#1])\ufe0f", r"\1\2", rest)
    assert re.findall("[\u200b-\u200d\ufe00-\ufe0f]", rest) == []
    assert clean_text(clean) == clean
    visible = re.sub("[\u200b-\u200d\ufe00-\ufe0f]", "", text)
    if text_fault(clean) is None and not re.search("[\u0301🏻🏿්්]", text):
        assert re.sub("[\u200c\u200d\ufe00-\ufe0f]", "", clean) == clean_text(visible)


# -- refusing ----------------------------------------------------------------------------------------------


def test_of_all_characters_these_may_not_travel() -> None:
    refused = {
        code
        for code in range(sys.maxunicode + 1)
        if text_fault(f"a{chr(code)}b") == MAY_NOT_TRAVEL and code not in FOR_THEIR_PLACE
    }
    assert refused == NEVER


def test_no_control_direction_or_line_separator_may_travel() -> None:
    directions = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        is_harmful = unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
        if is_harmful or unicodedata.bidirectional(char) in directions:
            assert code in NEVER or char == "\n", hex(code)


@pytest.mark.parametrize(("text", "clean"), CLEANED.values(), ids=CLEANED.keys())
def test_what_cleaning_deletes_is_refused(text: str, clean: str) -> None:
    deletes_more_than_blanks = "".join(text.split()) != "".join(clean.split())
    has_odd_line_ends = any(end in text for end in "\t\r\x0b\x0c\x85\u2028\u2029")
    assert (text_fault(text) == MAY_NOT_TRAVEL) == (deletes_more_than_blanks or has_odd_line_ends)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("\n\n", "is empty"),
        ("\u00a0", "is empty"),
        ("\u2800\u2800", "is empty"),
        ("\u2800\ufe0f", "is empty"),
        (".", None),
        ("x" * TEXT_BYTES, None),
        ("x" * (TEXT_BYTES + 1), f"is longer than {TEXT_BYTES} bytes"),
        ("é" * (TEXT_BYTES // 2), None),
        ("é" * (TEXT_BYTES // 2) + "x", f"is longer than {TEXT_BYTES} bytes"),
        ("👋" * (TEXT_BYTES // 4), None),
        ("👋" * (TEXT_BYTES // 4) + "x", f"is longer than {TEXT_BYTES} bytes"),
        ("x\n" * (TEXT_LINES - 1) + "x", None),
        ("x\n" * TEXT_LINES, f"has more than {TEXT_LINES} lines"),
    ],
)
def test_a_message_has_a_length_and_something_to_see(text: str, fault: str | None) -> None:
    assert text_fault(text) == fault


def test_a_server_may_set_stricter_limits() -> None:
    assert text_fault("éé", max_bytes=3) == "is longer than 3 bytes"
    assert text_fault("a\nb", max_lines=1) == "has more than 1 lines"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", None),
        ("a topic", None),
        ("x" * 10, None),
        ("x" * 11, "is longer than 10 characters"),
        ("a\nb", MAY_NOT_TRAVEL),
        ("a\tb", MAY_NOT_TRAVEL),
        ("a\u202eb", MAY_NOT_TRAVEL),
        (" a", "contains white space at an end, or more than one space in a row"),
        ("a  b", "contains white space at an end, or more than one space in a row"),
        ("a\u00a0b", "contains white space at an end, or more than one space in a row"),
    ],
)
def test_a_line_has_a_form(text: str, fault: str | None) -> None:
    assert line_fault(text, max_chars=10) == fault


@given(texts)
def test_clean_text_is_refused_for_its_length_only(text: str) -> None:
    fault = text_fault(clean_text(text), max_bytes=60, max_lines=3)
    assert fault in (None, "is empty", "is longer than 60 bytes", "has more than 3 lines")


@given(texts)
def test_cleaning_what_is_not_refused_changes_white_space_only(text: str) -> None:
    if text_fault(text) is None:
        assert clean_text(text).split() == text.split()


@given(texts)
def test_what_is_not_refused_can_be_encoded(text: str) -> None:
    if text_fault(text) is None:
        assert text.encode().decode() == text


# -- seeing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "\u00a0\u3000", "\u2800", "\u200b\u3164\ufeff", "\u200d\ufe0f"]
)
def test_nothing_is_seen_of_these(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", " . ", "\u0301", "👋", "\u2801", "\ufffd"])
def test_something_is_seen_of_these(text: str) -> None:
    assert not is_blank(text)


@given(texts)
def test_log_lines_stay_one_printable_line(text: str) -> None:
    shown = log_safe(text, 20)
    assert shown.isprintable()
    assert len(shown) <= 23


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("alice", "alice"),
        ("a\nb", "a\\nb"),
        ("\x1b[0m", "\\x1b[..."),
        ("\x1bc", "\\x1bc"),
        ("\u202eb", "\\u202..."),
        ("é👋", "é👋"),
        ("a \u034f", "a \\u0..."),
        ("x" * 5, "xxxxx"),
        ("x" * 6, "xxxxx..."),
        ("\n\n\n", "\\n\\n\\..."),
    ],
)
def test_a_log_line_shows_what_came(text: str, shown: str) -> None:
    assert log_safe(text, 5) == shown


# -- the quick ways agree with the slow ones ---------------------------------------------------------------


def test_whatever_can_be_stacked_is_found_before_it_is_counted() -> None:
    """The pattern that spares most texts the count must find every mark there is, in this Unicode version."""
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith("M") and code not in NEVER:
            assert text_fault("a" + chr(code) * (MARKS_PER_BASE + 1)) == MAY_NOT_TRAVEL, hex(code)


@given(texts | st.text(st.characters(max_codepoint=0x7F)))
def test_the_check_for_plain_ascii_agrees_with_the_pattern(text: str) -> None:
    is_clean = not any(ord(char) in NEVER for char in text)
    if text.isascii():
        assert rules._may_travel(text) == is_clean
    elif rules._may_travel(text):
        assert is_clean
