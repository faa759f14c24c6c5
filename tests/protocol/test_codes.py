"""Codes: what they are made of, and how a person may type them."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatroom.protocol.codes import (
    ALPHABET,
    CODE_CHARS,
    SECRET_BYTES,
    hash_code,
    make_code,
    normalise_code,
)


def test_a_code_shows_the_lower_hundred_bits_in_four_groups() -> None:
    assert make_code(bytes(SECRET_BYTES)) == "00000-00000-00000-00000"
    assert make_code(b"\xff" * SECRET_BYTES) == "zzzzz-zzzzz-zzzzz-zzzzz"
    assert make_code(bytes(12) + b"\x21") == "00000-00000-00000-00011"
    assert make_code(b"\xf0" + bytes(12)) == make_code(bytes(SECRET_BYTES))


@pytest.mark.parametrize("size", [0, 12, 14])
def test_a_code_is_made_of_so_many_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="13"):
        make_code(bytes(size))


@pytest.mark.parametrize(
    "typed",
    [
        "0a1b2-c3d4e-5f6g7-h8j9k",
        "0A1B2-C3D4E-5F6G7-H8J9K",
        "0a1b2c3d4e5f6g7h8j9k",
        " 0a1b2 c3d4e\t5f6g7 h8j9k\n",
        "oAIb2-c3d4e-5f6g7-h8j9k",
        "OaLb2--c3d4e5f6g7h8j9k-",
    ],
)
def test_a_code_may_be_typed_in_many_ways(typed: str) -> None:
    assert normalise_code(typed) == "0a1b2c3d4e5f6g7h8j9k"
    assert hash_code(typed) == hashlib.sha256(b"0a1b2c3d4e5f6g7h8j9k").digest()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0a1b2-c3d4e-5f6g7-h8j9",
        "0a1b2-c3d4e-5f6g7-h8j9kk",
        "0a1b2-c3d4e-5f6g7-h8j9u",
        "é" * 20,
        "\0" * 20,
    ],
)
def test_what_is_no_code_is_told_apart(typed: str) -> None:
    with pytest.raises(ValueError, match="20 letters and digits"):
        normalise_code(typed)


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_every_code_is_read_back(secret: bytes) -> None:
    code = normalise_code(make_code(secret))
    assert len(code) == CODE_CHARS
    number = 0
    for char in code:
        number = number * 32 + ALPHABET.index(char)
    assert number == int.from_bytes(secret, "big") % 2**100


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_refused(typed: str) -> None:
    try:
        code = normalise_code(typed)
    except ValueError:
        return
    assert normalise_code(code) == code
    assert set(code) <= set(ALPHABET)
