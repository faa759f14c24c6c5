"""What a word is, and what a query asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.server.store.words import WORD_CHARS, Term, cut_words, holds, parse_query


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("Hello, World!", ["hello", "world"]),
        ("it's 3.14 x_y foo-bar", ["it", "s", "3", "14", "x", "y", "foo", "bar"]),
        ("naïve Ünïcode", ["naive", "unicode"]),
        ("Stra\u00dfe STRASSE", ["strasse", "strasse"]),
        ("ﬁn ２０２６ ①", ["fin", "2026", "1"]),
        ("Ελλάδα Москва", ["ελλαδα", "москва"]),
        ("İstanbul", ["istanbul"]),
        ("今天天气", ["今", "天", "天", "气"]),
        ("用Python3写的", ["用", "python3", "写", "的"]),
        ("がぎ カタカナ", ["が", "ぎ", "カ", "タ", "カ", "ナ"]),
        ("한국어", ["한", "국", "어"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("\U0001f600 ok \u2014 \u200d", ["ok"]),
        ("x" * 100, ["x" * WORD_CHARS]),
        ("a\x00b", ["a", "b"]),
    ],
)
def test_words_are_cut_and_folded(text: str, words: list[str]) -> None:
    assert cut_words(text) == words


@given(st.text())
def test_cutting_words_again_changes_nothing(text: str) -> None:
    words = cut_words(text)
    assert cut_words(" ".join(words)) == words


@given(st.text())
def test_a_word_holds_nothing_the_index_would_cut_again(text: str) -> None:
    for word in cut_words(text):
        assert word == "".join(word.split())
        assert all(char.isalnum() or ord(char) > 127 for char in word)


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("Hello world", [Term(("hello",), False), Term(("world",), False)]),
        ("hello HELLO", [Term(("hello",), False)]),
        ("foo-bar", [Term(("foo", "bar"), False)]),
        ("天气", [Term(("天", "气"), False)]),
        ("mess*", [Term(("mess",), True)]),
        ("m* x", [Term(("m",), False), Term(("x",), False)]),
        ("* mess *", [Term(("mess",), False)]),
        ("foo-ba*", [Term(("foo", "ba"), True)]),
        ('"quoted"', [Term(("quoted",), False)]),
        ("NOT a OR b", [Term((word,), False) for word in ("not", "a", "or", "b")]),
        ("NEAR(a b)", [Term(("near", "a"), False), Term(("b",), False)]),
        ("room:secret", [Term(("room", "secret"), False)]),
        ("{words}: -x ^y", [Term((word,), False) for word in ("words", "x", "y")]),
    ],
)
def test_a_query_has_words_and_no_operators(query: str, terms: list[Term]) -> None:
    assert parse_query(query) == terms


@pytest.mark.parametrize("query", ["", " ", '"', "*", "()", "-", "\U0001f600", "''''", "\x00"])
def test_a_query_without_a_word_is_refused_in_words(query: str) -> None:
    with pytest.raises(ValueError, match="type a word"):
        parse_query(query)


@pytest.mark.parametrize(
    ("term", "is_held"),
    [
        (Term(("b",), False), True),
        (Term(("a", "b"), False), True),
        (Term(("b", "cde"), False), True),
        (Term(("a", "cde"), False), False),
        (Term(("cd",), False), False),
        (Term(("cd",), True), True),
        (Term(("b", "c"), True), True),
        (Term(("a", "b", "cde", "f"), False), False),
    ],
)
def test_a_term_is_held_where_its_words_stand_together(term: Term, is_held: bool) -> None:
    assert holds(["a", "b", "cde"], term) is is_held
